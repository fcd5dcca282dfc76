//! Who calls: cookie sessions, access tokens, API keys; the proof of it is a [`Caller`].

mod caller;
mod headers;
pub mod keys;
pub mod password;
mod sessions;
mod start_code;
pub(crate) mod store;
mod throttle;
pub mod token_key;
mod tokens;
pub mod users;

pub use caller::{Caller, Principal, Via};
pub use store::QUERIES;
pub use tokens::{Claims, verify_jws};

use crate::{
    Result, World,
    db::{Actor, Db},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, RwLock},
};
use tokio::sync::watch;

/// SHA-256 of a credential: what is stored and looked up in its place.
pub(crate) type Fingerprint = [u8; 32];

pub(crate) fn fingerprint(secret: &str) -> Fingerprint {
    Sha256::digest(secret.as_bytes()).into()
}

/// Sessions, tokens, keys and users of one workspace.
pub struct Auth {
    pub(crate) db: Db,
    pub(crate) world: World,
    dir: PathBuf,
    place: token_key::KeyPlace,
    /// The desktop's own user, once it is ensured.
    desktop: RwLock<Option<String>>,
    key: RwLock<[u8; 32]>,
    cookie: RwLock<(String, bool)>,
    codes: start_code::StartCodes,
    throttle: throttle::Throttle,
    passwords: password::Hasher,
    seen: RwLock<HashMap<Fingerprint, (Arc<Principal>, i64)>>,
    /// Grows with every change of a user, session, token or key.
    generation: watch::Sender<u64>,
}

impl Auth {
    pub(crate) fn new(db: Db, world: World, dir: PathBuf, key: [u8; 32], place: token_key::KeyPlace) -> Self {
        Auth {
            codes: start_code::StartCodes::new(world.clone()),
            throttle: throttle::Throttle::new(world.clone()),
            passwords: password::Hasher::new(world.clone()),
            db,
            world,
            dir,
            place,
            desktop: RwLock::default(),
            key: RwLock::new(key),
            cookie: RwLock::new(("aurora_session".into(), false)),
            seen: RwLock::default(),
            generation: watch::channel(0).0,
        }
    }

    /// The port is part of the cookie's name, since cookies ignore ports; `secure` behind a TLS proxy.
    pub fn set_port(&self, port: u16, secure: bool) {
        *self.cookie.write().unwrap_or_else(|p| p.into_inner()) = (format!("aurora_session_{port}"), secure);
    }

    /// A new start code: 256 bits as 64 hexadecimal digits, good for 30 s and one use.
    pub fn start_code(&self) -> String {
        self.codes.make()
    }

    /// Forgets what was looked up: called after every change of a user, session, token or key.
    pub(crate) fn forget(&self) {
        // Forgotten before anyone is woken, who would else be told the old.
        let mut seen = self.seen.write().unwrap_or_else(|p| p.into_inner());
        seen.clear();
        self.generation.send_modify(|n| *n += 1);
    }

    /// Wakes after every change of a user, session, token or key: what was signed in must be looked at again.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Whether a refusal that anybody can cause gets an audit row: 60 a minute do.
    pub(crate) fn may_note_refusal(&self) -> bool {
        self.throttle.note_refusal()
    }

    fn recall(&self, f: &Fingerprint) -> Option<Arc<Principal>> {
        let seen = self.seen.read().unwrap_or_else(|p| p.into_inner());
        seen.get(f).filter(|(_, until)| *until > self.world.now().0).map(|(p, _)| p.clone())
    }

    /// Looks a credential up once a minute at most; a lookup that a change overtook is not kept.
    async fn look_up<F>(&self, f: Fingerprint, find: F) -> Result<Arc<Principal>>
    where
        F: Future<Output = Result<Principal>>,
    {
        if let Some(p) = self.recall(&f) {
            return Ok(p);
        }
        let generation = *self.generation.borrow();
        let principal = Arc::new(find.await?);
        let mut seen = self.seen.write().unwrap_or_else(|p| p.into_inner());
        if *self.generation.borrow() == generation {
            if seen.len() > 10_000 {
                seen.clear();
            }
            seen.insert(f, (principal.clone(), principal.ends.min(self.world.now().0 + 60_000)));
        }
        Ok(principal)
    }

    /// New token key: all access tokens and refresh tokens end.
    pub async fn renew_token_key(&self, by: &Actor) -> Result<()> {
        let mut tx = self.db.write(by).await?;
        sqlx::query(store::FAMILIES_REVOKE_ALL).execute(tx.conn()).await?;
        let key = token_key::renew(&self.dir, &self.world, self.place).await?;
        tx.commit(crate::db::Audit::new("token_key.renew", "token_key", "access"), &[]).await?;
        *self.key.write().unwrap_or_else(|p| p.into_inner()) = key;
        self.forget();
        Ok(())
    }

    fn key(&self) -> [u8; 32] {
        *self.key.read().unwrap_or_else(|p| p.into_inner())
    }
}
