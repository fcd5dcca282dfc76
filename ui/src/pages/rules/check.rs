//! What the server says of a text that is being written: what is wrong and where, and what it would run on.

use crate::{
    components::{english::English, icon::Icon},
    i18n::{k, t, tf, tn},
    text::visible,
};
use api::detections::{CheckReport, CheckedPipeline, CheckedRule, RuleProblem};
use leptos::prelude::*;

/// The panel; a click on a problem goes to its place.
#[component]
pub fn Report(
    /// The last answer; None before the first.
    report: RwSignal<Option<Result<CheckReport, String>>>,
    /// Id of the rule that is being changed; empty for a new one.
    own: String,
    /// Goes to line and column.
    go: Callback<(u32, u32)>,
) -> impl IntoView {
    let problem = move |p: RuleProblem| {
        let at = (p.line, p.column);
        view! {
            <li><button class="problem" data-test="check-problem" on:click=move |_| go.run(at)>
                <Icon name="warn" class="i-14" /><span class="mono t11 ltr">{format!("{}:{}", p.line, p.column)}</span><English text=p.reason /></button></li>
        }
    };
    move || {
        match report.get() {
        None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
        Some(Err(text)) => view! { <div class="sec"><p class="notice err" role="alert">{text}</p></div> }.into_any(),
        Some(Ok(report)) => view! {
            <div class="sec" data-test="check-report">
                <div class="sec-h"><span class="t12 med" role="status">{match (report.ok, report.errors.len()) {
                    (true, _) => {
                        let words = if report.documents.is_empty() { k::CHECK_PIPELINE_OK } else { k::CHECK_OK };
                        view! { <span class="ok-c" data-test="check-ok">{t(words)}</span> }.into_any()
                    }
                    (false, 0) => view! { <span class="warn-c">{t(k::CHECK_NOT_RUN)}</span> }.into_any(),
                    (false, n) => view! { <span class="err-c" data-test="check-errors">{tn(k::COUNT_PROBLEMS, n as u64)}</span> }.into_any(),
                }}</span></div>
                <ol class="problems">{report.errors.into_iter().map(problem).collect_view()}</ol>
            </div>
            {report.documents.into_iter().map(|d| document(d, &own)).collect_view()}
            {report.pipelines.into_iter().map(pipeline).collect_view()}
        }
        .into_any(),
    }
    }
}

fn document(d: CheckedRule, own: &str) -> impl IntoView + use<> {
    let taken = d.exists && d.rule_id != own;
    let stored = d.stored_events.map(|n| tn(k::COUNT_EVENTS, n));
    let places = d.runs_on.iter().map(|p| view! { <li><bdi>{visible(p)}</bdi></li> }).collect_view();
    view! {
        <div class="sec" data-test="check-document">
            <h3><bdi>{visible(&d.title)}</bdi></h3>
            {(!d.runs).then(|| view! { <p class="notice warn t12"><Icon name="warn" /><bdi dir="ltr">{d.reason.as_deref().map(visible)}</bdi></p> })}
            <dl class="kv">
                <dt>{t(k::RULE_LOGSOURCE)}</dt><dd class="mono t11"><bdi>{visible(&d.logsource)}</bdi></dd>
                <dt>{t(k::CHECK_RUNS_ON)}</dt><dd><ul class="t11 mono">{places}</ul></dd>
                <dt>{t(k::CHECK_STORED)}</dt><dd>{stored.unwrap_or_else(|| t(k::CHECK_UNKNOWN).to_owned())}</dd>
                {(!d.placeholders.is_empty()).then(|| view! { <dt>{t(k::CHECK_PLACEHOLDERS)}</dt><dd class="mono t11"><bdi>{visible(&d.placeholders.join(", "))}</bdi></dd> })}
            </dl>
            {taken.then(|| view! { <p class="t3 t11">{tf(k::CHECK_EXISTS, &[("id", &visible(&d.rule_id))])}</p> })}
        </div>
    }
}

fn pipeline(p: CheckedPipeline) -> impl IntoView {
    let name = if p.name.is_empty() { t(k::PIPELINE_NAMELESS).to_owned() } else { visible(&p.name) };
    view! {
        <div class="sec" data-test="check-pipeline">
            <h3><bdi>{name}</bdi></h3>
            <dl class="kv">
                <dt>{t(k::PIPELINE_PRIORITY)}</dt><dd class="num">{p.priority}</dd>
            </dl>
            <p class="t2 t12">{t(k::PIPELINE_TEXT)}</p>
        </div>
    }
}
