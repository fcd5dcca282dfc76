//! The open rule: what it is for, whether it runs, what it found, its text, its runs, its history.

use super::{history, moves, query, runs, state::StateMark, text, tune, writes};
use crate::{
    actions::{self, hint},
    clock,
    components::{copy::CopyButton, failed::Failed, icon::Icon, severity::SeverityMark},
    data::failure::Failure,
    i18n::{k, t, tf, tn, word},
    numbers::figures,
    pages::alerts::{moves::PANE, rule_alerts},
    place::{Place, follow, replace},
    state::{Layer, app},
    text::{visible, visible_lines},
};
use api::detections::{Rule, RuleOrigin, RuleState};
use leptos::prelude::*;

/// The pane.
#[component]
pub fn Detail(id: String) -> impl IntoView {
    let model = app().rules;
    let failed = RwSignal::new(None::<Failure>);
    // The row first, so that the pane answers at once; then the whole rule.
    model.open.set(model.row(&id).map(|row| (Rule::clone(&row), None)));
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
    let known = Memo::new(move |_| model.open.with(Option::is_some));
    let view = Memo::new(move |_| app().place.with(|p| p.get("view").to_owned()));
    let label = id.clone();
    let inside = move || {
        let id = id.clone();
        match view.get().as_str() {
            "runs" => view! { <runs::OfRule id=id /> }.into_any(),
            "history" => view! { <history::History id=id /> }.into_any(),
            "tune" => view! { <tune::Tune id=id /> }.into_any(),
            _ => view! { <About /> }.into_any(),
        }
    };
    let label_bar = label.clone();
    view! {
        <aside class="pane detail" aria-label=label data-test="rule-detail">
            <Bar id=label_bar />
            <div class="scroll" id=PANE tabindex="-1" data-home="">
                {move || match (known.get(), failed.get()) {
                    (true, _) => view! { <Title /><Tabs view=view />{inside.clone()} }.into_any(),
                    (false, Some(failure)) => view! {
                        <Failed failure=failure retry=retry title=t(k::RULE_FAILED) test="detail-error" />
                    }.into_any(),
                    (false, None) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
                }}
            </div>
        </aside>
    }
}

fn open() -> Option<Rule> {
    app().rules.open.with(|o| o.as_ref().map(|(rule, _)| rule.clone()))
}

#[component]
fn Bar(id: String) -> impl IntoView {
    let level = Memo::new(move |_| open().and_then(|r| query::severity(&r.level)));
    let button = |id: &'static str, icon: &'static str| {
        let label = actions::find(id).map(|a| format!("{} ({})", t(a.label), hint(id))).unwrap_or_default();
        view! {
            <button class="btn btn-icon btn-quiet btn-sm" aria-label=label.clone() title=label data-test=format!("detail-{id}")
                on:click=move |_| if let Some(a) = actions::find(id) { (a.run)() }><Icon name=icon /></button>
        }
    };
    let close = format!("{} (Esc)", t(k::CLOSE));
    view! {
        <div class="pagehead detail-bar">
            {move || level.get().map(|s| view! { <SeverityMark severity=s tag=true /> })}
            <span class="mono t2 trunc t11" data-test="rule-id">{id.clone()}</span>
            <CopyButton text=id label=t(k::COPY_ID) test="rule-copy-id" />
            <span class="push row row-1">
                {button("rule-previous", "up")}
                {button("rule-next", "down")}
                <button class="btn btn-icon btn-quiet btn-sm" aria-label=close.clone() title=close data-test="detail-close"
                    on:click=|_| moves::close()><Icon name="x" /></button>
            </span>
        </div>
    }
}

#[component]
fn Tabs(view: Memo<String>) -> impl IntoView {
    let tab = move |name: &'static str, label: &'static str| {
        view! {
            <button class="tab" aria-pressed=move || view.with(|v| v == name).to_string() data-test=format!("rule-tab-{}", if name.is_empty() { "rule" } else { name })
                on:click=move |_| replace(app().place.get_untracked().with("view", name))>{label}</button>
        }
    };
    view! {
        <div class="bar tabs-bar"><div class="tabs" role="group" aria-label=t(k::RULE_VIEWS)>
            {tab("", t(k::VIEW_RULE))}{tab("tune", t(k::TUNE))}{tab("runs", t(k::RUNS))}{tab("history", t(k::VIEW_HISTORY))}
        </div></div>
    }
}

#[component]
fn Title() -> impl IntoView {
    let may = app().may("siem:write");
    let button = |id: &'static str, primary: bool| {
        actions::find(id).map(|action| {
            view! {
                <button class="btn" class:btn-primary=primary data-test=format!("do-{id}") on:click=|_| {
                    app().rules.selected.update(std::collections::BTreeSet::clear);
                    (action.run)();
                }>{t(action.label)}<kbd class="kbd">{hint(id)}</kbd></button>
            }
        })
    };
    let enabled = Memo::new(move |_| open().is_some_and(|r| r.enabled));
    let edited = Memo::new(move |_| open().is_some_and(|r| r.edited));
    let own = Memo::new(move |_| open().is_some_and(|r| r.origin == RuleOrigin::Own));
    view! {
        <div class="sec title-sec">
            <h2><bdi data-test="rule-title">{move || open().map(|r| visible(&r.title))}</bdi></h2>
            <div class="row wrap t12 t2 facts-row">{move || open().map(facts)}</div>
            {move || open().and_then(|r| not_running(&r))}
            {may.then(|| view! {
                <div class="row row-1 wrap">
                    {move || if enabled.get() { button("rule-disable", false).into_any() } else { button("rule-enable", true).into_any() }}
                    {button("rule-run", false)}
                    {button("rule-edit", false)}
                    {move || edited.get().then(|| view! {
                        <button class="btn" data-test="do-revert" on:click=|_| if let Some(r) = untrack(open) { writes::revert(r.rule_id) }>{t(k::RULE_REVERT)}</button>
                    })}
                    {move || own.get().then(|| view! {
                        <button class="btn" data-test="do-rule-delete" on:click=|_| app().layer.set(Some(Layer::DeleteRule))>{t(k::DELETE)}</button>
                    })}
                </div>
            })}
        </div>
    }
}

fn facts(r: Rule) -> impl IntoView {
    let zone = app().preferences.with(|p| p.time_zone);
    let alerts = (r.alerts > 0).then(|| {
        let href = rule_alerts(&r.rule_id);
        let to = href.clone();
        view! { <a href=href data-test="rule-alerts" on:click=move |e| follow(e, &to)>{tn(k::COUNT_ALERTS, r.alerts)}</a> }
    });
    view! {
        <StateMark state=r.state />
        <span>{tn(k::COUNT_HITS, r.hits)}</span>
        {alerts}
        {r.last_match.map(|at| view! { <span><span class="t3">{t(k::RULE_LAST_MATCH)}" "</span><time class="ltr mono t11" title=clock::both(at)>{clock::second(at, zone)}</time></span> })}
        {r.cost_us.map(|us| view! { <span>{tf(k::RULE_COST, &[("cost", &figures(us))])}</span> })}
        {r.edited.then(|| view! { <span class="chip">{t(k::RULE_EDITED)}</span> })}
    }
}

/// Why a rule that shall run does not.
fn not_running(r: &Rule) -> Option<impl IntoView + use<>> {
    let tone = match r.state {
        RuleState::Running | RuleState::Disabled => return None,
        RuleState::Error => "notice err",
        _ => "notice warn",
    };
    let reason =
        r.state_reason.as_deref().map(visible).or_else(|| r.errors.first().map(|p| visible(&p.to_string())));
    Some(
        view! { <p class=tone data-test="rule-not-running"><Icon name="warn" /><bdi dir="ltr">{reason}</bdi></p> },
    )
}

/// What the analyst should know, and the text.
#[component]
fn About() -> impl IntoView {
    move || open().map(|rule| view! { {note(&rule)}{body(&rule)} })
}

fn note(r: &Rule) -> impl IntoView + use<> {
    let list = |all: &[String]| all.iter().map(|v| view! { <li><bdi>{visible(v)}</bdi></li> }).collect_view();
    let filter = |name: &'static str, value: &str| {
        let href = Place::parse(&query::View::Rules.href()).with(name, value).url();
        let to = href.clone();
        view! { <a class="chip mono" href=href data-test=format!("rule-{name}") on:click=move |e| follow(e, &to)><bdi class="trunc">{visible(value)}</bdi></a> }
    };
    let fact = |label: &'static str, value: Option<String>| {
        value.map(|v| view! { <dt>{label}</dt><dd><bdi>{visible(&v)}</bdi></dd> })
    };
    let dates = [r.date.clone(), r.modified.clone()].into_iter().flatten().collect::<Vec<_>>().join(" → ");
    let settings = &r.settings;
    let group = (!settings.group_by.is_empty()).then(|| settings.group_by.join(", "));
    let bucket = settings.bucket_s.map(|s| tn(k::COUNT_SECONDS, u64::from(s)));
    view! {
        <div class="sec" data-test="rule-note">
            <div class="sec-h"><h3>{t(k::RULE_NOTE)}</h3></div>
            <p class="t2 t12 rule-text"><bdi>{visible_lines(&r.description)}</bdi></p>
            {(!r.falsepositives.is_empty()).then(|| view! { <h4 class="t12 t3">{t(k::RULE_FALSE)}</h4><ul class="points t12">{list(&r.falsepositives)}</ul> })}
            {(!r.references.is_empty()).then(|| view! { <h4 class="t12 t3">{t(k::RULE_REFERENCES)}</h4><ul class="points t11 mono">{list(&r.references)}</ul> })}
        </div>
        <div class="sec"><dl class="kv rules-kv">
            {(!r.techniques.is_empty()).then(|| view! { <dt>{t(k::TECHNIQUES)}</dt><dd class="row wrap row-1">{r.techniques.iter().map(|v| filter("technique", v)).collect_view()}</dd> })}
            {fact(t(k::RULE_LOGSOURCE), Some(r.logsource.clone()))}
            {fact(t(k::RULE_STATUS), Some(word("rule-status", &r.status).to_owned()))}
            {fact(t(k::RULE_ORIGIN), Some(word("rule-origin", r.origin.as_str()).to_owned()))}
            {r.pack.as_deref().map(|p| view! { <dt>{t(k::RULE_PACK)}</dt><dd>{filter("pack", p)}</dd> })}
            {fact(t(k::TRAY_FILE), r.file.clone())}
            {fact(t(k::RULE_PIPELINES), Some(r.pipelines.join(" · ")).filter(|p| !p.is_empty()))}
            {fact(t(k::RULE_AUTHOR), r.author.clone())}
            {fact(t(k::RULE_LICENCE), r.license.clone())}
            {fact(t(k::RULE_DATES), Some(dates).filter(|d| !d.is_empty()))}
            {fact(t(k::RULE_GROUP_BY), group)}
            {fact(t(k::RULE_BUCKET), bucket)}
            {fact(t(k::ABOUT_VERSION), Some(r.version.to_string()))}
        </dl></div>
    }
}

fn body(r: &Rule) -> impl IntoView + use<> {
    let inside = match r.body.is_empty() {
        true => view! { <span class="skel"></span> }.into_any(),
        false => view! {
            <div class="code pad" tabindex="0" role="region" aria-label=t(k::RULE_BODY) data-test="rule-body">{text::lines(&r.body, &r.errors)}</div>
        }
        .into_any(),
    };
    view! {
        <div class="sec">
            <div class="sec-h"><h3>{t(k::RULE_BODY)}</h3>
                <span class="push"><CopyButton text=r.body.clone() label=t(k::RULE_COPY) test="rule-copy" /></span></div>
            {inside}
        </div>
    }
}
