//! Why, and why not: the rule's condition as a tree, each leaf with the value found in the event.

use super::{
    event::pieces,
    lines::{Kind, Line, cut},
};
use crate::{
    components::{failed::Failed, icon::Icon},
    data::{client, failure::Failure},
    i18n::{k, t, tf, tn},
    place::follow,
    text::visible,
};
use api::detections::{ExplainNode, ExplainQuery, NearRule, RuleExplain, RuleExplanation, RulePath};
use leptos::{prelude::*, task::spawn_local};

/// The panel; asks only when it is opened.
#[component]
pub fn Tree(rule_id: String, log_id: String) -> impl IntoView {
    let open = RwSignal::new(false);
    let found = RwSignal::new(None::<Result<RuleExplanation, Failure>>);
    let ask = move || {
        let (rule_id, log_id) = (rule_id.clone(), log_id.clone());
        spawn_local(async move {
            let path = RulePath { rule_id };
            let outcome = client::call::<RuleExplain>(&path, &ExplainQuery { log_id }, &()).await;
            let _ = found.try_set(Some(outcome.map(|a| a.value)));
        });
    };
    let again = ask.clone();
    let retry = Callback::new(move |()| again());
    let toggle = move |_| {
        open.update(|o| *o = !*o);
        if open.get_untracked() && found.with_untracked(Option::is_none) {
            ask();
        }
    };
    view! {
        <div class="sec tree-sec">
            <button class="link t12 med row row-1" aria-expanded=move || open.get().to_string() data-test="why-tree" on:click=toggle>
                <span class="turn-b" class:down=move || open.get()><Icon name="chevr" class="i-12 i-flip" /></span>{t(k::TREE_TITLE)}</button>
            {move || open.get().then(|| match found.get() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(Err(failure)) => view! { <Failed failure=failure retry=retry test="tree-error" /> }.into_any(),
                Some(Ok(e)) => explained(e).into_any(),
            })}
        </div>
    }
}

fn explained(e: RuleExplanation) -> impl IntoView {
    let away = e.one_leaf_away.clone();
    let one =
        away.as_ref().map(|_| t(if e.matched { k::TREE_ONE_AWAY_MATCH } else { k::TREE_ONE_AWAY_MISS }));
    view! {
        <div class="tree" data-test="why-tree-nodes">
            {(!e.logsource).then(|| view! { <p class="notice warn t12"><Icon name="warn" /><span>{t(k::TREE_OTHER_SOURCE)}</span></p> })}
            <p class="t3 t11 ltr"><span class="k-op mono">{tf(k::TREE_CONDITION, &[])}</span>" "<bdi class="mono ltr">{visible(&e.condition)}</bdi></p>
            {one.map(|words| view! { <p class="t2 t12" data-test="one-leaf-away">{words}</p> })}
            <ul class="nodes" role="tree" aria-label=t(k::TREE_TITLE)>{node(&e.tree, away.as_deref())}</ul>
            {near(e.near)}
        </div>
    }
}

/// Other rules that one leaf kept from this event.
fn near(rules: Vec<NearRule>) -> Option<impl IntoView> {
    if rules.is_empty() {
        return None;
    }
    let line = |n: NearRule| {
        let href = format!("/detections/rules?id={}", n.rule_id);
        let to = href.clone();
        view! {
            <li><a href=href on:click=move |e| follow(e, &to)><bdi>{visible(&n.title)}</bdi></a>
                <div class="node"><bdi class="mono t11 ltr node-l">{visible(&n.leaf.label)}</bdi>{value(&n.leaf)}</div></li>
        }
    };
    let count = rules.len() as u64;
    Some(view! {
        <details class="more near"><summary data-test="near-rules">{tn(k::TREE_NEAR, count)}</summary>
            <ul>{rules.into_iter().map(line).collect_view()}</ul></details>
    })
}

fn node(n: &ExplainNode, away: Option<&str>) -> AnyView {
    let holds = if n.matched { t(k::TREE_TRUE) } else { t(k::TREE_FALSE) };
    let (tone, icon) = if n.matched { ("ok-c", "check") } else { ("t3", "x") };
    let marked = away == Some(n.id.as_str());
    let children: Vec<AnyView> = n.children.iter().map(|c| node(c, away)).collect();
    let leaf = n.children.is_empty().then(|| value(n));
    view! {
        <li role="treeitem" aria-selected="false" class:away=marked>
            <div class="node"><span class=tone title=holds><Icon name=icon class="i-12" /><span class="sr">{holds}</span></span>
                <bdi class="mono t11 ltr node-l">{visible(&n.label)}</bdi>{leaf}</div>
            {(!children.is_empty()).then(|| view! { <ul role="group">{children}</ul> })}
        </li>
    }
    .into_any()
}

/// What the rule wants, and what the event has.
fn value(n: &ExplainNode) -> impl IntoView + use<> {
    let patterns = n.patterns.iter().map(|p| visible(p)).collect::<Vec<_>>().join(" · ");
    let found = match n.value.as_deref() {
        Some(value) => {
            let line = Line { pieces: cut(value, &n.spans, Kind::Plain, visible), hit: n.matched };
            view! { <bdi class="mono t11 ltr node-v">{pieces(line)}</bdi> }.into_any()
        }
        None => view! { <span class="t3 t11">{t(k::TREE_ABSENT)}</span> }.into_any(),
    };
    let wants =
        (!patterns.is_empty()).then(|| view! { <bdi class="mono t11 t3 ltr node-p">{patterns}</bdi> });
    view! { <span class="node-w">{wants}{found}</span> }
}
