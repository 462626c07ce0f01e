-- The truth: files and their versions, content, events, locks, and what a crash must not lose.

CREATE TABLE meta (                     -- one row per fact about the workspace itself
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE counters (                 -- numbers that only rise: seq, fence, commit, lock
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('seq', 0), ('fence', 0), ('commit', 0), ('lock', 0);

CREATE TABLE contents (                 -- immutable bytes, by hash
    sha256     TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    -- 'object': the bytes are a file under objects/; 'tail': they are those of base, and then data
    form       TEXT NOT NULL CHECK (form IN ('raw', 'zstd', 'object', 'tail')),
    data       BLOB,
    base       TEXT REFERENCES contents,
    tails      INTEGER NOT NULL DEFAULT 0  -- how many tails stand between it and an object file
);

CREATE TABLE files (                    -- a path with its history; a copy of its head for listings
    file_id        INTEGER PRIMARY KEY,
    path           TEXT NOT NULL UNIQUE,
    fold           TEXT NOT NULL,       -- the key under which names that differ only by case or normal form collide
    live           INTEGER NOT NULL,    -- 0 once deleted
    version        INTEGER NOT NULL,    -- the highest version ever, also after a delete
    seq            INTEGER NOT NULL,    -- of the last change
    sha256         TEXT NOT NULL,
    size_bytes     INTEGER NOT NULL,
    media_type     TEXT NOT NULL,
    modified_at    REAL NOT NULL,       -- seconds since 1970
    modified_by    TEXT NOT NULL,
    tree_sha256    TEXT,                -- what the server last knew to stand in the working tree; NULL: nothing
    tree_signature TEXT                 -- the stat signature recorded for it after a sync
);
CREATE UNIQUE INDEX files_live_fold ON files (fold) WHERE live = 1;

CREATE TABLE versions (                 -- never changed
    file_id    INTEGER NOT NULL REFERENCES files,
    version    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    op         TEXT NOT NULL,           -- write, edit, append, merge, move, copy, restore, import, external, conflict
    at         REAL NOT NULL,
    agent      TEXT NOT NULL,
    message    TEXT,
    sha256     TEXT NOT NULL REFERENCES contents,
    size_bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    sources    TEXT,                    -- JSON [{path, version}]
    moved_from TEXT,                    -- JSON {path, version}
    commit_id  INTEGER,
    PRIMARY KEY (file_id, version)
) WITHOUT ROWID;

CREATE TABLE deletions (                -- a delete is a row and an event, not a version
    file_id INTEGER NOT NULL REFERENCES files,
    seq     INTEGER NOT NULL,
    version INTEGER NOT NULL,           -- the version that was deleted
    at      REAL NOT NULL,
    agent   TEXT NOT NULL,
    message TEXT,
    moved_to TEXT,
    PRIMARY KEY (file_id, seq)
) WITHOUT ROWID;

CREATE TABLE sources (                  -- which versions were written from which
    used_path    TEXT NOT NULL,
    used_version INTEGER NOT NULL,
    file_id      INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (used_path, used_version, file_id, version)
) WITHOUT ROWID;

CREATE TABLE events (                   -- the log
    seq     INTEGER PRIMARY KEY,
    at      REAL NOT NULL,
    type    TEXT NOT NULL,
    path    TEXT,
    version INTEGER,
    agent   TEXT NOT NULL,
    data    TEXT NOT NULL               -- JSON, without what the columns say
);
CREATE INDEX events_path ON events (path, seq);

CREATE TABLE intents (                  -- working copies that are not yet known to be on disk
    intent_id  INTEGER PRIMARY KEY,
    path       TEXT NOT NULL,
    version    INTEGER,                 -- NULL: the path is to be absent
    sha256     TEXT,
    previous_sha256 TEXT,               -- what the server knew to stand there before
    boot_id    TEXT NOT NULL
);
CREATE INDEX intents_path ON intents (path);

CREATE TABLE locks (
    lock_id    INTEGER PRIMARY KEY,
    handle     TEXT NOT NULL UNIQUE,
    agent      TEXT NOT NULL,
    mode       TEXT NOT NULL CHECK (mode IN ('exclusive', 'shared')),
    fence      INTEGER NOT NULL,
    purpose    TEXT,
    ttl_s      REAL NOT NULL,
    deadline_s REAL NOT NULL,           -- on the clock of the boot below
    boot_id    TEXT NOT NULL,
    granted_at REAL NOT NULL,
    granted_seq INTEGER NOT NULL,
    versions   TEXT NOT NULL,           -- JSON {path: version} of the files covered when it was granted
    state      TEXT NOT NULL CHECK (state IN ('live', 'released', 'expired', 'broken'))
);
CREATE INDEX locks_live ON locks (deadline_s) WHERE state = 'live';

CREATE TABLE lock_selectors (           -- what live locks cover
    lock_id INTEGER NOT NULL REFERENCES locks ON DELETE CASCADE,
    kind    TEXT NOT NULL CHECK (kind IN ('path', 'directory', 'pattern')),
    text    TEXT NOT NULL,
    PRIMARY KEY (lock_id, kind, text)
) WITHOUT ROWID;
CREATE INDEX lock_selectors_text ON lock_selectors (text, kind);
CREATE INDEX lock_selectors_kind ON lock_selectors (kind) WHERE kind = 'pattern';

CREATE TABLE requests (                 -- first answers, for repeats of the same request
    agent      TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at         REAL NOT NULL,
    action     TEXT NOT NULL,           -- what was asked for
    result     TEXT NOT NULL,
    PRIMARY KEY (agent, request_id)
) WITHOUT ROWID;
CREATE INDEX requests_at ON requests (at);

CREATE TABLE audit (                    -- who did what, by which door
    audit_id INTEGER PRIMARY KEY,
    at       REAL NOT NULL,
    agent    TEXT NOT NULL,
    verified INTEGER NOT NULL,
    door     TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT,
    seq      INTEGER
);
