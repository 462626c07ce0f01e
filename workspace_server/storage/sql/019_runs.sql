-- What led to what, so that a run can be told from its first change to its last; and endpoints that a person holds back.

CREATE TABLE firing_inputs (            -- which firings took which change
    seq       INTEGER NOT NULL,         -- of the event that brought the input
    firing_id INTEGER NOT NULL REFERENCES firings,
    PRIMARY KEY (seq, firing_id)
) WITHOUT ROWID;
INSERT OR IGNORE INTO firing_inputs (seq, firing_id)
    SELECT e.value ->> '$.seq', f.firing_id FROM firings f CROSS JOIN json_each(f.data, '$.inputs') e
    WHERE e.value ->> '$.seq' IS NOT NULL;

CREATE INDEX events_cause ON events (data ->> '$.cause.firing') WHERE data ->> '$.cause.firing' IS NOT NULL;
CREATE INDEX firings_trigger ON firings (trigger_id);
CREATE INDEX firings_in_flight ON firings (trigger_id) WHERE in_flight = 1;
CREATE INDEX joins_used ON joins (trigger_id, last_at);
CREATE INDEX firings_first ON firings (firing_id) WHERE depth = 1;
CREATE INDEX deliveries_state ON deliveries (state);
CREATE INDEX deliveries_by_trigger ON deliveries (trigger_id);
CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id);
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE state = 'dead';

ALTER TABLE endpoints ADD COLUMN paused_at REAL;  -- since when a person holds back what goes there
