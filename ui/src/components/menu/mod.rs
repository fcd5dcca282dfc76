//! A button with a menu below it, on the native popover: Escape and a click elsewhere close it.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// Gap between button and menu in px.
const GAP: f64 = 4.0;

/// `id` must be unique on the page.
#[component]
pub fn Menu(
    /// Of the popover.
    id: &'static str,
    /// Class of the button.
    class: &'static str,
    /// Name for a screen reader.
    #[prop(into)]
    label: String,
    /// What stands on the button.
    face: AnyView,
    /// The entries, `button class="menu-item"` or what the page needs.
    children: ChildrenFn,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let pop = NodeRef::<html::Div>::new();
    let place = move |_| {
        let (Some(button), Some(pop)) = (button.get_untracked(), pop.get_untracked()) else { return };
        let at = button.get_bounding_client_rect();
        let style = web_sys::HtmlElement::style(&pop);
        let _ = style.set_property("inset-block-start", &format!("{}px", at.bottom() + GAP));
        let rtl = crate::i18n::direction() == "rtl";
        let width = document().document_element().map_or(0, |e| e.client_width());
        let (start, end) = if rtl {
            (f64::from(width) - at.right(), at.left())
        } else {
            (at.left(), f64::from(width) - at.right())
        };
        // Open towards the middle of the window.
        let (side, other, px) = if start > end {
            ("inset-inline-end", "inset-inline-start", end)
        } else {
            ("inset-inline-start", "inset-inline-end", start)
        };
        let _ = style.set_property(side, &format!("{px}px"));
        let _ = style.set_property(other, "auto");
    };
    view! {
        <button node_ref=button class=class aria-label=label.clone() title=label popovertarget=id data-test=id
            aria-haspopup="menu" on:click=place on:keydown=move |e| enter(&e, id)>{face}</button>
        <div node_ref=pop id=id popover="auto" class="pop menu" role="menu" on:keydown=move_focus on:click=move |_| hide(id)>
            {children()}
        </div>
    }
}

/// Closes it after a choice.
fn hide(id: &str) {
    let node = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let Some(node) = node {
        let _ = node.hide_popover();
    }
}

/// From the button into its open menu.
fn enter(event: &KeyboardEvent, id: &str) {
    let open = document().query_selector(&format!("#{id}:popover-open .menu-item:not(:disabled)"));
    if let ("ArrowDown", Ok(Some(first))) = (event.code().as_str(), open)
        && let Some(first) = first.dyn_ref::<HtmlElement>()
    {
        event.prevent_default();
        let _ = first.focus();
    }
}

/// Arrow keys go round the entries.
fn move_focus(event: KeyboardEvent) {
    let step: i32 = match event.code().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    event.prevent_default();
    let Some(menu) = event.current_target().and_then(|t| t.dyn_into::<HtmlElement>().ok()) else { return };
    let Ok(items) = menu.query_selector_all(".menu-item:not(:disabled)") else { return };
    let active = document().active_element();
    let all: Vec<HtmlElement> = (0..items.length()).filter_map(|i| items.get(i)?.dyn_into().ok()).collect();
    if all.is_empty() {
        return;
    }
    let here = all.iter().position(|e| active.as_ref().is_some_and(|a| e.is_same_node(Some(a))));
    let len = all.len() as i32;
    let next = here.map_or(0, |h| (h as i32 + step).rem_euclid(len));
    let _ = all[next as usize].focus();
}
