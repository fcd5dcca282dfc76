//! How a rule counts in this workspace, whatever its author says: level, grouping, and what raises no alert.

use super::{query, writes};
use crate::{
    clock,
    components::{failed::Failed, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tn, word},
    state::app,
    text::{visible, visible_lines},
};
use api::{
    Empty,
    alerts::Severity,
    detections::{
        CreateSuppression, PatchRule, RulePath, RuleSettings, Suppression, SuppressionCreate,
        SuppressionDelete, SuppressionList, SuppressionPath, SuppressionsList,
    },
};
use leptos::{html, prelude::*, task::spawn_local};
use serde_json::Value;

/// Suppressions asked for.
const SHOWN: u32 = 200;
/// Minutes that a group of matches may span (contract: 60 to 86,400 seconds).
const BUCKET: (u32, u32, u32) = (1, 1440, 60);
/// Sigma levels, from the lowest.
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

/// The tab.
#[component]
pub fn Tune(id: String) -> impl IntoView {
    view! { <Counting id=id.clone() /><Suppressions id=id /> }
}

fn open_settings(id: &str) -> Option<RuleSettings> {
    let of = |r: &api::detections::Rule| (r.rule_id == id).then(|| r.settings.clone());
    app().rules.open.with(|o| o.as_ref().and_then(|(r, _)| of(r)))
}

/// Level and grouping.
#[component]
fn Counting(id: String) -> impl IntoView {
    let may = app().may("siem:write");
    let saved = {
        let id = id.clone();
        Memo::new(move |_| open_settings(&id).unwrap_or_default())
    };
    let level = RwSignal::new(String::new());
    let group = RwSignal::new(String::new());
    let minutes = RwSignal::new(BUCKET.2);
    Effect::new(move || {
        let now = saved.get();
        level.set(now.level.unwrap_or_default());
        group.set(now.group_by.join(", "));
        minutes.set(now.bucket_s.map_or(BUCKET.2, |s| s.div_ceil(60)));
    });
    let draft = move || RuleSettings {
        level: Some(level.get()).filter(|l| !l.is_empty()),
        group_by: group
            .with(|g| g.split(',').map(str::trim).filter(|f| !f.is_empty()).map(str::to_owned).collect()),
        bucket_s: Some(minutes.get()).filter(|m| *m != BUCKET.2).map(|m| m * 60),
    };
    let differs = move || draft() != saved.get();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let settings = Some(untrack(draft)).filter(|s| *s != RuleSettings::default());
        writes::tune(id.clone(), PatchRule { settings: Some(settings), ..PatchRule::default() });
    };
    let choice = move |name: &'static str| {
        let label = query::severity(name).map_or(name, |s: Severity| word("severity", s.as_str()));
        view! { <option value=name selected=move || level.with(|l| l == name)>{label}</option> }
    };
    view! {
        <form class="sec" on:submit=submit data-test="tune-form"><fieldset class="bare-set tune" disabled=!may>
            <div class="sec-h"><h3>{t(k::TUNE_COUNTING)}</h3></div>
            <p class="t3 t12">{t(k::TUNE_TEXT)}</p>
            <label class="form-row"><span>{t(k::RULE_LEVEL)}</span>
                <select class="select" data-test="tune-level" on:change:target=move |e| level.set(e.target().value())>
                    <option value="" selected=move || level.with(String::is_empty)>{t(k::TUNE_OWN_LEVEL)}</option>
                    {LEVELS.into_iter().rev().map(choice).collect_view()}
                </select></label>
            <label class="form-row"><span>{t(k::RULE_GROUP_BY)}</span>
                <span class="field"><input dir="ltr" maxlength="400" autocomplete="off" spellcheck="false" placeholder=t(k::TUNE_GROUP_HOST) data-test="tune-group"
                    prop:value=move || group.get() on:input:target=move |e| group.set(e.target().value()) /></span>
                <small>{t(k::TUNE_GROUP_TEXT)}</small></label>
            <label class="form-row"><span>{t(k::RULE_BUCKET)}</span>
                <span class="row"><span class="field num-f"><input type="number" min=BUCKET.0 max=BUCKET.1 required dir="ltr" data-test="tune-bucket" prop:value=move || minutes.get().to_string()
                    on:input:target=move |e| if let Ok(n) = e.target().value().parse() { minutes.set(n) } /></span><span class="t3 t12">{t(k::MINUTES)}</span></span></label>
            {may.then(|| view! { <div><button class="btn btn-primary" type="submit" data-test="tune-save" disabled=move || !differs()>{t(k::SAVE)}</button></div> })}
        </fieldset></form>
    }
}

type Read = RwSignal<Option<Result<Vec<Suppression>, Failure>>>;

/// What raises no alert.
#[component]
fn Suppressions(id: String) -> impl IntoView {
    let all: Read = RwSignal::new(None);
    let path = RulePath { rule_id: id.clone() };
    let read = move || {
        let path = path.clone();
        spawn_local(async move {
            let query = SuppressionList { limit: Some(SHOWN), ..SuppressionList::default() };
            let read = client::call::<SuppressionsList>(&path, &query, &()).await;
            let _ = all.try_set(Some(read.map(|a| a.value.items)));
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let rule = id.clone();
    view! {
        <div class="sec" data-test="suppressions">
            <div class="sec-h"><h3>{t(k::SUPPRESSIONS)}</h3></div>
            <p class="t3 t12">{t(k::SUPPRESSIONS_TEXT)}</p>
            {move || match all.get() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="suppressions-error" /> }.into_any(),
                Some(Ok(list)) if list.is_empty() => view! { <p class="t2 t12" data-test="suppressions-empty">{t(k::SUPPRESSIONS_EMPTY)}</p> }.into_any(),
                Some(Ok(list)) => {
                    let rule = rule.clone();
                    view! { <ul>{list.into_iter().map(|s| line(&rule, s, all)).collect_view()}</ul> }.into_any()
                }
            }}
        </div>
        {app().may("siem:write").then(|| view! { <New id=id all=all /> })}
    }
}

/// A condition as a person wrote it: YAML text, or the JSON that it came as.
fn condition_text(condition: &Value) -> String {
    match condition {
        Value::String(text) => visible_lines(text),
        other => visible(&serde_json::to_string(other).unwrap_or_default()),
    }
}

fn line(rule: &str, s: Suppression, all: Read) -> impl IntoView + use<> {
    let zone = app().preferences.with(|p| p.time_zone);
    let path = SuppressionPath { rule_id: rule.to_owned(), suppression_id: s.id.clone() };
    let end = move |_| {
        let path = path.clone();
        spawn_local(async move {
            match client::call::<SuppressionDelete>(&path, &Empty {}, &()).await {
                Ok(_) => {
                    let _ = all.try_update(|a| {
                        if let Some(Ok(list)) = a {
                            list.retain(|one| one.id != path.suppression_id);
                        }
                    });
                    toast::say(t(k::DONE_SUPPRESSION_ENDED).to_owned());
                }
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_RULES))),
            }
        });
    };
    let until = match s.expires_at {
        Some(at) => {
            view! { <time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time> }.into_any()
        }
        None => view! { <span>{t(k::KEY_NEVER)}</span> }.into_any(),
    };
    view! {
        <li class="suppression" data-test="suppression">
            <div class="code pad"><pre dir="ltr">{condition_text(&s.condition)}</pre></div>
            <p class="t12"><bdi>{visible(&s.reason)}</bdi></p>
            <div class="row wrap t11 t3"><bdi>{visible(&s.created_by)}</bdi><time class="ltr" title=clock::both(s.created_at)>{clock::second(s.created_at, zone)}</time>
                <span>{t(k::KEY_EXPIRES)}" "{until}</span><span>{tn(k::SUPPRESSION_HITS, s.hits)}</span>
                {app().may("siem:write").then(|| view! { <button class="btn btn-quiet btn-sm push" data-test="suppression-end" on:click=end>{t(k::SUPPRESSION_END)}</button> })}</div>
        </li>
    }
}

#[component]
fn New(id: String, all: Read) -> impl IntoView {
    let (condition, reason, expires) =
        (NodeRef::<html::Textarea>::new(), NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let failed = RwSignal::new(None::<String>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let zone = app().preferences.with_untracked(|p| p.time_zone);
        let text = condition.get_untracked().map(|n| n.value()).unwrap_or_default();
        let body = CreateSuppression {
            condition: Value::String(text),
            reason: reason.get_untracked().map(|n| n.value()).unwrap_or_default(),
            expires_at: expires.get_untracked().and_then(|n| clock::from_field(&n.value(), zone)),
        };
        let path = RulePath { rule_id: id.clone() };
        spawn_local(async move {
            match client::call::<SuppressionCreate>(&path, &Empty {}, &body).await {
                Ok(answer) => {
                    let _ = all.try_update(|a| {
                        if let Some(Ok(list)) = a {
                            list.insert(0, answer.value);
                        }
                    });
                    let _ = failed.try_set(None);
                    if let Some(node) = condition.get_untracked() {
                        node.set_value("");
                    }
                    if let Some(node) = reason.get_untracked() {
                        node.set_value("");
                    }
                }
                Err(failure) => drop(failed.try_set(Some(failure.sentence()))),
            }
        });
    };
    view! {
        <form class="sec tune" on:submit=submit data-test="suppression-form">
            <div class="sec-h"><h3>{t(k::SUPPRESSION_NEW)}</h3></div>
            <label class="form-row"><span>{t(k::SUPPRESSION_CONDITION)}</span>
                <textarea node_ref=condition class="textarea mono" dir="ltr" rows="3" required spellcheck="false" placeholder=t(k::SUPPRESSION_EXAMPLE) data-test="suppression-condition"></textarea>
                <small>{t(k::SUPPRESSION_CONDITION_TEXT)}</small></label>
            <label class="form-row"><span>{t(k::ABOUT_REASON)}</span>
                <span class="field"><input node_ref=reason required maxlength="1000" autocomplete="off" dir="auto" data-test="suppression-reason" /></span></label>
            <label class="form-row"><span>{t(k::SUPPRESSION_UNTIL)}</span>
                <span class="field"><input node_ref=expires type="datetime-local" dir="ltr" data-test="suppression-until" /></span></label>
            <div role="alert" class="err-c t12" data-test="suppression-error">{move || failed.get()}</div>
            <div><button class="btn" type="submit" data-test="suppression-add">{t(k::SUPPRESSION_ADD)}</button></div>
        </form>
    }
}
