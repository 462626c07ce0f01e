"""Runs: what led to what, and which step went wrong."""

from starlette.responses import Response

from workspace_server.interfaces.web.view import View

PAGE = 30


async def runs(view: View) -> Response:
    """List runs, newest first."""
    trigger = view.text("trigger")
    found = await view.engine.runs.list_runs(view.caller, trigger=trigger, limit=PAGE, cursor=view.text("cursor"))
    return view.render(
        "flows/runs.html",
        title="Runs",
        active="triggers",
        runs=found["runs"],
        trigger=trigger,
        next_cursor=found.get("next_cursor"),
    )


async def run(view: View) -> Response:
    """Show one run as a line of steps, each after what it follows from."""
    name = view.request.path_params["name"]
    found = await view.engine.runs.show_run(view.caller, run=name)
    steps = found["steps"]
    wrong = next((step for step in steps if step["step"] == found.get("wrong")), None)
    return view.render(
        "flows/run.html",
        title=f"Run {name}",
        active="triggers",
        run=found,
        steps=steps,
        known={step["step"] for step in steps},
        wrong=wrong,
    )
