-- Who works here: when they were seen, what they were served and have written; who is paused; what they were told.

INSERT INTO counters (name, value) VALUES ('note', 0);

CREATE TABLE agents (                   -- written behind the calls, many at once
    agent    TEXT PRIMARY KEY,
    first_at REAL,                      -- when it was first heard of; NULL: only a person has named it yet
    last_at  REAL NOT NULL,             -- and last; or when it was named
    verified INTEGER NOT NULL,          -- of its last call: whether the name was proven, and by which door it came
    door     TEXT,                      -- NULL: it was heard of in the log alone
    client   TEXT,                      -- what the program says that it is
    tool     TEXT,                      -- its last call, what that was about, and when it came
    about    TEXT,
    called_at REAL,
    seq      INTEGER,                   -- its last event
    files    INTEGER NOT NULL DEFAULT 0, -- how many it has written
    versions INTEGER NOT NULL DEFAULT 0,
    bytes    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX agents_last ON agents (last_at);

CREATE TABLE agent_tools (              -- what each agent was served
    agent  TEXT NOT NULL,
    tool   TEXT NOT NULL,
    calls  INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (agent, tool)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_files (              -- which files each agent has written; follows the log
    agent    TEXT NOT NULL,
    path     TEXT NOT NULL,
    versions INTEGER NOT NULL,
    at       REAL NOT NULL,
    PRIMARY KEY (agent, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_files_at ON agent_files (agent, at);

CREATE TABLE agent_hours (              -- how much, by hours since 1970; only those of the last day are kept
    agent    TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (agent, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents_log (               -- one row: up to which seq the log is counted
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE agent_pauses (
    agent TEXT PRIMARY KEY,             -- '': the whole workspace
    at    REAL NOT NULL,
    by    TEXT NOT NULL,
    note  TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_notes (                    -- what people have left for agents
    note_id  INTEGER PRIMARY KEY,
    agent    TEXT NOT NULL,
    at       REAL NOT NULL,
    by       TEXT NOT NULL,
    text     TEXT NOT NULL,
    must_acknowledge INTEGER NOT NULL,
    shown_at REAL,                      -- when it rode in a result
    acknowledged_at REAL,               -- when the agent said that it read it, and in which words
    words    TEXT
) STRICT;
CREATE INDEX agent_notes_agent ON agent_notes (agent, note_id);
CREATE INDEX agent_notes_open ON agent_notes (agent)
    WHERE shown_at IS NULL OR (must_acknowledge = 1 AND acknowledged_at IS NULL);
