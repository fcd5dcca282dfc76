//! The menu bar. Entries that the page has too carry the same name and keys there.

use app::desktop::words::say;
use serde_json::json;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Emitter as _};

use crate::{shell, window};

/// Menu, action, keys. The labels are `menu_ACTION`; no action is a line between groups.
const ENTRIES: &[(&str, &str, &str)] = &[
    ("file", "import-files", ""),
    ("file", "import-folder", ""),
    ("file", "", ""),
    ("file", "workspace-new", ""),
    ("file", "workspace-open", "CmdOrCtrl+O"),
    ("file", "workspace-close", "CmdOrCtrl+W"),
    ("file", "", ""),
    ("file", "workspace-backup", ""),
    ("file", "workspace-restore", ""),
    ("file", "", ""),
    ("file", "quit", "CmdOrCtrl+Q"),
    ("view", "palette", "CmdOrCtrl+K"),
    ("view", "reload", "CmdOrCtrl+R"),
    ("view", "", ""),
    ("view", "zoom-in", "CmdOrCtrl+="),
    ("view", "zoom-out", "CmdOrCtrl+-"),
    ("view", "zoom-reset", "CmdOrCtrl+0"),
    ("help", "help-keys", "F1"),
    ("help", "about", ""),
];

/// Builds the menu bar.
pub fn install(handle: &AppHandle) -> tauri::Result<()> {
    let bar = Menu::new(handle)?;
    for menu in ["file", "view", "help"] {
        let below = Submenu::new(handle, say(&format!("menu_{menu}")), true)?;
        for (_, id, keys) in ENTRIES.iter().filter(|entry| entry.0 == menu) {
            if id.is_empty() {
                below.append(&PredefinedMenuItem::separator(handle)?)?;
                continue;
            }
            let keys = (!keys.is_empty()).then_some(*keys);
            below.append(&MenuItem::with_id(handle, *id, say(&format!("menu_{id}")), true, keys)?)?;
        }
        bar.append(&below)?;
    }
    handle.set_menu(bar)?;
    handle.on_menu_event(|handle, event| act(handle, event.id().as_ref()));
    Ok(())
}

/// Does what an entry, or a button of the window's own page, stands for. What belongs to the page goes there as the
/// event `aurora:action`, by its name in the page's list of actions.
pub fn act(handle: &AppHandle, action: &str) {
    let page = |name: &str| drop(handle.emit("aurora:action", json!({ "action": name })));
    match action {
        "reload" => window::reload(handle),
        "zoom-in" => window::zoom(handle, 1),
        "zoom-out" => window::zoom(handle, -1),
        "zoom-reset" => window::zoom(handle, 0),
        "palette" => page("palette"),
        "help-keys" => page("help"),
        "about" => window::visit(handle, "/settings/about"),
        _ => shell::perform(handle, action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_label_and_keys_of_its_own_that_do_the_same_in_the_page() {
        let page = include_str!("../../ui/src/actions/shell.rs");
        for (at, (_, id, keys)) in ENTRIES.iter().enumerate().filter(|(_, entry)| !entry.1.is_empty()) {
            assert_ne!(say(&format!("menu_{id}")), format!("menu_{id}"), "{id} has no label");
            assert!(!ENTRIES[..at].iter().any(|e| e.1 == *id || (!keys.is_empty() && e.2 == *keys)), "{id}");
            let Some(letter) = keys.strip_prefix("CmdOrCtrl+") else { continue };
            let Some(used) = page.find(&format!("\"Ctrl+Key{letter}\"")) else { continue };
            let line = page[..used].rsplit('\n').next().unwrap();
            assert!(line.contains(&format!("\"{id}\"")), "{keys} is {id} here and in the page {line}");
        }
    }
}
