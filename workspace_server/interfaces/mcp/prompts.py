"""Five prompts that word common tasks of agents that work together."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcp import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)

from workspace_server.interfaces.mcp.calls import Context

ARGUMENT_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSpec:
    """One prompt: its text has a place for each argument."""

    name: str
    description: str
    arguments: Mapping[str, str]
    text: str


PROMPTS = (
    PromptSpec(
        name="hand_off",
        description="Hand your work to another agent so that it can go on without asking",
        arguments={"queue": "Queue of the agent that goes on", "goal": "What is to come out in the end"},
        text=(
            "Hand over your work so that another agent can go on without asking you. The goal is: {goal}\n\n"
            "1. Save everything unfinished with write_file, each file with `sources`.\n"
            "2. Write handoff.md beside it: what is done, what is open, decisions with their reasons ('Decision: …'),"
            " risks ('RISK: …'), and the next three steps. Cite files as path@version.\n"
            "3. unlock_files for every lock in list_locks(mine=true).\n"
            "4. add_job(queue={queue!r}, instructions=<the goal and where handoff.md is>, inputs=[…the files"
            " needed…]).\n"
            "Then say in one sentence what you handed over."
        ),
    ),
    PromptSpec(
        name="synthesize",
        description="Bring the results of several agents together, with citations and without reading every file",
        arguments={"files": "Path, directory or pattern of the inputs", "into": "Path of the file to write"},
        text=(
            "Bring together what stands in {files} and write it to {into}.\n\n"
            "1. list_files(pattern or path) to see the inputs; wait_for them with indexed=true if some are still"
            " missing.\n"
            "2. query_facts for each question that the result must answer. Read whole passages only where a fact is not"
            " enough, with search or read_file and start_line.\n"
            "3. Look at `conflicts`: for each, say which side you follow and why, or that it is open.\n"
            "4. write_file(path={into!r}, sources=[every file with the version you used]). Cite each claim as"
            " path@version:line. Do not add claims that no input supports."
        ),
    ),
    PromptSpec(
        name="review",
        description="Review a file of another agent against what it was made from",
        arguments={"path": "The file to review"},
        text=(
            "Review {path}.\n\n"
            "1. describe_file and read_file(path={path!r}); note the version you read.\n"
            "2. file_history(path={path!r}) shows its sources. Check each claim with a citation at its place, and look"
            " with query_facts for facts elsewhere that say otherwise.\n"
            "3. Mend small faults with edit_file. For larger ones write {path}.review.md: one '- [fault] …' line each,"
            " with path@version:line and what to do.\n"
            "4. End with 'Decision: accept' or 'Decision: rework', and say why in one sentence."
        ),
    ),
    PromptSpec(
        name="catch_up",
        description="Learn what happened since you were last here",
        arguments={"since_seq": "The seq you know; 0 for everything", "path": "Only below this; / for all"},
        text=(
            "Find out what happened in {path} since seq {since_seq}.\n\n"
            "1. list_events(since_seq={since_seq}, path={path!r}), following next_seq to the end.\n"
            "2. For each changed file that matters to your task: describe_file, or file_history with diff for its"
            " change.\n"
            "3. list_locks and list_triggers: who is at work, and what is missing.\n"
            "Then give: what changed (by whom), what is in progress, what is blocked, and the seq you have reached."
        ),
    ),
    PromptSpec(
        name="recover_conflict",
        description="Save your change after a refusal, without losing anybody's work",
        arguments={"path": "The file", "code": "The error: conflict, version_required, locked or lock_lost"},
        text=(
            "Your write to {path} was refused with `{code}`. Save your change without losing what others did.\n\n"
            "- conflict, version_required, lock_lost: read the `diff` in the error, or read_file(path={path!r}). If"
            " your change and theirs touch different parts: write_file again with your old expect_version and"
            " on_conflict='merge'. If they touch the same part: write the text that keeps both intents, with"
            " expect_version=<the version you read>.\n"
            "- locked: the error says who holds it, why and for how long. If it is yours, pass the handle from"
            " list_locks(mine=true) as `lock`. Otherwise wait_for(files=[{path!r}]) and try again, or work on"
            " something else first.\n"
            "- Never answer a refusal with overwrite=true unless you have read what you replace.\n"
            "In the `message` of the write say what you kept from whom."
        ),
    ),
)
_BY_NAME = {prompt.name: prompt for prompt in PROMPTS}


async def list_prompts(ctx: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:  # noqa: ARG001
    """Return all prompts; they fit on one page."""
    return ListPromptsResult(prompts=[_listed(prompt) for prompt in PROMPTS])


async def get_prompt(ctx: Context, params: GetPromptRequestParams) -> GetPromptResult:  # noqa: ARG001
    """Return one prompt with its places filled."""
    prompt = _BY_NAME.get(params.name)
    if prompt is None:
        raise MCPError(INVALID_PARAMS, f"There is no such prompt; there are {', '.join(_BY_NAME)}.")
    given = params.arguments or {}
    wrong = sorted(set(prompt.arguments) ^ set(given))
    if wrong or any(len(value) > ARGUMENT_CHARS_MAX for value in given.values()):
        raise MCPError(
            INVALID_PARAMS,
            f"{prompt.name} takes {', '.join(prompt.arguments)}, each up to {ARGUMENT_CHARS_MAX} characters.",
        )
    text = TextContent(type="text", text=prompt.text.format(**given))
    return GetPromptResult(description=prompt.description, messages=[PromptMessage(role="user", content=text)])


def _listed(prompt: PromptSpec) -> Prompt:
    arguments = [
        PromptArgument(name=name, description=meaning, required=True) for name, meaning in prompt.arguments.items()
    ]
    return Prompt(name=prompt.name, description=prompt.description, arguments=arguments)
