"""Names and contents that others wrote stay what they are: text. They neither act nor read as something else."""

import re

import httpx2
import pytest

from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.interfaces.web.files.render.markdown import is_quick_to_render, render_markdown
from workspace_server.interfaces.web.visible import visible

NAMES = [
    "<img src=x onerror=alert(1)>.md",
    '"onmouseover="alert(1).md',
    "'-alert(1)-'.md",
    "javascript&colon;alert(1).md",
    "{{7*7}}.md",
    "%3Cscript%3E.md",
    "a#b?c=d&e.md",
    "שלום.md",
    "a'b\"c.md",
]
MARKDOWN = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '![x](https://evil.example/pixel.png "t")',
    "![x](//evil.example/pixel.png)",
    '[x](/a" onmouseover="alert(1))',
    '[x](<a b> "t\\" onclick=alert(1)")',
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```html\n<script>alert(1)</script>\n```",
    '```x" onload="alert(1)\ny\n```',
    "<!-- <script>alert(1)</script> -->",
    "<style>*{background:url(//evil.example)}</style>",
    '<iframe src="https://evil.example"></iframe>',
    "| <script>alert(1)</script> |\n|--|\n| x |",
    "# <script>alert(1)</script>",
    "---\nkey: <script>alert(1)</script>\n---\n",
    '<form action="//evil.example"><input></form>',
    "[x](//evil.example/%2e%2e)",
    "[x](http://[::1)",
]
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_makes_only_harmless_markup(text: str) -> None:
    document = render_markdown(text, "dir/a.md")
    for _, tag, attributes in _TAG.findall(document.html):
        assert tag in {"p", "a", "img", "h1", "pre", "code", "span", "table", "thead", "tbody", "tr", "th", "td", "hr"}
        for name, value in _ATTRIBUTE.findall(attributes):
            assert name in {"href", "src", "alt", "title", "id", "class", "rel"}
            if name == "src":
                assert value.startswith("/api/v1/files/")
            if name == "href":
                assert re.match(r"#|/|https?://|mailto:", value)
                assert value.startswith(("//", "http")) is False or "evil.example" in value
    for heading in document.headings:
        assert isinstance(heading.text, str)


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("b.md", "/files/dir/b.md"),
        ("./b.md", "/files/dir/b.md"),
        ("../b.md", "/files/b.md"),
        ("/b.md", "/files/b.md"),
        ("..", "/"),
        ("../../../../etc/passwd", "#"),
        ("%2e%2e/%2e%2e/x", "#"),
        ("b%20c.md#L2", "/files/dir/b%20c.md#L2"),
        ("#part", "#part"),
        ("?x=1", "#"),
        ("mailto:a@example.com", "mailto:a@example.com"),
    ],
)
def test_a_link_leads_within_the_workspace_or_plainly_out(link: str, leads: str) -> None:
    html = render_markdown(f"[x]({link})", "dir/a.md").html

    assert f'href="{leads}"' in html


@pytest.mark.parametrize("text", ["[" * 50_000, "![a](" * 50_000, "x" * 400_000])
def test_markdown_made_to_take_long_is_shown_as_source(text: str) -> None:
    assert not is_quick_to_render(text)


def test_a_long_list_of_links_is_still_rendered() -> None:
    assert is_quick_to_render("- [a name](https://example.com/a/page)\n" * 2_000)


def test_hidden_characters_are_shown_by_number() -> None:
    assert visible("safe\u202egpj.exe") == "safe⟨U+202E⟩gpj.exe"
    assert visible("a\x1b[2Jb\x00") == "a⟨U+001B⟩[2Jb⟨U+0000⟩"
    assert visible("tab\tline\nش\u200cن 👩\u200d💻") == "tab\tline\nش\u200cن 👩\u200d💻"


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_name_is_text_and_its_links_work(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand, name: str
) -> None:
    await hand.write(f"dir/{name}", "x", message=name)
    await served.engine.locks.lock_files(Caller(agent="ana"), paths=[{"path": f"dir/{name}"}], purpose=name)
    folder = (await reader.get("/files/dir")).text
    links = set(re.findall(r'<a href="(/files/dir/[^"]+)" class="kind-file">', folder))

    assert len(links) == 1
    link = links.pop().replace("&amp;", "&").replace("&#39;", "'")
    opened = await reader.get(link)
    assert opened.status_code == 200
    for html in (folder, opened.text, (await reader.get("/")).text, (await reader.get("/locks")).text):
        assert "<img src=x" not in html
        assert "<script>" not in html
        assert ' onmouseover="' not in html
        assert "49.md" not in html


@pytest.mark.anyio
async def test_no_form_of_a_hostile_text_leaves_a_page_unescaped(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    bad = "<script>alert(1)</script>\"'&\u202e"
    ana = Caller(agent="ana")
    for name in ("x.txt", "x.html", "x.svg", "x.xml", "x.csv", "x.json", "x.py", "x.md", "x.toml"):
        await hand.write(name, f"first: {bad}\n{bad},2\n")
        await hand.write(name, f"second: {bad}\n{bad},3\n", message=bad[:60])
    await served.engine.triggers.create_trigger(ana, name="t", files=["a*"], queue="q", instructions=bad)
    await served.engine.search.query_facts(ana, min_seq=served.engine.events.head_seq)
    addresses = ["/", "/activity", "/triggers", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/search?q=script"]
    for name in ("x.txt", "x.html", "x.svg", "x.xml", "x.csv", "x.json", "x.py", "x.md", "x.toml"):
        addresses += [f"/files/{name}{view}" for view in ("", "?view=source", "?view=history", "?view=facts")]
        addresses += [f"/files/{name}?diff=1..2", f"/files/{name}?version=1"]
    for address in addresses:
        answer = await reader.get(address)
        assert answer.status_code == 200, address
        assert "<script>alert" not in answer.text, address
        assert "\u202e" not in answer.text, address
