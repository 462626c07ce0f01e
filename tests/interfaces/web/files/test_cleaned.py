"""Pages of HTML that others made: what is left of them says something, and loads and does nothing."""

import re

import pytest

from tests.interfaces.web.hostile.contents import LIVE, QUIET
from workspace_server.interfaces.web.files.render.cleaned import cleaned, cleaned_page

PIECES = (
    *(content for content in (*LIVE.values(), *QUIET.values()) if isinstance(content, str)),
    "<svg><style>&lt;/style&gt;&lt;img src=x onerror=ACT&gt;</style></svg>",
    "<style><!--</style><img src=x onerror=ACT>--></style>",
    "<math><style><img src=x onerror=ACT></style></math>",
    "<p style=\"background: URL( 'OUT' ); color: red\" onclick=ACT class='a b'>x</p>",
    "<a href='#x' target=_blank>in</a><a href='/attention'>page</a><area href=OUT>",
    "<img src='DATA:image/png;base64,x'><img src='data:text/html,x'><img src=' javascript:ACT'>",
    "<style>@IMPORT 'OUT'; p { background: image-set('OUT' 1x); cursor: url(OUT), url(data:image/png,x) }</style>",
)
_TAG = re.compile(r"<([a-z][a-z0-9]*)\b([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'([a-z:-]+)="([^"]*)"')
_LEAVING = {"script", "link", "meta", "base", "iframe", "object", "embed", "form", "input", "button", "svg", "math"}


@pytest.mark.parametrize("html", PIECES)
def test_what_is_left_of_a_page_loads_nothing_and_does_nothing(html: str) -> None:
    body = cleaned_page(html).partition("<body>")[2]
    styles = " ".join(re.findall(r"<style[^>]*>(.*?)</style>", body, re.DOTALL))
    for tag, attributes in _TAG.findall(body):
        assert tag not in _LEAVING
        for name, value in _ATTRIBUTE.findall(attributes):
            assert not name.startswith("on")
            assert name not in {"srcset", "action", "formaction", "background", "poster", "ping", "target"}
            assert name != "href" or value.startswith("#")
            assert name != "src" or value.startswith("data:image/")
            styles += value if name == "style" else ""
    assert not re.search(r"@import|(?:url|image-set)\((?!\s*[\"']?data:)", styles, re.IGNORECASE)


@pytest.mark.parametrize("html", PIECES)
def test_what_is_left_of_a_piece_has_no_looks_and_no_addresses(html: str) -> None:
    for tag, attributes in _TAG.findall(cleaned(html)):
        assert tag not in _LEAVING | {"style", "img"}
        assert {name for name, _ in _ATTRIBUTE.findall(attributes)} <= {
            "start",
            "colspan",
            "rowspan",
            "align",
            "valign",
        }


def test_a_page_keeps_its_looks_and_what_it_brings_with_it() -> None:
    html = cleaned_page(
        '<style>p { color: red }</style><p id="a" style="margin: 0"><img src="data:image/png;base64,x">'
    )

    assert '<style>p { color: red }</style><p id="a" style="margin: 0"><img src="data:image/png;base64,x"></p>' in html
