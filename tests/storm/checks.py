"""What must hold after a storm. Each check returns what is wrong, in sentences; nothing is what it should return.

They know the server by what it tells: the histories of its files, its log, its folder; and by the agents' own records.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.storm.agent import INPUTS, PAIR, REGISTERS
from tests.storm.history import Record
from tests.storm.linear import is_linearizable, steps

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What was found after a storm.

    Attributes:
        files: All contents of each path, from version 1 on.
        folder: What stands in the folder.
        received: Webhook deliveries as they arrived: `(message id, firing)`.
        worked: Jobs as they were claimed and finished: `(job, firing)`.
    """

    records: Sequence[Record]
    events: Sequence[Event]
    files: Mapping[str, Sequence[str]]
    folder: Mapping[str, str]
    received: Sequence[tuple[str, str]] = ()
    worked: Sequence[tuple[str, str]] = ()
    damage: Sequence[str] = field(default_factory=list)


def check_all(after: Aftermath) -> dict[str, list[str]]:
    """Return what each check found, by its name."""
    return {
        "lost": list(lost(after)),
        "stale": list(stale(after)),
        "chain": list(chain(after)),
        "fences": list(fences(after.events)),
        "linearizability": list(unlinearizable(after)),
        "log": list(log(after)),
        "folder": list(folder(after)),
        "repeats": [
            f"{record.told['of']} was answered otherwise when repeated"
            for record in after.records
            if record.kind == "again" and record.outcome == "ok" and not record.told["same"]
        ],
        "outbox": list(outbox(after)),
        "join": list(joins(after.events)),
        "damage": list(after.damage),
    }


def made(contents: Sequence[str]) -> dict[str, int]:
    """Return which version each operation made, by the line that it added."""
    return {op: number for number in range(1, len(contents) + 1) for op, _ in added(contents, number)}


def added(contents: Sequence[str], number: int) -> list[tuple[str, str]]:
    """Return the lines, as `(operation, base)`, that a version has and the one before it has not."""
    before = set(contents[number - 2].splitlines()) if number > 1 else set()
    lines = (line.split() for line in contents[number - 1].splitlines() if line not in before)
    return [(line[0], line[1]) for line in lines]


def chain(after: Aftermath) -> Iterator[str]:
    """Each version is the one before it and one more line; each operation stands in one, and was begun by somebody."""
    begun = {record.op for record in after.records}
    refused = {record.op for record in after.records if record.outcome == "refused"}
    for path, contents in _chained(after):
        seen: Counter[str] = Counter()
        for number, content in enumerate(contents, 1):
            before = contents[number - 2] if number > 1 else ""
            if not content.startswith(before) or len(added(contents, number)) != 1:
                yield f"{path}@{number} is not version {number - 1} and one more line"
            seen.update(op for op, _ in added(contents, number))
        for op, count in seen.items():
            if count > 1:
                yield f"{op} was made {count} times in {path}"
            if op not in begun:
                yield f"{op} in {path} was asked by nobody"
            if op in refused:
                yield f"{op} was refused, and stands in {path}"
    left, right = (list(made(after.files.get(path, ()))) for path in PAIR)
    if left != right:
        yield f"{PAIR[0]} and {PAIR[1]} were not changed together"


def lost(after: Aftermath) -> Iterator[str]:
    """What was acknowledged stands in the version that was told, and in all later ones."""
    per_path = {path: made(contents) for path, contents in after.files.items()}
    heads = {path: set(contents[-1].splitlines()) if contents else set() for path, contents in after.files.items()}
    for record in after.records:
        if record.outcome != "ok" or record.kind in {"read", "again"}:
            continue
        version = per_path.get(record.path, {}).get(record.op)
        if version is None:
            yield f"{record.op} was acknowledged and stands in no version of {record.path}"
        elif version != record.told["version"]:
            yield f"{record.op} was told version {record.told['version']}, and is {version} of {record.path}"
        elif record.path not in INPUTS and not any(line.split()[0] == record.op for line in heads[record.path]):
            yield f"{record.op} was acknowledged and dropped later from {record.path}"


def stale(after: Aftermath) -> Iterator[str]:
    """Nobody replaced a version that he had not read."""
    for path, contents in _chained(after):
        for number in range(1, len(contents) + 1):
            for op, base in added(contents, number):
                if base not in {"-", str(number - 1)}:
                    yield f"{op} rests on version {base} of {path} and replaced {number - 1}"


def fences(events: Iterable[Event]) -> Iterator[str]:
    """A lock has one holder, and under a lock only its holder writes, and only while it lives (I7)."""
    live: dict[str, Event] = {}
    highest = 0
    for event in events:
        match event["type"]:
            case "lock.acquired":
                if event["fence"] <= highest:
                    yield f"fence {event['fence']} came after {highest}"
                highest = event["fence"]
                over = [name for name, held in live.items() if set(held["paths"]) & set(event["paths"])]
                if over:
                    yield f"{event['lock']} was granted beside {over}"
                live[event["lock"]] = event
            case "lock.released" | "lock.expired" | "lock.broken":
                live.pop(event["lock"], None)
            case kind if kind.startswith("file.") and "path" in event:
                named = event.get("lock")
                if named is not None and (named not in live or live[named]["agent"] != event["agent"]):
                    yield f"{event['path']}@{event.get('version')} was written under {named}, which was not live"
                for name, held in live.items():
                    if event["path"] in held["paths"] and name != named and kind in _CHANGES:
                        yield f"{event['path']}@{event.get('version')} was written beside {name}"


def unlinearizable(after: Aftermath) -> Iterator[str]:
    """What all agents saw of a file could have happened one after the other."""
    for path in REGISTERS:
        seen = [record for record in after.records if record.path == path]
        if not is_linearizable(steps(seen, made(after.files.get(path, ())))):
            yield f"what was seen of {path} could not have happened one after the other"


def log(after: Aftermath) -> Iterator[str]:
    """The log has no gap, one event for each version, by the agent that asked for it, in the order of versions."""
    seqs = [event["seq"] for event in after.events]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "the log has a gap"
    told: dict[str, list[int]] = {}
    agents = {record.op: record.agent for record in after.records}
    for event in after.events:
        if event["type"] not in _CHANGES:
            continue
        path, number = event["path"], event["version"]
        told.setdefault(path, []).append(number)
        for op, _ in added(after.files[path], number) if path in after.files else ():
            if agents.get(op) != event["agent"]:
                yield f"{path}@{number} is by {event['agent']}, and was asked for by {agents.get(op)}"
    for path, contents in after.files.items():
        if told.get(path, []) != list(range(1, len(contents) + 1)):
            yield f"{path} has versions without their event, or events without their version"


def folder(after: Aftermath) -> Iterator[str]:
    """The folder holds what the newest versions are (I4)."""
    heads = {path: contents[-1] for path, contents in after.files.items() if contents}
    for path in sorted(heads.keys() | after.folder.keys()):
        if heads.get(path) != after.folder.get(path):
            yield f"{path} in the folder is not its newest version"


def outbox(after: Aftermath) -> Iterator[str]:
    """Each firing reached its receiver, under one id, and nothing else did."""
    for kind, arrived in (("delivery", after.received), ("job", after.worked)):
        sent = {
            event[kind]: event["firing"] for event in after.events if event["type"] == "trigger.fired" and kind in event
        }
        for number, firing in sent.items():
            if number not in {one for one, _ in arrived}:
                yield f"{kind} {number} of {firing} never arrived"
        for number, firing in set(arrived):
            if sent.get(number) != firing:
                yield f"{kind} {number} arrived for {firing}, and is of {sent.get(number)}"
        if len(set(sent.values())) != len(sent):
            yield f"a firing has more than one {kind}"


def joins(events: Sequence[Event]) -> Iterator[str]:
    """Each trigger fired exactly once for each complete set: no version twice, none alone, none left over."""
    heads: dict[str, int] = {}
    used: dict[str, dict[str, int]] = {}
    for event in events:
        if event["type"] in _CHANGES:
            heads[event["path"]] = event["version"]
        elif event["type"] == "trigger.fired":
            inputs = {one["path"]: one["version"] for one in event["inputs"]}
            before = used.get(event["trigger"], {})
            if set(inputs) != set(INPUTS):
                yield f"{event['firing']} fired with {sorted(inputs)}"
            if any(heads.get(path) != version for path, version in inputs.items()):
                yield f"{event['firing']} saw {json.dumps(inputs)} where {json.dumps(heads)} stood"
            if any(version <= before.get(path, 0) for path, version in inputs.items()):
                yield f"{event['firing']} took an input a second time"
            used[event["trigger"]] = inputs
    for trigger, inputs in used.items():
        if all(heads.get(path, 0) > inputs.get(path, 0) for path in INPUTS):
            yield f"{trigger} did not fire for the last complete set"
    if not used and all(path in heads for path in INPUTS):
        yield "no trigger ever fired"


_CHANGES = {"file.created", "file.updated", "file.deleted", "file.moved", "file.restored"}


def _chained(after: Aftermath) -> Iterator[tuple[str, Sequence[str]]]:
    """The files that only ever grow."""
    return ((path, after.files.get(path, ())) for path in (*REGISTERS, *PAIR))
