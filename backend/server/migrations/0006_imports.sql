-- What is known of clocks: a source's zone, or a host's offset in all sources or in one. Empty texts stand for none.
CREATE TABLE clock (
  clock_id TEXT PRIMARY KEY, source TEXT NOT NULL, host TEXT NOT NULL COLLATE NOCASE, timezone TEXT,
  offset_seconds INTEGER, reason TEXT, set_by TEXT NOT NULL, set_at INTEGER NOT NULL, UNIQUE (source, host),
  CHECK ((host = '') = (offset_seconds IS NULL) AND (host = '') = (timezone IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- How fast imports were, for the forecast of the next.
CREATE TABLE import_rate (
  format TEXT PRIMARY KEY, bytes INTEGER NOT NULL, ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What comes in live adds to correlations while they are evaluated: how often one got something since, so that none is
-- taken for done that is not.
ALTER TABLE correlation_due ADD COLUMN times INTEGER NOT NULL DEFAULT 1;

-- Files of the watched folder that were handed to an import, as they were then. A path is bytes, not always text.
CREATE TABLE watched_file (
  path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
