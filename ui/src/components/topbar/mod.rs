//! Top bar: workspace, where am I, search, jobs, connection, mode, user.

use crate::{
    actions::hint,
    components::{icon::Icon, menu::Menu},
    data::{jobs, session, shell},
    i18n::{k, t, tf, tn},
    numbers::percent,
    pages::{rules::query::View, settings},
    place::follow,
    state::{Layer, Link, app},
    text::visible,
};
use leptos::prelude::*;
use serde_json::json;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <header class="topbar">
            <WorkspaceButton />
            <Crumbs />
            <button class="topbar-search" data-test="open-palette" on:click=|_| app().layer.set(Some(Layer::Palette))>
                <Icon name="search" class="i-14" />
                <span class="grow trunc">{t(k::TOPBAR_SEARCH)}</span>
                <kbd class="kbd">{hint("palette")}</kbd>
            </button>
            <div class="topbar-end">
                <JobsButton />
                <span class="topbar-sep"></span>
                <Connection />
                <ModeMark />
                <UserMenu />
            </div>
        </header>
    }
}

fn brand() -> impl IntoView {
    view! {
        <svg class="i acc-c" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M2 12.5c2-7 4-9.5 6-9.5s4 2.5 6 9.5M5 12.5c1-3.5 2-5 3-5s2 1.5 3 5" />
        </svg>
    }
}

fn workspace_name() -> String {
    let app = app();
    let from_shell = app.shell.with(|s| s.as_ref().map(|s| s.workspace.name.clone()));
    let from_server = || app.mode_info.with(|m| m.as_ref().map(|m| m.workspace.clone()));
    visible(&from_shell.or_else(from_server).unwrap_or_default())
}

#[component]
fn WorkspaceButton() -> impl IntoView {
    let app = app();
    move || {
        if app.shell.with(Option::is_none) {
            return view! {
                <div class="topbar-store" data-test="workspace">{brand()}<bdi class="trunc">{workspace_name}</bdi></div>
            }
            .into_any();
        }
        let face =
            view! { {brand()}<bdi class="trunc">{workspace_name}</bdi><Icon name="updown" class="i-14" /> };
        view! {
            <Menu id="workspace-menu" class="topbar-store" label=t(k::TOPBAR_WORKSPACE) face=face.into_any()>
                {move || app.shell.get().map(|info| view! {
                    <div class="menu-h"><bdi class="mono t11">{visible(&info.workspace.path)}</bdi></div>
                    {info.recent.into_iter().filter(|w| w.path != info.workspace.path).map(|w| {
                        let path = w.path.clone();
                        view! {
                            <button class="menu-item" role="menuitem" title=w.path data-test="workspace-recent"
                                on:click=move |_| shell::run("workspace_open_recent", json!({"path": path}))>
                                <Icon name="folder" /><bdi class="trunc">{visible(&w.name)}</bdi>
                            </button>
                        }
                    }).collect_view()}
                })}
                <div class="menu-sep"></div>
                {["workspace-new", "workspace-open", "workspace-backup", "workspace-restore"].map(item)}
            </Menu>
        }
        .into_any()
    }
}

/// A menu entry for an action.
fn item(id: &'static str) -> impl IntoView {
    crate::actions::find(id).map(|action| {
        view! {
            <button class="menu-item" role="menuitem" data-test=action.id on:click=|_| (action.run)()>
                <Icon name=action.icon />
                <span class="trunc">{t(action.label)}</span>
                <span class="push"></span>
                {(!action.keys.is_empty()).then(|| view! { <kbd class="kbd">{hint(action.id)}</kbd> })}
            </button>
        }
    })
}

#[component]
fn Crumbs() -> impl IntoView {
    let place = app().place;
    let parts = move || {
        let place = place.get();
        let (first, href) = match place.path.split('/').nth(1) {
            Some("alerts") => (t(k::NAV_ALERTS), "/alerts"),
            Some("detections") => (t(k::NAV_DETECTIONS), "/detections/rules"),
            Some("cases") => (t(k::NAV_CASES), "/cases"),
            Some("sources") => (t(k::NAV_SOURCES), "/sources"),
            Some("settings") => (t(k::NAV_SETTINGS), "/settings/appearance"),
            Some("") | None => (t(k::START_CRUMB), "/"),
            Some(_) => return (t(k::NOWHERE_TITLE), "/", String::new()),
        };
        let last = match place.path.split('/').nth(2) {
            Some("rules") if place.path.starts_with("/detections") => app()
                .rules
                .open
                .with(|o| o.as_ref().filter(|_| !place.get("id").is_empty()).map(|(r, _)| visible(&r.title)))
                .unwrap_or_default(),
            _ if place.path.starts_with("/detections") && !View::known(&place) => {
                t(k::NOWHERE_TITLE).to_owned()
            }
            Some(section) if place.path.starts_with("/settings") && !settings::named(section) => {
                t(k::NOWHERE_TITLE).to_owned()
            }
            Some(view) if place.path.starts_with("/detections") => {
                crate::i18n::word("detections", view).to_owned()
            }
            Some(section) => crate::i18n::word("settings", section).to_owned(),
            None if place.path == "/sources" => app()
                .sources
                .open
                .with(|o| {
                    o.as_ref().filter(|_| !place.get("id").is_empty()).map(|(s, _)| visible(&s.source.source))
                })
                .unwrap_or_default(),
            None => place.get("id").to_owned(),
        };
        (first, href, last)
    };
    view! {
        <nav class="crumbs" aria-label=t(k::TOPBAR_CRUMBS)>
            {move || {
                let (first, href, last) = parts();
                if last.is_empty() {
                    return view! { <b class="trunc">{first}</b> }.into_any();
                }
                view! {
                    <a href=href data-test="crumb" on:click=move |e| follow(e, href)>{first}</a>
                    <Icon name="chevr" class="i-flip i-12" />
                    <b class="trunc"><bdi>{last}</bdi></b>
                }
                .into_any()
            }}
        </nav>
    }
}

#[component]
fn JobsButton() -> impl IntoView {
    let app = app();
    let running =
        move || app.jobs.with(|all| all.iter().filter(|j| jobs::alive(j)).cloned().collect::<Vec<_>>());
    let words = move || {
        let running = running();
        let travelling = app.uploads.with(|u| u.iter().filter(|u| u.failed.is_none()).count());
        let (done, total) = running.iter().fold((0, 0), |(d, t), j| (d + j.done, t + j.total));
        if running.is_empty() && travelling == 0 {
            return t(k::JOBS_NONE).to_owned();
        }
        if running.is_empty() {
            return tn(k::JOBS_UPLOADING, travelling as u64);
        }
        if running.iter().all(|j| j.status == api::jobs::JobStatus::Paused) {
            return t(k::JOBS_PAUSED).to_owned();
        }
        let imports = running.iter().all(crate::components::tray::kinds::is_import);
        tf(if imports { k::JOBS_IMPORT } else { k::JOBS_RUNNING }, &[("percent", &percent(done, total))])
    };
    let busy = move || !running().is_empty() || app.uploads.with(|u| !u.is_empty());
    view! {
        <button class="btn btn-quiet btn-sm" data-test="jobs" aria-expanded=move || app.tray.get().to_string()
            title=move || format!("{} ({})", t(k::ACTION_TRAY), hint("tray")) on:click=move |_| app.tray.update(|o| *o = !*o)>
            {move || if busy() { view! { <Icon name="import" class="i-14" /> } } else { view! { <Icon name="check" class="i-14" /> } }}
            {words}
        </button>
    }
}

#[component]
fn Connection() -> impl IntoView {
    let app = app();
    let words = move || match app.link.get() {
        Link::Down => t(k::LINK_DOWN),
        _ if app.mode_info.with(|m| m.as_ref().is_some_and(|m| m.desktop)) => t(k::LINK_LOCAL),
        Link::Live => t(k::LINK_LIVE),
        Link::Up => t(k::LINK_UP),
    };
    let title = move || match app.link.get() {
        Link::Down => t(k::LINK_DOWN_TITLE),
        _ if app.mode_info.with(|m| m.as_ref().is_some_and(|m| m.desktop)) => t(k::LINK_LOCAL_TITLE),
        _ => t(k::LINK_LIVE_TITLE),
    };
    view! {
        <span class="conn" class:warn-c=move || app.link.get() == Link::Down title=title role="status" data-test="connection">
            {move || if app.link.get() == Link::Down { view! { <Icon name="off" class="i-14" /> } } else { view! { <Icon name="plug" class="i-14" /> } }}
            <span class="conn-t">{words}</span>
        </span>
    }
}

#[component]
fn ModeMark() -> impl IntoView {
    let mode = app().mode;
    move || {
        mode.get().map(|mode| {
            let title = match mode {
                api::system::Mode::DryRun => t(k::MODE_DRY_RUN),
                api::system::Mode::Monitor => t(k::MODE_MONITOR),
                api::system::Mode::Active => t(k::MODE_ACTIVE),
            };
            view! {
                <span class=format!("mode {mode}") title=title data-test="mode">
                    <span class="dot ring"></span><bdi class="ltr">{mode.as_str()}</bdi>
                </span>
            }
        })
    }
}

#[component]
fn UserMenu() -> impl IntoView {
    let app = app();
    let face = view! { <Icon name="user" /> };
    view! {
        <Menu id="user-menu" class="btn btn-icon btn-quiet btn-sm" label=t(k::TOPBAR_USER) face=face.into_any()>
            {move || app.me.get().map(|me| view! {
                <div class="menu-h">
                    <bdi class="user-name">{visible(&me.user.display_name)}</bdi>
                    <div>{crate::i18n::word("role", me.user.role.as_str()).to_owned()}</div>
                </div>
            })}
            <div class="menu-sep"></div>
            {["theme", "language", "times", "help"].map(item)}
            <a class="menu-item" role="menuitem" href="/settings/appearance" data-test="user-settings"
                on:click=|e| follow(e, "/settings/appearance")><Icon name="gear" />{t(k::NAV_SETTINGS)}</a>
            {move || app.me.with(|me| me.as_ref().is_some_and(|me| !me.desktop)).then(|| view! {
                <div class="menu-sep"></div>
                <button class="menu-item" role="menuitem" data-test="logout" on:click=|_| session::logout()>
                    <Icon name="lock" />{t(k::ACTION_LOGOUT)}
                </button>
            })}
        </Menu>
    }
}
