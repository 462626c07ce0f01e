-- What needs a person.

CREATE TABLE attention (
    attention_id INTEGER PRIMARY KEY,   -- A1, A2 …; never reused
    kind         TEXT NOT NULL,
    key          TEXT NOT NULL,         -- tells it from others of its kind
    summary      TEXT NOT NULL,
    path         TEXT,                  -- the file that it is about
    about        TEXT NOT NULL,         -- JSON
    at           REAL NOT NULL,
    ended_at     REAL,                  -- NULL while it is open
    ended_by     TEXT,
    outcome      TEXT,
    note         TEXT
);
CREATE UNIQUE INDEX attention_open ON attention (kind, key) WHERE ended_at IS NULL;
CREATE INDEX attention_ended ON attention (ended_at) WHERE ended_at IS NOT NULL;
INSERT INTO counters (name, value) VALUES ('attention', 0);

-- Triggers that waited for approval before there was a list to approve them from.
INSERT INTO attention (kind, key, summary, about, at)
    SELECT 'needs_approval', name,
        created_by || ' wants the trigger ' || name || ' to send webhooks to a host that the operator does not list',
        json_object('trigger', name, 'created_by', created_by), created_at
    FROM triggers WHERE state = 'needs_approval';
UPDATE counters SET value = (SELECT count(*) FROM attention) WHERE name = 'attention';
