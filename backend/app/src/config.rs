//! Configuration: defaults that work, then `config.toml`, then `AURORASOC_…`, then flags; each value knows its origin.

use figment::{
    Figment, Metadata, Profile,
    providers::{Env, Format as _, Serialized, Toml},
    value::{Dict, Map, Value},
};
use kernel::{auth::token_key::KeyPlace, platform};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, path::PathBuf};

/// The values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the workspace.
    pub data_dir: PathBuf,
    /// Where the headless server listens.
    pub listen: String,
    /// The proxy in front of it; must be given for any address but loopback.
    pub behind_proxy: Option<IpAddr>,
    /// Whether the token key goes into the OS keyring where there is one.
    pub keyring: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data_dir: platform::data_home().join("default"),
            listen: "127.0.0.1:8787".into(),
            behind_proxy: None,
            keyring: true,
        }
    }
}

impl Config {
    /// Where the token key lies.
    pub(crate) fn key_place(&self) -> KeyPlace {
        if self.keyring { KeyPlace::Keyring } else { KeyPlace::File }
    }
}

/// A value given on the command line.
pub(crate) struct Flags(pub(crate) Vec<(&'static str, Value)>);

impl figment::Provider for Flags {
    fn metadata(&self) -> Metadata {
        Metadata::named("command line")
    }
    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let dict = self.0.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

/// Where `config.toml` is looked for.
pub fn file() -> PathBuf {
    platform::config_home().join("config.toml")
}

/// All layers.
pub(crate) fn layers(flags: Flags) -> Figment {
    Figment::from(Serialized::defaults(Config::default()))
        .merge(Toml::file(file()))
        .merge(Env::prefixed("AURORASOC_").only(&["data_dir", "listen", "behind_proxy", "keyring"]))
        .merge(flags)
}

/// (name, value, origin) of every value.
pub(crate) fn origins(f: &Figment) -> Vec<(String, String, String)> {
    let Ok(config) = f.extract::<Config>() else { return vec![] };
    let shown = serde_json::to_value(config).unwrap_or_default();
    let empty = serde_json::Map::new();
    let all = shown.as_object().unwrap_or(&empty);
    all.iter()
        .map(|(name, value)| {
            let origin = f.find_metadata(name).map_or_else(
                || "default".to_owned(),
                |m| match &m.source {
                    Some(figment::Source::File(path)) => path.display().to_string(),
                    _ if m.name.contains("app::config::Config") => "default".into(),
                    _ => m.name.to_string(),
                },
            );
            (name.clone(), value.to_string(), origin)
        })
        .collect()
}
