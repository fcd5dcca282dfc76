//! Paths in JSON, whatever their bytes: a path that is UTF-8 is a string, another one the list of its bytes. For
//! `#[serde(with)]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
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

#[cfg(test)]
mod tests {
    use super::*;

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
