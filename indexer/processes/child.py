"""The child's side: confine yourself, then answer requests until nobody asks any more."""

import importlib
import json
import os
import sys
from typing import Any

from indexer.processes.confining import Bounds, confine


def main(told: str) -> None:
    """Do what the parent tells as JSON, reading from standard input and answering to standard output.

    First of all the process gives up what it does not need; only then is a parser loaded, and a file looked at.
    """
    how: dict[str, Any] = json.loads(told)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a parser prints is no answer
    layers = confine(Bounds(**how["bounds"]), readable=how["readable"], writable=how["writable"])
    module, _, name = how["registry"].partition(":")
    registry = getattr(importlib.import_module(module), name)
    if how["prepares"]:
        registry.prepare()
    from indexer.processes.serving import serve, serve_drawings

    if how["draws"]:
        serve_drawings(sys.stdin.buffer, answers, layers=layers)
    else:
        serve(sys.stdin.buffer, answers, registry, layers=layers)
