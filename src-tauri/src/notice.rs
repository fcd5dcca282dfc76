//! The window's own pages, for the time when there is no backend to serve one: "starting", and
//! why it could not start. Plain HTML without script, on the scheme `aurora:`.

use app::desktop::Problem;
use tauri::http::{Response, header};
use tauri::{AppHandle, Manager};

use crate::menu::words;
use crate::shell::Shell;

/// Where these pages live; the window may go there as well as to the backend's origin.
pub const ORIGIN: &str = "aurora://localhost";
const PAGE: &str = include_str!("../../assets/notice/notice.html");
const STYLE: &str = include_str!("../../assets/notice/notice.css");
const CSP: &str = "default-src 'none'; style-src aurora://localhost";

/// Answers a request on the scheme: the style sheet, or the page that stands at this moment.
pub fn answer(handle: &AppHandle, path: &str) -> Response<Vec<u8>> {
    let (kind, body) = match path {
        "/notice.css" => ("text/css; charset=utf-8", STYLE.to_owned()),
        _ => ("text/html; charset=utf-8", page(handle.state::<Shell>().problem().as_ref())),
    };
    let mut response = Response::new(body.into_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(CSP));
    response
}

fn page(problem: Option<&Problem>) -> String {
    let say = words();
    let starting = Problem {
        title: say.starting.into(),
        text: String::new(),
        todo: String::new(),
        log: None,
        owner: None,
    };
    let shown = problem.unwrap_or(&starting);
    let log = shown.log.as_ref().map(|path| format!("{}: {}", say.log, path.display())).unwrap_or_default();
    let mut page = PAGE.replace("{lang}", say.lang).replace("{dir}", say.dir);
    page = page.replace("{buttons}", if problem.is_some() { "" } else { "hidden" });
    for (name, label) in [("{retry}", say.retry), ("{other}", say.open), ("{quit}", say.quit)] {
        page = page.replace(name, label);
    }
    let given =
        [("{title}", &shown.title), ("{text}", &shown.text), ("{todo}", &shown.todo), ("{log}", &log)];
    // The given texts go in last, each escaped: a brace in one of them is never filled again.
    let mut out = String::new();
    let mut rest = page.as_str();
    while let Some((at, (name, text))) =
        given.iter().filter_map(|entry| rest.find(entry.0).map(|at| (at, entry))).min_by_key(|found| found.0)
    {
        out.push_str(&rest[..at]);
        text.chars().for_each(|letter| match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        });
        rest = &rest[at + name.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_shown_as_text() {
        let problem = Problem {
            title: "Locked".into(),
            text: "<script>x</script> {log} & \"".into(),
            todo: "Close the other window.".into(),
            log: Some("/logs/a.log".into()),
            owner: None,
        };
        let page = page(Some(&problem));
        assert!(page.contains("&lt;script&gt;x&lt;/script&gt; {log} &amp; &quot;"), "{page}");
        assert!(page.contains("Close the other window.") && page.contains("/logs/a.log"));
        assert!(!page.contains("{t") && !page.contains("<nav hidden"));
    }
}
