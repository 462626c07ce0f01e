"""Every bound of the product in one table, each with its unit."""

from dataclasses import dataclass, fields
from typing import Any

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds in force; the attributes' docstrings are the documentation.

    Names end in their unit; those without one are counts.
    """

    path_bytes_max: int = 1024
    """Longest path, in UTF-8 bytes."""
    name_bytes_max: int = 255
    """Longest component of a path, in UTF-8 bytes."""
    path_depth_max: int = 32
    """Most components of a path."""
    pattern_chars_max: int = 1024
    """Longest pattern."""
    pattern_stars_max: int = 8
    """Most `**` components of one pattern."""

    file_bytes_max: int = 1 * GIB
    """Largest file that is taken in or uploaded."""
    tool_content_bytes_max: int = 8 * MIB
    """Largest content in one tool call; larger files go by `PUT`."""
    request_bytes_max: int = 16 * MIB
    """Largest body of a request to `/mcp`, and longest line on the socket."""
    json_depth_max: int = 201
    """Deepest that the JSON in a body of the HTTP API is nested; its reader goes no further."""
    inline_bytes_max: int = 64 * KIB
    """Content up to this size lives in the database, larger in an object file."""
    message_chars_max: int = 2_000
    """Longest message of a version."""
    sources_max: int = 200
    """Most sources named by one write."""
    commit_sources_max: int = 2000
    """Most sources named by all writes of one commit."""
    edits_max: int = 100
    """Most edits in one `edit_file`."""
    commit_files_max: int = 10_000
    """Most files in one commit."""
    commit_bytes_max: int = 64 * MIB
    """Most content in one commit."""
    diff_chars_max: int = 8_000
    """Longest diff in an answer or an error."""
    merge_bytes_max: int = 8 * MIB
    """Largest text that is edited or merged three ways."""
    edited_text_bytes_max: int = 1 * MIB
    """Largest text that the editor of the web view takes."""
    uploaded_files_max: int = 1_000
    """Most files of one upload form of the web view."""

    agent_chars_max: int = 64
    """Longest agent name."""
    request_id_chars_max: int = 128
    """Longest request id."""
    request_kept_s: int = 24 * 3600
    """How long the answer to a request id is kept, in seconds."""

    agents_max: int = 10_000
    """Most agents of whom it is remembered what they did; then those that were seen longest ago are forgotten, but for
    paused ones and those with open notes."""
    agents_page_max: int = 200
    """Most agents in one page of the list."""
    note_open_max: int = 20
    """Most notes that wait for one agent to see or to acknowledge them."""
    notes_per_agent_max: int = 100
    """Most notes of one agent that are remembered; then its oldest go."""

    drafts_per_agent_max: int = 100
    """Most drafts of refused content of one agent; then its oldest go."""
    draft_bytes_per_agent_max: int = 256 * MIB
    """Most content in one agent's drafts; then its oldest go. Larger content is not kept when it is refused."""
    draft_kept_s: int = 3600
    """How long refused content is kept as a draft, in seconds."""
    displaced_open_max: int = 256
    """Most files that writes have displaced and that other programs still have open for writing; the bytes of the
    longest displaced ones beyond it are moved to `.workspace/lost`, and stay there."""
    displaced_open_bytes_max: int = 1 * GIB
    """Most bytes of them."""
    reads_max: int = 20_000
    """Most files of which it is remembered who has read what; then the oldest reads are forgotten."""
    read_kept_s: int = 24 * 3600
    """How long it is remembered which agent has read what of a file, in seconds."""

    lock_ttl_s_min: int = 5
    """Shortest lock, in seconds."""
    lock_ttl_s_max: int = 3600
    """Longest lock, in seconds."""
    lock_paths_max: int = 200
    """Most paths of one lock."""
    handle_chars_max: int = 64
    """Longest handle of a lock that is looked up."""
    locks_per_agent_max: int = 100
    """Most live locks of one agent."""
    lock_ended_kept_s: int = 24 * 3600
    """How long it is remembered why a lock has ended, in seconds."""
    lock_patterns_max: int = 20
    """Most patterns of one lock; to compare patterns takes time, and all who ask for a lock wait for it."""
    lock_paths_per_agent_max: int = 2_000
    """Most paths, directories and patterns of one agent's locks and places in line together."""
    lock_patterns_per_agent_max: int = 100
    """Most patterns among them."""
    lock_places_max: int = 1_000
    """Most places in the line for locks."""
    lock_places_per_agent_max: int = 100
    """Most places of one agent in the line for locks."""
    lock_line_paths_max: int = 10_000
    """Most paths, directories and patterns of all places in the line; they are compared whenever a lock ends."""
    lock_line_patterns_max: int = 200
    """Most patterns among them."""
    lock_place_kept_s: int = 60
    """How long a place in the line is kept while no call waits on it, in seconds."""
    purpose_chars_max: int = 500
    """Longest purpose of a lock."""

    wait_s_max: int = 50
    """Longest wait of one call, in seconds."""
    wait_files_max: int = 200
    """Most selectors of one `wait_for`."""
    tokens_max: int = 200_000
    """Largest token budget of an answer."""
    tokens_min: int = 50
    """Smallest token budget of an answer."""
    list_rows_max: int = 1_000
    """Most rows of one page of a list."""
    browsed_files_max: int = 200_000
    """Most files that the web view sorts, narrows down, or looks through by their names."""
    seen_files_max: int = 20_000
    """Most files that the web view does so with for whoever may read a part of a directory."""
    hidden_files_max: int = 200_000
    """Most files that one page of a listing looks at for those that its caller may read."""
    counted_files_max: int = 500
    """Most files that are counted in a directory that the web view shows in a list."""
    events_page_max: int = 1_000
    """Most events in one page."""
    events_squashed_max: int = 500
    """Most events of which a page of the activity makes a line per path."""
    events_looked_through_max: int = 50_000
    """Most events that a page of the activity compares with a directory or a pattern."""
    history_page_max: int = 200
    """Most versions in one page of a history."""
    blame_lines_max: int = 2_000
    """Most lines of which one answer says who wrote them."""
    blame_versions_max: int = 1_000
    """Most versions that are looked through for who wrote a line."""
    blame_bytes_max: int = 256 * MIB
    """Most bytes of them."""
    blame_s_max: int = 2
    """How long they are looked through, in seconds."""

    query_chars_max: int = 500
    """Longest search query."""
    past_fact_versions_max: int = 20
    """Most versions of one file before its present one whose facts are kept, for questions with `as_of_seq`."""
    past_facts_max: int = 1_000
    """Most facts of a version for them to be kept when it is replaced."""

    triggers_max: int = 10_000
    """Most triggers of a workspace."""
    trigger_files_max: int = 100
    """Most patterns of one trigger."""
    trigger_inputs_max: int = 1_000
    """Most inputs of one firing, and most paths that a manifest lists."""
    trigger_slots_max: int = 2_000
    """Most files that one join remembers; while so many wait in it, new ones are held back with an event."""
    manifest_bytes_max: int = 256 * KIB
    """Largest manifest."""
    check_bytes_max: int = 1 * MIB
    """Largest version that checks look at; a larger one fails them."""
    question_chars_max: int = 500
    """Longest question of an approval."""
    rehearsal_events_max: int = 2_000
    """Most past events that one test of a trigger plays."""
    trigger_keys_max: int = 10_000
    """Most keys for which a shared input of a join is remembered."""
    runs_page_max: int = 200
    """Most runs in one page of the list."""
    run_steps_max: int = 500
    """Most steps of one run that are shown."""
    url_chars_max: int = 2_048
    """Longest address of a webhook."""
    instructions_bytes_max: int = 4 * KIB
    """Longest instructions of a trigger or job, in UTF-8 bytes."""
    job_inputs_max: int = 1_000
    """Most inputs of one job."""
    visibility_s_max: int = 12 * 3600
    """Longest time a claimed job stays with its worker without a sign of life, in seconds."""
    note_chars_max: int = 2_000
    """Longest note of a finished job."""
    job_delay_s_max: int = 7 * 24 * 3600
    """Longest delay before a job is tried again, in seconds."""
    job_attempts_max: int = 10
    """Most attempts at a job that come to nothing; then it is given up, until a person puts it back."""
    job_log_bytes_max: int = 64 * KIB
    """How much is kept of what the program of one attempt at a job prints: its beginning and its end."""
    job_logs_max: int = 10_000
    """Most logs of attempts that are kept, the newest of all jobs."""
    jobs_looked_at_max: int = 10_000
    """Most jobs that are looked at for those of which a caller is told whose scope is a part of the workspace."""
    jobs_page_max: int = 200
    """Most jobs in one page of the list."""
    commands_max: int = 100
    """Most commands in the settings."""
    command_timeout_s_max: int = 24 * 3600
    """Longest time that a run of a command may take, in seconds."""
    command_concurrency_max: int = 16
    """Most runs of one command at once."""
    delivery_body_bytes_max: int = 256 * KIB
    """Largest body of a webhook."""
    delivery_answer_bytes_max: int = 1 * KIB
    """How much of a receiver's answer is kept."""
    delivery_connect_s: float = 3.0
    """How long a receiver may take to accept a connection, in seconds."""
    delivery_total_s: float = 15.0
    """How long one attempt may take, in seconds."""
    deliveries_in_flight_max: int = 16
    """Most attempts at one endpoint at once."""
    deliveries_unrecorded_max: int = 64
    """Most attempts at one endpoint that are in flight, or have been answered and are not recorded yet."""
    deliveries_in_flight_all_max: int = 1_024
    """Most attempts at all endpoints together at once."""
    breaker_open_s: int = 30
    """For how long an endpoint is left alone once half of the attempts of five minutes have failed, in seconds; twice
    as long each time that it fails again."""
    breaker_open_s_max: int = 600
    """Longest time that it is left alone before it is tried again, in seconds."""
    secret_overlap_s: int = 24 * 3600
    """For how long the old secret of a webhook signs beside the new one, in seconds."""
    redeliveries_max: int = 1_000
    """Most deliveries that one call sends again."""
    delivery_input_bytes_max: int = 64 * KIB
    """Longest content or diff of one input in the body of a webhook, in UTF-8 bytes; the rest is cut off."""
    delivery_facts_max: int = 50
    """Most facts of one input in the body of a webhook."""
    job_kept_s: int = 30 * 24 * 3600
    """How long jobs that were done or failed are kept with their logs, in seconds."""
    delivery_kept_s: int = 30 * 24 * 3600
    """How long deliveries that have ended are kept with their attempts, in seconds."""
    deliveries_page_max: int = 200
    """Most deliveries in one page of the list."""
    attention_per_kind_max: int = 1_000
    """Most open entries of one kind on the list of what needs a person; then its oldest leave it."""
    attention_ended_max: int = 1_000
    """Most ended entries of that list that are remembered."""
    model_answer_bytes_max: int = 16 * MIB
    """Most bytes of a language model's answer; a batch of vectors as JSON takes a few MiB."""

    subscriptions_max: int = 1_000
    """Most subscriptions of MCP Events."""
    subscriptions_per_agent_max: int = 100
    """Most subscriptions of one agent."""
    subscription_files_max: int = 100
    """Most patterns, or types, of one subscription."""
    subscription_arguments_bytes_max: int = 16 * KIB
    """Longest arguments of a subscription, as JSON."""
    subscription_ttl_s_min: int = 60
    """Shortest life of a subscription that is not refreshed, in seconds."""
    subscription_ttl_s: int = 3_600
    """How long it lives when its client does not say, in seconds."""
    subscription_ttl_s_max: int = 30 * 24 * 3600
    """Longest life of a subscription that is not refreshed, unless it was asked to have no end, in seconds."""
    subscription_ended_kept_s: int = 24 * 3600
    """How long it is remembered that a subscription has ended, so that ending it again is no error, in seconds."""
    subscription_replay_max: int = 10_000
    """Most events that a subscription goes back over; an older cursor is put forward, and that is said."""
    subscription_pending_max: int = 1_000
    """Most events on their way to one subscription; one more, and all are given up for a `gap`."""
    subscription_silent_s_max: int = 7 * 24 * 3600
    """How long a subscription without an end is kept while nothing arrives at its receiver, in seconds."""
    verification_kept_s: int = 24 * 3600
    """How long it is remembered that a receiver has proven to want an agent's subscriptions, in seconds."""
    verifications_per_minute: int = 10
    """Most challenges to one host in a minute."""
    streams_per_agent_max: int = 100
    """Most open event streams of one agent over MCP."""
    poll_rows_max: int = 10_000
    """Most events that one poll looks at; when filters leave most of them out, the next one goes on from there."""

    links_max: int = 1_000
    """Most share links that lead somewhere."""
    link_s_min: int = 60
    """Shortest life of a share link, in seconds."""
    link_s: int = 7 * 24 * 3600
    """How long a share link lives unless it is said, in seconds."""
    link_s_max: int = 90 * 24 * 3600
    """Longest life of a share link, in seconds."""
    link_kept_s: int = 30 * 24 * 3600
    """How long it is remembered what a share link was, once its time is over, in seconds."""
    link_misses_per_second: int = 10
    """Most addresses of share links that lead nowhere and are answered so in a second; the rest are told to wait."""

    live_tokens_max: int = 1_000
    """Most tokens that are neither revoked nor expired."""
    grants_max: int = 32
    """Most grants of one token."""
    token_s_min: int = 60
    """Shortest life of a token that expires, in seconds."""
    token_s_max: int = 10 * 365 * 24 * 3600
    """Longest life of a token that expires, in seconds."""
    logins_max: int = 1_000
    """Most browsers that are logged in at once; the oldest one has to log in again."""
    token_misses_per_second: int = 10
    """Most wrong tokens of one address that are answered so in a second; the rest are told to wait."""
    token_misses_all_per_second: int = 100
    """Most of all addresses together."""
    calls_at_once: int = 2
    """Most tool calls and questions of one token that are worked on at once; its others wait their turn, and nobody
    else's do. Calls that wait for something by their nature do not count."""
    rest_times: int = 3
    """While callers with other tokens or none are there, and more calls of one token wait, each place of it stays empty
    after a call, and the answer waits, so many times as long as the call took."""
    rest_s_max: float = 1.0
    """But no longer than this, in seconds."""
    company_s: float = 1.0
    """How long after a call somebody counts as being there, in seconds."""
    refusals_apart_max: int = 100
    """Most callers whose refusals of a few seconds stand apart in the audit log; those of the rest are counted."""

    unsent_bytes_max: int = 128 * KIB
    """What the system keeps of the answers of one connection while nobody takes them, in bytes; it may double that."""
    target_bytes_max: int = 16 * KIB
    """Longest address of a request, with its query."""
    headers_max: int = 100
    """Most headers of a request."""
    head_bytes_max: int = 64 * KIB
    """Most bytes of them."""
    head_s: float = 10.0
    """How long a connection may take until the headers of its request are there, in seconds."""
    slow_window_s: float = 15.0
    """For how long a body may come, or an answer be taken, more slowly than the next line says, in seconds."""
    bytes_per_s_min: int = 1 * KIB
    """Slowest pace of a body that comes, and of an answer that waits to be taken, in bytes a second."""
    unread_s: int = 60
    """How long the other end of a connection may take nothing at all of what was sent to it, in seconds; Linux only."""
    pipelined_max: int = 16
    """Most requests that wait on one connection for the answer to the one before."""
    keep_alive_s: int = 5
    """How long a connection stays open after an answer, in seconds."""

    leeway_s: int = 30
    """How far the clock of an issuer of access tokens may be off, in seconds."""
    issued_token_bytes_max: int = 16 * KIB
    """Longest access token of an issuer that is looked at."""
    issued_time_s_max: int = 2**40
    """Latest time that an access token may name, in seconds since 1970."""
    issued_tokens_max: int = 1_000
    """Most access tokens of an issuer that are remembered; the one unused for longest is checked anew."""
    issuer_s: int = 5
    """How long an issuer may take for one answer, in seconds."""
    issuer_answer_bytes_max: int = 256 * KIB
    """Longest answer of an issuer; a longer one is none."""
    issuer_keys_max: int = 100
    """Most keys of an issuer; those beyond are not looked at."""
    issuer_asked_every_s: int = 10
    """An issuer is asked for its keys once in so many seconds at most."""
    issuer_keys_fresh_s: int = 3_600
    """After so many seconds an issuer is asked for its keys again."""
    issuer_keys_kept_s: int = 24 * 3_600
    """How long the keys of an issuer that does not answer are believed, in seconds."""

    reserve_bytes: int = 4 * MIB
    """Room on the disk that is kept back, so that deleting and unlocking go on when the disk is full, in bytes."""
    queue_writes_max: int = 10_000
    """Most transactions that wait for the writer; one more is `unavailable`."""
    watch_dirty_max: int = 100_000
    """Most paths marked dirty by the watcher; beyond it everything is dirty."""
    followers_max: int = 1_000
    """Most open event streams."""
    traced_saves_max: int = 10_000
    """Most newest versions whose place in a trace is remembered, for firings that come later."""
    traced_wait_s: int = 10
    """For how long a change waits for what fires for it before it gets a trace of its own, in seconds."""
    traced_inputs_max: int = 32
    """Most inputs that the span of a firing is linked with."""


LIMITS = Limits()
"""The bounds that are in force everywhere."""


def table() -> list[tuple[str, Any]]:
    """Return every bound as (name, value), in the order of this page."""
    return [(field.name, getattr(LIMITS, field.name)) for field in fields(Limits)]
