//! Plural forms after the CLDR, for whole numbers.

use api::users::Language;

/// Index into zero, one, two, few, many, other.
pub fn form(language: Language, n: u64) -> usize {
    match language {
        Language::En => {
            if n == 1 {
                1
            } else {
                5
            }
        }
        Language::Ar => match (n, n % 100) {
            (0, _) => 0,
            (1, _) => 1,
            (2, _) => 2,
            (_, 3..=10) => 3,
            (_, 11..=99) => 4,
            _ => 5,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::form;
    use api::users::Language;

    #[test]
    fn arabic_has_six() {
        let forms = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103].map(|n| form(Language::Ar, n));
        assert_eq!(forms, [0, 1, 2, 3, 3, 4, 4, 5, 5, 3]);
        assert_eq!([0, 1, 2].map(|n| form(Language::En, n)), [5, 1, 5]);
    }
}
