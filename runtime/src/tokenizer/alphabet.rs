//! The byte-level alphabet of GPT-2: each of the 256 bytes has one printable character, so that any bytes can be
//! written as the text of a token. Not an encoding of characters: a token may hold half of one.

const fn stands_for_itself(byte: u32) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

/// The character of each byte. Bytes that do not print take the characters from U+0100 up, in order.
const CHARS: [char; 256] = {
    let mut chars = ['\0'; 256];
    let mut next = 0x100;
    let mut byte = 0;
    while byte < 256 {
        let code = if stands_for_itself(byte) {
            byte
        } else {
            next += 1;
            next - 1
        };
        chars[byte as usize] = match char::from_u32(code) {
            Some(char) => char,
            None => panic!("every code here is below U+0144"),
        };
        byte += 1;
    }
    chars
};

/// The character that stands for a byte.
pub(super) fn char_of(byte: u8) -> char {
    CHARS[usize::from(byte)]
}

/// The byte that a character stands for, if it belongs to the alphabet.
pub(super) fn byte_of(char: char) -> Option<u8> {
    let code = u32::from(char);
    if code < 0x100 {
        return stands_for_itself(code).then_some(code as u8);
    }
    // Beyond U+00FF lie the 68 others, sorted.
    let at = CHARS.iter().position(|&c| c == char)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_characters_are_one_to_one() {
        for byte in 0..=255 {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
        }
        assert_eq!(
            (char_of(b' '), char_of(b'\n'), char_of(b'a')),
            ('Ġ', 'Ċ', 'a')
        );
        assert_eq!(
            (byte_of(' '), byte_of('\u{144}'), byte_of('日')),
            (None, None, None)
        );
    }
}
