-- Names of hosts and users that people said are one: `name` goes under `into_name`, both folded, with what was written.
CREATE TABLE entity_merge (
  merge_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, written TEXT NOT NULL, into_name TEXT NOT NULL,
  into_written TEXT NOT NULL, reason TEXT, merged_by TEXT NOT NULL, merged_at INTEGER NOT NULL, UNIQUE (kind, name),
  CHECK (kind IN ('host', 'user') AND name <> into_name)
) STRICT, WITHOUT ROWID;
