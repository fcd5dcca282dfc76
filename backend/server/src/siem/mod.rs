//! Logs and imports.
//!
//! `input` what is asked for · `import` from files to events and alerts, as a job · `reading` one source of it · `growth` what a source has grown from · `clocks` zones and offsets · `entities` names that are one · `forecast` of what it takes · `room` on the disk · `own` what it must not read · `upload` what POST /imports does ·
//! `sent` what POST /siem/logs/ingest does · `live` the listener for syslog and the watched folder · `intake` from events to alerts, for all of them · `logs` the reads ·
//! `sources` what there is and `gaps` what is missing in it · `removal` of a source.

mod clocks;
mod entities;
mod forecast;
mod gaps;
mod growth;
mod import;
mod input;
mod intake;
mod live;
mod logs;
mod own;
mod reading;
mod removal;
mod room;
mod sent;
mod source;
mod sources;
mod upload;

pub use clocks::{Clocks, QUERIES as CLOCK_QUERIES};
pub use entities::{Merged, Merges, QUERIES as ENTITY_QUERIES, key};
pub use forecast::store::QUERIES as RATE_QUERIES;
pub use import::Import;
pub use input::{Input, Told, start};
pub use live::{Bind, Live, Sockets, set_folder, store::QUERIES as LIVE_QUERIES};
pub(crate) use logs::{event_of, rows};
pub use removal::RemoveSource;
pub use sources::GapMemory;
pub(crate) use upload::{accepted, held, keep};

use crate::App;
use api::{jobs::JobAccepted, siem::*};
use kernel::{
    Error, Result,
    route::{Answer, Call, Routes},
};

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(log_list)
        .with(log)
        .with(stats)
        .with(clock_list)
        .with(clock_set)
        .with(clock_delete)
        .with(merge_list)
        .with(merge)
        .with(merge_delete)
        .with_raw(upload::upload)
        .with_raw(sent::ingest)
        .with(source_list)
        .with(source)
        .with(source_delete)
}

async fn log_list(app: App, call: Call<LogsList>) -> Result<Answer<api::siem::LogPage>> {
    Ok(logs::page(&app, call.query).await?.into())
}

async fn log(app: App, call: Call<LogGet>) -> Result<Answer<LogDetail>> {
    Ok(logs::detail(&app, &call.path.log_id, call.query).await?.into())
}

async fn stats(app: App, _: Call<SiemStatsGet>) -> Result<Answer<SiemStats>> {
    Ok(logs::stats(&app).await?.into())
}

async fn clock_list(app: App, call: Call<ClocksList>) -> Result<Answer<api::Page<Clock>>> {
    Ok(clocks::page(&app, &call.query).await?.into())
}

async fn clock_set(app: App, call: Call<ClockSet>) -> Result<Answer<ClocksSet>> {
    let (set, seq) = clocks::set(&app, &call.caller.actor, call.body).await?;
    Ok(Answer::from(set).audit(seq))
}

async fn clock_delete(app: App, call: Call<ClockDelete>) -> Result<Answer<()>> {
    clocks::delete(&app, &call.caller.actor, &call.path.clock_id).await?;
    Ok(().into())
}

async fn merge_list(app: App, call: Call<EntityMergesList>) -> Result<Answer<api::Page<EntityMerge>>> {
    Ok(entities::page(&app, &call.query).await?.into())
}

async fn merge(app: App, call: Call<EntityMergeCreate>) -> Result<Answer<EntitiesMerged>> {
    let (merged, seq) = entities::merge(&app, &call.caller.actor, call.body).await?;
    Ok(Answer::from(merged).audit(seq))
}

async fn merge_delete(app: App, call: Call<EntityMergeDelete>) -> Result<Answer<()>> {
    entities::delete(&app, &call.caller.actor, &call.path.merge_id).await?;
    Ok(().into())
}

async fn source_list(app: App, call: Call<SourcesList>) -> Result<Answer<api::Page<Source>>> {
    Ok(sources::page(&app, &call.query).await?.into())
}

async fn source(app: App, call: Call<SourceGet>) -> Result<Answer<SourceDetail>> {
    let (detail, version) = sources::detail(&app, &call.path.source_id).await?;
    Ok(Answer::from(detail).version(version))
}

async fn source_delete(app: App, call: Call<SourceDelete>) -> Result<Answer<JobAccepted>> {
    let check = call.if_match();
    let (job_id, seq) = removal::start(&app, &call.caller, &call.path.source_id, &check).await?;
    let at = format!("/api/v1/jobs/{job_id}");
    Ok(Answer::from(JobAccepted { job_id }).location(&at).audit(seq))
}

/// The log store's errors in the words of the contract.
pub(crate) fn store_error(e: logstore::Error) -> Error {
    match e {
        logstore::Error::Full => Error::unavailable("the disk is full", "logs.db"),
        logstore::Error::ReadOnly => Error::unavailable("the workspace is read-only", "logs.db"),
        logstore::Error::Cursor => Error::field("cursor", "not a cursor of this list"),
        logstore::Error::Corrupt(_) => {
            Error::unavailable("logs.db is damaged; `aurorasoc doctor` says where", e)
        }
        logstore::Error::Busy => Error::unavailable("the log store is busy", "logs.db"),
        e => Error::internal(e),
    }
}

/// The content store's errors in the words of the contract.
pub(crate) fn content_error(e: evidence::Error) -> Error {
    match e {
        evidence::Error::NoSpace => Error::unavailable("the disk is full", "content store"),
        evidence::Error::ReadOnly => Error::unavailable("the workspace is read-only", "content store"),
        e => Error::internal(e),
    }
}
