"""What the product promises, and which tests show it; a promise without a test fails, and so does a test that is gone.

`P` are the promises of the README. The other letters are rules of the documented behaviour: `W` writes, `L` locks,
`M` MCP, `A` identity, `F` files and folder, `E` events, `T` triggers, `D` deliveries, `J` jobs, `X` index,
`O` processes, `H` HTTP, `V` web view, `C` command line, `S` the story, `K` the project itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """One promise or rule.

    Attributes:
        shown_by: Tests as `file.py::name` below `tests/`; a name stands for all its parameters.
    """

    text: str
    shown_by: tuple[str, ...]


DELIVERED: dict[str, Requirement] = {
    "P1": Requirement("No lost update: a replacing write names its version, holds the lock, or overwrites", ()),
    "P2": Requirement("A holder that was paused past its lock's time cannot write under it", ()),
    "P3": Requirement("Acknowledged means durable, after kill -9", ()),
    "P4": Requirement("Exactly one event per accepted change, in commit order; one id over all attempts", ()),
    "P5": Requirement("A join fires exactly once per complete set", ()),
    "P6": Requirement("No path leads out of the workspace, by any door", ()),
    "P7": Requirement("An edit on disk is never overwritten blindly", ()),
    "P8": Requirement("The index is disposable, says how fresh it is, and can be waited for", ()),
    "P9": Requirement("Every fact has a citation that stands at its place", ()),
    "W1": Requirement("History belongs to the path: numbers never restart, a delete is no version", ()),
    "W2": Requirement("Checks come in the order arguments, path, scope, lock, identical content, version, content", ()),
    "W3": Requirement("What needs a version, what does not, and that a given one is always honoured", ()),
    "W4": Requirement("A merge is three-way against the expected version, or a conflict with a diff", ()),
    "W5": Requirement("Several files change together or not at all", ()),
    "W6": Requirement("A repeated request id gets the first answer", ()),
    "W7": Requirement("Content that is the same makes neither version nor event", ()),
    "L1": Requirement("Locks go by handle; a handle works for its agent only", ()),
    "L2": Requirement("Exclusive and shared locks on paths, directories and patterns, all or nothing", ()),
    "L3": Requirement("Every call that gives the handle renews the lock", ()),
    "M1": Requirement("Wrong arguments and unknown tools are refusals that a model can read", ()),
    "M2": Requirement("The tool list stays within its bytes", ()),
    "M3": Requirement("Both eras of MCP are served at one address", ()),
    "M4": Requirement("A whole result stays within its token budget", ()),
    "M5": Requirement("Resources, completions and prompts", ()),
    "A1": Requirement("Agents' names come with the address, a header, the call or the process", ()),
    "A2": Requirement("Host and Origin are checked at every door", ()),
    "A3": Requirement("What coding agents obey unasked needs admin to write", ()),
    "F1": Requirement("An existing folder is taken in as one change by `import`", ()),
    "F2": Requirement("Edits on disk become versions by `external`", ()),
    "F3": Requirement("What is ignored is left as it is, and counted with reasons", ()),
    "F4": Requirement("Recovery at start finishes what was committed", ()),
    "E1": Requirement("The feed replayed from 0 equals the folder", ()),
    "E2": Requirement("A stream resumes where it stopped", ()),
    "T1": Requirement("A firing waits until its file has settled", ()),
    "T2": Requirement("A firing waits for the exclusive lock that its input was written under", ()),
    "T3": Requirement("Captures make a round per value, and `refire` a new round", ()),
    "T4": Requirement("A bare pattern with `all` is refused", ()),
    "D1": Requirement("Webhooks are signed so that an independent library verifies them", ()),
    "D2": Requirement("Retries are durable and keep their id", ()),
    "D3": Requirement("Webhooks go only where they may", ()),
    "J1": Requirement("A job is claimed by one worker, and comes back when the worker is lost", ()),
    "J2": Requirement("`work` runs a program per job, and its exit code decides", ()),
    "X1": Requirement("Facts that contradict each other are reported", ()),
    "X2": Requirement("Exact search goes through every head", ()),
    "O1": Requirement("Any number of stdio processes share one workspace", ()),
    "O2": Requirement("Killing the owner loses nothing that was acknowledged, and the others go on", ()),
    "O3": Requirement("`serve` takes over from a background owner, and refuses another `serve`", ()),
    "H1": Requirement("Versions are ETags, and preconditions are honoured", ()),
    "H2": Requirement("Hostile paths are treated as the list says at every route", ()),
    "V1": Requirement("Content cannot script the web view", ()),
    "C1": Requirement("An unknown setting is an error that names it", ()),
    "S1": Requirement("The whole story runs, and checks itself", ()),
    "S2": Requirement("The four patterns run as examples", ()),
    "K1": Requirement(
        "The layers hold",
        (
            "project/test_layers.py::test_every_import_points_down",
            "project/test_layers.py::test_a_hole_in_any_wall_is_found",
        ),
    ),
    "K2": Requirement(
        "The built wheel installs into an empty environment and serves",
        ("project/test_wheel.py::test_the_wheel_installs_into_an_empty_environment_and_serves",),
    ),
    "K3": Requirement(
        "The pages match the code",
        (
            "project/test_docs.py::test_every_setting_is_documented",
            "project/test_docs.py::test_every_error_is_documented_with_its_status_and_exit_code",
            "project/test_docs.py::test_every_event_type_is_documented",
            "project/test_docs.py::test_every_tool_is_documented_with_its_parameters",
        ),
    ),
    "K4": Requirement(
        "Dependencies are pinned with hashes, past known holes, and name no address",
        (
            "project/test_dependencies.py::test_the_lock_names_no_address",
            "project/test_dependencies.py::test_a_version_with_a_known_hole_cannot_be_installed",
        ),
    ),
}

LATER: dict[str, str] = {
    "P10": "A token's scope is a boundary: path globs and verbs, on every door",
    "P3-power": "Acknowledged means durable, after a power cut",
    "W8": "Refused content is kept as a draft",
    "W9": "A replacement that elides what it did not see is questioned",
    "L4": "Waiting in line for a lock, and intent locks",
    "T5": "Deadlines, schedules, approvals, checks",
    "M6": "The MCP Events extension",
    "X3": "PDF and Office files",
    "C2": "Undo, backup, restore, fork, purge",
}
"""What is decided and not built yet. Nothing may promise these."""
