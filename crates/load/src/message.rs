//! What each message carries: a tag that makes it unique, and filling.
//!
//! Messages are never stored. Connection and sequence number determine every byte, so an answer
//! is compared with what was sent by making it again. This module composes and compares; which
//! message an answer belongs to is `pairing`'s affair.

mod alike;
mod finder;

use std::cell::Cell;
use std::sync::Arc;

use wsbench_wire::connection::MessageKind;
use wsbench_wire::frame::shortest_header;

use crate::corpus::Corpus;
use crate::identity::{DIGITS, MessageId, TAG_DIGITS, identity_of, identity_of_digits, mix};
use crate::nanos::Nanos;
use crate::plan::{Encoding, Payload};
use crate::template::Filled;

pub(crate) use alike::Alike;
pub use finder::TagFinder;

/// Two digits at a time: look-ups in 8 KiB that stay in the first-level cache cost a third of twice as
/// many in 64 bytes.
static DIGIT_PAIRS: [[u8; 2]; 4096] = {
    let mut pairs = [[0; 2]; 4096];
    let mut value = 0;
    while value < 4096 {
        pairs[value] = [DIGITS[value >> 6], DIGITS[value & 63]];
        value += 1;
    }
    pairs
};

/// The last two digits of a tag by the last eight bits of its number: the part of it that is made twice a
/// message (sending, comparing).
static LAST_DIGITS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut value = 0;
    while value < 256 {
        pairs[value] = DIGIT_PAIRS[value << 4];
        value += 1;
    }
    pairs
};

/// Two-byte units of text filling: a non-ASCII letter, of one script or another, at every fourth place
/// among ASCII pairs, which is one letter of seven. A server that re-encodes text is exposed by non-ASCII
/// letters only; text of nothing else would measure its check of UTF-8 and little besides.
const TEXT_UNITS: [&str; 16] = [
    "é", "ws", "lo", "ad", "ß", "be", "nc", "hm", "Ж", "ar", "ks", "on", "λ", "in", "te", "r.",
];

/// Makes the messages of one run, and makes them again for comparison.
#[derive(Clone, Debug)]
pub struct MessageSource {
    kind: MessageKind,
    /// Bytes of tag at the front; 0 when messages are not tagged.
    tag_len: usize,
    min: usize,
    max: usize,
    /// Distinguishes this run from an earlier one whose answers a server might still hold.
    run: u32,
    /// Filling enough for the largest message and one byte more (see `filling`).
    block: Box<[u8]>,
    /// True where `block` is the user's own message rather than filling.
    fixed: bool,
    /// True where messages tell whose they are.
    tagged: bool,
    /// Filling of messages.
    body: Body,
    /// The filling of all messages, as a part of the block, where it is the same of all: generated ones of
    /// one length, which nearly all loads are of.
    same: Option<(usize, usize)>,
    /// The front of the tag that was made last.
    front: Cell<TagFront>,
    /// The header of all messages as a server sends them back that echoes; `None` where they have no tag,
    /// are not of one length, or are longer than the shortest header tells.
    echo_header: Option<[u8; 2]>,
}

/// A tag in lanes, so that it is copied, masked and compared eight bytes at a time; zero behind its end.
pub(crate) type Tag = [[u8; LANE]; 3];

/// Bytes of a lane.
const LANE: usize = 8;

/// The first twenty digits of a tag, which 256 messages of a connection in a row have in common: what is
/// sent and what is compared next is mostly of the same connection.
#[derive(Clone, Copy, Debug)]
struct TagFront {
    connection: u32,
    /// The sequence number but for its last eight bits.
    upper: u64,
    tag: Tag,
}

/// Content of messages behind their tag.
#[derive(Clone, Debug)]
enum Body {
    /// A part of the block.
    Block,
    /// A line of a text.
    Corpus(Arc<Corpus>),
    /// All of a message from a template, which has no tag but may be unique by itself.
    Template(Box<Filled>),
}

/// The bytes of one message: its tag, then its filling.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    tag: Tag,
    tag_len: usize,
    filling: &'a [u8],
}

impl Message<'_> {
    /// The tag, and how many of these bytes it has; the rest are zero.
    #[inline]
    #[must_use]
    pub(crate) fn tag(&self) -> (Tag, usize) {
        (self.tag, self.tag_len)
    }

    /// The bytes behind the tag.
    #[inline]
    #[must_use]
    pub fn filling(&self) -> &[u8] {
        self.filling
    }

    /// The parts in order; either may be empty.
    #[inline]
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.tag.as_flattened()[..self.tag_len], self.filling]
    }

    /// Bytes in all.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.tag_len + self.filling.len()
    }

    /// True if the message has no bytes at all, which WebSocket allows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if `piece` is exactly the bytes of the message from `offset` on.
    #[inline]
    #[must_use]
    pub fn matches_at(&self, offset: usize, piece: &[u8]) -> bool {
        let Some(end) = offset
            .checked_add(piece.len())
            .filter(|&end| end <= self.len())
        else {
            return false;
        };
        if offset >= self.tag_len {
            return piece == &self.filling[offset - self.tag_len..end - self.tag_len];
        }
        if offset == 0
            && let Some((front, rest)) = piece.split_first_chunk::<TAG_DIGITS>()
        {
            // The usual case, a whole text message: comparing arrays of known length calls no
            // function.
            if self.tag_len == TAG_DIGITS {
                let tag = self.tag.as_flattened().first_chunk();
                return tag == Some(front) && is_same(rest, &self.filling[..rest.len()]);
            }
        }
        let in_tag = (self.tag_len - offset).min(piece.len());
        let (tag, rest) = piece.split_at(in_tag);
        tag == &self.tag.as_flattened()[offset..offset + in_tag]
            && rest == &self.filling[..rest.len()]
    }

    /// Appends the bytes from `from` up to `to` to `bytes`.
    pub fn extend_into(&self, bytes: &mut Vec<u8>, from: usize, to: usize) {
        let [tag, filling] = self.parts();
        bytes.extend(tag.iter().chain(filling).take(to).skip(from));
    }
}

/// `==` of slices, without a call where they are of 8 to 16 bytes, as the filling of the usual message is.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let ends = |bytes: &[u8]| -> Option<[[u8; 8]; 2]> {
        Some([*bytes.first_chunk()?, *bytes.last_chunk()?])
    };
    match (one.len(), ends(one), ends(other)) {
        (..=16, Some(one_ends), Some(other_ends)) => {
            one.len() == other.len() && one_ends == other_ends
        }
        _ => one == other,
    }
}

impl MessageSource {
    /// A source for `payload`; the same seed makes the same messages.
    #[must_use]
    pub fn new(payload: &Payload, seed: u64) -> Self {
        let (mut random, run) = drawn(seed);
        let kind = match payload.encoding() {
            Encoding::Text => MessageKind::Text,
            Encoding::Binary => MessageKind::Binary,
        };
        let (min, max) = match payload {
            Payload::Generated { min, max, .. } => (*min as usize, *max as usize),
            Payload::Fixed { bytes, .. } => (bytes.len(), bytes.len()),
            // Each line is as long as it is, and so is each message from a template.
            Payload::Corpus { .. } | Payload::Template { .. } => (0, 0),
            // No plan holds one.
            Payload::Withheld { .. } => (0, 0),
        };
        let is_template = matches!(payload, Payload::Template { .. });
        let tag_len = if payload.is_tagged() && !is_template {
            Payload::tag_len(payload.encoding())
        } else {
            0
        };
        let block = match payload {
            Payload::Fixed { bytes, .. } => bytes.to_vec(),
            Payload::Corpus { .. } | Payload::Template { .. } | Payload::Withheld { .. } => {
                Vec::new()
            }
            Payload::Generated {
                encoding: Encoding::Binary,
                ..
            } => (0..=max).map(|_| random.u8(..)).collect(),
            Payload::Generated { ascii: true, .. } => {
                (0..=max).map(|_| random.alphanumeric() as u8).collect()
            }
            Payload::Generated { .. } => text_block(max + 1, &mut random),
        };
        let fixed = matches!(payload, Payload::Fixed { .. });
        let body = match payload {
            Payload::Corpus { corpus, .. } => Body::Corpus(Arc::clone(corpus)),
            Payload::Template { template, .. } => {
                Body::Template(Box::new(Filled::new(Arc::clone(template), run.into())))
            }
            Payload::Generated { .. } | Payload::Fixed { .. } | Payload::Withheld { .. } => {
                Body::Block
            }
        };
        let is_same = matches!(body, Body::Block) && min == max;
        let start = filling_start(min.saturating_sub(tag_len), fixed);
        Self {
            kind,
            tag_len,
            min,
            max,
            run,
            block: block.into(),
            fixed,
            tagged: payload.is_tagged(),
            body,
            same: is_same.then(|| (start, start + min.saturating_sub(tag_len))),
            front: Cell::new(TagFront::new(run, 0, 0)),
            echo_header: (is_same && tag_len > 0 && min >= size_of::<Tag>())
                .then(|| shortest_header(kind.opcode(), min))
                .flatten(),
        }
    }

    /// Tells what the wall clock said when the run began, ns since the Unix epoch: what `{now_ns}`
    /// in a template counts from.
    pub fn set_epoch(&mut self, epoch_ns: u64) {
        if let Body::Template(filled) = &mut self.body {
            filled.set_epoch(epoch_ns);
        }
    }

    /// Has to be called before [`MessageSource::message`] with the same identity, and with when the
    /// message was due, as far as that is known. Only messages from a template depend on it.
    #[inline]
    pub fn prepare(&mut self, identity: MessageId, due: Option<Nanos>) {
        if let Body::Template(filled) = &mut self.body {
            filled.prepare(identity, due.unwrap_or(Nanos::ZERO));
        }
    }

    /// Text or binary.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// True if messages carry a tag and so can be matched by identity.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.tagged
    }

    /// The bytes of a message, which has been prepared.
    // Left to itself the compiler calls it and copies what it returns: 3 % of all instructions.
    #[inline(always)]
    #[must_use]
    pub fn message(&self, identity: MessageId) -> Message<'_> {
        let filling = self.behind_tag(identity);
        Message {
            tag: self.tag(identity),
            tag_len: self.tag_len,
            filling,
        }
    }

    /// The bytes of a message behind its tag; it has been prepared.
    #[inline(always)]
    #[must_use]
    pub fn behind_tag(&self, identity: MessageId) -> &[u8] {
        match (self.same, &self.body) {
            (Some((from, to)), _) => &self.block[from..to],
            (None, Body::Block) => self.filling(self.len_of(identity) - self.tag_len),
            (None, Body::Corpus(corpus)) => self.line(corpus, identity),
            (None, Body::Template(filled)) => filled.bytes(),
        }
    }

    /// A way to find the tags of the run wherever they stand in a message.
    #[must_use]
    pub fn tag_finder(&self) -> TagFinder {
        TagFinder::of_run(self.kind, self.run)
    }

    /// The identity that the tag at the front of `bytes` names; `None` when the bytes begin with
    /// no tag of this run.
    #[must_use]
    pub fn identify(&self, bytes: &[u8]) -> Option<MessageId> {
        if let Body::Template(filled) = &self.body {
            return filled.identify(bytes).filter(|_| self.tagged);
        }
        if self.tag_len == 0 || bytes.len() < self.tag_len {
            return None;
        }
        match self.kind {
            MessageKind::Binary => {
                let value = u128::from_be_bytes(bytes[..16].try_into().ok()?);
                identity_of(value, self.run)
            }
            MessageKind::Text => identity_of_digits(&bytes[..TAG_DIGITS], self.run),
        }
    }

    /// The tag, empty of messages without one: 16 bytes of connection, run and sequence in network order, or the same as 22
    /// digits of base64url without padding.
    #[inline]
    fn tag(&self, identity: MessageId) -> Tag {
        if self.tag_len == 0 {
            return Tag::default();
        }
        match self.kind {
            MessageKind::Binary => {
                let first = u64::from(identity.connection) << 32 | u64::from(self.run);
                let second = identity.sequence;
                [first.to_be_bytes(), second.to_be_bytes(), [0; LANE]]
            }
            MessageKind::Text => {
                let mut tag = self.front_of(identity);
                let last = LAST_DIGITS[usize::from(identity.sequence as u8)];
                // Put in by arithmetic: a lane that is read right after a part of it was written stalls.
                let back = u64::from(u16::from_le_bytes(last)) << 32 | u64::from_le_bytes(tag[2]);
                tag[2] = back.to_le_bytes();
                tag
            }
        }
    }

    /// The first twenty digits of a tag.
    #[inline]
    fn front_of(&self, identity: MessageId) -> Tag {
        let upper = identity.sequence >> 8;
        let front = self.front.get();
        if (front.connection, front.upper) == (identity.connection, upper) {
            return front.tag;
        }
        self.new_front(identity.connection, upper)
    }

    /// The same of other messages than the last one was of.
    #[inline(never)]
    fn new_front(&self, connection: u32, upper: u64) -> Tag {
        let front = TagFront::new(self.run, connection, upper);
        self.front.set(front);
        front.tag
    }

    /// The length of a message, drawn evenly from the range by a hash of its identity, so that
    /// comparing needs no memory of it.
    #[inline]
    fn len_of(&self, identity: MessageId) -> usize {
        if self.min == self.max {
            return self.min;
        }
        let mixed = mix(identity.sequence
            ^ (u64::from(identity.connection) << 40)
            ^ (u64::from(self.run) << 8));
        let span = (self.max - self.min + 1) as u64;
        self.min + ((u128::from(mixed) * u128::from(span)) >> 64) as usize
    }

    /// The line that a message carries: each connection has them in order from a line of its own
    /// on, so that neighbours on a connection are neighbours in the text.
    fn line<'a>(&self, corpus: &'a Corpus, identity: MessageId) -> &'a [u8] {
        let first = mix(u64::from(identity.connection) ^ (u64::from(self.run) << 32));
        corpus.line((first >> 32) + identity.sequence)
    }

    /// Filling of `len` bytes.
    #[inline]
    fn filling(&self, len: usize) -> &[u8] {
        let start = filling_start(len, self.fixed);
        &self.block[start..start + len]
    }
}

/// The place in the block where filling of `len` bytes begins. Text filling is one ASCII letter followed
/// by two-byte units, so a slice of odd length starts at the letter and one of even length behind it,
/// and either ends on the border of a character.
#[inline]
fn filling_start(len: usize, fixed: bool) -> usize {
    usize::from(!fixed && len.is_multiple_of(2))
}

/// The number of a run with this seed, which is in all of its tags.
pub(crate) fn run_number(seed: u64) -> u32 {
    drawn(seed).1
}

/// The randomness that messages are made of, and the number of the run.
fn drawn(seed: u64) -> (fastrand::Rng, u32) {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x7773_6265_6e63_6801);
    let run = random.u32(..);
    (random, run)
}

fn text_block(len: usize, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut block = Vec::with_capacity(len + 2);
    block.push(b'w');
    // Beginning anywhere in the list but walking it in order keeps non-ASCII letters in any
    // eight bytes, which is all the filling that the default message has.
    let mut unit = random.usize(..TEXT_UNITS.len());
    while block.len() < len {
        block.extend_from_slice(TEXT_UNITS[unit].as_bytes());
        unit = (unit + 1) % TEXT_UNITS.len();
    }
    block
}

impl TagFront {
    fn new(run: u32, connection: u32, upper: u64) -> Self {
        let high = u64::from(connection) << 32 | u64::from(run);
        let mut tag = Tag::default();
        // 120 bits are twenty digits, and sixty of them ten.
        let (first, rest) = tag.as_flattened_mut().split_at_mut(10);
        put_digits(high >> 4, first);
        put_digits(high << 56 | upper, &mut rest[..10]);
        Self {
            connection,
            upper,
            tag,
        }
    }
}

/// Writes the low bits of `value` as base64url, six a digit, the most significant ones first.
/// `digits` are at most ten, and even in number.
#[inline]
fn put_digits(value: u64, digits: &mut [u8]) {
    let (pairs, _) = digits.as_chunks_mut::<2>();
    let last = pairs.len().saturating_sub(1);
    for (index, pair) in pairs.iter_mut().enumerate() {
        *pair = DIGIT_PAIRS[(value >> (12 * (last - index)) & 0xfff) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn generated(encoding: Encoding, min: u32, max: u32) -> MessageSource {
        MessageSource::new(
            &Payload::Generated {
                encoding,
                min,
                max,
                ascii: false,
            },
            7,
        )
    }

    fn bytes_of(source: &MessageSource, identity: MessageId) -> Vec<u8> {
        source.message(identity).parts().concat()
    }

    #[test]
    fn one_letter_in_seven_of_a_long_text_is_not_ascii() {
        let source = generated(Encoding::Text, 16 * 1024, 16 * 1024);
        let identity = MessageId {
            connection: 0,
            sequence: 0,
        };
        let text = String::from_utf8(bytes_of(&source, identity)).unwrap();
        let filling = &text[22..];
        let others = filling.chars().filter(|letter| !letter.is_ascii()).count();
        let share = filling.chars().count() as f64 / others as f64;
        assert!((share - 7.0).abs() < 0.05, "one in {share}");
    }

    #[test]
    fn the_default_message_is_thirty_bytes_of_unique_text_with_other_letters_than_ascii() {
        let source = generated(Encoding::Text, 30, 30);
        let first = bytes_of(
            &source,
            MessageId {
                connection: 0,
                sequence: 0,
            },
        );
        let second = bytes_of(
            &source,
            MessageId {
                connection: 0,
                sequence: 1,
            },
        );
        assert_eq!(first.len(), 30);
        assert_ne!(first, second);
        assert!(!std::str::from_utf8(&first).unwrap().is_ascii());
    }

    #[test]
    fn the_older_tools_messages_are_ascii_so_that_characters_are_bytes() {
        let payload = Payload::Generated {
            encoding: Encoding::Text,
            min: 30,
            max: 30,
            ascii: true,
        };
        let source = MessageSource::new(&payload, 1);
        assert!(
            bytes_of(
                &source,
                MessageId {
                    connection: 3,
                    sequence: 9
                }
            )
            .is_ascii()
        );
    }

    #[test]
    fn a_fixed_message_is_sent_as_given() {
        let payload = Payload::Fixed {
            encoding: Encoding::Text,
            bytes: "grüße".as_bytes().into(),
        };
        let source = MessageSource::new(&payload, 1);
        let identity = MessageId {
            connection: 1,
            sequence: 2,
        };
        assert_eq!(bytes_of(&source, identity), "grüße".as_bytes());
        assert!(!source.is_tagged());
        assert_eq!(source.identify("grüße".as_bytes()), None);
    }

    #[test]
    fn sizes_are_drawn_evenly_from_the_range() {
        let source = generated(Encoding::Binary, 64, 67);
        let mut seen = [0_u32; 4];
        for sequence in 0..4000 {
            let len = source
                .message(MessageId {
                    connection: 5,
                    sequence,
                })
                .len();
            seen[len - 64] += 1;
        }
        assert!(seen.iter().all(|&n| (900..1100).contains(&n)), "{seen:?}");
    }

    #[test]
    fn lines_of_a_corpus_follow_each_other_and_are_made_again_for_comparison() {
        let corpus = Arc::new(Corpus::new("f", b"one\ntwo\nthree".to_vec(), 9).unwrap());
        for (encoding, tag) in [(Encoding::Text, 22), (Encoding::Binary, 16)] {
            let payload = Payload::Corpus {
                encoding,
                corpus: Arc::clone(&corpus),
            };
            assert_eq!(payload.max_len(), tag + 5);
            let source = MessageSource::new(&payload, 3);
            let line = |connection, sequence| {
                let identity = MessageId {
                    connection,
                    sequence,
                };
                let bytes = bytes_of(&source, identity);
                assert_eq!(source.identify(&bytes), Some(identity));
                assert!(source.message(identity).matches_at(0, &bytes));
                String::from_utf8(bytes[tag..].to_vec()).unwrap()
            };
            let mut firsts: Vec<String> = (0..20).map(|connection| line(connection, 0)).collect();
            for connection in 0..20 {
                let round = ["one", "two", "three", "one", "two"];
                let first = line(connection, 0);
                let at = round.iter().position(|name| *name == first).unwrap();
                assert_eq!(line(connection, 1), round[at + 1]);
                assert_eq!(line(connection, 2), round[at + 2]);
                assert_eq!(line(connection, 3), first);
            }
            firsts.sort_unstable();
            firsts.dedup();
            assert_eq!(firsts.len(), 3, "connections begin at different lines");
        }
    }

    proptest! {
        #[test]
        fn a_message_is_its_own_answer_and_tells_whose_it_is(
            connection: u32, sequence: u64, min in 0_u32..300, more in 0_u32..300, text: bool,
        ) {
            let encoding = if text { Encoding::Text } else { Encoding::Binary };
            let source = generated(encoding, min, min + more);
            let identity = MessageId { connection, sequence };
            let message = source.message(identity);
            let bytes = bytes_of(&source, identity);
            prop_assert_eq!(bytes.len(), message.len());
            prop_assert!((min as usize..=(min + more) as usize).contains(&bytes.len()));
            prop_assert!(!text || std::str::from_utf8(&bytes).is_ok());
            if source.is_tagged() {
                prop_assert_eq!(source.identify(&bytes), Some(identity));
            }
        }

        #[test]
        fn pieces_match_where_they_belong_and_a_flipped_bit_nowhere(
            len in 1_u32..200, cut: prop::sample::Index, flip: prop::sample::Index, bit in 0_u32..8,
        ) {
            let source = generated(Encoding::Binary, len, len);
            let identity = MessageId { connection: 8, sequence: 1 << 40 };
            let message = source.message(identity);
            let mut bytes = bytes_of(&source, identity);
            let cut = cut.index(bytes.len());
            prop_assert!(message.matches_at(0, &bytes[..cut]));
            prop_assert!(message.matches_at(cut, &bytes[cut..]));
            prop_assert!(!message.matches_at(cut + 1, &bytes[cut..]), "runs past the end");
            let mut again = Vec::new();
            message.extend_into(&mut again, cut, bytes.len());
            prop_assert_eq!(&again, &bytes[cut..]);
            let flip = flip.index(bytes.len());
            bytes[flip] ^= 1_u8 << bit;
            prop_assert!(!message.matches_at(0, &bytes));
        }

        #[test]
        fn the_tag_is_the_base64url_that_everybody_knows(
            identities in prop::collection::vec((0_u32..3, any::<u64>()), 1..20),
        ) {
            use base64::Engine as _;
            let source = generated(Encoding::Text, 22, 22);
            for (connection, sequence) in identities {
                let identity = MessageId { connection, sequence };
                let mut value = connection.to_be_bytes().to_vec();
                value.extend(source.run.to_be_bytes());
                value.extend(sequence.to_be_bytes());
                let expected = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value);
                prop_assert_eq!(bytes_of(&source, identity), expected.as_bytes());
                prop_assert_eq!(source.identify(expected.as_bytes()), Some(identity));
            }
        }
    }
}
