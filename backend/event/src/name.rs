//! Interned field names: a few hundred distinct ones over millions of events.

use std::{collections::HashSet, sync::Arc};

/// A field or dataset name. Cheap to clone.
pub type Name = Arc<str>;

/// Gives the same [`Name`] for the same text. One a parser thread.
#[derive(Default, Debug)]
pub struct Interner(HashSet<Name>);

impl Interner {
    /// How many names are kept at most; beyond it (hostile input) names are no longer shared.
    const LIMIT: usize = 65_536;

    /// The shared name for `text`.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name: Name = text.into();
        if self.0.len() < Self::LIMIT {
            self.0.insert(name.clone());
        }
        name
    }
}
