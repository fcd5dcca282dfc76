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

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(BuiltinFile { path: $path, text: include_str!(concat!("../../../assets/rules/", $path)) }),*]
    };
}

/// The files that come with the program, for showing a rule's text.
pub fn builtin_files() -> &'static [BuiltinFile] {
    files![]
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
