-- Deliveries of more than firings, endpoints that are left alone for a while, and secrets that are being changed.

ALTER TABLE endpoints ADD COLUMN breaker TEXT NOT NULL DEFAULT '{}';  -- JSON: what was counted, and until when it is open

ALTER TABLE triggers ADD COLUMN old_secret TEXT;         -- signs beside the new one
ALTER TABLE triggers ADD COLUMN old_secret_until REAL;   -- for as long as this

CREATE TABLE deliveries_10 (           -- the outbox: what is on its way to an endpoint, and what has been
    delivery_id INTEGER PRIMARY KEY,
    message_id  TEXT NOT NULL UNIQUE,   -- the same over all attempts
    kind        TEXT NOT NULL,          -- what it tells of: 'firing', 'test', …
    endpoint_id INTEGER NOT NULL REFERENCES endpoints,
    trigger_id  INTEGER REFERENCES triggers,
    firing_id   INTEGER REFERENCES firings,
    data        TEXT,                   -- JSON: what it says, when that stands nowhere else
    lane        TEXT NOT NULL,          -- those of one lane go one after the other
    first       INTEGER NOT NULL,       -- 1 while it is pending and no older one of its lane is
    state       TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    failures    INTEGER NOT NULL,       -- since it was last sent anew
    next_at     REAL NOT NULL,          -- when to try (again)
    at          REAL NOT NULL,
    ended_at    REAL,
    reason      TEXT                    -- why it was given up
);
INSERT INTO deliveries_10
    SELECT d.delivery_id, d.message_id, 'firing', d.endpoint_id, f.trigger_id, d.firing_id, NULL, d.lane,
        d.state = 'pending' AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.endpoint_id = d.endpoint_id
            AND o.lane = d.lane AND o.state = 'pending' AND o.delivery_id < d.delivery_id),
        d.state, d.failures, d.next_at, d.at, d.ended_at, d.reason
    FROM deliveries d JOIN firings f USING (firing_id);
DROP TABLE deliveries;
ALTER TABLE deliveries_10 RENAME TO deliveries;
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, lane, delivery_id) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_at) WHERE first = 1;
CREATE INDEX deliveries_next ON deliveries (next_at) WHERE first = 1;
CREATE INDEX deliveries_ended ON deliveries (state, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_trigger ON deliveries (trigger_id, state);
CREATE INDEX deliveries_firing ON deliveries (firing_id) WHERE firing_id IS NOT NULL;
