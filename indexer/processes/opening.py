"""The start of a child process that whoever gives up in the middle of it leaves nothing of."""

import subprocess
from collections.abc import Mapping, Sequence

import anyio
from anyio.abc import Process


async def opened(
    command: Sequence[str], environment: Mapping[str, str], *, stderr: int | None, start_new_session: bool = False
) -> Process:
    """Return the started process of *command*, spoken to over its pipes; the caller ends it, also when cancelled.

    A cancellation waits for the start, which takes milliseconds, and comes at the next point where one may: asyncio
    that is cancelled in the middle loses the pipes, and the process of which it has not heard the end.

    Raises:
        OSError: It did not start.
    """
    with anyio.CancelScope(shield=True):
        process = await anyio.open_process(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd="/",
            env=environment,
            start_new_session=start_new_session,
        )
    return process  # noqa: RET504  # a scope may swallow, says its type
