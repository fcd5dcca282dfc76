//! Names of hosts and users that were merged by hand: who said so, when, why, and the way back.

use crate::{
    clock,
    components::{failed::Failed, icon::Icon, toast},
    data::{client, failure::Failure},
    i18n::{k, t, word},
    state::app,
    text::visible,
};
use api::{
    Empty,
    siem::{EntityMerge, EntityMergeDelete, EntityMergeList, EntityMergePath, EntityMergesList},
};
use leptos::{prelude::*, task::spawn_local};

type Merges = RwSignal<Option<Vec<EntityMerge>>>;

/// Every page of the list; newest first.
async fn all() -> Result<Vec<EntityMerge>, Failure> {
    let (mut all, mut cursor) = (vec![], None);
    loop {
        let query = EntityMergeList { limit: Some(500), cursor, ..EntityMergeList::default() };
        let page = client::list::<EntityMergesList>(query).await?;
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            all.sort_by_key(|m| std::cmp::Reverse(m.merged_at));
            return Ok(all);
        }
    }
}

/// The section.
#[component]
pub fn Entities() -> impl IntoView {
    let merges: Merges = RwSignal::new(None);
    let failed = RwSignal::new(None::<Failure>);
    let read = move || {
        failed.set(None);
        spawn_local(async move {
            match all().await {
                Ok(all) => drop(merges.try_set(Some(all))),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let table = move |all: Vec<EntityMerge>| {
        view! {
            <div class="sec t2 t12">{t(k::MERGES_TEXT)}</div>
            <table class="tbl">
                <thead><tr><th class="cw-id">{t(k::MERGE_KIND)}</th><th>{t(k::MERGE_NAME)}</th><th>{t(k::MERGE_INTO)}</th><th>{t(k::MERGE_WHY)}</th>
                    <th class="cw-user">{t(k::MERGE_BY)}</th><th class="cw-time">{t(k::MERGE_AT)}</th><th class="cw-status"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th></tr></thead>
                <tbody>{all.into_iter().map(move |merge| row(merges, merge)).collect_view()}</tbody>
            </table>
        }
    };
    view! {
        {move || failed.get().map(|failure| view! { <Failed failure=failure retry=retry title=t(k::LIST_FAILED) test="merges-error" /> })}
        {move || match merges.get() {
            None if failed.with(Option::is_none) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            None => ().into_any(),
            Some(all) if all.is_empty() => view! {
                <div class="empty" data-test="merges-empty"><Icon name="link" /><h2>{t(k::MERGES_NONE)}</h2><p>{t(k::MERGES_NONE_TEXT)}</p></div>
            }.into_any(),
            Some(all) => table(all).into_any(),
        }}
    }
}

fn row(merges: Merges, merge: EntityMerge) -> impl IntoView {
    let zone = app().preferences.with_untracked(|p| p.time_zone);
    let merge_id = merge.merge_id.clone();
    let back = move |_| {
        let merge_id = merge_id.clone();
        spawn_local(async move {
            let path = EntityMergePath { merge_id };
            match client::call::<EntityMergeDelete>(&path, &Empty {}, &()).await {
                Ok(_) => {
                    let _ = merges.try_update(|all| {
                        all.get_or_insert_default().retain(|m| m.merge_id != path.merge_id);
                    });
                    toast::say(t(k::MERGE_BACK_DONE).to_owned());
                }
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_MERGE))),
            }
        });
    };
    let reason = merge.reason.as_deref().map(visible).unwrap_or_default();
    view! {
        <tr data-test="merge-row">
            <td>{word("entity-kind", merge.kind.as_str()).to_owned()}</td>
            <td class="p"><bdi class="mono" title=visible(&merge.name)>{visible(&merge.name)}</bdi></td>
            <td><bdi class="mono" title=visible(&merge.into)>{visible(&merge.into)}</bdi></td>
            <td><bdi title=reason.clone()>{reason.clone()}</bdi></td>
            <td><bdi class="mono">{visible(&merge.merged_by)}</bdi></td>
            <td><time class="ltr" title=clock::both(merge.merged_at)>{clock::second(merge.merged_at, zone)}</time></td>
            <td class="acts-c">{app().may("siem:write").then(|| view! {
                <button class="btn btn-quiet btn-sm" data-test="merge-back" on:click=back>{t(k::MERGE_BACK)}</button>
            })}</td>
        </tr>
    }
}
