"""How a person has the files of a directory sorted and narrowed down, as the address of a page spells it."""

from typing import Final, Literal, NamedTuple, get_args

from workspace_server.errors import InvalidArgument

Sort = Literal["name", "size", "modified", "agent"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)


class Order(NamedTuple):
    """What files are sorted by, and whether the greatest comes first."""

    by: Sort
    down: bool

    def __str__(self) -> str:
        """Return the order as `parse_order` takes it."""
        return f"-{self.by}" if self.down else self.by


BY_NAME: Final = Order("name", down=False)


def parse_order(text: str) -> Order:
    """Return the order that *text* names: `size`, or `-size` with the largest first.

    Raises:
        InvalidArgument: It names none.
    """
    name = text.removeprefix("-")
    for sort in SORTS:
        if sort == name:
            return Order(sort, down=text.startswith("-"))
    raise InvalidArgument(
        f"Files are not sorted by {text[:40]!r}.",
        hint=f"sort is one of {', '.join(SORTS)}; with a - before it the greatest comes first.",
        argument="sort",
        reason="unknown",
    )


def like(text: str) -> str:
    r"""Return what names are like, as SQL's LIKE has it, with `\` before a character that stands for itself.

    With a `*` (any characters) or a `?` (one) *text* is all of the name; without, it stands somewhere in it.
    """
    escaped = "".join(f"\\{one}" if one in "%_\\" else one for one in text)
    if "*" not in text and "?" not in text:
        return f"%{escaped}%"
    return escaped.replace("*", "%").replace("?", "_")
