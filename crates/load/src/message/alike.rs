//! Messages that are alike but for their tag: made many at a time, and taken as answers in order off what
//! was read, a whole frame at a time.
//!
//! Only what is right in every byte is taken; what is wrong with anything else is looked at elsewhere.

use std::mem;

use wsbench_wire::connection::MessageKind;

use super::{LANE, MessageSource, Tag, is_same};
use crate::identity::MessageId;

/// Messages of one length that differ in their tag alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alike<'a> {
    source: &'a MessageSource,
    filling: &'a [u8],
}

impl MessageSource {
    /// The messages as those that are alike, where they are of one length and differ in their tag
    /// alone.
    #[inline]
    pub(crate) fn alike(&self) -> Option<Alike<'_>> {
        let (from, to) = self.same?;
        Some(Alike {
            source: self,
            filling: &self.block[from..to],
        })
    }
}

impl<'a> Alike<'a> {
    /// Text or binary.
    #[inline]
    pub(crate) fn kind(&self) -> MessageKind {
        self.source.kind
    }

    /// Bytes of their tag; none where they are all the same.
    #[inline]
    pub(crate) fn tag_len(&self) -> usize {
        self.source.tag_len
    }

    /// The bytes behind the tag.
    #[inline]
    pub(crate) fn filling(&self) -> &'a [u8] {
        self.filling
    }

    /// The tag of one, if they have any.
    #[inline]
    pub(crate) fn tag(&self, identity: MessageId) -> Tag {
        self.source.tag(identity)
    }

    /// Takes whole frames off the front of `input`, as a server sends them that echoes, as long as each has
    /// exactly the bytes of the next message from `first` on; at most `most` of them. Says how many; none
    /// where they have no tag or are long, so that others have to look.
    #[inline]
    pub(crate) fn take_echoes(&self, first: MessageId, most: u64, input: &mut &mut [u8]) -> u64 {
        let (Some(header), filling) = (self.source.echo_header, self.filling) else {
            return 0;
        };
        let tag_len = self.tag_len();
        let front = header.len() + tag_len;
        let len = front + filling.len();
        let (mut rest, mut count) = (&**input, 0);
        while count < most
            && let Some((frame, behind)) = rest.split_at_checked(len)
        {
            let identity = MessageId {
                sequence: first.sequence + count,
                ..first
            };
            let is_echo = frame.split_first_chunk().is_some_and(|(it, payload)| {
                *it == header && begins_with(payload, &self.tag(identity), tag_len)
            });
            if !(is_echo && is_same(&frame[front..], filling)) {
                break;
            }
            (rest, count) = (behind, count + 1);
        }
        let taken = input.len() - rest.len();
        *input = &mut mem::take(input)[taken..];
        count
    }
}

/// True if `bytes` begin with a tag of so many bytes, 16 or 22; false as well where they are not as long as
/// its lanes.
#[inline]
fn begins_with(bytes: &[u8], tag: &Tag, tag_len: usize) -> bool {
    let ([first, second, third, ..], _) = bytes.as_chunks::<LANE>() else {
        return false;
    };
    let beyond = 8 * (size_of::<Tag>() - tag_len) as u32;
    let differs = u64::from_le_bytes(*third) ^ u64::from_le_bytes(tag[2]);
    (*first, *second) == (tag[0], tag[1]) && differs.checked_shl(beyond).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use wsbench_wire::frame::FrameBuffer;

    use super::*;
    use crate::plan::{Encoding, Payload};

    fn source_of(encoding: Encoding, len: u32) -> MessageSource {
        let (min, max, ascii) = (len, len, false);
        let payload = Payload::Generated {
            encoding,
            min,
            max,
            ascii,
        };
        MessageSource::new(&payload, 7)
    }

    #[test]
    fn echoes_are_taken_off_the_input_as_far_as_every_byte_is_right() {
        let taken = |source: &MessageSource, first, most, input: &mut [u8]| {
            let (all, mut rest) = (input.len(), input);
            let alike = source.alike().unwrap();
            let count = alike.take_echoes(first, most, &mut rest);
            (count, all - rest.len())
        };
        let first = MessageId {
            connection: 3,
            sequence: (1 << 32) - 2, // all digits of the next tags differ
        };
        for (encoding, lens) in [(Encoding::Text, 24..126), (Encoding::Binary, 24..126)] {
            for len in lens {
                let source = source_of(encoding, len);
                let mut frames = FrameBuffer::new();
                for more in 0..4 {
                    let sequence = first.sequence + more;
                    let identity = MessageId { sequence, ..first };
                    let parts = [&source.message(identity).parts().concat()[..]];
                    frames.push_frame(true, source.kind().opcode(), None, &parts);
                }
                let frame = frames.len() / 4;
                let input = frames.as_slice().to_vec();
                assert_eq!(taken(&source, first, 9, &mut input.clone()), (4, 4 * frame));
                assert_eq!(taken(&source, first, 3, &mut input.clone()), (3, 3 * frame));
                let mut cut = input[..4 * frame - 1].to_vec();
                assert_eq!(taken(&source, first, 9, &mut cut), (3, 3 * frame));
                for at in 0..input.len() {
                    let mut wrong = input.clone();
                    wrong[at] ^= 1 << (at % 8);
                    let right = at / frame;
                    let expected = (right as u64, right * frame);
                    assert_eq!(
                        taken(&source, first, 9, &mut wrong),
                        expected,
                        "{len}: {at}"
                    );
                }
            }
        }
        for len in [22, 23, 126] {
            let source = source_of(Encoding::Text, len);
            let parts = source.message(first).parts().concat();
            let mut frame = FrameBuffer::new();
            frame.push_frame(true, source.kind().opcode(), None, &[&parts]);
            let mut input = frame.as_slice().to_vec();
            assert_eq!(taken(&source, first, 9, &mut input), (0, 0), "{len}");
        }
    }
}
