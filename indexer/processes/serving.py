"""What a child does once it is confined: say so, and answer requests until nobody asks any more."""

import json
from collections.abc import Sequence
from typing import BinaryIO

from indexer.document import Unreadable
from indexer.drawing import draw_page
from indexer.extracting import extract_safely
from indexer.extractors import Registry
from indexer.processes.messages import (
    answer,
    drawing_answer,
    drawing_requested,
    read_frame,
    requested,
    write_frame,
)


def serve(requests: BinaryIO, answers: BinaryIO, registry: Registry, *, layers: Sequence[str]) -> None:
    """Tell the layers in force, then answer each request with its extraction."""
    write_frame(answers, json.dumps(layers).encode())
    while body := read_frame(requests):
        data, about = requested(body)
        write_frame(answers, answer(extract_safely(data, registry=registry, **about)))


def serve_drawings(requests: BinaryIO, answers: BinaryIO, *, layers: Sequence[str]) -> None:
    """Tell the layers in force, then answer each request with the picture of a page."""
    write_frame(answers, json.dumps(layers).encode())
    while body := read_frame(requests):
        data, page = drawing_requested(body)
        try:
            write_frame(answers, drawing_answer(draw_page(data, page)))
        except Unreadable as wrong:
            write_frame(answers, drawing_answer(wrong))
