-- Nothing is lost: intents and queues for locks, refused content, what agents have read, what was removed, the audit chain.

CREATE TABLE locks_2 (
    lock_id    INTEGER PRIMARY KEY,
    handle     TEXT NOT NULL UNIQUE,
    agent      TEXT NOT NULL,
    mode       TEXT NOT NULL CHECK (mode IN ('exclusive', 'shared', 'intent')),
    fence      INTEGER NOT NULL,
    purpose    TEXT,
    ttl_s      REAL NOT NULL,
    deadline_s REAL NOT NULL,           -- on the clock of the boot below
    boot_id    TEXT NOT NULL,
    granted_at REAL NOT NULL,
    granted_seq INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('live', 'released', 'expired', 'broken')),
    ended_at   REAL,                    -- seconds since 1970
    session    TEXT,                    -- the stdio process that keeps it while it lives
    used_s     REAL NOT NULL DEFAULT 0, -- when a call last named it, on the clock of the boot above
    on_disk    INTEGER NOT NULL DEFAULT 0  -- 1: its holder edits the files in the folder itself
);
INSERT INTO locks_2 (lock_id, handle, agent, mode, fence, purpose, ttl_s, deadline_s, boot_id, granted_at, granted_seq,
    state)
    SELECT lock_id, handle, agent, mode, fence, purpose, ttl_s, deadline_s, boot_id, granted_at, granted_seq, state
    FROM locks;
CREATE TABLE lock_selectors_2 (         -- what live locks cover
    lock_id INTEGER NOT NULL REFERENCES locks ON DELETE CASCADE,
    kind    TEXT NOT NULL CHECK (kind IN ('path', 'directory', 'pattern')),
    text    TEXT NOT NULL,
    place   TEXT NOT NULL,              -- the folded directory that all lies in that it names; a path's is the one it may become
    PRIMARY KEY (lock_id, kind, text)
) WITHOUT ROWID;
INSERT INTO lock_selectors_2 SELECT lock_id, kind, text,
    CASE kind WHEN 'path' THEN lower(text) || '/' WHEN 'directory' THEN lower(text) ELSE '' END FROM lock_selectors;
DROP TABLE lock_selectors;
DROP TABLE locks;
ALTER TABLE locks_2 RENAME TO locks;
ALTER TABLE lock_selectors_2 RENAME TO lock_selectors;
CREATE INDEX locks_live ON locks (deadline_s) WHERE state = 'live';
CREATE INDEX locks_granted ON locks (granted_seq) WHERE state = 'live';
CREATE INDEX lock_selectors_place ON lock_selectors (place);

CREATE TABLE checkouts (                -- files that the holder of a lock edits in the folder, from check-out to check-in
    lock_id INTEGER NOT NULL REFERENCES locks ON DELETE CASCADE,
    path    TEXT NOT NULL,
    until_s REAL NOT NULL,              -- on the clock of the boot of the lock
    PRIMARY KEY (lock_id, path)
) WITHOUT ROWID;

CREATE TABLE lock_waits (               -- places in the line; a lower wait_id came first
    wait_id    INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: a call may still hold the number of one that is gone
    agent      TEXT NOT NULL,
    mode       TEXT NOT NULL CHECK (mode IN ('exclusive', 'shared', 'intent')),
    selectors  TEXT NOT NULL,           -- JSON [[kind, text]], sorted
    purpose    TEXT,
    waiting    INTEGER NOT NULL,        -- calls that wait on it now
    kept_until_s REAL NOT NULL,         -- until when the place is kept without one, on the clock of this boot
    since      REAL NOT NULL,           -- seconds since 1970
    UNIQUE (agent, mode, selectors)
);

CREATE TABLE drafts (                   -- refused content, kept for an hour for the agent that sent it
    draft_id   INTEGER PRIMARY KEY,
    agent      TEXT NOT NULL,
    path       TEXT NOT NULL,
    sha256     TEXT NOT NULL REFERENCES contents,
    size_bytes INTEGER NOT NULL,
    append     INTEGER NOT NULL DEFAULT 0,
    message    TEXT,
    sources    TEXT,                    -- JSON [{path, version}]; NULL: none were named
    at         REAL NOT NULL
);
CREATE INDEX drafts_agent ON drafts (agent, at);
CREATE INDEX drafts_sha256 ON drafts (sha256);

CREATE TABLE reads (                    -- what each agent has seen of each file last
    agent      TEXT NOT NULL,
    path       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    cut        TEXT,                    -- JSON [[from, to]] of the characters it saw; NULL: all of it
    at         REAL NOT NULL,
    PRIMARY KEY (agent, path)
) WITHOUT ROWID;
CREATE INDEX reads_at ON reads (at);

ALTER TABLE contents ADD COLUMN removed_at REAL;   -- its bytes are gone: purged, or beyond retention
ALTER TABLE contents ADD COLUMN removed_why TEXT;  -- 'purged', 'retention' or 'unused'
CREATE INDEX contents_removed ON contents (sha256) WHERE removed_at IS NOT NULL;
CREATE INDEX contents_base ON contents (base) WHERE base IS NOT NULL;

ALTER TABLE audit ADD COLUMN digest BLOB;          -- of the digest before it and of this row; NULL in rows older than the chain
INSERT INTO meta (name, value) SELECT 'audit_unchained', coalesce(max(audit_id), 0) FROM audit;

INSERT INTO counters (name, value) VALUES ('draft', 0);
