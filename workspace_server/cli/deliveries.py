"""`deliveries`: what was sent where and how that went, what to send again, and whether a receiver is there."""

import time

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option
from workspace_server.cli.undo import MOMENT

POLL_S = 0.2
POLLS_MAX = 150
"""Looks at a test's delivery before it is taken to wait for something else: an attempt takes 15 seconds at most."""


@click.command("deliveries")
@click.option("--trigger", help="Only those of this trigger.")
@click.option("--state", help="Only those in this state: pending, delivered or dead.")
@click.option("--endpoint", metavar="E3", help="Only those to this endpoint.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most deliveries.")
@click.option("--show", "shown", metavar="ID", help="Show every attempt at this delivery.")
@click.option("--redeliver", "again", metavar="ID", help="Send this delivery again.")
@click.option("--redeliver-since", "since", metavar=MOMENT, help="Send again what was given up since 2h, or a time.")
@click.option("--endpoints", is_flag=True, help="Show where webhooks go, and how each receiver does.")
@click.option("--enable", metavar="E3", help="Send to this endpoint again.")
@click.option("--pause", "paused", metavar="E3", help="Hold back what goes to this endpoint.")
@click.option("--resume", "resumed", metavar="E3", help="Let go what was held back for this endpoint.")
@click.option(
    "--test", "tested", metavar="TRIGGER", help="Send a test to the URL of this trigger, and say how it went."
)
@click.option("--rotate-secret", "rotated", metavar="TRIGGER", help="Change what signs the webhooks of this trigger.")
@api_options
@as_json_option
def deliveries_command(
    api: Api,
    *,
    as_json: bool,
    trigger: str | None,
    state: str | None,
    endpoint: str | None,
    limit: int,
    shown: str | None,
    again: str | None,
    since: str | None,
    endpoints: bool,
    enable: str | None,
    paused: str | None,
    resumed: str | None,
    tested: str | None,
    rotated: str | None,
) -> int:
    """Show what was sent where, and how that went, newest first; or send something again."""
    held = {"enable": enable, "pause": paused, "resume": resumed}
    if sum(bool(one) for one in (shown, again, since, endpoints, tested, rotated, *held.values())) > 1:
        raise click.UsageError("one thing at a time")
    if tested is not None:
        return _test(api, tested, as_json=as_json)
    for action, name in held.items():
        if name is not None:
            _print(api.post(f"/endpoints/{path_of(name)}:{action}"), as_json=as_json)
            return 0
    if since is not None:
        answer = _since(api, since, state=state or "dead", trigger=trigger)
        show.as_json(answer) if as_json else print(f"on their way again: {answer['redelivered']}")
    elif again is not None:
        _print(api.post(f"/deliveries/{path_of(again)}:redeliver"), as_json=as_json)
    elif rotated is not None:
        _print(api.post(f"/triggers/{path_of(rotated)}:rotate_secret"), as_json=as_json)
    elif shown is not None:
        _one(api.get(f"/deliveries/{path_of(shown)}"), as_json=as_json)
    elif endpoints:
        _endpoints(api.get("/endpoints", limit=limit), as_json=as_json)
    else:
        asked = {"trigger": trigger, "state": state, "endpoint": endpoint}
        _list(api.get("/deliveries", **asked, limit=limit), as_json=as_json)
    return 0


def _test(api: Api, trigger: str, *, as_json: bool) -> int:
    """Send a test, wait for what comes of it, and return the exit code."""
    sent = api.post(f"/triggers/{path_of(trigger)}:send_test")
    for _ in range(POLLS_MAX):
        delivery = api.get(f"/deliveries/{path_of(sent['delivery'])}")
        if delivery["state"] != "pending":
            break
        time.sleep(POLL_S)
    _one(delivery, as_json=as_json)
    return 0 if delivery["state"] == "delivered" else leave.FAILED


def _since(api: Api, since: str, *, state: str, trigger: str | None) -> Answer:
    """Send everything again, a part at a time."""
    total, until = 0, None
    while True:
        asked = {"since": since, "until": until, "state": state, "trigger": trigger}
        answer = api.post("/deliveries:redeliver", asked)
        total, until = total + answer["redelivered"], answer["until"]
        if not answer["more"]:
            return {"redelivered": total}


def _print(answer: Answer, *, as_json: bool) -> None:
    show.as_json(answer) if as_json else show.pairs(answer)


def _one(delivery: Answer, *, as_json: bool) -> None:
    if as_json:
        show.as_json(delivery)
        return
    show.pairs({name: value for name, value in delivery.items() if name != "attempts"})
    show.table(
        (
            (one["number"], show.when(one["at"]), _answered(one), f"{one['latency_ms']:.0f} ms", one["answer"])
            for one in delivery["attempts"]
        ),
        head=("ATTEMPT", "WHEN", "ANSWER", "TOOK", "IT SAID"),
        empty="no attempts yet",
    )


def _endpoints(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                one["endpoint"],
                one["address"],
                one["state"],
                show.when(_since_or_until(one)),
                one["pending"],
                one["dead"],
            )
            for one in answer["endpoints"]
        ),
        head=("ENDPOINT", "ADDRESS", "STATE", "SINCE OR UNTIL", "PENDING", "GIVEN UP"),
        empty="no endpoints",
    )


def _list(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (
            (
                one["delivery"],
                one.get("trigger", "-"),
                one["address"],
                one["state"],
                len(one["attempts"]),
                _answered(one["attempts"][-1]) if one["attempts"] else "",
            )
            for one in answer["deliveries"]
        ),
        head=("DELIVERY", "TRIGGER", "TARGET", "STATE", "ATTEMPTS", "LAST ANSWER"),
        empty="no deliveries",
    )


def _since_or_until(endpoint: Answer) -> str | None:
    return endpoint.get("since") or endpoint.get("held_until")


def _answered(attempt: Answer) -> object:
    return attempt["status"] or attempt["failure"]
