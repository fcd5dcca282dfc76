//! What wrote an object: its dataset, its time, and the names that rules know its fields by.

use crate::{
    results,
    text::{
        Fields,
        time::{self, Read},
    },
};
use event::{Name, Value};
use std::collections::HashMap;

/// Where times are, best first.
pub(crate) const TIMES: &[&str] = &[
    "@timestamp",
    "TimeCreated",
    "EventTime",
    "timestamp",
    "time",
    "eventTime",
    "ts",
    "TimeGenerated",
    "UtcTime",
    "event.created",
    "Timestamp",
    "CreationTime",
    "createdDateTime",
    "event_time",
    "datetime",
    "_time",
    "date",
];

/// Names that exports give to what the record calls otherwise. `System` names of a Windows event are those of
/// [`event::windows`]; sources: NXLog's im_msvistalog (SourceName, Hostname, RecordNumber), Microsoft's
/// Get-WinEvent objects (ProviderName, MachineName, LogName, Id, RecordId) and Log Analytics tables (EventSourceName).
const FLAT_WINDOWS: &[(&str, &str)] = &[
    ("SourceName", "Provider_Name"),
    ("ProviderName", "Provider_Name"),
    ("Provider", "Provider_Name"),
    ("EventSourceName", "Provider_Name"),
    ("source_name", "Provider_Name"),
    ("Hostname", "Computer"),
    ("MachineName", "Computer"),
    ("ComputerName", "Computer"),
    ("computer_name", "Computer"),
    ("LogName", "Channel"),
    ("log_name", "Channel"),
    ("EventId", "EventID"),
    ("event_id", "EventID"),
    ("Id", "EventID"),
    ("EventRecordId", "EventRecordID"),
    ("RecordNumber", "EventRecordID"),
    ("RecordId", "EventRecordID"),
    ("record_number", "EventRecordID"),
];

/// Elastic's Winlogbeat, fields of its version 7 on.
const WINLOGBEAT: &[(&str, &str)] = &[
    ("winlog.channel", "Channel"),
    ("winlog.event_id", "EventID"),
    ("winlog.provider_name", "Provider_Name"),
    ("winlog.provider_guid", "Provider_Guid"),
    ("winlog.computer_name", "Computer"),
    ("winlog.record_id", "EventRecordID"),
    ("winlog.version", "Version"),
    ("winlog.process.pid", "Execution_ProcessID"),
    ("winlog.process.thread.id", "Execution_ThreadID"),
];

/// What is a whole number in every Windows event.
const NUMBERS: &[&str] = &["EventID", "EventRecordID", "Version", "Task", "Level", "Opcode"];

/// Names for [`NUMBERS`]'s `Level` (winmeta.xml), as the Event Viewer, Get-WinEvent and EvtxECmd write them.
const LEVELS: &[(&str, i64)] = &[
    ("LogAlways", 0),
    ("Critical", 1),
    ("Error", 2),
    ("Warning", 3),
    ("Information", 4),
    ("Info", 4),
    ("Verbose", 5),
];

/// How the fields of a Windows event are renamed.
pub(crate) struct Renames {
    /// From and to.
    pub names: &'static [(&'static str, &'static str)],
    /// Beginnings of names that fall away.
    pub prefixes: &'static [&'static str],
}

/// A field that only one kind of Zeek log has, where the record does not say its kind (zeek.org, "Log Formats").
const ZEEK_KINDS: &[(&str, &str)] = &[
    ("conn_state", "conn"),
    ("qtype_name", "dns"),
    ("rcode_name", "dns"),
    ("trans_depth", "http"),
    ("user_agent", "http"),
    ("request_type", "kerberos"),
    ("named_pipe", "dce_rpc"),
    ("cipher", "ssl"),
    ("server_name", "ssl"),
    ("share_type", "smb_mapping"),
    ("mailfrom", "smtp"),
    ("auth_success", "ssh"),
    ("ntlm.username", "ntlm"),
    ("cookie", "rdp"),
    ("failure_reason", "dpd"),
];

/// What [`of`] found.
pub(super) struct Shaped {
    pub dataset: Name,
    pub time: Option<Read>,
}

/// Other arrangements of names are forgotten from so many on.
const MOST: usize = 512;

/// What was found out about objects by their names alone, for the next ones that have the same in the same order.
#[derive(Default)]
pub(super) struct Shapes {
    known: HashMap<Vec<u32>, Known>,
    round: u32,
}

/// What names say.
struct Known {
    /// A Windows event; the fields that have other names there, by their place, with the number of the name.
    windows: Option<Vec<(usize, u32)>>,
    /// Of the names that are looked at further, those that are there then.
    numbers: Vec<&'static str>,
    times: Vec<&'static str>,
    /// Whether it may be one of CloudTrail, Suricata, Zeek.
    others: [bool; 3],
}

impl Shapes {
    /// Tells what wrote the object and gives its fields their known names.
    pub fn of(&mut self, fields: &mut Fields) -> Shaped {
        if self.round != fields.round() || self.known.len() > MOST {
            *self = Shapes { round: fields.round(), ..Shapes::default() };
        }
        if let Some(known) = self.known.get(fields.order()) {
            for (at, name) in known.windows.iter().flatten() {
                fields.rename_at(*at, *name);
            }
            return known.read(fields);
        }
        // What a tool's results are hangs on values too.
        if results::may_be(&|name| fields.get(name).is_some()) {
            if let Some((dataset, time)) = results::of(fields) {
                return Shaped { dataset: fields.name(&dataset), time };
            }
            return Known::new(fields).read(fields);
        }
        let order = fields.order().to_vec();
        let known = Known::new(fields);
        let shaped = known.read(fields);
        self.known.insert(order, known);
        shaped
    }
}

impl Known {
    /// Gives the fields their known names and says what these are.
    fn new(fields: &mut Fields) -> Known {
        let renames = windows(&|name| fields.get(name).is_some());
        let windows = renames.map(|renames| {
            let before = fields.order().to_vec();
            renames.names.iter().for_each(|(from, to)| fields.rename(from, to));
            renames.prefixes.iter().for_each(|prefix| fields.strip(prefix));
            let after = fields.order().iter().copied().enumerate();
            after.zip(before).filter(|((_, new), old)| new != old).map(|(field, _)| field).collect()
        });
        let has = |name: &&&str| fields.get(name).is_some();
        let all = |names: &[&str]| names.iter().all(|name| has(&name));
        Known {
            windows,
            numbers: NUMBERS.iter().filter(has).copied().collect(),
            times: TIMES.iter().filter(has).copied().collect(),
            others: [
                all(&["eventSource", "eventName"]),
                all(&["event_type", "timestamp"]),
                all(&["_path"]) || all(&["@stream"]) || all(&["ts", "uid"]),
            ],
        }
    }

    fn read(&self, fields: &mut Fields) -> Shaped {
        let [aws, eve, zeek_log] = self.others;
        let dataset = self
            .windows
            .as_ref()
            .map(|_| windows_dataset(fields, &self.numbers))
            .or_else(|| aws.then(|| cloudtrail(fields))?)
            .or_else(|| eve.then(|| suricata(fields))?)
            .or_else(|| zeek_log.then(|| zeek(fields))?)
            .or_else(|| fields.text("event.dataset").and_then(word))
            .unwrap_or_else(|| super::OTHER.into());
        let first = if dataset.starts_with("zeek.") { "ts" } else { TIMES[0] };
        let times = std::iter::once(&first).chain(&self.times);
        let time = times.filter_map(|name| fields.get(name).and_then(time::of_value)).next();
        Shaped { dataset: fields.name(&dataset), time }
    }
}

/// Whether these are the names of a Windows event in one of its flat shapes.
pub(crate) fn windows(has: &dyn Fn(&str) -> bool) -> Option<Renames> {
    if has("winlog.channel") && has("winlog.event_id") {
        return Some(Renames { names: WINLOGBEAT, prefixes: &["winlog.event_data.", "winlog.user_data."] });
    }
    let any = |names: &[&str]| names.iter().any(|n| has(n));
    let by_id = any(&["EventID", "EventId", "event_id"])
        && any(&["Channel", "LogName", "log_name", "SourceName", "ProviderName", "Provider_Name"]);
    let by_object = has("Id")
        && (has("LogName") && has("ProviderName")
            || has("TimeCreated") && any(&["LogName", "ProviderName", "LevelDisplayName"]));
    (by_id || by_object).then_some(Renames { names: FLAT_WINDOWS, prefixes: &["event_data."] })
}

/// The number of a level that is a word.
pub(crate) fn level(word: &str) -> Option<i64> {
    LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim())).map(|(_, level)| *level)
}

fn windows_dataset(fields: &mut Fields, numbers: &[&str]) -> String {
    for name in numbers {
        if let Some(number) = fields.text(name).and_then(|text| text.trim().parse().ok()) {
            fields.set(name, Value::Int(number));
        }
    }
    if let Some((word, number)) = fields.text("Level").and_then(|w| Some((w.to_owned(), level(w)?))) {
        fields.set("Level", Value::Int(number));
        if fields.get("LevelDisplayName").is_none() {
            fields.put("LevelDisplayName", Value::Str(word.into()));
        }
    }
    event::windows::dataset(fields.text("Channel").unwrap_or_default()).to_owned()
}

/// AWS CloudTrail (its user guide, "CloudTrail record contents").
fn cloudtrail(fields: &mut Fields) -> Option<String> {
    fields.text("eventSource")?;
    fields.text("eventName")?;
    let sure = ["awsRegion", "eventVersion", "userIdentity.type"].iter().any(|n| fields.get(n).is_some());
    sure.then(|| "aws.cloudtrail".to_owned())
}

/// Suricata's EVE (its user guide, "EVE JSON Format").
fn suricata(fields: &mut Fields) -> Option<String> {
    let kind = fields.text("event_type")?;
    fields.text("timestamp")?;
    // Its own object under the name of its type, or an address or flow around it.
    let own = |name: &str| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
    let around = ["src_ip", "flow_id", "in_iface", "pcap_cnt"];
    if !fields.names().any(|name| own(name) || around.contains(&name)) {
        return None;
    }
    Some(format!("suricata.{}", word(kind).unwrap_or_else(|| "other".into())))
}

fn zeek(fields: &mut Fields) -> Option<String> {
    let stream =
        || fields.text("@stream").filter(|_| fields.get("@proc").is_some() || fields.get("ts").is_some());
    if let Some(path) = fields.text("_path").or_else(stream) {
        return Some(format!("zeek.{}", word(path).unwrap_or_else(|| "other".into())));
    }
    fields.get("ts")?;
    fields.get("uid")?;
    if fields.get("id.orig_h").is_none() && fields.get("id_orig_h").is_none() {
        return None;
    }
    let kind = ZEEK_KINDS.iter().find(|(name, _)| fields.get(name).is_some());
    Some(format!("zeek.{}", kind.map_or("other", |(_, kind)| kind)))
}

/// A word of the source that may be part of a dataset's name.
pub(crate) fn word(text: &str) -> Option<String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(good) && !text.starts_with('.');
    fits.then(|| text.to_ascii_lowercase())
}
