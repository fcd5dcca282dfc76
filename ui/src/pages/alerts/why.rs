//! Why the rule fired: its selections, each with the fields that matched.

use super::{
    event::pieces,
    lines::{Kind, Line, cut},
};
use crate::{
    components::icon::Icon,
    i18n::{k, t, tf, tn, word},
    place::replace,
    state::app,
    text::visible,
};
use api::alerts::{WhyItem, WhySelection};
use leptos::prelude::*;

/// Characters of a long value shown before and after a match.
const AROUND: usize = 28;

/// The panel.
#[component]
pub fn Why(why: Vec<WhySelection>) -> impl IntoView {
    let open = app().alerts.open;
    let matched = why.iter().filter(|s| did_its_part(s)).count();
    let all = why.len();
    let title = move || open.with(|o| o.as_ref().map(|a| visible(&a.title)));
    let (told, rest): (Vec<_>, Vec<_>) = why.into_iter().partition(|s| s.matched && !s.items.is_empty());
    view! {
        <div class="sec" data-test="why">
            <div class="sec-h"><h3>{t(k::WHY_TITLE)}</h3>
                <span class="push">{tf(k::WHY_MATCHED, &[("matched", &matched), ("all", &all)])}</span></div>
            <div class="panel">
                <div class="panel-h"><Icon name="radar" class="i-14" />
                    <button class="link t12 med trunc" title=title data-test="why-rule" on:click=|_| replace(app().place.get_untracked().with("view", "rule"))><bdi>{title}</bdi></button>
                </div>
                <table class="tbl dense flat last-flat why-t"><colgroup><col class="cw-why-f" /><col /></colgroup>
                    <tbody>{told.into_iter().map(selection).collect_view()}</tbody>
                </table>
                {others(rest)}
            </div>
        </div>
    }
}

/// A selection under `not` did its part by not matching.
fn did_its_part(s: &WhySelection) -> bool {
    s.matched || s.name.starts_with("not ")
}

fn selection(selection: WhySelection) -> impl IntoView {
    let name = selection.name;
    selection.items.into_iter().map(|i| item(&name, i)).collect_view()
}

/// Selections with nothing to show, folded: what did its part first.
fn others(mut rest: Vec<WhySelection>) -> Option<impl IntoView> {
    if rest.is_empty() {
        return None;
    }
    rest.sort_by_key(|s| !did_its_part(s));
    let count = rest.len() as u64;
    let line = |s: WhySelection| {
        let note = match (s.matched, did_its_part(&s)) {
            (true, _) => t(k::WHY_SELECTION_MATCHED),
            (false, true) => t(k::WHY_SELECTION_NOT),
            (false, false) => t(k::WHY_SELECTION_MISSED),
        };
        view! { <li class="gapped"><bdi class="mono t11 ltr">{visible(&s.name)}</bdi><span class="t3">{note}</span></li> }
    };
    Some(view! {
        <details class="more why-rest"><summary class="t3" data-test="why-rest">{tn(k::WHY_REST, count)}</summary>
            <ul class="t12">{rest.into_iter().map(line).collect_view()}</ul></details>
    })
}

/// Modifiers of a test in words: `re i` is not for everybody.
fn test_words(test: &str) -> String {
    test.split(' ').map(|part| word("why-test", part)).collect::<Vec<_>>().join(", ")
}

fn item(selection: &str, item: WhyItem) -> impl IntoView + use<> {
    let value = item.value.clone().unwrap_or_default();
    let spans = if item.spans.is_empty() && !value.is_empty() {
        vec![api::alerts::Span { start: 0, end: u32::try_from(value.len()).unwrap_or(u32::MAX) }]
    } else {
        item.spans
    };
    let line = Line { pieces: shorten(cut(&value, &spans, Kind::Plain, visible)), hit: true };
    view! {
        <tr title=format!("{}: {} {}", visible(selection), visible(&item.test), visible(&item.pattern))>
            <td class="why-f"><span class="gapped"><bdi class="mono t2">{item.field.as_deref().map_or_else(|| t(k::WHY_ANY_FIELD).to_owned(), visible)}</bdi><span class="t3">{test_words(&item.test)}</span></span></td>
            <td class="mono p why-v"><span class="ltr">{pieces(line)}</span></td>
        </tr>
    }
}

/// Keeps what stands near a mark; the whole value is in the event below.
fn shorten(pieces: Vec<(Kind, String)>) -> Vec<(Kind, String)> {
    let last = pieces.len().saturating_sub(1);
    let cut = |i: usize, text: String| {
        let len = text.chars().count();
        if len <= AROUND {
            return text;
        }
        let around = AROUND / 2;
        let head: String = text.chars().take(if i == 0 { 0 } else { around }).collect();
        let tail: String = text.chars().skip(len - if i == last { 0 } else { around }).collect();
        format!("{head}…{tail}")
    };
    pieces
        .into_iter()
        .enumerate()
        .map(|(i, (kind, text))| if kind == Kind::Mark { (kind, text) } else { (kind, cut(i, text)) })
        .collect()
}
