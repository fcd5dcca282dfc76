//! The key that signs access tokens: in the OS keyring, or a 0600 file where there is none.

use crate::{Error, Result, World, platform, world::hex};
use std::path::Path;

const FILE: &str = "token.key";
const SERVICE: &str = "AuroraSOC";

/// The key of a workspace, made on first use, and what the user must be told.
pub(crate) async fn load(dir: &Path, world: &World, keyring: bool) -> ([u8; 32], Option<String>) {
    let file = dir.join(FILE);
    if let Some(key) = platform::read_private(&file).ok().and_then(|b| <[u8; 32]>::try_from(b).ok()) {
        return (key, keyring.then(|| warning(&"it was made without one")));
    }
    let fresh = world.bytes::<32>();
    if !keyring {
        let _ = platform::write_private(&file, &fresh);
        return (fresh, None);
    }
    let account = account(dir);
    let in_keyring = tokio::task::spawn_blocking(move || {
        let entry = keyring::Entry::new(SERVICE, &account)?;
        match entry.get_secret() {
            Ok(key) if key.len() == 32 => Ok(key),
            Ok(_) | Err(keyring::Error::NoEntry) => entry.set_secret(&fresh).map(|()| fresh.to_vec()),
            Err(e) => Err(e),
        }
    });
    match in_keyring.await {
        Ok(Ok(key)) => (key.try_into().unwrap_or(fresh), None),
        Ok(Err(e)) => (fresh, Some(fall_back(&file, &fresh, &e))),
        Err(e) => (fresh, Some(fall_back(&file, &fresh, &e))),
    }
}

/// Makes a new key where the old one was.
pub(crate) async fn renew(dir: &Path, world: &World, keyring: bool) -> Result<[u8; 32]> {
    let file = dir.join(FILE);
    let fresh = world.bytes::<32>();
    if !keyring || file.exists() {
        platform::write_private(&file, &fresh)
            .map_err(|e| Error::unavailable("the key file can't be written", e))?;
        return Ok(fresh);
    }
    let account = account(dir);
    let set = move || keyring::Entry::new(SERVICE, &account)?.set_secret(&fresh);
    tokio::task::spawn_blocking(set)
        .await
        .map_err(Error::internal)?
        .map_err(|e| Error::unavailable("the keyring does not answer", e))?;
    Ok(fresh)
}

/// One entry a workspace; its path is hashed, since the keyring shows names.
fn account(dir: &Path) -> String {
    let id = super::fingerprint(&dir.to_string_lossy());
    format!("token-key-{}", hex(&id[..8]))
}

fn fall_back(file: &Path, key: &[u8], why: &dyn std::fmt::Display) -> String {
    tracing::warn!(error = %why, "no OS keyring, the token key goes into a file");
    match platform::write_private(file, key) {
        Ok(()) => warning(why),
        Err(_) => {
            "The key that signs sign-ins could be stored neither in the system's keyring nor in a file; \
                   all sessions end with the program."
                .into()
        }
    }
}

fn warning(_: &dyn std::fmt::Display) -> String {
    "No system keyring is available: the key that signs sign-ins lies in a file that only your account can read."
        .into()
}
