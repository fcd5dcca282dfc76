//! API keys: create with scopes, see the secret once, revoke.

use crate::{
    clock,
    components::{copy::CopyButton, failed::Failed, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    state::app,
    text::visible,
};
use api::{
    Empty,
    auth::{ApiKey, CreateApiKey, KeyCreate, KeyDelete, KeyList, KeyPath, KeysList},
};
use leptos::{html, prelude::*, task::spawn_local};
use std::collections::{BTreeMap, BTreeSet};

/// Days that a key lives unless somebody says otherwise.
const DAYS: u32 = 90;

/// The section.
#[component]
pub fn Keys() -> impl IntoView {
    let keys = RwSignal::new(None::<Vec<ApiKey>>);
    let secret = RwSignal::new(None::<(String, String)>);
    let failed = RwSignal::new(None::<Failure>);
    let read = move || {
        failed.set(None);
        spawn_local(async move {
            match client::list::<KeysList>(KeyList { limit: Some(500), ..KeyList::default() }).await {
                Ok(page) => drop(keys.try_set(Some(page.items))),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let rows = move || keys.get().map(|all| all.into_iter().map(move |key| row(keys, key)).collect_view());
    view! {
        {move || secret.get().map(|(name, secret)| {
            let text = secret.clone();
            view! {
                <div class="sec" role="status">
                    <p class="t12 med">{tf(k::KEY_SECRET, &[("name", &visible(&name))])}</p>
                    <div class="secret"><bdi class="mono grow" data-test="key-secret">{secret}</bdi><CopyButton text=text label=t(k::COPY) test="key-secret-copy" /></div>
                </div>
            }
        })}
        {move || failed.get().map(|failure| view! { <Failed failure=failure retry=retry title=t(k::LIST_FAILED) test="keys-error" /> })}
        <table class="tbl">
            <thead><tr><th>{t(k::KEY_NAME)}</th><th class="cw-id">{t(k::KEY_PREFIX)}</th><th>{t(k::KEY_SCOPES)}</th><th class="cw-user">{t(k::COL_OWNER)}</th>
                <th class="cw-time">{t(k::KEY_EXPIRES)}</th><th class="cw-time">{t(k::KEY_USED)}</th><th class="cw-id"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {move || keys.with(|k| k.as_ref().is_some_and(Vec::is_empty)).then(|| view! { <div class="sec t3 t12" data-test="keys-empty">{t(k::KEYS_NONE)}</div> })}
        <New keys=keys secret=secret />
    }
}

fn row(keys: RwSignal<Option<Vec<ApiKey>>>, key: ApiKey) -> impl IntoView {
    let zone = app().preferences.with_untracked(|p| p.time_zone);
    let id = key.id.clone();
    let asked = RwSignal::new(false);
    let revoke = move |_| {
        // Can't be undone: the second click does it.
        if !asked.get_untracked() {
            asked.set(true);
            return;
        }
        let key_id = id.clone();
        spawn_local(async move {
            match client::call::<KeyDelete>(&KeyPath { key_id: key_id.clone() }, &Empty {}, &()).await {
                Ok(_) => {
                    let _ = keys.try_update(|all| all.get_or_insert_default().retain(|k| k.id != key_id));
                    toast::say(t(k::KEY_REVOKED).to_owned());
                }
                Err(failure) => {
                    let _ = asked.try_set(false);
                    toast::failure(&failure, Some(t(k::KEPT_KEY)));
                }
            }
        });
    };
    let scopes = key.scopes.join(" ");
    view! {
        <tr data-test="key-row">
            <td class="p"><bdi>{visible(&key.name)}</bdi></td><td class="mono">{key.prefix}</td>
            <td class="mono" title=scopes.clone()>{scopes.clone()}</td><td><bdi class="mono">{visible(&key.owner)}</bdi></td>
            <td><time class="ltr" title=clock::both(key.expires_at)>{clock::second(key.expires_at, zone)}</time></td>
            <td>{key.last_used_at.map_or_else(|| t(k::KEY_NEVER).to_owned(), |at| clock::second(at, zone))}</td>
            <td class="acts-c"><button class="btn btn-quiet btn-sm" class:btn-danger=move || asked.get() data-test="key-revoke" on:click=revoke>
                {move || if asked.get() { t(k::KEY_REVOKE_SURE) } else { t(k::KEY_REVOKE) }}</button></td>
        </tr>
    }
}

#[component]
fn New(keys: RwSignal<Option<Vec<ApiKey>>>, secret: RwSignal<Option<(String, String)>>) -> impl IntoView {
    let name = NodeRef::<html::Input>::new();
    let days = NodeRef::<html::Input>::new();
    let scopes = RwSignal::new(BTreeSet::<String>::new());
    let failed = RwSignal::new(None::<String>);
    // `admin` is a right of persons, not a scope.
    let mut words =
        app().me.with_untracked(|m| m.as_ref().map(|m| m.permissions.clone()).unwrap_or_default());
    words.retain(|w| w.contains(':'));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let body = CreateApiKey {
            name: name.get_untracked().map(|n| n.value()).unwrap_or_default(),
            scopes: scopes.get_untracked().into_iter().collect(),
            owner: None,
            expires_in_days: days.get_untracked().and_then(|d| d.value().parse().ok()),
        };
        spawn_local(async move {
            match client::call::<KeyCreate>(&Empty {}, &Empty {}, &body).await {
                Ok(answer) => {
                    let new = answer.value;
                    let _ = secret.try_set(Some((new.key.name.clone(), new.secret)));
                    let _ = keys.try_update(|all| all.get_or_insert_default().insert(0, new.key));
                    let _ = failed.try_set(None);
                    if let Some(name) = name.get_untracked() {
                        name.set_value("");
                    }
                }
                Err(failure) => drop(failed.try_set(Some(failure.sentence()))),
            }
        });
    };
    let scope = move |word: String| {
        let test = format!("scope-{word}");
        let (name, shown) = (word.clone(), word);
        view! {
            <label><input type="checkbox" class="check" data-test=test on:change:target=move |e| scopes.update(|s| {
                if e.target().checked() { s.insert(name.clone()); } else { s.remove(&name); }
            }) /><bdi class="mono t11">{shown}</bdi></label>
        }
    };
    // What is about the same records stands together: `alerts:read`, `alerts:write`.
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for word in words {
        let about = word.split(':').next().unwrap_or_default().to_owned();
        groups.entry(about).or_default().push(word);
    }
    let group = move |(_, words): (String, Vec<String>)| {
        view! { <div class="scope-g">{words.into_iter().map(scope).collect_view()}</div> }
    };
    view! {
        <form class="sec" on:submit=submit>
            <h3>{t(k::KEY_NEW)}</h3>
            <div class="form key-form">
                <label class="form-row"><span>{t(k::KEY_NAME)}</span>
                    <span class="field"><input node_ref=name required maxlength="100" autocomplete="off" dir="auto" data-test="key-name" /></span></label>
                <label class="form-row"><span>{t(k::KEY_DAYS)}</span>
                    <span class="field"><input node_ref=days type="number" min="1" max="365" value=DAYS.to_string() required dir="ltr" data-test="key-days" /></span></label>
            </div>
            <fieldset class="scopes"><legend>{t(k::KEY_SCOPES)}</legend>{groups.into_iter().map(group).collect_view()}</fieldset>
            <div role="alert" class="err-c t12" data-test="key-error">{move || failed.get()}</div>
            <div><button class="btn btn-primary" type="submit" data-test="key-create" disabled=move || scopes.with(BTreeSet::is_empty)>{t(k::KEY_CREATE)}</button></div>
        </form>
    }
}
