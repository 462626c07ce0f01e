"""What the product promises, and which tests show it; a promise without a test fails, and so does a test that is gone.

`P` are the promises of the README. The other letters are rules of the documented behaviour: `W` writes, `L` locks,
`M` MCP, `A` identity, `F` files and folder, `E` events, `T` triggers, `D` deliveries, `J` jobs, `X` index,
`O` processes, `U` upkeep, `H` HTTP, `V` web view, `C` command line, `S` the story,
`Y` history and undo, `I` the boundary, `R` recovery from faults, `K` the project itself.
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
    "P1": Requirement(
        "No lost update: a replacing write names its version, holds the lock, or overwrites",
        (
            "services/files/test_writing.py::test_replacing_a_file_takes_its_version_its_lock_or_insistence",
            "model/test_workspace_machine.py::TestWorkspace",
            "model/test_workspace_machine.py::test_a_workspace_that_breaks_its_word_is_found",
            "services/test_recording.py::test_many_writers_lose_no_line_and_leave_no_gap",
            "services/files/test_writing.py::test_a_version_that_never_was_is_a_conflict_without_a_diff",
            "clients/test_examples.py::test_event_driven_refuses_the_stale_save_and_merges",
            "storm/test_storm.py::test_a_storm_loses_nothing_and_lets_nobody_write_late",
            "storm/test_storm.py::test_a_server_that_breaks_its_word_is_found",
            "storm/test_linear.py::test_it_says_what_trying_all_orders_says",
        ),
    ),
    "P2": Requirement(
        "A holder that was paused past its lock's time cannot write under it",
        (
            "core/test_locks.py::test_a_lock_ends_at_its_deadline_exactly",
            "services/locking/test_locks.py::test_a_holder_that_was_paused_past_its_time_cannot_write_even_if_nobody_took_the_lock",
            "services/locking/test_locks.py::test_a_lock_whose_file_changed_after_its_time_is_not_revived_by_a_restart",
            "services/locking/test_locks.py::test_a_lock_whose_file_was_edited_on_disk_after_its_time_is_not_revived_by_a_restart",
            "services/files/test_writing.py::test_a_lost_lock_says_whether_the_file_moved_on",
            "storm/test_storm.py::test_a_storm_loses_nothing_and_lets_nobody_write_late",
            "storm/test_storm.py::test_a_server_that_breaks_its_word_is_found",
            "storm/test_checks.py::test_a_write_under_an_ended_lock_is_found",
        ),
    ),
    "P3": Requirement(
        "Acknowledged means durable, after kill -9",
        (
            "faults/test_kill.py::test_a_killed_server_loses_no_acknowledged_write",
            "faults/test_kill_and_repeat.py::test_nothing_acknowledged_is_lost_when_the_server_is_killed_at_any_moment",
            "faults/test_kill_and_repeat.py::test_a_server_that_acknowledges_before_it_commits_is_found",
            "scenarios/test_many_processes.py::test_no_acknowledged_write_is_lost_and_none_is_made_twice_when_the_owner_is_killed",
            "scenarios/test_story.py::test_nothing_acknowledged_is_lost_when_the_server_is_killed_again_and_again",
            "storage/test_database.py::test_the_settings_that_the_promises_rest_on_are_on",
        ),
    ),
    "P4": Requirement(
        "Exactly one event per accepted change, in commit order; one id over all attempts",
        (
            "services/files/test_writing.py::test_a_change_has_one_event_with_the_facts_of_the_contract",
            "services/automation/sending/test_deliveries.py::test_a_failed_attempt_is_made_again_under_the_same_id",
            "services/automation/sending/test_deliveries.py::test_what_was_committed_and_never_sent_is_sent_by_the_next_server",
            "storage/upkeep/test_integrity.py::test_a_gap_in_the_log_is_found",
            "storage/test_memory.py::test_a_counter_has_no_gap_over_bodies_that_are_refused",
            "storage/test_memory.py::test_a_counter_falls_back_with_a_commit_that_fails",
            "storm/test_storm.py::test_a_storm_loses_nothing_and_lets_nobody_write_late",
            "storm/test_storm.py::test_a_server_that_breaks_its_word_is_found",
        ),
    ),
    "P5": Requirement(
        "A join fires exactly once per complete set",
        (
            "model/test_joins.py::TestJoins",
            "services/test_exactly_once.py::test_a_join_fires_exactly_once_per_complete_set",
            "core/test_joins.py::test_it_never_fires_with_fifteen_of_sixteen",
            "services/automation/test_triggers.py::test_a_half_complete_set_survives_a_restart",
            "services/automation/test_triggers.py::test_an_input_that_arrives_while_the_consumer_runs_is_not_dropped",
            "storm/test_storm.py::test_a_storm_loses_nothing_and_lets_nobody_write_late",
            "storm/test_checks.py::test_a_set_that_fires_twice_is_found",
        ),
    ),
    "P6": Requirement(
        "No path leads out of the workspace, by any door",
        (
            "storage/disk/test_tree.py::test_no_path_escapes_while_somebody_swaps_a_directory_for_a_link",
            "storage/disk/test_tree.py::test_control_a_check_of_the_real_path_leaks_in_the_same_race",
            "scenarios/test_hostile_paths.py::test_every_tool_treats_every_path_as_it_should",
            "scenarios/test_hostile_paths.py::test_every_route_treats_every_path_as_it_should",
            "scenarios/test_hostile_paths.py::test_both_doors_decide_alike",
            "scenarios/test_path_races.py::test_no_door_leads_outside_while_somebody_swaps_a_directory_for_a_link",
            "scenarios/test_path_races.py::test_control_a_server_that_checks_the_real_path_leaks_in_the_same_race",
        ),
    ),
    "P7": Requirement(
        "An edit on disk is never overwritten blindly",
        (
            "services/tree/test_working_tree.py::test_an_edit_that_a_write_displaces_is_kept_as_a_conflict_copy",
            "services/tree/test_working_tree.py::test_an_edit_wins_over_a_deletion",
            "services/tree/test_recovery.py::test_an_edit_that_was_displaced_right_before_the_crash_is_kept",
            "services/tree/test_working_tree.py::test_a_late_write_into_a_displaced_file_is_kept",
        ),
    ),
    "P8": Requirement(
        "The index is disposable, says how fresh it is, and can be waited for",
        (
            "indexer/test_passage_follower.py::test_a_damaged_index_is_noticed_by_the_next_query_and_built_again",
            "services/index/test_search.py::test_a_query_waits_for_a_change_and_says_when_it_did_not_come",
            "services/index/test_search.py::test_the_status_says_how_far_the_index_is",
        ),
    ),
    "P9": Requirement(
        "Every fact has a citation that stands at its place",
        (
            "indexer/test_citations.py::test_every_quote_stands_at_its_span_and_on_its_lines",
            "services/index/test_search.py::test_a_fact_is_told_with_its_place_and_its_writer",
            "services/index/test_search.py::test_only_the_head_of_a_file_is_told",
        ),
    ),
    "P10": Requirement(
        "A token's scope is a boundary: path globs and verbs, on every door",
        (
            "interfaces/test_matrix.py::test_every_tool_has_a_rule_that_holds_for_every_principal",
            "interfaces/test_matrix.py::test_every_operation_has_a_rule_that_holds_for_every_principal",
            "interfaces/web/test_matrix.py::test_every_page_and_form_has_a_rule_that_holds_for_every_principal",
            "interfaces/mcp/test_scoped.py::test_resources_are_those_that_may_be_read",
            "interfaces/mcp/test_unix_socket.py::test_a_process_proves_who_it_is_until_its_token_is_revoked",
            "services/test_scoped.py::test_no_answer_tells_of_what_lies_outside_of_the_scope",
            "services/test_scoped.py::test_what_is_about_the_whole_workspace_takes_a_grant_for_all_of_it",
            "services/automation/sending/test_scoped.py::test_no_answer_tells_of_triggers_that_reach_beyond_the_scope",
            "services/subscribing/test_scoped.py::test_a_part_hears_of_what_it_may_read_and_no_more_of_it",
            "fuzz/test_patterns.py::test_what_lies_in_a_grant_is_allowed_path_by_path",
        ),
    ),
    "W1": Requirement(
        "History belongs to the path: numbers never restart, a delete is no version",
        (
            "services/files/test_writing.py::test_numbers_go_on_after_a_delete",
            "services/files/test_writing.py::test_a_delete_is_an_event_and_keeps_the_history",
            "services/files/test_writing.py::test_a_move_is_the_next_version_there_a_delete_here_and_one_event",
        ),
    ),
    "W2": Requirement(
        "Checks come in the order arguments, path, scope, lock, identical content, version, content",
        ("services/files/test_writing.py::test_checks_come_in_the_order_of_the_contract",),
    ),
    "W3": Requirement(
        "What needs a version, what does not, and that a given one is always honoured",
        (
            "core/test_versions.py::test_each_of_three_words_lets_a_write_replace_a_file",
            "core/test_versions.py::test_a_given_version_is_honoured_whatever_else_is_said",
            "core/test_versions.py::test_making_a_file_needs_no_word",
        ),
    ),
    "W4": Requirement(
        "A merge is three-way against the expected version, or a conflict with a diff",
        (
            "services/files/test_writing.py::test_changes_in_different_places_are_merged",
            "services/files/test_writing.py::test_changes_in_one_place_are_a_conflict_with_a_diff",
        ),
    ),
    "W5": Requirement(
        "Several files change together or not at all",
        (
            "services/files/test_batches.py::test_one_refusal_takes_everything_back_and_names_its_change",
            "interfaces/http/test_files.py::test_several_changes_are_made_together_or_not_at_all",
        ),
    ),
    "W6": Requirement(
        "A repeated request id gets the first answer",
        (
            "services/test_recording.py::test_every_changing_call_can_be_repeated",
            "interfaces/mcp/test_tools.py::test_a_repeated_request_id_changes_nothing_twice",
            "interfaces/http/test_files.py::test_a_repeated_request_is_answered_from_the_record",
            "scenarios/test_many_processes.py::test_a_call_in_flight_is_answered_by_the_next_owner",
        ),
    ),
    "W7": Requirement(
        "Content that is the same makes neither version nor event",
        (
            "services/files/test_writing.py::test_the_same_content_is_no_version_and_no_event_whatever_version_is_expected",
        ),
    ),
    "W8": Requirement(
        "A refused write keeps its content as a draft of its agent, for an hour, within a quota",
        (
            "services/files/test_drafts.py::test_each_refusal_of_a_write_keeps_what_was_sent_and_says_how_to_send_it",
            "services/files/test_drafts.py::test_what_was_to_be_appended_is_appended",
            "services/files/test_drafts.py::test_an_upload_is_kept_as_well",
            "services/files/test_drafts.py::test_the_writes_of_a_refused_commit_are_kept_each_by_itself",
            "services/files/test_drafts.py::test_a_draft_is_of_one_agent_and_of_one_hour",
            "services/files/test_drafts.py::test_a_draft_outlives_the_server",
            "services/files/test_drafts.py::test_the_oldest_drafts_go_where_the_quota_ends",
            "services/files/test_drafts.py::test_after_a_merge_that_failed_the_hint_is_another_call",
            "services/files/test_drafts.py::test_no_merge_is_advised_where_there_is_nothing_to_merge",
            "services/files/test_drafts.py::test_what_conflicts_under_a_lock_is_sent_again_under_it",
            "interfaces/http/test_files.py::test_a_refused_body_is_sent_again_by_its_draft",
        ),
    ),
    "W9": Requirement(
        "A shortened copy is refused and can be insisted on; a meant replacement is not",
        (
            "core/test_elision.py::test_a_line_that_stands_for_others_is_found_in_many_languages",
            "core/test_elision.py::test_a_line_that_speaks_of_other_things_is_none",
            "core/test_elision.py::test_the_standard_library_is_hardly_ever_taken_for_shortened",
            "core/test_elision.py::test_what_was_not_shown_is_missed_unless_it_is_sent",
            "core/test_elision.py::test_many_markers_cost_no_more_than_as_many_lines",
            "services/files/test_drafts.py::test_to_insist_on_a_short_text_goes_under_the_same_locks",
            "services/files/test_drafts.py::test_to_insist_on_a_short_text_replaces_only_what_it_was_held_against",
            "services/files/test_conflicts.py::test_a_write_is_judged_before_its_commit_and_again_only_when_its_base_moved",
            "services/files/test_conflicts.py::test_a_replacement_with_a_marker_is_refused_and_can_be_insisted_on",
            "services/files/test_conflicts.py::test_the_guard_comes_after_the_version_and_holds_under_a_lock_in_commits_and_in_merges",
            "services/files/test_conflicts.py::test_who_was_shown_a_part_cannot_drop_the_rest",
            "services/files/test_conflicts.py::test_reading_on_to_the_end_is_seeing_all",
            "services/files/test_conflicts.py::test_what_was_seen_outlives_the_server",
        ),
    ),
    "W10": Requirement(
        "A change is told of inputs that moved on, and of what others announced",
        (
            "services/files/test_conflicts.py::test_a_write_is_told_once_which_of_its_inputs_moved_on",
            "services/files/test_conflicts.py::test_reading_again_or_changing_it_oneself_is_being_up_to_date",
            "services/files/test_conflicts.py::test_named_sources_are_compared_with_what_is_there_now",
            "services/files/test_seen.py::test_a_replayed_answer_leaves_what_it_does_not_say_for_the_next",
            "services/files/test_seen.py::test_who_is_told_that_nothing_changed_is_up_to_date",
            "services/files/test_seen.py::test_a_change_warns_of_nothing_that_it_takes_away_itself",
            "services/files/test_seen.py::test_what_was_read_is_written_once_the_disk_has_room",
            "services/files/test_conflicts.py::test_what_others_announced_stands_in_reads_and_in_every_change",
            "services/files/test_conflicts.py::test_who_may_not_read_is_told_no_purpose_and_nothing_of_inputs",
            "interfaces/http/test_files.py::test_a_change_is_told_of_announcements_and_of_inputs_that_moved_on",
        ),
    ),
    "W11": Requirement(
        "The last change under a lock can give it back; locks are looked at before what stands there",
        (
            "services/files/test_conflicts.py::test_the_last_write_under_a_lock_gives_it_back",
            "services/files/test_conflicts.py::test_a_lock_is_looked_at_before_what_stands_there",
            "interfaces/http/test_files.py::test_a_change_can_be_the_last_under_its_lock",
        ),
    ),
    "W12": Requirement(
        "A reader that knows a version gets the difference, or hears that nothing changed",
        ("services/files/test_conflicts.py::test_a_reader_that_knows_a_version_gets_only_what_changed",),
    ),
    "L1": Requirement(
        "Locks go by handle; a handle works for its agent only",
        (
            "core/test_locks.py::test_a_write_under_ones_own_lock_without_its_handle_is_refused_too",
            "core/test_locks.py::test_a_handle_that_holds_nothing_is_refused_with_the_reason",
            "services/locking/test_locks.py::test_a_handle_works_for_its_agent_only",
            "services/locking/test_locks.py::test_two_clients_of_one_name_do_not_share_what_one_of_them_holds",
        ),
    ),
    "L2": Requirement(
        "Exclusive and shared locks on paths, directories and patterns, all or nothing",
        (
            "core/test_locks.py::test_only_shared_locks_stand_beside_each_other_and_intents_beside_all",
            "services/locking/test_locks.py::test_a_lock_by_any_selector_stops_writes_below_it",
            "services/locking/test_locks.py::test_several_paths_are_locked_together_or_not_at_all",
            "core/test_locks.py::test_a_lock_covers_what_any_of_its_parts_covers",
            "core/test_locks.py::test_of_locks_that_were_granted_beside_each_other_at_most_one_exclusive_covers_a_path",
            "core/test_patterns.py::test_two_selectors_that_share_a_path_overlap",
        ),
    ),
    "L3": Requirement(
        "Every call that gives the handle renews the lock",
        ("services/files/test_writing.py::test_every_call_that_gives_the_handle_renews_the_lock_also_a_refused_one",),
    ),
    "L4": Requirement(
        "Who waits for a lock is served in the order of coming, together where nothing disputes it; nobody is stuck",
        (
            "core/test_lock_queue.py::TestLine",
            "core/test_claims.py::test_claims_meet_what_one_of_them_overlaps",
            "core/test_lock_queue.py::test_earlier_places_on_the_same_paths_go_before",
            "core/test_lock_queue.py::test_it_is_the_turn_of_those_that_nothing_live_and_nobody_earlier_stops",
            "services/locking/test_line.py::test_who_waits_gets_the_lock_however_it_ends",
            "services/locking/test_line.py::test_those_who_wait_are_served_in_the_order_in_which_they_came",
            "services/locking/test_line.py::test_whoever_comes_later_does_not_overtake_even_where_the_lock_is_free",
            "services/locking/test_line.py::test_a_waiting_exclusive_is_not_starved_by_later_shared_requests",
            "services/locking/test_line.py::test_shared_requests_that_wait_are_granted_together",
            "services/locking/test_line.py::test_behind_another_call_of_its_own_an_agent_waits_like_anybody",
        ),
    ),
    "L5": Requirement(
        "A place in line is kept for a minute, for the same request, and passed over while no call waits on it",
        (
            "services/locking/test_line.py::test_a_wait_that_ends_says_which_place_one_has_and_keeps_it",
            "services/locking/test_line.py::test_a_place_on_which_no_call_waits_is_passed_over",
            "services/locking/test_line.py::test_a_place_is_for_the_same_paths_and_mode_only",
            "services/locking/test_line.py::test_a_place_is_lost_after_its_time",
            "services/locking/test_line.py::test_asking_without_waiting_takes_no_place",
            "services/locking/test_line.py::test_places_outlive_the_server_and_nobody_waits_at_its_start",
            "scenarios/test_many_processes.py::test_who_waits_for_a_lock_goes_on_waiting_under_the_next_owner",
        ),
    ),
    "L6": Requirement(
        "A call that is cancelled, or whose client goes away, stands in nobody's way and holds nothing unheard of",
        (
            "services/locking/test_line.py::test_a_call_that_is_cancelled_leaves_the_line",
            "services/locking/test_line.py::test_a_call_cancelled_before_it_stands_in_line_does_not_stay_there",
            "services/locking/test_line.py::test_a_lock_granted_to_a_call_that_nobody_waits_for_any_more_is_given_back",
            "services/locking/test_line.py::test_a_call_with_a_request_id_that_is_cancelled_gives_its_lock_back_too",
            "services/locking/test_line.py::test_what_cannot_be_given_back_now_is_given_back_later",
            "services/locking/test_line.py::test_a_place_that_cannot_be_left_now_is_left_later_and_the_server_goes_on_meanwhile",
            "interfaces/http/test_services.py::test_a_client_that_goes_away_leaves_the_line",
            "interfaces/http/test_services.py::test_a_client_that_goes_away_while_it_waits_gets_no_job",
            "services/automation/test_jobs.py::test_a_claim_that_comes_too_late_for_a_call_that_is_gone_goes_to_the_next",
            "scenarios/test_many_processes.py::test_a_killed_process_leaves_the_line",
        ),
    ),
    "L7": Requirement(
        "Intent locks keep nobody out, are kept out by nothing, and are told to others",
        (
            "core/test_locks.py::test_an_intent_neither_stops_a_write_nor_vouches_for_it",
            "services/locking/test_announced.py::test_others_are_told_what_somebody_is_about_to_do",
            "services/locking/test_announced.py::test_an_intent_is_in_nobodys_way_and_nothing_is_in_its_way",
            "services/locking/test_announced.py::test_an_intent_is_told_of_until_it_is_given_back_or_runs_out",
        ),
    ),
    "L8": Requirement(
        "A living process keeps its locks, a stopped one loses them, and a hung agent does so in the end",
        (
            "core/test_locks.py::test_a_sign_of_life_prolongs_a_lock_by_its_time_but_not_for_ever",
            "services/locking/test_liveness.py::test_signs_of_life_keep_the_locks_of_their_process",
            "services/locking/test_liveness.py::test_a_process_whose_agent_hangs_loses_its_lock_in_the_end",
            "services/locking/test_liveness.py::test_a_lock_that_has_run_out_is_not_revived_by_a_sign_of_life",
            "services/locking/test_liveness.py::test_a_lock_is_kept_by_the_process_that_used_it_last",
            "services/locking/test_liveness.py::test_a_sign_of_life_on_the_socket_keeps_the_locks_and_nothing_answers_it",
            "scenarios/test_many_processes.py::test_a_living_process_keeps_its_lock_and_a_stopped_one_loses_it",
        ),
    ),
    "L9": Requirement(
        "A person with the verb admin can break a lock; the holder is refused, and the log says who did it",
        (
            "services/locking/test_breaking.py::test_a_broken_lock_refuses_its_holder_and_tells_who_broke_it",
            "services/locking/test_breaking.py::test_breaking_is_in_the_audit_log_and_raises_the_fence",
            "services/locking/test_breaking.py::test_only_who_has_the_verb_admin_breaks_locks",
            "interfaces/http/test_services.py::test_a_lock_is_broken_by_its_name_with_the_verb_admin_only",
            "cli/test_commands.py::test_a_person_breaks_a_lock_and_sees_who_waits",
        ),
    ),
    "L10": Requirement(
        "Fences only rise, over restarts too, and locks and their time outlive a restart and a new schema",
        (
            "services/locking/test_locks.py::test_fences_only_rise",
            "services/locking/test_locks.py::test_locks_outlive_the_server_with_fresh_time",
            "services/locking/test_locks.py::test_a_restart_never_shortens_a_lock",
            "storage/test_migrations.py::test_locks_of_an_older_schema_hold_on",
        ),
    ),
    "L11": Requirement(
        "An agent has so many locks and places in line and no more; a request that cannot be changes nothing",
        (
            "services/locking/test_locks.py::test_an_agent_has_so_many_locks_and_no_more",
            "services/locking/test_line.py::test_an_agent_has_so_many_places_in_line_and_no_more",
            "services/locking/test_locks.py::test_wrong_arguments_are_refused",
            "services/locking/test_line.py::test_a_wait_has_bounds",
            "core/test_lock_queue.py::test_what_one_agent_locks_and_waits_for_is_bounded",
            "core/test_lock_queue.py::test_what_all_agents_together_wait_for_is_bounded",
            "core/test_patterns.py::test_a_hostile_pattern_takes_no_exponential_time",
            "core/test_patterns.py::test_patterns_that_take_long_to_compare_are_taken_to_overlap",
        ),
    ),
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
    "M3": Requirement(
        "Both eras of MCP are served at one address", ("app/test_server.py::test_both_eras_are_served_on_one_address",)
    ),
    "M4": Requirement(
        "A whole result stays within its token budget",
        (
            "services/index/test_search.py::test_no_answer_is_larger_than_its_budget",
            "services/files/test_listing.py::test_no_page_is_larger_than_its_budget_and_the_pages_together_are_the_whole",
            "services/files/test_reading.py::test_no_answer_is_larger_than_its_budget",
            "services/test_events.py::test_pages_within_a_budget_move_on_and_together_hold_every_event",
            "core/test_tokens.py::test_a_result_counts_as_it_goes_over_the_wire",
        ),
    ),
    "M5": Requirement(
        "Resources, completions and prompts",
        (
            "interfaces/mcp/test_resources.py::test_all_files_are_listed_page_by_page",
            "interfaces/mcp/test_resources.py::test_paths_are_completed",
            "interfaces/mcp/test_resources.py::test_the_five_prompts_are_filled_with_what_is_given",
            "interfaces/mcp/test_resources.py::test_a_commit_wakes_who_listens",
        ),
    ),
    "M6": Requirement(
        "MCP Events: what happens is listed, polled and pushed, in both eras and through every door",
        (
            "interfaces/mcp/events/test_polling.py::test_the_capability_stands_where_the_standard_wants_it_and_where_clients_look",
            "interfaces/mcp/events/test_polling.py::test_the_list_shows_every_event_with_its_schemas",
            "interfaces/mcp/events/test_polling.py::test_a_poll_finds_what_has_happened_since_its_cursor",
            "interfaces/mcp/events/test_polling.py::test_a_stale_cursor_is_put_at_the_head_and_is_no_error",
            "interfaces/mcp/events/test_polling.py::test_the_cursor_moves_on_while_nothing_happens_that_is_wanted",
            "interfaces/mcp/events/test_streams.py::test_a_stream_first_says_where_it_begins_and_then_sends_what_happens",
            "interfaces/mcp/events/test_streams.py::test_a_quiet_stream_says_where_it_stands",
            "interfaces/mcp/events/test_streams.py::test_a_reader_that_retention_has_overtaken_is_told_of_the_gap",
            "interfaces/mcp/events/test_streams.py::test_who_may_read_no_more_is_told_and_gets_nothing",
            "interfaces/mcp/events/test_doors.py::test_an_event_reaches_the_stream_of_a_client_at_every_door",
            "interfaces/mcp/events/test_doors.py::test_a_change_wakes_who_listens_at_every_door",
            "interfaces/mcp/events/test_doors.py::test_a_change_wakes_who_subscribed_by_a_handshake_at_every_door",
        ),
    ),
    "M7": Requirement(
        "MCP Events: an https receiver that wants them gets events, signed, at least once, also after a restart",
        (
            "interfaces/mcp/events/test_ai_sdk.py::test_the_ai_sdk_lists_subscribes_proves_itself_and_hears_of_events_and_of_the_end",
            "interfaces/mcp/events/test_subscribing.py::test_a_client_subscribes_hears_refreshes_and_unsubscribes",
            "interfaces/mcp/events/test_subscribing.py::test_only_an_explicit_null_asks_for_a_life_without_an_end",
            "interfaces/mcp/events/test_subscribing.py::test_what_cannot_be_subscribed_to_is_refused_by_the_extensions_numbers",
            "services/subscribing/test_subscriptions.py::test_a_receiver_is_asked_once_and_then_gets_signed_events",
            "services/subscribing/test_subscriptions.py::test_a_subscription_outlives_the_server",
            "faults/test_subscribing.py::test_every_event_arrives_once_or_more_under_one_id_whenever_the_server_is_killed",
            "services/subscribing/test_subscriptions.py::test_the_cursor_never_passes_an_event_that_has_not_arrived",
            "services/subscribing/test_subscriptions.py::test_an_event_that_a_receiver_will_not_have_is_not_repeated_and_the_others_come",
            "services/subscribing/test_subscriptions.py::test_unsubscribing_ends_it_and_can_be_repeated_for_a_day",
            "services/subscribing/test_subscriptions.py::test_too_much_on_its_way_becomes_a_gap",
            "services/subscribing/test_subscriptions.py::test_events_that_retention_took_before_they_were_looked_at_become_a_gap",
            "services/subscribing/test_subscriptions.py::test_who_may_read_no_more_is_told_once_and_hears_nothing",
            "services/subscribing/test_subscriptions.py::test_a_receiver_that_does_not_send_the_challenge_back_gets_nothing",
            "services/subscribing/test_subscriptions.py::test_one_agent_has_a_bounded_number_and_all_together_too",
        ),
    ),
    "A1": Requirement(
        "Agents' names come with the address, a header, the call or the process",
        (
            "interfaces/test_guard.py::test_a_name_comes_from_meta_then_header_then_query",
            "interfaces/mcp/test_tools.py::test_agents_on_one_connection_are_told_apart",
            "scenarios/test_many_processes.py::test_agents_that_give_no_name_get_one_each",
        ),
    ),
    "A2": Requirement(
        "Host and Origin are checked at every door",
        (
            "interfaces/test_guard.py::test_a_foreign_name_that_resolves_to_us_is_refused",
            "interfaces/test_guard.py::test_pages_of_others_may_not_call",
            "app/test_server.py::test_no_door_opens_to_a_foreign_name_or_page",
            "app/test_server.py::test_without_tokens_only_this_machine_is_listened_to",
        ),
    ),
    "A3": Requirement(
        "What coding agents obey unasked needs admin to write",
        (
            "services/files/test_writing.py::test_what_coding_agents_obey_unasked_needs_admin_to_change",
            "services/files/test_writing.py::test_a_guarded_file_does_not_go_or_come_with_its_directory",
            "core/test_guarded.py::test_a_guarded_name_is_guarded_in_every_spelling",
            "services/files/test_guarded.py::test_every_tool_that_writes_files_is_in_the_matrix",
            "services/files/test_guarded.py::test_no_operation_makes_a_guarded_file_without_admin",
            "services/files/test_guarded.py::test_no_operation_changes_a_guarded_file_without_admin",
            "services/files/test_guarded.py::test_who_may_administer_a_part_writes_guarded_files_there_alone",
            "services/files/test_guarded.py::test_each_change_of_a_guarded_file_is_marked_in_the_audit_log",
        ),
    ),
    "F1": Requirement(
        "An existing folder is taken in as one change by `import`",
        ("services/tree/test_working_tree.py::test_an_existing_folder_is_taken_in_as_one_commit",),
    ),
    "F2": Requirement(
        "Edits on disk become versions by `external`",
        (
            "services/tree/test_working_tree.py::test_edits_on_disk_become_versions_by_external",
            "services/tree/test_working_tree.py::test_what_changed_while_no_server_ran_is_found_at_start",
            "services/tree/test_working_tree.py::test_an_edit_on_disk_ends_the_lock_that_covers_it",
        ),
    ),
    "F5": Requirement(
        "However an editor saves, it is an update by `external`, and a mass change is found whole",
        (
            "services/tree/test_outside_edits.py::test_every_way_to_save_is_an_update_by_external",
            "services/tree/test_outside_edits.py::test_an_append_while_agents_write_beside_it_loses_no_line",
            "services/tree/test_outside_edits.py::test_saves_and_writes_of_the_same_file_lose_nothing",
            "services/tree/test_outside_edits.py::test_what_happened_while_the_folder_was_away_is_found",
            "services/tree/test_outside_edits.py::test_a_tree_that_is_deleted_and_one_that_is_renamed_are_recorded",
            "services/tree/test_outside_edits.py::test_a_mass_change_that_overflows_the_kernels_queue_is_found_whole",
        ),
    ),
    "F9": Requirement(
        "Many new files at once are recorded as if each came alone, and not before the folder keeps them for good",
        (
            "services/tree/test_arrivals.py::test_files_that_come_together_are_recorded_as_if_each_came_alone",
            "services/tree/test_arrivals.py::test_new_files_are_durable_in_the_folder_before_they_are_recorded",
            "services/tree/test_arrivals.py::test_where_the_folder_cannot_be_synced_files_are_recorded_all_the_same",
            "services/tree/test_arrivals.py::test_a_save_between_reading_and_recording_is_the_next_version",
            "services/tree/test_arrivals.py::test_content_that_was_cleared_before_it_was_named_is_read_again",
            "services/tree/test_arrivals.py::test_triggers_see_each_of_many_new_files_but_none_of_an_import",
            "core/test_names.py::test_what_was_taken_fits_in_pairs_and_what_was_not_does_not",
        ),
    ),
    "F6": Requirement(
        "`external_edits` decides whether an edit on disk ends a lock or stands beside the locked file",
        (
            "core/test_outside_edits.py::test_an_outsiders_edit_ends_the_lock_or_is_put_aside",
            "services/tree/test_outside_edits.py::test_the_holder_is_shown_what_an_outsider_has_changed",
            "services/tree/test_outside_edits.py::test_with_conflict_copies_a_locked_file_stays_as_it_is",
            "services/tree/test_outside_edits.py::test_the_same_edit_again_makes_no_second_copy",
            "services/tree/test_outside_edits.py::test_with_conflict_copies_a_locked_file_cannot_be_deleted_or_made",
        ),
    ),
    "F8": Requirement(
        "A folder on a network file system is refused, and one that a host shares is warned of",
        (
            "storage/disk/test_filesystem.py::test_a_folder_on_a_network_file_system_is_refused_with_its_kind",
            "storage/disk/test_filesystem.py::test_a_folder_that_a_host_shares_is_warned_of",
            "app/test_server.py::test_a_folder_on_a_network_file_system_is_not_touched",
        ),
    ),
    "F7": Requirement(
        "A coding agent's own edit tools respect locks, and what they save is the agent's",
        (
            "cli/test_hook.py::test_an_edit_by_the_agents_own_tool_is_a_version_by_the_agent",
            "cli/test_hook.py::test_an_edit_of_what_another_agent_holds_is_denied_with_who_and_what_to_do",
            "cli/test_hook.py::test_what_no_agent_may_write_is_denied",
            "cli/test_hook.py::test_without_a_server_edits_go_on_unless_one_is_required",
            "services/tree/test_checkouts.py::test_what_somebody_saved_just_before_is_not_given_to_the_agent",
            "services/tree/test_outside_edits.py::test_an_edit_under_a_lock_for_work_in_the_folder_is_the_holders",
        ),
    ),
    "F3": Requirement(
        "What is ignored is left as it is, and counted with reasons",
        (
            "storage/disk/test_ignore.py::test_the_defaults_leave_out_what_nobody_wants",
            "storage/disk/test_ignore.py::test_pathspec_agrees_entry_by_entry",
            "storage/disk/test_scan.py::test_every_file_is_found_and_the_rest_is_counted_by_reason",
        ),
    ),
    "F4": Requirement(
        "Recovery at start finishes what was committed",
        (
            "services/tree/test_recovery.py::test_a_commit_that_was_not_materialised_is_at_start",
            "services/tree/test_recovery.py::test_after_a_power_cut_torn_bytes_are_kept_outside_the_tree",
        ),
    ),
    "E1": Requirement(
        "The feed replayed from 0 equals the folder",
        (
            "services/test_events.py::test_the_feed_replayed_from_0_is_the_present_listing",
            "services/upkeep/test_log_retention.py::test_the_feed_replayed_from_0_is_what_there_is_locks_and_deletions_included",
            "model/test_workspace_machine.py::TestWorkspace",
            "scenarios/test_story.py::test_the_story_is_played_and_its_checks_would_notice_if_it_were_not",
        ),
    ),
    "E2": Requirement(
        "A stream resumes where it stopped",
        (
            "interfaces/http/test_events.py::test_a_stream_goes_on_where_it_broke_off",
            "interfaces/http/test_events.py::test_a_stream_moves_its_cursor_past_what_it_leaves_out",
        ),
    ),
    "E3": Requirement(
        "A log that was cut says so, and what is left of it still adds up to the present state",
        (
            "services/upkeep/test_log_retention.py::test_what_no_longer_holds_goes_and_what_is_left_says_so",
            "services/upkeep/test_log_retention.py::test_nothing_is_undone_or_forked_from_before_the_cut",
            "interfaces/http/test_events.py::test_a_stream_says_once_that_the_log_was_cut_before_it",
        ),
    ),
    "T1": Requirement(
        "A firing waits until its file has settled",
        (
            "services/automation/test_triggers.py::test_a_pause_joins_a_burst_of_saves",
            "core/test_joins.py::test_saves_without_a_pause_cannot_put_a_firing_off_forever",
        ),
    ),
    "T2": Requirement(
        "A firing waits for the exclusive lock that its input was written under",
        (
            "services/automation/test_triggers.py::test_a_firing_waits_until_its_input_is_unlocked",
            "services/automation/test_triggers.py::test_a_lock_granted_later_holds_nothing",
            "services/automation/test_triggers.py::test_a_lock_that_is_held_too_long_makes_the_firing_unclean",
        ),
    ),
    "T3": Requirement(
        "Captures make a round per value, and `refire` a new round",
        (
            "services/automation/test_triggers.py::test_each_value_of_a_capture_has_its_own_round",
            "services/automation/test_triggers.py::test_refire_any_makes_a_new_round_of_one_new_input",
            "services/automation/test_triggers.py::test_a_deleted_input_is_missing_again",
        ),
    ),
    "T4": Requirement(
        "A bare pattern with `all` is refused", ("core/test_triggers.py::test_a_bare_glob_cannot_mean_all",)
    ),
    "T5": Requirement(
        "A set that is late is told, with what is missing and who held it; the trigger says what becomes of it",
        (
            "services/automation/test_joins.py::test_a_set_that_is_late_is_told_with_what_is_missing_and_who_held_it",
            "services/automation/test_joins.py::test_a_late_set_may_fire_with_what_there_is",
            "services/automation/test_joins.py::test_a_late_set_may_begin_anew",
            "services/automation/test_joins.py::test_a_deadline_that_passed_while_the_server_was_away_is_told_at_start",
            "core/test_joins.py::test_a_late_round_is_told_once_and_again_in_the_next",
        ),
    ),
    "T6": Requirement(
        "A version that fails a check does not count, and its writer is told",
        (
            "services/automation/test_checking.py::test_a_version_that_fails_does_not_count_and_its_writer_is_told",
            "services/automation/test_checking.py::test_a_version_that_fails_takes_the_good_one_before_it_away",
            "services/automation/test_checking.py::test_content_must_fit_its_schema",
            "services/automation/test_checking.py::test_no_schema_is_ever_fetched",
        ),
    ),
    "T7": Requirement(
        "A set may be counted, or listed in a file; what cannot be followed says why",
        (
            "services/automation/test_joins.py::test_count_fires_when_so_many_of_a_pattern_are_in",
            "services/automation/test_joins.py::test_all_of_a_pattern_is_as_many_as_count_says",
            "services/automation/test_joins.py::test_a_manifest_says_which_files_must_be_in",
            "services/automation/test_joins.py::test_a_manifest_that_cannot_be_followed_says_why",
            "services/automation/test_joins.py::test_a_join_remembers_a_bounded_number_of_files_and_says_so",
            "core/test_triggers.py::test_a_trigger_that_can_never_fire_is_refused",
        ),
    ),
    "T8": Requirement(
        "A schedule fires at its moments, in its own time zone; what was missed is made up for once, or not at all",
        (
            "services/automation/test_schedules.py::test_a_schedule_fires_at_its_moments_and_only_then",
            "services/automation/test_schedules.py::test_a_schedule_is_read_in_its_own_time_zone",
            "services/automation/test_schedules.py::test_moments_without_a_server_are_named_and_run_once_or_not_at_all",
            "services/automation/test_schedules.py::test_a_clock_that_is_set_back_does_not_put_the_next_moment_off",
            "fuzz/test_moments.py::test_a_schedule_comes_in_the_minutes_that_it_names",
        ),
    ),
    "T10": Requirement(
        "What needs a person is one list, which follows from the log and has an event for each entry",
        (
            "core/test_attention.py::test_what_is_stuck_needs_a_person",
            "core/test_attention.py::test_what_goes_on_again_ends_its_entry",
            "services/automation/test_attention.py::test_the_same_thing_is_on_the_list_once_until_it_is_over",
            "services/automation/test_attention.py::test_a_conflict_copy_is_on_the_list_until_it_is_deleted",
            "services/automation/test_attention.py::test_beyond_the_bound_of_a_kind_the_oldest_leaves_and_says_so",
        ),
    ),
    "T11": Requirement(
        "A flow waits for a person, whose approval holds for the versions that were asked about",
        (
            "services/automation/test_decisions.py::test_a_flow_waits_for_a_person_who_is_told_the_versions",
            "services/automation/test_decisions.py::test_nobody_is_asked_twice_while_the_answer_is_open",
            "services/automation/test_decisions.py::test_what_has_moved_on_is_approved_only_by_who_says_so",
            "services/automation/test_decisions.py::test_a_decision_is_made_once",
        ),
    ),
    "T12": Requirement(
        "Only the verb admin decides: approvals, and webhooks to hosts that the operator does not list",
        (
            "services/automation/test_decisions.py::test_an_agent_does_not_approve_its_own_work",
            "interfaces/http/test_attention.py::test_an_approval_is_seen_by_all_and_given_by_an_admin",
            "cli/test_commands.py::test_a_person_decides_in_the_terminal_what_an_agent_asks",
            "services/automation/test_decisions.py::test_a_webhook_to_an_unlisted_host_fires_once_a_person_agrees",
            "services/automation/test_decisions.py::test_a_trigger_that_is_denied_is_gone",
        ),
    ),
    "D1": Requirement(
        "Webhooks are signed so that an independent library verifies them",
        (
            "delivery/test_signing.py::test_the_receiver_verifies_what_was_signed",
            "delivery/test_signing.py::test_the_body_is_a_structured_cloudevents_event",
        ),
    ),
    "D2": Requirement(
        "Retries are durable and keep their id",
        (
            "services/automation/sending/test_deliveries.py::test_a_failed_attempt_is_made_again_under_the_same_id",
            "services/automation/sending/test_deliveries.py::test_a_delivery_is_given_up_after_the_whole_schedule_and_can_be_sent_again",
            "services/automation/sending/test_deliveries.py::test_an_attempt_that_a_stop_cut_off_is_made_again_and_counts_as_none",
            "storage/test_outbox_migration.py::test_webhooks_of_an_older_schema_arrive_in_their_order_with_their_attempts",
            "faults/test_sending.py::test_every_firing_arrives_once_or_more_under_one_id_whenever_the_server_is_killed",
            "faults/test_sending.py::test_a_server_that_sends_otherwise_is_found",
        ),
    ),
    "D3": Requirement(
        "Webhooks go only where they may",
        (
            "delivery/test_sender.py::test_a_name_is_resolved_once_and_the_judged_address_is_the_one_connected_to",
            "delivery/test_sender.py::test_a_redirect_is_an_answer_and_is_not_followed",
            "delivery/test_guard.py::test_an_address_inside_is_refused",
            "delivery/test_guard.py::test_no_carrier_brings_a_request_inside",
            "delivery/test_guard.py::test_what_is_allowed_of_this_machine",
            "delivery/test_sender.py::test_this_machine_is_not_reached_however_it_is_spelled",
            "delivery/test_sender.py::test_one_bad_address_among_good_ones_is_enough_wherever_it_stands",
            "services/automation/test_triggers.py::test_a_webhook_goes_only_where_the_operator_says",
        ),
    ),
    "D4": Requirement(
        "A receiver that fails, is busy or is away is left alone; nothing is lost, and order is kept per path",
        (
            "core/test_breaker.py::test_half_of_the_attempts_must_fail",
            "core/test_pace.py::test_a_busy_receiver_gets_half_as_many_and_the_old_pace_when_it_answers_again",
            "services/automation/sending/test_failing_receivers.py::test_an_endpoint_where_everything_fails_is_left_alone_and_no_attempt_is_used_up",
            "services/automation/sending/test_failing_receivers.py::test_a_receiver_that_fails_three_times_in_ten_loses_nothing_and_breaks_no_order",
            "services/automation/sending/test_failing_receivers.py::test_a_receiver_that_is_gone_for_ten_minutes_misses_nothing_in_any_order_but_the_right_one",
            "services/automation/sending/test_deliveries.py::test_nothing_overtakes_on_one_path_and_other_paths_go_on",
        ),
    ),
    "D5": Requirement(
        "What was given up is listed and sent again, one by one or since a time",
        (
            "services/automation/sending/test_endpoints.py::test_what_was_given_up_or_lost_is_sent_again_since_a_time_in_its_order",
            "services/automation/sending/test_deliveries.py::test_a_delivery_is_given_up_after_the_whole_schedule_and_can_be_sent_again",
            "cli/test_deliveries.py::test_a_webhook_is_tried_and_sent_again_from_a_terminal",
        ),
    ),
    "D7": Requirement(
        "Facts, diffs and content go out only when asked for, within a bound, and the same on every attempt",
        (
            "services/automation/sending/test_included.py::test_what_does_not_fit_is_dropped_for_all_inputs_and_named",
            "services/automation/sending/test_included.py::test_every_attempt_says_the_same_of_the_version_that_fired",
            "services/automation/sending/test_included.py::test_who_may_not_read_asks_for_no_content",
            "services/automation/sending/test_included.py::test_a_standard_body_is_read_by_the_cloudevents_package",
        ),
    ),
    "D6": Requirement(
        "A secret is changed without a moment at which nothing verifies",
        ("services/automation/sending/test_endpoints.py::test_while_a_secret_is_changed_both_sign_for_a_day",),
    ),
    "J1": Requirement(
        "A job is claimed by one worker, and comes back when the worker is lost",
        (
            "services/automation/test_jobs.py::test_a_job_is_finished_by_its_claimant_alone",
            "services/automation/test_jobs.py::test_a_silent_claimant_loses_its_job_to_the_next",
            "services/automation/test_jobs.py::test_locks_taken_for_a_job_go_with_it",
            "services/automation/test_jobs.py::test_another_process_of_the_same_name_does_not_keep_the_job_of_one_that_died",
        ),
    ),
    "J3": Requirement(
        "Those who wait for a queue are served first come first served",
        (
            "services/automation/test_jobs.py::test_who_waits_is_served_before_one_who_comes_later",
            "services/automation/test_jobs.py::test_a_busy_queue_is_shared_by_all_who_wait_for_it",
            "services/automation/test_bells.py::test_who_was_called_up_for_nothing_keeps_its_rank",
        ),
    ),
    "J4": Requirement(
        "A blocked job comes back with a person's reply",
        ("services/automation/test_jobs.py::test_a_blocked_job_comes_back_with_a_persons_reply",),
    ),
    "J5": Requirement(
        "A job at which too many attempts come to nothing is given up, is seen, and can be put back",
        (
            "core/test_jobs.py::test_a_job_is_tried_again_until_too_many_attempts_have_come_to_nothing",
            "services/automation/test_jobs.py::test_a_job_that_comes_to_nothing_again_and_again_is_dead_until_it_is_revived",
            "cli/test_jobs.py::test_a_failed_job_is_put_back",
        ),
    ),
    "J6": Requirement(
        "What a program printed is kept with its job, within a bound, and can be read while it runs",
        (
            "core/test_kept_log.py::test_it_never_keeps_more_than_its_bound_and_never_loses_an_end",
            "services/automation/test_jobs.py::test_a_claimed_job_has_a_log_that_only_its_claimant_writes",
            "services/automation/test_queues.py::test_only_the_newest_logs_are_kept",
            "cli/test_jobs.py::test_the_log_of_a_job_is_printed_without_what_could_steer_the_terminal",
        ),
    ),
    "J2": Requirement(
        "`work` runs a program per job, and its exit code decides",
        (
            "cli/test_work.py::test_a_job_reaches_the_program_on_standard_input_and_in_the_environment",
            "cli/test_work.py::test_exit_code_75_puts_the_job_back",
            "cli/test_work.py::test_a_program_that_fails_fails_its_job",
            "cli/test_work.py::test_what_a_program_has_said_of_its_job_itself_counts",
        ),
    ),
    "J7": Requirement(
        "A program does not outlive its worker, nor its job, and another worker takes the job",
        (
            "cli/test_work.py::test_the_job_of_a_worker_that_is_killed_goes_to_the_next_and_its_program_ends",
            "cli/test_work.py::test_a_program_whose_job_is_lost_is_ended",
            "cli/test_work.py::test_a_job_is_finished_after_a_restart_of_the_server",
            "services/automation/programs/test_program.py::test_it_does_not_outlive_whoever_started_it",
        ),
    ),
    "J8": Requirement(
        "A command that the operator's settings name runs once per firing, with the firing on its standard input",
        (
            "services/automation/test_commands.py::test_a_save_starts_the_program_with_the_firing_on_its_standard_input",
            "services/automation/test_commands.py::test_as_many_run_at_once_as_it_says_each_under_a_name_of_its_own",
            "services/automation/test_commands.py::test_what_it_saves_itself_does_not_start_it_again",
            "app/test_commands.py::test_the_entry_that_the_page_offers_starts_a_coding_agent_that_edits_over_mcp",
            "app/test_commands.py::test_the_stand_ins_refuse_a_wrong_flag",
        ),
    ),
    "J9": Requirement(
        "A command runs at least once, over stops and kills of the server, and ends with its time and with the server",
        (
            "app/test_commands.py::test_a_killed_server_takes_its_program_along_and_the_next_one_runs_it_again",
            "services/automation/test_commands.py::test_the_servers_end_ends_the_program_and_the_next_server_runs_it_again",
            "services/automation/test_commands.py::test_a_server_that_is_killed_in_mid_command_counts_so_that_this_ends_too",
            "services/automation/test_commands.py::test_a_program_that_takes_too_long_is_ended",
            "services/automation/test_commands.py::test_a_program_that_fails_needs_a_person_and_can_be_run_again",
        ),
    ),
    "J10": Requirement(
        "No agent decides which program runs: not what a command is, nor which trigger starts one",
        (
            "services/automation/test_commands.py::test_no_agent_can_make_a_trigger_that_starts_a_command_nor_claim_its_jobs",
            "app/test_commands.py::test_over_http_a_command_needs_the_folders_admin_key",
            "services/automation/test_commands.py::test_a_program_finds_none_of_the_servers_keys",
            "services/automation/test_commands.py::test_what_its_program_printed_is_the_operators_to_read",
        ),
    ),
    "C9": Requirement(
        "`wait` returns when files are in and unlocked, and 124 when the time is over",
        (
            "cli/test_wait.py::test_what_is_there_is_named_at_once",
            "cli/test_wait.py::test_when_the_time_is_over_it_says_what_is_missing_and_who_has_it",
            "cli/test_wait.py::test_a_wait_goes_on_when_the_server_is_started_anew",
        ),
    ),
    "X1": Requirement(
        "Facts that contradict each other are reported",
        (
            "indexer/test_conflicts.py::test_two_files_that_say_different_things_of_one_thing_contradict_each_other",
            "indexer/test_conflicts.py::test_what_may_rightly_differ_is_no_contradiction",
        ),
    ),
    "X2": Requirement(
        "Exact search goes through every head",
        ("services/index/test_search.py::test_exact_search_needs_no_index_and_counts_every_line",),
    ),
    "X3": Requirement(
        "PDF, Office files and mail are read, each fact with its page, slide or cell",
        (
            "indexer/test_documents.py::test_a_pdf_says_on_which_page_each_fact_and_passage_stands",
            "indexer/test_documents.py::test_a_docx_gives_headings_tables_and_fields_with_the_page_after_each_break",
            "indexer/test_documents.py::test_a_workbook_gives_cells_with_sheet_and_address",
            "indexer/test_documents.py::test_slides_are_pages",
        ),
    ),
    "O1": Requirement(
        "Any number of stdio processes share one workspace",
        (
            "scenarios/test_many_processes.py::test_many_started_at_once_on_a_fresh_folder_share_one_owner",
            "scenarios/test_many_processes.py::test_a_killed_process_hurts_nobody_else",
        ),
    ),
    "O2": Requirement(
        "Killing the owner loses nothing that was acknowledged, and the others go on",
        (
            "scenarios/test_many_processes.py::test_no_acknowledged_write_is_lost_and_none_is_made_twice_when_the_owner_is_killed",
            "scenarios/test_many_processes.py::test_an_agent_keeps_its_name_and_its_lock_under_the_next_owner",
        ),
    ),
    "O3": Requirement(
        "`serve` takes over from a background owner, and refuses another `serve`",
        (
            "scenarios/test_many_processes.py::test_serve_takes_over_from_a_background_owner_and_agents_go_on",
            "scenarios/test_many_processes.py::test_a_second_serve_is_refused_and_names_the_first",
        ),
    ),
    "H1": Requirement(
        "Versions are ETags, and preconditions are honoured",
        (
            "interfaces/http/test_files.py::test_a_replacement_says_which_version_it_replaces",
            "interfaces/http/test_content.py::test_a_version_that_one_has_is_not_sent_again",
        ),
    ),
    "H2": Requirement(
        "Hostile paths are treated as the list says at every route",
        (
            "interfaces/http/test_bad_input.py::test_every_hostile_path_is_treated_as_the_list_says",
            "interfaces/http/test_bad_input.py::test_no_body_makes_a_fault",
        ),
    ),
    "V2": Requirement(
        "A person decides in the browser without scripts, and only our own pages' forms are taken",
        (
            "interfaces/web/browser/test_attention.py::test_a_person_decides_without_scripts",
            "interfaces/web/needs/test_attention.py::test_a_form_of_somebody_else_is_refused",
            "interfaces/web/needs/test_attention.py::test_every_page_counts_what_needs_a_person",
        ),
    ),
    "V3": Requirement(
        "A save in the editor changes what was typed and nothing else, and replaces no version that was not shown",
        (
            "core/test_line_ends.py::test_a_text_that_nobody_changed_comes_back_as_it_was",
            "interfaces/web/writing/test_editor.py::test_a_save_changes_what_was_typed_and_nothing_else",
            "interfaces/web/writing/test_editor.py::test_what_cannot_be_merged_replaces_just_the_version_that_was_shown",
        ),
    ),
    "V4": Requirement(
        "A share link gives one file or folder, until it ends or is revoked, and tells of nothing else",
        (
            "services/test_links.py::test_a_revoked_link_leads_nowhere_at_once_and_the_log_says_who_did_what",
            "services/test_links.py::test_the_id_is_kept_nowhere",
            "interfaces/web/links/test_door.py::test_a_shared_file_is_shown_and_nothing_around_it",
            "interfaces/web/links/test_door.py::test_what_leads_nowhere_is_told_in_the_same_words_whatever_it_was",
        ),
    ),
    "V5": Requirement(
        "Every line is told with whoever brought it, and the way back says where it was left",
        (
            "core/test_blame.py::test_every_line_of_every_version_is_of_the_version_that_first_brought_it",
            "services/files/test_blaming.py::test_lines_are_followed_through_moves_copies_and_deletes",
            "services/files/test_blaming.py::test_it_says_where_it_stopped_when_versions_are_many_large_or_slow",
        ),
    ),
    "V6": Requirement(
        "A restore in the browser replaces the version that was shown and no other",
        (
            "interfaces/web/history/test_versions.py::test_a_version_is_restored_from_the_list_and_from_what_changed",
            "interfaces/web/history/test_versions.py::test_a_restore_that_is_refused_says_why_above_the_versions",
        ),
    ),
    "V10": Requirement(
        "A change is a line on every open page at once, in a flood and after a pause without a gap or a double",
        (
            "interfaces/web/browser/test_now.py::test_a_flood_ends_as_the_newest_lines_without_a_gap_or_a_double",
            "interfaces/web/browser/test_now.py::test_what_happened_while_nobody_looked_comes_once_and_in_order",
            "interfaces/web/now/test_activity.py::test_an_open_page_is_given_what_is_new_and_nothing_twice",
            "services/test_activity.py::test_every_question_is_answered_by_an_index",
        ),
    ),
    "V11": Requirement(
        "A person breaks a lock, answers, retries or gives up a job, and the agent at work learns it",
        (
            "interfaces/web/browser/test_now.py::test_a_person_breaks_a_lock_and_the_agent_learns_why_its_write_is_refused",
            "interfaces/web/browser/test_now.py::test_a_job_is_followed_while_its_program_runs_and_asks",
            "services/automation/test_queues.py::test_a_person_gives_up_a_job_that_is_not_at_its_end",
        ),
    ),
    "V12": Requirement(
        "Whatever needs a person is told to the operator's address, signed, also when the server is killed meanwhile",
        (
            "services/automation/sending/test_attention_posts.py::test_what_comes_and_what_goes_is_told_signed_and_in_order",
            "services/automation/sending/test_attention_posts.py::test_what_a_kill_cuts_off_arrives_from_the_next_server",
        ),
    ),
    "V7": Requirement(
        "Every page can be used by everybody (WCAG 2.2 AA, light and dark, wide and narrow), and loads little",
        (
            "interfaces/web/browser/test_every_page.py::test_a_page_fits_complains_of_nothing_and_can_be_used_by_everybody",
            "interfaces/web/browser/test_every_page.py::test_control_a_page_that_not_everybody_can_use_is_found",
            "interfaces/web/browser/test_every_page.py::test_every_address_of_a_page_has_a_sample",
            "interfaces/web/browser/test_every_page.py::test_our_own_scripts_and_styles_stay_small",
        ),
    ),
    "V8": Requirement(
        "Search and facts show agents' own answers, which open at the words, and contradictions side by side",
        (
            "interfaces/web/finding/test_search.py::test_a_search_says_what_an_agent_pays_for_the_same_answer",
            "interfaces/web/finding/test_search.py::test_a_link_opens_at_the_line_with_the_words_marked",
            "interfaces/web/finding/test_facts.py::test_a_contradiction_stands_side_by_side_and_only_its_owner_settles_it",
            "interfaces/web/browser/test_finding.py::test_a_question_leads_to_the_words_in_the_middle_of_a_long_file",
            "services/index/test_contradictions.py::test_a_page_of_contradictions_looks_at_no_more_facts_than_it_may",
        ),
    ),
    "V1": Requirement(
        "Content cannot script the web view",
        (
            "interfaces/web/test_hostile.py::test_markdown_makes_only_harmless_markup",
            "interfaces/web/test_hostile.py::test_no_form_of_a_hostile_text_leaves_a_page_unescaped",
            "interfaces/http/test_content.py::test_no_content_can_act_wherever_it_is_opened",
        ),
    ),
    "V9": Requirement(
        "Every file of a directory is on one page of its table, in the order that is asked for, however many there are",
        (
            "services/files/test_browsing.py::test_pages_together_hold_what_is_in_a_directory_once_and_in_order",
            "services/files/test_browsing.py::test_more_files_than_are_looked_at_are_said_to_be_more",
            "services/files/test_browsing.py::test_what_there_is_in_all_is_known_without_a_count",
            "interfaces/web/files/test_directories.py::test_each_column_sorts_and_its_pages_hold_every_file_once",
            "interfaces/web/browser/test_browsing.py::test_the_tree_and_the_table_work_without_scripts",
        ),
    ),
    "C1": Requirement(
        "An unknown setting is an error that names it",
        (
            "test_config.py::test_an_unknown_key_is_named_with_its_nearest",
            "test_config.py::test_an_unknown_variable_is_named",
        ),
    ),
    "S1": Requirement(
        "The whole story runs, and checks itself",
        ("scenarios/test_story.py::test_the_story_is_played_and_its_checks_would_notice_if_it_were_not",),
    ),
    "S2": Requirement(
        "The four patterns run as examples",
        (
            "clients/test_examples.py::test_sequential_hands_the_text_from_one_to_the_next",
            "clients/test_examples.py::test_parallel_starts_the_analyst_once_all_are_in",
            "clients/test_examples.py::test_hierarchical_finds_the_contradiction_and_has_it_corrected",
            "clients/test_examples.py::test_event_driven_refuses_the_stale_save_and_merges",
        ),
    ),
    "U1": Requirement(
        "The audit log is a chain: an edited, deleted, moved, added or cut off row is found",
        (
            "core/test_audit_chain.py::test_every_act_on_the_log_is_found",
            "core/test_audit_chain.py::test_every_field_of_a_row_is_in_its_digest",
            "storage/tables/test_audit.py::test_the_chain_holds_over_batches_refusals_and_restarts",
            "storage/tables/test_audit.py::test_an_edit_a_removal_an_exchange_and_an_addition_are_found",
            "storage/tables/test_audit.py::test_a_log_that_was_cut_and_closed_again_is_found_by_what_lies_beside_the_database",
            "core/test_audit_lines.py::test_every_act_on_the_file_is_found",
        ),
    ),
    "U2": Requirement(
        "A damaged page of the database is refused, never believed",
        (
            "storage/test_checksums.py::test_no_damaged_byte_of_a_page_is_served",
            "storage/test_checksums.py::test_a_database_from_before_checksums_gets_them_and_keeps_its_rows",
            "storage/test_checksums.py::test_a_program_without_the_extension_may_read_but_not_write_it",
            "storage/test_checksums.py::test_what_another_client_wrote_is_refused_with_the_way_out_which_works",
            "storage/test_checksums.py::test_checksums_are_not_written_over_damage",
            "storage/test_checksums.py::test_checksums_that_could_not_be_added_are_not_tried_again_unasked",
        ),
    ),
    "U3": Requirement(
        "Clean-up never removes content that something refers to, and by default removes no version's (I8)",
        (
            "model/test_collecting.py::test_clean_up_removes_nothing_that_is_to_be_kept",
            "services/upkeep/test_collecting.py::test_by_default_nothing_is_cleared",
            "services/upkeep/test_collecting.py::test_content_that_another_version_keeps_stays",
            "services/upkeep/test_collecting.py::test_what_a_tail_rests_on_stays",
            "services/upkeep/test_collecting.py::test_what_a_live_lock_was_granted_on_stays",
            "services/upkeep/test_collecting.py::test_the_inputs_of_an_unfinished_job_stay",
            "services/upkeep/test_collecting.py::test_a_version_that_comes_while_it_is_looked_for_keeps_its_content",
            "services/upkeep/test_collecting.py::test_an_upload_that_has_placed_its_object_is_left_alone",
            "services/upkeep/test_collecting.py::test_an_object_that_is_saved_again_before_its_file_is_removed_stays",
            "services/upkeep/test_collecting.py::test_an_orphan_that_is_saved_again_before_its_file_is_removed_stays",
            "services/upkeep/test_collecting.py::test_what_a_mass_edit_has_stored_ahead_of_its_commit_stays",
            "storage/test_content.py::test_content_without_its_bytes_is_refused_unless_it_is_there",
            "model/test_collecting.py::test_clean_up_beside_agents_and_imports_loses_nothing",
        ),
    ),
    "U4": Requirement(
        "A version whose bytes were removed is `gone` and says what is kept; saving the same again brings it back",
        (
            "services/upkeep/test_collecting.py::test_versions_beyond_retention_are_gone_and_say_what_is_kept",
            "services/upkeep/test_collecting.py::test_saving_the_same_again_brings_a_version_back",
        ),
    ),
    "U5": Requirement(
        "A backup is of one moment, and a restore brings all of it back or uses none of it",
        (
            "storage/upkeep/test_archive.py::test_everything_comes_back",
            "storage/upkeep/test_new_folders.py::test_what_was_read_from_the_folder_comes_along",
            "storage/upkeep/test_new_folders.py::test_it_comes_along_whatever_boot_the_copy_is_opened_in",
            "storage/upkeep/test_snapshot.py::test_a_large_database_beside_a_server_is_copied_whole",
            "storage/upkeep/test_snapshot.py::test_a_copy_that_is_not_whole_is_refused",
            "storage/upkeep/test_snapshot.py::test_a_large_workspace_is_backed_up_and_forked_beside_its_server",
            "storage/upkeep/test_archive.py::test_a_backup_beside_a_server_is_of_one_moment",
            "storage/upkeep/test_archive.py::test_content_without_what_it_rests_on_is_neither_backed_up_nor_restored",
            "services/upkeep/test_purges_beside_others.py::test_a_copy_that_is_being_made_keeps_the_objects_that_it_reads",
            "services/upkeep/test_purges_beside_others.py::test_a_backup_is_whole_although_a_draft_of_it_is_cleared_meanwhile",
            "storage/upkeep/test_archive.py::test_a_damaged_backup_is_refused_or_gives_the_same",
            "storage/upkeep/test_archive.py::test_a_restore_goes_into_an_empty_folder_only",
            "storage/upkeep/test_archive.py::test_a_backup_never_lies_in_the_workspace_or_where_nothing_can",
            "cli/test_upkeep.py::test_a_backup_beside_the_server_becomes_a_folder_of_its_own",
        ),
    ),
    "U6": Requirement(
        "A restored workspace gives no seq and no fence again",
        ("storage/upkeep/test_archive.py::test_the_log_goes_on_above_every_number_that_was_given",),
    ),
    "Y1": Requirement(
        "Undo takes back one agent's work and keeps what others did, in one commit that can itself be undone",
        (
            "model/test_undo.py::test_what_nobody_else_has_touched_is_as_it_was_before_the_agent",
            "core/test_undo.py::test_an_agent_that_was_last_leaves_what_stood_before_it",
            "services/history/test_undo.py::test_changes_creations_and_deletes_are_taken_back_in_one_commit",
            "services/history/test_undo.py::test_what_others_changed_elsewhere_in_the_text_is_kept",
            "services/history/test_undo.py::test_commits_restores_copies_and_edits_are_taken_back",
            "services/history/test_undo.py::test_an_undo_is_undone_like_any_other_work",
            "services/history/test_undo.py::test_a_second_undo_finds_nothing_to_take_back_of_what_the_first_has_merged_out",
            "services/history/test_undo.py::test_times_and_seqs_bound_what_is_taken_back",
            "services/history/test_undo.py::test_a_file_that_moves_on_meanwhile_is_looked_at_again",
            "cli/test_history.py::test_an_agents_work_is_taken_back_and_what_cannot_be_is_listed",
        ),
    ),
    "Y2": Requirement(
        "What an undo cannot tell apart, or what is locked, stays as it is and is listed for a person",
        (
            "services/history/test_undo.py::test_what_was_changed_in_the_same_place_is_listed_for_a_person",
            "services/history/test_undo.py::test_a_locked_file_is_listed_and_the_rest_is_taken_back",
            "services/history/test_undo.py::test_what_cannot_stand_there_any_more_is_listed",
            "services/history/test_undo.py::test_a_binary_that_others_have_changed_is_listed_and_one_that_they_have_not_is_restored",
        ),
    ),
    "Y3": Requirement(
        "Both ends of a move are taken back or none, and others' changes go back with the file",
        (
            "core/test_undo.py::test_both_ends_of_a_move_are_taken_back_or_none",
            "services/history/test_undo.py::test_a_move_is_taken_back_at_both_ends",
            "services/history/test_undo.py::test_a_moved_file_goes_back_with_what_others_have_written_into_it_since",
            "services/history/test_undo.py::test_a_move_is_left_whole_when_one_end_cannot_be_taken_back",
            "model/test_undo.py::test_an_undo_that_forgets_the_other_end_of_a_move_is_found",
        ),
    ),
    "Y4": Requirement(
        "An undo fires no trigger unless it is told to, and a dry run changes nothing",
        (
            "services/history/test_undo.py::test_triggers_do_not_fire_for_what_comes_back_unless_they_are_to",
            "services/history/test_undo.py::test_a_dry_run_says_the_same_and_changes_nothing",
        ),
    ),
    "Y5": Requirement(
        "Another agent's work is taken back by an admin only",
        (
            "services/history/test_undo.py::test_only_an_admin_takes_back_what_another_agent_did",
            "interfaces/http/test_undo.py::test_what_another_agent_did_is_taken_back_with_the_admins_key_only",
        ),
    ),
    "Y6": Requirement(
        "The files can be listed and read as of any earlier seq",
        (
            "services/history/test_moment.py::test_every_moment_can_be_listed_and_read_as_it_was",
            "interfaces/http/test_undo.py::test_the_files_are_listed_and_read_as_of_an_earlier_seq",
        ),
    ),
    "Y7": Requirement(
        "Provenance is followed in both directions",
        ("services/history/test_provenance.py::test_provenance_is_followed_in_both_directions",),
    ),
    "Y8": Requirement(
        "A fork is what the workspace was at a moment, holds nothing of later, and sends nothing",
        (
            "storage/upkeep/test_fork.py::test_a_fork_is_what_the_workspace_was_at_that_moment",
            "storage/upkeep/test_new_folders.py::test_what_was_read_from_the_folder_comes_along",
            "storage/upkeep/test_fork.py::test_a_fork_is_whole_while_agents_write",
            "storage/upkeep/test_fork.py::test_nothing_that_came_later_is_in_its_bytes",
            "storage/upkeep/test_fork.py::test_what_belongs_to_the_running_original_stays_there",
            "storage/upkeep/test_fork.py::test_every_table_is_either_cleared_rewound_or_kept",
            "services/automation/sending/test_deliveries.py::test_nothing_is_sent_while_deliveries_are_off_and_all_of_it_once_they_are_on",
        ),
    ),
    "Y9": Requirement(
        "Two workspaces are compared file by file and fact by fact",
        (
            "storage/upkeep/test_comparison.py::test_files_and_facts_that_differ_are_named_with_both_sides",
            "cli/test_history.py::test_a_fork_is_filled_and_compared_with_where_it_came_from",
        ),
    ),
    "Y10": Requirement(
        "The status says who stores how much",
        ("services/test_engine.py::test_the_status_says_who_stores_how_much",),
    ),
    "U7": Requirement(
        "What is purged is on no page, in no file and in no index of the workspace; the rows of its versions stay",
        (
            "services/upkeep/test_purging.py::test_no_byte_of_a_purged_file_is_left",
            "services/upkeep/test_purging.py::test_one_version_is_removed_and_the_head_stays",
            "services/upkeep/test_purging.py::test_the_same_content_elsewhere_is_listed_or_refuses_it",
            "services/upkeep/test_purging.py::test_what_was_appended_to_it_is_stored_anew",
            "services/upkeep/test_purging.py::test_content_that_stands_elsewhere_is_kept_and_named_and_the_rest_goes",
            "services/upkeep/test_purging.py::test_a_tail_that_is_kept_does_not_rest_on_what_goes",
            "services/upkeep/test_purges_beside_others.py::test_of_purges_at_once_one_is_done_and_the_others_are_refused",
            "services/upkeep/test_purges_beside_others.py::test_a_purge_that_comes_while_the_disk_is_cleared_is_still_due",
            "services/upkeep/test_purges_beside_others.py::test_a_purge_waits_for_a_reader_and_goes_on_by_itself",
            "services/upkeep/test_purges_beside_others.py::test_locks_go_on_by_the_time_that_all_changes_were_held",
            "services/upkeep/test_purges_beside_others.py::test_content_that_is_saved_again_while_the_disk_is_cleared_stays",
            "services/upkeep/test_purging.py::test_a_purge_that_was_interrupted_is_finished_at_the_next_start",
            "interfaces/http/test_upkeep.py::test_without_the_verb_admin_nothing_is_told_or_done",
            "cli/test_upkeep.py::test_a_purged_file_is_gone_and_its_history_says_so",
        ),
    ),
    "U8": Requirement(
        "A turned bit or a cut in any stored file is found by verify, or changes nothing",
        (
            "storage/upkeep/test_bit_flips.py::test_a_turned_bit_or_a_cut_in_any_file_is_found_or_changes_nothing",
            "storage/upkeep/test_bit_flips.py::test_this_check_notices_a_verify_that_trusts_the_log",
            "storage/upkeep/test_bit_flips.py::test_this_check_notices_a_database_without_checksums",
        ),
    ),
    "R1": Requirement(
        "A change is whole or not there, wherever the process is killed and also when the power goes with it",
        (
            "faults/test_sweep.py::test_a_change_is_whole_or_not_there_wherever_the_process_is_killed",
            "faults/test_sweep.py::test_a_server_that_is_killed_while_it_recovers_leaves_the_next_one_to_finish",
            "faults/test_sweep.py::test_control_a_server_that_breaks_its_word_is_found",
            "services/tree/test_recovery.py::test_an_upload_that_a_crash_cut_off_goes",
            "services/tree/test_recovery.py::test_an_empty_file_that_belongs_to_no_path_goes",
        ),
    ),
    "R2": Requirement(
        "A call that the disk refuses spoils nothing and ends no server",
        (
            "faults/test_sweep.py::test_a_call_that_the_disk_refuses_spoils_nothing",
            "services/automation/sending/test_deliveries.py::test_a_database_that_refuses_the_first_look_ends_neither_server_nor_outbox",
            "services/test_engine.py::test_background_work_that_fails_ends_no_server_and_is_tried_again",
            "services/tree/test_tree_faults.py::test_a_disk_that_does_not_sync_at_the_end_leaves_that_to_the_next_server",
        ),
    ),
    "R3": Requirement(
        "On a full disk reading, unlocking, deleting and the status go on, in room that was kept back for them",
        (
            "faults/test_sweep.py::test_a_delete_goes_through_on_a_disk_that_stays_full_until_the_reserve_is_spent",
            "services/test_full_disk.py::test_deleting_and_unlocking_go_on_when_the_disk_is_full",
            "services/test_full_disk.py::test_content_is_refused_before_it_is_stored_on_a_full_disk",
            "services/test_full_disk.py::test_the_index_waits_for_room",
            "storage/test_reserve.py::test_a_server_that_starts_on_a_full_disk_spends_it_at_once",
            "core/test_room.py::test_everything_else_waits_until_there_is_room",
        ),
    ),
    "R4": Requirement(
        "Damaged content is refused, by every way to it, and never served, indexed or put into the folder",
        (
            "faults/test_damage.py::test_no_way_leads_to_the_bytes_of_a_damaged_object",
            "faults/test_damage.py::test_a_damaged_object_is_not_put_into_the_folder_again",
            "faults/test_damage.py::test_the_index_takes_no_facts_from_what_is_damaged",
            "faults/test_damage.py::test_a_damaged_page_of_the_database_is_refused",
            "faults/test_damage.py::test_content_that_was_changed_within_its_page_is_refused",
        ),
    ),
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
    "A4": Requirement(
        "A paused agent, or workspace, changes nothing at any door; what it has is given back, and disks are taken in",
        (
            "core/test_agents.py::test_a_paused_workspace_holds_up_all_but_admins_and_the_server_itself",
            "interfaces/mcp/test_notes.py::test_every_tool_that_changes_something_is_refused_while_its_agent_is_paused",
            "interfaces/http/test_agents.py::test_a_paused_agent_is_refused_with_423_and_goes_on_when_it_is_resumed",
            "services/agents/test_pauses.py::test_a_pause_holds_over_a_restart",
            "services/agents/test_pauses.py::test_edits_on_disk_are_taken_in_while_the_workspace_is_paused",
            "services/agents/test_pauses.py::test_who_waits_for_a_job_waits_the_pause_out_and_takes_nobodys_place",
            "services/automation/sending/test_paused_workspace.py::test_webhooks_wait_for_a_paused_workspace_and_none_is_lost",
            "interfaces/web/browser/test_agents.py::test_a_person_stops_and_starts_the_whole_workspace_without_scripts",
        ),
    ),
    "A5": Requirement(
        "A note rides in its agent's next result, and holds up its changes until it is acknowledged when it says so",
        (
            "interfaces/mcp/test_notes.py::test_a_note_rides_once_in_the_next_result_of_its_agent",
            "interfaces/mcp/test_notes.py::test_a_note_rides_in_a_refusal_and_the_hint_acknowledges_it",
            "interfaces/http/test_agents.py::test_a_note_rides_once_in_the_next_answer_in_json",
            "services/agents/test_notes.py::test_nothing_is_changed_until_the_note_is_acknowledged_and_its_words_are_kept",
            "scenarios/test_stepping_in.py::test_an_agent_is_paused_in_mid_work_told_something_and_goes_on",
            "scenarios/test_stepping_in.py::test_two_processes_of_one_name_are_both_held_up_until_one_has_acknowledged",
        ),
    ),
    "A6": Requirement(
        "What an agent has written follows the log exactly; what it was served is counted where results leave",
        (
            "services/agents/test_agents.py::test_what_an_agent_has_written_is_counted_by_files_versions_and_bytes",
            "services/agents/test_agents.py::test_the_log_is_counted_once_however_long_it_is_and_whatever_ends_between",
            "interfaces/mcp/test_notes.py::test_what_leaves_is_counted_in_tokens_and_the_program_names_itself",
        ),
    ),
    "Y11": Requirement(
        "An undo that is held to its preview does just what that showed, or nothing",
        (
            "services/history/test_undo.py::test_an_undo_that_is_held_to_a_preview_does_that_or_nothing",
            "interfaces/web/now/test_undoing.py::test_it_shows_what_would_happen_to_each_file_and_does_just_that",
            "interfaces/web/now/test_undoing.py::test_what_happened_since_the_preview_stops_it_and_is_shown",
        ),
    ),
    "I2": Requirement(
        "Outside of its scope a caller is refused by every tool and operation, and told of nothing",
        (
            "core/test_scopes.py::test_what_lies_within_a_scope_is_allowed_path_by_path",
            "services/test_scoped.py::test_no_answer_tells_of_what_lies_outside_of_the_scope",
            "services/test_scoped.py::test_outside_it_is_the_same_whether_or_not_a_file_is_there",
            "services/test_scoped.py::test_a_lock_that_one_token_took_is_neither_renewed_nor_ended_by_one_that_grants_less",
            "interfaces/test_matrix.py::test_every_tool_has_a_rule_that_holds_for_every_principal",
            "interfaces/test_matrix.py::test_every_operation_has_a_rule_that_holds_for_every_principal",
        ),
    ),
    "I1": Requirement(
        "A token proves who bears it on every door, and nothing any more from the moment on at which it is revoked",
        (
            "services/test_tokens.py::test_a_token_proves_who_bears_it_until_it_is_revoked",
            "services/test_tokens.py::test_a_token_is_kept_nowhere_and_the_next_owner_knows_it_by_its_digest",
            "interfaces/web/test_login.py::test_a_browser_logs_in_with_a_token_and_revocation_ends_it",
            "interfaces/mcp/test_unix_socket.py::test_a_process_proves_who_it_is_until_its_token_is_revoked",
            "interfaces/http/test_tokens.py::test_an_open_stream_ends_with_its_token",
            "services/test_tokens.py::test_a_call_that_waits_is_given_nothing_once_its_token_has_ended",
            "interfaces/test_oauth.py::test_a_token_that_was_good_ends_with_its_key",
        ),
    ),
    "I3": Requirement(
        "A token of an agent acts as that one, a crew's as CREW/NAME, and no other name is taken",
        (
            "core/test_access_tokens.py::test_a_token_may_be_for_an_agent_or_a_crew",
            "services/test_tokens.py::test_a_token_proves_who_bears_it_until_it_is_revoked",
            "interfaces/test_crews.py::test_two_agents_of_a_crew_share_no_lock_over_http",
            "interfaces/test_crews.py::test_two_agents_of_a_crew_share_no_lock_over_mcp",
            "interfaces/test_crews.py::test_two_processes_with_one_token_of_a_crew_share_no_lock_over_stdio",
        ),
    ),
    "I4": Requirement(
        "Without tokens this machine alone is listened to, and does all but what takes `admin`, which needs proof",
        (
            "app/test_server.py::test_without_tokens_only_this_machine_is_listened_to",
            "core/test_access.py::test_a_local_caller_may_do_all_but_administer",
            "interfaces/test_guard.py::test_admin_needs_the_key_and_a_wrong_one_is_told",
            "app/test_server.py::test_the_socket_and_the_key_are_for_this_user_only",
        ),
    ),
    "I5": Requirement(
        "What is offered is what the scope allows somewhere",
        ("interfaces/test_matrix.py::test_the_tools_that_are_listed_are_those_that_may_be_used_somewhere",),
    ),
    "I6": Requirement(
        "Who guesses tokens or share links has to wait, and who has one goes on",
        (
            "services/test_tokens.py::test_who_guesses_tokens_has_to_wait_and_who_has_one_goes_on",
            "interfaces/web/links/test_door.py::test_guessing_is_slowed_down",
        ),
    ),
    "I7": Requirement(
        "Two agents never share a lock, whatever they call themselves and however they come",
        (
            "scenarios/test_bad_input.py::test_no_handle_but_a_live_one_of_ones_own_opens_a_lock",
            "scenarios/test_bad_input.py::test_two_clients_of_one_name_do_not_share_a_lock",
        ),
    ),
    "I8": Requirement(
        "Every threat that is written down has a defence, and a test that shows it",
        (
            "project/test_threat_model.py::test_every_threat_has_a_defence_and_tests_that_are_there",
            "project/test_threat_model.py::test_everybody_who_may_do_harm_is_thought_of",
        ),
    ),
    "I9": Requirement(
        "Whatever is sent as a path, pattern, grant, header, question or time is read strictly or refused, in one pass",
        (
            "fuzz/test_paths.py::test_a_path_that_passes_stays_inside_for_whoever_resolves_it",
            "fuzz/test_patterns.py::test_a_pattern_means_what_a_plain_reading_of_it_means",
            "fuzz/test_patterns.py::test_a_grant_is_refused_or_read_back_as_it_is_written",
            "fuzz/test_headers.py::test_only_our_names_are_ours",
            "fuzz/test_headers.py::test_a_cookie_is_the_first_of_its_name_as_it_stands",
            "fuzz/test_questions.py::test_a_question_is_bounded_and_always_the_same",
            "fuzz/test_moments.py::test_a_moment_is_one_of_three_things_or_refused",
        ),
    ),
    "I10": Requirement(
        "Every limit, error and setting is documented, and refusals are told with their facts and a call that works",
        (
            "project/test_docs.py::test_every_limit_is_documented_with_its_meaning",
            "project/test_docs.py::test_every_error_is_documented_with_its_status_and_exit_code",
            "scenarios/test_hints.py::test_the_call_in_a_hint_is_one_that_works",
            "services/test_limits_at_the_edge.py::test_every_bound_has_one_test_at_its_edge",
        ),
    ),
    "I11": Requirement(
        "A fault of ours tells an id and nothing else, at every face",
        (
            "interfaces/http/test_bad_input.py::test_a_fault_of_ours_tells_an_id_and_nothing_else",
            "interfaces/web/test_pages.py::test_a_fault_of_ours_is_a_page_that_tells_an_id_and_nothing_else",
            "interfaces/web/links/test_door.py::test_a_fault_of_ours_says_nothing_either",
        ),
    ),
    "I12": Requirement(
        "What operators are told to do can be done as it is told, and what they are to watch is there",
        (
            "project/test_operations.py::test_every_command_that_is_shown_does_what_it_should",
            "project/test_operations.py::test_every_metric_to_watch_is_one_that_the_server_tells",
            "project/test_operations.py::test_the_unit_is_sound_and_lets_the_server_change_its_folder_only",
        ),
    ),
    "I13": Requirement(
        "Of one token so many calls are worked on at once, and whoever floods waits for itself",
        (
            "interfaces/test_shares.py::test_one_more_than_so_many_waits_until_one_of_them_has_gone",
            "interfaces/test_shares.py::test_whoever_has_all_its_places_taken_waits_at_both_faces_and_others_go_on",
        ),
    ),
    "I14": Requirement(
        "The workspace and each agent hold no more than their quotas, counted with every change and never by a scan",
        (
            "core/test_quotas.py::test_a_change_passes_up_to_the_quota_and_beyond_it_when_it_adds_nothing",
            "services/test_quotas.py::test_an_agent_may_fill_its_quota_and_not_one_byte_or_file_more",
            "services/test_quotas.py::test_every_way_to_make_a_file_is_held_to_the_quota",
            "services/test_quotas.py::test_an_upload_is_cut_off_where_the_room_ends",
            "services/test_quotas.py::test_who_is_beyond_a_quota_may_delete_shrink_and_unlock",
            "services/test_quotas.py::test_what_is_saved_in_the_folder_is_taken_in_and_a_person_is_told",
            "services/test_quotas.py::test_a_fork_and_a_purge_leave_the_counting_true",
        ),
    ),
    "I15": Requirement(
        "Text of a file that reaches an agent names its author and its version, and cannot pose as anything else",
        (
            "interfaces/mcp/test_untrusted.py::test_every_tool_is_looked_at",
            "interfaces/mcp/test_untrusted.py::test_what_is_found_in_a_file_names_its_author_and_version",
            "interfaces/mcp/test_untrusted.py::test_a_file_that_is_read_stands_in_a_block_of_its_own_behind_who_wrote_it",
            "interfaces/mcp/test_untrusted.py::test_a_resource_names_its_author_and_version_beside_its_text",
            "interfaces/mcp/test_untrusted.py::test_a_refusal_that_shows_a_file_names_its_author_and_version",
            "interfaces/mcp/test_untrusted.py::test_a_job_says_whose_words_its_instructions_are",
        ),
    ),
    "I16": Requirement(
        "What a connection may say and how slowly is bounded, as is how many there are; requests are plain HTTP/1.1",
        (
            "app/test_connections.py::test_a_request_beyond_a_bound_is_refused_and_its_connection_ended",
            "app/test_connections.py::test_a_request_at_the_bounds_is_answered",
            "app/test_connections.py::test_a_body_that_comes_too_slowly_is_refused_and_its_connection_ended",
            "app/test_connections.py::test_headers_that_trickle_in_end_the_connection",
            "app/test_connections.py::test_who_does_not_read_an_answer_is_ended_and_little_was_kept_for_it",
            "app/test_connections.py::test_who_offers_another_protocol_is_answered_in_this_one",
            "app/test_connections.py::test_one_address_has_fewer_places_than_all_together",
        ),
    ),
    "I17": Requirement(
        "Other machines are answered by TLS or a named proxy, whose word alone counts; pages of others only when named",
        (
            "app/test_beyond_loopback.py::test_others_are_not_answered_in_plain_text_unless_it_is_asked_for",
            "app/test_beyond_loopback.py::test_names_and_pages_are_checked_where_the_server_listens_everywhere",
            "app/test_edge.py::test_a_trusted_proxy_says_where_a_request_comes_from",
            "app/test_edge.py::test_nobody_else_does",
            "app/test_edge.py::test_no_page_of_another_site_may_ask_unless_it_is_named",
            "app/test_edge.py::test_a_named_page_reaches_the_api_and_mcp_alone",
        ),
    ),
    "I18": Requirement(
        "Who calls too often, or tries what proves nothing, waits alone, and is told how long",
        (
            "interfaces/test_rates.py::test_every_door_says_when_to_come_again",
            "interfaces/test_rates.py::test_who_guesses_at_the_login_page_is_told_when_to_come_again",
            "services/test_tokens.py::test_an_agent_that_calls_too_often_has_to_wait_while_others_go_on",
            "interfaces/test_oauth.py::test_who_guesses_at_one_address_keeps_no_client_of_the_issuer_waiting_at_another",
        ),
    ),
    "I19": Requirement(
        "Every request has an id, is logged and counted, and makes no line or series of its own",
        (
            "interfaces/test_arrival.py::test_a_request_carries_an_id_from_end_to_end",
            "interfaces/test_arrival.py::test_what_no_door_is_asked_has_an_id_and_is_counted_and_logged_too",
            "interfaces/test_arrival.py::test_callers_make_no_series",
            "interfaces/test_arrival.py::test_methods_of_mcp_are_counted_by_their_names_unless_made_up",
            "interfaces/test_arrival.py::test_no_name_makes_a_line_of_its_own",
        ),
    ),
    "I20": Requirement(
        "Secrets are told once, and are in no log, error, event, metric, backup or answer that is kept",
        (
            "interfaces/test_secrets.py::test_no_secret_is_in_what_is_said",
            "interfaces/test_secrets.py::test_the_search_finds_a_secret_that_leaks",
            "interfaces/test_secrets.py::test_a_backup_holds_no_secret_but_what_signs",
            "interfaces/test_secrets.py::test_what_is_kept_to_answer_a_repetition_has_no_secret",
            "interfaces/test_oauth.py::test_a_token_of_the_issuer_is_written_down_nowhere",
            "services/automation/sending/test_endpoints.py::test_a_secret_that_was_made_is_not_kept_to_be_told_again",
        ),
    ),
    "I21": Requirement(
        "An issuer's token counts when it is signed for this server, grants what the tables say, and ends in time",
        (
            "interfaces/test_oauth.py::test_a_token_says_who_calls_and_what_for",
            "interfaces/test_oauth.py::test_what_is_not_signed_by_the_issuer_for_us_and_now_proves_nothing",
            "interfaces/test_oauth.py::test_types_that_say_nothing_count_where_the_operator_says_so",
            "interfaces/test_oauth.py::test_keys_are_asked_for_again_when_one_is_unknown_but_not_at_everybodys_wish",
            "interfaces/test_oauth.py::test_an_issuer_that_is_down_takes_nothing_away_for_a_day",
            "interfaces/test_oauth.py::test_an_issuer_that_cannot_be_believed_is_refused_at_the_start",
            "interfaces/test_oauth.py::test_what_is_open_ends_with_the_token",
        ),
    ),
    "I22": Requirement(
        "Who bears no token, or one for too little, is told where tokens are made and which scope would do",
        (
            "interfaces/test_oauth.py::test_who_bears_nothing_is_told_where_tokens_are_made",
            "interfaces/test_oauth.py::test_a_scope_that_is_too_small_says_which_would_do",
            "interfaces/test_oauth.py::test_without_an_issuer_nobody_is_told_of_one",
            "interfaces/test_oauth.py::test_an_mcp_client_finds_the_issuer_by_itself",
        ),
    ),
    "I23": Requirement(
        "MCP is spoken as its own suite and Inspector expect, in both eras",
        (
            "interfaces/mcp/test_conformance.py::test_no_scored_scenario_of_the_suite_fails",
            "interfaces/mcp/test_inspector.py::test_the_inspector_works_over_http_with_a_token",
            "interfaces/mcp/test_inspector.py::test_the_inspector_works_over_stdio",
        ),
    ),
}

LATER: dict[str, str] = {}
"""What is decided and not built yet. Nothing may promise these."""
