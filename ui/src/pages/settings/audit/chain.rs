//! Whether the rows that are on screen hang together: each names the hash of the one before it.

/// Number and hashes of a row.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Number of the row.
    pub seq: i64,
    /// Hash of the row before.
    pub prev: &'a str,
    /// Its own.
    pub hash: &'a str,
}

/// What the rows say about the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Neighbours that were compared.
    pub compared: u64,
    /// The newest row that does not name the hash of the row before it.
    pub broken: Option<i64>,
}

/// Compares neighbours; the rows come newest first. Rows whose neighbour is not there (a filter left it out) say nothing.
pub fn check<'a>(rows: impl Iterator<Item = Link<'a>>) -> Chain {
    let mut chain = Chain::default();
    let mut newer: Option<Link<'_>> = None;
    for row in rows {
        if let Some(next) = newer
            && next.seq == row.seq + 1
        {
            chain.compared += 1;
            if next.prev != row.hash {
                chain.broken = chain.broken.or(Some(next.seq));
            }
        }
        newer = Some(row);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(seq: i64, prev: &'static str, hash: &'static str) -> Link<'static> {
        Link { seq, prev, hash }
    }

    #[test]
    fn neighbours_are_compared() {
        let rows = [link(9, "h8", "h9"), link(8, "h7", "h8"), link(5, "h4", "h5"), link(4, "h3", "h4")];
        assert_eq!(check(rows.into_iter()), Chain { compared: 2, broken: None });
    }

    #[test]
    fn a_changed_row_shows() {
        let rows = [link(3, "h2", "h3"), link(2, "h1", "other"), link(1, "h0", "h1")];
        assert_eq!(check(rows.into_iter()), Chain { compared: 2, broken: Some(3) });
        assert_eq!(check([].into_iter()), Chain::default());
    }
}
