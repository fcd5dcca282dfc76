CREATE TABLE cases (
  id INTEGER PRIMARY KEY, case_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, severity INTEGER NOT NULL,
  status TEXT NOT NULL, owner TEXT, body TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX cases_created ON cases (created_at, id);
CREATE INDEX cases_updated ON cases (updated_at, id);
