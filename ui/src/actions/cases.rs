//! What can be done on the page of cases.

use super::{Action, Context};
use crate::{
    i18n::{Key, k},
    pages::cases::moves,
};

const fn action(
    id: &'static str,
    label: Key,
    icon: &'static str,
    keys: &'static [&'static str],
    run: fn(),
) -> Action {
    Action { id, label, icon, keys, context: Context::Cases, needs: Some("cases:read"), run }
}

/// The list.
pub static ACTIONS: &[Action] = &[
    action("case-next", k::ACTION_CASE_NEXT, "down", &["KeyJ", "ArrowDown"], moves::next),
    action("case-previous", k::ACTION_CASE_PREVIOUS, "up", &["KeyK", "ArrowUp"], moves::previous),
    action("case-open", k::ACTION_CASE_OPEN, "bell", &["Enter"], moves::open),
    action("case-back", k::ACTION_BACK, "x", &["Escape"], moves::back),
];
