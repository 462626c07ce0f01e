"""What a child does once it is confined: say so, and answer requests until nobody asks any more."""

import json
from collections.abc import Sequence
from typing import BinaryIO

from indexer.extracting import extract_safely
from indexer.extractors import Registry
from indexer.processes.messages import answer, read_frame, requested, write_frame


def serve(requests: BinaryIO, answers: BinaryIO, registry: Registry, *, layers: Sequence[str]) -> None:
    """Tell the layers in force, then answer each request with its extraction."""
    write_frame(answers, json.dumps(layers).encode())
    while body := read_frame(requests):
        data, about = requested(body)
        write_frame(answers, answer(extract_safely(data, registry=registry, **about)))
