-- Triggers that fire by the clock.

CREATE TABLE schedules (
    trigger_id INTEGER PRIMARY KEY REFERENCES triggers,
    next_at    REAL NOT NULL -- the next moment that the schedule names, in seconds since 1970
) STRICT;
CREATE INDEX schedules_next ON schedules (next_at);

ALTER TABLE joins ADD COLUMN struck_at REAL;                     -- the moment that nothing was fired for yet
ALTER TABLE joins ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;  -- how many moments before it had no server
