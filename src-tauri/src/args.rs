//! The command line: `aurorasoc-desktop [--data-dir DIR] [--safe-graphics] [PATH…]`.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
pub struct Args {
    /// The workspace's folder; none means the default one.
    pub data_dir: Option<PathBuf>,
    /// Draw without the graphics card.
    pub safe_graphics: bool,
    /// Files and folders to import, absolute.
    pub paths: Vec<PathBuf>,
}

/// Why the window is not opened.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// Help or version: standard output, exit 0.
    Say(String),
    /// A wrong command line: standard error, exit 2.
    Refuse(String),
}

const HELP: &str = "\
AuroraSOC Desktop: a SOC on one workstation.

Usage: aurorasoc-desktop [OPTIONS] [PATH...]

PATH... are files and folders to import. When the workspace is open already,
its window comes to the front and takes them.

Options:
  --data-dir DIR    the workspace's folder (made when it is not there)
  --safe-graphics   draw without the graphics card, for a blank or flickering window
  -h, --help        this text
  -V, --version     the version";

/// Reads the arguments after the program's name; relative paths are taken from the current folder.
pub fn parse(given: impl Iterator<Item = OsString>) -> Result<Args, Stop> {
    let mut args = Args::default();
    let mut given = given;
    let mut only_paths = false;
    while let Some(next) = given.next() {
        let text = next.to_string_lossy();
        match text.as_ref() {
            _ if only_paths || !text.starts_with('-') => args.paths.push(absolute(next)),
            "--" => only_paths = true,
            "-h" | "--help" => return Err(Stop::Say(HELP.into())),
            "-V" | "--version" => {
                return Err(Stop::Say(format!("aurorasoc-desktop {}", env!("CARGO_PKG_VERSION"))));
            }
            "--safe-graphics" => args.safe_graphics = true,
            "--data-dir" => match given.next() {
                Some(dir) => args.data_dir = Some(absolute(dir)),
                None => return Err(Stop::Refuse("--data-dir needs a folder after it".into())),
            },
            _ => match text.strip_prefix("--data-dir=") {
                Some(dir) if !dir.is_empty() => args.data_dir = Some(absolute(dir.into())),
                _ => return Err(Stop::Refuse(format!("{text}: no such option; --help lists them"))),
            },
        }
    }
    Ok(args)
}

fn absolute(path: OsString) -> PathBuf {
    let path = PathBuf::from(path);
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Args, Stop> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_and_paths_in_any_order() {
        let args = of(&["/a.evtx", "--data-dir", "/ws", "--safe-graphics", "--", "--odd.evtx"]).unwrap();
        assert_eq!(args.data_dir, Some("/ws".into()));
        assert!(args.safe_graphics);
        assert_eq!(args.paths[0], PathBuf::from("/a.evtx"));
        assert!(args.paths[1].is_absolute() && args.paths[1].ends_with("--odd.evtx"));
        assert_eq!(of(&["--data-dir=/ws"]).unwrap().data_dir, Some("/ws".into()));
    }

    #[test]
    fn a_wrong_option_is_named() {
        assert_eq!(of(&["--data-dir"]), Err(Stop::Refuse("--data-dir needs a folder after it".into())));
        assert!(matches!(of(&["--no-such"]), Err(Stop::Refuse(text)) if text.contains("--no-such")));
        assert!(matches!(of(&["--data-dir="]), Err(Stop::Refuse(_))));
        assert!(matches!(of(&["-h"]), Err(Stop::Say(_))));
    }
}
