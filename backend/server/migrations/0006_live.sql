-- What comes in live adds to correlations while they are evaluated: how often one got something since, so that none is
-- taken for done that is not.
ALTER TABLE correlation_due ADD COLUMN times INTEGER NOT NULL DEFAULT 1;

-- Files of the watched folder that were handed to an import, as they were then. A path is bytes, not always text.
CREATE TABLE watched_file (
  path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
