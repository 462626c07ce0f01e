"""A browser without scripts: it opens pages, and sends their forms as browsers do."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2


@dataclass
class Form:
    """A form as it stands on a page: where it goes, what is in its fields, and what its buttons say."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._area: str | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method") == "post":
            self.forms.append(Form(given["action"]))
            self._inside = True
        elif tag == "textarea" and self._inside:
            self._area = given["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "input" and self._inside and given.get("type") in {"hidden", "text"}:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self._inside and "value" in given:
            self.forms[-1].buttons.append(given["value"])

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            text = self.forms[-1].fields[self._area].removeprefix("\n")
            self.forms[-1].fields[self._area] = re.sub(r"\r\n|\r", "\n", text)
            self._area = None
        elif tag == "form":
            self._inside = False


def forms(html: str) -> list[Form]:
    """Return the forms of a page that change something."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


@dataclass
class Browser:
    """A person at a browser.

    Attributes:
        page: The answer to the last request.
    """

    http: httpx2.AsyncClient
    page: httpx2.Response = field(default_factory=lambda: httpx2.Response(200))

    @property
    def form(self) -> Form:
        """The first form of the page."""
        return forms(self.page.text)[0]

    @property
    def alert(self) -> str:
        """What stands above the page because something was refused."""
        found = re.search(r'role="alert"[^>]*>(.*?)</div></div>', self.page.text, re.DOTALL)
        return " ".join(re.sub(r"<[^>]+>", "", found[1]).split()) if found else ""

    async def open(self, address: str) -> None:
        self.page = await self.http.get(address)

    async def send(self, form: Form | None = None, **typed: str) -> None:
        """Send a form of the page, with line ends as browsers spell them."""
        chosen = self.form if form is None else form
        fields = {name: re.sub(r"\r\n|\r|\n", "\r\n", text) for name, text in {**chosen.fields, **typed}.items()}
        self.page = await self.http.post(chosen.action, data=fields)
