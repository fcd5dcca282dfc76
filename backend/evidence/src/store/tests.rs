//! The store on a real folder.

use super::*;
use std::io::Write;

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Every file in the store, relative to it.
fn listing(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for folder in fs::read_dir(dir).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if folder.is_dir() {
            let inner = fs::read_dir(&folder).unwrap();
            names.extend(inner.map(|f| format!("{name}/{}", f.unwrap().file_name().to_str().unwrap())));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}

#[test]
fn known_hashes_and_a_name_by_hash() {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(&dir.path().join("evidence")).unwrap();
    let stored = store.put(&mut file(b"abc"), &mut go_on).unwrap();
    // FIPS 180-2, appendix B.1; the BLAKE3 value is that of the reference implementation.
    assert_eq!(stored.sha256.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(stored.blake3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
    assert_eq!(stored.size, 3);
    let name = "ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(listing(&dir.path().join("evidence")), [name]);
    assert_eq!(hash_only(&mut file(b"abc"), &mut go_on).unwrap(), stored);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("evidence").join(name)), 0o400);
        assert_eq!(mode(&dir.path().join("evidence")), 0o700);
        assert_eq!(mode(&dir.path().join("evidence/ba")), 0o700);
    }
}

#[test]
fn the_same_content_is_kept_once_and_can_be_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path()).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut seen = Vec::new();
    let first = store.put(&mut file(&bytes), &mut |n| {
        seen.push(n);
        ControlFlow::Continue(())
    });
    let first = first.unwrap();
    assert_eq!(seen.last(), Some(&3_000_000));
    assert!(seen.len() >= 3 && seen.is_sorted());
    assert_eq!(store.put(&mut file(&bytes), &mut go_on).unwrap(), first);
    assert_eq!(listing(dir.path()).len(), 1);
    assert!(store.has(&first.sha256) && store.verify(&first.sha256).unwrap());
    assert_eq!(store.read_range(&first.sha256, 1000, 5).unwrap(), bytes[1000..1005]);
    assert_eq!(store.read_range(&first.sha256, 2_999_998, 50).unwrap(), bytes[2_999_998..]);
    assert_eq!(store.read_range(&first.sha256, u64::MAX / 4, 50).unwrap(), b"");
    assert!(store.remove(&first.sha256).unwrap());
    assert!(!store.remove(&first.sha256).unwrap());
    assert!(matches!(store.open_kept(&first.sha256), Err(Error::NotKept(_))));
}

#[test]
fn a_changed_or_cut_off_content_is_noticed_and_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path()).unwrap();
    let stored = store.put(&mut file(b"evidence"), &mut go_on).unwrap();
    let path = store.path(&stored.sha256);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"evidencf").unwrap();
    assert!(!store.verify(&stored.sha256).unwrap());
    fs::write(&path, b"evi").unwrap();
    store.put(&mut file(b"evidence"), &mut go_on).unwrap();
    assert!(store.verify(&stored.sha256).unwrap(), "a file of another size is written again");
}

#[test]
fn cancelling_and_failing_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path()).unwrap();
    let cancelled = store.put(&mut file(&[1; 2_500_000]), &mut |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(Error::Cancelled)));
    assert_eq!(listing(dir.path()), [""; 0]);
    // A handle that can't be read fails on the first read.
    let unreadable = tempfile::NamedTempFile::new().unwrap();
    let mut write_only = OpenOptions::new().write(true).open(unreadable.path()).unwrap();
    assert!(matches!(store.put(&mut write_only, &mut go_on), Err(Error::Io { .. })));
    assert_eq!(listing(dir.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_apart() {
    // The device that is always full stands for a full disk.
    let Ok(mut full) = OpenOptions::new().write(true).open("/dev/full") else { return };
    let error = copy_hashed(&mut &b"abc"[..], &mut full, &mut go_on).unwrap_err();
    assert!(matches!(error, Error::NoSpace), "{error:?}");
}

#[test]
fn partial_files_go_at_the_next_open_and_kept_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let kept = ContentStore::open(dir.path()).unwrap().put(&mut file(b"kept"), &mut go_on).unwrap();
    fs::write(dir.path().join("partial-0"), b"half").unwrap();
    let store = ContentStore::open(dir.path()).unwrap();
    assert_eq!(listing(dir.path()).len(), 1);
    assert!(store.has(&kept.sha256));
}

#[test]
fn threads_that_put_the_same_content_agree() {
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for n in 0..8_u8 {
            let store = &store;
            scope.spawn(move || store.put(&mut file(&[n % 2; 70_000]), &mut go_on).unwrap());
        }
    });
    assert_eq!(listing(dir.path()).len(), 2);
}

#[test]
fn a_fingerprint_shows_a_change() {
    let mut source = tempfile::NamedTempFile::new().unwrap();
    source.write_all(b"before").unwrap();
    let mut handle = File::open(source.path()).unwrap();
    let before = crate::Fingerprint::of(&mut handle, &mut go_on).unwrap();
    assert_eq!(before, crate::Fingerprint::of(&mut handle, &mut go_on).unwrap());
    assert_eq!((before.size, before.mtime_ns > 0), (6, true));
    source.rewind().unwrap();
    source.write_all(b"after.").unwrap();
    let after = crate::Fingerprint::of(&mut handle, &mut go_on).unwrap();
    assert_eq!(after.size, before.size);
    assert_ne!(after.sha256, before.sha256);
}

proptest::proptest! {
    #[test]
    fn only_a_sha256_is_a_name(text in r"[0-9a-fA-F/.\\ é]{0,70}") {
        if let Ok(hash) = Sha256Hex::parse(&text) {
            proptest::prop_assert!(hash.as_str().len() == 64);
            proptest::prop_assert!(!text.contains(['/', '.', '\\']));
        }
    }

    #[test]
    fn what_is_put_is_what_is_read(bytes: Vec<u8>, offset in 0_u64..40, len in 0_usize..40) {
        let dir = tempfile::tempdir().unwrap();
        let store = ContentStore::open(dir.path()).unwrap();
        let stored = store.put(&mut file(&bytes), &mut go_on).unwrap();
        let start = (offset as usize).min(bytes.len());
        let end = (start + len).min(bytes.len());
        proptest::prop_assert_eq!(store.read_range(&stored.sha256, offset, len).unwrap(), &bytes[start..end]);
    }
}
