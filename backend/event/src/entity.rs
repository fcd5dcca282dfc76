//! Hosts and users by their names: what is compared when two events, alerts or searches mean the same one.
//!
//! Names are folded: lower case by Unicode, character by character, so that a part folds as it does in the whole. What
//! is written stays beside it. `same` is not transitive: `pc` is the same as `pc.a` and as `pc.b`, which are two hosts.
//! So it answers whether two names go together, and never makes groups; those are made by hand.

use std::net::IpAddr;

/// Lower case, a character by itself: the last sigma of a word is a sigma like any other.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// A host by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    folded: String,
    /// Bytes of the first label; all of a name that is compared whole.
    label: usize,
    whole: bool,
}

impl Host {
    /// Folds a name; the dot of the root at its end is dropped. An address is compared whole, and so is a name of
    /// digits alone before its first dot: it says too little.
    pub fn new(text: &str) -> Host {
        let mut folded = fold(text);
        if folded.ends_with('.') {
            folded.pop();
        }
        let first = folded.find('.').unwrap_or(folded.len());
        let label = folded.get(..first).unwrap_or_default();
        let whole = label.bytes().all(|b| b.is_ascii_digit()) || folded.parse::<IpAddr>().is_ok();
        Host { label: if whole { folded.len() } else { first }, folded, whole }
    }

    /// The whole name, folded.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The first label, folded; of what is compared whole all of it.
    pub fn label(&self) -> &str {
        self.folded.get(..self.label).unwrap_or_default()
    }

    /// Whether the name has more than its first label.
    pub fn is_full(&self) -> bool {
        self.label < self.folded.len()
    }

    /// Whether it is the same as nothing but its equal: an address, or digits.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether both are the same: equal, or equal in their first labels where not both are full names.
    pub fn same(&self, other: &Host) -> bool {
        if self.whole || other.whole || self.is_full() && other.is_full() {
            return self.folded == other.folded;
        }
        self.label() == other.label()
    }
}

/// A user by the name: `DOMAIN\name`, `name@domain.tld`, `name`, or a SID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User {
    name: String,
    domain: Option<Host>,
}

impl User {
    /// Folds a name and takes it apart. What stands before the last backslash is the domain, `.` being none; else what
    /// stands behind the first `@`. A SID is a name of its own, the `$` of a machine's account belongs to the name.
    pub fn new(text: &str) -> User {
        let folded = fold(text);
        let (name, domain) = match (folded.rsplit_once('\\'), folded.split_once('@')) {
            (Some((domain, name)), _) | (None, Some((name, domain)))
                if !name.is_empty() && !domain.is_empty() =>
            {
                (name, (domain != ".").then(|| Host::new(domain)))
            }
            _ => (&*folded, None),
        };
        User { domain, name: name.to_owned() }
    }

    /// The name without its domain, folded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The domain.
    pub fn domain(&self) -> Option<&Host> {
        self.domain.as_ref()
    }

    /// One text for all that is equal: `domain\name`, folded; without a domain the name.
    pub fn folded(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{}\\{}", domain.folded(), self.name),
            None => self.name.clone(),
        }
    }

    /// Whether both are the same: names equal, and domains the same as hosts are or one of them not known.
    pub fn same(&self, other: &User) -> bool {
        let domains = match (&self.domain, &other.domain) {
            (Some(a), Some(b)) => a.same(b),
            (a, b) => a == b || !is_sid(&self.name),
        };
        domains && self.name == other.name
    }
}

/// Whether a text is a SID (`S-1-5-21-…`).
pub fn is_sid(text: &str) -> bool {
    let mut parts = text.split('-');
    let starts = parts.next().is_some_and(|s| s.eq_ignore_ascii_case("s")) && parts.next() == Some("1");
    let mut numbers = 0;
    let all = parts.all(|part| {
        numbers += 1;
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
    });
    starts && all && numbers >= 2
}

/// Whether a SID is that of one account of a machine, of a domain or of a cloud directory, and not of a part of Windows.
pub fn is_account(sid: &str) -> bool {
    let under = |start: &str| sid.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start));
    is_sid(sid) && (under("S-1-5-21-") || under("S-1-12-1-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn host(a: &str, b: &str) -> bool {
        Host::new(a).same(&Host::new(b))
    }

    fn user(a: &str, b: &str) -> bool {
        User::new(a).same(&User::new(b))
    }

    #[test]
    fn hosts_go_by_their_first_label_unless_two_full_names_differ() {
        for (a, b, same) in [
            ("PC1", "pc1", true),
            ("PC1", "pc1.corp.example", true),
            ("PC1.Corp.Example.", "pc1.corp.example", true),
            ("pc1.corp.example", "pc1.other.example", false),
            ("pc1", "pc10", false),
            ("pc1", "pc10.corp.example", false),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.3", "10", false),
            ("10.corp.example", "10", false),
            ("10.corp.example", "10.CORP.example", true),
            ("fe80::1", "FE80::1", true),
            ("::ffff:10.0.0.1", "::ffff:10", false),
            ("ÄRGER", "ärger.corp.example", true),
            ("ΟΔΟΣ", "οδος.corp.example", true),
            ("ΟΔΟΣ.corp.example", "οδος", true),
            ("", "", true),
            ("", "pc1", false),
            (".corp.example", "", false),
        ] {
            assert_eq!((host(a, b), host(b, a)), (same, same), "{a} {b}");
        }
    }

    #[test]
    fn users_go_by_name_and_by_domain_where_both_have_one() {
        let sid = "S-1-5-21-1-2-3-1104";
        for (a, b, same) in [
            ("CORP\\Bob", "corp\\bob", true),
            ("CORP\\bob", "bob", true),
            ("CORP\\bob", "bob@corp.example", true),
            ("bob@corp.example", "bob@other.example", false),
            ("CORP\\bob", "OTHER\\bob", false),
            ("CORP\\bob", "corp\\alice", false),
            (".\\bob", "CORP\\bob", true),
            ("CORP\\PC1$", "pc1$", true),
            ("CORP\\PC1$", "CORP\\PC1", false),
            (sid, "s-1-5-21-1-2-3-1104", true),
            (sid, "S-1-5-21-1-2-3-1105", false),
            (sid, "CORP\\S-1-5-21-1-2-3-1104", false),
            (sid, "bob", false),
            ("\\bob", "bob", false),
            ("bob@", "bob", false),
            ("NT AUTHORITY\\SYSTEM", "system", true),
            ("МИША", "CORP\\миша", true),
        ] {
            assert_eq!((user(a, b), user(b, a)), (same, same), "{a} {b}");
        }
        assert_eq!(User::new("Bob@Corp.Example").folded(), User::new("corp.example\\BOB").folded());
    }

    #[test]
    fn sids_are_known_by_their_form() {
        for (text, sid, account) in [
            ("S-1-5-18", true, false),
            ("s-1-5-21-1-2-3-500", true, true),
            ("S-1-12-1-1-2-3-4", true, true),
            ("S-1-5", false, false),
            ("S-1-5-x", false, false),
            ("S-1-5-", false, false),
            ("S-2-5-18", false, false),
            ("bob", false, false),
        ] {
            assert_eq!((is_sid(text), is_account(text)), (sid, account), "{text}");
        }
    }

    fn names() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "a", "B", "ab", ".", ".", "corp", "Corp", "1", "10", "\\", "@", "$", "Ä", "ä", "Σ", "ς", "İ",
            "\u{212a}", ":", "-",
        ]);
        prop::collection::vec(part, 0..7).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once_and_parts_fold_as_in_the_whole(a in names(), b in names()) {
            prop_assert_eq!(fold(&fold(&a)), fold(&a));
            prop_assert_eq!(fold(&format!("{a}{b}")), fold(&a) + &fold(&b));
        }

        #[test]
        fn same_knows_neither_order_nor_case(a in names(), b in names()) {
            prop_assert!(host(&a, &a) && user(&a, &a));
            prop_assert_eq!(host(&a, &b), host(&b, &a));
            prop_assert_eq!(user(&a, &b), user(&b, &a));
            prop_assert_eq!(host(&a, &b), host(&fold(&a), &b));
            prop_assert_eq!(user(&a, &b), user(&fold(&a), &b));
        }

        #[test]
        fn two_full_hosts_are_the_same_only_when_equal(a in names(), b in names()) {
            let (a, b) = (Host::new(&a), Host::new(&b));
            if a.same(&b) && a.folded() != b.folded() {
                prop_assert!(!a.is_full() || !b.is_full());
                prop_assert_eq!(a.label(), b.label());
            }
            prop_assert!(a.folded().starts_with(a.label()));
        }

        #[test]
        fn a_user_without_a_domain_is_the_same_as_one_of_any(name in "[a-z$]{1,6}", domain in "[A-Z]{1,6}") {
            let (within, as_mail) = (format!("{domain}\\{name}"), format!("{name}@{domain}.example"));
            let other = format!("other-{domain}\\{name}");
            prop_assert!(user(&name, &within));
            prop_assert!(user(&within, &as_mail));
            prop_assert!(!user(&within, &other));
        }
    }
}
