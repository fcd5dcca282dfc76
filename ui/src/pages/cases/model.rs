//! The cases that are loaded.

use crate::data::{client, failure::Failure};
use api::cases::{Case, CaseList, CasesList};
use leptos::{prelude::*, task::spawn_local};

/// Cases asked for at once.
const PAGE: u32 = 200;

/// Signals of the page of cases.
#[derive(Clone, Copy)]
pub struct CasesModel {
    /// As last read, or why they could not be; None before.
    pub read: RwSignal<Option<Result<Vec<Case>, Failure>>>,
}

impl CasesModel {
    /// Empty.
    pub fn new() -> Self {
        CasesModel { read: RwSignal::new(None) }
    }

    /// Reads them; keeps the old ones on screen until the new ones are there.
    pub fn load(self) {
        spawn_local(async move {
            let query = CaseList { limit: Some(PAGE), ..CaseList::default() };
            self.read.set(Some(client::list::<CasesList>(query).await.map(|p| p.items)));
        });
    }

    /// Ids in the list's order.
    pub fn ids(self) -> Vec<String> {
        self.read.with_untracked(|read| match read {
            Some(Ok(list)) => list.iter().map(|c| c.case_id.clone()).collect(),
            _ => Vec::new(),
        })
    }
}
