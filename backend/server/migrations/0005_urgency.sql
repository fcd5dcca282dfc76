-- One number to sort by: severity first, then the last event; 2^50 ms lie beyond any time.
ALTER TABLE alert ADD COLUMN urgency INTEGER GENERATED ALWAYS AS (severity * 1125899906842624 + last_seen) VIRTUAL;
CREATE INDEX alert_urgency ON alert (urgency, id);
DROP INDEX alert_severity;
CREATE INDEX alert_severity ON alert (severity);
