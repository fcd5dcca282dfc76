//! What can be done on the page of sources.

use super::{Action, Context};
use crate::{
    i18n::{Key, k},
    pages::sources::moves,
};

const fn action(
    id: &'static str,
    label: Key,
    icon: &'static str,
    keys: &'static [&'static str],
    context: Context,
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context, needs: Some("siem:read"), run }
}

/// The list.
pub static ACTIONS: &[Action] = &[
    action(
        "source-next",
        k::ACTION_SOURCE_NEXT,
        "down",
        &["KeyJ", "ArrowDown"],
        Context::Sources,
        moves::next,
    ),
    action(
        "source-previous",
        k::ACTION_SOURCE_PREVIOUS,
        "up",
        &["KeyK", "ArrowUp"],
        Context::Sources,
        moves::previous,
    ),
    action("source-open", k::ACTION_OPEN, "eye", &["Enter"], Context::Sources, moves::open),
    action("source-back", k::ACTION_BACK, "x", &["Escape"], Context::Sources, moves::back),
    action("source-search", k::ACTION_SEARCH, "search", &["Slash"], Context::Sources, moves::search),
    action("source-reload", k::ACTION_RELOAD, "undo", &["KeyR"], Context::Sources, moves::reload),
    Action {
        id: "source-remove",
        label: k::SOURCE_REMOVE,
        icon: "trash",
        keys: &["Delete"],
        context: Context::Source,
        needs: Some("siem:write"),
        run: moves::remove,
    },
];
