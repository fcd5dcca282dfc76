//! What every part of the page shares. One value, made once under the root owner, reachable from key handlers too.

use crate::{
    components::toast::Toast,
    data::{failure::Failure, shell::ShellInfo, speed::Speed},
    pages::{
        alerts::model::AlertsModel, cases::model::CasesModel, rules::model::RulesModel,
        sources::model::SourcesModel,
    },
    place::Place,
};
use api::{
    jobs::Job,
    siem::SiemStats,
    system::{Mode, ModeInfo},
    users::{Me, Preferences},
};
use leptos::prelude::*;
use std::cell::OnceCell;

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not known yet.
    Asking,
    /// The login page.
    Out,
    /// The product.
    In,
    /// The product, with the sign-in over it: the session ended while somebody worked.
    Ended,
}

/// Whether the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// It answers, and live events arrive.
    Live,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// What lies over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Commands.
    Palette,
    /// All keys.
    Help,
    /// Close an alert, or several.
    Close,
    /// Link to a case.
    LinkCase,
    /// Other names of a host or a user.
    Same,
    /// Run rules over stored events.
    Run,
    /// Delete the open rule.
    DeleteRule,
    /// Import rules.
    ImportRules,
    /// Zone of sources whose times name none.
    Zone,
    /// By how much a host's clock was off.
    HostClock,
    /// Remove the open source.
    RemoveSource,
}

/// Files that are on their way to the server together.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// Grows.
    pub id: u64,
    /// As the user knows them.
    pub name: String,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes in all.
    pub total: u64,
    /// How fast.
    pub speed: Speed,
    /// Why they did not arrive.
    pub failed: Option<String>,
}

/// The shared state: a handful of signals, cheap to copy.
#[derive(Clone, Copy)]
pub struct App {
    /// Address bar.
    pub place: RwSignal<Place>,
    /// Session.
    pub auth: RwSignal<Auth>,
    /// Who.
    pub me: RwSignal<Option<Me>>,
    /// How the page looks.
    pub preferences: RwSignal<Preferences>,
    /// From each answer's header.
    pub mode: RwSignal<Option<Mode>>,
    /// From GET /system/mode.
    pub mode_info: RwSignal<Option<ModeInfo>>,
    /// From GET /siem/stats.
    pub stats: RwSignal<Option<SiemStats>>,
    /// Why they could not be read.
    pub stats_failed: RwSignal<Option<Failure>>,
    /// Server.
    pub link: RwSignal<Link>,
    /// Another major version answers: writing stops.
    pub foreign_version: RwSignal<bool>,
    /// Jobs of this session and those that still run, newest first.
    pub jobs: RwSignal<Vec<Job>>,
    /// Files on their way.
    pub uploads: RwSignal<Vec<Upload>>,
    /// Whether the import tray is open.
    pub tray: RwSignal<bool>,
    /// What floats at the corner.
    pub toasts: RwSignal<Vec<Toast>>,
    /// What lies over the page.
    pub layer: RwSignal<Option<Layer>>,
    /// Spoken once, politely.
    pub spoken: RwSignal<String>,
    /// The desktop window, where there is one.
    pub shell: RwSignal<Option<ShellInfo>>,
    /// Something is dragged over the window.
    pub dragging: RwSignal<bool>,
    /// Jobs that run while the window should close; None where nobody asked.
    pub close_asked: RwSignal<Option<u64>>,
    /// The alerts page.
    pub alerts: AlertsModel,
    /// The page of cases.
    pub cases: CasesModel,
    /// The page of rules.
    pub rules: RulesModel,
    /// The page of sources.
    pub sources: SourcesModel,
}

thread_local! { static APP: OnceCell<App> = const { OnceCell::new() }; }

impl App {
    /// Makes it, once, under the owner that lives as long as the page.
    pub fn install() -> App {
        let app = App {
            place: crate::place::install(),
            auth: RwSignal::new(Auth::Asking),
            me: RwSignal::new(None),
            preferences: RwSignal::new(Preferences::default()),
            mode: RwSignal::new(None),
            mode_info: RwSignal::new(None),
            stats: RwSignal::new(None),
            stats_failed: RwSignal::new(None),
            link: RwSignal::new(Link::Up),
            foreign_version: RwSignal::new(false),
            jobs: RwSignal::new(Vec::new()),
            uploads: RwSignal::new(Vec::new()),
            tray: RwSignal::new(false),
            toasts: RwSignal::new(Vec::new()),
            layer: RwSignal::new(None),
            spoken: RwSignal::new(String::new()),
            shell: RwSignal::new(None),
            dragging: RwSignal::new(false),
            close_asked: RwSignal::new(None),
            alerts: AlertsModel::new(),
            cases: CasesModel::new(),
            rules: RulesModel::new(),
            sources: SourcesModel::new(),
        };
        APP.with(|cell| {
            let _ = cell.set(app);
        });
        app
    }

    /// Whether the caller holds a permission word.
    pub fn may(self, word: &str) -> bool {
        self.me.with_untracked(|me| me.as_ref().is_some_and(|m| m.permissions.iter().any(|p| p == word)))
    }

    /// Whether the caller is an Admin.
    pub fn is_admin(self) -> bool {
        self.me.with_untracked(|me| me.as_ref().is_some_and(|m| m.user.role == api::Role::Admin))
    }
}

/// The shared state.
#[allow(clippy::expect_used, reason = "made before anything else runs; there is no page without it")]
pub fn app() -> App {
    APP.with(|cell| *cell.get().expect("App::install ran first"))
}
