//! Passwords: Argon2id on a bounded number of threads, the same time for an unknown user.

use crate::{Error, Result, World};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes at most two passwords at a time (19 MiB each, t=2, p=1: the crate's defaults, OWASP's minimum).
pub struct Hasher {
    slots: Arc<Semaphore>,
    world: World,
}

/// Of no password; its parameters are those of every other hash.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YXVyb3Jhc29jLW5vYm9keQ$Ry2Gt3PZ7tZsmmkDWF6eoLBQ6YcQ2bIWIzXy3JEy9T0";

impl Hasher {
    pub(crate) fn new(world: World) -> Self {
        Hasher { slots: Arc::new(Semaphore::new(2)), world }
    }

    async fn off_runtime<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let slot = self.slots.clone().acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let out = f();
            drop(slot);
            out
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// PHC string of a password.
    pub async fn hash(&self, password: String) -> Result<String> {
        let salt = self.world.bytes::<16>();
        self.off_runtime(move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt))
            .await?
            .map(|h| h.to_string())
            .map_err(Error::internal)
    }

    /// Whether it is the password; takes as long without a hash to compare with, and says no.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.into());
        let check = move || {
            PasswordHash::new(&hash)
                .is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok())
        };
        Ok(self.off_runtime(check).await? && known)
    }
}

/// 12 to 256 characters.
pub fn check_rules(field: &str, password: &str) -> Result<()> {
    match password.chars().count() {
        12..=256 => Ok(()),
        _ => Err(Error::field(field, "a password has 12 to 256 characters")),
    }
}
