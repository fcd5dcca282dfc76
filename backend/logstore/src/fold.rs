//! Comparing without case: Unicode's full case folding (The Unicode Standard, 3.13, toCasefold), character by character
//! and so the same wherever a character stands. Nothing is normalised.

use caseless::Caseless as _;

/// The folded form: `ß` is `ss`, the Kelvin sign `k`, both small sigmas one.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().default_case_fold().collect()
}

/// Folds texts that end each with [`crate::block::END`], in their order, into `out`.
pub(crate) fn fold_all(texts: &[u8], out: &mut Vec<u8>) {
    out.clear();
    // Without a branch a byte, so that many are looked at together.
    let other = texts.iter().fold(false, |other, b| other | (*b >= 0x80 && *b != crate::block::END));
    if !other {
        out.extend_from_slice(texts);
        out.make_ascii_lowercase();
        return;
    }
    for text in texts.split_inclusive(|b| *b == crate::block::END) {
        let (text, end) = text.split_at(text.len() - usize::from(text.ends_with(&[crate::block::END])));
        if text.is_ascii() {
            out.extend(text.iter().map(u8::to_ascii_lowercase));
        } else {
            let folded = String::from_utf8_lossy(text).chars().default_case_fold().collect::<String>();
            out.extend(folded.into_bytes());
        }
        out.extend(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_says() {
        for (text, folded) in [
            ("Straße", "strasse"),
            ("\u{212a}ELVIN", "kelvin"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύσ"),
            ("ὀδυσσεύς", "ὀδυσσεύσ"),
            ("İı", "i\u{307}ı"),
            ("ﬁ", "fi"),
            ("C:\\TEMP\0\n", "c:\\temp\0\n"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn all_at_once_is_each_alone(texts in proptest::collection::vec(".{0,6}|[a-zA-Z]{0,6}", 0..8)) {
            let (mut area, mut out) = (vec![], vec![]);
            texts.iter().for_each(|t| { area.extend(t.bytes()); area.push(crate::block::END); });
            fold_all(&area, &mut out);
            let mut right = vec![];
            texts.iter().for_each(|t| { right.extend(fold(t).bytes()); right.push(crate::block::END); });
            proptest::prop_assert_eq!(out, right);
        }
    }
}
