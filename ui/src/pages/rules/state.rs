//! Whether a rule runs: sign and word together.

use crate::{components::icon::Icon, i18n::word};
use api::detections::RuleState;
use leptos::prelude::*;

/// Sign and word.
#[component]
pub fn StateMark(state: RuleState) -> impl IntoView {
    let (tone, icon) = match state {
        RuleState::Running => ("ok", "check"),
        RuleState::Disabled => ("mute", "off"),
        RuleState::NeedsConfiguration => ("warn", "tool"),
        RuleState::CannotRun => ("warn", "warn"),
        RuleState::Error => ("err", "x"),
    };
    view! {
        <span class=format!("status {tone}")><Icon name=icon class="i-12" />{word("rule-state", state.as_str()).to_owned()}</span>
    }
}
