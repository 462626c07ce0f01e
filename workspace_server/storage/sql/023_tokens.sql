-- Tokens: the proof of who somebody is, and what that one may do where.

CREATE TABLE tokens (
    token_id   TEXT PRIMARY KEY,        -- public: it stands in the token, in lists and in logs
    digest     TEXT NOT NULL UNIQUE,    -- of the whole token, which is kept nowhere
    agent      TEXT NOT NULL,           -- whose it is: an agent's name, or that of a crew
    is_crew    INTEGER NOT NULL,        -- 1: it acts as `agent/NAME`
    grants     TEXT NOT NULL,           -- JSON ["read,write:docs/**", …]
    note       TEXT,
    created_by TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL,                    -- NULL: never
    revoked_at REAL,
    revoked_by TEXT,
    used_at    REAL
) WITHOUT ROWID;
CREATE INDEX tokens_created ON tokens (created_at);
