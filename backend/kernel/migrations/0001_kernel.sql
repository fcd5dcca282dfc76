CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, session TEXT, request_id TEXT,
  action TEXT NOT NULL, object_type TEXT NOT NULL, object_id TEXT NOT NULL, before TEXT, after TEXT,
  result TEXT NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_object ON audit (object_id, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL) STRICT;

CREATE TABLE idempotency (
  username TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL, request_hash BLOB NOT NULL, at INTEGER NOT NULL,
  status INTEGER, head TEXT, body BLOB, PRIMARY KEY (username, key, route)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE setting (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT, body TEXT NOT NULL) STRICT;

CREATE TABLE user (
  username TEXT PRIMARY KEY, display_name TEXT NOT NULL, email TEXT, role TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0, password_hash TEXT, created_at INTEGER NOT NULL, last_login_at INTEGER,
  preferences TEXT, desktop INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  hash BLOB PRIMARY KEY, username TEXT NOT NULL REFERENCES user ON DELETE CASCADE, label TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, desktop INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (username);

CREATE TABLE token_family (
  family TEXT PRIMARY KEY, username TEXT NOT NULL REFERENCES user ON DELETE CASCADE, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX token_family_user ON token_family (username);
CREATE TABLE refresh_token (
  hash BLOB PRIMARY KEY, family TEXT NOT NULL REFERENCES token_family ON DELETE CASCADE, used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_family ON refresh_token (family);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL, prefix TEXT NOT NULL, scopes TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES user ON DELETE CASCADE, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_key_owner ON api_key (owner, created_at);

CREATE TABLE job (
  job_id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0, unit TEXT NOT NULL, input TEXT NOT NULL, resume TEXT, result TEXT NOT NULL DEFAULT 'null',
  kept TEXT, skipped_total INTEGER NOT NULL DEFAULT 0, error TEXT,
  created_by TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
  paused_by TEXT, lease TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX job_status ON job (status, created_at);
CREATE INDEX job_created ON job (created_at);
-- What a job tells one by one (`list` is `part` or `skip`), so that a resume point writes what is new and not all.
CREATE TABLE job_item (
  job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE, list TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (job_id, list, n)
) STRICT, WITHOUT ROWID;
