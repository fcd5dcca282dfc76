//! Reading the common properties out of a Windows event's flat fields.

use crate::Event;
use std::borrow::Cow;

/// Field names that hold the acting user, best first; the domain field that goes with each.
const USERS: &[(&str, Option<&str>)] = &[
    ("SubjectUserName", Some("SubjectDomainName")),
    ("User", None),
    ("TargetUserName", Some("TargetDomainName")),
    ("AccountName", None),
];

/// The host's name as written in the record.
pub fn host(e: &Event) -> Option<Cow<'_, str>> {
    e.text("Computer")
}

/// The acting user as `DOMAIN\name` where both are known. `-` counts as absent.
pub fn user(e: &Event) -> Option<String> {
    USERS.iter().find_map(|(name, domain)| {
        let user = e.text(name).filter(|u| u != "-")?;
        let domain = domain.and_then(|d| e.text(d)).filter(|d| d != "-");
        Some(domain.map_or_else(|| user.to_string(), |d| format!("{d}\\{user}")))
    })
}

/// Log severity word from the record's `Level` (winmeta.xml: 1 critical, 2 error, 3 warning, 4 information,
/// 5 verbose, 0 always).
pub fn severity(e: &Event) -> &'static str {
    match e.text("Level").as_deref() {
        Some("1") => "critical",
        Some("2") => "error",
        Some("3") => "warning",
        Some("5") => "debug",
        _ => "info",
    }
}

/// One readable line: provider, event id, and the values that tell most.
pub fn message(e: &Event) -> String {
    const TELLING: &[&str] = &[
        "CommandLine", "NewProcessName", "Image", "TargetImage", "TargetObject", "TargetFilename", "ServiceName",
        "ImagePath", "TaskName", "ScriptBlockText", "TargetUserName", "IpAddress", "DestinationIp", "QueryName",
        "Payload", "param1", "Data",
    ];
    let mut line = format!(
        "{} {}",
        e.text("Provider_Name").unwrap_or(Cow::Borrowed("Windows")),
        e.text("EventID").unwrap_or_default()
    );
    for name in TELLING {
        if let Some(text) = e.text(name) {
            line.push_str(" · ");
            line.extend(text.chars().filter(|c| !c.is_control()).take(200));
            if line.len() > 400 {
                break;
            }
        }
    }
    line
}
