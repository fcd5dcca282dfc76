//! The menu bar and the words of the window's own, each once, in English and Arabic.

use tauri::menu::{Menu, MenuItem, Submenu};
use tauri::{AppHandle, Emitter};

use crate::{commands, shell, window};

/// The window's own words in the language of the session (LC_ALL, LC_MESSAGES, LANG).
pub struct Words {
    /// Language tag of the page.
    pub lang: &'static str,
    /// Writing direction of the page.
    pub dir: &'static str,
    /// Title while the backend starts.
    pub starting: &'static str,
    /// Label of the log's path.
    pub log: &'static str,
    /// Button: start again.
    pub retry: &'static str,
    /// Button: open another workspace.
    pub open: &'static str,
    /// Button: quit.
    pub quit: &'static str,
    /// Question before closing during an import.
    pub close: &'static str,
    /// Answer: pause and quit.
    pub pause: &'static str,
    /// Answer: stay.
    pub stay: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    dir: "ltr",
    starting: "Opening the workspace\u{2026}",
    log: "Log",
    retry: "Try again",
    open: "Open another workspace\u{2026}",
    quit: "Quit",
    close: "An import is running. Pause it and close? It goes on at the next start.",
    pause: "Pause and close",
    stay: "Stay",
};

const ARABIC: Words = Words {
    lang: "ar",
    dir: "rtl",
    starting: "يجري فتح مساحة العمل\u{2026}",
    log: "السجل",
    retry: "إعادة المحاولة",
    open: "فتح مساحة عمل أخرى\u{2026}",
    quit: "خروج",
    close: "هناك استيراد جارٍ. هل توقفه مؤقتًا وتغلق؟ سيُستأنف عند التشغيل التالي.",
    pause: "إيقاف مؤقت وإغلاق",
    stay: "البقاء",
};

fn arabic() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).is_some_and(|value| value.starts_with("ar"))
}

/// The words in the session's language.
pub fn words() -> &'static Words {
    if arabic() { &ARABIC } else { &ENGLISH }
}

/// Menu, action, English and Arabic label, accelerator. The menu bar is made from this list.
const ENTRIES: &[(usize, &str, &str, &str, &str)] = &[
    (0, "open-files", "Open files\u{2026}", "فتح ملفات\u{2026}", "CmdOrCtrl+O"),
    (0, "open-folder", "Open folder\u{2026}", "فتح مجلد\u{2026}", "CmdOrCtrl+Shift+O"),
    (0, "workspace-new", "New workspace\u{2026}", "مساحة عمل جديدة\u{2026}", ""),
    (0, "workspace-open", "Open workspace\u{2026}", "فتح مساحة عمل\u{2026}", ""),
    (0, "workspace-backup", "Back up workspace\u{2026}", "نسخ مساحة العمل احتياطيًا\u{2026}", ""),
    (0, "workspace-restore", "Restore workspace\u{2026}", "استعادة مساحة عمل\u{2026}", ""),
    (0, "quit", "Quit", "خروج", "CmdOrCtrl+Q"),
    (1, "reload", "Reload", "إعادة التحميل", "CmdOrCtrl+R"),
    (1, "zoom-in", "Zoom in", "تكبير", "CmdOrCtrl+="),
    (1, "zoom-out", "Zoom out", "تصغير", "CmdOrCtrl+-"),
    (1, "zoom-reset", "Actual size", "الحجم الفعلي", "CmdOrCtrl+0"),
    (2, "help", "Keyboard shortcuts", "اختصارات لوحة المفاتيح", "F1"),
    (2, "about", "About AuroraSOC", "حول AuroraSOC", ""),
];
const MENUS: [(&str, &str); 3] = [("File", "ملف"), ("View", "عرض"), ("Help", "مساعدة")];

/// Builds the menu bar.
pub fn install(handle: &AppHandle) -> tauri::Result<()> {
    let bar = Menu::new(handle)?;
    let arabic = arabic();
    for (index, (en, ar)) in MENUS.iter().enumerate() {
        let menu = Submenu::new(handle, if arabic { ar } else { en }, true)?;
        for (_, id, en, ar, keys) in ENTRIES.iter().filter(|entry| entry.0 == index) {
            let keys = (!keys.is_empty()).then_some(*keys);
            menu.append(&MenuItem::with_id(handle, *id, if arabic { ar } else { en }, true, keys)?)?;
        }
        bar.append(&menu)?;
    }
    handle.set_menu(bar)?;
    handle.on_menu_event(|handle, event| act(handle, event.id().as_ref()));
    Ok(())
}

/// Does what an entry (or a button of the window's own pages) stands for. What belongs to the
/// page goes there as the event `aurora:action`.
pub fn act(handle: &AppHandle, action: &str) {
    match action {
        "reload" => window::reload(handle),
        "zoom-in" => window::zoom(handle, 1),
        "zoom-out" => window::zoom(handle, -1),
        "zoom-reset" => window::zoom(handle, 0),
        "quit" => shell::ask_to_leave(handle, shell::Leave::Quit),
        "retry" => shell::retry(handle),
        "help" => drop(handle.emit("aurora:action", serde_json::json!({ "action": action }))),
        "about" => window::visit(handle, "/settings/about"),
        _ => commands::from_menu(handle, action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_both_labels_and_its_own_keys() {
        for (at, (menu, id, en, ar, keys)) in ENTRIES.iter().enumerate() {
            assert!(*menu < MENUS.len() && !en.is_empty() && ar.chars().any(|c| c > '\u{600}'), "{id}");
            assert!(!ENTRIES[..at].iter().any(|e| e.1 == *id || (!keys.is_empty() && e.4 == *keys)), "{id}");
        }
    }
}
