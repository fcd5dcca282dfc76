//! The domains. A service of a lower rank may be called; news goes up through the outbox.
//!
//! Rank 0 auth, users, system · 1 siem · 2 alerts · 3 detections, cases.

pub mod alerts;
pub mod auth;
pub mod cases;
pub mod detections;
pub mod siem;
pub mod system;
pub mod users;

use axum::Router;
use detections::Rules;
use evidence::ContentStore;
use kernel::{
    Kernel, World,
    auth::token_key::KeyPlace,
    db::{Migration, OpenError},
    route::Routes,
};
use logstore::{LogStore, SqliteStore};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything a handler needs. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts, public by reference.
pub struct Parts {
    /// Floor of all domains.
    pub kernel: Kernel,
    /// `logs.db`.
    pub logs: Arc<dyn LogStore>,
    /// Kept sources.
    pub content: Arc<ContentStore>,
    /// Detection rules, compiled.
    pub rules: Arc<Rules>,
    /// Zones of sources and offsets of hosts.
    pub clocks: Arc<siem::Clocks>,
    /// Names of hosts and users that people said are one.
    pub merges: Arc<siem::Merges>,
    /// What is missing in sources, as far as somebody asked.
    pub gaps: siem::GapMemory,
    /// Folder of the workspace.
    pub dir: PathBuf,
    /// Sources that bring events by themselves.
    pub live: siem::Live,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AsRef<Kernel> for App {
    fn as_ref(&self) -> &Kernel {
        &self.kernel
    }
}

/// How to open a workspace's server.
pub struct Options<'a> {
    /// Clock, ids, randomness.
    pub world: World,
    /// Folder of the workspace; must be there.
    pub dir: &'a Path,
    /// Served inside the desktop's process.
    pub desktop: bool,
    /// Where the token key lies.
    pub key: KeyPlace,
}

/// What a workspace's folder holds of the program's own, by name.
const OWN: &[&str] = &["aurora.db", "logs.db", "content", "logs", "lock", "token.key"];

/// Whether a name in a workspace's folder is one of the program's own, also of a database's companions and copies.
pub fn is_own(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    OWN.contains(&name.as_ref())
        || ["aurora.db", "logs.db", "backup-copies"].iter().any(|own| name.starts_with(own))
}

/// Migrations of the domains, by level.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 2, name: "alerts", sql: include_str!("../migrations/0002_alerts.sql") },
    Migration { version: 3, name: "cases", sql: include_str!("../migrations/0003_cases.sql") },
    Migration { version: 4, name: "detections", sql: include_str!("../migrations/0004_detections.sql") },
    Migration { version: 5, name: "urgency", sql: include_str!("../migrations/0005_urgency.sql") },
    Migration { version: 6, name: "imports", sql: include_str!("../migrations/0006_imports.sql") },
    Migration { version: 7, name: "entities", sql: include_str!("../migrations/0007_entities.sql") },
];

impl App {
    /// Opens both databases and the content store. Jobs do not run until [`Kernel::start`].
    pub async fn open(o: Options<'_>) -> Result<App, OpenError> {
        let other = |e: &dyn std::fmt::Display| OpenError::Other(e.to_string());
        // Before the log store, which opening may change: a workspace that is refused stays as it is.
        kernel::db::look(&o.dir.join("aurora.db"), MIGRATIONS).await?;
        let logs = SqliteStore::open(&o.dir.join("logs.db"), false).await.map_err(|e| match e {
            logstore::Error::Newer { found, known } => {
                OpenError::Newer { file: "logs.db".into(), found, known }
            }
            logstore::Error::Foreign => OpenError::Foreign { file: "logs.db".into() },
            logstore::Error::Corrupt(reason) => OpenError::Corrupt { file: "logs.db".into(), reason },
            e => other(&e),
        })?;
        let logs: Arc<dyn LogStore> = Arc::new(logs);
        let content = match ContentStore::open(&o.dir.join("content")) {
            Ok(content) => Arc::new(content),
            Err(e) => {
                let _ = logs.close().await;
                return Err(other(&e));
            }
        };
        // Alerts, cases and rules can be worked with while the events can't be read.
        let damage = match logs.stats().await {
            Err(logstore::Error::Corrupt(reason)) => Some(format!(
                "logs.db is damaged ({reason}): events and imports fail. `aurorasoc doctor` says where; restore a backup."
            )),
            _ => None,
        };
        let rules = Arc::new(Rules::default());
        let merges = Arc::new(siem::Merges::default());
        let clocks = Arc::new(siem::Clocks::new(merges.clone()));
        let import = siem::Import {
            logs: logs.clone(),
            content: content.clone(),
            rules: rules.clone(),
            clocks: clocks.clone(),
            merges: merges.clone(),
            dir: o.dir.to_owned(),
        };
        let packs = detections::PackImport { content: content.clone(), rules: rules.clone() };
        let removal = siem::RemoveSource { logs: logs.clone(), content: content.clone() };
        let runs = detections::RuleRuns { logs: logs.clone(), rules: rules.clone(), merges: merges.clone() };
        let name = o.dir.file_name().map_or_else(|| "workspace".into(), |n| n.to_string_lossy().into_owned());
        let kernel = kernel::Options {
            world: o.world,
            dir: o.dir,
            workspace: name,
            desktop: o.desktop,
            key: o.key,
            warnings: damage.into_iter().collect(),
            migrations: MIGRATIONS,
            works: vec![Arc::new(import), Arc::new(packs), Arc::new(runs), Arc::new(removal)],
        };
        let kernel = match Kernel::open(kernel).await {
            Ok(kernel) => kernel,
            Err(e) => {
                // Nothing may stay beside the file of a workspace that is refused.
                let _ = logs.close().await;
                return Err(e);
            }
        };
        let (gaps, dir) = (siem::GapMemory::default(), o.dir.to_owned());
        let live = siem::Live::default();
        let app = App(Arc::new(Parts { kernel, logs, content, rules, clocks, merges, gaps, dir, live }));
        if let Err(e) = detections::open(&app.kernel, &app.rules).await {
            app.close().await;
            return Err(e.into());
        }
        if let Err(e) = app.merges.load(app.kernel.db.read()).await {
            app.close().await;
            return Err(e.into());
        }
        if let Err(e) = app.clocks.load(app.kernel.db.read(), &*app.logs).await {
            // Of a damaged log store the other parts can still be worked with.
            tracing::error!(error = %e, "zones and offsets of clocks are not applied");
        }
        Ok(app)
    }

    /// Starts the sources that bring events by themselves, as the settings have them.
    pub fn listen(&self, bind: siem::Bind) {
        self.live.start(self, bind);
    }

    /// Stores what came in live, stops jobs at their resume points and closes both databases.
    pub async fn close(&self) {
        self.live.stop().await;
        // Jobs end first: they may wait for a rule set.
        self.rules.stop().await;
        self.kernel.close().await;
        if let Err(e) = self.logs.close().await {
            tracing::error!(error = %e, "the log store did not close cleanly");
        }
    }
}

/// Every route that is built, without the layers around them.
pub fn routes() -> Routes<App> {
    auth::routes()
        .and(users::routes())
        .and(system::routes())
        .and(siem::routes())
        .and(alerts::routes())
        .and(detections::routes())
        .and(cases::routes())
}

/// The API as a router with its state.
pub fn router(app: &App) -> Router {
    // Bodies are bounded where they are read, uploads by the disk: the extractor's own bound would cut forms at 2 MB.
    routes().router.layer(axum::extract::DefaultBodyLimit::disable()).with_state(app.clone())
}

/// Every query of every store by its place, for the test that prepares and explains all of them.
pub fn queries() -> Vec<(&'static str, &'static [(&'static str, &'static str)])> {
    let mut all = vec![
        ("kernel/db", kernel::db::QUERIES),
        ("kernel/auth", kernel::auth::QUERIES),
        ("kernel/jobs", kernel::jobs::QUERIES),
        ("alerts", alerts::QUERIES),
        ("alerts/list", alerts::LIST_QUERIES),
        ("alerts/withdraw", alerts::WITHDRAW_QUERIES),
        ("cases", cases::QUERIES),
        ("siem/clocks", siem::CLOCK_QUERIES),
        ("siem/entities", siem::ENTITY_QUERIES),
        ("siem/forecast", siem::RATE_QUERIES),
        ("siem/live", siem::LIVE_QUERIES),
    ];
    all.extend_from_slice(detections::QUERIES);
    all
}
