//! The command line of the window.

use clap::Parser;
use std::path::{Path, PathBuf};

/// What the command line asks for.
#[derive(Debug, Default, Parser)]
#[command(
    name = "aurorasoc-desktop",
    version,
    about = "AuroraSOC Desktop: a SOC on one workstation",
    after_help = "When a window is open already, it comes to the front and takes the paths: into the workspace of \
        --data-dir, which it then shows, or into the one that it shows."
)]
pub struct Args {
    /// Folder of the workspace, made when it is not there
    #[arg(long, value_name = "DIR", value_parser = crate::cli::folder())]
    data_dir: Option<PathBuf>,
    /// Draw without the graphics card, for a blank or flickering window
    #[arg(long)]
    pub safe_graphics: bool,
    /// Files and folders to import
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Args {
    /// Reads the arguments of this process; help, version and a wrong command line end it here.
    pub fn read() -> Args {
        Args::parse()
    }

    /// The workspace's folder that was named, here or by the environment, absolute; none means the configured one, or
    /// the one that a window shows.
    pub fn dir(&self) -> Option<PathBuf> {
        let named = std::env::var_os("AURORASOC_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        self.data_dir.clone().or(named).as_deref().map(absolute)
    }

    /// What to import, absolute.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.paths.iter().map(|path| absolute(path)).collect()
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(["aurorasoc-desktop"].iter().chain(words))
    }

    #[test]
    fn options_and_paths_in_any_order() {
        let args = of(&["/a.evtx", "--data-dir", "/ws", "--safe-graphics", "--", "--odd.evtx"]).unwrap();
        assert_eq!(args.dir(), Some("/ws".into()));
        assert!(args.safe_graphics);
        assert_eq!(args.paths()[0], PathBuf::from("/a.evtx"));
        assert!(args.paths()[1].is_absolute() && args.paths()[1].ends_with("--odd.evtx"));
        assert_eq!(of(&["--data-dir=/ws"]).unwrap().dir(), Some("/ws".into()));
    }

    #[test]
    fn a_wrong_option_is_named_and_help_is_no_error() {
        for wrong in [&["--data-dir"][..], &["--no-such"], &["--data-dir="]] {
            let refused = of(wrong).unwrap_err();
            assert_eq!(refused.exit_code(), 2);
            assert!(refused.to_string().contains(wrong[0].trim_end_matches('=')), "{refused}");
        }
        assert_eq!(of(&["-h"]).unwrap_err().exit_code(), 0);
    }
}
