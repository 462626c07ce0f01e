"""Extractors that do what a parser does that a file has taken over, and text that hangs; for children alone."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from indexer.collector import Collector
from indexer.document import Converted
from indexer.extractors import Extractor, Registry
from indexer.extractors.markdown import MARKDOWN, extract_markdown
from indexer.extractors.plain import OTHER, extract_text
from indexer.limits import ANSWER_BYTES_MAX
from indexer.processes.messages import LENGTH


def _tried(name: str, trying: str) -> str:
    try:
        exec(trying, {"os": os, "socket": socket, "subprocess": subprocess, "Path": Path})  # noqa: S102 - of this test's own
    except OSError as error:
        return f"{name}: {type(error).__name__}\n"
    return f"{name}: allowed\n"


def _say(body: bytes) -> None:
    """Write to every pipe there is, as one who looks for the way to the parent."""
    for number in range(3, 16):
        try:
            os.write(number, body)
        except OSError:
            continue


def _spin() -> None:
    while True:
        pass


def _fail() -> None:
    raise LookupError


def _boast() -> None:
    _say(LENGTH.pack(ANSWER_BYTES_MAX + 1))
    time.sleep(3_600)


_DEEDS: Final[dict[str, Callable[[], object]]] = {
    "sleep": lambda: time.sleep(3_600),
    "abort": os.abort,
    "exit": lambda: os._exit(0),
    "spin": _spin,
    "eat": lambda: bytearray(1 << 40),
    "raise": _fail,
    "shout": lambda: print("x" * 100_000, flush=True),
    "boast": _boast,
    "lie": lambda: _say(LENGTH.pack(2) + b"{}"),
}


def misbehave(data: bytes) -> Converted:
    """Do what the file tells, or try what it tells to try."""
    deed, _, about = data.decode().removeprefix("HOSTILE ").partition(" ")
    if deed == "look":
        return Converted(text="".join(_tried(*line.split("|")) for line in about.split("\n")))
    _DEEDS.get(deed, lambda: None)()
    return Converted(text=f"Deed: {deed}\n")


def hang(out: Collector) -> None:
    """Read text, unless it says not to."""
    if "hang" in out.document.text:
        time.sleep(3_600)
    extract_text(out)


HOSTILE: Final = Extractor(
    name="hostile",
    version=1,
    suffixes=(".hostile",),
    chars_max=1_000,
    extract=extract_markdown,
    convert=misbehave,
    begins=(b"HOSTILE ",),
    recognises=lambda data: data.startswith(b"HOSTILE "),
)
HANGING: Final = Extractor(name="hanging", version=1, suffixes=(".txt",), chars_max=1_000_000, extract=hang)
REGISTRY: Final = Registry((HANGING, MARKDOWN, HOSTILE), fallback=OTHER)
