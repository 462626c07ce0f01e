"""`python -m workspace_server.cli` is `workspace-server`."""

from workspace_server.cli.main import main

if __name__ == "__main__":
    main()
