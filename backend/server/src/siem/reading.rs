//! Reading one source of an import: its contents to sources of the store, its batches to the job.

use super::{growth, import::Run, source::Opened, store_error};
use api::siem::ImportFile;
use event::{Batch, Nanos};
use evidence::Sha256Hex;
use ingest::{Content, Format, Options, Resume, Sink};
use kernel::{Error, Result, jobs::Stop, world::hex};
use logstore::{NewSource, Part, SourceId};
use std::ops::ControlFlow;

/// Events a batch: small enough that a cancel or another writer never waits long.
const BATCH: usize = 2_000;

/// Contents without a zone that a file names.
const ZONELESS: usize = 1_000;

impl Run {
    /// Reads all batches; false when the job was stopped before the end.
    pub(super) fn read(
        &mut self,
        n: usize,
        opened: &mut Opened,
        id: SourceId,
        grown: &[Part],
        said: &mut ImportFile,
    ) -> Result<bool> {
        let file = opened.file.try_clone().map_err(Error::internal)?;
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        let options = Options {
            threads,
            batch: BATCH,
            from: Resume { member: self.at.member, at: self.at.chunk },
            now: Nanos(self.ctx.kernel.world.now_ns()),
            source_time: Some(Nanos(opened.before.mtime_ns)),
            sha256: digest(&opened.before.sha256),
            grown: growth::parts(grown),
            ..Options::default()
        };
        let mut reading = Reading {
            run: self,
            n,
            id,
            label: said.name.clone(),
            sha256: opened.before.sha256.to_string(),
            mtime: Nanos(opened.before.mtime_ns),
            said,
            failed: None,
        };
        let read = ingest::read(opened.format, file, &options, &mut reading);
        match (reading.failed, read) {
            (Some(e), _) => Err(e),
            (None, Ok(flow)) => Ok(flow.is_continue()),
            (None, Err(e)) => {
                said.errors += 1;
                self.result.parse_errors += 1;
                self.skip(&said.name, &e.to_string(), None);
                Ok(true)
            }
        }
    }
}

/// Takes what one source gives.
struct Reading<'r> {
    run: &'r mut Run,
    n: usize,
    /// The store's source of what is read now.
    id: SourceId,
    label: String,
    /// SHA-256 of what is read now.
    sha256: String,
    mtime: Nanos,
    said: &'r mut ImportFile,
    failed: Option<Error>,
}

impl Reading<'_> {
    /// A member of a container is a source of its own: its events' places and identities are those in it.
    fn member(&mut self, member: &str, content: &Content) -> Result<()> {
        let sha256 = hex(&content.sha256);
        let source = NewSource {
            label: format!("{} > {member}", self.label),
            size: content.size,
            mtime: self.mtime,
            format: content.format.clone(),
            // Its bytes are there when the same content was once imported by itself.
            kept: Sha256Hex::parse(&sha256).is_ok_and(|hash| self.run.content.has(&hash)),
            head: None,
            grown: vec![],
            sha256,
        };
        self.sha256.clone_from(&source.sha256);
        let now = Nanos(self.run.ctx.kernel.world.now_ns());
        let stored = self.run.runtime.block_on(self.run.logs.source(&source, now));
        self.id = stored.map_err(store_error)?;
        if inner(content).is_some_and(Format::is_text) {
            self.run.zone(&hex(&content.sha256))
        } else {
            Ok(())
        }
    }

    fn flow(&mut self, done: Result<()>) -> ControlFlow<()> {
        match done {
            Ok(()) if self.goes_on() => ControlFlow::Continue(()),
            Ok(()) => ControlFlow::Break(()),
            Err(e) => {
                self.failed = Some(e);
                ControlFlow::Break(())
            }
        }
    }
}

impl Sink for Reading<'_> {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        if let Some(format) = inner(content) {
            *self.run.held.entry(format.name()).or_default() += content.size;
        }
        let Some(member) = &content.member else { return ControlFlow::Continue(()) };
        let done = self.member(member, content);
        self.flow(done)
    }

    fn batch(&mut self, resume: Resume, mut batch: Batch) -> ControlFlow<()> {
        batch.resume = resume.at;
        let zoneless = batch.notes.iter().any(|note| note.reason == ingest::NO_ZONE);
        if zoneless && self.said.zoneless.len() < ZONELESS && !self.said.zoneless.contains(&self.sha256) {
            self.said.zoneless.push(self.sha256.clone());
        }
        self.run.at.member = resume.member;
        let done = self.run.batch(self.n, self.id, batch, self.said);
        self.flow(done)
    }

    fn goes_on(&mut self) -> bool {
        self.run.ctx.stop() == Stop::No
    }
}

/// The content's own format: of a container the innermost.
fn inner(content: &Content) -> Option<Format> {
    content.format.rsplit('/').next().and_then(Format::parse)
}

/// The hash's bytes.
pub(super) fn digest(hash: &Sha256Hex) -> [u8; 32] {
    let digits = hash.as_str().as_bytes();
    let value = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    std::array::from_fn(|i| match digits.get(i * 2..i * 2 + 2) {
        Some([high, low]) => value(*high) << 4 | value(*low),
        _ => 0,
    })
}
