"""Stands in for `codex exec [FLAGS] PROMPT`, as its command line reference describes it."""

import argparse
import sys
import tomllib

from tests.stand_ins.editing import edit


def main() -> int:
    """Take what the flags say, and refuse everything else."""
    parser = argparse.ArgumentParser("codex", allow_abbrev=False)
    parser.add_argument("subcommand", choices=["exec"])
    parser.add_argument("prompt")
    parser.add_argument("-c", "--config", action="append", default=[])
    parser.add_argument("-s", "--sandbox", choices=["read-only", "workspace-write", "danger-full-access"])
    parser.add_argument("-C", "--cd")
    parser.add_argument("-m", "--model")
    parser.add_argument("-o", "--output-last-message")
    parser.add_argument("--skip-git-repo-check", action="store_true")
    parser.add_argument("--ephemeral", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not given.skip_git_repo_check:
        parser.error("not inside a trusted directory, and --skip-git-repo-check was not specified")
    config = tomllib.loads("\n".join(given.config))  # a dotted key and a value in TOML each
    [(name, server)] = config["mcp_servers"].items()
    if server.get("default_tools_approval_mode") != "approve":
        parser.error(f"nobody is there to approve the tools of {name}")
    return edit(given.prompt, server["command"], server["args"])


if __name__ == "__main__":
    sys.exit(main())
