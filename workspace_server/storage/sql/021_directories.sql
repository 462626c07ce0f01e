-- What lies in a directory is found, and what there is in all is known, without looking at every file.

CREATE INDEX files_in_directory ON files (
    rtrim(path, replace(path, '/', '')),  -- the directory with its slash; '' is the root
    path, size_bytes, modified_at, modified_by, media_type
) WHERE live = 1;

CREATE TABLE totals (                   -- one row, which the triggers below keep true
    files INTEGER NOT NULL,             -- live ones
    bytes INTEGER NOT NULL              -- of their heads
) STRICT;
INSERT INTO totals (files, bytes) SELECT count(*), coalesce(sum(size_bytes), 0) FROM files WHERE live = 1;

CREATE TRIGGER totals_of_new AFTER INSERT ON files WHEN new.live = 1 BEGIN
    UPDATE totals SET files = files + 1, bytes = bytes + new.size_bytes;
END;
CREATE TRIGGER totals_of_changed AFTER UPDATE OF live, size_bytes ON files
WHEN new.live <> old.live OR new.size_bytes <> old.size_bytes BEGIN
    UPDATE totals SET
        files = files + new.live - old.live,
        bytes = bytes + new.live * new.size_bytes - old.live * old.size_bytes;
END;
CREATE TRIGGER totals_of_gone AFTER DELETE ON files WHEN old.live = 1 BEGIN
    UPDATE totals SET files = files - 1, bytes = bytes - old.size_bytes;
END;
