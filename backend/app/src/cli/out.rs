//! Standard output and standard error. Nothing here panics: a reader that went away (`| head`) ends the printing quietly,
//! and output that can't be written for another reason, a full disk say, is an error of the command.

use super::Exit;
use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
};

/// Prints text as it is, and sees it out.
pub(super) fn print(text: impl Display) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    quiet(write!(out, "{text}").and_then(|()| out.flush()))
}

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), Exit> {
    print(format_args!("{text}\n"))
}

/// What a write to standard output means for the command: nothing where whoever read it went away.
pub(super) fn quiet(written: io::Result<()>) -> Result<(), Exit> {
    match written {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Exit(1, format!("standard output: {e}"))),
        _ => Ok(()),
    }
}

/// Says a line on standard error. Where that can't be, nobody is left to be told.
pub(super) fn say(text: impl Display) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
