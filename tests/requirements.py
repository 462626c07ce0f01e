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
    "P5": Requirement(
        "A join fires exactly once per complete set",
        (
            "model/test_joins.py::TestJoins",
            "core/test_joins.py::test_all_fires_once_when_the_last_input_is_in",
            "core/test_joins.py::test_it_never_fires_with_fifteen_of_sixteen",
            "services/test_triggers.py::test_a_half_complete_set_survives_a_restart",
            "services/test_triggers.py::test_an_input_that_arrives_while_the_consumer_runs_is_not_dropped",
        ),
    ),
    "P6": Requirement(
        "No path leads out of the workspace, by any door",
        (
            "storage/test_tree.py::test_no_path_escapes_while_somebody_swaps_a_directory_for_a_link",
            "storage/test_tree.py::test_control_a_check_of_the_real_path_leaks_in_the_same_race",
            "interfaces/mcp/test_tools.py::test_no_tool_gives_more_than_a_refusal_for_hostile_paths",
            "core/test_paths.py::test_every_hostile_path_is_treated_as_the_list_says",
        ),
    ),
    "P7": Requirement("An edit on disk is never overwritten blindly", ()),
    "P8": Requirement(
        "The index is disposable, says how fresh it is, and can be waited for",
        (
            "indexer/test_follower.py::test_a_damaged_index_is_noticed_by_the_next_query_and_built_again",
            "indexer/test_whoosh_index.py::test_an_index_that_is_absent_or_of_another_form_asks_to_be_built",
        ),
    ),
    "P9": Requirement(
        "Every fact has a citation that stands at its place",
        ("indexer/test_citations.py::test_every_quote_stands_at_its_span_and_on_its_lines",),
    ),
    "W1": Requirement("History belongs to the path: numbers never restart, a delete is no version", ()),
    "W2": Requirement("Checks come in the order arguments, path, scope, lock, identical content, version, content", ()),
    "W3": Requirement(
        "What needs a version, what does not, and that a given one is always honoured",
        (
            "core/test_versions.py::test_each_of_three_words_lets_a_write_replace_a_file",
            "core/test_versions.py::test_a_given_version_is_honoured_whatever_else_is_said",
            "core/test_versions.py::test_making_a_file_needs_no_word",
        ),
    ),
    "W4": Requirement("A merge is three-way against the expected version, or a conflict with a diff", ()),
    "W5": Requirement("Several files change together or not at all", ()),
    "W6": Requirement(
        "A repeated request id gets the first answer",
        ("interfaces/mcp/test_tools.py::test_a_repeated_request_id_changes_nothing_twice",),
    ),
    "W7": Requirement("Content that is the same makes neither version nor event", ()),
    "L1": Requirement(
        "Locks go by handle; a handle works for its agent only",
        (
            "core/test_locks.py::test_a_write_under_ones_own_lock_without_its_handle_is_refused_too",
            "core/test_locks.py::test_a_handle_that_holds_nothing_is_refused_with_the_reason",
        ),
    ),
    "L2": Requirement("Exclusive and shared locks on paths, directories and patterns, all or nothing", ()),
    "L3": Requirement("Every call that gives the handle renews the lock", ()),
    "M1": Requirement(
        "Wrong arguments and unknown tools are refusals that a model can read",
        (
            "interfaces/mcp/test_tools.py::test_wrong_arguments_are_told_to_the_model",
            "interfaces/mcp/test_tools.py::test_a_misspelt_argument_is_recognised",
        ),
    ),
    "M2": Requirement(
        "The tool list stays within its bytes",
        (
            "interfaces/mcp/test_tools.py::test_the_tool_list_is_small_and_mostly_words",
            "interfaces/mcp/test_tools.py::test_the_setting_core_offers_fourteen_tools",
        ),
    ),
    "M3": Requirement("Both eras of MCP are served at one address", ()),
    "M4": Requirement("A whole result stays within its token budget", ()),
    "M5": Requirement("Resources, completions and prompts", ()),
    "A1": Requirement(
        "Agents' names come with the address, a header, the call or the process",
        (
            "interfaces/test_guard.py::test_a_name_comes_from_meta_then_header_then_query",
            "interfaces/mcp/test_tools.py::test_agents_on_one_connection_are_told_apart",
            "interfaces/test_guard.py::test_malformed_and_reserved_names_are_refused",
        ),
    ),
    "A2": Requirement(
        "Host and Origin are checked at every door",
        (
            "interfaces/test_guard.py::test_a_foreign_name_that_resolves_to_us_is_refused",
            "interfaces/test_guard.py::test_pages_of_others_may_not_call",
            "interfaces/test_guard.py::test_the_middleware_answers_with_the_refusal_before_anything_looks",
        ),
    ),
    "A3": Requirement("What coding agents obey unasked needs admin to write", ()),
    "F1": Requirement("An existing folder is taken in as one change by `import`", ()),
    "F2": Requirement("Edits on disk become versions by `external`", ()),
    "F3": Requirement(
        "What is ignored is left as it is, and counted with reasons",
        (
            "storage/test_ignore.py::test_the_defaults_leave_out_what_nobody_wants",
            "storage/test_ignore.py::test_pathspec_agrees_entry_by_entry",
            "storage/test_scan.py::test_every_file_is_found_and_the_rest_is_counted_by_reason",
        ),
    ),
    "F4": Requirement("Recovery at start finishes what was committed", ()),
    "E1": Requirement("The feed replayed from 0 equals the folder", ()),
    "E2": Requirement("A stream resumes where it stopped", ()),
    "T1": Requirement(
        "A firing waits until its file has settled",
        (
            "services/test_triggers.py::test_a_pause_joins_a_burst_of_saves",
            "core/test_joins.py::test_saves_without_a_pause_cannot_put_a_firing_off_forever",
        ),
    ),
    "T2": Requirement(
        "A firing waits for the exclusive lock that its input was written under",
        (
            "services/test_triggers.py::test_a_firing_waits_until_its_input_is_unlocked",
            "services/test_triggers.py::test_a_lock_granted_later_holds_nothing",
            "services/test_triggers.py::test_a_lock_that_is_held_too_long_makes_the_firing_unclean",
        ),
    ),
    "T3": Requirement(
        "Captures make a round per value, and `refire` a new round",
        (
            "services/test_triggers.py::test_each_value_of_a_capture_has_its_own_round",
            "services/test_triggers.py::test_refire_any_makes_a_new_round_of_one_new_input",
            "services/test_triggers.py::test_a_deleted_input_is_missing_again",
        ),
    ),
    "T4": Requirement(
        "A bare pattern with `all` is refused", ("core/test_triggers.py::test_a_bare_glob_cannot_mean_all",)
    ),
    "D1": Requirement(
        "Webhooks are signed so that an independent library verifies them",
        (
            "delivery/test_signing.py::test_the_receiver_verifies_what_was_signed",
            "delivery/test_signing.py::test_the_body_is_a_structured_cloudevents_event",
        ),
    ),
    "D2": Requirement("Retries are durable and keep their id", ()),
    "D3": Requirement(
        "Webhooks go only where they may",
        (
            "delivery/test_sender.py::test_a_name_is_resolved_once_and_the_judged_address_is_the_one_connected_to",
            "delivery/test_sender.py::test_a_redirect_is_an_answer_and_is_not_followed",
            "delivery/test_guard.py::test_an_address_inside_is_refused",
            "services/test_triggers.py::test_a_webhook_goes_only_where_the_operator_says",
        ),
    ),
    "J1": Requirement("A job is claimed by one worker, and comes back when the worker is lost", ()),
    "J2": Requirement("`work` runs a program per job, and its exit code decides", ()),
    "X1": Requirement(
        "Facts that contradict each other are reported",
        (
            "indexer/test_conflicts.py::test_two_files_that_say_different_things_of_one_thing_contradict_each_other",
            "indexer/test_conflicts.py::test_what_may_rightly_differ_is_no_contradiction",
        ),
    ),
    "X2": Requirement(
        "Exact search goes through every head", ("indexer/test_exact.py::test_each_line_is_told_once_with_its_number",)
    ),
    "O1": Requirement("Any number of stdio processes share one workspace", ()),
    "O2": Requirement("Killing the owner loses nothing that was acknowledged, and the others go on", ()),
    "O3": Requirement(
        "`serve` takes over from a background owner, and refuses another `serve`",
        (
            "app/test_owner.py::test_serve_takes_over_from_a_background_owner",
            "app/test_owner.py::test_a_second_serve_is_told_who_owns_the_folder",
        ),
    ),
    "H1": Requirement("Versions are ETags, and preconditions are honoured", ()),
    "H2": Requirement("Hostile paths are treated as the list says at every route", ()),
    "V1": Requirement("Content cannot script the web view", ()),
    "C1": Requirement(
        "An unknown setting is an error that names it",
        (
            "test_config.py::test_an_unknown_key_is_named_with_its_nearest",
            "test_config.py::test_an_unknown_variable_is_named",
        ),
    ),
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
