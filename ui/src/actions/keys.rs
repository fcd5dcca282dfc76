//! Shortcuts, by physical key: they are where they were on an Arabic, Cyrillic or French keyboard.

use crate::state::app;
use leptos::prelude::*;
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, KeyboardEvent};

/// How long the first key of a sequence waits for the second.
const PATIENCE: Duration = Duration::from_millis(1200);

thread_local! { static FIRST: RefCell<Option<String>> = const { RefCell::new(None) }; }

/// A key's name on its cap: `Ctrl+KeyK` is `Ctrl K`.
pub fn name(chord: &str) -> String {
    let mut out = Vec::new();
    for part in chord.split([' ', '+']) {
        let cap = match part {
            "Escape" => "Esc",
            "Enter" => "↵",
            "Slash" => "/",
            "ArrowDown" => "↓",
            "ArrowUp" => "↑",
            "Delete" => "Del",
            other => other.strip_prefix("Key").or(other.strip_prefix("Digit")).unwrap_or(other),
        };
        out.push(cap);
    }
    let text = out.join(" ");
    if text == "Shift /" { "?".to_owned() } else { text }
}

fn chord(event: &KeyboardEvent) -> String {
    // These two signs are looked for by sign: on many layouts they are not on the key named Slash.
    match event.key().as_str() {
        "?" => return "Shift+Slash".to_owned(),
        "/" if !event.ctrl_key() => return "Slash".to_owned(),
        _ => {}
    }
    let mut out = String::new();
    for (held, name) in [
        (event.ctrl_key() || event.meta_key(), "Ctrl+"),
        (event.alt_key(), "Alt+"),
        (event.shift_key(), "Shift+"),
    ] {
        if held {
            out += name;
        }
    }
    out + event.code().strip_prefix("Numpad").filter(|key| *key == "Enter").unwrap_or(&event.code())
}

/// What the key would do by itself.
#[derive(PartialEq)]
enum Target {
    Text,
    Control,
    Other,
}

fn target(event: &KeyboardEvent) -> Target {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()) else {
        return Target::Other;
    };
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => Target::Text,
        "INPUT" if element.get_attribute("type").as_deref() != Some("checkbox") => Target::Text,
        "BUTTON" | "A" | "INPUT" | "SUMMARY" => Target::Control,
        _ => Target::Other,
    }
}

fn dialog_open() -> bool {
    document().query_selector("dialog[open], [popover]:popover-open").ok().flatten().is_some()
}

fn pressed(event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() || dialog_open() {
        return;
    }
    let chord = chord(event);
    match target(event) {
        Target::Text if chord == "Escape" => {
            if let Some(element) = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()) {
                crate::focus::home(&element);
                event.prevent_default();
            }
            return;
        }
        Target::Text if !chord.starts_with("Ctrl+") && chord != "F8" => return,
        Target::Control if matches!(chord.as_str(), "Enter" | "Space") => return,
        _ => {}
    }
    if app().auth.get_untracked() != crate::state::Auth::In {
        return;
    }
    let sequence = FIRST.take().map(|first| format!("{first} {chord}"));
    let wanted = |keys: &str| sequence.as_deref() == Some(keys) || keys == chord;
    // A sequence wins over its second key alone.
    let mut found =
        super::all().filter(|a| a.ready() && a.keys.iter().any(|k| wanted(k))).collect::<Vec<_>>();
    found.sort_by_key(|a| !a.keys.iter().any(|k| sequence.as_deref() == Some(*k)));
    if let Some(action) = found.first() {
        event.prevent_default();
        (action.run)();
    } else if super::all()
        .any(|a| a.keys.iter().any(|k| k.split_once(' ').is_some_and(|(first, _)| first == chord)))
    {
        FIRST.set(Some(chord));
        set_timeout(|| drop(FIRST.take()), PATIENCE);
    }
}

/// Listens, once.
pub fn install() {
    let listener = Closure::<dyn Fn(KeyboardEvent)>::new(|event: KeyboardEvent| pressed(&event));
    let _ = window().add_event_listener_with_callback("keydown", listener.as_ref().unchecked_ref());
    listener.forget();
}
