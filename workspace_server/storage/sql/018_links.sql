-- Share links: what may be read by whoever has the address.

CREATE TABLE links (
    link_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    digest       TEXT NOT NULL UNIQUE,  -- of the id in the address, which is kept nowhere
    path         TEXT NOT NULL,
    is_directory INTEGER NOT NULL,
    version      INTEGER,               -- of a file: what it is pinned to; NULL: the newest
    as_of_seq    INTEGER,               -- of a directory: the moment that it is pinned to; NULL: now
    note         TEXT,
    created_by   TEXT NOT NULL,
    created_at   REAL NOT NULL,
    expires_at   REAL NOT NULL,
    revoked_at   REAL,
    revoked_by   TEXT,
    opened       INTEGER NOT NULL DEFAULT 0,
    opened_at    REAL
);
CREATE INDEX links_path ON links (path, link_id);
CREATE INDEX links_expires ON links (expires_at);
