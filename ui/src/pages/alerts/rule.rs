//! The rule that raised the open alert.

use super::event::rule_alerts;
use crate::{
    components::{copy::CopyButton, failed::Failed},
    data::{client, failure::Failure},
    i18n::{k, t},
    pages::rules::lines,
    place::follow,
    state::app,
    text::{visible, visible_lines},
};
use api::detections::{Rule, RuleGet, RulePath};
use leptos::{prelude::*, task::spawn_local};

/// The rule as YAML, with what is known of it.
#[component]
pub fn RuleView() -> impl IntoView {
    let rule = RwSignal::new(None::<Result<Rule, Failure>>);
    let id = Memo::new(move |_| app().alerts.open.with(|o| o.as_ref().and_then(|a| a.rule_id.clone())));
    let read = move || {
        let Some(rule_id) = id.get() else { return };
        spawn_local(async move {
            let _ = rule.try_set(Some(client::get::<RuleGet>(RulePath { rule_id }).await));
        });
    };
    Effect::new(read);
    let retry = Callback::new(move |()| untrack(read));
    move || {
        if id.with(Option::is_none) {
            return view! { <div class="empty"><h3>{t(k::RULE_NONE)}</h3><p>{t(k::RULE_NONE_TEXT)}</p></div> }.into_any();
        }
        match rule.get() {
            None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            Some(Err(failure)) => {
                view! { <Failed failure=failure retry=retry title=t(k::RULE_FAILED) test="rule-error" /> }
                    .into_any()
            }
            Some(Ok(rule)) => shown(rule).into_any(),
        }
    }
}

fn shown(rule: Rule) -> impl IntoView {
    let href = rule_alerts(&rule.rule_id);
    let to = href.clone();
    let own = format!("/detections/rules?id={}", rule.rule_id);
    let to_own = own.clone();
    let lines = lines(&rule.body, &rule.errors);
    view! {
        <div class="sec" data-test="rule">
            <h3><bdi>{visible(&rule.title)}</bdi></h3>
            <p class="t2 t12 rule-text"><bdi>{visible_lines(&rule.description)}</bdi></p>
            <dl class="kv">
                <dt>{t(k::RULE_ID)}</dt><dd class="mono t11"><bdi>{rule.rule_id.clone()}</bdi></dd>
                <dt>{t(k::RULE_LEVEL)}</dt><dd>{crate::i18n::word("severity", if rule.level == "informational" { "info" } else { &rule.level }).to_owned()}</dd>
                <dt>{t(k::RULE_LOGSOURCE)}</dt><dd class="mono t11"><bdi>{visible(&rule.logsource)}</bdi></dd>
                {rule.author.map(|a| view! { <dt>{t(k::RULE_AUTHOR)}</dt><dd><bdi>{visible(&a)}</bdi></dd> })}
                {(!rule.falsepositives.is_empty()).then(|| view! { <dt>{t(k::RULE_FALSE)}</dt><dd><bdi>{visible(&rule.falsepositives.join(" · "))}</bdi></dd> })}
            </dl>
        </div>
        <div class="sec">
            <div class="sec-h"><h3>{t(k::RULE_BODY)}</h3>
                <span class="push row row-3">
                    <a href=own class="t12" data-test="rule-open" on:click=move |e| follow(e, &to_own)>{t(k::RULE_OPEN)}</a>
                    <a href=href class="t12" data-test="rule-alerts" on:click=move |e| follow(e, &to)>{t(k::RULE_ALERTS)}</a>
                    <CopyButton text=rule.body label=t(k::RULE_COPY) test="rule-copy" />
                </span>
            </div>
            <div class="code pad" tabindex="0" role="region" aria-label=t(k::RULE_BODY) data-test="rule-body">{lines}</div>
        </div>
    }
}
