//! The zones that are set for sources, as far as the page needs them.

use super::{client, failure::Failure};
use api::{
    Empty,
    siem::{ClockList, ClockSet, ClocksList, SetClock},
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, collections::BTreeMap};

thread_local! {
    static ZONES: ArcRwSignal<BTreeMap<String, String>> = ArcRwSignal::new(BTreeMap::new());
    static ASKED: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// Zone by SHA-256 of the source; asked for once a session.
pub fn zones() -> ArcRwSignal<BTreeMap<String, String>> {
    let session = client::session();
    if ASKED.replace(session) != session {
        spawn_local(load());
    }
    ZONES.with(Clone::clone)
}

async fn load() {
    let (mut zones, mut cursor) = (BTreeMap::new(), None);
    loop {
        let query = ClockList { limit: Some(500), cursor, ..ClockList::default() };
        let Ok(page) = client::list::<ClocksList>(query).await else { return };
        zones.extend(page.items.into_iter().filter_map(|c| Some((c.source?, c.timezone?))));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    ZONES.with(|all| all.set(zones));
}

/// One was taken back: zones are read again.
pub fn changed() {
    spawn_local(load());
}

/// Sets the zone of sources.
pub async fn set(sources: Vec<String>, timezone: String) -> Result<(), Failure> {
    // As many as one call takes.
    for some in sources.chunks(1_000) {
        let body =
            SetClock { sources: some.to_vec(), timezone: Some(timezone.clone()), ..SetClock::default() };
        client::call::<ClockSet>(&Empty {}, &Empty {}, &body).await?;
    }
    load().await;
    Ok(())
}
