//! Which format a source has, from its first bytes and never from its name.

use crate::{Format, auditd, cef, container, csv, json, leef, loose, syslog, text::encoding, zeek};
use std::{
    fs::File,
    io::{self, Read, Seek},
};

/// How many bytes from the start of a source decide.
pub const HEAD: usize = 64 * 1024;

/// Magic numbers: offset, bytes, name. More telling ones first.
const MAGICS: &[(usize, &[u8], &str)] = &[
    (0, b"\xd4\xc3\xb2\xa1", "pcap capture"),
    (0, b"\xa1\xb2\xc3\xd4", "pcap capture"),
    (0, b"\x4d\x3c\xb2\xa1", "pcap capture"),
    (0, b"\xa1\xb2\x3c\x4d", "pcap capture"),
    (0, b"\x0a\x0d\x0d\x0a", "pcapng capture"),
    (0, b"EVF\x09\x0d\x0a\xff\x00", "E01 disk image"),
    (0, b"EVF2\x0d\x0a\x81\x00", "Ex01 disk image"),
    (0, b"LVF\x09\x0d\x0a\xff\x00", "L01 evidence file"),
    (0, b"EMiL", "memory image"),
    (0, b"PAGEDU", "Windows crash dump"),
    (0, b"MDMP", "Windows minidump"),
    (0, b"regf", "registry hive"),
    (0, b"FILE0", "NTFS master file table"),
    (0, b"LfLe", "old Windows event log (EVT)"),
    (4, b"LfLe", "old Windows event log (EVT)"),
    (4, b"SCCA", "prefetch file"),
    (0, b"MAM\x04", "prefetch file"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "Windows shortcut"),
    (4, b"\xef\xcd\xab\x89", "ESE database"),
    (0, b"LPKSHHRH", "systemd journal"),
    (0, b"SQLite format 3\x00", "SQLite database"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (0, b"Rar!\x1a\x07", "RAR archive"),
    (0, b"\x00\x05\x16\x07", "AppleDouble file (macOS metadata)"),
    (0, b"\x7fELF", "ELF program"),
    (0, b"MZ", "Windows program"),
    (0, b"%PDF-", "PDF document"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG image"),
    (0, b"\xff\xd8\xff", "JPEG image"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE compound file"),
];

/// Decides by the first bytes of a source ([`HEAD`] of them, or all when it is shorter).
pub fn sniff(head: &[u8]) -> Format {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|b| b.starts_with(magic));
    // The second place keeps a log whose file header is damaged but whose chunks are there.
    if at(0, b"ElfFile\0") || at(4096, b"ElfChnk\0") {
        return Format::Evtx;
    }
    if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") {
        return Format::Zip;
    }
    if at(0, b"\x1f\x8b") {
        return Format::Gzip;
    }
    if is_zstd(head) {
        return Format::Zstd;
    }
    if container::is_tar(head) {
        return Format::Tar;
    }
    let magic = MAGICS.iter().find(|(offset, magic, _)| at(*offset, magic)).map(|m| m.2);
    if let Some(what) = magic {
        return Format::Unknown { what };
    }
    let text = &*encoding::head(head);
    if zeek::is(text) {
        Format::Zeek
    } else if auditd::is(text) {
        Format::Auditd
    } else if json::is(text) {
        Format::Json
    } else if let Some(what) = document(text) {
        Format::Unknown { what }
    } else if !is_text(text) {
        Format::Unknown { what: text_or_data(head) }
    } else if cef::is(text) {
        Format::Cef
    } else if leef::is(text) {
        Format::Leef
    } else if syslog::is(text) {
        Format::Syslog
    } else if csv::is(text) {
        Format::Csv
    } else if loose::is(text) {
        Format::Text
    } else {
        Format::Unknown { what: text_or_data(head) }
    }
}

/// Texts that are no logs, by how they begin.
fn document(text: &[u8]) -> Option<&'static str> {
    const BEGINNINGS: &[(&[u8], &str)] = &[
        (b"<?xml", "XML text"),
        (b"<!doctype html", "HTML text"),
        (b"<html", "HTML text"),
        (b"{\\rtf", "RTF document"),
        (b"#!", "script"),
        (b"-----BEGIN ", "PEM text (key or certificate)"),
        (b"Windows Registry Editor", "registry export"),
        (b"REGEDIT4", "registry export"),
    ];
    let text = text.trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with));
    BEGINNINGS.iter().find(|(with, _)| begins(with)).map(|(_, what)| *what)
}

/// A zstd frame, also behind skippable ones (RFC 8878, section 3.1.2: magic number 0x184D2A50 to …5F, then 4 bytes of
/// length).
fn is_zstd(head: &[u8]) -> bool {
    let mut rest = head;
    while let [low, 0x2a, 0x4d, 0x18, a, b, c, d, after @ ..] = rest
        && low & 0xf0 == 0x50
    {
        let len = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        match after.get(len..) {
            Some(after) if !after.is_empty() => rest = after,
            _ => return true,
        }
    }
    rest.starts_with(b"\x28\xb5\x2f\xfd")
}

/// What UTF-8 text may begin with (Unicode 16.0, section 23.8).
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The format of an open file by its content, or the one that the user says; its position is at the start afterwards.
pub fn open(file: &mut File, wanted: Option<Format>) -> io::Result<Format> {
    match wanted {
        Some(format) => file.rewind().map(|()| format),
        None => sniff_file(file),
    }
}

/// [`sniff`] on an open file; its position is at the start afterwards.
pub fn sniff_file(file: &mut File) -> io::Result<Format> {
    let mut head = Vec::new();
    file.rewind()?;
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(sniff(&head))
}

/// Text is told from data by its control characters: logs have none but white space and escape.
fn is_text(text: &[u8]) -> bool {
    !text.iter().any(|b| matches!(b, 0..=8 | 14..=26 | 28 | 31 | 127))
}

fn text_or_data(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "empty file";
    }
    let wide = matches!(
        encoding::Encoding::of_head(head),
        encoding::Encoding::Utf16Le | encoding::Encoding::Utf16Be
    );
    let text = &*encoding::head(head);
    if !is_text(text) {
        return "binary data";
    }
    match (text.iter().all(u8::is_ascii_whitespace), wide) {
        (true, _) => "blank text",
        (false, true) => "UTF-16 text of a kind that is not known",
        (false, false) => "text of a kind that is not known",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: Format = Format::Unknown { what: "text of a kind that is not known" };

    #[test]
    fn content_decides() {
        let mut dirty = vec![0; 5000];
        dirty[4096..4104].copy_from_slice(b"ElfChnk\0");
        for (head, what) in [
            (&b"ElfFile\0rest"[..], Format::Evtx),
            (&dirty, Format::Evtx),
            (b"PK\x03\x04rest", Format::Zip),
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x5e\x2a\x4d\x18\x02\0\0\0ab\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x5e\x2a\x4d\x18\x02\0\0\0abcd", Format::Unknown { what: "binary data" }),
            (b"BZh91AY", Format::Unknown { what: "bzip2 archive" }),
            (b"regf....", Format::Unknown { what: "registry hive" }),
            (b"\xef\xbb\xbf {\"a\":1}", Format::Json),
            (b"[\n  {\"a\": 1}", Format::Json),
            (b"[2024-01-01 10:00:00] started\n", Format::Text),
            (b"[section]\nkey=value\n", TEXT),
            (b"fn main() {\n    // 2024-01-01 10:00:00\n}\n", TEXT),
            (b"{\\rtf1 text}", Format::Unknown { what: "RTF document" }),
            (b"<!DOCTYPE html>\n", Format::Unknown { what: "HTML text" }),
            (b"CEF:0|a|b|1|2|c|3|src=10.0.0.1\n", Format::Cef),
            (b"Jan 18 11:07:53 h LEEF:1.0|a|b|1|c|src=10.0.0.1\n", Format::Leef),
            (b"<34>1 2003-10-11T22:14:15.003Z h su - ID47 - x\n", Format::Syslog),
            (b"\xff\xfe{\0\"\0a\0\"\0:\x001\0}\0", Format::Json),
            (b"\xfe\xff\0h\0i", Format::Unknown { what: "UTF-16 text of a kind that is not known" }),
            (
                b"J\0a\0n\0 \0 \x001\0 \x000\x000\0:\x000\x000\0:\x000\x000\0 \0h\0 \0s\0:\0 \0x\0",
                Format::Syslog,
            ),
            (b"Record 1\n{\"Event\": {}}\n", Format::Json),
            (b"#separator \\x09\n#path\tconn\n", Format::Zeek),
            (b"type=CWD msg=audit(1604996384.965:93777): cwd=\"/\"\n", Format::Auditd),
            (b"node=web type=CWD msg=audit(1604996384.965:1): cwd=\"/\"\n", Format::Auditd),
            (b"Jan  1 00:00:00 host su: ok\n", Format::Syslog),
            (b"\x00\x01", Format::Unknown { what: "binary data" }),
            (b"", Format::Unknown { what: "empty file" }),
        ] {
            assert_eq!(sniff(head), what, "{head:02x?}");
        }
    }

    #[test]
    fn a_file_is_left_at_its_start() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"ElfFile\0").unwrap();
        assert_eq!(sniff_file(&mut file).unwrap(), Format::Evtx);
        assert_eq!(file.stream_position().unwrap(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_a_type(head: Vec<u8>) {
            sniff(&head);
        }
    }
}
