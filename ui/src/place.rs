//! Where the user is: path and query of the address bar as signals. The URL is the state of every page.

use leptos::prelude::*;
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Path and query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// For example `/alerts`.
    pub path: String,
    /// Decoded parameters.
    pub query: BTreeMap<String, String>,
}

impl Place {
    /// From `/alerts?q=x`.
    pub fn parse(url: &str) -> Place {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        Place { path: path.to_owned(), query: serde_urlencoded::from_str(query).unwrap_or_default() }
    }

    /// As it stands in the address bar.
    pub fn url(&self) -> String {
        match serde_urlencoded::to_string(&self.query) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", self.path),
            _ => self.path.clone(),
        }
    }

    /// With one parameter set, or taken out by an empty value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Place {
        if value.is_empty() {
            self.query.remove(name);
        } else {
            self.query.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// A parameter, or the empty text.
    pub fn get(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }
}

fn read() -> Place {
    let location = window().location();
    Place::parse(&(location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()))
}

/// The signal, and the listener for back and forward. Once.
pub fn install() -> RwSignal<Place> {
    let signal = RwSignal::new(read());
    let back = Closure::<dyn Fn()>::new(move || signal.set(read()));
    let _ = window().add_event_listener_with_callback("popstate", back.as_ref().unchecked_ref());
    back.forget();
    signal
}

/// Goes there with an entry in the history.
pub fn go(place: Place) {
    write(place, false);
}

/// Goes there in place of the present entry.
pub fn replace(place: Place) {
    write(place, true);
}

fn write(place: Place, replace: bool) {
    let signal = crate::state::app().place;
    if signal.get_untracked() == place {
        return;
    }
    if let Ok(history) = window().history() {
        let url = place.url();
        let _ = if replace {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(&url))
        };
    }
    signal.set(place);
}

/// Click handler of a link inside the app; leaves Ctrl, Shift and the middle button to the browser.
pub fn follow(event: leptos::ev::MouseEvent, href: &str) {
    if event.button() == 0 && !event.ctrl_key() && !event.shift_key() && !event.meta_key() && !event.alt_key() {
        event.prevent_default();
        go(Place::parse(href));
    }
}

/// Takes the start code out of the fragment, first thing of all.
pub fn take_start_code() -> Option<String> {
    let location = window().location();
    let hash = location.hash().ok()?;
    let code = hash.strip_prefix("#code=")?.to_owned();
    let clean = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    let _ = window().history().ok()?.replace_state_with_url(&JsValue::NULL, "", Some(&clean));
    Some(code)
}
