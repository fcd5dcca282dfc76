//! Alerts as the wire has them, read without being taken apart: detail, and pages in any order under any filters.
//!
//! A page walks the index of its order until it is full. Where a filter leaves few alerts, their ids are found by
//! that filter's own index first and only they are read; text is found by an index of three-letter pieces.

use super::alike::Alike;
use kernel::{Error, Result, db::Reader, queries};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{Decode, Row as _, Sqlite, Type, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow};

/// A filter that leaves at most this many is read by ids.
pub const FEW: i64 = 8_192;

macro_rules! columns {
    ($events:literal) => {
        concat!(
            "alert.id, version, alert_id, title, description, severity, status, source, rule_id, techniques, iocs, entities,
            asset_type, assets, (SELECT json_group_array(lower(hex(identity))) FROM (SELECT identity FROM alert_event e
            WHERE e.alert = alert.id ORDER BY time, identity LIMIT ", $events, ")), event_count, first_seen, last_seen,
            assignee, assigned_agent, tags, confidence, case_id, dedup_key, acknowledged_at, acknowledged_by, due_at,
            closed_at, resolution, resolution_note, metadata, created_at, updated_at"
        )
    };
}
macro_rules! own {
    () => {
        "(?1 IS NULL OR severity IN (SELECT value FROM json_each(?1)))
        AND (?2 IS NULL OR status IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR coalesce(assignee, '') = ?3)
        AND (?4 IS NULL OR rule_id = ?4) AND (?5 IS NULL OR case_id = ?5)
        AND (?10 IS NULL OR last_seen >= ?10) AND (?11 IS NULL OR first_seen < ?11)
        AND (?9 IS NULL OR instr(words, ?9) > 0)
        AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(techniques) WHERE value = ?6))
        AND (?8 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?8))"
    };
}
macro_rules! filter {
    () => {
        concat!(own!(), " AND ", alike!())
    };
}
macro_rules! walk {
    ($key:literal, "ASC") => {
        walk!($key, ">", "ASC")
    };
    ($key:literal, "DESC") => {
        walk!($key, "<", "DESC")
    };
    ($key:literal, $than:literal, $dir:literal) => {
        concat!(
            "SELECT ",
            $key,
            ", ",
            columns!("20"),
            " FROM alert WHERE ",
            filter!(),
            " AND (?12 IS NULL OR (",
            $key,
            ", id) ",
            $than,
            " (?12, ?13)) ORDER BY ",
            $key,
            " ",
            $dir,
            ", id ",
            $dir,
            " LIMIT ?14"
        )
    };
}
/// `?16` names the order, `?17` is 1 or -1.
macro_rules! key {
    () => {
        "?17 * CASE ?16 WHEN 'updated_at' THEN updated_at WHEN 'first_seen' THEN first_seen WHEN 'last_seen' THEN last_seen
            WHEN 'severity' THEN urgency WHEN 'event_count' THEN event_count ELSE created_at END"
    };
}
macro_rules! probe {
    ($from:literal) => {
        concat!("SELECT count(*), json_group_array(id) FROM (SELECT ", $from, " LIMIT ?2)")
    };
}

queries! {
    GET: concat!("SELECT 0, ", columns!("10000"), " FROM alert WHERE alert_id = ?1");
    BRIEF: "SELECT id, event_count, rule_id FROM alert WHERE alert_id = ?1";
    WALK_CREATED_ASC: walk!("created_at", "ASC");
    WALK_CREATED_DESC: walk!("created_at", "DESC");
    WALK_UPDATED_ASC: walk!("updated_at", "ASC");
    WALK_UPDATED_DESC: walk!("updated_at", "DESC");
    WALK_FIRST_ASC: walk!("first_seen", "ASC");
    WALK_FIRST_DESC: walk!("first_seen", "DESC");
    WALK_LAST_ASC: walk!("last_seen", "ASC");
    WALK_LAST_DESC: walk!("last_seen", "DESC");
    WALK_SEVERITY_ASC: walk!("urgency", "ASC");
    WALK_SEVERITY_DESC: walk!("urgency", "DESC");
    WALK_EVENTS_ASC: walk!("event_count", "ASC");
    WALK_EVENTS_DESC: walk!("event_count", "DESC");
    /// The page is chosen by numbers first: only its own alerts are read whole.
    OF: concat!("SELECT ?17 * hit.place, ", columns!("20"), " FROM (SELECT alert.id AS number, ", key!(), " AS place
            FROM json_each(?15) AS wanted CROSS JOIN alert ON alert.id = wanted.value
            WHERE ", filter!(), " AND (?12 IS NULL OR (", key!(), ", ?17 * alert.id) > (?17 * ?12, ?17 * ?13))
            ORDER BY ", key!(), ", ?17 * alert.id LIMIT ?14) AS hit
        CROSS JOIN alert ON alert.id = hit.number ORDER BY hit.place, ?17 * alert.id");
    COUNT_ALL: "SELECT count(*) FROM (SELECT 1 FROM alert LIMIT ?1)";
    COUNT: concat!("SELECT count(*) FROM (SELECT 1 FROM alert WHERE ", filter!(), " LIMIT ?12)");
    COUNT_OF: concat!("SELECT count(*) FROM json_each(?12) AS wanted CROSS JOIN alert ON alert.id = wanted.value WHERE ", filter!());
    PROBE_WORDS: probe!("rowid AS id FROM alert_words WHERE alert_words MATCH ?1");
    PROBE_CASE: probe!("id FROM alert WHERE case_id = ?1");
    PROBE_RULE: probe!("id FROM alert WHERE rule_id = ?1");
    PROBE_ASSIGNEE: probe!("id FROM alert WHERE assignee = ?1");
    PROBE_STATUS: probe!("id FROM alert WHERE status IN (SELECT value FROM json_each(?1))");
    PROBE_SEVERITY: probe!("id FROM alert WHERE severity IN (SELECT value FROM json_each(?1))");
    PROBE_FROM: probe!("id FROM alert WHERE last_seen >= ?1");
    PROBE_TO: probe!("id FROM alert WHERE first_seen < ?1");
}

/// Sort words and the queries that walk in their order.
pub const SORTS: &[(&str, &str)] = &[
    ("created_at", WALK_CREATED_ASC),
    ("-created_at", WALK_CREATED_DESC),
    ("updated_at", WALK_UPDATED_ASC),
    ("-updated_at", WALK_UPDATED_DESC),
    ("first_seen", WALK_FIRST_ASC),
    ("-first_seen", WALK_FIRST_DESC),
    ("last_seen", WALK_LAST_ASC),
    ("-last_seen", WALK_LAST_DESC),
    ("severity", WALK_SEVERITY_ASC),
    ("-severity", WALK_SEVERITY_DESC),
    ("event_count", WALK_EVENTS_ASC),
    ("-event_count", WALK_EVENTS_DESC),
];

/// Filters of the list, bound in the order of `filter!`.
#[derive(Debug, Default)]
pub struct Filter {
    /// JSON array of severity numbers.
    pub severities: Option<String>,
    /// JSON array of words.
    pub statuses: Option<String>,
    /// User name, or empty for nobody.
    pub assignee: Option<String>,
    /// Rule id.
    pub rule_id: Option<String>,
    /// Case id.
    pub case_id: Option<String>,
    /// Technique id.
    pub technique: Option<String>,
    /// An entity.
    pub entity: Option<Alike>,
    /// Tag.
    pub tag: Option<String>,
    /// Part of `words`, in lower case.
    pub text: Option<String>,
    /// Milliseconds.
    pub from: Option<i64>,
    /// Milliseconds.
    pub to: Option<i64>,
}

/// A query with what is bound to it.
pub type Bound = Query<'static, Sqlite, SqliteArguments>;

impl Filter {
    /// The query with the filters bound.
    pub fn bind(&self, sql: &'static str) -> Bound {
        sqlx::query(sql)
            .bind(self.severities.clone())
            .bind(self.statuses.clone())
            .bind(self.assignee.clone())
            .bind(self.rule_id.clone())
            .bind(self.case_id.clone())
            .bind(self.technique.clone())
            .bind(self.entity.as_ref().map(|alike| alike.patterns.clone()))
            .bind(self.tag.clone())
            .bind(self.text.clone())
            .bind(self.from)
            .bind(self.to)
    }

    /// For each filter that is set: the query that finds ids by its index, if it has one, and whether it finds
    /// just what the filter lets through.
    pub fn probes(&self) -> Vec<Option<(Bound, bool)>> {
        let words = |text: &Option<String>, exact: bool| {
            let text = text.as_ref()?.to_lowercase();
            // Shorter ones have no whole piece of three letters in the index.
            let long = text.chars().count() >= 3;
            Some(long.then(|| {
                let phrase = format!("\"{}\"", text.replace('"', "\"\""));
                (sqlx::query(PROBE_WORDS).bind(phrase), exact)
            }))
        };
        let by = |value: &Option<String>, sql: &'static str| {
            value.clone().map(|v| Some((sqlx::query(sql).bind(v), true)))
        };
        let time =
            |value: Option<i64>, sql: &'static str| value.map(|v| Some((sqlx::query(sql).bind(v), true)));
        let nobody = self.assignee.as_deref() == Some("");
        let set = [
            by(&self.case_id, PROBE_CASE),
            words(&self.text, true),
            self.entity
                .as_ref()
                .map(|alike| alike.probe.clone().map(|p| (sqlx::query(PROBE_WORDS).bind(p), false))),
            words(&self.tag, false),
            words(&self.technique, false),
            by(&self.rule_id, PROBE_RULE),
            if nobody { Some(None) } else { by(&self.assignee, PROBE_ASSIGNEE) },
            by(&self.statuses, PROBE_STATUS),
            by(&self.severities, PROBE_SEVERITY),
            time(self.from, PROBE_FROM),
            time(self.to, PROBE_TO),
        ];
        set.into_iter().flatten().collect()
    }
}

/// An alert as its row has it; what is JSON in the row goes out as it lies there. Fields as in
/// [`api::alerts::Alert`], in its order.
#[derive(Serialize)]
struct Wire<'r> {
    alert_id: &'r str,
    title: &'r str,
    description: &'r str,
    severity: api::alerts::Severity,
    status: &'r str,
    source: &'r str,
    rule_id: Option<&'r str>,
    mitre_techniques: &'r RawValue,
    iocs: &'r RawValue,
    entities: &'r RawValue,
    asset_type: &'r str,
    affected_assets: &'r RawValue,
    event_ids: &'r RawValue,
    event_count: i64,
    first_seen: api::Time,
    last_seen: api::Time,
    assignee: Option<&'r str>,
    assigned_agent: Option<&'r str>,
    tags: &'r RawValue,
    confidence: f64,
    case_id: Option<&'r str>,
    dedup_key: &'r str,
    acknowledged_at: Option<api::Time>,
    acknowledged_by: Option<&'r str>,
    due_at: Option<api::Time>,
    closed_at: Option<api::Time>,
    resolution: Option<&'r str>,
    resolution_note: Option<&'r str>,
    metadata: &'r RawValue,
    created_at: api::Time,
    updated_at: api::Time,
}

/// A row's columns from left to right.
struct Columns<'r> {
    row: &'r SqliteRow,
    at: usize,
}

impl<'r> Columns<'r> {
    fn next<T: Decode<'r, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T> {
        self.at += 1;
        Ok(self.row.try_get(self.at - 1)?)
    }

    fn json(&mut self) -> Result<&'r RawValue> {
        serde_json::from_str(self.next()?).map_err(Error::internal)
    }

    fn time(&mut self) -> Result<api::Time> {
        self.next().map(api::Time)
    }

    fn maybe_time(&mut self) -> Result<Option<api::Time>> {
        Ok(self.next::<Option<i64>>()?.map(api::Time))
    }
}

/// An alert on its way to the wire.
pub struct Written<'r> {
    /// Where it stands in the order asked for.
    pub key: i64,
    /// Row number.
    pub id: i64,
    /// The ETag.
    pub version: i64,
    alert: Wire<'r>,
}

impl Serialize for Written<'_> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        self.alert.serialize(s)
    }
}

/// Reads a row of the detail or of a page.
pub fn written(row: &SqliteRow) -> Result<Written<'_>> {
    let mut c = Columns { row, at: 0 };
    Ok(Written {
        key: c.next()?,
        id: c.next()?,
        version: c.next()?,
        alert: Wire {
            alert_id: c.next()?,
            title: c.next()?,
            description: c.next()?,
            severity: super::severity(c.next()?),
            status: c.next()?,
            source: c.next()?,
            rule_id: c.next()?,
            mitre_techniques: c.json()?,
            iocs: c.json()?,
            entities: c.json()?,
            asset_type: c.next()?,
            affected_assets: c.json()?,
            event_ids: c.json()?,
            event_count: c.next()?,
            first_seen: c.time()?,
            last_seen: c.time()?,
            assignee: c.next()?,
            assigned_agent: c.next()?,
            tags: c.json()?,
            confidence: c.next()?,
            case_id: c.next()?,
            dedup_key: c.next()?,
            acknowledged_at: c.maybe_time()?,
            acknowledged_by: c.next()?,
            due_at: c.maybe_time()?,
            closed_at: c.maybe_time()?,
            resolution: c.next()?,
            resolution_note: c.next()?,
            metadata: c.json()?,
            created_at: c.time()?,
            updated_at: c.time()?,
        },
    })
}

/// One alert with its version, as JSON text of an [`api::alerts::Alert`].
pub async fn get(db: &Reader, alert_id: &str) -> Result<Option<(Vec<u8>, i64)>> {
    let row = sqlx::query(GET).bind(alert_id.to_owned()).fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    let alert = written(&row)?;
    Ok(Some((serde_json::to_vec(&alert).map_err(Error::internal)?, alert.version)))
}

/// What belongs to an alert needs of it.
pub struct Brief {
    /// Row number.
    pub id: i64,
    /// How many events there are.
    pub event_count: i64,
    /// The rule that raised it.
    pub rule_id: Option<String>,
}

/// That of one alert.
pub async fn brief(db: &Reader, alert_id: &str) -> Result<Option<Brief>> {
    let row = sqlx::query(BRIEF).bind(alert_id.to_owned()).fetch_optional(db).await?;
    let read = |r: SqliteRow| -> Result<Brief> {
        Ok(Brief { id: r.try_get(0)?, event_count: r.try_get(1)?, rule_id: r.try_get(2)? })
    };
    row.map(read).transpose()
}
