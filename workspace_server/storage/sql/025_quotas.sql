-- How much of what stands in the workspace is whose, known without looking at every file.

CREATE TABLE agent_totals (             -- the triggers below keep it true
    agent TEXT PRIMARY KEY,             -- who wrote the head last; of `crew/name` the crew
    files INTEGER NOT NULL,             -- live ones
    bytes INTEGER NOT NULL              -- of their heads
) STRICT, WITHOUT ROWID;
INSERT INTO agent_totals (agent, files, bytes)
    SELECT substr(modified_by, 1, instr(modified_by || '/', '/') - 1), count(*), sum(size_bytes)
    FROM files WHERE live = 1 GROUP BY 1;

CREATE TRIGGER agent_totals_of_new AFTER INSERT ON files WHEN new.live = 1 BEGIN
    INSERT INTO agent_totals (agent, files, bytes)
        VALUES (substr(new.modified_by, 1, instr(new.modified_by || '/', '/') - 1), 1, new.size_bytes)
        ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER agent_totals_of_changed AFTER UPDATE OF live, size_bytes, modified_by ON files
WHEN new.live <> old.live OR (new.live = 1 AND (new.size_bytes <> old.size_bytes OR new.modified_by <> old.modified_by))
BEGIN
    UPDATE agent_totals SET files = files - 1, bytes = bytes - old.size_bytes
        WHERE old.live = 1 AND agent = substr(old.modified_by, 1, instr(old.modified_by || '/', '/') - 1);
    INSERT INTO agent_totals (agent, files, bytes)
        SELECT substr(new.modified_by, 1, instr(new.modified_by || '/', '/') - 1), 1, new.size_bytes WHERE new.live = 1
        ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
    DELETE FROM agent_totals
        WHERE files = 0 AND agent = substr(old.modified_by, 1, instr(old.modified_by || '/', '/') - 1);
END;
CREATE TRIGGER agent_totals_of_gone AFTER DELETE ON files WHEN old.live = 1 BEGIN
    UPDATE agent_totals SET files = files - 1, bytes = bytes - old.size_bytes
        WHERE agent = substr(old.modified_by, 1, instr(old.modified_by || '/', '/') - 1);
    DELETE FROM agent_totals
        WHERE files = 0 AND agent = substr(old.modified_by, 1, instr(old.modified_by || '/', '/') - 1);
END;
