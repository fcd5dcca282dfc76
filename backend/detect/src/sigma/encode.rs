//! The encodings that Sigma's modifiers make: UTF-16, Base64, Base64 at any offset.

use super::{modifier::Modifier, pattern::Pattern};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The bytes of a value that may be encoded; each text that `windash` makes by itself.
pub(crate) fn bytes_of(value: Result<Pattern, Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
    match value {
        Err(bytes) => Ok(vec![bytes]),
        Ok(p) => match p.texts() {
            Some(texts) => Ok(texts.into_iter().map(String::into_bytes).collect()),
            None => Err("Base64 of a value with wildcards is not possible".into()),
        },
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The three forms that bytes take inside a longer Base64 text, without the characters that depend on what
/// stands before and behind.
pub(crate) fn base64_offsets(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3).filter_map(move |shift| {
        let mut padded = vec![b' '; shift];
        padded.extend_from_slice(bytes);
        let text = STANDARD.encode(&padded);
        let start = [0, 2, 3][shift];
        let end = text.len() - [0, 3, 2][padded.len() % 3];
        text.get(start..end).filter(|t| !t.is_empty()).map(str::to_owned)
    })
}

/// UTF-16 in the modifier's byte order; `utf16` has a byte order mark.
pub(crate) fn utf16(m: Modifier, text: &str) -> Vec<u8> {
    let mark = (m == Modifier::Utf16).then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|u| if m == Modifier::Utf16Be { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lie_in_every_longer_text() {
        let needle = b"/bin/bash";
        let forms: Vec<String> = base64_offsets(needle).collect();
        for before in 0..7 {
            for behind in 0..5 {
                let mut whole = vec![b'x'; before];
                whole.extend_from_slice(needle);
                whole.extend(vec![b'y'; behind]);
                let text = base64(&whole);
                assert!(forms.iter().any(|f| text.contains(f.as_str())), "{before} {behind} {text}");
            }
        }
    }

    #[test]
    fn utf16_as_the_specification_shows_it() {
        assert_eq!(utf16(Modifier::Utf16Le, "cmd"), [0x63, 0, 0x6d, 0, 0x64, 0]);
        assert_eq!(utf16(Modifier::Utf16Be, "cmd"), [0, 0x63, 0, 0x6d, 0, 0x64]);
        assert_eq!(utf16(Modifier::Utf16, "c"), [0xff, 0xfe, 0x63, 0]);
    }
}
