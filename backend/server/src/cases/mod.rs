//! Cases, in the first form that alerts need: make, read, list, promote an alert, link one.

mod store;

pub use store::QUERIES;

use crate::{App, alerts};
use api::{
    Code, LiveKind, Page, Time,
    alerts::{Alert, AlertStatus, Severity},
    cases::*,
    perm,
};
use kernel::{
    Error, Result,
    auth::Caller,
    db::{Actor, Audit, Tx},
    route::{self, Answer, Call, Routes},
};
use sqlx::Row as _;

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default().with(list).with(create).with(get)
}

async fn list(app: App, call: Call<CasesList>) -> Result<Answer<Page<Case>>> {
    let q = call.query;
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("-created_at");
    let sql = store::SORTS.iter().find(|(w, _)| *w == sort).map(|(_, sql)| *sql);
    let sql =
        sql.ok_or_else(|| Error::field("sort", "must be created_at, updated_at, or one of them with -"))?;
    let statuses = route::words("status", q.status.as_deref(), |w| match w {
        // What clients of earlier versions call it.
        "investigating" => Some(CaseStatus::InProgress),
        w => CaseStatus::parse(w),
    })?;
    let severities = route::words("severity", q.severity.as_deref(), Severity::parse)?;
    let escape = |t: &str| t.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = q.q.as_deref().map(|t| format!("%{}%", escape(t)));
    let after = route::cursor_in::<(i64, i64)>(sort, q.cursor.as_deref())?;
    let bind = |sql: &'static str| {
        sqlx::query(sql)
            .bind(statuses.as_ref().map(|s| serde_json::json!(s).to_string()))
            .bind(
                severities
                    .as_ref()
                    .map(|s| serde_json::json!(s.iter().map(|s| *s as i64).collect::<Vec<_>>()).to_string()),
            )
            .bind(q.owner.clone())
            .bind(like.clone())
    };
    let db = app.kernel.db.read();
    let rows =
        bind(sql).bind(after.map(|a| a.0)).bind(after.map(|a| a.1)).bind(limit + 1).fetch_all(db).await?;
    let total: i64 = bind(store::COUNT).bind(cap).fetch_one(db).await?.try_get(0)?;
    let rows = rows.iter().map(store::stored).collect::<Result<Vec<_>>>()?;
    let by_update = sort.ends_with("updated_at");
    let key =
        |s: &store::Stored| (sort, (if by_update { s.case.updated_at.0 } else { s.case.created_at.0 }, s.id));
    let page = route::page(rows, limit, total, cap, key);
    Ok(Page {
        items: page.items.into_iter().map(|s| s.case).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    }
    .into())
}

async fn get(app: App, call: Call<CaseGet>) -> Result<Answer<Case>> {
    let s = store::get(app.kernel.db.read(), &call.path.case_id).await?;
    let s = s.ok_or_else(|| Error::new(Code::CaseNotFound))?;
    Ok(Answer::from(s.case).version(s.version))
}

async fn create(app: App, call: Call<CaseCreate>) -> Result<Answer<Case>> {
    let c = call.body;
    let by = &call.caller;
    check(&c)?;
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let (mut audits, mut changes) = (vec![], vec![]);
    let asked = c.alert_ids.clone();
    let case = blank(&app, &mut tx, &by.actor, c).await?;
    for id in &case.alert_ids {
        let s = alerts::get_in(&mut tx, id).await?;
        let place = asked.iter().position(|a| a == id).unwrap_or_default();
        let s = s.ok_or_else(|| Error::field(format!("alert_ids[{place}]"), "no such alert"))?;
        let a = attach(&app, s.alert.clone(), &case.case_id)?;
        alerts::update(&mut tx, &a).await?;
        changes.push((LiveKind::AlertUpdated, serde_json::to_value(&a).map_err(Error::internal)?));
    }
    store::insert(&mut tx, &case).await?;
    audits.push(Audit::new("case.create", "case", &case.case_id).after(&case));
    let seqs = tx.commit_all(audits, &changes).await?;
    let at = format!("/api/v1/cases/{}", case.case_id);
    Ok(Answer::from(case).location(&at).version(1).audit(seqs.first().copied().unwrap_or_default()))
}

fn check(c: &CreateCase) -> Result<()> {
    alerts::title(&c.title)?;
    alerts::length("description", &c.description, 0, 65_536)?;
    if let Some(owner) = &c.owner {
        alerts::length("owner", owner, 1, 64)?;
    }
    for (i, tag) in c.tags.iter().enumerate() {
        alerts::length(&format!("tags[{i}]"), tag, 1, 500)?;
    }
    for (i, ioc) in c.iocs.iter().enumerate() {
        alerts::length(&format!("iocs[{i}].value"), &ioc.value, 1, 4096)?;
    }
    if c.pap.as_deref().is_some_and(|p| !matches!(p, "clear" | "green" | "amber" | "red")) {
        return Err(Error::field("pap", "must be clear, green, amber or red"));
    }
    if c.confidence.is_some_and(|v| !(0.0..=1.0).contains(&v)) {
        return Err(Error::field("confidence", "from 0 to 1"));
    }
    if c.alert_ids.len() > 1000
        || c.iocs.len() > 1000
        || c.tags.len() > 1000
        || c.mitre_techniques.len() > 1000
    {
        return Err(Error::field("body", "at most 1,000 of each"));
    }
    Ok(())
}

async fn blank(app: &App, tx: &mut Tx, by: &Actor, c: CreateCase) -> Result<Case> {
    let now = app.kernel.world.now();
    let year = now.to_string().chars().take(4).collect::<String>();
    let n = tx.next(&format!("case-{year}")).await?;
    let mut alert_ids = c.alert_ids;
    alert_ids.sort();
    alert_ids.dedup();
    Ok(Case {
        case_id: format!("CASE-{year}-{n:05}"),
        title: c.title,
        description: c.description,
        severity: c.severity.unwrap_or(Severity::Medium),
        status: CaseStatus::Open,
        status_since: now,
        tlp: c.tlp.unwrap_or(Tlp::Amber),
        pap: c.pap.unwrap_or_else(|| "amber".into()),
        owner: c.owner.or_else(|| Some(by.name.clone())),
        assigned_agent: None,
        confidence: c.confidence.unwrap_or(0.5),
        tags: c.tags,
        mitre_techniques: c.mitre_techniques,
        iocs: c.iocs,
        alert_ids,
        cps_involved: false,
        recommendations: vec![],
        created_at: now,
        updated_at: now,
        closed_at: None,
        resolution: None,
        summary: None,
    })
}

/// The alert inside a case; AURORA-4090 when it is in another one.
fn attach(app: &App, mut a: Alert, case_id: &str) -> Result<Alert> {
    if a.case_id.as_deref().is_some_and(|c| c != case_id) {
        return Err(Error::with(
            Code::Conflict,
            serde_json::json!({"reason": "in another case", "case_id": a.case_id}),
        ));
    }
    a.case_id = Some(case_id.into());
    if alerts::is_open(a.status) {
        a.status = a.status.max(AlertStatus::Investigating);
    }
    a.updated_at = app.kernel.world.now();
    Ok(a)
}

/// A case out of an alert: fields, observables and techniques come along. AURORA-4090 when it is in a case already.
pub async fn promote(
    app: &App,
    by: &Caller<perm::AlertsWrite>,
    alert_id: &str,
    title: Option<String>,
) -> Result<(Case, i64)> {
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let old = alerts::get_in(&mut tx, alert_id).await?.ok_or_else(|| Error::new(Code::AlertNotFound))?;
    let a = &old.alert;
    if let Some(case) = &a.case_id {
        return Err(Error::with(
            Code::Conflict,
            serde_json::json!({"reason": "in a case already", "case_id": case}),
        ));
    }
    let asked = CreateCase {
        title: title.unwrap_or_else(|| a.title.clone()),
        description: a.description.clone(),
        severity: Some(a.severity),
        tlp: None,
        pap: None,
        owner: None,
        tags: a.tags.clone(),
        mitre_techniques: a.mitre_techniques.clone(),
        iocs: a.iocs.clone(),
        alert_ids: vec![a.alert_id.clone()],
        confidence: Some(a.confidence),
    };
    check(&asked)?;
    let case = blank(app, &mut tx, &by.actor, asked).await?;
    store::insert(&mut tx, &case).await?;
    let new = attach(app, old.alert.clone(), &case.case_id)?;
    alerts::update(&mut tx, &new).await?;
    let data = serde_json::to_value(&new).map_err(Error::internal)?;
    let audit = Audit::new("alert.promote", "alert", alert_id)
        .before(serde_json::json!({"status": old.alert.status, "case_id": null}))
        .after(serde_json::json!({"status": new.status, "case_id": case.case_id}));
    let seq = tx.commit(audit, &[(LiveKind::AlertUpdated, data)]).await?;
    Ok((case, seq))
}

/// Where an alert left a case or came back to one, the lists of both say so.
pub(crate) async fn follow(tx: &mut Tx, before: &Alert, after: &Alert) -> Result<()> {
    if before.case_id == after.case_id {
        return Ok(());
    }
    for (case_id, inside) in [(&before.case_id, false), (&after.case_id, true)] {
        let Some(id) = case_id else { continue };
        let mut s = store::get_in(tx, id).await?.ok_or_else(|| Error::new(Code::CaseNotFound))?;
        s.case.alert_ids.retain(|a| *a != after.alert_id);
        if inside {
            s.case.alert_ids.push(after.alert_id.clone());
        }
        s.case.updated_at = after.updated_at;
        store::update(tx, &s.case).await?;
    }
    Ok(())
}

/// Links an alert to a case. Linking it again to the same one changes nothing but times.
pub(crate) async fn link(
    app: &App,
    by: &Caller<perm::AlertsWrite>,
    alert_id: &str,
    case_id: &str,
) -> Result<(alerts::Stored, i64)> {
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let old = alerts::get_in(&mut tx, alert_id).await?.ok_or_else(|| Error::new(Code::AlertNotFound))?;
    let mut s = store::get_in(&mut tx, case_id).await?.ok_or_else(|| Error::new(Code::CaseNotFound))?;
    let new = attach(app, old.alert.clone(), case_id)?;
    if !s.case.alert_ids.contains(&new.alert_id) {
        s.case.alert_ids.push(new.alert_id.clone());
    }
    s.case.updated_at = Time(new.updated_at.0);
    store::update(&mut tx, &s.case).await?;
    alerts::save(tx, "alert.case_link", old, new).await
}
