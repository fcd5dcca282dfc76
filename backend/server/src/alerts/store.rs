//! All SQL of alerts; `list` what is read for the wire, `alike` the entities that a name stands for, `withdraw` what goes
//! with a source.

#[macro_use]
pub mod alike;
pub mod list;
pub mod withdraw;

use api::{
    Time,
    alerts::{Alert, AlertStatus, AssetType, Comment, Resolution, Severity},
};
use kernel::{Error, Result, db::Tx, queries};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, sqlite::SqliteRow};

macro_rules! events {
    ($n:literal) => {
        concat!(
            "(SELECT json_group_array(lower(hex(identity))) FROM (SELECT identity FROM alert_event e WHERE e.alert = alert.id
            ORDER BY time, identity LIMIT ", $n, ")) AS event_ids"
        )
    };
}
queries! {
    INSERT: "INSERT INTO alert (alert_id, title, description, severity, status, open, source, rule_id, techniques, iocs, entities,
        asset_type, assets, event_count, first_seen, last_seen, assignee, assigned_agent, tags, confidence, case_id, dedup_key,
        acknowledged_at, acknowledged_by, due_at, closed_at, resolution, resolution_note, metadata, created_at, updated_at, words)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32) RETURNING id";
    UPDATE: "UPDATE alert SET title = ?2, description = ?3, severity = ?4, status = ?5, open = ?6, entities = ?7, assets = ?8,
        event_count = ?9, first_seen = ?10, last_seen = ?11, assignee = ?12, assigned_agent = ?13, tags = ?14, confidence = ?15,
        case_id = ?16, acknowledged_at = ?17, acknowledged_by = ?18, due_at = ?19, closed_at = ?20, resolution = ?21,
        resolution_note = ?22, metadata = ?23, updated_at = ?24, words = ?25, version = version + 1 WHERE alert_id = ?1";
    GET_SHORT: concat!("SELECT *, ", events!("20"), " FROM alert WHERE alert_id = ?1");
    GET_ROW: concat!("SELECT *, ", events!("20"), " FROM alert WHERE id = ?1");
    EVENTS_MOVE: "INSERT INTO alert_event (owner, identity, time, alert)
        SELECT ?1, unhex(value ->> 0), value ->> 1, ?2 FROM json_each(?3) WHERE true
        ON CONFLICT (owner, identity) DO UPDATE SET alert = excluded.alert";
    EVENTS_REMOVE: "DELETE FROM alert_event WHERE alert = ?1";
    REMOVE: "DELETE FROM alert WHERE id = ?1";
    OPEN_BY_KEY: concat!("SELECT *, ", events!("20"), " FROM alert WHERE dedup_key = ?1 AND open = 1");
    EVENTS_KNOWN: "SELECT lower(hex(identity)) FROM alert_event WHERE owner = ?1 AND identity IN (SELECT unhex(value) FROM json_each(?2))";
    EVENTS_ADD: "INSERT OR IGNORE INTO alert_event (owner, identity, time, alert)
        SELECT ?1, unhex(value ->> 0), value ->> 1, ?2 FROM json_each(?3)";
    EVENTS_PAGE: "SELECT identity, time FROM alert_event WHERE alert = ?1 AND (time, identity) > (?2, ?3) ORDER BY time, identity LIMIT ?4";
    COMMENT_INSERT: "INSERT INTO alert_comment (id, alert, author, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    COMMENT_PAGE: "SELECT * FROM alert_comment WHERE alert = ?1 AND (created_at, id) > (?2, ?3) ORDER BY created_at, id LIMIT ?4";
    COMMENT_COUNT: "SELECT count(*) FROM alert_comment WHERE alert = ?1";
}

/// An alert with what the wire does not show.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Row number.
    pub id: i64,
    /// Grows with each change; the ETag.
    pub version: i64,
    /// The alert.
    pub alert: Alert,
}

fn json<T: DeserializeOwned>(r: &SqliteRow, name: &str) -> Result<T> {
    serde_json::from_str(r.try_get(name)?).map_err(Error::internal)
}

fn text(v: &impl Serialize) -> String {
    serde_json::to_string(v).unwrap_or_else(|_| "null".into())
}

fn word<T>(r: &SqliteRow, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    parse(r.try_get(name)?).ok_or_else(|| Error::internal(format!("alert.{name} holds no known word")))
}

fn severity(number: i64) -> Severity {
    usize::try_from(number).ok().and_then(|n| Severity::ALL.get(n).copied()).unwrap_or(Severity::Info)
}

/// Reads a row of any of the SELECTs above.
pub fn stored(r: &SqliteRow) -> Result<Stored> {
    let time = |n: &str| -> Result<Time> { Ok(Time(r.try_get(n)?)) };
    let maybe = |n: &str| -> Result<Option<Time>> { Ok(r.try_get::<Option<i64>, _>(n)?.map(Time)) };
    let resolution: Option<String> = r.try_get("resolution")?;
    Ok(Stored {
        id: r.try_get("id")?,
        version: r.try_get("version")?,
        alert: Alert {
            alert_id: r.try_get("alert_id")?,
            title: r.try_get("title")?,
            description: r.try_get("description")?,
            severity: severity(r.try_get("severity")?),
            status: word(r, "status", AlertStatus::parse)?,
            source: r.try_get("source")?,
            rule_id: r.try_get("rule_id")?,
            mitre_techniques: json(r, "techniques")?,
            iocs: json(r, "iocs")?,
            entities: json(r, "entities")?,
            asset_type: word(r, "asset_type", AssetType::parse)?,
            affected_assets: json(r, "assets")?,
            event_ids: json(r, "event_ids")?,
            event_count: u64::try_from(r.try_get::<i64, _>("event_count")?).unwrap_or(0),
            first_seen: time("first_seen")?,
            last_seen: time("last_seen")?,
            assignee: r.try_get("assignee")?,
            assigned_agent: r.try_get("assigned_agent")?,
            tags: json(r, "tags")?,
            confidence: r.try_get("confidence")?,
            case_id: r.try_get("case_id")?,
            dedup_key: r.try_get("dedup_key")?,
            acknowledged_at: maybe("acknowledged_at")?,
            acknowledged_by: r.try_get("acknowledged_by")?,
            due_at: maybe("due_at")?,
            closed_at: maybe("closed_at")?,
            resolution: resolution.and_then(|w| Resolution::parse(&w)),
            resolution_note: r.try_get("resolution_note")?,
            metadata: json(r, "metadata")?,
            created_at: time("created_at")?,
            updated_at: time("updated_at")?,
        },
    })
}

/// Adds an alert. Answers its row number.
pub async fn insert(tx: &mut Tx, a: &Alert) -> std::result::Result<i64, sqlx::Error> {
    let query = sqlx::query(INSERT)
        .bind(&a.alert_id)
        .bind(&a.title)
        .bind(&a.description)
        .bind(a.severity as i64)
        .bind(a.status.as_str())
        .bind(super::state::is_open(a.status))
        .bind(&a.source)
        .bind(&a.rule_id)
        .bind(text(&a.mitre_techniques))
        .bind(text(&a.iocs))
        .bind(text(&a.entities))
        .bind(a.asset_type.as_str())
        .bind(text(&a.affected_assets))
        .bind(i64::try_from(a.event_count).unwrap_or(i64::MAX))
        .bind(a.first_seen.0)
        .bind(a.last_seen.0)
        .bind(&a.assignee)
        .bind(&a.assigned_agent)
        .bind(text(&a.tags))
        .bind(a.confidence)
        .bind(&a.case_id)
        .bind(&a.dedup_key)
        .bind(a.acknowledged_at.map(|t| t.0))
        .bind(&a.acknowledged_by)
        .bind(a.due_at.map(|t| t.0))
        .bind(a.closed_at.map(|t| t.0))
        .bind(a.resolution.map(Resolution::as_str))
        .bind(&a.resolution_note)
        .bind(text(&a.metadata))
        .bind(a.created_at.0)
        .bind(a.updated_at.0)
        .bind(words(a));
    query.fetch_one(tx.conn()).await?.try_get(0)
}

/// Writes everything that may change.
pub async fn update(tx: &mut Tx, a: &Alert) -> std::result::Result<(), sqlx::Error> {
    let query = sqlx::query(UPDATE)
        .bind(&a.alert_id)
        .bind(&a.title)
        .bind(&a.description)
        .bind(a.severity as i64)
        .bind(a.status.as_str())
        .bind(super::state::is_open(a.status))
        .bind(text(&a.entities))
        .bind(text(&a.affected_assets))
        .bind(i64::try_from(a.event_count).unwrap_or(i64::MAX))
        .bind(a.first_seen.0)
        .bind(a.last_seen.0)
        .bind(&a.assignee)
        .bind(&a.assigned_agent)
        .bind(text(&a.tags))
        .bind(a.confidence)
        .bind(&a.case_id)
        .bind(a.acknowledged_at.map(|t| t.0))
        .bind(&a.acknowledged_by)
        .bind(a.due_at.map(|t| t.0))
        .bind(a.closed_at.map(|t| t.0))
        .bind(a.resolution.map(Resolution::as_str))
        .bind(&a.resolution_note)
        .bind(text(&a.metadata))
        .bind(a.updated_at.0)
        .bind(words(a));
    query.execute(tx.conn()).await.map(drop)
}

/// What the list searches: title, id, description, entities, techniques and tags, in lower case.
fn words(a: &Alert) -> String {
    let mut all = format!("{}\n{}\n{}", a.title, a.alert_id, a.description);
    let entities = a.entities.iter().flat_map(|e| [Some(&e.value), e.sid.as_ref()].into_iter().flatten());
    for word in entities.chain(&a.mitre_techniques).chain(&a.tags) {
        all.push('\n');
        all.push_str(word);
    }
    all.to_lowercase()
}

/// One alert inside a write, with its first 20 event ids.
pub async fn get_in(tx: &mut Tx, alert_id: &str) -> Result<Option<Stored>> {
    sqlx::query(GET_SHORT).bind(alert_id).fetch_optional(tx.conn()).await?.as_ref().map(stored).transpose()
}

/// The open alert of a key.
pub async fn open_by_key(tx: &mut Tx, key: &str) -> Result<Option<Stored>> {
    sqlx::query(OPEN_BY_KEY).bind(key).fetch_optional(tx.conn()).await?.as_ref().map(stored).transpose()
}

/// Which of these identities (hexadecimal) an owner has already.
pub async fn known(tx: &mut Tx, owner: &str, identities: &[String]) -> Result<Vec<String>> {
    let rows = sqlx::query_scalar(EVENTS_KNOWN).bind(owner).bind(text(&identities));
    Ok(rows.fetch_all(tx.conn()).await?)
}

/// Adds events (identity in hexadecimal, time in ns).
pub async fn add_events(tx: &mut Tx, owner: &str, alert: i64, events: &[(String, i64)]) -> Result<()> {
    sqlx::query(EVENTS_ADD).bind(owner).bind(alert).bind(text(&events)).execute(tx.conn()).await?;
    Ok(())
}

/// One alert by its row number, inside a write.
pub async fn by_row(tx: &mut Tx, row: i64) -> Result<Option<Stored>> {
    sqlx::query(GET_ROW).bind(row).fetch_optional(tx.conn()).await?.as_ref().map(stored).transpose()
}

/// Gives events (identity in hexadecimal, time in ns) to an alert, from another one of the same owner too.
pub async fn move_events(tx: &mut Tx, owner: &str, alert: i64, events: &[(String, i64)]) -> Result<()> {
    sqlx::query(EVENTS_MOVE).bind(owner).bind(alert).bind(text(&events)).execute(tx.conn()).await?;
    Ok(())
}

/// Whether anyone has written about an alert.
pub async fn has_comments(tx: &mut Tx, row: i64) -> Result<bool> {
    let n: i64 = sqlx::query_scalar(COMMENT_COUNT).bind(row).fetch_one(tx.conn()).await?;
    Ok(n > 0)
}

/// Removes an alert that nobody has touched.
pub async fn remove(tx: &mut Tx, row: i64) -> Result<()> {
    sqlx::query(EVENTS_REMOVE).bind(row).execute(tx.conn()).await?;
    sqlx::query(REMOVE).bind(row).execute(tx.conn()).await?;
    Ok(())
}

/// A comment's row.
pub fn comment(r: &SqliteRow) -> Result<Comment> {
    Ok(Comment {
        id: r.try_get("id")?,
        author: r.try_get("author")?,
        body: r.try_get("body")?,
        created_at: Time(r.try_get("created_at")?),
        edited_at: None,
        edits: 0,
    })
}
