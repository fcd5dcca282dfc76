//! How bad: shape, word and colour together.

use crate::i18n::word;
use api::alerts::Severity;
use leptos::prelude::*;

/// Shape and word; `tag` adds the tint.
#[component]
pub fn SeverityMark(severity: Severity, #[prop(optional)] tag: bool) -> impl IntoView {
    let shape = match severity {
        Severity::Critical => view! {
            <path class="f" d="M3.7.6h4.6l3.1 3.1v4.6l-3.1 3.1H3.7L.6 8.3V3.7z" />
            <path class="o" d="M6 3.2v3M6 8.7v.1" />
        }
        .into_any(),
        Severity::High => view! { <path class="f" d="M6 1 11.6 11H.4z" /> }.into_any(),
        Severity::Medium => view! { <path class="f" d="M6 .8 11.2 6 6 11.2.8 6z" /> }.into_any(),
        Severity::Low => view! { <path class="s" d="M1.2 2.2h9.600L6 10.400z" /> }.into_any(),
        Severity::Info => view! { <circle class="s" cx="6" cy="6" r="4" /> }.into_any(),
    };
    view! {
        <span class=format!("sev sev-{severity}") class:tag=tag>
            <svg viewBox="0 0 12 12" aria-hidden="true">{shape}</svg>
            {word("severity", severity.as_str()).to_owned()}
        </span>
    }
}
