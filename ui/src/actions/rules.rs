//! What can be done on the page of rules.

use super::{Action, Context};
use crate::{
    i18n::{Key, k},
    pages::rules::{dialogs, editor, import, moves, writes},
    place::{Place, go},
    state::app,
};

const fn action(
    context: Context,
    id: &'static str,
    label: Key,
    icon: &'static str,
    keys: &'static [&'static str],
    needs: &'static str,
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context, needs: Some(needs), run }
}

const READ: &str = "siem:read";
const WRITE: &str = "siem:write";

/// The list.
pub static ACTIONS: &[Action] = &[
    action(
        Context::Anywhere,
        "go-detections",
        k::ACTION_GO_DETECTIONS,
        "radar",
        &["KeyG KeyD"],
        READ,
        || {
            go(Place::parse("/detections/rules"));
        },
    ),
    action(Context::Rule, "rule-enable", k::ACTION_RULE_ENABLE, "check", &["KeyE"], WRITE, || {
        writes::switch(true);
    }),
    action(Context::Rule, "rule-disable", k::ACTION_RULE_DISABLE, "off", &["KeyD"], WRITE, || {
        writes::switch(false);
    }),
    action(Context::Rule, "rule-run", k::ACTION_RUN, "play", &["KeyR"], WRITE, dialogs::ask_some),
    action(Context::Rule, "rule-edit", k::ACTION_RULE_EDIT, "tool", &["KeyT"], WRITE, moves::edit),
    action(Context::Rule, "rule-open", k::ACTION_OPEN, "eye", &["Enter"], READ, moves::open),
    action(Context::Rule, "rule-select", k::ACTION_SELECT, "check", &["KeyX"], READ, moves::select),
    action(
        Context::Rules,
        "rule-next",
        k::ACTION_RULE_NEXT,
        "down",
        &["KeyJ", "ArrowDown"],
        READ,
        moves::next,
    ),
    action(
        Context::Rules,
        "rule-previous",
        k::ACTION_RULE_PREVIOUS,
        "up",
        &["KeyK", "ArrowUp"],
        READ,
        moves::previous,
    ),
    action(
        Context::Rules,
        "rule-select-next",
        k::ACTION_SELECT_NEXT,
        "check",
        &["Shift+KeyJ", "Shift+ArrowDown"],
        READ,
        moves::select_next,
    ),
    action(Context::Rules, "rule-back", k::ACTION_BACK, "x", &["Escape"], READ, moves::back),
    action(Context::Rules, "rule-search", k::ACTION_SEARCH, "search", &["Slash"], READ, moves::search),
    action(Context::Rules, "rule-reload", k::ACTION_RELOAD, "undo", &["Shift+KeyR"], READ, || {
        app().rules.load();
    }),
    action(Context::Detections, "rule-new", k::ACTION_RULE_NEW, "plus", &["KeyN"], WRITE, moves::new),
    action(
        Context::Anywhere,
        "rules-import",
        k::ACTION_RULES_IMPORT,
        "import",
        &["KeyG KeyR"],
        WRITE,
        import::ask,
    ),
    action(
        Context::Detections,
        "rules-run",
        k::ACTION_RULES_RUN,
        "play",
        &["Ctrl+Shift+Enter"],
        WRITE,
        dialogs::ask_all,
    ),
    action(Context::Editor, "rule-save", k::ACTION_RULE_SAVE, "check", &["Ctrl+KeyS"], WRITE, editor::save),
    action(
        Context::Editor,
        "rule-next-problem",
        k::ACTION_NEXT_PROBLEM,
        "warn",
        &["F8"],
        READ,
        editor::next_problem,
    ),
];
