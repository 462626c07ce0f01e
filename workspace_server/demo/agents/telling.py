"""How an agent tells the story what it did: a line of JSON on its standard output."""

import json


def tell(**facts: object) -> None:
    """Print one line."""
    print(json.dumps(facts), flush=True)
