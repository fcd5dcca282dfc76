//! Copying in one click.

use crate::{
    components::{icon::Icon, toast},
    i18n::{k, t},
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

/// Puts text on the clipboard and says so.
pub fn copy_text(text: &str) {
    let promise = window().navigator().clipboard().write_text(text);
    spawn_local(async move {
        match JsFuture::from(promise).await {
            Ok(_) => toast::say(t(k::COPIED).to_owned()),
            Err(_) => toast::error(t(k::COPY_REFUSED).to_owned(), None, None),
        }
    });
}

/// A small button that copies.
#[component]
pub fn CopyButton(
    /// What.
    #[prop(into)]
    text: String,
    /// What the button says to a screen reader and on hover.
    label: &'static str,
    /// For tests.
    test: &'static str,
) -> impl IntoView {
    view! {
        <button class="btn btn-icon btn-quiet btn-sm" aria-label=label title=label data-test=test
            on:click=move |_| copy_text(&text)>
            <Icon name="copy" class="i-14" />
        </button>
    }
}
