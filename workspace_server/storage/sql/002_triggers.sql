-- Triggers and what they set off: joins, firings, webhooks and jobs.

INSERT INTO counters (name, value) VALUES ('firing', 0), ('job', 0);

CREATE TABLE triggers (
    trigger_id INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    definition TEXT NOT NULL,           -- JSON, every default spelled out
    state      TEXT NOT NULL CHECK (state IN ('active', 'needs_approval', 'deleted')),
    secret     TEXT,                    -- signs its webhooks; shown once, when it was made
    created_at REAL NOT NULL,
    created_by TEXT NOT NULL,
    rate_since REAL NOT NULL DEFAULT 0, -- the minute in which firings are counted
    rate_count INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX triggers_name ON triggers (name) WHERE state <> 'deleted';

CREATE TABLE joins (                    -- the state of one trigger for one key
    join_id    INTEGER PRIMARY KEY,
    trigger_id INTEGER NOT NULL REFERENCES triggers,
    key        TEXT NOT NULL,           -- the captures in one spelling; the path in mode each; ':shared' for what all keys share
    captures   TEXT NOT NULL,           -- JSON {name: value}
    fired      INTEGER NOT NULL,
    busy       INTEGER NOT NULL,        -- 1 while its last firing is in flight
    ready_at   REAL,                    -- since when its condition holds; NULL while it does not
    last_at    REAL NOT NULL,
    saves      INTEGER NOT NULL,
    due_at     REAL,                    -- when to look at it again, if nothing happens before
    UNIQUE (trigger_id, key)
);
CREATE INDEX joins_due ON joins (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE join_slots (
    join_id  INTEGER NOT NULL REFERENCES joins ON DELETE CASCADE,
    path     TEXT NOT NULL,
    version  INTEGER,                   -- what stands there and counts; NULL: nothing
    consumed INTEGER NOT NULL,          -- what the last firing took
    seq      INTEGER,
    sha256   TEXT,
    agent    TEXT,
    fence    INTEGER,                   -- the exclusive lock under which it was written and that has not ended
    holder   TEXT,
    cause    TEXT,                      -- JSON {firing, root, depth}
    PRIMARY KEY (join_id, path)
) WITHOUT ROWID;
CREATE INDEX join_slots_fence ON join_slots (fence) WHERE fence IS NOT NULL;

CREATE TABLE firings (                  -- one time that a trigger fired, with what it saw
    firing_id  INTEGER PRIMARY KEY,
    trigger_id INTEGER NOT NULL REFERENCES triggers,
    key        TEXT NOT NULL,
    number     INTEGER NOT NULL,        -- 1, 2, 3 … for this trigger and key: a set fires once
    at         REAL NOT NULL,
    root       TEXT NOT NULL,
    depth      INTEGER NOT NULL,
    data       TEXT NOT NULL,           -- JSON: what its webhook and its job say
    in_flight  INTEGER NOT NULL,
    UNIQUE (trigger_id, key, number)
);

CREATE TABLE endpoints (                -- where webhooks go
    endpoint_id INTEGER PRIMARY KEY,
    url         TEXT NOT NULL UNIQUE,
    disabled_at REAL                    -- since when it wants no more (410); NULL while it does
);

CREATE TABLE deliveries (               -- the outbox: one firing on its way to one endpoint
    delivery_id INTEGER PRIMARY KEY,
    message_id  TEXT NOT NULL UNIQUE,   -- the same over all attempts
    endpoint_id INTEGER NOT NULL REFERENCES endpoints,
    firing_id   INTEGER NOT NULL REFERENCES firings,
    lane        TEXT NOT NULL,          -- those of one lane go one after the other
    state       TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    failures    INTEGER NOT NULL,       -- since it was last sent anew
    next_at     REAL NOT NULL,          -- when to try (again)
    at          REAL NOT NULL,
    ended_at    REAL,
    reason      TEXT                    -- why it was given up
);
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, lane, delivery_id) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX deliveries_firing ON deliveries (firing_id);

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries,
    number      INTEGER NOT NULL,
    at          REAL NOT NULL,
    status      INTEGER,                -- of the answer; NULL when there was none
    failure     TEXT,                   -- why there was none
    latency_ms  REAL NOT NULL,
    answer      TEXT NOT NULL,          -- its beginning
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;

CREATE TABLE jobs (
    job_id       INTEGER PRIMARY KEY,
    queue        TEXT NOT NULL,
    key          TEXT,                  -- at most one unfinished job of a queue has it
    state        TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'blocked', 'done', 'failed')),
    instructions TEXT,
    inputs       TEXT NOT NULL,         -- JSON [{path, version}]
    firing_id    INTEGER REFERENCES firings,
    created_at   REAL NOT NULL,
    created_by   TEXT NOT NULL,
    not_before   REAL NOT NULL,         -- seconds since 1970
    attempt      INTEGER NOT NULL,
    agent        TEXT,                  -- who claimed it last
    claimed_at   REAL,
    visibility_s REAL,
    deadline_s   REAL,                  -- on the clock of the boot below
    boot_id      TEXT,
    lost_by      TEXT NOT NULL DEFAULT '[]',  -- JSON: whose claims ran out
    ended_at     REAL,
    note         TEXT
);
CREATE INDEX jobs_queued ON jobs (queue, job_id) WHERE state = 'queued';
CREATE INDEX jobs_delayed ON jobs (queue, not_before) WHERE state = 'queued';
CREATE INDEX jobs_claimed ON jobs (agent) WHERE state = 'claimed';
CREATE INDEX jobs_firing ON jobs (firing_id) WHERE firing_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_key ON jobs (queue, key) WHERE key IS NOT NULL AND state IN ('queued', 'claimed', 'blocked');
