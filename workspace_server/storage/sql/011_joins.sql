-- Joins of all modes: inputs that patterns and manifests bring, deadlines, checks, and firings that last until they are finished.

ALTER TABLE triggers ADD COLUMN created_seq INTEGER NOT NULL DEFAULT 0; -- what was saved later counts, also before anybody waits for it
ALTER TABLE triggers ADD COLUMN paused_at REAL;                         -- since when it fires no more; NULL while it does

ALTER TABLE joins RENAME COLUMN busy TO in_flight;                      -- how many of its firings are in flight
ALTER TABLE joins ADD COLUMN begun_at REAL;                             -- when the first fresh input of this round came
ALTER TABLE joins ADD COLUMN timed_out INTEGER NOT NULL DEFAULT 0;      -- 1 once it was told that its deadline has passed
ALTER TABLE joins ADD COLUMN problem TEXT;                              -- why its manifest cannot say what the inputs are

ALTER TABLE join_slots ADD COLUMN kind TEXT NOT NULL DEFAULT 'named'
    CHECK (kind IN ('named', 'listed', 'matched', 'dropped'));
ALTER TABLE join_slots ADD COLUMN index_state TEXT;
ALTER TABLE join_slots ADD COLUMN failures TEXT;                        -- JSON: the checks that what stands there fails
CREATE INDEX join_slots_listed ON join_slots (path) WHERE kind = 'listed';
-- `consumed` is the seq of what the last firing took: it tells more kinds of events apart than versions do.
UPDATE join_slots SET consumed = CASE WHEN version <= consumed THEN seq ELSE 0 END;

ALTER TABLE firings ADD COLUMN agent TEXT;                              -- who is to finish it
ALTER TABLE firings ADD COLUMN visible_until REAL;                      -- when it ends without that
CREATE INDEX firings_open ON firings (agent) WHERE in_flight = 1 AND agent IS NOT NULL;
CREATE INDEX firings_visible ON firings (visible_until) WHERE in_flight = 1 AND visible_until IS NOT NULL;
