//! The formats that this version reads, by name.

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Windows XML event log.
    Evtx,
    /// JSON in any arrangement: lines, arrays, objects one after another.
    Json,
    /// Zeek's tab-separated logs with their header lines.
    Zeek,
    /// Raw records of the Linux audit daemon, one a line.
    Auditd,
    /// Syslog in RFC 5424, RFC 3164 and what devices make of them, one record a line or a frame.
    Syslog,
    /// ArcSight Common Event Format, bare or in syslog.
    Cef,
    /// IBM Log Event Extended Format, bare or in syslog.
    Leef,
    /// Lines of a kind that is not known: each goes in as it is.
    Text,
    /// Columns with a header line, apart by comma, semicolon, tab or bar.
    Csv,
    /// One or more gzip members (RFC 1952).
    Gzip,
    /// One or more zstd frames (RFC 8878).
    Zstd,
    /// zip archive.
    Zip,
    /// tar archive (POSIX.1-2017 pax, ustar, GNU, v7).
    Tar,
    /// Not read by this version; `what` names the type for the user ("pcap capture", "7-Zip archive", …).
    Unknown {
        /// The type in plain words.
        what: &'static str,
    },
}

impl Format {
    /// All that are read, with the names that users, the API and the store know them by.
    pub const NAMES: &[(&str, Format)] = &[
        ("evtx", Format::Evtx),
        ("json", Format::Json),
        ("zeek", Format::Zeek),
        ("auditd", Format::Auditd),
        ("syslog", Format::Syslog),
        ("cef", Format::Cef),
        ("leef", Format::Leef),
        ("text", Format::Text),
        ("csv", Format::Csv),
        ("gzip", Format::Gzip),
        ("zstd", Format::Zstd),
        ("zip", Format::Zip),
        ("tar", Format::Tar),
    ];

    /// The short name; for [`Format::Unknown`] what it is in words.
    pub fn name(self) -> &'static str {
        if let Format::Unknown { what } = self {
            return what;
        }
        Self::NAMES.iter().find(|(_, f)| *f == self).map_or("", |(name, _)| name)
    }

    /// The format of this short name.
    pub fn parse(name: &str) -> Option<Format> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// Whether other files lie inside it.
    pub fn is_container(self) -> bool {
        matches!(self, Format::Gzip | Format::Zstd | Format::Zip | Format::Tar)
    }

    /// Whether its records follow each other as text, so that it may grow at its end.
    pub fn is_text(self) -> bool {
        !self.is_container() && !matches!(self, Format::Evtx | Format::Unknown { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_formats() {
        for (name, format) in Format::NAMES {
            assert_eq!((Format::parse(name), format.name()), (Some(*format), *name));
        }
        assert_eq!(Format::parse("pcap"), None);
        assert_eq!(Format::Unknown { what: "pcap capture" }.name(), "pcap capture");
    }
}
