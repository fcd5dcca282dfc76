//! Actions of the frame: going places, layers, appearance, import, workspace.

use super::{Action, Context};
use crate::{
    data::{session, shell},
    i18n::k,
    place::{Place, go},
    state::{Layer, app},
};
use api::users::{Language, Theme, TimeZone};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Id of the hidden file field.
pub const FILE_FIELD: &str = "file-field";
/// Id of the hidden folder field.
pub const FOLDER_FIELD: &str = "folder-field";

const fn anywhere(
    id: &'static str,
    label: crate::i18n::Key,
    icon: &'static str,
    keys: &'static [&'static str],
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context: Context::Anywhere, needs: None, run }
}

const fn needs(mut action: Action, word: &'static str) -> Action {
    action.needs = Some(word);
    action
}

const fn desktop(mut action: Action) -> Action {
    action.context = Context::Desktop;
    action
}

const fn signed_in(mut action: Action) -> Action {
    action.context = Context::SignedIn;
    action
}

/// The list.
pub static ACTIONS: &[Action] = &[
    anywhere("palette", k::ACTION_PALETTE, "search", &["Ctrl+KeyK"], || {
        app().layer.set(Some(Layer::Palette))
    }),
    anywhere("help", k::ACTION_HELP, "book", &["Shift+Slash"], || app().layer.set(Some(Layer::Help))),
    anywhere("go-alerts", k::ACTION_GO_ALERTS, "bell", &["KeyG KeyA"], || go(Place::parse("/alerts"))),
    anywhere("go-cases", k::ACTION_GO_CASES, "case", &["KeyG KeyC"], || go(Place::parse("/cases"))),
    needs(
        anywhere("go-sources", k::ACTION_GO_SOURCES, "server", &["KeyG KeyO"], || {
            go(Place::parse("/sources"));
        }),
        "siem:read",
    ),
    anywhere("go-settings", k::ACTION_GO_SETTINGS, "gear", &["KeyG KeyS"], || {
        go(Place::parse("/settings/appearance"))
    }),
    needs(
        anywhere("import-files", k::ACTION_IMPORT_FILES, "import", &["KeyG KeyI"], import_files),
        "siem:write",
    ),
    needs(anywhere("import-folder", k::ACTION_IMPORT_FOLDER, "folder", &[], import_folder), "siem:write"),
    anywhere("tray", k::ACTION_TRAY, "list", &["Ctrl+KeyI"], || app().tray.update(|open| *open = !*open)),
    anywhere("theme", k::ACTION_THEME, "sun", &[], || {
        session::prefer(|p| p.theme = if dark() { Theme::Light } else { Theme::Dark });
    }),
    anywhere("language", k::ACTION_LANGUAGE, "globe", &[], || {
        session::prefer(|p| {
            p.language = if p.language == Language::En { Language::Ar } else { Language::En }
        });
    }),
    anywhere("times", k::ACTION_TIMES, "clock", &[], || {
        session::prefer(|p| {
            p.time_zone = if p.time_zone == TimeZone::Utc { TimeZone::Local } else { TimeZone::Utc }
        });
    }),
    desktop(anywhere("workspace-new", k::ACTION_WORKSPACE_NEW, "plus", &[], || shell::act("workspace-new"))),
    desktop(anywhere("workspace-open", k::ACTION_WORKSPACE_OPEN, "folder", &["Ctrl+KeyO"], || {
        shell::act("workspace-open");
    })),
    desktop(anywhere("workspace-backup", k::ACTION_WORKSPACE_BACKUP, "copy", &[], || {
        shell::act("workspace-backup");
    })),
    desktop(anywhere("workspace-restore", k::ACTION_WORKSPACE_RESTORE, "undo", &[], || {
        shell::act("workspace-restore");
    })),
    signed_in(anywhere("logout", k::ACTION_LOGOUT, "lock", &[], session::logout)),
];

/// Whether the page is dark now.
fn dark() -> bool {
    match app().preferences.get_untracked().theme {
        Theme::Dark => true,
        Theme::Light => false,
        Theme::System => {
            window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|m| m.matches())
        }
    }
}

fn click(id: &str) {
    if let Some(field) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        field.click();
    }
}

/// The shell's own dialog in the window, else the browser's.
pub fn import_files() {
    if app().shell.with_untracked(Option::is_some) {
        shell::act("import-files");
    } else {
        click(FILE_FIELD);
    }
}

/// As [`import_files`], for a folder.
pub fn import_folder() {
    if app().shell.with_untracked(Option::is_some) {
        shell::act("import-folder");
    } else {
        click(FOLDER_FIELD);
    }
}
