//! SQL of audit, outbox, idempotency, counters and settings.

crate::queries! {
    VACUUM_INTO: "VACUUM INTO ?1";
    AUDIT_LAST: "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
    AUDIT_INSERT: "INSERT INTO audit (seq, at, actor, session, request_id, action, object_type, object_id, before, after, result, prev_hash, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    AUDIT_GET: "SELECT * FROM audit WHERE seq = ?1";
    AUDIT_PAGE: "SELECT * FROM audit WHERE seq < ?1 AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR action = ?3)
        AND (?4 IS NULL OR object_id = ?4) AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6)
        ORDER BY seq DESC LIMIT ?7";
    AUDIT_COUNT: "SELECT count(*) FROM (SELECT 1 FROM audit WHERE (?1 IS NULL OR actor = ?1) AND (?2 IS NULL OR action = ?2)
        AND (?3 IS NULL OR object_id = ?3) AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at < ?5) LIMIT ?6)";
    AUDIT_AFTER: "SELECT * FROM audit WHERE seq > ?1 ORDER BY seq LIMIT 1000";
    OUTBOX_INSERT: "INSERT INTO outbox (at, kind, data) VALUES (?1, ?2, ?3)";
    OUTBOX_AFTER: "SELECT seq, at, kind, data FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    OUTBOX_LAST: "SELECT coalesce(max(seq), 0) FROM outbox";
    OUTBOX_FIRST: "SELECT coalesce(min(seq), 0) FROM outbox";
    OUTBOX_PRUNE: "DELETE FROM outbox WHERE seq <= (SELECT max(seq) FROM outbox) - 50000";
    IDEMPOTENCY_GET: "SELECT request_hash, status, head, body FROM idempotency WHERE username = ?1 AND key = ?2 AND route = ?3 AND at > ?4";
    IDEMPOTENCY_PUT: "INSERT INTO idempotency (username, key, route, request_hash, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    IDEMPOTENCY_ANSWER: "UPDATE idempotency SET status = ?4, head = ?5, body = ?6 WHERE username = ?1 AND key = ?2 AND route = ?3";
    IDEMPOTENCY_PRUNE: "DELETE FROM idempotency WHERE at <= ?1";
    COUNTER_NEXT: "INSERT INTO counter (name, value) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
    SETTING_NEWEST: "SELECT version, at, by, reason, body FROM setting ORDER BY version DESC LIMIT 50";
    SETTING_INSERT: "INSERT INTO setting (version, at, by, reason, body) VALUES (?1, ?2, ?3, ?4, ?5)";
}
