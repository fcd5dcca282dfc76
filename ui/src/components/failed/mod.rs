//! What could not be read: why, the request to find in the server's log, and trying again.

use crate::{
    components::{copy::copy_text, icon::Icon},
    data::failure::Failure,
    i18n::{k, t},
};
use leptos::prelude::*;

/// Stands where the content would.
#[component]
pub fn Failed(
    /// Why.
    failure: Failure,
    /// Asks again.
    #[prop(into)]
    retry: Callback<()>,
    /// What could not be read, where the place does not say it.
    #[prop(optional)]
    title: Option<&'static str>,
    /// For tests; its button is `test-retry`.
    #[prop(default = "failed")]
    test: &'static str,
) -> impl IntoView {
    let request = failure.request_id().map(|id| {
        let shown = id.clone();
        view! {
            <p class="row row-1 t3 t11">{t(k::REQUEST_ID)}<bdi class="mono t11 trunc">{shown}</bdi>
                <button class="btn btn-quiet btn-sm" data-test="failed-copy" on:click=move |_| copy_text(&id)>{t(k::COPY)}</button></p>
        }
    });
    view! {
        <div class="sec failed" role="alert" data-test=test>
            <div class="notice err"><Icon name="warn" />
                <div class="grow">
                    {title.map(|title| view! { <p><b>{title}</b></p> })}
                    <p>{failure.sentence()}</p>
                    {request}
                </div>
                <button class="btn btn-sm" data-test=format!("{test}-retry") on:click=move |_| retry.run(())>{t(k::RETRY)}</button>
            </div>
        </div>
    }
}
