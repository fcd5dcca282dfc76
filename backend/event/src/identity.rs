//! The text form of an event's identity, which is also its `log_id`.

/// First 16 bytes of a BLAKE3 hash over what makes the event this event.
pub type Identity = [u8; 16];

/// 32 lowercase hexadecimal digits.
pub fn hex(identity: &Identity) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    identity
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// Back from [`hex`]; `None` for anything but exactly 32 lowercase hexadecimal digits.
pub fn unhex(text: &str) -> Option<Identity> {
    let bytes: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = [0; 16];
    for (to, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *to = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_and_nothing_else() {
        let id: Identity = std::array::from_fn(|i| (i * 17) as u8);
        assert_eq!(hex(&id), "00112233445566778899aabbccddeeff");
        assert_eq!(unhex(&hex(&id)), Some(id));
        for bad in ["", "00112233445566778899AABBCCDDEEFF", "0", "zz112233445566778899aabbccddeeff"] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
    }
}
