"""References with words of their own, as facts of kind ``link``: what is called how, and where it is."""

import re
from typing import Final

from indexer import normalise
from indexer.collector import Collector
from indexer.limits import LINKS_PER_FILE_MAX
from indexer.vocabulary import words

_INLINE: Final = re.compile(
    r"(?<![!\]\\])\[(?P<text>[^\[\]\n]{3,120})\]\((?P<target><[^<>\n]{1,500}>|[^()\s]{1,500})(?:\s\"[^\"\n]{0,200}\")?\)"
)
_EMPTY_WORDS: Final = words(
    "a an and article at click code demo details doc docs documentation download edit full here home in info issue "
    "learn link links more next of on online out page paper pdf post previous read recording ref see site slides "
    "source sources talk text the this to top up url video view visit website"
)
"""Words that alone say nothing of what a link leads to."""

_NO_PLACES: Final = ("#", "javascript:", "mailto:", "tel:", "data:", "data-")


class Links:
    """The links of one file, each once."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self._seen: set[tuple[str, str]] = set()

    def add(self, text: str, target: str, start: int, end: int) -> None:
        """Keep one link whose quote stands at ``text[start:end]``, when its words say what it leads to."""
        text, target = " ".join(normalise.plain(text).replace("*", "").split()), target.strip("<> ")
        known = (text.casefold(), target)
        if known in self._seen or len(self._seen) >= LINKS_PER_FILE_MAX or not is_telling(text, target):
            return
        self._seen.add(known)
        self.out.fact("link", key=text, value=target, start=start, end=end, entity=False)

    def read(self, start: int, text: str) -> None:
        """Keep the inline links of Markdown in *text*, which stands at *start*."""
        if "](" in text:
            for match in _INLINE.finditer(text):
                self.add(match["text"], match["target"], start + match.start(), start + match.end())


def is_telling(text: str, target: str) -> bool:
    """Return whether *text* says more of a link than *target* does: not ``here``, ``#12`` or the address again."""
    bare = text.casefold().strip("\"'.,:;()")
    spoken = {word.strip(".,:;!?") for word in bare.split()}
    return (
        bool(target)
        and not target.startswith(_NO_PLACES)
        and sum(letter.isalpha() for letter in bare) >= 3
        and not spoken <= _EMPTY_WORDS
        and "://" not in bare
        and bare != target.casefold().strip("./")
    )
