//! What a domain needs to be one: routes, callers, transactions, audit, outbox, live hub, jobs, settings, clock.
//!
//! Knows no domain. A domain hands its handlers to [`route::Routes`], writes through [`db::Tx`], and runs long work
//! as a [`jobs::Work`].

pub mod audit;
pub mod auth;
pub mod db;
pub mod error;
pub mod jobs;
pub mod live;
pub mod metrics;
pub mod net;
pub mod platform;
pub mod route;
pub mod settings;
pub mod telemetry;
pub mod untrusted;
pub mod world;

use std::{path::Path, sync::Arc};

pub use error::{Error, Result};
pub use untrusted::Untrusted;
pub use world::World;

/// What every domain shares. Cheap to clone.
#[derive(Clone)]
pub struct Kernel(Arc<Parts>);

/// The parts, public by reference.
pub struct Parts {
    /// Clock, ids, randomness.
    pub world: World,
    /// `aurora.db`.
    pub db: db::Db,
    /// Who calls.
    pub auth: auth::Auth,
    /// Live events to WebSockets.
    pub live: live::Hub,
    /// Long work.
    pub jobs: jobs::Jobs,
    /// Runtime settings.
    pub settings: settings::SettingsStore,
    /// Counters.
    pub metrics: metrics::Metrics,
    /// What the user must know: no keyring, …
    pub warnings: Vec<String>,
    /// Name of the workspace.
    pub workspace: String,
    /// Served inside the desktop's process.
    pub desktop: bool,
}

impl std::ops::Deref for Kernel {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AsRef<Kernel> for Kernel {
    fn as_ref(&self) -> &Kernel {
        self
    }
}

/// How to open a kernel.
pub struct Options<'a> {
    /// Clock, ids, randomness.
    pub world: World,
    /// Folder of the workspace.
    pub dir: &'a Path,
    /// Name of the workspace.
    pub workspace: String,
    /// Served inside the desktop's process.
    pub desktop: bool,
    /// Where the token key lies.
    pub key: auth::token_key::KeyPlace,
    /// What the user must know already.
    pub warnings: Vec<String>,
    /// Migrations of the domains, after the kernel's own.
    pub migrations: &'a [db::Migration],
    /// Kinds of long work.
    pub works: Vec<Arc<dyn jobs::Work>>,
}

impl Kernel {
    /// Opens `aurora.db` (migrating it), loads keys and settings. Jobs do not run until [`Kernel::start`].
    pub async fn open(o: Options<'_>) -> std::result::Result<Kernel, db::OpenError> {
        let db = db::Db::open(&o.dir.join("aurora.db"), o.migrations, &o.world).await?;
        let loaded = async { Ok((settings::SettingsStore::load(&db).await?, live::Hub::load(&db).await?)) };
        let (settings, live) = match loaded.await {
            Ok(loaded) => loaded,
            Err(e) => {
                db.close().await;
                return Err(crate::Error::into(e));
            }
        };
        let (key, warning) = auth::token_key::load(o.dir, &o.world, o.key).await;
        let auth = auth::Auth::new(db.clone(), o.world.clone(), o.dir.to_owned(), key, o.key);
        let jobs = jobs::Jobs::new(db.clone(), o.world.clone(), o.works);
        Ok(Kernel(Arc::new(Parts {
            auth,
            live,
            jobs,
            settings,
            metrics: metrics::Metrics::default(),
            warnings: o.warnings.into_iter().chain(warning).collect(),
            workspace: o.workspace,
            desktop: o.desktop,
            db,
            world: o.world,
        })))
    }

    /// Starts the outbox pump and the job runner; jobs of a dead process are taken up again.
    pub async fn start(&self) -> Result<()> {
        self.live.start(self.clone());
        self.jobs.start(self.clone()).await
    }

    /// Ends WebSockets, so that a server that drains does not wait for them.
    pub fn end_sockets(&self) {
        self.live.stop();
    }

    /// Stops jobs at their resume points, waits for them, and closes the database.
    pub async fn close(&self) {
        self.jobs.stop().await;
        self.live.stop();
        self.db.close().await;
    }
}
