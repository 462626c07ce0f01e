-- What the indexer has read: derived from the versions, and rebuilt from them whenever that is needed.

CREATE TABLE index_progress (           -- one row: how far the facts are in the log
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    seq         INTEGER NOT NULL,
    fingerprint TEXT NOT NULL           -- the extractors by which the facts were found
);
INSERT INTO index_progress (only, seq, fingerprint) VALUES (1, 0, '');

CREATE TABLE extractions (              -- what one content gave, so that it is not read twice
    extraction_id INTEGER PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE, -- of content, extractor and file name
    body          BLOB NOT NULL         -- zstd of JSON
);

CREATE TABLE index_states (             -- one row per version that was read
    path    TEXT NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('ok', 'empty', 'limited', 'failed')),
    reason  TEXT NOT NULL,
    facts   INTEGER NOT NULL,
    dropped INTEGER NOT NULL,           -- refused because their quote did not stand at its place
    PRIMARY KEY (path, version)
) WITHOUT ROWID;
CREATE INDEX index_states_key ON index_states (key);

CREATE TABLE facts (                    -- of the version of each file that was read last; live while it is the head
    fact_id    INTEGER PRIMARY KEY,
    path       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    normal     TEXT NOT NULL,           -- the value in the form in which two facts are compared
    unit       TEXT,
    quote      TEXT NOT NULL,
    start_char INTEGER NOT NULL,        -- text[start_char:end_char] = quote
    end_char   INTEGER NOT NULL,
    start_line INTEGER NOT NULL,
    end_line   INTEGER NOT NULL,
    pointer    TEXT,
    extractor  TEXT NOT NULL,
    confidence TEXT NOT NULL,
    entity     INTEGER NOT NULL
);
CREATE INDEX facts_path ON facts (path, start_char);

CREATE VIRTUAL TABLE facts_text USING fts5 (
    subject, key, value, quote, place,  -- place: the words of the path, and what plain words miss
    content = '', contentless_delete = 1, tokenize = "porter unicode61 remove_diacritics 2"
);
