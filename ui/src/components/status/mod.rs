//! Where a record stands: a circle that fills, and the word.

use crate::i18n::word;
use api::alerts::AlertStatus;
use leptos::prelude::*;

/// Circle and word of an alert's status.
#[component]
pub fn StatusMark(status: AlertStatus) -> impl IntoView {
    use AlertStatus::*;
    let ring = || view! { <circle class="s" cx="6" cy="6" r="4.6" /> };
    let glyph = match status {
        New => view! { <circle class="s" cx="6" cy="6" r="4.6" stroke-dasharray="2 1.6" /> }.into_any(),
        Triaged | Acknowledged => view! { {ring()} <path class="f" d="M6 6V3.2A2.8 2.8 0 0 1 8.8 6z" /> }.into_any(),
        Investigating => view! { {ring()} <path class="f" d="M6 3.2a2.8 2.8 0 0 1 0 5.6z" /> }.into_any(),
        Escalated | Contained => view! { {ring()} <path class="f" d="M6 3.2A2.8 2.8 0 1 1 3.2 6H6z" /> }.into_any(),
        Resolved => view! {
            <circle class="f" cx="6" cy="6" r="5.2" />
            <path class="k" d="m3.6 6.2 1.700 1.700L8.600 4.600" />
        }
        .into_any(),
        FalsePositive => view! { {ring()} <path class="s" d="M2.8 9.200 9.200 2.800" /> }.into_any(),
    };
    let tone = match status {
        New => "new",
        Investigating | Escalated => "go",
        Resolved => "ok",
        FalsePositive => "mute",
        _ => "",
    };
    view! {
        <span class=format!("status {tone}")>
            <svg viewBox="0 0 12 12" aria-hidden="true">{glyph}</svg>
            {word("status", status.as_str()).to_owned()}
        </span>
    }
}
