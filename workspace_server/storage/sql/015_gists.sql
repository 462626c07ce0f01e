-- What a description needs of a large extraction, so that it is not unpacked for that.

ALTER TABLE extractions ADD COLUMN gist BLOB; -- zstd of JSON, as the body; NULL: the body is small, or older than this
