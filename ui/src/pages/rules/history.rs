//! How a rule came to be what it is.

use super::text;
use crate::{
    clock,
    components::failed::Failed,
    data::{client, failure::Failure},
    i18n::{k, t, word},
    state::app,
    text::visible,
};
use api::detections::{RuleChange, RuleHistory, RuleHistoryList, RulePath};
use leptos::{prelude::*, task::spawn_local};

/// Steps asked for.
const STEPS: u32 = 100;

/// Newest first; a step that changed the text shows it.
#[component]
pub fn History(id: String) -> impl IntoView {
    let all = RwSignal::new(None::<Result<Vec<RuleChange>, Failure>>);
    let read = move || {
        let rule_id = id.clone();
        spawn_local(async move {
            let query = RuleHistoryList { limit: Some(STEPS), ..RuleHistoryList::default() };
            let outcome = client::call::<RuleHistory>(&RulePath { rule_id }, &query, &()).await;
            let _ = all.try_set(Some(outcome.map(|a| a.value.items)));
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let step = |change: RuleChange| {
        let zone = app().preferences.with(|p| p.time_zone);
        let settings = change.settings.and_then(|s| serde_json::to_string(&s).ok());
        view! {
            <li class="step-l" data-test="rule-change">
                <time class="ltr mono t11 t3" title=clock::both(change.at)>{clock::second(change.at, zone)}</time>
                <div><span class="med">{word("rule-change", &change.what).to_owned()}</span>" "<bdi class="t3">{visible(&change.by)}</bdi>" "
                    <span class="t3 t11">{t(k::ABOUT_VERSION)}" "{change.version}</span>
                    {settings.map(|s| view! { <div class="mono t11 t2"><bdi>{visible(&s)}</bdi></div> })}
                    {change.body.map(|body| view! {
                        <details class="more"><summary data-test="rule-change-text">{t(k::RULE_TEXT_THEN)}</summary><div class="code pad">{text::lines(&body, &[])}</div></details>
                    })}
                </div>
            </li>
        }
    };
    view! {
        <div class="sec">{move || match all.get() {
            None => view! { <span class="skel"></span> }.into_any(),
            Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="rule-history-error" /> }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! { <p class="t3 t12">{t(k::RULE_NO_HISTORY)}</p> }.into_any(),
            Some(Ok(list)) => view! { <ol class="acts-l" data-test="rule-history">{list.into_iter().map(step).collect_view()}</ol> }.into_any(),
        }}</div>
    }
}
