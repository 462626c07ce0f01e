-- What language models said of contents, where an operator has them asked: derived, and made again when it is gone.

CREATE TABLE model_answers (            -- facts that a model found in one content, so that it is not asked twice
    answer_id INTEGER PRIMARY KEY,
    key       TEXT NOT NULL UNIQUE,     -- of content, extractor and model
    sha256    TEXT NOT NULL,            -- of the content
    identity  TEXT NOT NULL,            -- the model, as the facts name it
    body      BLOB NOT NULL             -- zstd of JSON
);
CREATE INDEX model_answers_sha256 ON model_answers (sha256);

CREATE TABLE model_states (             -- versions among whose facts those of an answer stand
    path    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    key     TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE vector_sets (              -- one content whose passages have vectors
    set_id INTEGER PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,        -- of content, extractor and model
    sha256 TEXT NOT NULL,
    model  TEXT NOT NULL
);
CREATE INDEX vector_sets_sha256 ON vector_sets (sha256);

CREATE TABLE vectors (
    set_id  INTEGER NOT NULL REFERENCES vector_sets (set_id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,           -- of the passage in its content, from 0
    vector  BLOB NOT NULL,              -- of length one; two bytes for each number
    passage TEXT NOT NULL,              -- JSON, so that what is found is shown without reading all of its content
    PRIMARY KEY (set_id, number)
);
