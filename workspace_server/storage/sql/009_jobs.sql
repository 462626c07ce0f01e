-- Jobs that wait for a person's word, that were given up, and what their programs printed.

CREATE TABLE jobs_anew (
    job_id       INTEGER PRIMARY KEY,
    queue        TEXT NOT NULL,         -- 'command:NAME' for what the server runs itself
    key          TEXT,                  -- at most one open job of a queue has it
    state        TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'blocked', 'done', 'failed', 'dead')),
    instructions TEXT,
    inputs       TEXT NOT NULL,         -- JSON [{path, version}]
    firing_id    INTEGER REFERENCES firings,
    created_at   REAL NOT NULL,
    created_by   TEXT NOT NULL,
    not_before   REAL NOT NULL,         -- seconds since 1970; 0 once it can be claimed
    attempt      INTEGER NOT NULL,
    failures     INTEGER NOT NULL DEFAULT 0,  -- attempts that came to nothing since a person last had a word in it
    agent        TEXT,                  -- who claimed it last
    session      TEXT,                  -- which process under that name, when it said so
    claimed_at   REAL,
    visibility_s REAL,                  -- NULL: for as long as the server lives
    deadline_s   REAL,                  -- on the clock of the boot below
    boot_id      TEXT,
    lost_by      TEXT NOT NULL DEFAULT '[]',  -- JSON: whose claims ran out
    ended_at     REAL,
    note         TEXT,
    reply        TEXT                   -- what a person answered
);
INSERT INTO jobs_anew (job_id, queue, key, state, instructions, inputs, firing_id, created_at, created_by, not_before,
    attempt, agent, claimed_at, visibility_s, deadline_s, boot_id, lost_by, ended_at, note)
SELECT job_id, queue, key, state, instructions, inputs, firing_id, created_at, created_by, not_before,
    attempt, agent, claimed_at, visibility_s, deadline_s, boot_id, lost_by, ended_at, note FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_anew RENAME TO jobs;
CREATE INDEX jobs_queued ON jobs (queue, job_id) WHERE state = 'queued';
CREATE INDEX jobs_delayed ON jobs (not_before) WHERE state = 'queued' AND not_before > 0;
CREATE INDEX jobs_claimed ON jobs (agent) WHERE state = 'claimed';
CREATE INDEX jobs_state ON jobs (state, job_id);
CREATE INDEX jobs_firing ON jobs (firing_id) WHERE firing_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_key ON jobs (queue, key) WHERE key IS NOT NULL AND state IN ('queued', 'claimed', 'blocked');

CREATE TABLE job_logs (                 -- what the program of one attempt printed
    log_id     INTEGER PRIMARY KEY,
    job_id     INTEGER NOT NULL REFERENCES jobs,
    attempt    INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    at         REAL NOT NULL,           -- when it was last added to
    size_bytes INTEGER NOT NULL,        -- of all that was printed
    form       TEXT NOT NULL CHECK (form IN ('raw', 'zstd')),
    kept       BLOB NOT NULL,           -- its beginning and its end, UTF-8
    UNIQUE (job_id, attempt)
);
