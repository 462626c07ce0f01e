"""Words that somebody may have meant: how far apart two words are, and which of many are near to one."""

from collections.abc import Iterable

from indexer.limits import FUZZY_LONG_CHARS


def slips_of(word: str) -> int:
    """Return how many letters of a word may be wrong, missing, too many or swapped with their neighbour."""
    return 2 if len(word) >= FUZZY_LONG_CHARS else 1


def near(word: str, candidates: Iterable[str], *, limit: int) -> list[tuple[str, int]]:
    """Return the candidates that *word* may stand for, and how far each is, the likest first."""
    slips = slips_of(word)
    found = {
        each: distance
        for each in candidates
        if abs(len(each) - len(word)) <= slips and (distance := distance_of(word, each, most=slips)) <= slips
    }
    return sorted(found.items(), key=lambda item: (item[1], item[0]))[:limit]


def distance_of(one: str, other: str, *, most: int) -> int:
    """Return by how many slips two words differ; more than *most* is given as one more.

    Quadratic in the length of a word; what is compared are words that somebody typed.
    """
    above: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one):
        before, above, row = above, row, [at + 1]
        for index, against in enumerate(other):
            cost = min(above[index] + (letter != against), above[index + 1] + 1, row[index] + 1)
            if at and index and letter == other[index - 1] and one[at - 1] == against:
                cost = min(cost, before[index - 1] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
