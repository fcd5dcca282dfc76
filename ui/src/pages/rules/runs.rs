//! Runs over stored events: what was looked at, what matched, and why the rest did not.

use crate::{
    clock,
    components::{english::English, failed::Failed, icon::Icon},
    data::{client, failure::Failure},
    i18n::{k, t, tn, word},
    numbers::grouped,
    place::{Place, follow, replace},
    state::app,
    text::visible,
};
use api::{
    detections::{RulePath, RuleRun, RuleRuns, RunList, RunsList},
    siem::RuleNote,
};
use leptos::{prelude::*, task::spawn_local};

/// Runs asked for.
const PAGE: u32 = 100;
/// Lines shown of a long list.
const SHOWN: usize = 200;

type Read = RwSignal<Option<Result<Vec<RuleRun>, Failure>>>;

fn read(rule_id: Option<String>, into: Read) {
    spawn_local(async move {
        let query = RunList { limit: Some(PAGE), ..RunList::default() };
        let outcome = match rule_id {
            Some(rule_id) => {
                client::call::<RuleRuns>(&RulePath { rule_id }, &query, &()).await.map(|a| a.value.items)
            }
            None => client::list::<RunsList>(query).await.map(|p| p.items),
        };
        let _ = into.try_set(Some(outcome));
    });
}

/// Read at once, and again whenever a job begins, goes on or ends: a short one may never be seen running.
fn follow_jobs(rule_id: Option<String>) -> Read {
    let runs: Read = RwSignal::new(None);
    let states = Memo::new(move |_| {
        app().jobs.with(|all| all.iter().map(|j| (j.job_id.clone(), j.status)).collect::<Vec<_>>())
    });
    Effect::new(move || {
        states.with(|_| ());
        read(rule_id.clone(), runs);
    });
    runs
}

/// The view of all runs.
#[component]
pub fn Runs() -> impl IntoView {
    let runs = follow_jobs(None);
    let retry = Callback::new(move |()| read(None, runs));
    view! {
        <div class="scroll page-b">{move || match runs.get() {
            None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="runs-error" /> }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! {
                <div class="empty" data-test="runs-empty"><Icon name="play" /><h2>{t(k::RUNS_EMPTY)}</h2><p>{t(k::RUNS_EMPTY_TEXT)}</p>
                    {app().may("siem:write").then(|| view! { <button class="btn btn-primary" data-test="runs-start" on:click=|_| super::dialogs::ask_all()>{t(k::ACTION_RULES_RUN)}</button> })}</div>
            }.into_any(),
            Some(Ok(list)) => table(list, true).into_any(),
        }}</div>
    }
}

/// The runs of one rule, in its pane.
#[component]
pub fn OfRule(id: String) -> impl IntoView {
    let runs = follow_jobs(Some(id.clone()));
    let retry = Callback::new(move |()| read(Some(id.clone()), runs));
    view! {
        {move || match runs.get() {
            None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="runs-error" /> }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! { <div class="sec"><p class="t3 t12" data-test="rule-runs-empty">{t(k::RUNS_EMPTY_RULE)}</p></div> }.into_any(),
            Some(Ok(list)) => table(list, false).into_any(),
        }}
    }
}

/// `wide` names what was run too.
fn table(list: Vec<RuleRun>, wide: bool) -> impl IntoView {
    view! {
        <table class="tbl runs" data-test="runs">
            <thead><tr><th class="cw-open"><span class="sr">{t(k::COL_CHANGE)}</span></th><th class="cw-time">{t(k::COL_TIME)}</th>
                {wide.then(|| view! { <th>{t(k::RUN_WHAT)}</th><th class="cw-user c-m">{t(k::COL_WHO)}</th> })}
                <th class="num cw-n">{t(k::RUN_SCANNED)}</th><th class="num cw-run">{t(k::RUN_MATCHED)}</th><th class="num c-m cw-n">{t(k::RUN_NEW)}</th><th class="num cw-n">{t(k::NAV_ALERTS)}</th>
                <th class="cw-state c-s">{t(k::COL_STATUS)}</th></tr></thead>
            {list.into_iter().map(|r| view! { <One run=r wide=wide /> }).collect_view()}
        </table>
    }
}

#[component]
fn One(run: RuleRun, wide: bool) -> impl IntoView {
    let app = app();
    let id = run.run_id.clone();
    let open = {
        let id = id.clone();
        Memo::new(move |_| app.place.with(|p| p.get("run") == id))
    };
    let toggle = {
        let id = id.clone();
        move || replace(app.place.get_untracked().with("run", if open.get_untracked() { "" } else { &id }))
    };
    let by_row = toggle.clone();
    let zone = app.preferences.with_untracked(|p| p.time_zone);
    let what = match (&run.rule_id, &run.pack) {
        (Some(id), _) => app.rules.row(id).map_or_else(|| id.clone(), |r| r.title.clone()),
        (None, Some(pack)) => pack.clone(),
        (None, None) => tn(k::COUNT_RULES, run.rules_run),
    };
    let diff = run.diff.filter(|d| *d != 0).map(|d| format!(" ({d:+})"));
    let alerts = run.alerts_created + run.alerts_updated;
    let shown = run.clone();
    let columns = if wide { 9 } else { 7 };
    let status = word("job", &run.status).trim_end_matches('.').to_owned();
    // The pane has no room for the column, so what is not the rule is said where it can be seen.
    let unusual = !wide && run.status != "done";
    view! {
        <tbody>
            <tr data-test="run-row" data-id=id class:cursor=move || open.get() on:click=move |_| by_row()>
                <td><button class="act open-b" aria-expanded=move || open.get().to_string() aria-label=t(k::RUN_OPEN) data-test="run-open"
                    on:click=move |e| { e.stop_propagation(); toggle() }><span class="turn-b" class:down=move || open.get()><Icon name="chevr" class="i-12 i-flip" /></span></button></td>
                <td>{run.started_at.map(|at| view! { <time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time> })}
                    {unusual.then(|| view! { <small class="t3 t12">{status.clone()}</small> })}</td>
                {wide.then(|| view! { <td class="p"><bdi>{visible(&what)}</bdi></td><td class="c-m"><bdi class="mono">{visible(&run.by)}</bdi></td> })}
                <td class="num">{grouped(run.scanned)}</td><td class="num p">{grouped(run.matched)}<span class="t3 ltr">{diff}</span></td>
                <td class="num c-m">{grouped(run.new_matches)}</td><td class="num">{grouped(alerts)}</td>
                <td class="c-s">{status.clone()}</td>
            </tr>
            {move || open.get().then(|| view! { <tr class="expand"><td colspan=columns>{inside(&shown)}</td></tr> })}
        </tbody>
    }
}

fn inside(run: &RuleRun) -> impl IntoView + use<> {
    let zone = app().preferences.with(|p| p.time_zone);
    let notes = |label: String, all: &[RuleNote]| {
        let line = |n: &RuleNote| view! { <li class="gapped"><bdi>{visible(&n.title)}</bdi><span class="t3"><English text=n.reason.clone() /></span></li> };
        (!all.is_empty()).then(|| view! {
            <details class="more"><summary data-test="run-notes">{label}</summary><ul tabindex="0">{all.iter().take(SHOWN).map(line).collect_view()}</ul></details>
        })
    };
    let side = |at: Option<api::Time>, none: &'static str| {
        at.map_or_else(|| none.to_owned(), |at| clock::second(at, zone))
    };
    let range = format!("{} – {}", side(run.range.from, t(k::RUN_FIRST)), side(run.range.to, t(k::RUN_LAST)));
    let href = run
        .rule_id
        .as_deref()
        .map(crate::pages::alerts::rule_alerts)
        .unwrap_or_else(|| Place::parse("/alerts").with("tab", "all").url());
    let to = href.clone();
    view! {
        <div class="audit-in" data-test="run-detail">
            <dl class="kv">
                <dt>{t(k::RUN_RANGE)}</dt><dd>{range}</dd>
                <dt>{t(k::RULES)}</dt><dd>{tn(k::COUNT_RULES, run.rules_run)}</dd>
                <dt>{t(k::NAV_ALERTS)}</dt><dd>{tn(k::RUN_ALERTS_NEW, run.alerts_created)}" · "{tn(k::RUN_ALERTS_GROWN, run.alerts_updated)}</dd>
                {(run.suppressed > 0).then(|| view! { <dt>{t(k::RUN_SUPPRESSED)}</dt><dd class="num">{grouped(run.suppressed)}</dd> })}
                <dt>{t(k::RUN_TOOK)}</dt><dd class="ltr">{clock::span(run.took_ms.div_ceil(1000))}</dd>
            </dl>
            {run.no_match_reason.as_deref().map(|r| view! { <p class="t2 t12"><English text=r /></p> })}
            {notes(tn(k::TRAY_NOT_RUN, run.rules_not_run_total.max(run.rules_not_run.len() as u64)), &run.rules_not_run)}
            {notes(tn(k::TRAY_NO_CHANCE, run.rules_no_chance_total.max(run.rules_no_chance.len() as u64)), &run.rules_no_chance)}
            {(run.matched > 0).then(|| view! { <p><a href=href data-test="run-alerts" on:click=move |e| follow(e, &to)>{t(k::RULE_ALERTS)}</a></p> })}
        </div>
    }
}
