"""Files of every kind in the form that suits them, however long they are."""

import base64
import html as markup
import json
import re
from typing import Any

import httpx2
import pytest

from tests.indexer import files
from tests.interfaces.web.conftest import Hand
from workspace_server.interfaces.web.files.forms.trees import TREE_BYTES_MAX

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
PIXEL = files.png(3, 2)


async def page(reader: httpx2.AsyncClient, address: str, *, status: int = 200) -> str:
    answer = await reader.get(address)
    assert answer.status_code == status, answer.text
    return answer.text


def link(html: str, words: str) -> str:
    """Return where a link leads that says *words*."""
    found = re.search(rf'<a href="([^"]*)">{words}</a>', html)
    assert found is not None, words
    return markup.unescape(found[1])


async def test_a_link_to_a_heading_leads_to_it(reader: httpx2.AsyncClient, hand: Hand) -> None:
    text = "[a](#the-plan) [b](#the-plan-1) [c](#s%C3%BCd) [d](#nowhere)\n\n# The *plan*!\n\n## The plan\n\n## Süd\n"
    await hand.write("a.md", text)
    html = await page(reader, "/files/a.md")

    assert [re.findall(rf'href="(#[^"]*)"[^>]*>{letter}<', html) for letter in "abcd"] == [
        ["#L3"],
        ["#L5"],
        ["#L7"],
        ["#nowhere"],
    ]


async def test_a_link_to_a_heading_of_another_file_leads_to_it(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write(
        "docs/b.md", '# The `plan`!\n\n# The plan\n\n# Süd & "<x>\n\n#\n\n## plan 1\n\n## plan\n\n## plan\n'
    )
    await hand.write("a.md", "[a](docs/b.md#the-plan-1) [b](docs/b.md#s%C3%BCd--x) [c](docs/b.md#L5) [d](x.py#main)")
    html, other = await page(reader, "/files/a.md"), await page(reader, "/files/docs/b.md")

    assert [re.findall(rf'href="([^"]*)"[^>]*>{letter}<', html) for letter in "abcd"] == [
        ["/files/docs/b.md#heading-the-plan-1"],
        ["/files/docs/b.md#heading-s%C3%BCd--x"],
        ["/files/docs/b.md#L5"],
        ["/files/x.py#main"],
    ]
    named = re.findall(r'<span id="heading-([^"]*)"></span>', other)
    assert named == ["the-plan", "the-plan-1", "süd--x", "", "plan-1", "plan"]
    assert '<h1 id="L3"><span id="heading-the-plan-1"></span>The plan</h1>' in other


async def test_json_is_a_tree_with_every_number_as_it_was_written(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("d.json", '{"price": 1.50, "big": 123456789012345678901, "a": [true, null, "x\u202ey"], "a": {}}')
    html = await page(reader, "/files/d.json")

    for said in (
        ">1.50<",
        ">123456789012345678901<",
        ">true<",
        ">null<",
        ">x⟨U+202E⟩y<",
        "{4}",
        "[3]",
        "Nothing in it",
    ):
        assert said in html
    assert html.count('<bdi class="na">a</bdi>') == 2
    assert '<div class="row" id="L1">' in await page(reader, "/files/d.json?view=source")


async def test_what_a_tree_leaves_out_has_an_address(reader: httpx2.AsyncClient, hand: Hand) -> None:
    deep: Any = ["bottom"]
    for _ in range(12):
        deep = {"in/side": deep}
    await hand.write("d.json", json.dumps({"wide": [f"n{number}" for number in range(250)], "deep": deep}))
    html = await page(reader, "/files/d.json")
    second = await page(reader, link(html, "150 more"))
    deeper = await page(reader, link(html, "1 more"))

    assert ">n99<" in html
    assert ">n100<" not in html
    assert ">n100<" in second
    assert "The first 100 are left out" in second
    assert "bottom" not in html
    assert "bottom" in deeper
    assert ">n0<" in await page(reader, link(second, "From the beginning"))
    for nowhere in ("/wide/x", "/wide/900", "/absent", "/wide/0/x"):
        await page(reader, f"/files/d.json?in={nowhere}", status=400)


@pytest.mark.parametrize(
    ("content", "why"),
    [("{broken", "not valid JSON"), (f'["{"x" * TREE_BYTES_MAX}"]', "too large to be shown as a tree")],
)
async def test_json_that_makes_no_tree_is_shown_as_it_stands(
    reader: httpx2.AsyncClient, hand: Hand, content: str, why: str
) -> None:
    await hand.write("d.json", content)
    html = await page(reader, "/files/d.json")
    assert why in html
    assert '<div class="row" id="L1">' in html
    assert why not in await page(reader, "/files/d.json?view=source")


async def test_lines_of_json_are_trees_some_a_page(reader: httpx2.AsyncClient, hand: Hand) -> None:
    lines = [json.dumps({"number": number}) for number in range(150)]
    lines[1] = "not json"
    await hand.write("d.jsonl", "\n".join(lines) + "\n")
    html = await page(reader, "/files/d.jsonl")
    second = await page(reader, link(html, "Next lines"))

    assert '<code class="preview">{&#34;number&#34;: 99}</code>' in html
    assert '<bdi class="s">not json</bdi>' in html
    assert ">149<" in second


async def test_a_notebook_has_cells_with_what_they_printed_and_drew(reader: httpx2.AsyncClient, hand: Hand) -> None:
    outputs = [
        {"output_type": "stream", "text": ["\x1b[31mhello\x1b[0m\n"]},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(PIXEL).decode(), "text/plain": "plot"}},
        {"output_type": "execute_result", "data": {"text/html": "<table onload=x><tr><td>4</td></tr></table>"}},
        {"output_type": "error", "traceback": ["Oh no"]},
        {"output_type": "display_data", "data": {"image/svg+xml": ["<svg/>"]}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "[out](b.md)"]},
        {"cell_type": "code", "execution_count": 3, "source": "def f(): ...", "outputs": outputs},
        {"cell_type": "raw", "source": "plain"},
    ]
    await hand.write("n/a.ipynb", json.dumps({"cells": cells, "metadata": {"language_info": {"name": "python"}}}))
    html = await page(reader, "/files/n/a.ipynb")
    drawn = await reader.get("/files/n/a.ipynb?version=1&part=output&cell=2&output=1")
    vector = await reader.get("/files/n/a.ipynb?version=1&part=output&cell=2&output=4")

    for said in ("<h1>Title</h1>", "[3]", "<pre>hello\n</pre>", "<td>4</td>", "<pre>Oh no</pre>", 'alt="plot"'):
        assert said in html
    assert '<span class="k">def</span>' in html
    assert "onload" not in html
    assert (drawn.content, drawn.headers["content-type"]) == (PIXEL, "image/png")
    assert vector.headers["content-disposition"] == "attachment"
    for cell, output in ((2, 0), (2, 99), (9, 0), (1, 0), (0, 0)):
        address = f"/files/n/a.ipynb?part=output&cell={cell}&output={output}"
        await page(reader, address, status=404)


async def test_a_long_notebook_is_shown_by_pages(reader: httpx2.AsyncClient, hand: Hand) -> None:
    cells = [{"cell_type": "raw", "source": f"cell {number};"} for number in range(1, 96)]
    await hand.write("a.ipynb", json.dumps({"cells": cells}))
    first = await page(reader, "/files/a.ipynb")
    second = await page(reader, link(first, "Later cells"))

    assert "cell 40;" in first
    assert "cell 41;" not in first
    assert "cell 41;" in second
    assert "cell 1;" in await page(reader, link(second, "Earlier cells"))


async def test_of_very_long_text_in_a_notebook_only_the_first_is_laid_out(
    reader: httpx2.AsyncClient, hand: Hand
) -> None:
    cells = [{"cell_type": "markdown", "source": f"**cell {number}** {'x' * 120_000}"} for number in (1, 2, 3)]
    await hand.write("a.ipynb", json.dumps({"cells": cells}))
    html = await page(reader, "/files/a.ipynb")

    assert "<strong>cell 2</strong>" in html
    assert "**cell 3**" in html


async def test_a_page_of_html_is_shown_in_a_frame_that_may_do_nothing(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.html", "<title>T</title><style>p { color: red }</style><p>Hello<script>1</script>")
    html = await page(reader, "/files/a.html")
    address = re.search(r'<iframe src="([^"]+)" sandbox title', html)
    assert address is not None
    framed = await reader.get(markup.unescape(address[1]))

    assert "<style>p { color: red }</style><p>Hello</p>" in framed.text
    assert framed.headers["content-security-policy"].startswith("sandbox; default-src 'none'; style-src")
    assert "x-frame-options" not in framed.headers
    assert "script" in await page(reader, "/files/a.html?view=source")


async def test_a_pdf_is_shown_page_by_page(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.pdf", files.pdf([[f"Step {number} of the plan"] for number in range(1, 8)]))
    first = await page(reader, "/files/a.pdf")
    second = await page(reader, link(first, "Later pages"))
    drawn = await reader.get("/files/a.pdf?version=1&part=page&page=2")

    assert "Step 4" in first
    assert "Step 5" not in first
    assert "Step 5" in second
    assert "Step 1" in await page(reader, link(second, "Earlier pages"))
    assert drawn.content.startswith(b"\x89PNG")
    assert "immutable" in drawn.headers["cache-control"]
    assert (await reader.get("/files/a.pdf?part=page&page=2")).headers["cache-control"] == "no-store"
    assert (await reader.get("/files/a.pdf?part=page&page=8")).status_code == 422


async def test_a_pdf_without_a_word_still_shows_its_pages(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("scan.pdf", files.pdf([[], []]))
    html = await page(reader, "/files/scan.pdf")

    assert "Pages 1–2 of 2" in html
    assert "Text of page" not in html


async def test_a_workbook_is_shown_sheet_by_sheet(reader: httpx2.AsyncClient, hand: Hand) -> None:
    rows = [[f"part {number} {'x' * 200}", number] for number in range(2_500)]
    sheets: dict[str, list[list[Any]]] = {
        "Costs": [["Part", "Price"], ["Pump", 40]],
        "Staff": [["Name", "Role"], ["Ada", "lead"]],
        "Long": [["Part", "Price"], *rows],
    }
    await hand.write("a.xlsx", files.xlsx(sheets))
    first = await page(reader, "/files/a.xlsx")
    second = await page(reader, link(first, "<bdi>Staff</bdi>"))
    third = await page(reader, link(first, "<bdi>Long</bdi>"))

    assert ">Excel workbook</span>" in first
    assert "<td>Pump</td>" in first
    assert "Ada" not in first
    assert "<td>Ada</td>" in second
    assert 'aria-current="page"><bdi>Staff</bdi>' in second
    assert "goes on" not in first + second
    assert "part 9 " in third
    assert "part 2499 " not in third
    assert re.search(r"part 2\d\d\d ", await page(reader, link(third, "The sheet goes on line by line")))
    assert (await reader.get("/files/a.xlsx?page=9")).status_code == 400


async def test_what_is_called_a_workbook_and_is_none_is_shown_as_it_is(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.xlsx", "not,a,workbook\n")

    assert "<code>not,a,workbook</code>" in await page(reader, "/files/a.xlsx")


async def test_sound_and_film_are_played_in_parts(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.mp3", b"\xff\xfb" + bytes(999))
    await hand.write("a.webm", b"\x1aE\xdf\xa3" + bytes(99))
    part = await reader.get("/api/v1/files/a.mp3?version=1", headers={"Range": "bytes=2-4"})

    assert '<audio controls preload="metadata" src="/api/v1/files/a.mp3?version=1"' in await page(
        reader, "/files/a.mp3"
    )
    assert '<video controls preload="metadata" src="/api/v1/files/a.webm' in await page(reader, "/files/a.webm")
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, bytes(3), "audio/mpeg")


async def test_an_image_tells_its_size_and_can_be_seen_pixel_by_pixel(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.png", PIXEL)
    await hand.write("b.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    html = await page(reader, "/files/a.png")

    assert "3 × 2 pixels" in html
    assert 'width="3" height="2"' in await page(reader, link(html, "Actual size"))
    assert '<img src="/api/v1/files/b.svg?version=1"' in await page(reader, "/files/b.svg")


async def test_what_nobody_can_show_has_its_first_bytes(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.bin", b"\0<b>\xff" * 999)
    html = await page(reader, "/files/a.bin")

    assert "00 3c 62 3e ff" in html
    assert "·&lt;b&gt;·" in html
    assert html.count('<span class="quiet">0') == 64
    assert (await reader.get("/files/a.bin?part=secret")).status_code == 404


async def test_a_text_of_100_mb_is_shown_from_any_line(reader: httpx2.AsyncClient) -> None:
    count = 1_200_000
    line = "an entry of some eighty characters, as logs have them, so that there are many of"
    body = "".join(f"{number:08} {line}\n" for number in range(1, count + 1)).encode()
    assert len(body) > 100 * MIB
    await reader.put("/api/v1/files/long.log", content=body, timeout=60)
    first = await page(reader, "/files/long.log")
    second = await page(reader, link(first, "Next lines"))
    far = await page(reader, "/files/long.log?view=source&line=1000000")

    assert "00003000 an" in first
    assert "00003001 an" not in first
    assert '<div class="row" id="L3001">' in second
    assert '<div class="row" id="L1000000"><a class="no" href="#L1000000"' in far
    assert "01000000 an" in far
    assert "1,200,000" in far
    assert all(len(html) < MIB for html in (first, second, far))
    await page(reader, "/files/long.log?line=1200001", status=400)


async def test_a_table_of_megabytes_goes_on_under_its_header(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("t.csv", "number,name\n" + "".join(f'{n},"a, {"b" * 40}"\n' for n in range(2, 30_000)))
    first = await page(reader, "/files/t.csv")
    second = await page(reader, link(first, "Next rows"))
    far = await page(reader, "/files/t.csv?line=20000")

    assert '<tr id="L501">' in first
    assert '<tr id="L502">' in second
    assert '<tr id="L20000">' in far
    assert all('<bdi>number</bdi></th><th scope="col"><bdi>name</bdi></th>' in html for html in (first, second, far))


async def test_a_row_that_a_piece_cuts_in_two_begins_the_next(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("t.csv", "n,text\n" + "".join(f'{n},"{"x" * 900}\n{"y" * 900}"\n' for n in range(1_000)))
    address, seen = "/files/t.csv", []
    while address:
        html = await page(reader, address)
        seen += [int(number) for number in re.findall(r'</a></td><td class="num"><bdi>(\d+)</bdi>', html)]
        address = link(html, "Next rows") if "Next rows" in html else ""

    assert seen == list(range(1_000))


async def test_a_text_of_two_bytes_a_letter_is_read_however_long(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("wide.txt", ("zeile\n" * 200_000).encode("utf-16"))
    html = await page(reader, "/files/wide.txt")

    assert '<div class="row" id="L3000"><a class="no" href="#L3000" aria-label="Line 3000" data-no="3000"></a>' in html
    assert "<code>zeile</code>" in html
