-- Events are found by what they are, by who made them, and by where a file was moved from, without a look at the others.

CREATE INDEX events_type ON events (type, seq);
CREATE INDEX events_agent ON events (agent, type, seq);
CREATE INDEX events_moved_from ON events (data ->> '$.moved_from.path', seq) WHERE type = 'file.moved';
