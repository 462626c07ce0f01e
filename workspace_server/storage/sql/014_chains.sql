-- Who hands a trace on says by it which chain of firings it works for.

CREATE INDEX firings_root ON firings (root);
