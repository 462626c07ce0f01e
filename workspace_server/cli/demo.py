"""`demo`: the whole story on a temporary folder."""

import asyncio
from importlib.util import find_spec

import click

from workspace_server.errors import Unavailable


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the server running, to look around, until it is ended.")
def demo_command(keep: bool) -> int:
    """Play the story: a swarm of scripted agents shares one folder. Needs no model and no network.

    Exits with 1 when one of its own checks fails.
    """
    if find_spec("workspace_client") is None:
        raise Unavailable(
            "The agents of the demo speak through workspace-client, which is not installed.",
            hint="In a checkout of the project: pip install ./clients/python",
        )
    from workspace_server.demo.narrator import Narrator
    from workspace_server.demo.performance import perform

    return 0 if asyncio.run(perform(keep=keep, narrator=Narrator())) else 1
