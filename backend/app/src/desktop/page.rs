//! The window's own page, for the time when there is no workspace to serve one: "opening", or why none is open.
//! Plain HTML without script.

use super::{Problem, Recent, words};

const PAGE: &str = include_str!("../../../../assets/notice/notice.html");
/// Its style sheet.
pub const STYLE: &str = include_str!("../../../../assets/notice/notice.css");

/// The page; without a problem it says that a workspace is being opened.
pub(crate) fn page(problem: Option<&Problem>, recent: &[Recent]) -> String {
    let (lang, dir) = words::language();
    let of = |part: fn(&Problem) -> &String| problem.map_or("", |p| part(p).as_str());
    let log = problem.and_then(|p| p.log.as_ref());
    let list: String = recent.iter().enumerate().map(|(n, one)| entry(n, one)).collect();
    let hidden = |empty: bool| if empty { "hidden" } else { "" };
    let given = [
        ("lang", lang.to_owned()),
        ("dir", dir.to_owned()),
        ("title", escaped(problem.map_or_else(|| words::say("starting"), |p| &p.title))),
        ("text", escaped(of(|p| &p.text))),
        ("todo", escaped(of(|p| &p.todo))),
        (
            "log",
            log.map(|path| escaped(&format!("{}: {}", words::say("log"), path.display())))
                .unwrap_or_default(),
        ),
        ("buttons", hidden(problem.is_none()).to_owned()),
        ("retry", words::say(problem.map_or("retry", |p| p.again)).to_owned()),
        ("open", words::say("open_other").to_owned()),
        ("new", words::say("new").to_owned()),
        ("quit", words::say("quit").to_owned()),
        ("lasts", hidden(problem.is_none() || list.is_empty()).to_owned()),
        ("recent", words::say("recent").to_owned()),
        ("list", list),
    ];
    let mut out = String::new();
    // One pass: what was filled in is never looked at again.
    for (n, part) in PAGE.split('{').enumerate() {
        let filled = part.split_once('}').and_then(|(name, rest)| {
            let value = given.iter().find(|(known, _)| *known == name)?;
            Some((&value.1, rest))
        });
        match filled {
            Some((value, rest)) if n > 0 => {
                out.push_str(value);
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn entry(n: usize, one: &Recent) -> String {
    let (name, path) = (escaped(&one.name), escaped(&one.path.display().to_string()));
    format!(
        "<li><a href=\"/do/recent-{n}\"><b dir=\"auto\">{name}</b> <bdi class=\"path\">{path}</bdi></a></li>"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_shown_as_text_and_every_place_is_filled() {
        let problem = Problem {
            title: "Locked".into(),
            text: "<script>x</script> {log} & \"".into(),
            todo: "Close the other window.".into(),
            log: Some("/logs/a.log".into()),
            owner: None,
            again: "retry",
        };
        let recent = [Recent { name: "<b>".into(), path: "/a{quit}".into() }];
        let shown = page(Some(&problem), &recent);
        assert!(shown.contains("&lt;script&gt;x&lt;/script&gt; {log} &amp; &quot;"), "{shown}");
        assert!(shown.contains("Close the other window.") && shown.contains("/logs/a.log"));
        assert!(shown.contains("/do/recent-0") && shown.contains("&lt;b&gt;") && shown.contains("/a{quit}"));
        assert!(!shown.contains(" hidden"), "{shown}");
        let opening = page(None, &[]);
        assert_eq!(opening.matches(" hidden").count(), 2, "{opening}");
        assert!(!opening.replace("/a{quit}", "").contains('{'), "{opening}");
    }
}
