-- One number to sort by: severity first, then the last event; 2^50 ms lie beyond any time.
ALTER TABLE alert ADD COLUMN urgency INTEGER GENERATED ALWAYS AS (severity * 1125899906842624 + last_seen) VIRTUAL;
CREATE INDEX alert_urgency ON alert (urgency, id);
DROP INDEX alert_severity;
CREATE INDEX alert_severity ON alert (severity);

-- Also against INSERT OR REPLACE, which takes a row away without a delete that a trigger sees.
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT RAISE(ABORT, 'audit rows follow each other'); END;
