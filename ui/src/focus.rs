//! Where the keyboard is. It is never left on nothing: what closes or ends gives it to the list or the pane it lay in.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Marks what takes the focus when something in the same pane gives it up.
pub const HOME: &str = "[data-home]";

fn take(element: Option<Element>) -> bool {
    let element = element.and_then(|e| e.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|e| e.focus().is_ok())
}

/// Gives the element with this id the focus.
pub fn on(id: &str) {
    take(document().get_element_by_id(id));
}

/// As [`on`], once what is being drawn now is there.
pub fn soon(id: &'static str) {
    request_animation_frame(move || on(id));
}

/// From a field to the list or pane that it belongs to, else to the page's own.
pub fn home(from: &Element) {
    let pane = from.closest(".pane").ok().flatten();
    let near = pane.and_then(|p| p.query_selector(HOME).ok().flatten());
    let any = || document().query_selector(&format!("main {HOME}")).ok().flatten();
    if !take(near.or_else(any))
        && let Some(field) = from.dyn_ref::<HtmlElement>()
    {
        let _ = field.blur();
    }
}
