//! Units out of the pieces of WebSocket messages, sans-IO: several of one message, or one of several.
//!
//! Whole units are handed on where they lie; only what is cut is kept until the rest has come, and no
//! more of it than the longest that there may be. Where a WebSocket message is a unit this is not used.

use std::ops::Range;

use memchr::memchr;
use thiserror::Error;

use crate::plan::MessageUnit;

/// Most bytes that say the length of an MQTT packet (MQTT 3.1.1 section 2.2.3).
const LENGTH_BYTES: usize = 4;

/// The reason why no further unit can be told from the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UnitError {
    /// One is longer than may be.
    #[error("a unit of more than {longest} bytes, the longest that is taken")]
    TooLong {
        /// The most, bytes.
        longest: usize,
    },
    /// An MQTT packet says its length in more than four bytes.
    #[error("an MQTT packet whose length has more than four bytes")]
    Length,
}

/// Splits what comes on one connection into units.
///
/// ```
/// use wsbench_load::plan::MessageUnit;
/// use wsbench_load::splitter::Splitter;
/// let mut splitter = Splitter::new(MessageUnit::Record, 100);
/// let mut rest = &b"{}\x1e{\"type\":6}\x1e{\"ty"[..];
/// assert_eq!(splitter.next(&mut rest, true), Ok(Some(&b"{}"[..])));
/// assert_eq!(splitter.next(&mut rest, true), Ok(Some(&b"{\"type\":6}"[..])));
/// assert_eq!(splitter.next(&mut rest, true), Ok(None));
/// let mut rest = &b"pe\":1}\x1e"[..];
/// assert_eq!(splitter.next(&mut rest, true), Ok(Some(&b"{\"type\":1}"[..])));
/// ```
#[derive(Clone, Debug)]
pub struct Splitter {
    unit: MessageUnit,
    longest: usize,
    /// The beginning of a unit whose end has not come.
    held: Vec<u8>,
    /// True of one that is whole and was handed on.
    is_given: bool,
}

impl Splitter {
    /// One for units of at most `longest` bytes.
    #[must_use]
    pub fn new(unit: MessageUnit, longest: usize) -> Self {
        Self {
            unit,
            longest,
            held: Vec::new(),
            is_given: false,
        }
    }

    /// The next unit, without its end, of what has come; `None` once `input` is used up. `is_last` says
    /// that `input` is the end of a WebSocket message.
    ///
    /// # Errors
    /// [`UnitError`]; nothing that comes later can be read then.
    #[inline]
    pub fn next<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
        is_last: bool,
    ) -> Result<Option<&'s [u8]>, UnitError> {
        if std::mem::take(&mut self.is_given) {
            self.held.clear();
        }
        match (self.unit, self.unit.end()) {
            (MessageUnit::Frame | MessageUnit::Lines, _) => self.next_ended(input, b'\n', is_last),
            (_, Some(end)) => self.next_ended(input, end, false),
            (_, None) => self.next_packet(input),
        }
    }

    /// The next one that ends in a byte, or with its message where that ends it.
    fn next_ended<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
        end: u8,
        ends_here: bool,
    ) -> Result<Option<&'s [u8]>, UnitError> {
        while let Some((text, is_whole)) = cut(input, end, ends_here) {
            if !is_whole {
                // What is passed over before a unit is not kept: heartbeats may be all that comes.
                let from = match self.held.is_empty() {
                    true => self.bounds(text).start,
                    false => 0,
                };
                self.hold(&text[from..])?;
                return Ok(None);
            }
            if self.held.is_empty() {
                let text = &text[self.bounds(text)];
                self.check(text.len())?;
                if !text.is_empty() {
                    return Ok(Some(text));
                }
                continue;
            }
            self.hold(text)?;
            let bounds = self.bounds(&self.held);
            if !bounds.is_empty() {
                self.is_given = true;
                return Ok(Some(&self.held[bounds]));
            }
            self.held.clear();
        }
        // The end of its message ends a line of which the rest was an earlier piece.
        if ends_here && !self.held.is_empty() {
            self.is_given = true;
            let bounds = self.bounds(&self.held);
            return Ok(Some(&self.held[bounds]).filter(|line| !line.is_empty()));
        }
        Ok(None)
    }

    /// The next MQTT packet.
    fn next_packet<'s, 'i: 's>(
        &'s mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<&'s [u8]>, UnitError> {
        if self.held.is_empty() {
            match packet_len(input)? {
                Some(len) if len <= input.len() => {
                    self.check(len)?;
                    let (packet, rest) = input.split_at(len);
                    *input = rest;
                    return Ok(Some(packet));
                }
                _ => {}
            }
        }
        // The length first, byte by byte, so that nothing of the next packet is taken.
        let len = loop {
            if let Some(len) = packet_len(&self.held)? {
                break len;
            }
            let Some((byte, rest)) = input.split_first() else {
                return Ok(None);
            };
            self.held.push(*byte);
            *input = rest;
        };
        self.check(len)?;
        let lacking = len - self.held.len();
        let (part, rest) = input.split_at(lacking.min(input.len()));
        self.held.extend_from_slice(part);
        *input = rest;
        self.is_given = part.len() == lacking;
        Ok(Some(&self.held[..]).filter(|packet| packet.len() == len))
    }

    /// The part of a unit that is content.
    fn bounds(&self, text: &[u8]) -> Range<usize> {
        match self.unit {
            MessageUnit::Lines => 0..text.strip_suffix(b"\r").unwrap_or(text).len(),
            MessageUnit::Nul => {
                let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
                text.iter().take_while(is_end).count()..text.len()
            }
            MessageUnit::Frame | MessageUnit::Record | MessageUnit::Mqtt => 0..text.len(),
        }
    }

    /// Keeps a part until the rest has come.
    fn hold(&mut self, part: &[u8]) -> Result<(), UnitError> {
        self.check(self.held.len() + part.len())?;
        self.held.extend_from_slice(part);
        Ok(())
    }

    fn check(&self, len: usize) -> Result<(), UnitError> {
        let longest = self.longest;
        if len > longest {
            return Err(UnitError::TooLong { longest });
        }
        Ok(())
    }
}

/// The input up to the byte that ends a unit, which is taken off it with that byte, and whether that is
/// there; `None` where there is no input.
fn cut<'a>(input: &mut &'a [u8], end: u8, ends_here: bool) -> Option<(&'a [u8], bool)> {
    let all = std::mem::take(input);
    if all.is_empty() {
        return None;
    }
    Some(match memchr(end, all) {
        Some(at) => {
            *input = &all[at + 1..];
            (&all[..at], true)
        }
        None => (all, ends_here),
    })
}

/// The length of the MQTT packet that begins so, its fixed header included; `None` where that has not
/// come whole.
fn packet_len(bytes: &[u8]) -> Result<Option<usize>, UnitError> {
    let mut len = 0;
    for (at, byte) in bytes.iter().skip(1).take(LENGTH_BYTES).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some(len + at + 2));
        }
    }
    match bytes.len() > LENGTH_BYTES {
        true => Err(UnitError::Length),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The units of messages that are given in pieces.
    fn units(unit: MessageUnit, messages: &[&[&[u8]]]) -> Result<Vec<Vec<u8>>, UnitError> {
        let mut splitter = Splitter::new(unit, 64);
        let mut found = Vec::new();
        for pieces in messages {
            for (at, piece) in pieces.iter().enumerate() {
                let mut rest = *piece;
                while let Some(unit) = splitter.next(&mut rest, at + 1 == pieces.len())? {
                    found.push(unit.to_vec());
                }
                assert!(rest.is_empty());
            }
        }
        Ok(found)
    }

    /// A unit, the pieces of each message that comes, and the units that are in them.
    type Case = (
        MessageUnit,
        &'static [&'static [&'static [u8]]],
        &'static [&'static [u8]],
    );

    #[test]
    fn units_end_where_their_protocols_say() {
        let cases: &[Case] = &[
            (
                MessageUnit::Lines,
                &[&[b"a\r\nb\n\n\r\nc"]],
                &[b"a", b"b", b"c"],
            ),
            (MessageUnit::Lines, &[&[b"a"], &[b"b\n"]], &[b"a", b"b"]),
            (
                MessageUnit::Lines,
                &[&[b"a", b"b", b""], &[b"c"]],
                &[b"ab", b"c"],
            ),
            (MessageUnit::Lines, &[&[b"a\r", b"\nb"]], &[b"a", b"b"]),
            (
                MessageUnit::Record,
                &[&[b"{}\x1e{"], &[b"}\x1e\x1e"]],
                &[b"{}", b"{}"],
            ),
            (
                MessageUnit::Nul,
                &[&[b"\n"], &[b"A\n\nx\0\r\nB\0"], &[b"\n\0"]],
                &[b"A\n\nx", b"B"],
            ),
            (
                MessageUnit::Mqtt,
                &[
                    &[b"\x20\x02\0\0\xd0\0\x30"],
                    &[b"\x03a", b"bc\xd0"],
                    &[b"\0"],
                ],
                &[b"\x20\x02\0\0", b"\xd0\0", b"\x30\x03abc", b"\xd0\0"],
            ),
        ];
        for (unit, messages, expected) in cases {
            assert_eq!(units(*unit, messages).unwrap(), *expected, "{unit}");
        }
    }

    #[test]
    fn what_is_too_long_or_has_no_length_is_refused() {
        let long = [b'a'; 65];
        let too_long = Err(UnitError::TooLong { longest: 64 });
        for unit in [MessageUnit::Lines, MessageUnit::Record, MessageUnit::Nul] {
            assert_eq!(units(unit, &[&[&long[..40], &long[..40]]]), too_long);
            let ended = [&long[..], &[b'\n', 0x1e, 0]].concat();
            assert_eq!(units(unit, &[&[&ended[..]]]), too_long, "{unit}");
        }
        assert_eq!(units(MessageUnit::Mqtt, &[&[b"\x30\x3f"]]), too_long);
        let endless = b"\x30\xff\xff\xff\xff\x01";
        assert_eq!(
            units(MessageUnit::Mqtt, &[&[endless]]),
            Err(UnitError::Length)
        );
        for at in 0..endless.len() {
            let (front, back) = endless.split_at(at);
            let cut = units(MessageUnit::Mqtt, &[&[front, back]]);
            assert_eq!(cut, Err(UnitError::Length), "{at}");
        }
    }

    /// The bytes of units, each as it is sent.
    fn sent(unit: MessageUnit, contents: &[Vec<u8>]) -> Vec<u8> {
        let one = |content: &Vec<u8>| match unit {
            MessageUnit::Mqtt => [&[0x30, content.len() as u8], &content[..]].concat(),
            _ => [&content[..], &[unit.end().unwrap_or(b'\n')]].concat(),
        };
        contents.iter().flat_map(one).collect()
    }

    proptest! {
        /// However the bytes are cut, into pieces or (but for lines) into messages, the units are the same.
        #[test]
        fn any_cut_gives_the_same_units(
            which in 1_usize..5,
            contents in prop::collection::vec(prop::collection::vec(b'a'..b'e', 1..30), 0..8),
            cuts in prop::collection::vec((0_usize..260, any::<bool>()), 0..12),
        ) {
            let unit = MessageUnit::ALL[which];
            let bytes = sent(unit, &contents);
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| cut.0 <= bytes.len()).collect();
            cuts.sort_unstable();
            let mut splitter = Splitter::new(unit, 64);
            let (mut found, mut from) = (Vec::new(), 0);
            for (to, is_message) in cuts.into_iter().chain([(bytes.len(), true)]) {
                let mut rest = &bytes[from..to];
                from = to;
                let is_last = is_message && (unit != MessageUnit::Lines || to == bytes.len());
                while let Some(unit) = splitter.next(&mut rest, is_last).unwrap() {
                    found.push(unit.to_vec());
                }
            }
            let expected: Vec<Vec<u8>> = match unit {
                MessageUnit::Mqtt => contents.iter().map(|it| sent(unit, std::slice::from_ref(it))).collect(),
                _ => contents,
            };
            prop_assert_eq!(found, expected);
        }

        /// Whatever comes is split or refused, and no more is kept than may be.
        #[test]
        fn anything_is_split_within_bounds(
            which in 1_usize..5,
            pieces in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..40), any::<bool>()), 0..12,
            ),
        ) {
            let mut splitter = Splitter::new(MessageUnit::ALL[which], 64);
            for (piece, is_last) in pieces {
                let mut rest = &piece[..];
                let outcome = loop {
                    match splitter.next(&mut rest, is_last) {
                        Ok(Some(unit)) => prop_assert!(!unit.is_empty() && unit.len() <= 64),
                        other => break other.map(|_| ()),
                    }
                };
                prop_assert!(splitter.held.len() <= 64 + 5);
                if outcome.is_err() {
                    break;
                }
                prop_assert!(rest.is_empty());
            }
        }
    }
}
