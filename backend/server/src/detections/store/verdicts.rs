//! Suppressions, feedback, metrics, coverage.

use super::{count, json};
use api::{
    Time,
    detections::{Feedback, RuleMetrics, Suppression, TechniqueCoverage, Verdict},
};
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

macro_rules! metrics {
    () => {
        "WITH m AS (SELECT r.rule_id, r.title, r.pack,
            (SELECT count(*) FROM alert a WHERE a.rule_id = r.rule_id) AS alerts,
            (SELECT coalesce(sum(a.open), 0) FROM alert a WHERE a.rule_id = r.rule_id) AS alerts_open,
            (SELECT avg(a.acknowledged_at - a.created_at) FROM alert a
             WHERE a.rule_id = r.rule_id AND a.acknowledged_at IS NOT NULL) AS ack_ms,
            (SELECT count(a.acknowledged_at) FROM alert a WHERE a.rule_id = r.rule_id) AS acked,
            (SELECT count(*) FROM rule_feedback f WHERE f.rule_id = r.rule_id AND verdict = 'true_positive') AS tp,
            (SELECT count(*) FROM rule_feedback f WHERE f.rule_id = r.rule_id AND verdict = 'false_positive') AS fp,
            (SELECT count(*) FROM rule_feedback f WHERE f.rule_id = r.rule_id AND verdict = 'benign') AS benign,
            coalesce(s.hits, 0) AS hits, s.last_match, coalesce(s.tried, 0) AS tried, coalesce(s.cost_ns, 0) AS cost_ns, r.id
          FROM rule r LEFT JOIN rule_stat s ON s.rule_id = r.rule_id WHERE ?1 IS NULL OR r.pack = ?1) "
    };
}
macro_rules! page {
    ($key:literal, $than:literal, $dir:literal) => {
        concat!(
            metrics!(),
            "SELECT *, ",
            $key,
            " AS sort_key FROM m WHERE (alerts > 0 OR hits > 0 OR tp + fp + benign > 0 OR tried > 0)
            AND (?2 IS NULL OR (",
            $key,
            ", id) ",
            $than,
            " (?2, ?3)) ORDER BY ",
            $key,
            " ",
            $dir,
            ", id ",
            $dir,
            " LIMIT ?4"
        )
    };
}

queries! {
    SUPPRESSION_INSERT: "INSERT INTO suppression (id, rule_id, condition, reason, created_by, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SUPPRESSION_PAGE: "SELECT * FROM suppression WHERE rule_id = ?1 AND (created_at, id) < (?2, ?3)
        ORDER BY created_at DESC, id DESC LIMIT ?4";
    SUPPRESSION_COUNT: "SELECT count(*) FROM suppression WHERE rule_id = ?1";
    SUPPRESSION_GET: "SELECT * FROM suppression WHERE rule_id = ?1 AND id = ?2";
    SUPPRESSION_DELETE: "DELETE FROM suppression WHERE id = ?1";
    SUPPRESSIONS: "SELECT * FROM suppression ORDER BY rule_id, created_at, id";
    FEEDBACK_PUT: "INSERT INTO rule_feedback (id, rule_id, alert_id, verdict, note, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (alert_id) DO UPDATE SET verdict = excluded.verdict, note = excluded.note, by = excluded.by,
        at = excluded.at RETURNING id";
    FEEDBACK_DROP: "DELETE FROM rule_feedback WHERE alert_id = ?1";
    FEEDBACK_PAGE: "SELECT * FROM rule_feedback WHERE rule_id = ?1 AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT ?4";
    FEEDBACK_COUNT: "SELECT count(*) FROM rule_feedback WHERE rule_id = ?1";
    METRICS_ALERTS_ASC: page!("alerts", ">", "ASC");
    METRICS_ALERTS_DESC: page!("alerts", "<", "DESC");
    METRICS_HITS_ASC: page!("hits", ">", "ASC");
    METRICS_HITS_DESC: page!("hits", "<", "DESC");
    METRICS_PRECISION_ASC: page!("coalesce(tp * 1000000 / nullif(tp + fp, 0), -1)", ">", "ASC");
    METRICS_PRECISION_DESC: page!("coalesce(tp * 1000000 / nullif(tp + fp, 0), -1)", "<", "DESC");
    METRICS_COST_ASC: page!("coalesce(cost_ns * 1000 / nullif(tried, 0), 0)", ">", "ASC");
    METRICS_COST_DESC: page!("coalesce(cost_ns * 1000 / nullif(tried, 0), 0)", "<", "DESC");
    METRICS_MATCH_ASC: page!("coalesce(last_match, 0)", ">", "ASC");
    METRICS_MATCH_DESC: page!("coalesce(last_match, 0)", "<", "DESC");
    METRICS_TOTAL: concat!(metrics!(), "SELECT NULL AS rule_id, NULL AS title, coalesce(sum(alerts), 0) AS alerts,
        coalesce(sum(alerts_open), 0) AS alerts_open, sum(ack_ms * acked) / nullif(sum(acked), 0) AS ack_ms,
        coalesce(sum(tp), 0) AS tp, coalesce(sum(fp), 0) AS fp, coalesce(sum(benign), 0) AS benign,
        coalesce(sum(hits), 0) AS hits, max(last_match) AS last_match, coalesce(max(tried), 0) AS tried,
        coalesce(sum(cost_ns), 0) AS cost_ns FROM m");
    COVERAGE: "WITH t AS (SELECT j.value AS technique, 1 AS rules, r.enabled AS enabled, 0 AS alerts, NULL AS seen
            FROM rule r, json_each(r.techniques) j
          UNION ALL SELECT j.value, 0, 0, 1, a.last_seen FROM alert a, json_each(a.techniques) j)
        SELECT technique, sum(rules) AS rules, sum(enabled) AS enabled, sum(alerts) AS alerts, max(seen) AS last_seen
        FROM t GROUP BY technique ORDER BY technique";
    WITHOUT_TECHNIQUE: "SELECT count(*) FROM rule WHERE enabled = 1 AND techniques = '[]'";
}

/// Sort words of the metrics and their queries.
pub const SORTS: &[(&str, &str)] = &[
    ("alerts", METRICS_ALERTS_ASC),
    ("-alerts", METRICS_ALERTS_DESC),
    ("hits", METRICS_HITS_ASC),
    ("-hits", METRICS_HITS_DESC),
    ("precision", METRICS_PRECISION_ASC),
    ("-precision", METRICS_PRECISION_DESC),
    ("cost", METRICS_COST_ASC),
    ("-cost", METRICS_COST_DESC),
    ("last_match", METRICS_MATCH_ASC),
    ("-last_match", METRICS_MATCH_DESC),
];

/// A suppression and its rule.
pub fn suppression(r: &SqliteRow) -> Result<(String, Suppression)> {
    let s = Suppression {
        id: r.try_get("id")?,
        condition: json(r, "condition")?,
        reason: r.try_get("reason")?,
        created_by: r.try_get("created_by")?,
        created_at: Time(r.try_get("created_at")?),
        expires_at: r.try_get::<Option<i64>, _>("expires_at")?.map(Time),
        hits: count(r, "hits")?,
    };
    Ok((r.try_get("rule_id")?, s))
}

/// All suppressions with their rules.
pub async fn suppressions(db: &Reader) -> Result<Vec<(String, Suppression)>> {
    sqlx::query(SUPPRESSIONS).fetch_all(db).await?.iter().map(suppression).collect()
}

/// One of a rule, inside a write.
pub async fn suppression_in(tx: &mut Tx, rule_id: &str, id: &str) -> Result<Option<Suppression>> {
    let row = sqlx::query(SUPPRESSION_GET).bind(rule_id).bind(id).fetch_optional(tx.conn()).await?;
    row.as_ref().map(|r| suppression(r).map(|s| s.1)).transpose()
}

/// Adds one.
pub async fn suppress(tx: &mut Tx, rule_id: &str, s: &Suppression) -> Result<()> {
    let query = sqlx::query(SUPPRESSION_INSERT)
        .bind(&s.id)
        .bind(rule_id)
        .bind(s.condition.to_string())
        .bind(&s.reason)
        .bind(&s.created_by)
        .bind(s.created_at.0)
        .bind(s.expires_at.map(|t| t.0));
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn unsuppress(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(SUPPRESSION_DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}

/// Newest first.
pub async fn suppression_page(
    db: &Reader,
    rule_id: &str,
    after: (i64, &str),
    limit: i64,
) -> Result<(Vec<Suppression>, i64)> {
    let rows = sqlx::query(SUPPRESSION_PAGE)
        .bind(rule_id)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(db)
        .await?;
    let total = sqlx::query_scalar(SUPPRESSION_COUNT).bind(rule_id).fetch_one(db).await?;
    Ok((rows.iter().map(|r| suppression(r).map(|s| s.1)).collect::<Result<_>>()?, total))
}

/// Adds a verdict, or changes the one on the same alert. Answers its id.
pub async fn judge(tx: &mut Tx, rule_id: &str, f: &Feedback) -> Result<String> {
    let query = sqlx::query_scalar(FEEDBACK_PUT)
        .bind(&f.id)
        .bind(rule_id)
        .bind(&f.alert_id)
        .bind(f.verdict.as_str())
        .bind(&f.note)
        .bind(&f.by)
        .bind(f.at.0);
    Ok(query.fetch_one(tx.conn()).await?)
}

/// Takes the verdict on an alert back.
pub async fn unjudge(tx: &mut Tx, alert_id: &str) -> Result<()> {
    sqlx::query(FEEDBACK_DROP).bind(alert_id).execute(tx.conn()).await?;
    Ok(())
}

/// Newest first.
pub async fn feedback_page(
    db: &Reader,
    rule_id: &str,
    after: (i64, &str),
    limit: i64,
) -> Result<(Vec<Feedback>, i64)> {
    let one = |r: &SqliteRow| {
        Ok(Feedback {
            id: r.try_get("id")?,
            alert_id: r.try_get("alert_id")?,
            verdict: Verdict::parse(r.try_get("verdict")?)
                .ok_or_else(|| Error::internal("rule_feedback.verdict holds no known word"))?,
            note: r.try_get("note")?,
            by: r.try_get("by")?,
            at: Time(r.try_get("at")?),
        })
    };
    let rows = sqlx::query(FEEDBACK_PAGE)
        .bind(rule_id)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(db)
        .await?;
    let total = sqlx::query_scalar(FEEDBACK_COUNT).bind(rule_id).fetch_one(db).await?;
    Ok((rows.iter().map(one).collect::<Result<_>>()?, total))
}

/// Figures of one row of the metrics.
pub fn metrics(r: &SqliteRow) -> Result<RuleMetrics> {
    let (tp, fp) = (count(r, "tp")?, count(r, "fp")?);
    let (tried, cost) = (count(r, "tried")?, count(r, "cost_ns")?);
    Ok(RuleMetrics {
        rule_id: r.try_get("rule_id")?,
        title: r.try_get("title")?,
        alerts: count(r, "alerts")?,
        alerts_open: count(r, "alerts_open")?,
        hits: count(r, "hits")?,
        true_positives: tp,
        false_positives: fp,
        benign: count(r, "benign")?,
        precision: (tp + fp > 0).then(|| tp as f64 / (tp + fp) as f64),
        mean_time_to_acknowledge_s: r.try_get::<Option<f64>, _>("ack_ms")?.map(|ms| ms / 1000.0),
        cost_us_per_event: (tried > 0).then(|| cost as f64 / 1000.0 / tried as f64),
        last_match: r.try_get::<Option<i64>, _>("last_match")?.map(Time),
    })
}

/// What is seen of each technique; enabled rules without one.
pub async fn coverage(db: &Reader) -> Result<(Vec<TechniqueCoverage>, i64)> {
    let one = |r: &SqliteRow| {
        Ok(TechniqueCoverage {
            technique: r.try_get("technique")?,
            rules: count(r, "rules")?,
            enabled: count(r, "enabled")?,
            alerts: count(r, "alerts")?,
            last_seen: r.try_get::<Option<i64>, _>("last_seen")?.map(Time),
        })
    };
    let rows = sqlx::query(COVERAGE).fetch_all(db).await?;
    let without = sqlx::query_scalar(WITHOUT_TECHNIQUE).fetch_one(db).await?;
    Ok((rows.iter().map(one).collect::<Result<_>>()?, without))
}
