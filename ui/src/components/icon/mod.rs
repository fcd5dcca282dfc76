//! An icon of the sprite, which stands in the page itself: it is there when the server is away. Always decoration: the word stands beside it or in the control's label.

use leptos::prelude::*;

/// 16 px.
#[component]
pub fn Icon(
    /// Without `i-`.
    name: &'static str,
    /// More classes: `i-14`, `i-12`, `i-flip`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("i {class}") viewBox="0 0 16 16" aria-hidden="true">
            <use href=format!("#i-{name}") />
        </svg>
    }
}
