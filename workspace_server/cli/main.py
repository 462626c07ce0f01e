"""The entry of the program `workspace-server`.

It imports next to nothing: MCP clients start `stdio` many times, and that one is done in the standard library alone.
"""

import sys


def main() -> None:
    """Run the command that the arguments name and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["stdio"] and not {"-h", "--help"} & set(arguments):
        from workspace_server.cli import stdio

        sys.exit(stdio.main(arguments[1:]))
    from workspace_server.cli import commands

    sys.exit(commands.run(arguments))
