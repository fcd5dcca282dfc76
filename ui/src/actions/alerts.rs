//! What can be done on the alerts page.

use super::{Action, Context};
use crate::{
    i18n::{Key, k},
    pages::alerts::{moves, writes},
    state::{Layer, app},
};

pub use writes::undo_rows;

/// Permission words of an alert's actions; acknowledging has a finer one of its own.
pub fn may(word: &str) -> bool {
    match word {
        "alerts:acknowledge" => app().may("alerts:acknowledge") || app().may("alerts:write"),
        word => app().may(word),
    }
}

const fn on_page(
    id: &'static str,
    label: Key,
    icon: &'static str,
    keys: &'static [&'static str],
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context: Context::Alerts, needs: Some("alerts:read"), run }
}

const fn on_alert(
    id: &'static str,
    label: Key,
    icon: &'static str,
    keys: &'static [&'static str],
    needs: &'static str,
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context: Context::Alert, needs: Some(needs), run }
}

/// The list.
pub static ACTIONS: &[Action] = &[
    on_alert(
        "acknowledge",
        k::ACTION_ACKNOWLEDGE,
        "check",
        &["KeyA"],
        "alerts:acknowledge",
        writes::acknowledge,
    ),
    on_alert("assign-me", k::ACTION_ASSIGN_ME, "user", &["KeyM"], "alerts:write", writes::assign_me),
    on_alert("promote", k::ACTION_PROMOTE, "case", &["KeyP"], "alerts:write", writes::promote),
    on_alert("close", k::ACTION_CLOSE, "shieldok", &["KeyE"], "alerts:write", || {
        leptos::prelude::Set::set(&app().layer, Some(Layer::Close));
    }),
    on_alert("link", k::ACTION_LINK, "link", &["KeyL"], "alerts:write", || {
        leptos::prelude::Set::set(&app().layer, Some(Layer::LinkCase));
    }),
    on_alert("copy-link", k::ACTION_COPY_LINK, "copy", &["KeyC"], "alerts:read", moves::copy_link),
    on_alert("open", k::ACTION_OPEN, "eye", &["Enter"], "alerts:read", moves::open),
    on_alert("event-fields", k::ACTION_EVENT_FIELDS, "list", &["Digit1"], "alerts:read", || moves::form("")),
    on_alert("event-json", k::ACTION_EVENT_JSON, "file", &["Digit2"], "alerts:read", || moves::form("json")),
    on_alert("event-raw", k::ACTION_EVENT_RAW, "hash", &["Digit3", "KeyH"], "alerts:read", || {
        moves::form("raw")
    }),
    on_alert("event-next", k::ACTION_EVENT_NEXT, "down", &["KeyN"], "alerts:read", || moves::event(1)),
    on_alert("event-previous", k::ACTION_EVENT_PREVIOUS, "up", &["Shift+KeyN"], "alerts:read", || {
        moves::event(-1)
    }),
    on_alert("select", k::ACTION_SELECT, "check", &["KeyX"], "alerts:read", moves::select),
    on_page("next", k::ACTION_NEXT, "down", &["KeyJ", "ArrowDown"], moves::next),
    on_page("previous", k::ACTION_PREVIOUS, "up", &["KeyK", "ArrowUp"], moves::previous),
    on_page(
        "select-next",
        k::ACTION_SELECT_NEXT,
        "check",
        &["Shift+KeyJ", "Shift+ArrowDown"],
        moves::select_next,
    ),
    on_page("back", k::ACTION_BACK, "x", &["Escape"], moves::back),
    on_page("search", k::ACTION_SEARCH, "search", &["Slash"], moves::search),
    on_page("reload", k::ACTION_RELOAD, "undo", &["KeyR"], || app().alerts.load()),
    Action {
        id: "undo",
        label: k::ACTION_UNDO,
        icon: "undo",
        keys: &["KeyZ", "Ctrl+KeyZ"],
        context: Context::Anywhere,
        needs: Some("alerts:write"),
        run: writes::undo,
    },
];
