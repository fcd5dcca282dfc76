//! Names of many files side by side: what all share is said once, and what is too long loses its middle.

/// Characters kept of a name's end, where names differ.
const TAIL: usize = 20;

/// Bytes of the folder that all names lie in, with its last slash; 0 where there is none.
pub fn shared(names: &[&str]) -> usize {
    let Some((first, rest)) = names.split_first() else { return 0 };
    let mut len = folder(first);
    for name in rest {
        while !name.starts_with(&first[..len]) {
            len = folder(first[..len].trim_end_matches(['/', '\\']));
        }
    }
    len
}

/// Bytes up to the last slash and with it.
fn folder(name: &str) -> usize {
    name.rfind(['/', '\\']).map_or(0, |at| at + 1)
}

/// The last part of a folder's path.
pub fn last(folder: &str) -> &str {
    folder.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default()
}

/// What may be cut, and the end that may not.
pub fn halves(name: &str) -> (&str, &str) {
    let at = name.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
    name.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_folders_are_shared() {
        assert_eq!(shared(&["logs/a/one.evtx", "logs/ab/two.evtx"]), "logs/".len());
        assert_eq!(shared(&["logs/a/one.evtx", "logs/a/two.evtx"]), "logs/a/".len());
        assert_eq!(shared(&["one.evtx", "logs/two.evtx"]), 0);
        assert_eq!(shared(&["C:\\logs\\one.evtx"]), "C:\\logs\\".len());
        assert_eq!(shared(&[]), 0);
        assert_eq!(last("var/logs/a/"), "a");
    }

    #[test]
    fn the_end_stays_whole() {
        assert_eq!(halves("short.evtx"), ("", "short.evtx"));
        assert_eq!(
            halves("Microsoft-Windows-Sysmon-Operational.evtx"),
            ("Microsoft-Windows-Sys", "mon-Operational.evtx")
        );
        let (head, tail) = halves("سجل-طويل-جدًا-لا-يتسع-له-السطر.evtx");
        assert_eq!((tail.chars().count(), head.is_empty()), (20, false));
    }
}
