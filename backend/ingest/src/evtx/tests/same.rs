//! The reader of records and the decoder's JSON text find the same.

use super::*;

/// Every log below the shared data.
fn logs(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "evtx") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Fails with the first event that differs.
pub(super) fn same(name: &str, path: &Path) {
    let one = all(path, Options::default());
    let other = all(path, Options { decoder_only: true, ..Options::default() });
    let (Ok((one, sum)), Ok((other, decoded))) = (&one, &other) else {
        assert!(one.is_err() && other.is_err(), "{name}");
        return;
    };
    for (one, other) in one.events.iter().zip(&other.events) {
        assert_eq!(one, other, "{name}");
    }
    assert_eq!((&one.skipped, &one.notes), (&other.skipped, &other.notes), "{name}");
    assert_eq!(sum, decoded, "{name}");
}

/// The same of a log's bytes; fails as a property does.
pub(super) fn bytes(log: &[u8]) -> Result<(), proptest::test_runner::TestCaseError> {
    let read = |decoder_only| {
        let mut found = All::default();
        let input = Input::Stream { bytes: Box::new(log), size: log.len() as u64 };
        let sum = read_from(input, Options { decoder_only, ..Options::default() }, &mut |batch| {
            found.events.extend(batch.events);
            found.skipped.extend(batch.skipped);
            found.notes.extend(batch.notes);
            ControlFlow::Continue(())
        });
        (found, sum.ok())
    };
    proptest::prop_assert_eq!(read(false), read(true));
    Ok(())
}

#[test]
fn every_log_gives_the_same_both_ways() {
    let Some(data) = shared() else { return };
    let logs = logs(&data);
    assert!(logs.len() > 100, "{}", logs.len());
    for log in logs {
        same(&log.display().to_string(), &log);
    }
}
