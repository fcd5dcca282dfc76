//! Tools by the fields of their results, and those fields' ECS names.

/// One tool's results.
pub(crate) struct Tool {
    pub dataset: &'static str,
    /// Fields that all of them have…
    pub needs: &'static [&'static str],
    /// …and of these one at least, where there are any.
    pub any: &'static [&'static str],
    /// Where the event's time is, best first.
    pub times: &'static [&'static str],
    /// From and to; the first that holds something wins.
    pub names: &'static [(&'static str, &'static str)],
}

/// The tools, more telling ones first.
pub(super) const TOOLS: &[Tool] = &[
    // Hayabusa's README, "Timeline Output": profiles of csv-timeline and json-timeline.
    Tool {
        dataset: "hayabusa",
        needs: &["Timestamp", "RuleTitle", "Level"],
        any: &[],
        times: &["Timestamp"],
        names: &[
            ("Computer", "host.name"),
            ("Details.User", "user.name"),
            ("Details.TgtUser", "user.name"),
            ("Details.SrcUser", "user.name"),
            ("RuleTitle", "rule.name"),
            ("RuleID", "rule.id"),
            ("RuleAuthor", "rule.author"),
            ("Level", "log.level"),
            ("EventID", "event.code"),
            ("Provider", "event.provider"),
            ("Channel", "winlog.channel"),
            ("RecordID", "winlog.record_id"),
            ("MitreTactics", "threat.tactic.name"),
            ("MitreTags", "threat.technique.id"),
            ("EvtxFile", "log.file.path"),
            ("Details.SrcIP", "source.ip"),
            ("Details.Cmdline", "process.command_line"),
        ],
    },
    // Chainsaw 2, `hunt --json` and `--jsonl`: `Detection` in its src/cli.rs.
    Tool {
        dataset: "chainsaw",
        needs: &["group", "kind", "name", "timestamp"],
        any: &["document.kind", "documents.kind"],
        times: &["timestamp"],
        names: &[
            ("document.data.Event.System.Computer", "host.name"),
            ("document.data.Event.EventData.User", "user.name"),
            ("document.data.Event.EventData.TargetUserName", "user.name"),
            ("document.data.Event.EventData.SubjectUserName", "user.name"),
            ("name", "rule.name"),
            ("id", "rule.id"),
            ("authors", "rule.author"),
            ("references", "rule.reference"),
            ("level", "log.level"),
            ("document.data.Event.System.EventID", "event.code"),
            ("document.data.Event.System.EventID.#text", "event.code"),
            ("document.data.Event.System.Channel", "winlog.channel"),
            ("document.data.Event.System.EventRecordID", "winlog.record_id"),
            ("document.path", "log.file.path"),
            ("document.data.Event.EventData.CommandLine", "process.command_line"),
        ],
    },
    // Chainsaw 2, `hunt --csv`: `print_csv` there; columns after the first two are those of its mappings.
    Tool {
        dataset: "chainsaw",
        needs: &["timestamp", "detections"],
        any: &["path", "data", "count", "Event ID", "Computer"],
        times: &["timestamp"],
        names: &[
            ("Computer", "host.name"),
            ("User", "user.name"),
            ("User Name", "user.name"),
            ("Target User", "user.name"),
            ("detections", "rule.name"),
            ("Event ID", "event.code"),
            ("Event.System.Provider", "event.provider"),
            ("Record ID", "winlog.record_id"),
            ("path", "log.file.path"),
        ],
    },
    // Plaso's l2tcsv (forensics.wiki, "L2T CSV"): 17 columns, date and time apart, with the zone they are in.
    Tool {
        dataset: "plaso",
        needs: &["date", "time", "timezone", "MACB", "source", "sourcetype", "desc"],
        any: &[],
        times: &[],
        names: &[
            ("host", "host.name"),
            ("user", "user.name"),
            ("desc", "message"),
            ("filename", "file.path"),
            ("inode", "file.inode"),
            ("type", "event.action"),
            ("format", "event.module"),
        ],
    },
    // Plaso's dynamic output (its docs, "Using psort").
    Tool {
        dataset: "plaso",
        needs: &["datetime", "timestamp_desc", "source", "source_long"],
        any: &[],
        times: &["datetime"],
        names: PLASO,
    },
    // Plaso's json_line output: event data with its parser and data type.
    Tool {
        dataset: "plaso",
        needs: &["timestamp", "timestamp_desc", "data_type", "parser"],
        any: &[],
        times: &["datetime", "timestamp"],
        names: PLASO,
    },
    // Timesketch (its docs, "Import from JSON or CSV"): three fields must be there; timestamp is in microseconds.
    Tool {
        dataset: "timesketch",
        needs: &["message", "timestamp_desc"],
        any: &["datetime", "timestamp"],
        times: &["datetime", "timestamp"],
        names: &[
            ("hostname", "host.name"),
            ("host", "host.name"),
            ("computer_name", "host.name"),
            ("Computer", "host.name"),
            ("username", "user.name"),
            ("user", "user.name"),
            ("timestamp_desc", "event.action"),
            ("data_type", "event.module"),
            ("Level", "log.level"),
            ("RuleTitle", "rule.name"),
            ("EventID", "event.code"),
        ],
    },
];

const PLASO: &[(&str, &str)] = &[
    ("hostname", "host.name"),
    ("host", "host.name"),
    ("computer_name", "host.name"),
    ("username", "user.name"),
    ("user", "user.name"),
    ("filename", "file.path"),
    ("inode", "file.inode"),
    ("timestamp_desc", "event.action"),
    ("parser", "event.module"),
    ("event_identifier", "event.code"),
];

/// Open Cybersecurity Schema Framework (schema.ocsf.io): attributes of its base event and objects.
pub(super) const OCSF: &[(&str, &str)] = &[
    ("device.hostname", "host.name"),
    ("device.name", "host.name"),
    ("actor.user.name", "user.name"),
    ("src_endpoint.ip", "source.ip"),
    ("src_endpoint.port", "source.port"),
    ("dst_endpoint.ip", "destination.ip"),
    ("dst_endpoint.port", "destination.port"),
    ("finding_info.title", "rule.name"),
    ("finding.title", "rule.name"),
    ("finding_info.uid", "rule.id"),
    ("severity", "log.level"),
    ("activity_name", "event.action"),
    ("metadata.product.name", "event.module"),
    ("process.cmd_line", "process.command_line"),
    ("process.file.path", "process.executable"),
    ("query.hostname", "dns.question.name"),
    ("status", "event.outcome"),
];
