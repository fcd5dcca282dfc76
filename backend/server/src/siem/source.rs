//! One source of an import: opened read-only, looked at before and after, kept if wanted.

use api::{
    Time,
    siem::{FileMark, ImportFile},
};
use evidence::{ContentStore, Fingerprint, Sha256Hex};
use ingest::Format;
use std::{fs::File, ops::ControlFlow, path::PathBuf};

/// Where the bytes are.
pub(super) enum Place {
    /// A file of the user's.
    Path(PathBuf),
    /// Already in the content store.
    Kept(Sha256Hex),
}

/// A source that can be read.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) format: Format,
    pub(super) before: Fingerprint,
    pub(super) kept: bool,
    original: Option<File>,
}

/// Why a source is not read.
pub(super) enum Refused {
    /// In plain words.
    Because(String),
    /// The job was told to stop.
    Stopped,
}

impl From<evidence::Error> for Refused {
    fn from(e: evidence::Error) -> Self {
        match e {
            evidence::Error::Cancelled => Refused::Stopped,
            e => Refused::Because(e.to_string()),
        }
    }
}

impl From<std::io::Error> for Refused {
    fn from(e: std::io::Error) -> Self {
        Refused::Because(format!("can't be read: {e}"))
    }
}

/// Opens, decides the format by content unless the user said it (`wanted`), hashes and (if `keep`) keeps. `said` gets
/// size, hash and format as found.
pub(super) fn open(
    content: &ContentStore,
    place: &Place,
    wanted: Option<Format>,
    keep: bool,
    said: &mut ImportFile,
    stop: &dyn Fn() -> bool,
) -> Result<Opened, Refused> {
    let mut progress = |_| if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let mut file = match place {
        Place::Path(path) => File::open(path)?,
        Place::Kept(hash) => content.open_kept(hash)?,
    };
    let (size, mtime_ns) = Fingerprint::glance(&file)?;
    said.size = size;
    let format = ingest::open(&mut file, wanted)?;
    said.format = Some(format.name().into());
    if let Format::Unknown { what } = format {
        return Err(Refused::Because(format!("{what}: not read by this version")));
    }
    let before = match place {
        Place::Kept(hash) => Fingerprint { size, mtime_ns, sha256: hash.clone() },
        Place::Path(_) if keep => {
            let stored = content.put(&mut file, &mut progress)?;
            Fingerprint { size: stored.size, mtime_ns, sha256: stored.sha256 }
        }
        Place::Path(_) => Fingerprint::of(&mut file, &mut progress)?,
    };
    said.sha256 = Some(before.sha256.to_string());
    if matches!(place, Place::Path(_)) {
        said.before = Some(mark(&before));
    }
    Ok(match place {
        Place::Path(_) if keep => {
            let kept = content.open_kept(&before.sha256)?;
            Opened { file: kept, format, before, kept: true, original: Some(file) }
        }
        Place::Path(path) => {
            Opened { file: File::open(path)?, format, before, kept: false, original: Some(file) }
        }
        Place::Kept(_) => Opened { file, format, before, kept: keep, original: None },
    })
}

impl Opened {
    /// Looks at the source again. What is to be said about it, where it is not what it was before it was read.
    pub(super) fn look_again(&mut self, said: &mut ImportFile, stop: &dyn Fn() -> bool) -> Option<String> {
        let mut progress = |_| if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        match Fingerprint::of(self.original.as_mut()?, &mut progress) {
            Ok(after) => {
                said.after = Some(mark(&after));
                let same = after == self.before;
                said.unchanged = Some(same);
                (!same).then(|| "the source changed while it was read (size, time or SHA-256 differ)".into())
            }
            Err(evidence::Error::Cancelled) => None,
            Err(e) => Some(format!("whether the source changed while it was read is not known: {e}")),
        }
    }
}

fn mark(of: &Fingerprint) -> FileMark {
    FileMark {
        size: of.size,
        modified: Time(of.mtime_ns.div_euclid(1_000_000)),
        sha256: of.sha256.to_string(),
    }
}
