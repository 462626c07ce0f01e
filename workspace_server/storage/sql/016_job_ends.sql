-- Jobs that ended long ago are found without looking at all.

CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
