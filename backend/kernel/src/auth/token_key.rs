//! The key that signs access tokens: in the OS keyring, or a 0600 file where there is none.

use crate::{Error, Result, World, platform, world::hex};
use std::path::Path;

const FILE: &str = "token.key";
const SERVICE: &str = "AuroraSOC";

/// Where the key of a workspace lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the OS keyring; in the file while that does not answer.
    Keyring,
    /// In the file, without asking the keyring.
    File,
    /// Nowhere: for a command that neither issues nor takes tokens. What is kept stays as it is.
    Memory,
}

/// The keyring's entry of one workspace.
trait Ring {
    /// The key, if one of its length is there.
    fn get(&self) -> std::result::Result<Option<[u8; 32]>, keyring::Error>;
    fn set(&self, key: &[u8; 32]) -> std::result::Result<(), keyring::Error>;
}

/// An entry by its account.
struct Entry(String);

impl Ring for Entry {
    fn get(&self) -> std::result::Result<Option<[u8; 32]>, keyring::Error> {
        match keyring::Entry::new(SERVICE, &self.0)?.get_secret() {
            Ok(key) => Ok(key.try_into().ok()),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn set(&self, key: &[u8; 32]) -> std::result::Result<(), keyring::Error> {
        keyring::Entry::new(SERVICE, &self.0)?.set_secret(key)
    }
}

/// The key of a workspace, made on first use, and what the user must be told.
pub(crate) async fn load(dir: &Path, world: &World, place: KeyPlace) -> ([u8; 32], Option<String>) {
    let (file, fresh) = (dir.join(FILE), world.bytes::<32>());
    match place {
        KeyPlace::Memory => (fresh, None),
        KeyPlace::File => match read(&file) {
            Some(key) => (key, None),
            None => (fresh, platform::write_private(&file, &fresh).err().map(|_| nowhere())),
        },
        KeyPlace::Keyring => {
            let (entry, at) = (Entry(account(dir)), file.clone());
            let asked = tokio::task::spawn_blocking(move || find(&at, fresh, &entry)).await;
            asked.unwrap_or_else(|e| fall_back(&file, fresh, &e))
        }
    }
}

fn read(file: &Path) -> Option<[u8; 32]> {
    platform::read_private(file).ok().and_then(|bytes| bytes.try_into().ok())
}

/// A key in the file is the one that tokens were signed with last; once the keyring answers it goes there.
fn find(file: &Path, fresh: [u8; 32], ring: &impl Ring) -> ([u8; 32], Option<String>) {
    if let Some(key) = read(file) {
        return match ring.set(&key) {
            Ok(()) => {
                if let Err(e) = std::fs::remove_file(file) {
                    tracing::warn!(error = %e, "the token key went into the keyring, its file could not be removed");
                }
                (key, None)
            }
            Err(e) => (key, Some(in_file(&e))),
        };
    }
    match ring.get() {
        Ok(Some(key)) => (key, None),
        Ok(None) => match ring.set(&fresh) {
            Ok(()) => (fresh, None),
            Err(e) => fall_back(file, fresh, &e),
        },
        Err(e) => fall_back(file, fresh, &e),
    }
}

/// Makes a new key where the old one was.
pub(crate) async fn renew(dir: &Path, world: &World, place: KeyPlace) -> Result<[u8; 32]> {
    let (file, fresh) = (dir.join(FILE), world.bytes::<32>());
    if place == KeyPlace::Keyring && !file.exists() {
        let entry = Entry(account(dir));
        tokio::task::spawn_blocking(move || entry.set(&fresh))
            .await
            .map_err(Error::internal)?
            .map_err(|e| Error::unavailable("the keyring does not answer", e))?;
    } else if place != KeyPlace::Memory {
        platform::write_private(&file, &fresh)
            .map_err(|e| Error::unavailable("the key file can't be written", e))?;
    }
    Ok(fresh)
}

/// One entry a workspace; its path is hashed, since the keyring shows names.
fn account(dir: &Path) -> String {
    let id = super::fingerprint(&dir.to_string_lossy());
    format!("token-key-{}", hex(&id[..8]))
}

fn fall_back(file: &Path, key: [u8; 32], why: &dyn std::fmt::Display) -> ([u8; 32], Option<String>) {
    tracing::warn!(error = %why, "no OS keyring, the token key goes into a file");
    let told = if platform::write_private(file, &key).is_ok() { in_file(why) } else { nowhere() };
    (key, Some(told))
}

fn in_file(why: &dyn std::fmt::Display) -> String {
    format!(
        "The system's keyring can't be used ({why}): the key that signs sign-ins lies in a file that only your \
         account can read."
    )
}

fn nowhere() -> String {
    "The key that signs sign-ins could not be stored; all sessions end with the program.".into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Holds a key while it answers.
    struct Held {
        key: Cell<Option<[u8; 32]>>,
        answers: Cell<bool>,
    }

    impl Ring for Held {
        fn get(&self) -> std::result::Result<Option<[u8; 32]>, keyring::Error> {
            if self.answers.get() { Ok(self.key.get()) } else { Err(keyring::Error::NoDefaultStore) }
        }

        fn set(&self, key: &[u8; 32]) -> std::result::Result<(), keyring::Error> {
            self.get().map(|_| self.key.set(Some(*key)))
        }
    }

    #[test]
    fn a_key_stays_the_same_on_its_way_between_file_and_keyring() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        let ring = Held { key: Cell::new(None), answers: Cell::new(true) };
        assert_eq!(find(&file, [1; 32], &ring), ([1; 32], None));
        assert_eq!(find(&file, [2; 32], &ring), ([1; 32], None), "the one that is there");
        assert!(!file.exists(), "the keyring works");

        ring.answers.set(false);
        let (key, told) = find(&file, [3; 32], &ring);
        assert_eq!((key, read(&file)), ([3; 32], Some([3; 32])));
        assert!(told.unwrap().contains("a file that only your account can read"));
        let (key, told) = find(&file, [4; 32], &ring);
        assert!(key == [3; 32] && told.is_some());

        ring.answers.set(true);
        assert_eq!(find(&file, [5; 32], &ring), ([3; 32], None), "moved, and nothing is said that is not so");
        assert!(!file.exists() && ring.key.get() == Some([3; 32]));
    }

    #[tokio::test]
    async fn a_short_command_makes_no_key() {
        let dir = tempfile::tempdir().unwrap();
        load(dir.path(), &World::real(), KeyPlace::Memory).await;
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
