//! What every engine does.

use crate::{
    Appended, Count, Deleted, Holder, NewSource, Page, Result, Row, Search, Source, SourceId, Stats, Traces,
};
use event::{Event, Identity, Nanos};
use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

/// A call's future: boxed, so that the trait can be used as `dyn LogStore`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A log store. Dropping a future ends its call: a write is then done wholly or not at all.
pub trait LogStore: Send + Sync {
    /// The source with this content, made when it is new; label, mtime, `kept` and last seen are updated.
    fn source<'a>(&'a self, source: &'a NewSource, now: Nanos) -> Answer<'a, SourceId>;

    /// Sources that begin with one of these marks and are smaller than `size` bytes, largest first, 1,000 at most: what
    /// one of that size may have grown from.
    fn earlier<'a>(&'a self, heads: &'a [[u8; 16]], size: u64) -> Answer<'a, Vec<Arc<NewSource>>>;

    /// How many events of a source with a time of their own stand in another source too: same time, dataset and fields,
    /// yet not the same event. Counts for as long as `deadline` says.
    fn equal(&self, source: SourceId, deadline: Duration) -> Answer<'_, Count>;

    /// All sources, newest first.
    fn sources(&self) -> Answer<'_, Vec<Source>>;

    /// The source with this SHA-256.
    fn find<'a>(&'a self, sha256: &'a str) -> Answer<'a, Option<Source>>;

    /// What the events of these sources left for the question what is not there.
    fn traces<'a>(&'a self, ids: &'a [SourceId]) -> Answer<'a, HashMap<SourceId, Traces>>;

    /// The names of hosts as events have them, each once: of those whose traces are kept, and of 50,000 at most, counted
    /// in each source.
    fn hosts(&self) -> Answer<'_, Vec<String>>;

    /// Who holds each of the events, those that are there.
    fn holders<'a>(&'a self, ids: &'a [Identity]) -> Answer<'a, HashMap<Identity, Holder>>;

    /// The files of these sources, those that are there. Cheap: remembered until a source changes.
    fn files<'a>(&'a self, ids: &'a [SourceId]) -> Answer<'a, HashMap<SourceId, Arc<NewSource>>>;

    /// Stores events of a source. When it returns they are synced to the disk. An identity that is already
    /// there, in this batch or from any source, is counted as a duplicate; one from another source belongs to both.
    fn append<'a>(&'a self, source: SourceId, events: &'a [Event], now: Nanos) -> Answer<'a, Appended>;

    /// Ends what goes on beside appends, for when none comes soon: searches are quicker then.
    fn rest(&self) -> Answer<'_, ()>;

    /// Those of the ids that are there, in the order of `ids`.
    fn get<'a>(&'a self, ids: &'a [Identity]) -> Answer<'a, Vec<Row>>;

    /// Up to `before` events before and `after` events after this one in shown time on the same host, it in the middle,
    /// oldest first; empty when it is not there. Of `how` times and deadline count.
    fn around<'a>(&'a self, id: Identity, before: u32, after: u32, how: &'a Search) -> Answer<'a, Vec<Row>>;

    /// One page.
    fn search<'a>(&'a self, search: &'a Search) -> Answer<'a, Page>;

    /// How many events all pages of a search hold together, counted to `most`.
    fn count<'a>(&'a self, search: &'a Search, most: u64) -> Answer<'a, Count>;

    /// Totals.
    fn stats(&self) -> Answer<'_, Stats>;

    /// One step of the removal of a source: up to `most` of its events. Those that no other source holds go, the others
    /// go over to the oldest that does. The last step takes the source itself. Each step is whole or not done, and
    /// leaves all totals right.
    fn delete(&self, source: SourceId, most: u32) -> Answer<'_, Deleted>;

    /// What is wrong with the stored data, in words; empty when nothing is. Reads everything.
    fn check(&self) -> Answer<'_, Vec<String>>;

    /// A consistent copy into a new file, readable alone.
    fn copy_to<'a>(&'a self, to: &'a std::path::Path) -> Answer<'a, ()>;

    /// Finishes writing and closes; later calls fail.
    fn close(&self) -> Answer<'_, ()>;
}
