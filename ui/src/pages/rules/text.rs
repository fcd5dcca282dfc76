//! A rule's text, coloured, with marks where it is wrong.

use super::yaml;
use crate::{components::icon::Icon, text::visible};
use api::detections::RuleProblem;
use leptos::prelude::*;

/// One line's pieces; from `column` (1-based, in characters) on it is underlined.
pub fn pieces(text: &str, column: Option<u32>) -> impl IntoView + use<> {
    let from = column.map_or(usize::MAX, |c| c.saturating_sub(1) as usize);
    let mut at = 0;
    let mut out = Vec::new();
    for (part, piece) in yaml::line(text) {
        let len = piece.chars().count();
        // Blanks are no part of what is wrong.
        let cut = if piece.trim().is_empty() { len } else { from.saturating_sub(at).min(len) };
        let byte = piece.char_indices().nth(cut).map_or(piece.len(), |(i, _)| i);
        let (good, bad) = piece.split_at(byte);
        let class = part.class();
        out.push(view! { <span class=class>{visible_tabs(good)}</span> }.into_any());
        if !bad.is_empty() {
            out.push(view! { <span class=format!("{class} squig")>{visible_tabs(bad)}</span> }.into_any());
        }
        at += len;
    }
    out
}

/// What could hide is written out; a tab stays one, so that columns stay where they are.
fn visible_tabs(text: &str) -> String {
    text.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}

/// All lines, numbered; below a wrong one stands what is wrong.
pub fn lines(body: &str, problems: &[RuleProblem]) -> impl IntoView + use<> {
    let body = body.replace('\r', "");
    let line = |(i, text): (usize, &str)| {
        let wrong: Vec<&RuleProblem> = problems.iter().filter(|p| p.line as usize == i + 1).collect();
        let column = wrong.iter().map(|p| p.column).min();
        let bad = !wrong.is_empty();
        let notes = wrong.iter().map(|p| view! {
            <div class="inline-err" data-test="rule-problem"><Icon name="warn" class="i-12" /><bdi>{visible(&p.reason)}</bdi></div>
        });
        view! { <span class="ln" class:bad=bad data-n=(i + 1).to_string()>{pieces(text, column)}</span>{notes.collect_view()} }
    };
    body.trim_end().split('\n').enumerate().map(line).collect_view()
}
