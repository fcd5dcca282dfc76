//! An event without a reason of its own: nobody's rule, a rule that counts, or one that changed since.

use super::tree::Tree;
use crate::{
    components::failed::Failed,
    data::{client, failure::Failure},
    i18n::{k, t},
    place::follow,
    state::app,
    text::visible,
};
use api::{
    Code,
    detections::{Rule, RuleGet, RulePath},
};
use leptos::{prelude::*, task::spawn_local};

/// The panel; `rule_id` is that of the alert.
#[component]
pub fn Unexplained(rule_id: Option<String>, log_id: String) -> impl IntoView {
    let inside = match rule_id.filter(|_| app().may("siem:read")) {
        None => view! { <p class="t3 t12">{t(k::WHY_NO_RULE)}</p> }.into_any(),
        Some(id) => view! { <ByRule rule_id=id log_id=log_id /> }.into_any(),
    };
    view! { <div class="sec" data-test="why-none"><div class="sec-h"><h3>{t(k::WHY_TITLE)}</h3></div>{inside}</div> }
}

#[component]
fn ByRule(rule_id: String, log_id: String) -> impl IntoView {
    let rule = RwSignal::new(None::<Result<Rule, Failure>>);
    let id = rule_id.clone();
    let read = move || {
        let rule_id = id.clone();
        spawn_local(async move {
            let _ = rule.try_set(Some(client::get::<RuleGet>(RulePath { rule_id }).await));
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    move || match rule.get() {
        None => view! { <span class="skel"></span> }.into_any(),
        Some(Err(failure)) if failure.code() == Some(Code::NotFound) => {
            view! { <p class="t2 t12">{t(k::WHY_RULE_GONE)}</p> }.into_any()
        }
        Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="why-failed" /> }.into_any(),
        Some(Ok(rule)) => {
            let counts = rule.format == "sigma_correlation";
            let href = format!("/detections/rules?id={}", rule.rule_id);
            let to = href.clone();
            let tree = (!counts).then(|| view! { <Tree rule_id=rule_id.clone() log_id=log_id.clone() /> });
            view! {
                <p class="t2 t12" data-test="why-counts">{t(if counts { k::WHY_COUNTS } else { k::WHY_RULE_CHANGED })}</p>
                <p class="t12"><a href=href data-test="why-rule" on:click=move |e| follow(e, &to)><bdi>{visible(&rule.title)}</bdi></a></p>
                {tree}
            }
            .into_any()
        }
    }
}
