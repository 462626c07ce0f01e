"""Stands in for `claude`, as its command line reference describes it: `claude -p PROMPT [FLAGS]`."""

import argparse
import json
import sys

from tests.stand_ins.editing import edit


def main() -> int:
    """Take what the flags say, and refuse everything else."""
    parser = argparse.ArgumentParser("claude", allow_abbrev=False)
    parser.add_argument("prompt", nargs="?")
    parser.add_argument("-p", "--print", action="store_true", dest="prints")
    # Both take as many values as follow: a prompt behind them would be one of those.
    parser.add_argument("--mcp-config", nargs="+", default=[])
    parser.add_argument("--allowedTools", "--allowed-tools", nargs="+", default=[], dest="allowed")
    parser.add_argument("--strict-mcp-config", action="store_true")
    parser.add_argument("--max-turns", type=int)
    parser.add_argument("--permission-mode", choices=["default", "acceptEdits", "plan", "dontAsk", "bypassPermissions"])
    parser.add_argument("--output-format", choices=["text", "json", "stream-json"])
    parser.add_argument("--model")
    parser.add_argument("--append-system-prompt")
    given = parser.parse_args()
    if not given.prints or given.prompt is None:
        parser.error("without -p and a prompt it would open a terminal")
    [config] = map(json.loads, given.mcp_config)
    [(name, server)] = config["mcpServers"].items()
    if f"mcp__{name}" not in given.allowed:
        parser.error(f"nobody is there to allow the tools of {name}")
    return edit(given.prompt, server["command"], server["args"])


if __name__ == "__main__":
    sys.exit(main())
