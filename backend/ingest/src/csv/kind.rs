//! What wrote a table, by the names of its columns.

use crate::{
    json::shape,
    results::{self, Tool},
};

/// The Event Viewer's "Save as CSV": the message is one more column than the header has.
const EVENT_VIEWER: &[(&str, &str)] = &[
    ("Event ID", "EventID"),
    ("Source", "Provider_Name"),
    ("Log", "Channel"),
    ("Log Name", "Channel"),
    ("Date and Time", "TimeCreated"),
];
/// Channels of providers that write to one only, where no column says it.
pub(super) const PROVIDERS: &[(&str, &str)] = &[
    ("Microsoft-Windows-Security-Auditing", "Security"),
    ("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"),
    ("Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational"),
    ("Service Control Manager", "System"),
];

/// What wrote a table.
pub(super) enum Kind {
    Plain,
    Tool(&'static Tool),
    /// A Windows event a record, with the columns that say more of it.
    Windows {
        channel: Option<usize>,
        provider: Option<usize>,
        level: Option<usize>,
        viewer: bool,
    },
}

/// Tells what wrote a table and gives its columns their known names.
pub(super) fn of(names: &mut [String]) -> Kind {
    if let Some(tool) = results::tool(&|name| names.iter().any(|n| n == name)) {
        return Kind::Tool(tool);
    }
    let viewer = ["Date and Time", "Source", "Event ID"].iter().all(|name| names.iter().any(|n| n == name));
    let renames = if viewer {
        Some(shape::Renames { names: EVENT_VIEWER, prefixes: &[] })
    } else {
        shape::windows(&|name| names.iter().any(|n| n == name))
    };
    let Some(renames) = renames else { return Kind::Plain };
    for (from, to) in renames.names {
        rename(names, |name| (name == *from).then(|| (*to).to_owned()));
    }
    for prefix in renames.prefixes {
        rename(names, |name| name.strip_prefix(prefix).map(str::to_owned));
    }
    let at = |name: &str| names.iter().position(|n| n == name);
    Kind::Windows { channel: at("Channel"), provider: at("Provider_Name"), level: at("Level"), viewer }
}

/// Gives names others, unless those are taken.
fn rename(names: &mut [String], to: impl Fn(&str) -> Option<String>) {
    for n in 0..names.len() {
        if let Some(to) = to(&names[n])
            && !names.contains(&to)
        {
            names[n] = to;
        }
    }
}
