CREATE TABLE pack (
  pack_id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, imported_by TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What lists and filters need. level and rank are those that count here; own_level is the author's.
CREATE TABLE rule (
  id INTEGER PRIMARY KEY, rule_id TEXT NOT NULL UNIQUE, pack TEXT REFERENCES pack, origin TEXT NOT NULL, file TEXT,
  title TEXT NOT NULL, sort_title TEXT NOT NULL, status TEXT NOT NULL, level TEXT NOT NULL, rank INTEGER NOT NULL,
  own_level TEXT NOT NULL, format TEXT NOT NULL, hash TEXT NOT NULL, enabled INTEGER NOT NULL, settings TEXT NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL, techniques TEXT NOT NULL, product TEXT, category TEXT, service TEXT,
  author TEXT, license TEXT, about TEXT NOT NULL, errors TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX rule_pack ON rule (pack, file);

-- The texts lie apart, so that a list of 10,000 rules does not read them. pack_body is the pack's text of a rule that was
-- edited here. parsed is body as the engine reads it, so that a workspace opens without reading YAML; it says itself which
-- text and version of the program it is of.
CREATE TABLE rule_text (
  rule_id TEXT PRIMARY KEY REFERENCES rule (rule_id) ON DELETE CASCADE, body TEXT NOT NULL, pack_body TEXT, parsed BLOB
) STRICT, WITHOUT ROWID;

-- body and settings are those before the change, where it changed them.
CREATE TABLE rule_change (
  rule_id TEXT NOT NULL, n INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  what TEXT NOT NULL, body TEXT, settings TEXT, PRIMARY KEY (rule_id, n)
) STRICT, WITHOUT ROWID;

-- Sigma processing pipelines: rewrite every rule before it is compiled, those of the lowest priority first.
CREATE TABLE pipeline (
  pipeline_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, priority INTEGER NOT NULL, body TEXT NOT NULL,
  sha256 TEXT NOT NULL, enabled INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL, updated_at INTEGER NOT NULL, updated_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What a rule did here. Kept by its id, so that a rule that goes and comes again has its past.
CREATE TABLE rule_stat (
  rule_id TEXT PRIMARY KEY, hits INTEGER NOT NULL DEFAULT 0, alerts INTEGER NOT NULL DEFAULT 0, last_match INTEGER,
  tried INTEGER NOT NULL DEFAULT 0, cost_ns INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_run (
  run_id TEXT PRIMARY KEY, rule_id TEXT, pack TEXT, same TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_run_created ON rule_run (created_at, run_id);
CREATE INDEX rule_run_rule ON rule_run (rule_id, created_at, run_id);
CREATE INDEX rule_run_same ON rule_run (same, created_at);

CREATE TABLE suppression (
  id TEXT PRIMARY KEY, rule_id TEXT NOT NULL, condition TEXT NOT NULL, reason TEXT NOT NULL, created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, hits INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX suppression_rule ON suppression (rule_id, created_at, id);

CREATE TABLE rule_feedback (
  id TEXT PRIMARY KEY, rule_id TEXT NOT NULL, alert_id TEXT UNIQUE, verdict TEXT NOT NULL, note TEXT, by TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_feedback_rule ON rule_feedback (rule_id, at, id);

-- What matches of base rules contribute to correlation rules. Kept, so that imports in any order and over any time give
-- the same alerts.
CREATE TABLE contribution (
  correlation TEXT NOT NULL, time INTEGER NOT NULL, event BLOB NOT NULL, rule TEXT NOT NULL, form TEXT NOT NULL,
  vals TEXT NOT NULL, PRIMARY KEY (correlation, time, event, rule)
) STRICT, WITHOUT ROWID;
-- Correlations that got contributions since they were evaluated, and between which times.
CREATE TABLE correlation_due (
  correlation TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE firing (
  correlation TEXT NOT NULL, grp TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
  alert INTEGER NOT NULL REFERENCES alert, PRIMARY KEY (correlation, grp, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX firing_alert ON firing (alert);
