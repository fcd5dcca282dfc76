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
