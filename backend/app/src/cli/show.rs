//! `config show`, and whether the configuration's file can be used at all.

use super::{Exit, out};
use crate::config::{self, Config, Flags};
use figment::{
    Figment,
    providers::{Format as _, Serialized, Toml},
    value::Value,
};
use kernel::Untrusted;
use std::{fs, io::ErrorKind, path::Path};

/// Looked at before any command: one that goes on without what its user wrote does something else than was asked for.
pub(super) fn sound_file() -> Result<(), Exit> {
    let file = config::file();
    match fs::read_to_string(&file) {
        Ok(text) => check(&file, &text),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(e) => Err(Exit(2, format!("configuration: {}: can't be read: {e}", file.display()))),
    }
}

/// An error names the line: the reader of TOML does for a text that is none, else it is that of the value.
fn check(file: &Path, text: &str) -> Result<(), Exit> {
    let values = Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(text));
    let Err(e) = values.extract::<Config>() else { return Ok(()) };
    let key = match &e.kind {
        figment::error::Kind::UnknownField(name, _) => Some(name.as_str()),
        _ => e.path.first().map(String::as_str),
    };
    let is_of = |line: &str, key: &str| {
        let written = line.split('=').next().unwrap_or_default().trim().trim_matches(['[', ']', '"', '\'']);
        written == key || written.split('.').next().is_some_and(|first| first.trim() == key)
    };
    let line = key.and_then(|key| text.lines().position(|line| is_of(line, key)));
    let line = line.map(|n| format!(", line {}", n + 1)).unwrap_or_default();
    let said = Untrusted::new(format!("configuration: {}{line}: {}", file.display(), e.kind));
    Err(Exit(2, said.for_terminal_lines()))
}

/// Every value and where it comes from.
pub(super) fn show(flags: Vec<(&'static str, Value)>) -> Result<u8, Exit> {
    let layers = config::layers(Flags(flags));
    layers.extract::<Config>().map_err(|e| Exit(2, format!("configuration: {e}")))?;
    let mut text = format!("file: {}\n", config::file().display());
    for (name, value, origin) in config::origins(&layers) {
        let origin = match origin.contains("environment") {
            true => format!("environment variable AURORASOC_{}", name.to_ascii_uppercase()),
            false => origin,
        };
        text += &format!("{name} = {value}    # {origin}\n");
    }
    out::print(Untrusted::new(text).for_terminal_lines() + "\n")?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let check = |text: &str| check(Path::new("config.toml"), text).map_err(|e| (e.0, e.1));
        assert_eq!(check("# mine\nlisten = \"127.0.0.1:1\"\n"), Ok(()));
        for (text, line) in [
            ("listen = \"a\"\n\nlisten = ", "line 3"),
            ("# mine\nkeyring = \"yes\"\n", "line 2"),
            ("keyring = true\n\n lisen = \"a\"\n", "line 3"),
            ("\n[server]\nlisten = \"a\"\n", "line 2"),
        ] {
            let (code, said) = check(text).unwrap_err();
            assert!(code == 2 && said.contains("config.toml") && said.contains(line), "{text:?}: {said}");
        }
    }
}
