//! The open source: what is missing in it, what its import said, what it is, and its removal.

use super::{gaps, moves, table::Status, times};
use crate::{
    actions::{self, hint},
    clock,
    components::{copy::CopyButton, english::English, failed::Failed, icon::Icon},
    data::failure::Failure,
    i18n::{k, t, tf, tn},
    numbers::{bytes, figures, grouped},
    pages::alerts::moves::PANE,
    state::app,
    text::visible,
};
use api::{
    Time,
    jobs::Skip,
    siem::{SourceDetail, SourceImport},
};
use leptos::prelude::*;

/// A name that is the same in every language (FIPS 180-4).
const HASH: &str = "SHA-256";

/// The pane.
#[component]
pub fn Detail(id: String) -> impl IntoView {
    let model = app().sources;
    let failed = RwSignal::new(None::<Failure>);
    if model.open.with_untracked(|o| o.as_ref().is_none_or(|(s, _)| s.source.source_id != id)) {
        model.open.set(None);
    }
    if model.cursor.get_untracked().is_none() {
        model.cursor.set(Some(id.clone()));
    }
    model.read(id.clone(), failed);
    let retry = {
        let id = id.clone();
        Callback::new(move |()| {
            let _ = failed.try_set(None);
            model.read(id.clone(), failed);
        })
    };
    let label = model.row(&id).map_or_else(|| t(k::COL_SOURCE).to_owned(), |s| visible(&s.source));
    let known = Memo::new(move |_| model.open.with(Option::is_some));
    view! {
        <aside class="pane detail" aria-label=label data-test="source-detail">
            <Bar id=id />
            <div class="scroll" id=PANE tabindex="-1" data-home="">
                {move || match (known.get(), failed.get()) {
                    (true, _) => view! { <Inside /> }.into_any(),
                    (false, Some(failure)) => view! {
                        <Failed failure=failure retry=retry title=t(k::SOURCE_FAILED) test="detail-error" />
                    }.into_any(),
                    (false, None) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
                }}
            </div>
        </aside>
    }
}

#[component]
fn Bar(id: String) -> impl IntoView {
    let button = |id: &'static str, icon: &'static str| {
        let label = actions::find(id).map(|a| format!("{} ({})", t(a.label), hint(id))).unwrap_or_default();
        view! {
            <button class="btn btn-icon btn-quiet btn-sm" aria-label=label.clone() title=label data-test=format!("detail-{id}")
                on:click=move |_| if let Some(a) = actions::find(id) { (a.run)() }><Icon name=icon /></button>
        }
    };
    let close = format!("{} (Esc)", t(k::CLOSE));
    let short: String = id.chars().take(16).collect();
    view! {
        <div class="pagehead detail-bar">
            <span class="mono t2 trunc t11 ltr" title=id.clone()>{short}"…"</span>
            <CopyButton text=id label=t(k::SOURCE_COPY_HASH) test="source-copy-hash" />
            <span class="push row row-1">
                {button("source-previous", "up")}
                {button("source-next", "down")}
                <button class="btn btn-icon btn-quiet btn-sm" aria-label=close.clone() title=close data-test="detail-close"
                    on:click=|_| moves::back()><Icon name="x" /></button>
            </span>
        </div>
    }
}

#[component]
fn Inside() -> impl IntoView {
    let open = move || app().sources.open.with(|o| o.as_ref().map(|(s, _)| s.clone()));
    move || {
        open().map(|s| {
            view! { {title(&s)}{gaps::section(&s)}{times::section(&s)}{imported(&s)}{about(&s)} }
        })
    }
}

fn title(s: &SourceDetail) -> impl IntoView + use<> {
    let of = &s.source;
    let remove = actions::find("source-remove").filter(|a| a.allowed()).map(|a| {
        view! {
            <button class="btn" data-test="do-source-remove" on:click=|_| (a.run)()>
                {t(a.label)}<kbd class="kbd">{hint(a.id)}</kbd></button>
        }
    });
    view! {
        <div class="sec title-sec">
            <h2><bdi data-test="source-title">{visible(&of.source)}</bdi></h2>
            <div class="row wrap t12 t2 facts-row">
                <Status status=of.status />
                <span>{tn(k::COUNT_EVENTS, of.events)}</span>
                {of.removal.alerts.map(|n| view! { <span data-test="source-alerts">{tn(k::COUNT_ALERTS, n + s.alerts_reduced)}</span> })}
                {(of.eps > 0.0).then(|| view! { <span>{tf(k::SOURCE_EPS, &[("rate", &figures(of.eps))])}</span> })}
            </div>
            <div class="row row-1 wrap">{remove}</div>
        </div>
    }
}

fn imported(s: &SourceDetail) -> impl IntoView + use<> {
    let of = &s.source;
    let facts = s.import.as_ref().map(job);
    view! {
        <div class="sec" data-test="source-import">
            <div class="sec-h"><h3>{t(k::SOURCE_IMPORT)}</h3></div>
            {s.importing.then(|| view! { <p class="notice" data-test="source-importing">{t(k::SOURCE_IMPORTING)}</p> })}
            {(of.duplicates > 0).then(|| view! { <p class="t12 t2" data-test="source-duplicates">{tn(k::SOURCE_DUPLICATES, of.duplicates)}</p> })}
            {match facts {
                Some(facts) => facts.into_any(),
                None => view! { <p class="t12 t3">{t(k::SOURCE_NO_JOB)}</p> }.into_any(),
            }}
        </div>
    }
}

fn job(of: &SourceImport) -> impl IntoView + use<> {
    let more = of.skipped_total.saturating_sub(of.skipped.len() as u64);
    let line = |skip: &Skip| {
        let record = skip.record.map(|n| format!("#{n} ")).unwrap_or_default();
        let offset = skip.offset.map(|n| format!("@{n}")).unwrap_or_default();
        view! { <li class="gapped"><bdi class="mono t11 ltr">{record}{offset}</bdi><span class="t2"><English text=skip.reason.clone() /></span></li> }
    };
    view! {
        <p class="t12 t2">{tf(k::SOURCE_IMPORTED_BY, &[("name", &visible(&of.by))])}</p>
        {match of.skipped.is_empty() {
            true => view! { <p class="t12 t2" data-test="source-skipped-none">{t(k::SOURCE_SKIPPED_NONE)}</p> }.into_any(),
            false => view! {
                <p class="t12 warn-c">{tn(k::SOURCE_SKIPPED, of.skipped_total)}</p>
                <ul class="skips t12" tabindex="0" data-test="source-skipped">{of.skipped.iter().map(line).collect_view()}</ul>
                {(more > 0).then(|| view! { <p class="t3 t12">{tn(k::GAPS_MORE, more)}</p> })}
            }.into_any(),
        }}
    }
}

fn about(s: &SourceDetail) -> impl IntoView + use<> {
    let of = &s.source;
    let zone = app().preferences.with(|p| p.time_zone);
    let time = |at: Option<Time>| match at {
        Some(at) => {
            view! { <time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time> }.into_any()
        }
        None => view! { <span class="t3">{t(k::SOURCE_NO_TIME)}</span> }.into_any(),
    };
    let sets = of.datasets.iter().map(|(d, n)| {
        view! { <li><bdi class="mono ltr">{visible(d)}</bdi>" "<span class="t3">{grouped(*n)}</span></li> }
    });
    let sets = sets.collect_view();
    let hash = of.source_id.clone();
    view! {
        <div class="sec"><div class="sec-h"><h3>{t(k::SOURCE_ABOUT)}</h3></div><dl class="kv sources-kv">
            <dt>{t(k::TRAY_FORMAT)}</dt><dd><bdi class="ltr">{visible(&of.format).to_uppercase()}</bdi></dd>
            <dt>{t(k::COL_DATASET)}</dt><dd><ul>{sets}</ul></dd>
            <dt>{t(k::COL_SIZE)}</dt><dd><span class="ltr">{bytes(of.bytes)}</span></dd>
            <dt>{t(k::COL_FIRST_EVENT)}</dt><dd>{time(of.first_seen)}</dd>
            <dt>{t(k::COL_LAST_EVENT)}</dt><dd>{time(of.last_seen)}</dd>
            <dt>{t(k::COL_RATE)}</dt><dd>{tf(k::SOURCE_RATE, &[("rate", &figures(of.rate))])}</dd>
            <dt>{t(k::COL_IMPORTED)}</dt><dd>{time(Some(of.imported_at))}</dd>
            {(of.imported_last != of.imported_at).then(|| view! { <dt>{t(k::SOURCE_AGAIN)}</dt><dd>{time(Some(of.imported_last))}</dd> })}
            <dt>{HASH}</dt><dd class="mono t11 ltr" data-test="source-hash">{hash}</dd>
            <dt>{t(k::SOURCE_FILE)}</dt><dd data-test="source-kept">{if of.kept { t(k::SOURCE_KEPT) } else { t(k::SOURCE_NOT_KEPT) }}</dd>
        </dl></div>
    }
}
