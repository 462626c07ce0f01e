-- Facts of the past, which facts speak of the same, and contradictions that a person has dismissed.

ALTER TABLE facts ADD COLUMN topic INTEGER; -- a hash of subject and key; NULL: never compared with those of other files
CREATE INDEX facts_topic ON facts (topic) WHERE topic IS NOT NULL;
CREATE INDEX facts_kind ON facts (kind);

CREATE TABLE past_versions (            -- versions whose facts are kept although they are heads no longer
    path           TEXT NOT NULL,
    version        INTEGER NOT NULL,
    seq            INTEGER NOT NULL,    -- of the version
    superseded_seq INTEGER NOT NULL,    -- of the change that took its place
    sha256         TEXT NOT NULL,
    PRIMARY KEY (path, version)
) WITHOUT ROWID;
CREATE INDEX past_versions_sha256 ON past_versions (sha256);

CREATE TABLE past_facts (               -- of those versions; the columns as those of facts
    fact_id    INTEGER PRIMARY KEY,
    path       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    normal     TEXT NOT NULL,
    unit       TEXT,
    quote      TEXT NOT NULL,
    start_char INTEGER NOT NULL,
    end_char   INTEGER NOT NULL,
    start_line INTEGER NOT NULL,
    end_line   INTEGER NOT NULL,
    pointer    TEXT,
    extractor  TEXT NOT NULL,
    confidence TEXT NOT NULL,
    entity     INTEGER NOT NULL,
    page       INTEGER,
    topic      INTEGER
);
CREATE INDEX past_facts_path ON past_facts (path, version);
CREATE INDEX past_facts_topic ON past_facts (topic) WHERE topic IS NOT NULL;

CREATE VIRTUAL TABLE past_facts_text USING fts5(
    subject, key, value, quote, place,
    content = '', contentless_delete = 1, tokenize = "porter unicode61 remove_diacritics 2"
);

CREATE TABLE dismissed_conflicts (      -- a person has said that these values may stand beside each other
    mark  TEXT PRIMARY KEY,             -- a hash of subject, key and values: it holds nothing of what the files say
    at    REAL NOT NULL,                -- seconds since 1970
    agent TEXT NOT NULL
) WITHOUT ROWID;

-- What was read is read again, for the topics.
DELETE FROM facts_text;
DELETE FROM facts;
DELETE FROM index_states;
DELETE FROM extractions;
UPDATE index_progress SET seq = 0, fingerprint = '';
