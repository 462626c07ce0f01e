"""Whether a trigger makes sense as a whole: what could never fire is refused before anybody waits for it."""

from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.entries import Entry
from workspace_server.core.triggers.fields import refused
from workspace_server.core.triggers.targets import Webhook

_NEVER = "so that the trigger could never fire"


def check(rule: Definition) -> None:
    """Pass when *rule* can fire.

    Raises:
        InvalidArgument: It cannot, or two of its fields contradict each other; `argument` names one of them.
    """
    _check_captures(rule)
    _check_manifest(rule)
    _check_count(rule)
    _check_excluded(rule)
    _check_rounds(rule)
    _check_agent(rule)


def _check_captures(rule: Definition) -> None:
    different = {entry.captures for entry in rule.watched if entry.captures}
    if len(different) > 1:
        raise refused(
            "files",
            "all entries with {names} must have the same names",
            "Entries without any are shared: every key waits for them alike.",
        )
    if any(entry.captures for entry in rule.excluded):
        raise refused("not_files", "has {names}, but what is left out needs none", "Write * for a part of a name.")


def _check_manifest(rule: Definition) -> None:
    manifest = rule.manifest
    if manifest is None:
        return
    if rule.mode != "all":
        raise refused("manifest", 'goes with mode="all": it lists the files that must all be in')
    if manifest.is_wild:
        raise refused("manifest", "must name one file, not several", "{name} in it makes a join per value.")
    if rule.captures and not manifest.captures:
        raise refused("manifest", "must have the same {names} as the files, for each join has a manifest of its own")


def _check_count(rule: Definition) -> None:
    wild = next((entry for entry in rule.entries if entry.is_wild), None)
    if rule.mode == "count" and rule.count is None:
        raise refused("count", 'is needed with mode="count"', "For example count=3.")
    if rule.mode in {"each", "any"} and (rule.count or rule.distinct_agents):
        argument = "count" if rule.count else "distinct_agents"
        raise refused(argument, f'means nothing with mode="{rule.mode}", which one file satisfies', 'Use mode="count".')
    if rule.mode == "all" and rule.manifest is None:
        _check_all(rule, wild)
    if rule.mode == "all" and rule.manifest is not None and rule.count is not None:
        raise refused("count", "means nothing beside a manifest, which lists every file")
    if rule.mode == "count" and wild is None and rule.count is not None and rule.count > len(set(rule.entries)):
        raise refused("count", f"is {rule.count} of {len(set(rule.entries))} files, {_NEVER}")
    most = rule.count if rule.count is not None else len(set(rule.entries))
    if rule.distinct_agents is not None and rule.manifest is None and rule.distinct_agents > most:
        raise refused("distinct_agents", f"is {rule.distinct_agents}, for {most} files, {_NEVER}")


def _check_all(rule: Definition, wild: Entry | None) -> None:
    if wild is not None and rule.count is None:
        raise refused(
            "files",
            f"'{wild.text}' cannot mean \"all\": nobody can say how many files it will be",
            "Name each path, say how many with count, list them in a file with manifest, or make one join per value"
            ' with {name}: "research/{topic}/notes.md".',
        )
    if wild is None and rule.count is not None:
        raise refused("count", 'goes with a pattern when mode="all"; named files are counted already')


def _check_excluded(rule: Definition) -> None:
    gone = [entry for entry in rule.entries if _is_excluded(rule, entry)]
    needed = rule.mode == "all" and any(not entry.is_wild for entry in gone)
    if gone and (needed or len(gone) == len(rule.entries)):
        raise refused("not_files", f"leaves out '{gone[0].text}', {_NEVER}")


def _is_excluded(rule: Definition, entry: Entry) -> bool:
    return any(
        other.text in {entry.text, "**"} or (entry.path is not None and other.capture(entry.path) is not None)
        for other in rule.excluded
    )


def _check_rounds(rule: Definition) -> None:
    if rule.refire == "any" and rule.mode != "all":
        raise refused("refire", 'goes with mode="all"; the other modes take every new file anyway')
    if rule.deadline is not None and rule.mode in {"each", "any"}:
        raise refused("within_seconds", f'goes with mode="all" or "count": mode="{rule.mode}" waits for nothing more')
    if not rule.watched and rule.mode != "each":
        raise refused("files", f'is needed with mode="{rule.mode}"')


def _check_agent(rule: Definition) -> None:
    if not isinstance(rule.target, Webhook) or rule.target.agent is None or rule.include_own_writes:
        return
    if [pattern.text for pattern in rule.filters.agents] == [rule.target.agent]:
        reason = f"is the receiver alone, whose own writes do not count, {_NEVER}"
        raise refused("agents", reason, "Set include_own_writes, or name other agents.")
