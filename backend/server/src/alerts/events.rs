//! Events of an alert, each with why the rule matched it.

use super::{service, store};
use crate::{App, detections::Explainer, siem};
use api::{
    Page,
    alerts::{AlertEvent, AlertEventList, Span, WhyItem, WhySelection},
};
use detect::Explanation;
use kernel::{Error, Result, route};
use sqlx::Row as _;

/// By time, then identity.
pub async fn page(app: &App, id: &str, q: &AlertEventList) -> Result<Page<AlertEvent>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["timestamp"])?;
    let (time, last) =
        route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MIN, String::new()));
    let last = event::unhex(&last).map(Vec::from).unwrap_or_default();
    let s = service::brief(app, id).await?;
    let db = app.kernel.db.read();
    let rows = sqlx::query(store::EVENTS_PAGE)
        .bind(s.id)
        .bind(time)
        .bind(last)
        .bind(limit + 1)
        .fetch_all(db)
        .await?;
    let mut ids = Vec::with_capacity(rows.len());
    for r in &rows {
        let bytes: Vec<u8> = r.try_get("identity")?;
        ids.push((
            <event::Identity>::try_from(bytes).map_err(|_| Error::internal("an identity of other length"))?,
            r.try_get::<i64, _>("time")?,
        ));
    }
    let total = s.event_count;
    let page = route::page(ids, limit, total, cap.max(total + 1), |(id, t)| (*t, event::hex(id)));
    let wanted: Vec<_> = page.items.iter().map(|(id, _)| *id).collect();
    let rule = match s.rule_id.as_deref() {
        Some(id) => Explainer::of(app, id).await?,
        None => None,
    };
    let rows = siem::rows(app, &wanted).await?;
    let items = rows.into_iter().map(|(row, log)| {
        let explained = rule.as_ref().and_then(|r| r.on(&siem::event_of(&row)));
        AlertEvent { log, why: explained.map(why).unwrap_or_default() }
    });
    Ok(Page {
        items: items.collect(),
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

fn why(e: Explanation) -> Vec<WhySelection> {
    let span = |(start, end): (usize, usize)| Span {
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(end).unwrap_or(u32::MAX),
    };
    let selection = |s: detect::Selection| WhySelection {
        // A filter says that it is one, so that "did not match" reads as good.
        name: if s.negated { format!("not {}", s.name) } else { s.name },
        matched: s.matched,
        items: s
            .items
            .into_iter()
            .filter(|i| i.matched)
            .map(|i| WhyItem {
                field: i.event_field.or(i.field),
                test: if i.modifiers.is_empty() { "is".into() } else { i.modifiers },
                pattern: i.patterns.join(", "),
                value: i.value,
                spans: i.spans.into_iter().map(span).collect(),
            })
            .collect(),
    };
    e.selections.into_iter().map(selection).collect()
}
