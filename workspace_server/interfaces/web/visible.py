"""Text that others wrote, made safe to look at: characters that hide or reorder other characters are shown as such.

Escaping keeps markup from acting; it does not keep a name from reading as another one.
"""

import re

# Control characters but tab and line ends; direction overrides and isolates; invisible spaces; tag characters.
# The joiners stay: Arabic, Persian and emoji are written with them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return *text* with each hidden character as its number, such as `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
