//! Reading rules: pages, one, and what the engine needs.

use super::{count, json};
use api::{
    Time,
    detections::{Rule, RuleChange, RuleOrigin, RuleProblem, RuleSettings, RuleState},
};
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow};

macro_rules! filter {
    () => {
        "(?1 IS NULL OR r.sort_title LIKE ?1 ESCAPE '\\' OR r.rule_id LIKE ?1 ESCAPE '\\' OR r.author LIKE ?1 ESCAPE '\\'
          OR r.tags LIKE ?1 ESCAPE '\\')
        AND (?2 IS NULL OR r.level IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR r.status IN (SELECT value FROM json_each(?3)))
        AND (?4 IS NULL OR r.enabled = ?4)
        AND (?5 IS NULL OR r.origin IN (SELECT value FROM json_each(?5)))
        AND (?6 IS NULL OR r.pack = ?6) AND (?7 IS NULL OR r.product = ?7) AND (?8 IS NULL OR r.category = ?8)
        AND (?9 IS NULL OR r.service = ?9)
        AND (?10 IS NULL OR EXISTS (SELECT 1 FROM json_each(r.techniques) WHERE value = ?10 OR value LIKE ?10 || '.%'))
        AND (?11 IS NULL OR (r.errors <> '[]') = ?11)
        AND (?12 IS NULL OR CASE WHEN r.errors <> '[]' THEN 'error' WHEN r.enabled = 0 THEN 'disabled'
             ELSE coalesce((SELECT value FROM json_each(?13) WHERE key = r.rule_id), 'running') END
             IN (SELECT value FROM json_each(?12)))"
    };
}
macro_rules! columns {
    () => {
        "r.*, coalesce(s.hits, 0) AS hits, coalesce(s.alerts, 0) AS alerts, s.last_match, coalesce(s.tried, 0) AS tried,
         coalesce(s.cost_ns, 0) AS cost_ns"
    };
}
macro_rules! page {
    ($key:literal, "ASC") => {
        page!($key, ">", "ASC")
    };
    ($key:literal, "DESC") => {
        page!($key, "<", "DESC")
    };
    ($key:literal, $than:literal, $dir:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            $key,
            " AS sort_key FROM rule r LEFT JOIN rule_stat s ON s.rule_id = r.rule_id WHERE ",
            filter!(),
            " AND (?14 IS NULL OR (",
            $key,
            ", r.id) ",
            $than,
            " (?14, ?15)) ORDER BY ",
            $key,
            " ",
            $dir,
            ", r.id ",
            $dir,
            " LIMIT ?16"
        )
    };
}

queries! {
    GET: concat!("SELECT ", columns!(), ", t.body, t.pack_body FROM rule r JOIN rule_text t ON t.rule_id = r.rule_id
        LEFT JOIN rule_stat s ON s.rule_id = r.rule_id WHERE r.rule_id = ?1");
    TEXTS: "SELECT rule_id, body FROM rule_text WHERE rule_id IN (SELECT value FROM json_each(?1))";
    COUNT: concat!("SELECT count(*) FROM (SELECT 1 FROM rule r WHERE ", filter!(), " LIMIT ?14)");
    ENABLED: "SELECT r.rule_id, r.hash, r.settings, r.pack, r.file, t.body, t.parsed FROM rule r
        JOIN rule_text t ON t.rule_id = r.rule_id
        WHERE r.enabled = 1 AND r.errors = '[]' ORDER BY coalesce(r.pack, ''), coalesce(r.file, r.rule_id), r.id";
    SOME: "SELECT r.rule_id, r.hash, r.settings, r.pack, r.file, t.body, t.parsed FROM rule r JOIN rule_text t ON t.rule_id = r.rule_id
        WHERE r.errors = '[]' AND r.rule_id IN (SELECT value FROM json_each(?1))
        ORDER BY coalesce(r.pack, ''), coalesce(r.file, r.rule_id), r.id";
    STAND_ON: "SELECT r.rule_id, r.hash, r.settings, r.pack, r.file, t.body, t.parsed FROM rule r
        JOIN rule_text t ON t.rule_id = r.rule_id
        WHERE r.errors = '[]' AND (r.enabled = 1 OR r.rule_id IN (SELECT value FROM json_each(?1)))
        ORDER BY coalesce(r.pack, ''), coalesce(r.file, r.rule_id), r.id";
    BROKEN_ENABLED: "SELECT rule_id, title, errors FROM rule WHERE enabled = 1 AND errors <> '[]' ORDER BY id";
    SET_NUMBER: "SELECT value FROM counter WHERE name = 'rule-set'";
    HISTORY: "SELECT * FROM rule_change WHERE rule_id = ?1 AND n < ?2 ORDER BY n DESC LIMIT ?3";
    HISTORY_COUNT: "SELECT count(*) FROM rule_change WHERE rule_id = ?1";
    PAGE_TITLE_ASC: page!("r.sort_title", "ASC");
    PAGE_TITLE_DESC: page!("r.sort_title", "DESC");
    PAGE_LEVEL_ASC: page!("r.rank", "ASC");
    PAGE_LEVEL_DESC: page!("r.rank", "DESC");
    PAGE_STATUS_ASC: page!("r.status", "ASC");
    PAGE_STATUS_DESC: page!("r.status", "DESC");
    PAGE_HITS_ASC: page!("coalesce(s.hits, 0)", "ASC");
    PAGE_HITS_DESC: page!("coalesce(s.hits, 0)", "DESC");
    PAGE_COST_ASC: page!("coalesce(s.cost_ns * 1000 / s.tried, 0)", "ASC");
    PAGE_COST_DESC: page!("coalesce(s.cost_ns * 1000 / s.tried, 0)", "DESC");
    PAGE_MATCH_ASC: page!("coalesce(s.last_match, 0)", "ASC");
    PAGE_MATCH_DESC: page!("coalesce(s.last_match, 0)", "DESC");
    PAGE_UPDATED_ASC: page!("r.updated_at", "ASC");
    PAGE_UPDATED_DESC: page!("r.updated_at", "DESC");
    PAGE_CREATED_ASC: page!("r.created_at", "ASC");
    PAGE_CREATED_DESC: page!("r.created_at", "DESC");
}

/// Sort words and their queries.
pub const SORTS: &[(&str, &str)] = &[
    ("title", PAGE_TITLE_ASC),
    ("-title", PAGE_TITLE_DESC),
    ("level", PAGE_LEVEL_ASC),
    ("-level", PAGE_LEVEL_DESC),
    ("status", PAGE_STATUS_ASC),
    ("-status", PAGE_STATUS_DESC),
    ("hits", PAGE_HITS_ASC),
    ("-hits", PAGE_HITS_DESC),
    ("cost", PAGE_COST_ASC),
    ("-cost", PAGE_COST_DESC),
    ("last_match", PAGE_MATCH_ASC),
    ("-last_match", PAGE_MATCH_DESC),
    ("updated_at", PAGE_UPDATED_ASC),
    ("-updated_at", PAGE_UPDATED_DESC),
    ("created_at", PAGE_CREATED_ASC),
    ("-created_at", PAGE_CREATED_DESC),
];

/// What a rule says of itself beyond what lists filter by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    pub description: String,
    pub falsepositives: Vec<String>,
    pub references: Vec<String>,
    pub date: Option<String>,
    pub modified: Option<String>,
}

/// A rule with what the wire does not show.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Row number.
    pub id: i64,
    /// As on the wire; state is that of `enabled` and `errors` alone.
    pub rule: Rule,
    /// The author's level.
    pub own_level: String,
    /// The pack's text of a rule that was edited here.
    pub pack_body: Option<String>,
    /// What the list was sorted by.
    pub key: serde_json::Value,
}

/// Reads a row of GET or a page.
pub fn stored(r: &SqliteRow) -> Result<Stored> {
    let about: About = json(r, "about")?;
    let parts = ["product", "category", "service"].map(|p| r.try_get::<Option<String>, _>(p));
    let mut logsource = vec![];
    for p in parts {
        logsource.push(p?.unwrap_or_else(|| "*".into()));
    }
    let (enabled, errors): (bool, Vec<RuleProblem>) = (r.try_get("enabled")?, json(r, "errors")?);
    let state = match (errors.is_empty(), enabled) {
        (false, _) => RuleState::Error,
        (true, false) => RuleState::Disabled,
        (true, true) => RuleState::Running,
    };
    let pack: Option<String> = r.try_get("pack")?;
    let tried: i64 = r.try_get("tried")?;
    let cost: i64 = r.try_get("cost_ns")?;
    let rule = Rule {
        rule_id: r.try_get("rule_id")?,
        title: r.try_get("title")?,
        description: about.description,
        status: r.try_get("status")?,
        level: r.try_get("level")?,
        format: r.try_get("format")?,
        body: r.try_get("body").unwrap_or_default(),
        enabled,
        state,
        state_reason: errors.first().map(ToString::to_string),
        tags: json(r, "tags")?,
        techniques: json(r, "techniques")?,
        logsource: logsource.join("/"),
        author: r.try_get("author")?,
        license: r.try_get("license")?,
        falsepositives: about.falsepositives,
        references: about.references,
        date: about.date,
        modified: about.modified,
        origin: RuleOrigin::parse(r.try_get("origin")?).unwrap_or(RuleOrigin::Own),
        file: r.try_get::<Option<String>, _>("file")?.filter(|_| pack.is_some()),
        pack,
        pipelines: vec![],
        edited: r.try_get("edited")?,
        settings: json(r, "settings")?,
        hits: count(r, "hits")?,
        alerts: count(r, "alerts")?,
        last_match: r.try_get::<Option<i64>, _>("last_match")?.map(Time),
        cost_us: (tried > 0).then(|| cost as f64 / 1000.0 / tried as f64),
        version: u32::try_from(r.try_get::<i64, _>("version")?).unwrap_or(u32::MAX),
        created_at: Time(r.try_get("created_at")?),
        updated_at: Time(r.try_get("updated_at")?),
        errors,
    };
    let key = match (r.try_get::<i64, _>("sort_key"), r.try_get::<String, _>("sort_key")) {
        (Ok(n), _) => n.into(),
        (_, Ok(t)) => t.into(),
        _ => serde_json::Value::Null,
    };
    Ok(Stored {
        id: r.try_get("id")?,
        own_level: r.try_get("own_level")?,
        pack_body: r.try_get("pack_body").unwrap_or_default(),
        rule,
        key,
    })
}

/// One rule with its text.
pub async fn get(db: &Reader, rule_id: &str) -> Result<Option<Stored>> {
    sqlx::query(GET).bind(rule_id).fetch_optional(db).await?.as_ref().map(stored).transpose()
}

/// One rule inside a write.
pub async fn get_in(tx: &mut Tx, rule_id: &str) -> Result<Option<Stored>> {
    sqlx::query(GET).bind(rule_id).fetch_optional(tx.conn()).await?.as_ref().map(stored).transpose()
}

/// Texts by id.
pub async fn texts(db: &Reader, ids: &[&str]) -> Result<std::collections::HashMap<String, String>> {
    let ids = serde_json::to_string(ids).map_err(Error::internal)?;
    let rows = sqlx::query(TEXTS).bind(ids).fetch_all(db).await?;
    rows.iter().map(|r| Ok((r.try_get("rule_id")?, r.try_get("body")?))).collect()
}

/// A rule as the engine needs it.
#[derive(Clone, Debug)]
pub struct Source {
    pub rule_id: String,
    pub hash: String,
    pub settings: RuleSettings,
    pub pack: Option<String>,
    /// Its file in the pack; for one's own rules that were written together, the id of the first.
    pub file: Option<String>,
    pub body: String,
    /// The text as the engine reads it.
    pub parsed: Option<Vec<u8>>,
}

fn source(r: &SqliteRow) -> Result<Source> {
    Ok(Source {
        rule_id: r.try_get("rule_id")?,
        hash: r.try_get("hash")?,
        settings: json(r, "settings")?,
        pack: r.try_get("pack")?,
        file: r.try_get("file")?,
        body: r.try_get("body")?,
        parsed: r.try_get("parsed")?,
    })
}

/// Every enabled rule whose text loads.
pub async fn enabled(db: &Reader) -> Result<Vec<Source>> {
    sqlx::query(ENABLED).fetch_all(db).await?.iter().map(source).collect()
}

/// Some rules whose text loads, enabled or not.
pub async fn some(db: &Reader, ids: &[String]) -> Result<Vec<Source>> {
    let ids = serde_json::to_string(ids).map_err(Error::internal)?;
    sqlx::query(SOME).bind(ids).fetch_all(db).await?.iter().map(source).collect()
}

/// Some rules, and all enabled ones, since a correlation stands on others.
pub async fn stand_on(db: &Reader, ids: &[String]) -> Result<Vec<Source>> {
    let ids = serde_json::to_string(ids).map_err(Error::internal)?;
    sqlx::query(STAND_ON).bind(ids).fetch_all(db).await?.iter().map(source).collect()
}

/// (id, title, first error) of enabled rules whose text does not load.
pub async fn broken(db: &Reader) -> Result<Vec<(String, String, String)>> {
    let rows = sqlx::query(BROKEN_ENABLED).fetch_all(db).await?;
    let one = |r: &SqliteRow| {
        let errors: Vec<RuleProblem> = json(r, "errors")?;
        let reason = errors.first().map(|e| format!("does not load: {e}")).unwrap_or_default();
        Ok((r.try_get("rule_id")?, r.try_get("title")?, reason))
    };
    rows.iter().map(one).collect()
}

/// Number of the rule set: how often rules were changed.
pub async fn set_number(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(SET_NUMBER).fetch_optional(db).await?.unwrap_or(0))
}

/// Filters of the list, bound in the order of `filter!`.
#[derive(Clone, Default)]
pub struct Filter {
    /// LIKE pattern, lower case.
    pub like: Option<String>,
    /// JSON arrays of words.
    pub levels: Option<String>,
    pub statuses: Option<String>,
    pub enabled: Option<bool>,
    pub origins: Option<String>,
    pub pack: Option<String>,
    pub product: Option<String>,
    pub category: Option<String>,
    pub service: Option<String>,
    pub technique: Option<String>,
    pub has_errors: Option<bool>,
    /// JSON array of states.
    pub states: Option<String>,
    /// JSON map of rule id to state, of the rules that do not run.
    pub blocked: Option<String>,
}

impl Filter {
    /// The query with the filters bound.
    pub fn bind(&self, sql: &'static str) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
        sqlx::query(sql)
            .bind(self.like.clone())
            .bind(self.levels.clone())
            .bind(self.statuses.clone())
            .bind(self.enabled)
            .bind(self.origins.clone())
            .bind(self.pack.clone())
            .bind(self.product.clone())
            .bind(self.category.clone())
            .bind(self.service.clone())
            .bind(self.technique.clone())
            .bind(self.has_errors)
            .bind(self.states.clone())
            .bind(self.blocked.clone())
    }
}

/// A step of a rule's history; also its number.
pub fn change(r: &SqliteRow) -> Result<(i64, RuleChange)> {
    let settings: Option<String> = r.try_get("settings")?;
    let change = RuleChange {
        version: u32::try_from(r.try_get::<i64, _>("version")?).unwrap_or(u32::MAX),
        at: Time(r.try_get("at")?),
        by: r.try_get("by")?,
        what: r.try_get("what")?,
        body: r.try_get("body")?,
        settings: settings.and_then(|s| serde_json::from_str(&s).ok()),
    };
    Ok((r.try_get("n")?, change))
}
