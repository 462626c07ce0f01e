"""`subscriptions`: who has events sent to an address over MCP Events, and how to end that."""

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option


@click.command("subscriptions")
@click.option("--end", "ended", metavar="ID", help="End this subscription, and tell its receiver.")
@api_options
@as_json_option
def subscriptions_command(api: Api, *, as_json: bool, ended: str | None) -> int:
    """Show who has events sent to an address, and how their receivers do; or end a subscription."""
    if ended is not None:
        answer = api.delete(f"/subscriptions/{path_of(ended)}")
        show.as_json(answer) if as_json else show.pairs(answer)
        return 0
    answer = api.get("/subscriptions")
    show.as_json(answer) if as_json else _list(answer)
    return 0


def _list(answer: Answer) -> None:
    show.table(
        (
            (
                one["subscription"],
                one["agent"],
                one["event"],
                one["address"],
                show.when(one.get("refresh_before")),
                one["pending"],
                one.get("last_error", ""),
            )
            for one in answer["subscriptions"]
        ),
        head=("SUBSCRIPTION", "AGENT", "EVENT", "ADDRESS", "UNTIL", "PENDING", "LAST ERROR"),
        empty="no subscriptions",
    )
