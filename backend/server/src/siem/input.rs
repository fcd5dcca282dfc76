//! What an import is asked to read, and the one way from there to a job.

use super::clocks;
use ingest::Format;
use kernel::{
    Error, Kernel, Result,
    db::{Actor, Audit, Tx},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;

/// The kind of job.
pub(super) const KIND: &str = "import";

/// What an import reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Files and folders of this machine: only from the shell and the command line.
    Paths {
        /// Absolute.
        #[serde(with = "kernel::platform::path_bytes")]
        paths: Vec<PathBuf>,
        /// What the user says of them.
        #[serde(default)]
        told: Told,
    },
    /// Uploads, already in the content store.
    Kept {
        /// In the order of the upload.
        items: Vec<Item>,
        /// What the user says of them.
        #[serde(default)]
        told: Told,
    },
}

/// What the user says of all sources of an import, in place of what they say themselves.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// A name of [`Format`].
    #[serde(default)]
    pub format: Option<String>,
    /// The zone of times that name none.
    #[serde(default)]
    pub timezone: Option<String>,
}

impl Told {
    /// AURORA-4220 where there is no such format or zone.
    pub fn check(&self) -> Result<()> {
        if self.format.as_deref().is_some_and(|f| Format::parse(f).is_none()) {
            let known: Vec<_> = Format::NAMES.iter().map(|(name, _)| *name).collect();
            return Err(Error::field("format", format!("known are {}", known.join(", "))));
        }
        self.timezone.as_deref().map_or(Ok(()), clocks::check_zone)
    }
}

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// What the client called it.
    pub label: String,
    /// Its name in the content store.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// Queues an import: the one way from sources to a job.
pub async fn start(kernel: &Kernel, by: &Actor, input: Input) -> Result<String> {
    start_with(kernel, by, input, async |_, _| Ok(())).await
}

/// The same with something else in its commit, which is told the job's id.
pub(super) async fn start_with(
    kernel: &Kernel,
    by: &Actor,
    input: Input,
    also: impl AsyncFnOnce(&mut Tx, &str) -> Result<()>,
) -> Result<String> {
    let (Input::Paths { told, .. } | Input::Kept { told, .. }) = &input;
    told.check()?;
    let value = serde_json::to_value(&input).map_err(Error::internal)?;
    let labels: Vec<_> = match &input {
        Input::Paths { paths, .. } => paths.iter().map(|p| p.to_string_lossy().into_owned()).collect(),
        Input::Kept { items, .. } => items.iter().map(|i| i.label.clone()).collect(),
    };
    let total = match &input {
        Input::Paths { .. } => 0,
        Input::Kept { items, .. } => items.iter().map(|i| i.size).sum(),
    };
    let mut tx = kernel.db.write(by).await?;
    let id = kernel.jobs.enqueue(&mut tx, KIND, total, &value).await?;
    also(&mut tx, &id).await?;
    tx.commit(Audit::new("import.start", "job", &id).after(json!({"sources": labels})), &[]).await?;
    kernel.jobs.wake();
    Ok(id)
}
