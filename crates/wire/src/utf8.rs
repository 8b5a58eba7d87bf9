//! UTF-8 checked while it arrives (RFC 6455 section 8.1).
//!
//! A text message may be cut anywhere, inside a character too. The check fails at the first octet
//! that cannot be UTF-8 whatever follows, without waiting for the character to be complete. It
//! does not keep the text: only an unfinished character, three octets at most.

use std::str;

/// True if a whole text is UTF-8. By vector instructions: for 16 KiB of letters beyond ASCII the
/// standard library takes longer than the kernel takes to carry them.
#[inline]
pub(crate) fn is_utf8(text: &[u8]) -> bool {
    if text.len() < SHORT {
        is_short_utf8(text)
    } else {
        simdutf8::basic::from_utf8(text).is_ok()
    }
}

/// Octets from which on vectors are worth their while.
const SHORT: usize = 64;

/// The same of a short text, in which a branch for each kind of letter would be guessed wrongly: letters
/// are told apart by an automaton, an octet at a time.
fn is_short_utf8(text: &[u8]) -> bool {
    const BEYOND_ASCII: u64 = u64::from_ne_bytes([0x80; 8]);
    let (lanes, _) = text.as_chunks::<8>();
    let is_ascii = |lane: &&[u8; 8]| u64::from_ne_bytes(**lane) & BEYOND_ASCII == 0;
    let ascii = lanes.iter().take_while(is_ascii).count();
    let (_, rest) = text.split_at(8 * ascii);
    let state = rest.iter().fold(COMPLETE, |state, octet| {
        STEPS[usize::from(*octet)].wrapping_shr(state as u32)
    });
    state % (1 << STATE_BITS) == COMPLETE
}

/// Bits of a state of the automaton, which is the place of its own row of bits in each of [`STEPS`].
const STATE_BITS: u64 = 6;
/// Between two characters.
const COMPLETE: u64 = 0;
/// No text goes on like this.
const BROKEN: u64 = STATE_BITS;
/// So many octets are missing to a character, each of 80 to BF.
const LACKS: [u64; 4] = [COMPLETE, 2 * STATE_BITS, 3 * STATE_BITS, 4 * STATE_BITS];
/// First octets behind which the second one has bounds of its own, those bounds, and the state in which
/// it is awaited (RFC 3629 section 4).
const BOUNDED: [(u8, u8, u8, u64); 4] = [
    (0xe0, 0xa0, 0xbf, 5 * STATE_BITS),
    (0xed, 0x80, 0x9f, 6 * STATE_BITS),
    (0xf0, 0x90, 0xbf, 7 * STATE_BITS),
    (0xf4, 0x80, 0x8f, 8 * STATE_BITS),
];

/// The state that follows each state at an octet: from the place on that the state names.
static STEPS: [u64; 256] = {
    let mut steps = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut state = 0;
        while state <= BOUNDED[3].3 {
            steps[octet] |= step(state, octet as u8) << state;
            state += STATE_BITS;
        }
        octet += 1;
    }
    steps
};

/// The state behind an octet.
const fn step(state: u64, octet: u8) -> u64 {
    let mut at = 0;
    while at < BOUNDED.len() {
        let (first, from, to, awaited) = BOUNDED[at];
        if state == COMPLETE && octet == first {
            return awaited;
        }
        if state == awaited {
            let is_right = from <= octet && octet <= to;
            let lacking = if first < 0xf0 { 1 } else { 2 };
            return if is_right { LACKS[lacking] } else { BROKEN };
        }
        at += 1;
    }
    match (state, octet) {
        (COMPLETE, ..=0x7f) => COMPLETE,
        (COMPLETE, 0xc2..=0xdf) => LACKS[1],
        (COMPLETE, 0xe1..=0xef) => LACKS[2],
        (COMPLETE, 0xf1..=0xf3) => LACKS[3],
        (COMPLETE | BROKEN, _) => BROKEN,
        (_, 0x80..=0xbf) if state == LACKS[1] => COMPLETE,
        (_, 0x80..=0xbf) => state - STATE_BITS,
        _ => BROKEN,
    }
}

/// The state between two pieces of one text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checker {
    /// The octets so far of a character that is not complete.
    unfinished: [u8; 4],
    /// Number of them: 0 to 3.
    count: u8,
}

/// An octet that no UTF-8 text has at its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

impl Checker {
    /// The state at the start of a text.
    pub(crate) const fn new() -> Self {
        Self {
            unfinished: [0; 4],
            count: 0,
        }
    }

    /// Checks the next piece.
    #[inline]
    pub(crate) fn push(&mut self, mut piece: &[u8]) -> Result<(), Invalid> {
        if self.count > 0 {
            piece = self.complete(piece)?;
        }
        match simdutf8::compat::from_utf8(piece) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Invalid),
            Err(error) => {
                self.keep(&piece[error.valid_up_to()..]);
                Ok(())
            }
        }
    }

    /// True if the text may end here: no character is left unfinished.
    #[inline]
    pub(crate) const fn is_complete(self) -> bool {
        self.count == 0
    }

    /// Feeds the unfinished character octet by octet; returns what lies behind it.
    fn complete<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], Invalid> {
        for (i, &octet) in piece.iter().enumerate() {
            self.unfinished[usize::from(self.count)] = octet;
            self.count += 1;
            match str::from_utf8(&self.unfinished[..usize::from(self.count)]) {
                Ok(_) => {
                    self.count = 0;
                    return Ok(&piece[i + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(Invalid),
                Err(_) => {}
            }
        }
        Ok(&[])
    }

    /// Keeps the start of a character; the standard library calls at most three octets unfinished.
    fn keep(&mut self, octets: &[u8]) {
        self.unfinished[..octets.len()].copy_from_slice(octets);
        self.count = octets.len() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "aé€😀 κόσμε \u{10ffff}\u{d7ff}\u{e000}";

    #[test]
    fn text_cut_anywhere_is_accepted() {
        let bytes = SAMPLE.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut checker = Checker::new();
                for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                    assert_eq!(checker.push(piece), Ok(()), "cut at {first} and {second}");
                }
                assert!(checker.is_complete(), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn every_sequence_of_two_octets_fails_where_the_whole_would() {
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                let mut checker = Checker::new();
                let cut = checker
                    .push(&[first])
                    .and_then(|()| checker.push(&[second]));
                let whole = match str::from_utf8(&[first, second]) {
                    Err(error) if error.error_len().is_some() => Err(Invalid),
                    _ => Ok(()),
                };
                assert_eq!(cut, whole, "{first:#x} {second:#x}");
            }
        }
    }

    #[test]
    fn short_texts_are_what_the_standard_library_says() {
        let check = |text: &[u8]| {
            assert_eq!(
                is_short_utf8(text),
                str::from_utf8(text).is_ok(),
                "{text:x?}"
            );
        };
        for number in 0..1 << 24 {
            let [first, second, third, _] = u32::to_le_bytes(number);
            check(&[first, second, third]);
            if first >= 0xe0 && matches!(third, 0x7f..0x91 | 0x9e..0xa1 | 0xbe..0xc1) {
                for fourth in [0, 0x7f, 0x80, 0xbf, 0xc0] {
                    check(&[first, second, third, fourth]);
                    check(&[first, second, third, fourth, b'a']);
                }
            }
        }
        for from in 0..SAMPLE.len() {
            for to in from..=SAMPLE.len() {
                check(&SAMPLE.as_bytes()[from..to]);
            }
        }
    }

    #[test]
    fn an_impossible_octet_fails_at_once() {
        // Autobahn 6.4: U+110000 is impossible from its second octet on.
        let mut checker = Checker::new();
        assert_eq!(checker.push("κόσμε".as_bytes()), Ok(()));
        assert_eq!(checker.push(&[0xf4]), Ok(()));
        assert_eq!(checker.push(&[0x90]), Err(Invalid));
    }

    #[test]
    fn an_unfinished_character_is_not_complete() {
        let mut checker = Checker::new();
        assert_eq!(checker.push(&[b'a', 0xe2, 0x82]), Ok(()));
        assert!(!checker.is_complete());
        assert_eq!(checker.push(&[]), Ok(()));
        assert!(!checker.is_complete());
        assert_eq!(checker.push(&[0xac]), Ok(()));
        assert!(checker.is_complete());
    }
}
