//! Which entities of alerts a name stands for, as conditions for SQL: patterns, each with a piece that the alert's words
//! hold too, by which its index finds the few that can match.

use crate::siem::Merged;
use event::entity::{Host, User, fold, is_sid};
use serde_json::json;

/// `?7` is [`Alike::patterns`].
macro_rules! alike {
    () => {
        "(?7 IS NULL OR EXISTS (
            WITH alike (kind, piece, pattern, more, bare) AS MATERIALIZED (SELECT value ->> 0, value ->> 1, value ->> 2,
                value ->> 3, value ->> 4 FROM json_each(?7))
            SELECT 1 FROM alike WHERE instr(words || char(10), piece) > 0 AND instr(words, more) > 0
                AND EXISTS (SELECT 1 FROM json_each(entities) WHERE kind IN ('', 'sid', value ->> 'type')
                    AND CASE kind WHEN 'sid' THEN value ->> 'sid' ELSE value ->> 'value' END LIKE pattern ESCAPE '~'
                    AND (bare = 0 OR instr(value ->> 'value', '\\') = 0))))"
    };
}

/// Letters that a piece must have to stand in the index.
const PIECE: usize = 3;
/// Longer than any entity is: SQLite refuses longer patterns.
const LONGEST: usize = 4_096;

/// The condition on entities: `filter!` in `list` reads it.
#[derive(Clone, Debug, Default)]
pub struct Alike {
    /// JSON list of `[type, piece, pattern, words, bare]`: an entity of this type (any where it is empty, `sid` for the
    /// SID beside a user) matches the pattern, has no backslash where `bare` is 1, and the alert's words, which have each
    /// entity on a line, hold the piece and the words.
    pub patterns: String,
    /// A search in the index of words that finds at least the alerts that match; none where a piece is too short.
    pub probe: Option<String>,
}

#[derive(Default)]
struct Rows(Vec<(&'static str, String, String, String, u8)>);

impl Rows {
    /// An entity of this type whose value matches. `name` is what the value holds of it, `piece` how its line holds that.
    fn pattern(&mut self, kind: &'static str, name: &str, piece: String, pattern: String, bare: bool) {
        // A sigma folds by its place in a word.
        let words = if name.is_ascii() || name.contains('σ') { "" } else { name };
        let piece = if piece.is_ascii() { piece } else { longest_ascii(&piece).to_owned() };
        self.0.push((kind, piece, pattern, words.to_owned(), u8::from(bare)));
    }

    /// Just this value.
    fn exact(&mut self, kind: &'static str, value: &str) {
        self.pattern(kind, value, format!("\n{value}\n"), escaped(value), false);
    }

    fn host(&mut self, host: &Host) {
        let mut both = |name: &str| {
            self.exact("host", name);
            self.exact("host", &format!("{name}."));
        };
        both(host.folded());
        if host.is_full() {
            both(host.label());
        } else if !host.is_whole() {
            let label = host.label();
            self.pattern("host", label, format!("\n{label}."), format!("{}.%", escaped(label)), false);
        }
    }

    fn user(&mut self, user: &User) {
        let name = user.name();
        // What has none of these can stand on either side of them.
        let (plain, bare) = (!name.contains('\\'), !name.contains(['\\', '@']));
        if bare || user.domain().is_none() && User::new(name) == *user {
            self.exact("user", name);
        }
        match user.domain() {
            None if is_sid(name) => {}
            None => {
                let like = escaped(name);
                if plain {
                    self.pattern("user", name, format!("\\{name}\n"), format!("_%\\{like}"), false);
                }
                if bare {
                    self.pattern("user", name, format!("\n{name}@"), format!("{like}@_%"), true);
                }
            }
            Some(domain) => self.within(name, domain, bare),
        }
    }

    /// A user in a domain that is the same as this.
    fn within(&mut self, name: &str, domain: &Host, bare: bool) {
        let mut both = |domain: &str| {
            self.exact("user", &format!("{domain}\\{name}"));
            if bare {
                let mail = format!("{name}@{domain}");
                self.pattern("user", &mail, format!("\n{mail}\n"), escaped(&mail), true);
            }
        };
        both(".");
        both(domain.folded());
        both(&format!("{}.", domain.folded()));
        if domain.is_full() {
            both(domain.label());
            both(&format!("{}.", domain.label()));
        } else if !domain.is_whole() {
            let (like, label) = (escaped(name), format!("{}.", domain.label()));
            let within = format!("{}%\\{like}", escaped(&label));
            self.pattern("user", name, format!("\\{name}\n"), within, false);
            if bare {
                let mail = format!("{like}@{}%", escaped(&label));
                self.pattern("user", name, format!("\n{name}@{label}"), mail, true);
            }
        }
    }
}

impl Alike {
    /// What stands for this name: any entity of this value, hosts and users that are the same, with what is merged.
    pub fn of(merged: &Merged, name: &str) -> Alike {
        let mut rows = Rows::default();
        let folded = fold(name);
        rows.exact("", &folded);
        if is_sid(name) {
            rows.exact("sid", &folded);
        }
        merged.hosts(name).iter().for_each(|host| rows.host(host));
        // A path looks like a user in a domain, and is none.
        let is_path = |user: &User| user.domain().is_some_and(|d| d.folded().contains([':', '/', '\\']));
        merged.users(name).iter().filter(|user| !is_path(user)).for_each(|user| rows.user(user));
        let (own, mut rows) = (escaped(&folded), rows.0);
        // What any entity may be is a host's or a user's too.
        let told = |kind: &str, pattern: &str| matches!(kind, "host" | "user") && pattern == own;
        rows.retain(|(kind, _, pattern, ..)| pattern.len() <= LONGEST && !told(kind, pattern));
        rows.sort();
        rows.dedup();
        Alike { probe: probe(rows.iter().map(|row| &*row.1)), patterns: json!(rows).to_string() }
    }
}

/// As it stands in a LIKE pattern with `~` before its own signs. LIKE folds ASCII: other letters match any, and the words
/// of the alert, which are folded, say more.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '_' | '~' => out.extend(['~', c]),
            c if c.is_ascii() => out.push(c),
            _ => out.push('%'),
        }
    }
    out
}

/// The longest piece whose letters fold alike everywhere.
fn longest_ascii(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii()).max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// The shortest pieces that all others hold. The last line of the words has no end.
fn probe<'p>(pieces: impl Iterator<Item = &'p str>) -> Option<String> {
    let mut all: Vec<&str> = pieces.map(|piece| piece.trim_end_matches('\n')).collect();
    all.sort_by_key(|piece| (piece.len(), *piece));
    let mut least: Vec<&str> = vec![];
    for piece in all {
        if piece.len() < PIECE {
            return None;
        }
        if !least.iter().any(|short| piece.contains(short)) {
            least.push(piece);
        }
    }
    let quoted = least.iter().map(|piece| format!("\"{}\"", piece.replace('"', "\"\"")));
    Some(quoted.collect::<Vec<_>>().join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::siem::{EntityKind, EntityMerge};
    use sqlx::{ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

    const NAMES: &[&str] = &[
        "PC1",
        "pc1.",
        "pc1.corp.example",
        "PC1.corp.example.",
        "pc1.other.example",
        "pc10",
        "pc1_",
        "pcx1",
        "10.1.2.3",
        "10",
        "10.corp",
        "fe80::1",
        "ws",
        "w",
        "bob",
        "BOB",
        "CORP\\bob",
        "corp.example\\bob",
        "bob@corp.example",
        "bob@corp",
        "bob@other.example",
        "OTHER\\bob",
        ".\\bob",
        "\\bob",
        "bob@",
        "bob@a\\b",
        "corp\\bob@x",
        "bobby",
        "CORP\\PC1$",
        "PC1$",
        "S-1-5-21-1-2-3-500",
        "s-1-5-21-1-2-3-500",
        "S-1-5-21-1-2-3-501",
        "M\u{dc}LLER",
        "m\u{fc}ller",
        "CORP\\m\u{fc}ller",
        "muller",
        "kelvin",
        "100%",
        "100x",
        "a~b",
        "",
    ];

    #[test]
    fn a_probe_is_of_the_least_pieces() {
        let of = |name: &str| Alike::of(&Merged::default(), name).probe.unwrap_or_default();
        assert_eq!(of("PC1.corp.example"), "\"\npc1\" OR \"\\pc1.corp.example\"");
        assert_eq!(of("CORP\\bob"), "\"\nbob\" OR \"\\bob\"");
        assert_eq!(of("say \"hi\""), "\"\nsay \"\"hi\"\"\" OR \"\\say \"\"hi\"\"\"");
        assert_eq!(of("C:\\Windows\\cmd.exe"), "\"\nc:\\windows\\cmd\"");
        assert_eq!(of("pc"), "\"\npc\" OR \"\\pc\"");
        assert_eq!(of("x"), "");
        let m = EntityMerge {
            merge_id: "1".into(),
            kind: EntityKind::Host,
            name: "desk7".into(),
            into: "pc1".into(),
            reason: None,
            merged_by: "ann".into(),
            merged_at: api::Time(0),
        };
        let both = Alike::of(&Merged::of(&[m]), "PC1").probe;
        assert_eq!(both.as_deref(), Some("\"\npc1\" OR \"\\pc1\" OR \"\ndesk7\""));
    }

    #[tokio::test]
    async fn the_patterns_let_through_what_the_comparison_says() {
        let mut db = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        sqlx::query("CREATE TABLE alert (entities TEXT, words TEXT)").execute(&mut db).await.unwrap();
        let mut all = vec![];
        for kind in ["host", "user", "file"] {
            for value in NAMES {
                all.push((kind, *value));
                let (entities, words) = (json!([{"type": kind, "value": value}]), value.to_lowercase());
                let insert = sqlx::query("INSERT INTO alert VALUES (?1, ?2)").bind(entities.to_string());
                insert.bind(format!("title\n{words}")).execute(&mut db).await.unwrap();
            }
        }
        let sql = concat!("SELECT rowid FROM alert WHERE ", alike!());
        for name in NAMES {
            let alike = Alike::of(&Merged::default(), name);
            let rows = sqlx::query(sql).bind(None::<String>).bind(None::<String>).bind(None::<String>);
            let rows =
                rows.bind(None::<String>).bind(None::<String>).bind(None::<String>).bind(alike.patterns);
            let rows = rows.fetch_all(&mut db).await.unwrap();
            let found: Vec<_> =
                rows.iter().map(|r| all[usize::try_from(r.get::<i64, _>(0)).unwrap() - 1]).collect();
            let same = |(kind, value): &&(&str, &str)| match *kind {
                "host" => Host::new(value).same(&Host::new(name)),
                "user" => User::new(value).same(&User::new(name)),
                _ => fold(value) == fold(name),
            };
            // An entity of any type may have just this value.
            let equal = |(_, value): &&(&str, &str)| fold(value) == fold(name);
            let right: Vec<_> = all.iter().filter(|e| same(e) || equal(e)).copied().collect();
            assert_eq!(found, right, "{name}");
        }
    }
}
