"""Where each bound is tested at its edge: by what is asked of the engine, by a rule alone, or by a test elsewhere."""

from collections.abc import Awaitable, Callable
from typing import Any

from workspace_server.core.access import Caller, agent_name
from workspace_server.core.commands import parse_commands
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import parse_pattern
from workspace_server.core.scopes import ALL
from workspace_server.core.triggers.entries import parse_entries
from workspace_server.core.triggers.fields import check_instructions
from workspace_server.core.triggers.manifest import listed
from workspace_server.core.triggers.targets import parse_target, web_address
from workspace_server.services.arguments import content_bytes
from workspace_server.services.engine import Engine
from workspace_server.services.subscribing.asked import check_arguments

ANN = Caller(agent="ann")
ROOT = Caller(agent="root", scope=ALL)

Ask = Callable[[Engine, Any], Awaitable[object]]

CALLS: dict[str, tuple[str, Ask]] = {
    "message_chars_max": (
        "message",
        lambda e, n: e.files.write_file(ANN, path="m.md", content="", message="x" * n, overwrite=True),
    ),
    "sources_max": (
        "sources",
        lambda e, n: e.files.write_file(
            ANN, path="s.md", content="", sources=[{"path": "a.md", "version": 1}] * n, overwrite=True
        ),
    ),
    "edits_max": (
        "edits",
        lambda e, n: e.files.edit_file(ANN, path="a.md", edits=[{"old_text": "a", "new_text": "a"}] * n),
    ),
    "purpose_chars_max": ("purpose", lambda e, n: e.locks.lock_files(ANN, paths=["p"], purpose="x" * n)),
    "handle_chars_max": ("lock", lambda e, n: e.locks.unlock_files(ANN, lock="x" * n)),
    "lock_ttl_s_max": ("ttl_seconds", lambda e, n: e.locks.lock_files(ANN, paths=["p"], ttl_seconds=n)),
    "lock_ttl_s_min": ("ttl_seconds", lambda e, n: e.locks.lock_files(ANN, paths=["p"], ttl_seconds=n)),
    "lock_paths_max": ("paths", lambda e, n: e.locks.lock_files(ANN, paths=[f"p/{i}" for i in range(n)])),
    "wait_s_max": ("wait_seconds", lambda e, n: e.locks.lock_files(ANN, paths=["p"], wait_seconds=n)),
    "wait_files_max": (
        "files",
        lambda e, n: e.waits.wait_for(ANN, files=["a.md", *(f"{i}" for i in range(n - 1))], mode="any"),
    ),
    "tokens_max": ("max_tokens", lambda e, n: e.listing.list_files(ANN, path="empty", max_tokens=n)),
    "tokens_min": ("max_tokens", lambda e, n: e.listing.list_files(ANN, pattern="nothing", max_tokens=n)),
    "list_rows_max": ("limit", lambda e, n: e.decisions.list_attention(ROOT, limit=n)),
    "agents_page_max": ("limit", lambda e, n: e.agents.list_agents(ANN, limit=n)),
    "events_page_max": ("limit", lambda e, n: e.events.feed(ANN, since_seq=0, limit=n)),
    "history_page_max": ("limit", lambda e, n: e.files.file_history(ANN, path="a.md", limit=n)),
    "runs_page_max": ("limit", lambda e, n: e.runs.list_runs(ANN, limit=n)),
    "jobs_page_max": ("limit", lambda e, n: e.queues.list_jobs(ANN, limit=n)),
    "deliveries_page_max": ("limit", lambda e, n: e.deliveries.list_deliveries(ROOT, limit=n)),
    "rehearsal_events_max": ("limit", lambda e, n: e.rehearsing.test_trigger(ANN, name="none", limit=n)),
    "trigger_keys_max": ("skip", lambda e, n: e.triggers.list_keys(ANN, name="none", skip=n)),
    "query_chars_max": ("query", lambda e, n: e.search.search(ANN, query="x" * n)),
    "note_chars_max": ("note", lambda e, n: e.locks.end_lock(ROOT, "L1", note="x" * n)),
    "request_id_chars_max": ("session", lambda e, n: e.jobs.claim_job(ANN, queue="q", session="x" * n)),
    "visibility_s_max": ("visibility_seconds", lambda e, n: e.jobs.claim_job(ANN, queue="q", visibility_seconds=n)),
    "job_delay_s_max": (
        "delay_seconds",
        lambda e, n: e.jobs.finish_job(ANN, job="J1", outcome="failed", delay_seconds=n),
    ),
    "job_inputs_max": (
        "inputs",
        lambda e, n: e.jobs.add_job(ANN, queue="q", instructions="x", inputs=["a.md"] * n),
    ),
}
"""Of each bound: the argument that it is about, and a call with that many, so long a text or so high a number."""


def _path_of(size_bytes: int) -> str:
    whole, left = divmod(size_bytes - 1, 101)
    return "/".join(["a" * 100] * whole + ["b" * (left + 1)])


RULES: dict[str, Callable[[int], object]] = {
    "path_bytes_max": lambda n: canonical_file(_path_of(n)),
    "name_bytes_max": lambda n: canonical_file("é" * (n // 2) + "a" * (n % 2)),
    "path_depth_max": lambda n: canonical_file("/".join("a" * n)),
    "pattern_chars_max": lambda n: parse_pattern("a" * n),
    "pattern_stars_max": lambda n: parse_pattern("/".join(["**/a"] * n)),
    "agent_chars_max": lambda n: agent_name("x" * n),
    "tool_content_bytes_max": lambda n: content_bytes("x" * n, "utf-8", put_url=""),
    "trigger_files_max": lambda n: parse_entries("files", [f"{i}.md" for i in range(n)], lambda _: False),
    "trigger_inputs_max": lambda n: listed("\n".join(map(str, range(n))).encode()),
    "manifest_bytes_max": lambda n: listed(b"a.md\n#".ljust(n, b"x")),
    "question_chars_max": lambda n: parse_target({"approval": "x" * n}),
    "instructions_bytes_max": lambda n: check_instructions("x" * n),
    "url_chars_max": lambda n: web_address("https://example.com/".ljust(n, "x")),
    "commands_max": lambda n: parse_commands({f"c{i}": {"argv": ["x"]} for i in range(n)}),
    "command_timeout_s_max": lambda n: parse_commands({"c": {"argv": ["x"], "timeout_seconds": n}}),
    "command_concurrency_max": lambda n: parse_commands({"c": {"argv": ["x"], "concurrency": n}}),
    "subscription_arguments_bytes_max": lambda n: check_arguments({"a": "x" * (n - len('{"a": ""}'))}),
}
"""Of each bound: a rule that is given that many, or so long a text."""

HERE = "services/test_limits_at_the_edge.py::"
FILES = "services/files/"
SENDING = "services/automation/sending/"
SUBSCRIBED = "services/subscribing/test_subscriptions.py::"
CONNECTIONS = "app/test_connections.py::"
TESTS: dict[str, str] = {
    "file_bytes_max": "storage/test_content.py::test_a_stream_becomes_the_same_content_as_the_whole",
    "request_bytes_max": "interfaces/mcp/test_streamable.py::"
    "test_too_large_a_request_is_refused_as_an_error_that_clients_show",
    "json_depth_max": "interfaces/http/test_bad_input.py::test_json_is_nested_so_deep_and_no_deeper",
    "inline_bytes_max": "storage/test_content.py::test_only_large_content_becomes_an_object_file",
    "commit_sources_max": FILES + "test_seen.py::test_a_commit_names_so_many_sources_at_most",
    "commit_files_max": FILES + "test_batches.py::test_a_commit_is_bounded",
    "commit_bytes_max": FILES + "test_batches.py::test_a_commit_is_bounded",
    "diff_chars_max": HERE + "test_a_diff_is_cut_where_it_is_longer_than_it_may_be",
    "merge_bytes_max": HERE + "test_a_text_is_edited_up_to_its_bound",
    "edited_text_bytes_max": "interfaces/web/writing/test_editor.py::"
    "test_a_text_that_has_grown_too_large_is_given_back",
    "uploaded_files_max": "interfaces/web/writing/test_uploads.py::"
    "test_one_form_takes_so_many_files_and_says_what_became_of_those",
    "request_kept_s": "services/test_recording.py::test_answers_are_kept_for_a_day",
    "agents_max": HERE + "test_so_many_agents_are_remembered",
    "note_open_max": "services/agents/test_notes.py::"
    "test_only_so_many_notes_wait_for_an_agent_and_old_ones_are_forgotten",
    "notes_per_agent_max": "services/agents/test_notes.py::"
    "test_only_so_many_notes_wait_for_an_agent_and_old_ones_are_forgotten",
    "drafts_per_agent_max": FILES + "test_drafts.py::test_the_oldest_drafts_go_where_the_quota_ends",
    "draft_bytes_per_agent_max": HERE + "test_an_agents_drafts_hold_so_many_bytes",
    "draft_kept_s": FILES + "test_drafts.py::test_a_draft_is_of_one_agent_and_of_one_hour",
    "displaced_open_max": "services/tree/test_displaced.py::"
    "test_beyond_the_bound_the_oldest_open_file_goes_where_its_bytes_stay",
    "displaced_open_bytes_max": "services/tree/test_displaced.py::"
    "test_beyond_the_bound_the_oldest_open_file_goes_where_its_bytes_stay",
    "reads_max": HERE + "test_so_many_reads_are_remembered_and_for_so_long",
    "read_kept_s": HERE + "test_so_many_reads_are_remembered_and_for_so_long",
    "locks_per_agent_max": "services/locking/test_locks.py::test_an_agent_has_so_many_locks_and_no_more",
    "lock_ended_kept_s": "services/locking/test_locks.py::test_it_is_forgotten_after_a_while_why_a_lock_ended",
    "lock_patterns_max": "core/test_lock_queue.py::test_what_one_agent_locks_and_waits_for_is_bounded",
    "lock_paths_per_agent_max": "core/test_lock_queue.py::test_what_one_agent_locks_and_waits_for_is_bounded",
    "lock_patterns_per_agent_max": "core/test_lock_queue.py::test_what_one_agent_locks_and_waits_for_is_bounded",
    "lock_places_max": HERE + "test_the_line_has_so_many_places",
    "lock_places_per_agent_max": "services/locking/test_line.py::test_an_agent_has_so_many_places_in_line_and_no_more",
    "lock_line_paths_max": "core/test_lock_queue.py::test_what_all_agents_together_wait_for_is_bounded",
    "lock_line_patterns_max": "core/test_lock_queue.py::test_what_all_agents_together_wait_for_is_bounded",
    "lock_place_kept_s": "services/locking/test_line.py::test_a_place_is_lost_after_its_time",
    "jobs_looked_at_max": "services/test_scoped.py::test_so_many_jobs_are_looked_at_for_one_inside",
    "seen_files_max": "services/test_scoped.py::test_no_more_is_looked_at_than_begins_as_the_scope_does",
    "hidden_files_max": "services/test_scoped.py::test_no_more_is_looked_at_than_begins_as_the_scope_does",
    "browsed_files_max": FILES + "test_browsing.py::test_more_files_than_are_looked_at_are_said_to_be_more",
    "counted_files_max": FILES + "test_browsing.py::test_more_files_than_are_looked_at_are_said_to_be_more",
    "events_squashed_max": HERE + "test_a_page_of_the_activity_squashes_so_many_events",
    "events_looked_through_max": "services/test_activity.py::"
    "test_a_pattern_looks_through_a_part_of_the_log_and_says_where_it_stopped",
    "blame_lines_max": FILES + "test_blaming.py::test_what_has_no_lines_is_refused",
    "blame_versions_max": FILES + "test_blaming.py::test_it_says_where_it_stopped_when_versions_are_many_large_or_slow",
    "blame_bytes_max": FILES + "test_blaming.py::test_it_says_where_it_stopped_when_versions_are_many_large_or_slow",
    "blame_s_max": FILES + "test_blaming.py::test_it_says_where_it_stopped_when_versions_are_many_large_or_slow",
    "past_fact_versions_max": "services/index/test_past_facts.py::test_only_the_last_versions_of_a_file_are_kept",
    "past_facts_max": "services/index/test_past_facts.py::test_a_version_with_very_many_facts_is_not_kept",
    "triggers_max": HERE + "test_a_workspace_has_so_many_triggers",
    "trigger_slots_max": "core/test_joins.py::test_a_join_takes_in_a_bounded_number_of_files",
    "check_bytes_max": "services/automation/test_checking.py::test_a_file_too_large_to_be_looked_at_fails",
    "run_steps_max": HERE + "test_a_run_shows_so_many_steps",
    "job_attempts_max": "core/test_jobs.py::test_a_job_is_tried_again_until_too_many_attempts_have_come_to_nothing",
    "job_log_bytes_max": "services/automation/test_jobs.py::test_a_long_log_is_kept_within_its_bound",
    "job_logs_max": HERE + "test_so_many_logs_of_attempts_are_kept",
    "delivery_body_bytes_max": SENDING + "test_included.py::test_what_does_not_fit_is_dropped_for_all_inputs_and_named",
    "delivery_answer_bytes_max": "delivery/test_sender.py::test_no_more_of_an_answer_is_read_than_is_kept",
    "delivery_connect_s": HERE + "test_who_sends_out_holds_to_the_table_unless_told_otherwise",
    "delivery_total_s": HERE + "test_who_sends_out_holds_to_the_table_unless_told_otherwise",
    "deliveries_in_flight_max": HERE + "test_an_endpoint_has_room_for_so_many_attempts",
    "deliveries_unrecorded_max": HERE + "test_an_endpoint_has_room_for_so_many_attempts",
    "deliveries_in_flight_all_max": SENDING + "test_failing_receivers.py::test_all_endpoints_together_have_a_bound_too",
    "breaker_open_s": "core/test_breaker.py::test_nine_failures_prove_nothing_and_the_tenth_opens",
    "breaker_open_s_max": "core/test_breaker.py::"
    "test_it_is_the_same_after_a_restart_and_never_holds_for_longer_than_its_bound",
    "secret_overlap_s": SENDING + "test_endpoints.py::test_while_a_secret_is_changed_both_sign_for_a_day",
    "redeliveries_max": SENDING + "test_endpoints.py::test_many_are_sent_again_in_parts_and_none_of_them_twice",
    "delivery_input_bytes_max": SENDING + "test_included.py::"
    "test_a_long_text_is_cut_between_two_characters_and_said_so",
    "delivery_facts_max": SENDING + "test_included.py::test_many_facts_are_cut_and_said_so",
    "job_kept_s": "services/automation/test_jobs.py::test_jobs_that_are_long_over_are_forgotten_and_open_ones_are_not",
    "delivery_kept_s": SENDING + "test_endpoints.py::test_what_ended_long_ago_is_forgotten_with_its_attempts",
    "attention_per_kind_max": "services/automation/test_attention.py::"
    "test_beyond_the_bound_of_a_kind_the_oldest_leaves_and_says_so",
    "attention_ended_max": "services/automation/test_attention.py::test_only_the_last_ended_entries_are_remembered",
    "model_answer_bytes_max": "delivery/test_models.py::test_a_long_answer_is_read_and_a_longer_one_than_may_be_is_not",
    "subscriptions_max": SUBSCRIBED + "test_one_agent_has_a_bounded_number_and_all_together_too",
    "subscriptions_per_agent_max": SUBSCRIBED + "test_one_agent_has_a_bounded_number_and_all_together_too",
    "subscription_files_max": "core/test_subscriptions.py::test_arguments_of_another_form_are_refused_by_name",
    "subscription_ttl_s_min": "core/test_subscriptions.py::test_a_life_is_clamped_and_never_endless_unasked",
    "subscription_ttl_s": "core/test_subscriptions.py::test_a_life_is_clamped_and_never_endless_unasked",
    "subscription_ttl_s_max": "core/test_subscriptions.py::test_a_life_is_clamped_and_never_endless_unasked",
    "subscription_ended_kept_s": SUBSCRIBED + "test_unsubscribing_ends_it_and_can_be_repeated_for_a_day",
    "subscription_replay_max": SUBSCRIBED + "test_a_subscription_goes_back_over_so_many_events",
    "subscription_pending_max": SUBSCRIBED + "test_too_much_on_its_way_becomes_a_gap",
    "subscription_silent_s_max": SUBSCRIBED + "test_one_without_an_end_ends_when_nothing_arrives_for_too_long",
    "verification_kept_s": SUBSCRIBED + "test_a_receiver_is_asked_again_once_its_word_is_old",
    "verifications_per_minute": SUBSCRIBED + "test_one_host_is_asked_so_many_times_a_minute",
    "streams_per_agent_max": "interfaces/mcp/events/test_streams.py::test_one_agent_has_a_bounded_number_of_streams",
    "poll_rows_max": HERE + "test_a_poll_looks_at_so_many_events",
    "links_max": "services/test_links.py::test_there_are_so_many_links_at_once",
    "link_s_min": "core/test_links.py::test_a_link_lives_as_long_as_the_table_allows",
    "link_s": HERE + "test_a_share_link_lives_a_week_unless_it_is_said",
    "link_s_max": "core/test_links.py::test_a_link_lives_as_long_as_the_table_allows",
    "link_kept_s": "services/test_links.py::test_a_link_ends_when_its_time_is_over_and_is_forgotten_later",
    "link_misses_per_second": "services/test_links.py::test_wrong_ids_are_bounded_and_right_ones_are_not",
    "live_tokens_max": "services/test_tokens.py::test_there_are_so_many_tokens_and_no_more",
    "grants_max": "core/test_scopes.py::test_a_token_has_so_many_grants_and_no_more",
    "token_s_min": "core/test_access_tokens.py::test_a_life_has_bounds",
    "token_s_max": "core/test_access_tokens.py::test_a_life_has_bounds",
    "logins_max": "interfaces/web/test_login.py::test_so_many_browsers_are_logged_in_and_the_oldest_goes",
    "token_misses_per_second": "services/test_tokens.py::test_who_guesses_tokens_has_to_wait_and_who_has_one_goes_on",
    "token_misses_all_per_second": "services/test_tokens.py::test_who_guesses_from_many_addresses_has_to_wait_as_well",
    "calls_at_once": "interfaces/test_shares.py::test_one_more_than_so_many_waits_until_one_of_them_has_gone",
    "rest_times": "core/test_company.py::test_a_place_rests_some_times_as_long_as_its_call_took",
    "rest_s_max": "core/test_company.py::test_no_place_rests_longer_than_so",
    "company_s": "core/test_company.py::test_nobody_stands_back_for_those_who_have_gone",
    "unsent_bytes_max": "app/test_server.py::test_the_system_keeps_so_much_of_an_answer_that_nobody_takes_and_no_more",
    "leeway_s": "core/test_issued.py::test_clocks_may_differ_by_the_leeway",
    "issued_token_bytes_max": HERE + "test_a_token_of_an_issuer_is_looked_at_up_to_its_bounds",
    "issued_time_s_max": HERE + "test_a_token_of_an_issuer_is_looked_at_up_to_its_bounds",
    "issued_tokens_max": HERE + "test_so_many_tokens_of_an_issuer_are_remembered",
    "issuer_s": HERE + "test_an_issuer_is_heard_up_to_its_bounds",
    "issuer_answer_bytes_max": HERE + "test_an_issuer_is_heard_up_to_its_bounds",
    "issuer_keys_max": HERE + "test_an_issuer_is_heard_up_to_its_bounds",
    "issuer_asked_every_s": "interfaces/test_oauth.py::"
    "test_keys_are_asked_for_again_when_one_is_unknown_but_not_at_everybodys_wish",
    "issuer_keys_fresh_s": "interfaces/test_oauth.py::test_an_issuer_that_is_down_takes_nothing_away_for_a_day",
    "issuer_keys_kept_s": "interfaces/test_oauth.py::test_an_issuer_that_is_down_takes_nothing_away_for_a_day",
    "unread_s": "app/test_server.py::test_the_system_ends_a_connection_whose_other_end_takes_nothing",
    "refusals_apart_max": "services/test_auditing.py::"
    "test_a_crowd_of_refused_callers_grows_neither_memory_nor_log_without_bound",
    "target_bytes_max": CONNECTIONS + "test_a_request_at_the_bounds_is_answered",
    "headers_max": CONNECTIONS + "test_a_request_at_the_bounds_is_answered",
    "head_bytes_max": CONNECTIONS + "test_a_part_that_has_no_end_is_not_collected",
    "head_s": CONNECTIONS + "test_headers_that_trickle_in_end_the_connection",
    "slow_window_s": CONNECTIONS + "test_who_does_not_read_an_answer_is_ended_and_little_was_kept_for_it",
    "bytes_per_s_min": CONNECTIONS + "test_who_does_not_read_an_answer_is_ended_and_little_was_kept_for_it",
    "pipelined_max": CONNECTIONS + "test_requests_wait_in_line_on_a_connection_up_to_a_bound",
    "keep_alive_s": HERE + "test_a_connection_rests_as_long_as_the_table_says",
    "traced_saves_max": "services/test_spans.py::test_so_many_commits_are_remembered_for_firings_to_come",
    "traced_wait_s": "services/test_spans.py::test_what_fires_by_the_clock_soon_enough_is_in_the_trace_of_its_cause",
    "traced_inputs_max": "services/test_spans.py::test_so_many_commits_are_remembered_for_firings_to_come",
    "reserve_bytes": HERE + "test_the_reserve_is_as_large_as_the_table_says",
    "queue_writes_max": "storage/test_database.py::test_more_writes_than_can_wait_are_refused",
    "watch_dirty_max": HERE + "test_beyond_so_many_marks_everything_is_dirty",
    "followers_max": "interfaces/http/test_events.py::test_streams_are_bounded_and_one_that_ends_makes_room",
}
"""Of each bound that counts what has happened, or that takes a door: the test that goes to its edge."""


def edge(name: str) -> tuple[int, int]:
    """Return the last value that passes, and the first one that does not."""
    limit = int(getattr(LIMITS, name))
    return (limit, limit - 1) if name.endswith("_min") else (limit, limit + 1)
