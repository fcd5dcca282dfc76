//! Paths in JSON, whatever their bytes: a path that is UTF-8 is a string, another one the list of its bytes. For
//! `#[serde(with)]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

/// Writes paths.
pub fn serialize<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(paths.iter().map(|path| match path.to_str() {
        Some(text) => Text::Utf8(text.to_owned()),
        None => Text::Bytes(path.as_os_str().as_bytes().to_vec()),
    }))
}

/// Reads paths.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    let all = Vec::<Text>::deserialize(from)?;
    let path = |one| match one {
        Text::Utf8(text) => PathBuf::from(text),
        Text::Bytes(bytes) => OsString::from_vec(bytes).into(),
    };
    Ok(all.into_iter().map(path).collect())
}

/// A path's own bytes.
pub fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

/// The path of these bytes.
pub fn path_of(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

/// The path that is meant where one was made text on its way, U+FFFD for each byte that is none (the web view does that
/// to what is dropped on it): the one name in its folder that reads so. Unchanged where there is none, or more than one.
pub fn as_meant(path: &Path) -> PathBuf {
    let mut meant = PathBuf::new();
    for part in path.components() {
        let folder = meant.clone();
        meant.push(part);
        if part.as_os_str().to_str().is_none_or(|text| !text.contains('\u{fffd}')) || meant.exists() {
            continue;
        }
        let names = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut alike = names.filter(|name| name.to_string_lossy() == part.as_os_str().to_string_lossy());
        match (alike.next(), alike.next()) {
            (Some(one), None) => meant = folder.join(one),
            _ => return path.to_owned(),
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_became_text_is_found_again_where_it_is_the_only_one() {
        let dir = tempfile::tempdir().unwrap();
        let odd = |bytes: &[u8]| dir.path().join(OsString::from_vec(bytes.to_vec()));
        std::fs::create_dir(odd(b"case\xff")).unwrap();
        let file = odd(b"case\xff").join(OsString::from_vec(b"sys\xfetem".to_vec()));
        std::fs::write(&file, "").unwrap();
        let dropped = dir.path().join("case\u{fffd}/sys\u{fffd}tem");
        assert_eq!(as_meant(&dropped), file);
        std::fs::create_dir(odd(b"case\xfe")).unwrap();
        assert_eq!(as_meant(&dropped), dropped, "two read alike");
        assert_eq!(as_meant(Path::new("/etc/gone\u{fffd}")), Path::new("/etc/gone\u{fffd}"));
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Named {
        #[serde(with = "super")]
        paths: Vec<PathBuf>,
    }

    #[test]
    fn every_path_comes_back_and_those_written_before_are_read() {
        let odd = OsString::from_vec(b"/logs/\xff\xfe.evtx".to_vec()).into();
        let named = Named { paths: vec!["/logs/\u{62f}".into(), odd] };
        let text = serde_json::to_string(&named).unwrap();
        assert!(text.starts_with("{\"paths\":[\"/logs/\u{62f}\",[47,"), "{text}");
        assert_eq!(serde_json::from_str::<Named>(&text).unwrap(), named);
    }
}
