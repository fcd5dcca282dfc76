CREATE TRIGGER alert_words_delete AFTER DELETE ON alert BEGIN
  INSERT INTO alert_words (alert_words, rowid, words) VALUES ('delete', old.id, old.words);
END;
CREATE TRIGGER alert_words_insert AFTER INSERT ON alert BEGIN
  INSERT INTO alert_words (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER alert_words_update AFTER UPDATE OF words ON alert WHEN old.words <> new.words BEGIN
  INSERT INTO alert_words (alert_words, rowid, words) VALUES ('delete', old.id, old.words);
  INSERT INTO alert_words (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT RAISE(ABORT, 'audit rows follow each other'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TABLE alert (
  id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,
  severity INTEGER NOT NULL, status TEXT NOT NULL, open INTEGER NOT NULL, source TEXT NOT NULL, rule_id TEXT,
  techniques TEXT NOT NULL, iocs TEXT NOT NULL, entities TEXT NOT NULL, asset_type TEXT NOT NULL, assets TEXT NOT NULL,
  event_count INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, assignee TEXT,
  assigned_agent TEXT, tags TEXT NOT NULL, confidence REAL NOT NULL, case_id TEXT, dedup_key TEXT NOT NULL,
  acknowledged_at INTEGER, acknowledged_by TEXT, due_at INTEGER, closed_at INTEGER, resolution TEXT,
  resolution_note TEXT, metadata TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1, words TEXT NOT NULL
, urgency INTEGER GENERATED ALWAYS AS (severity * 1125899906842624 + last_seen) VIRTUAL) STRICT;
CREATE TABLE alert_comment (
  id TEXT PRIMARY KEY, alert INTEGER NOT NULL REFERENCES alert, author TEXT NOT NULL, body TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE alert_event (
  owner TEXT NOT NULL, identity BLOB NOT NULL, time INTEGER NOT NULL, alert INTEGER NOT NULL REFERENCES alert,
  PRIMARY KEY (owner, identity)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE alert_words USING fts5 (words, content = 'alert', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TABLE 'alert_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE 'alert_words_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'alert_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
CREATE TABLE 'alert_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE api_key (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash BLOB NOT NULL, prefix TEXT NOT NULL, scopes TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES user ON DELETE CASCADE, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, session TEXT, request_id TEXT,
  action TEXT NOT NULL, object_type TEXT NOT NULL, object_id TEXT NOT NULL, before TEXT, after TEXT,
  result TEXT NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE cases (
  id INTEGER PRIMARY KEY, case_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, severity INTEGER NOT NULL,
  status TEXT NOT NULL, owner TEXT, body TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE clock (
  clock_id TEXT PRIMARY KEY, source TEXT NOT NULL, host TEXT NOT NULL COLLATE NOCASE, timezone TEXT,
  offset_seconds INTEGER, reason TEXT, set_by TEXT NOT NULL, set_at INTEGER NOT NULL, UNIQUE (source, host),
  CHECK ((host = '') = (offset_seconds IS NULL) AND (host = '') = (timezone IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE contribution (
  correlation TEXT NOT NULL, time INTEGER NOT NULL, event BLOB NOT NULL, rule TEXT NOT NULL, form TEXT NOT NULL,
  vals TEXT NOT NULL, PRIMARY KEY (correlation, time, event, rule)
) STRICT, WITHOUT ROWID;
CREATE TABLE correlation_due (
  correlation TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL
, times INTEGER NOT NULL DEFAULT 1) STRICT, WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entity_merge (
  merge_id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, written TEXT NOT NULL, into_name TEXT NOT NULL,
  into_written TEXT NOT NULL, reason TEXT, merged_by TEXT NOT NULL, merged_at INTEGER NOT NULL, UNIQUE (kind, name),
  CHECK (kind IN ('host', 'user') AND name <> into_name)
) STRICT, WITHOUT ROWID;
CREATE TABLE firing (
  correlation TEXT NOT NULL, grp TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
  alert INTEGER NOT NULL REFERENCES alert, PRIMARY KEY (correlation, grp, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
  username TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL, request_hash BLOB NOT NULL, at INTEGER NOT NULL,
  status INTEGER, head TEXT, body BLOB, PRIMARY KEY (username, key, route)
) STRICT, WITHOUT ROWID;
CREATE TABLE import_rate (
  format TEXT PRIMARY KEY, bytes INTEGER NOT NULL, ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE job (
  job_id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0, unit TEXT NOT NULL, input TEXT NOT NULL, resume TEXT, result TEXT NOT NULL DEFAULT 'null',
  kept TEXT, skipped_total INTEGER NOT NULL DEFAULT 0, error TEXT,
  created_by TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER,
  paused_by TEXT, lease TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE job_item (
  job_id TEXT NOT NULL REFERENCES job ON DELETE CASCADE, list TEXT NOT NULL, n INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (job_id, list, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TABLE pack (
  pack_id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, imported_by TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pipeline (
  pipeline_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, priority INTEGER NOT NULL, body TEXT NOT NULL,
  sha256 TEXT NOT NULL, enabled INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE refresh_token (
  hash BLOB PRIMARY KEY, family TEXT NOT NULL REFERENCES token_family ON DELETE CASCADE, used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE rule (
  id INTEGER PRIMARY KEY, rule_id TEXT NOT NULL UNIQUE, pack TEXT REFERENCES pack, origin TEXT NOT NULL, file TEXT,
  title TEXT NOT NULL, sort_title TEXT NOT NULL, status TEXT NOT NULL, level TEXT NOT NULL, rank INTEGER NOT NULL,
  own_level TEXT NOT NULL, format TEXT NOT NULL, hash TEXT NOT NULL, enabled INTEGER NOT NULL, settings TEXT NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL, techniques TEXT NOT NULL, product TEXT, category TEXT, service TEXT,
  author TEXT, license TEXT, about TEXT NOT NULL, errors TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE rule_change (
  rule_id TEXT NOT NULL, n INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  what TEXT NOT NULL, body TEXT, settings TEXT, PRIMARY KEY (rule_id, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_feedback (
  id TEXT PRIMARY KEY, rule_id TEXT NOT NULL, alert_id TEXT UNIQUE, verdict TEXT NOT NULL, note TEXT, by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_run (
  run_id TEXT PRIMARY KEY, rule_id TEXT, pack TEXT, same TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_stat (
  rule_id TEXT PRIMARY KEY, hits INTEGER NOT NULL DEFAULT 0, alerts INTEGER NOT NULL DEFAULT 0, last_match INTEGER,
  tried INTEGER NOT NULL DEFAULT 0, cost_ns INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_text (
  rule_id TEXT PRIMARY KEY REFERENCES rule (rule_id) ON DELETE CASCADE, body TEXT NOT NULL, pack_body TEXT, parsed BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  hash BLOB PRIMARY KEY, username TEXT NOT NULL REFERENCES user ON DELETE CASCADE, label TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, desktop INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (version INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT, body TEXT NOT NULL) STRICT;
CREATE TABLE sqlite_sequence(name,seq);
CREATE TABLE suppression (
  id TEXT PRIMARY KEY, rule_id TEXT NOT NULL, condition TEXT NOT NULL, reason TEXT NOT NULL, created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, hits INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE token_family (
  family TEXT PRIMARY KEY, username TEXT NOT NULL REFERENCES user ON DELETE CASCADE, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE user (
  username TEXT PRIMARY KEY, display_name TEXT NOT NULL, email TEXT, role TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0, password_hash TEXT, created_at INTEGER NOT NULL, last_login_at INTEGER,
  preferences TEXT, desktop INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE TABLE watched_file (
  path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_assignee ON alert (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX alert_case ON alert (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX alert_comment_alert ON alert_comment (alert, created_at, id);
CREATE INDEX alert_created ON alert (created_at, id);
CREATE INDEX alert_event_alert ON alert_event (alert, time, identity);
CREATE INDEX alert_events ON alert (event_count, id);
CREATE INDEX alert_first ON alert (first_seen, id);
CREATE INDEX alert_last ON alert (last_seen, id);
CREATE UNIQUE INDEX alert_open_key ON alert (dedup_key) WHERE open = 1;
CREATE INDEX alert_rule ON alert (rule_id) WHERE rule_id IS NOT NULL;
CREATE INDEX alert_severity ON alert (severity);
CREATE INDEX alert_status ON alert (status);
CREATE INDEX alert_updated ON alert (updated_at, id);
CREATE INDEX alert_urgency ON alert (urgency, id);
CREATE INDEX api_key_owner ON api_key (owner, created_at);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_object ON audit (object_id, seq);
CREATE INDEX cases_created ON cases (created_at, id);
CREATE INDEX cases_updated ON cases (updated_at, id);
CREATE INDEX firing_alert ON firing (alert);
CREATE INDEX idempotency_at ON idempotency (at);
CREATE INDEX job_created ON job (created_at);
CREATE INDEX job_status ON job (status, created_at);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX rule_feedback_rule ON rule_feedback (rule_id, at, id);
CREATE INDEX rule_pack ON rule (pack, file);
CREATE INDEX rule_run_created ON rule_run (created_at, run_id);
CREATE INDEX rule_run_rule ON rule_run (rule_id, created_at, run_id);
CREATE INDEX rule_run_same ON rule_run (same, created_at);
CREATE INDEX session_user ON session (username);
CREATE INDEX suppression_rule ON suppression (rule_id, created_at, id);
CREATE INDEX token_family_user ON token_family (username);
