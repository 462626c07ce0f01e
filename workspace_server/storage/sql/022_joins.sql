-- What fills and what is held back is found without looking at every join.

CREATE INDEX joins_filling ON joins (last_at) WHERE begun_at IS NOT NULL AND ready_at IS NULL;
CREATE INDEX joins_held ON joins (last_at) WHERE ready_at IS NOT NULL;
