CREATE TABLE alert (
  id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,
  severity INTEGER NOT NULL, status TEXT NOT NULL, open INTEGER NOT NULL, source TEXT NOT NULL, rule_id TEXT,
  techniques TEXT NOT NULL, iocs TEXT NOT NULL, entities TEXT NOT NULL, asset_type TEXT NOT NULL, assets TEXT NOT NULL,
  event_count INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, assignee TEXT,
  assigned_agent TEXT, tags TEXT NOT NULL, confidence REAL NOT NULL, case_id TEXT, dedup_key TEXT NOT NULL,
  acknowledged_at INTEGER, acknowledged_by TEXT, due_at INTEGER, closed_at INTEGER, resolution TEXT,
  resolution_note TEXT, metadata TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1, words TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX alert_open_key ON alert (dedup_key) WHERE open = 1;
CREATE INDEX alert_created ON alert (created_at, id);
CREATE INDEX alert_updated ON alert (updated_at, id);
CREATE INDEX alert_first ON alert (first_seen, id);
CREATE INDEX alert_last ON alert (last_seen, id);
CREATE INDEX alert_severity ON alert (severity, id);
CREATE INDEX alert_events ON alert (event_count, id);
CREATE INDEX alert_case ON alert (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX alert_rule ON alert (rule_id) WHERE rule_id IS NOT NULL;
CREATE INDEX alert_assignee ON alert (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX alert_status ON alert (status);

-- Pieces of three letters of `words` (lower case already), so that a part of any word is found without reading all.
CREATE VIRTUAL TABLE alert_words USING fts5 (words, content = 'alert', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
CREATE TRIGGER alert_words_insert AFTER INSERT ON alert BEGIN
  INSERT INTO alert_words (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER alert_words_update AFTER UPDATE OF words ON alert WHEN old.words <> new.words BEGIN
  INSERT INTO alert_words (alert_words, rowid, words) VALUES ('delete', old.id, old.words);
  INSERT INTO alert_words (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER alert_words_delete AFTER DELETE ON alert BEGIN
  INSERT INTO alert_words (alert_words, rowid, words) VALUES ('delete', old.id, old.words);
END;

-- Which events belong to which alert. owner is the rule for alerts of rules, so that an event that was counted once
-- is never counted again, else the alert itself.
CREATE TABLE alert_event (
  owner TEXT NOT NULL, identity BLOB NOT NULL, time INTEGER NOT NULL, alert INTEGER NOT NULL REFERENCES alert,
  PRIMARY KEY (owner, identity)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_event_alert ON alert_event (alert, time, identity);

CREATE TABLE alert_comment (
  id TEXT PRIMARY KEY, alert INTEGER NOT NULL REFERENCES alert, author TEXT NOT NULL, body TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_comment_alert ON alert_comment (alert, created_at, id);
