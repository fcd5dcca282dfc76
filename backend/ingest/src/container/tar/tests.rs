//! tar and zstd, alone and with the other containers; archives built here. Layouts after POSIX.1-2017 "pax
//! Interchange Format", the GNU tar manual and RFC 8878.

use super::super::tests::{AUDIT, All, LINES, all, gzip, read_with, zipped};
use crate::{Limits, Options};
use ::tar::{Builder, EntryType, Header};

fn header(name: &str, size: usize, kind: EntryType) -> Header {
    let mut header = Header::new_ustar();
    header.set_size(size as u64);
    header.set_entry_type(kind);
    // Names as they are, also those that the builder refuses.
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    header
}

fn add(to: &mut Vec<u8>, name: &str, kind: EntryType, bytes: &[u8]) {
    to.extend(header(name, bytes.len(), kind).as_bytes());
    to.extend(bytes);
    to.resize(to.len().next_multiple_of(512), 0);
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut to = Vec::new();
    members.iter().for_each(|(name, bytes)| add(&mut to, name, EntryType::Regular, bytes));
    to.resize(to.len() + 1024, 0);
    to
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn contents(all: &All) -> Vec<(&str, &str)> {
    all.contents.iter().map(|c| (c.member.as_deref().unwrap(), c.format.as_str())).collect()
}

fn reasons(all: &All) -> Vec<(&str, &str)> {
    all.skipped.iter().map(|s| (s.member.as_deref().unwrap_or("-"), s.reason.as_str())).collect()
}

#[test]
fn members_are_the_same_whatever_is_around_them() {
    let members = [("logs/a.json", LINES), ("logs/b.log", AUDIT), ("c.json.zst", &zst(LINES))];
    let want = [
        ("logs/a.json", "json"),
        ("logs/b.log", "auditd"),
        ("c.json.zst", "zstd/json"),
        ("in.zip > d.json", "zip/json"),
        ("in.tar > e.log", "tar/auditd"),
    ];
    let inner = [("in.zip", &zipped(&[("d.json", LINES)])[..]), ("in.tar", &tarred(&[("e.log", AUDIT)]))];
    let archive = tarred(&[&members[..], &inner[..]].concat());
    let plain = all(&archive);
    for (bytes, around, name) in [
        (archive.clone(), "tar/", ""),
        (gzip(&archive), "gzip/tar/", ""),
        (zst(&archive), "zstd/tar/", ""),
        (zipped(&[("x.tar.gz", &gzip(&archive))]), "zip/gzip/tar/", "x.tar.gz > "),
        (tarred(&[("x.tar.zst", &zst(&archive))]), "tar/zstd/tar/", "x.tar.zst > "),
    ] {
        let got = all(&bytes);
        let want: Vec<_> = want.iter().map(|(n, f)| (format!("{name}{n}"), format!("{around}{f}"))).collect();
        let want: Vec<_> = want.iter().map(|(n, f)| (n.as_str(), f.as_str())).collect();
        assert_eq!(contents(&got), want);
        assert_eq!(got.events, plain.events, "{around}");
        let (sizes, hashes): (Vec<_>, Vec<_>) = got.contents.iter().map(|c| (c.size, c.sha256)).unzip();
        assert_eq!((sizes[0], hashes[0]), (LINES.len() as u64, hashes[2]), "{around}");
        assert!(got.bytes.is_sorted() && *got.bytes.last().unwrap() <= bytes.len() as u64, "{around}");
        for (from, events) in &got.resumes {
            let rest = read_with(&bytes, &Options { batch: 2, from: *from, ..Options::default() }).unwrap();
            assert_eq!(rest.events, got.events[*events..], "{around} {from:?}");
        }
    }
}

#[test]
fn long_names_of_every_kind_are_names() {
    let long = format!("{}/x.json", "deep/".repeat(60));
    let mut gnu = Builder::new(Vec::new());
    let mut head = Header::new_gnu();
    head.set_size(LINES.len() as u64);
    gnu.append_data(&mut head, &long, LINES).unwrap();
    let gnu = gnu.into_inner().unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", long.as_bytes()), ("comment", b"x")]).unwrap();
    let mut pax = pax.into_inner().unwrap();
    pax.truncate(pax.len() - 1024);
    add(&mut pax, "short", EntryType::Regular, LINES);
    // A pax size wins over the header's.
    let size = LINES.len().to_string();
    let mut more = Builder::new(Vec::new());
    more.append_pax_extensions([("size", size.as_bytes())]).unwrap();
    let more = more.into_inner().unwrap();
    pax.extend(&more[..more.len() - 1024]);
    pax.extend(header("sized.json", 0, EntryType::Regular).as_bytes());
    pax.extend(LINES);
    let mut old = Header::new_old();
    old.as_mut_bytes()[..5].copy_from_slice(b"v7.js");
    old.set_size(LINES.len() as u64);
    old.set_cksum();
    let mut v7 = old.as_bytes().to_vec();
    v7.extend(LINES);
    for (bytes, want) in
        [(gnu, vec![long.as_str()]), (pax, vec![long.as_str(), "sized.json"]), (v7, vec!["v7.js"])]
    {
        let got = all(&bytes);
        let names: Vec<_> = contents(&got).iter().map(|c| c.0.to_owned()).collect();
        assert_eq!(names, want);
        assert_eq!(got.events.len(), 5 * want.len());
    }
}

#[test]
fn what_is_no_file_is_named_and_never_followed() {
    let mut archive = Vec::new();
    add(&mut archive, "folder/", EntryType::Directory, b"");
    add(&mut archive, "folder2/", EntryType::Regular, b"");
    // A link's size says nothing of bytes behind it.
    let mut link = header("link", 5000, EntryType::Symlink);
    link.set_link_name_literal("/etc/passwd").unwrap();
    link.set_cksum();
    archive.extend(link.as_bytes());
    add(&mut archive, "hard", EntryType::Link, b"");
    add(&mut archive, "dev", EntryType::Char, b"");
    add(&mut archive, "pipe", EntryType::Fifo, b"");
    let mut sparse = header("sparse", 512, EntryType::GNUSparse);
    sparse.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0");
    sparse.as_mut_bytes()[482] = 1;
    sparse.set_cksum();
    archive.extend(sparse.as_bytes());
    archive.extend([0; 512]);
    archive.extend([b'x'; 512]);
    let mut pax = Builder::new(Vec::new());
    let records = [("GNU.sparse.major", &b"1"[..]), ("GNU.sparse.name", b"real.bin"), ("path", b"made.up")];
    pax.append_pax_extensions(records).unwrap();
    let pax = pax.into_inner().unwrap();
    archive.extend(&pax[..pax.len() - 1024]);
    add(&mut archive, "made-up", EntryType::Regular, b"map and data");
    add(&mut archive, "../../evil.json", EntryType::Regular, LINES);
    add(&mut archive, "odd", EntryType::new(b'?'), b"content");
    add(&mut archive, "last.log", EntryType::Regular, AUDIT);
    for bytes in [archive.clone(), gzip(&archive)] {
        let got = all(&bytes);
        let names: Vec<_> = contents(&got).iter().map(|c| c.0).collect();
        assert_eq!(names, ["../../evil.json", "last.log"]);
        let named: Vec<_> = reasons(&got).into_iter().filter(|r| !r.1.starts_with("line")).collect();
        assert_eq!(
            named,
            [
                ("link", "a symbolic link: not followed"),
                ("hard", "a hard link: not followed"),
                ("dev", "a device or pipe: not read"),
                ("pipe", "a device or pipe: not read"),
                ("sparse", "a sparse file: not read"),
                ("real.bin", "a sparse file: not read"),
                ("odd", "an entry of an unknown kind: not read"),
            ]
        );
    }
}

#[test]
fn archives_one_after_another_and_what_lies_behind_them() {
    let two = [tarred(&[("a.log", AUDIT)]), tarred(&[("b.log", AUDIT)])].concat();
    let names: Vec<_> = all(&two).contents.iter().map(|c| c.member.clone().unwrap()).collect();
    assert_eq!(names, ["a.log", "b.log"]);
    let behind = [&tarred(&[("a.log", AUDIT)])[..], &[b'x'; 700]].concat();
    let got = all(&behind);
    assert_eq!(got.events.len(), 1);
    assert!(got.skipped[0].reason.contains("behind the end"), "{:?}", got.skipped);
}

#[test]
fn damage_costs_what_it_hits() {
    let many: String =
        (0..200_000_u64).map(|n| format!("{{\"a\":{}}}\n", n.wrapping_mul(0x9e37_79b9))).collect();
    let many = many.as_bytes();
    let archive = tarred(&[("a.log", AUDIT), ("b.json", many), ("c.log", AUDIT)]);
    for bytes in [archive.clone(), zst(&archive), gzip(&archive)] {
        let cut = all(&bytes[..bytes.len() * 2 / 3]);
        assert_eq!(cut.contents.len(), 2);
        assert!(cut.events.iter().filter(|e| e.0 == 1).count() > 100);
        let said = &cut.skipped[cut.skipped.len() - 2..];
        assert!(
            said[0].reason.contains("cut off") && said[0].member.as_deref() == Some("b.json"),
            "{said:?}"
        );
        assert!(said[1].reason.contains("cut off") && said[1].member.is_none(), "{said:?}");
    }
    // No header where the second should be.
    let mut bad = archive.clone();
    bad[1024 + 150] ^= 0xff;
    let got = all(&bad);
    assert_eq!(got.events.len(), 1);
    assert!(got.skipped[0].reason.contains("no header where one should be"), "{:?}", got.skipped);
    bad[150] ^= 0xff;
    let error = read_with(&bad, &Options::default()).err().unwrap();
    assert!(error.to_string().contains("tar archive is damaged"), "{error}");
}

#[test]
fn zstd_frames_skippable_ones_and_windows() {
    let skippable = [&b"\x51\x2a\x4d\x18\x03\0\0\0"[..], b"abc"].concat();
    let frames = [&skippable[..], &zst(b"{\"a\":1}\n"), &skippable, &zst(b"{\"a\":2}\n")].concat();
    let got = all(&frames);
    assert_eq!((got.contents[0].format.as_str(), got.events.len()), ("zstd/json", 2));
    // A frame that wants a window of 256 MiB: descriptor 0 (no size, no checksum), window 10 + 18.
    let wide = [&b"\x28\xb5\x2f\xfd\x00\x90"[..], b"\x01\x00\x00"].concat();
    let got = all(&wide);
    assert!(got.skipped[0].reason.contains("zstd data is damaged or cut off"), "{:?}", got.skipped);
    // Packed bytes that hold nothing end before they waste time.
    let empty = [&b"\x50\x2a\x4d\x18"[..], &(1_u32 << 20).to_le_bytes(), &vec![0; 1 << 20]].concat();
    let got = all(&[empty.repeat(80), zst(LINES)].concat());
    assert!(got.events.is_empty() && got.skipped[0].reason.contains("hold nothing"), "{:?}", got.skipped);
}

#[test]
fn limits_are_met_with_a_reason() {
    let read =
        |bytes: &[u8], limits: Limits| read_with(bytes, &Options { limits, ..Options::default() }).unwrap();
    let lines = LINES.repeat(100_000);
    let small = Limits { free: 1 << 16, ratio: 5, ..Limits::default() };
    for bytes in [zst(&lines), zst(&tarred(&[("a", &lines)])), tarred(&[("a.zst", &zst(&lines))])] {
        let got = read(&bytes, small.clone());
        assert!(got.events.len() > 100 && got.skipped.iter().any(|s| s.reason.contains("unpacks to more")));
    }
    let three = tarred(&[("a", AUDIT), ("b", AUDIT), ("c", AUDIT)]);
    for bytes in [three.clone(), gzip(&three), zipped(&[("x", &three)])] {
        let got = read(&bytes, Limits { entries: 3 - u64::from(bytes == three), ..Limits::default() });
        assert_eq!(got.events.len(), 2 + usize::from(bytes[..2] == *b"\x1f\x8b"), "{:?}", got.skipped);
    }
    let got = read(&gzip(&three), Limits { entries: 2, ..Limits::default() });
    assert!(got.events.len() == 2 && got.skipped[0].reason.contains("more than 2 entries"));
    let got = read(&tarred(&[("a", &lines), ("b", AUDIT)]), Limits { member: 1000, ..Limits::default() });
    assert!(got.skipped.iter().any(|s| s.reason.contains("no content may have more")), "{:?}", got.skipped);
    assert_eq!(got.events.iter().filter(|e| e.0 == 1).count(), 1);
    // Compression right around a tar archive is no level of its own.
    let tgz = |bytes: &[u8], name: &str| gzip(&tarred(&[(name, bytes)]));
    let three = tgz(&tgz(&tgz(AUDIT, "w"), "x.tgz"), "y.tgz");
    assert_eq!(read(&three, Limits::default()).events.len(), 1);
    let got = read(&tgz(&three, "z.tgz"), Limits::default());
    assert!(got.events.is_empty() && got.skipped[0].reason.contains("inside 3 others"), "{:?}", got.skipped);
}

proptest::proptest! {
    #[test]
    fn any_bytes_in_an_archive_are_taken(bytes: Vec<u8>, at in 0usize..3000, with: u8, fix: bool) {
        let mut archive = tarred(&[("a.json", LINES), ("b.log", AUDIT)]);
        let at = at % archive.len();
        archive[at] = with;
        archive.extend(&bytes);
        if fix {
            let mut header = Header::from_byte_slice(&archive[..512]).clone();
            header.set_cksum();
            archive[..512].copy_from_slice(header.as_bytes());
        }
        // From every resume point comes what is left, whatever is damaged.
        for bytes in [archive.clone(), gzip(&archive)] {
            let one = |from| read_with(&bytes, &Options { batch: 1, from, ..Options::default() });
            let Ok(whole) = one(crate::Resume::default()) else { continue };
            for (from, events) in &whole.resumes {
                let rest = one(*from).unwrap();
                proptest::prop_assert_eq!(&rest.events, &whole.events[*events..]);
            }
        }
        let _ = read_with(&[&b"\x28\xb5\x2f\xfd"[..], &bytes].concat(), &Options::default());
        let mut packed = zst(&archive);
        let at = at % packed.len();
        packed[at] = with;
        let _ = read_with(&packed, &Options::default());
    }
}
