//! A tag of this run, wherever it stands in a message.
//!
//! The run's number is the same in every tag and gives four digits of it that are the run's alone:
//! they are searched for, and what stands around them is read as a tag.

use std::cell::Cell;

use memchr::memmem::Finder;
use wsbench_wire::connection::MessageKind;

use super::TagFront;
use crate::identity::{MessageId, TAG_DIGITS, identity_of, identity_of_digits};

/// Digits of the tag in text that come before those of the run alone.
const DIGITS_BEFORE: usize = 6;
/// Digits that are the run's alone: bits 36 to 60 of 128, of which the run has 32 to 64.
const OF_THE_RUN: usize = 4;
/// Bytes of the tag in binary messages that come before those of the run.
const BYTES_BEFORE: usize = 4;

/// A way to find the tags of a run.
#[derive(Clone, Debug)]
pub struct TagFinder {
    finder: Finder<'static>,
    kind: MessageKind,
    run: u32,
    /// The tag in text that was read last: a message for many comes many times on end.
    latest: Cell<Latest>,
}

/// A tag in text, and the message that it names.
#[derive(Clone, Copy, Debug)]
struct Latest {
    digits: [u8; TAG_DIGITS],
    identity: MessageId,
}

impl Latest {
    /// One of a run's first message, as good as any other.
    fn first(run: u32) -> Self {
        let mut digits = [b'A'; TAG_DIGITS];
        let front = TagFront::new(run, 0, 0).tag;
        digits[..20].copy_from_slice(&front.as_flattened()[..20]);
        let identity = MessageId {
            connection: 0,
            sequence: 0,
        };
        Self { digits, identity }
    }
}

impl TagFinder {
    /// One for tags of this run, as messages of this kind have them.
    pub(crate) fn of_run(kind: MessageKind, run: u32) -> Self {
        let needle = match kind {
            MessageKind::Text => {
                let front = TagFront::new(run, 0, 0).tag;
                front.as_flattened()[DIGITS_BEFORE..][..OF_THE_RUN].to_vec()
            }
            MessageKind::Binary => run.to_be_bytes().to_vec(),
        };
        Self {
            finder: Finder::new(&needle).into_owned(),
            kind,
            run,
            latest: Cell::new(Latest::first(run)),
        }
    }

    /// Bytes of a tag.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        match self.kind {
            MessageKind::Text => TAG_DIGITS,
            MessageKind::Binary => 16,
        }
    }

    /// The first tag in a message from a byte on: where it begins, and the message that it names.
    #[inline]
    #[must_use]
    pub fn find(&self, message: &[u8], from: usize) -> Option<(usize, MessageId)> {
        let before = match self.kind {
            MessageKind::Text => DIGITS_BEFORE,
            MessageKind::Binary => BYTES_BEFORE,
        };
        let mut at = from + before;
        // Where nothing is put around messages, the tag is in front and need not be looked for.
        let behind = message.get(at..);
        if behind.is_some_and(|rest| rest.starts_with(self.finder.needle()))
            && let Some(identity) = self.read(message, from)
        {
            return Some((from, identity));
        }
        while let Some(found) = message.get(at..).and_then(|rest| self.finder.find(rest)) {
            let start = at + found - before;
            if let Some(identity) = self.read(message, start) {
                return Some((start, identity));
            }
            at += found + 1;
        }
        None
    }

    /// The tag that begins at a byte, if it is one of the run.
    #[inline]
    fn read(&self, message: &[u8], start: usize) -> Option<MessageId> {
        let rest = message.get(start..)?;
        match self.kind {
            MessageKind::Binary => identity_of(u128::from_be_bytes(*rest.first_chunk()?), self.run),
            MessageKind::Text => {
                let digits: &[u8; TAG_DIGITS] = rest.first_chunk()?;
                let latest = self.latest.get();
                if *digits == latest.digits {
                    return Some(latest.identity);
                }
                let identity = identity_of_digits(digits, self.run)?;
                let digits = *digits;
                self.latest.set(Latest { digits, identity });
                Some(identity)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MessageSource;
    use super::*;
    use crate::plan::{Encoding, Payload};
    use proptest::prelude::*;

    fn source(encoding: Encoding) -> MessageSource {
        let payload = Payload::Generated {
            encoding,
            min: 60,
            max: 60,
            ascii: false,
        };
        MessageSource::new(&payload, 9)
    }

    proptest! {
        /// A tag is found wherever it stands, and named for what it is.
        #[test]
        fn a_tag_is_found_anywhere(
            connection in any::<u32>(), sequence in any::<u64>(), is_text in any::<bool>(),
            front in prop::collection::vec(any::<u8>(), 0..80),
            back in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let encoding = if is_text { Encoding::Text } else { Encoding::Binary };
            let source = source(encoding);
            let finder = source.tag_finder();
            let identity = MessageId { connection, sequence };
            let [tag, _] = source.message(identity).parts().map(<[u8]>::to_vec);
            let message = [&front[..], &tag[..], &back[..]].concat();
            let found = finder.find(&message, 0);
            prop_assert_eq!(found, Some((front.len(), identity)));
            prop_assert_eq!(finder.find(&message, front.len() + 1), None);
            prop_assert_eq!(finder.find(&message[..front.len() + tag.len() - 1], 0), None);
            prop_assert_eq!(finder.find(&message, front.len()), found);
        }

        /// Nothing is found, and nothing breaks, in what has no tag.
        #[test]
        fn whatever_comes_is_searched(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let finder = source(Encoding::Text).tag_finder();
            prop_assert_eq!(finder.find(&message, 0), None);
            prop_assert_eq!(finder.find(&message, 300), None);
        }
    }

    #[test]
    fn several_tags_of_one_message_are_found_one_after_the_other() {
        let source = source(Encoding::Text);
        let message = |sequence| {
            let identity = MessageId {
                connection: 3,
                sequence,
            };
            source.message(identity).parts().concat()
        };
        let frame = [message(7), b"\n".to_vec(), message(8)].concat();
        let finder = source.tag_finder();
        let (first, one) = finder.find(&frame, 0).unwrap();
        let (second, other) = finder.find(&frame, first + finder.tag_len()).unwrap();
        assert_eq!((one.sequence, other.sequence, second), (7, 8, 61));
    }
}
