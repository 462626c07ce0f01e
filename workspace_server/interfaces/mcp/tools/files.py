"""Tools that change files."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Count, Handles, Source

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class WriteFile(Arguments):
    """What to save, and what that may replace."""

    path: str
    content: str | None = None
    draft: str | None = None
    encoding: Literal["utf-8", "base64"] = "utf-8"
    expect_version: Count | None = None
    overwrite: bool = False
    append: bool = False
    lock: Handles | None = None
    unlock: bool = False
    on_conflict: Literal["fail", "merge"] = "fail"
    message: str | None = None
    sources: list[Source] | None = None


class Edit(Arguments):
    """One replacement."""

    old_text: str
    new_text: str
    all: bool = False


class EditFile(Arguments):
    """Which replacements."""

    path: str
    edits: list[Edit]
    expect_version: Count | None = None
    lock: Handles | None = None
    unlock: bool = False
    message: str | None = None
    dry_run: bool = False


class MoveFile(Arguments):
    """From where to where."""

    path: str
    to: str
    copy_: bool = Field(default=False, alias="copy")
    expect_version: Count | None = None
    overwrite: bool = False
    lock: Handles | None = None
    message: str | None = None


class DeleteFile(Arguments):
    """What to delete."""

    path: str
    recursive: bool = False
    expect_version: Count | None = None
    lock: Handles | None = None
    message: str | None = None


class Change(Arguments):
    """One change of a commit; the service knows which fields its op takes."""

    op: Literal["write", "edit", "move", "delete"]
    path: str
    content: str | None = None
    draft: str | None = None
    encoding: Literal["utf-8", "base64"] | None = None
    edits: list[Edit] | None = None
    to: str | None = None
    copy_: bool | None = Field(default=None, alias="copy")
    append: bool | None = None
    expect_version: Count | None = None
    overwrite: bool | None = None
    sources: list[Source] | None = None


class CommitFiles(Arguments):
    """Several changes at once."""

    changes: Annotated[list[Change], Field(min_length=1)]
    lock: Handles | None = None
    unlock: bool = False
    message: str | None = None


class RestoreFile(Arguments):
    """Which version to bring back."""

    path: str
    version: Count | None = None
    expect_version: Count | None = None
    overwrite: bool = False
    lock: Handles | None = None


async def write_file(engine: "Engine", caller: Caller, given: WriteFile) -> Answer:
    """Save a file."""
    return await engine.files.write_file(caller, **given.model_dump())


async def edit_file(engine: "Engine", caller: Caller, given: EditFile) -> Answer:
    """Replace parts of a file."""
    return await engine.files.edit_file(caller, **given.model_dump())


async def move_file(engine: "Engine", caller: Caller, given: MoveFile) -> Answer:
    """Move or copy."""
    return await engine.files.move_file(caller, **given.model_dump(by_alias=True))


async def delete_file(engine: "Engine", caller: Caller, given: DeleteFile) -> Answer:
    """Delete."""
    return await engine.files.delete_file(caller, **given.model_dump())


async def commit_files(engine: "Engine", caller: Caller, given: CommitFiles) -> Answer:
    """Change several files, all or nothing."""
    changes = [change.model_dump(by_alias=True, exclude_none=True) for change in given.changes]
    return await engine.files.commit_files(
        caller, changes=changes, lock=given.lock, unlock=given.unlock, message=given.message
    )


async def restore_file(engine: "Engine", caller: Caller, given: RestoreFile) -> Answer:
    """Bring a version back."""
    return await engine.files.restore_file(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="write_file",
        description=(
            "Create or replace a whole file; every save is a new version and nothing is ever lost. A new path needs"
            " nothing more. To replace a file say what you replace: expect_version=N (the version you read), or the"
            " handle of a lock you hold, or overwrite=true; otherwise the call is refused and tells you the next one."
            " If somebody saved in between you get `conflict` with a diff; on_conflict='merge' merges both when they"
            " touch different lines. A refusal keeps your text as a `draft`: send draft='D17' in place of content."
            " append=true adds to the end and never conflicts: use it for shared logs. unlock=true gives `lock` back."
            " `sources` records which versions you worked from, `message` why. Prefer edit_file for small changes."
            " Example: write_file(path='report.md', content='# Report\\n…', expect_version=3,"
            " sources=[{'path': 'data.csv', 'version': 2}])"
        ),
        params=WriteFile,
        verb="write",
        handler=write_file,
        core=True,
        destroys=True,
    ),
    ToolSpec(
        name="edit_file",
        description=(
            "Replace parts of a text file. Each old_text must stand in the file exactly once (include neighbouring"
            " lines until it does), or set all=true. All edits succeed together or none. It is checked on the newest"
            " version inside the commit, so expect_version is not needed. dry_run=true only shows the diff."
            " Example: edit_file(path='draft.md', edits=[{'old_text': 'teh cat', 'new_text': 'the cat'}])"
        ),
        params=EditFile,
        verb="write",
        handler=edit_file,
        core=True,
        destroys=True,
    ),
    ToolSpec(
        name="move_file",
        description=(
            "Move or rename a file or a whole directory; copy=true leaves the original. Old versions stay readable at"
            " the old path. A file that exists at `to` is replaced only with expect_version or overwrite=true."
            " Example: move_file(path='draft.md', to='published/draft.md')"
        ),
        params=MoveFile,
        verb="write",
        handler=move_file,
        core=True,
        destroys=True,
    ),
    ToolSpec(
        name="delete_file",
        description=(
            "Delete a file, or with recursive=true a directory. The history stays, and restore_file brings it back."
            " Example: delete_file(path='tmp/scratch.md')"
        ),
        params=DeleteFile,
        verb="write",
        handler=delete_file,
        core=True,
        destroys=True,
    ),
    ToolSpec(
        name="commit_files",
        description=(
            "Change several files in one step that others see whole or not at all. Each change has op, path and the"
            " arguments of the single tool: write (content, expect_version, overwrite, append, sources), edit (edits),"
            " move (to, copy), delete."
            " Example: commit_files(changes=[{'op': 'write', 'path': 'a.md', 'content': 'A'},"
            " {'op': 'delete', 'path': 'old.md'}], message='Split')"
        ),
        params=CommitFiles,
        verb="write",
        handler=commit_files,
        destroys=True,
    ),
    ToolSpec(
        name="restore_file",
        description=(
            "Make an old version the newest again, or bring back a deleted file (leave `version` out for its last"
            " one). If a file is there now, give expect_version or overwrite=true."
            " Example: restore_file(path='draft.md', version=4, overwrite=true)"
        ),
        params=RestoreFile,
        verb="write",
        handler=restore_file,
        destroys=True,
    ),
)
