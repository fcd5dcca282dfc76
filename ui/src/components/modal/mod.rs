//! A native dialog: the browser keeps the focus inside and gives it back afterwards.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// Shown while `open`; its content is made new each time.
#[component]
pub fn Modal(
    /// Whether it is shown.
    #[prop(into)]
    open: Signal<bool>,
    /// Escape, a click beside it, or the browser closed it.
    close: fn(),
    /// Name for a screen reader.
    label: &'static str,
    /// Class of the dialog.
    #[prop(default = "dialog")]
    class: &'static str,
    /// For tests.
    test: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        if open.get() && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    let beside = move |event: leptos::ev::MouseEvent| {
        let target = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if target.is_some() {
            close();
        }
    };
    view! {
        <dialog class=class node_ref=node aria-label=label data-test=test
            on:close=move |_| close() on:mousedown=beside>
            <div class="dialog-in"><Show when=move || open.get()>{children()}</Show></div>
        </dialog>
    }
}
