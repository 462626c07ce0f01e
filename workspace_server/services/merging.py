"""Three-way merges of texts by lines."""

import merge3


def merged(base: str, mine: str, theirs: str) -> str | None:
    """Return what both made of *base*, or None when they changed the same place in different ways."""
    old, a, b = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    groups = list(merge3.Merge3(old, a, b).merge_groups())
    if any(group[0] == "conflict" for group in groups):
        return None
    return "".join(line for group in groups for line in group[1])
