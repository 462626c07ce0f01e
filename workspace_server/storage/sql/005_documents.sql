-- Documents: facts and passages on pages. What the indexer has read is read again in the new form.

ALTER TABLE facts ADD COLUMN page INTEGER;  -- of a document: page, slide or sheet, from 1

DELETE FROM facts_text;
DELETE FROM facts;
DELETE FROM index_states;
DELETE FROM extractions;
UPDATE index_progress SET seq = 0, fingerprint = '';
