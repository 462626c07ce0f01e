"""What is in the files, asked from a terminal: search and facts."""

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option

MODES = ("ranked", "exact", "regex")


@click.command("search")
@click.argument("query")
@click.option("--mode", type=click.Choice(MODES), default="ranked", show_default=True, help="How to look.")
@click.option("--path", help="Only in these files: a path, `dir/` or a pattern.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Most hits.")
@api_options
@as_json_option
def search_command(api: Api, *, as_json: bool, query: str, mode: str, path: str | None, limit: int) -> None:
    """Find QUERY in the files."""
    answer = api.get("/search", query=query, mode=mode, path=path, limit=limit)
    if as_json:
        show.as_json(answer)
        return
    for number, hit in enumerate(answer["hits"]):
        print("\n" * bool(number) + show.plain(_place(hit)))
        for line in hit["text"].splitlines():
            print(f"    {show.plain(line)}")
    if not answer["hits"]:
        print("no hits")
    if "did_you_mean" in answer:
        print(f"did you mean: {show.plain(answer['did_you_mean'])}")
    _say_freshness(answer)


def _place(hit: Answer) -> str:
    """Return where a hit stands: its citation, and the page and the heading where there are some."""
    first, last = hit["start_line"], hit["end_line"]
    cite = f"{hit['path']}@{hit['version']}:{first}" + (f"-{last}" if last > first else "")
    page = [f"page {hit['page']}"] if "page" in hit else []
    return "  ".join([cite, *page, *([hit["heading"]] if hit.get("heading") else [])])


@click.command("facts")
@click.argument("query", required=False)
@click.option("--subject", help="What the facts are about.")
@click.option("--key", help="Which property they state.")
@click.option("--path", help="Only from these files: a path, `dir/` or a pattern.")
@click.option("--kind", help="Only of this kind, such as field, cell or decision.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most facts.")
@click.option("--as-of", type=click.IntRange(0), metavar="SEQ", help="As the files were once change SEQ was made.")
@click.option("--dismiss", is_flag=True, help="Tell of the contradictions that are shown no more.")
@api_options
@as_json_option
def facts_command(
    api: Api,
    *,
    as_json: bool,
    query: str | None,
    subject: str | None,
    key: str | None,
    path: str | None,
    kind: str | None,
    limit: int,
    as_of: int | None,
    dismiss: bool,
) -> None:
    """Show facts that stand in the files, each with its citation, and which of them contradict each other."""
    asked = {"query": query, "subject": subject, "key": key, "path": path, "kind": kind, "limit": limit}
    answer = api.get("/facts", detail="brief", as_of_seq=as_of, **asked)
    if dismiss:
        for conflict in answer["conflicts"]:
            api.post("/facts:dismiss", {**conflict, "values": [said["value"] for said in conflict["values"]]})
    if as_json:
        show.as_json(answer)
        return
    show.table(
        ((fact["cite"], fact["kind"], fact["by"], fact["fact"]) for fact in answer["facts"]),
        head=("CITATION", "KIND", "BY", "FACT"),
        empty="no facts",
    )
    for conflict in answer["conflicts"]:
        said = ", ".join(f"{value['value']} ({value['cite']})" for value in conflict["values"])
        print(
            show.plain(
                f"{'dismissed' if dismiss else 'contradiction'}: {conflict['subject']} · {conflict['key']}: {said}"
            )
        )
    _say_freshness(answer)


def _say_freshness(answer: Answer) -> None:
    if "reason" in answer:
        click.echo(f"Not all is known: {show.plain(answer['reason'])}.", err=True)
    elif not answer["complete"]:
        click.echo(f"The index is behind: it has read up to seq {answer['indexed_seq']}.", err=True)
