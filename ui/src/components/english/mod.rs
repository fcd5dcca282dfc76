//! A sentence that the server says in English alone, set apart so that it does not turn an Arabic one round.

use crate::text::visible;
use leptos::prelude::*;

/// As it is.
#[component]
pub fn English(
    /// What the server said.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <bdi dir="ltr" lang="en">{visible(&text)}</bdi> }
}
