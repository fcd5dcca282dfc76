//! Encodings: told apart, transcoded at any block size, places led back.

use super::*;
use proptest::prelude::*;

fn wide(text: &str, le: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if le { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
}

/// Hands on a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.1);
        self.0.read(&mut into[..most])
    }
}

fn read(bytes: &[u8], step: usize) -> (Vec<u8>, Offsets) {
    let offsets = Offsets::default();
    let mut all = Vec::new();
    Utf8::new(Box::new(Slow(bytes, step)), &offsets).read_to_end(&mut all).unwrap();
    (all, offsets)
}

#[test]
fn encodings_are_told_apart() {
    for (bytes, want) in [
        (b"plain".to_vec(), Encoding::Ascii),
        ("größer".into(), Encoding::Utf8),
        ("größer".as_bytes()[..4].to_vec(), Encoding::Utf8),
        ("größer und gr\u{fffd}".into(), Encoding::Utf8),
        ([b"ok ", "größer ".as_bytes(), b"\xff"].concat(), Encoding::Utf8),
        (b"gr\xf6\xdfer als nichts".to_vec(), Encoding::Latin1),
        (b"\x80\x81\x82 and a long tail of text".to_vec(), Encoding::Utf8),
        ([&b"\xff\xfe"[..], &wide("a", true)].concat(), Encoding::Utf16Le),
        ([&b"\xfe\xff"[..], &wide("a", false)].concat(), Encoding::Utf16Be),
        (wide("größer\r\n", true), Encoding::Utf16Le),
        (wide("größer\r\n", false), Encoding::Utf16Be),
        (b"\xff\xfe\0\0a\0\0\0".to_vec(), Encoding::Utf8),
        (b"\0\x01\x02\x03".to_vec(), Encoding::Utf8),
        (b"MZ\0\x01\x01\0b\0".to_vec(), Encoding::Utf8),
    ] {
        assert_eq!(Encoding::of_head(&bytes), want, "{bytes:02x?}");
    }
}

#[test]
fn windows_has_its_own_letters() {
    assert_eq!(WINDOWS.chars().count(), 32);
    let (text, offsets) = read(b"10 \x80 f\xfcr \x84alles\x94\n", 3);
    assert_eq!(String::from_utf8(text).unwrap(), "10 € für „alles”\n");
    assert!(offsets.note().unwrap().contains("Latin-1"));
    assert_eq!(offsets.note(), None);
}

#[test]
fn latin_1_may_begin_late_and_a_broken_pair_is_marked() {
    let mut bytes = b"line\n".repeat(HEAD / 2);
    let before = bytes.len();
    bytes.extend(b"f\xfcr\nend");
    let (text, offsets) = read(&bytes, 10_007);
    assert!(text.ends_with("für\nend".as_bytes()));
    assert_eq!(offsets.source(before as u64 + 5), before as u64 + 4);
    let (text, _) = read(b"\xff\xfea\0\0\xd8b\0c", 1);
    assert_eq!(String::from_utf8(text).unwrap(), "\u{feff}a\u{fffd}b\u{fffd}");
}

#[test]
fn a_character_may_lie_over_a_block_s_end() {
    for before in HEAD - 4..=HEAD + 1 {
        let text = format!("{}€ größer\n{}", "x".repeat(before), "y".repeat(HEAD));
        let (got, offsets) = read(text.as_bytes(), 5_003);
        assert!(got == text.as_bytes(), "{before}");
        assert_eq!((offsets.source(HEAD as u64 + 9), offsets.note()), (HEAD as u64 + 9, None));
        assert!(matches!(Encoding::of_head(&text.as_bytes()[..HEAD]), Encoding::Ascii | Encoding::Utf8));
        let mut latin = vec![b'x'; before];
        latin.extend(b"gr\xf6\xdfer\n");
        let (got, offsets) = read(&latin, 5_003);
        assert!(got.ends_with("xgrößer\n".as_bytes()), "{before}");
        assert_eq!(offsets.source(before as u64 + 4), before as u64 + 3);
    }
}

proptest! {
    #[test]
    fn sixteen_bits_come_back_with_their_places(text in "[a-z é€𝄞\n]{0,300}", le: bool, step in 1..40_usize) {
        let mark: &[u8] = if le { b"\xff\xfe" } else { b"\xfe\xff" };
        let bytes = [mark, &wide(&text, le)].concat();
        let (got, offsets) = read(&bytes, step);
        prop_assert_eq!(String::from_utf8(got).unwrap(), format!("\u{feff}{text}"));
        let mut at = 2;
        for (n, c) in text.char_indices() {
            prop_assert_eq!(offsets.source(3 + n as u64), at);
            at += 2 * c.len_utf16() as u64;
        }
    }

    #[test]
    fn any_bytes_pass(bytes: Vec<u8>, step in 1..40_usize) {
        let (text, _) = read(&bytes, step);
        let encoding = Encoding::of_head(&bytes);
        if !encoding.is_wide() && encoding != Encoding::Latin1 {
            prop_assert_eq!(text, bytes.clone());
        }
        head(&bytes);
    }
}
