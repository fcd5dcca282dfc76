//! Why the rule fired: its selections, each with the fields that matched.

use super::{
    event::pieces,
    lines::{Kind, Line, cut},
};
use crate::{
    components::icon::Icon,
    i18n::{k, t, tf},
    place::replace,
    state::app,
    text::visible,
};
use api::alerts::{WhyItem, WhySelection};
use leptos::prelude::*;

/// Characters of a long value shown before and after a match.
const AROUND: usize = 48;

/// The panel.
#[component]
pub fn Why(why: Vec<WhySelection>) -> impl IntoView {
    let open = app().alerts.open;
    let matched = why.iter().filter(|s| s.matched).count();
    let all = why.len();
    let title = move || open.with(|o| o.as_ref().map(|a| visible(&a.title)));
    if why.is_empty() {
        return view! { <div class="sec"><div class="sec-h"><h3>{t(k::WHY_TITLE)}</h3></div><p class="t3 t12">{t(k::WHY_NO_RULE)}</p></div> }.into_any();
    }
    view! {
        <div class="sec" data-test="why">
            <div class="sec-h"><h3>{t(k::WHY_TITLE)}</h3>
                <span class="push">{tf(k::WHY_MATCHED, &[("matched", &matched), ("all", &all)])}</span></div>
            <div class="panel">
                <div class="panel-h"><Icon name="radar" class="i-14" />
                    <button class="link t12 med trunc" data-test="why-rule" on:click=|_| replace(app().place.get_untracked().with("view", "rule"))><bdi>{title}</bdi></button>
                </div>
                <table class="tbl dense flat last-flat why-t"><colgroup><col class="cw-why-f" /><col class="cw-why-t" /><col /></colgroup>
                    <tbody>{why.into_iter().map(selection).collect_view()}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

fn selection(selection: WhySelection) -> impl IntoView {
    let WhySelection { name, matched, items } = selection;
    if !matched || items.is_empty() {
        let note = if matched { t(k::WHY_SELECTION_MATCHED) } else { t(k::WHY_SELECTION_NOT) };
        return view! { <tr><td class="mono t3"><bdi>{visible(&name)}</bdi></td><td></td><td class="t3">{note}</td></tr> }.into_any();
    }
    items.into_iter().map(|i| item(&name, i)).collect_view().into_any()
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
        <tr title=format!("{}: {}", visible(selection), visible(&item.pattern))>
            <td class="mono t2"><bdi>{item.field.as_deref().map_or_else(|| t(k::WHY_ANY_FIELD).to_owned(), visible)}</bdi></td>
            <td class="t3"><bdi class="ltr">{visible(&item.test)}</bdi></td>
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
        let head: String = text.chars().take(if i == 0 { 0 } else { AROUND / 2 }).collect();
        let tail: String = text.chars().skip(len - if i == last { 0 } else { AROUND / 2 }).collect();
        format!("{head}…{tail}")
    };
    pieces.into_iter().enumerate().map(|(i, (kind, text))| if kind == Kind::Mark { (kind, text) } else { (kind, cut(i, text)) }).collect()
}
