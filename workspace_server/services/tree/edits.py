"""What was found in the folder and may have to be recorded."""

from typing import NamedTuple

from workspace_server.storage.content import Content
from workspace_server.storage.disk.signatures import Signature


class Edit(NamedTuple):
    """What was found at a path: content with its signature, or (both None) nothing.

    `version` and `live` are the head that it was compared with: once that has moved on, the path is looked at anew.
    `early` says the same of one whose working copy was still on its way: it may stand there by now. With `trusted`,
    whatever changes the file later shows in its signature.
    """

    path: str
    content: Content | None
    signature: Signature | None
    version: int
    live: bool
    early: bool = False
    trusted: bool = False
