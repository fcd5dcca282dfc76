//! The rules that come with the program.

use crate::sigma::{self, Parsed};

/// A rule file of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinFile {
    /// Path below `assets/rules`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

// The list itself: `build.rs` writes it from what lies below `assets/rules`.
include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The files that come with the program, in the order of their paths, for showing a rule's text.
pub fn builtin_files() -> &'static [BuiltinFile] {
    FILES
}

/// The rules that come with the program. No errors; a test sees to it.
pub fn builtin() -> Parsed {
    let mut all = Parsed::default();
    for file in builtin_files() {
        let one = sigma::parse(file.text);
        all.rules.extend(one.rules);
        all.errors.extend(one.errors);
    }
    all
}
