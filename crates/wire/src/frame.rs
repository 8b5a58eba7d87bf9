//! Frames (RFC 6455 section 5.2): the header, read and written, and a buffer of frames to send.
//!
//! A header is judged here as far as it can be judged alone; whether it fits into its connection
//! (masking by role, fragments in order, reserved bits) is `connection`'s affair.

use crate::error::ProtocolError;
use crate::mask::{LANE, MaskKey, copy_masked, masked_lane};
use crate::opcode::OpCode;

/// A frame header (RFC 6455 section 5.2), 2 to 14 octets on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The last frame of its message.
    pub fin: bool,
    /// The three reserved bits, RSV1 as `0b100`.
    pub rsv: u8,
    /// Kind of the frame.
    pub opcode: OpCode,
    /// The masking key, when the payload is masked.
    pub mask: Option<MaskKey>,
    /// Octets of payload that follow. Less than 2^63.
    pub len: u64,
}

/// The reserved bit that marks a compressed message, as [`FrameHeader::rsv`] has it (RFC 7692
/// section 6).
pub const RSV1: u8 = 0b100;

/// The header of a whole message of `len` octets in one frame without a mask, where that is as short as
/// headers are; `None` where the length takes more octets.
#[must_use]
pub const fn shortest_header(opcode: OpCode, len: usize) -> Option<[u8; 2]> {
    match len {
        ..=SHORTEST_UP_TO => Some([0x80 | opcode.bits(), len as u8]),
        _ => None,
    }
}

/// Octets of a frame with a mask and a payload of so many (section 5.2).
#[must_use]
pub const fn masked_frame_len(payload: usize) -> usize {
    let length = match payload {
        ..=SHORTEST_UP_TO => 1,
        126..=0xffff => 3,
        _ => 9,
    };
    1 + length + size_of::<MaskKey>() + payload
}

/// Octets of the longest payload whose length takes one octet of the header (section 5.2).
const SHORTEST_UP_TO: usize = 125;

/// The greatest payload of a control frame, octets (RFC 6455 section 5.5).
pub const MAX_CONTROL: usize = 125;

impl FrameHeader {
    /// Octets of the longest header: two, a 64-bit length, a masking key.
    pub const MAX_LEN: usize = 14;

    /// Writes the header to the front of `out`; returns its length in octets. What lies behind
    /// that length is left as it was.
    ///
    /// Rules of [`FrameHeader::parse`] are not enforced: a calibration server must be able to write
    /// wrong headers.
    #[inline]
    pub fn encode(&self, out: &mut [u8; Self::MAX_LEN]) -> usize {
        let mask_bit = if self.mask.is_some() { 0x80 } else { 0 };
        out[0] = u8::from(self.fin) << 7 | (self.rsv & 0b111) << 4 | self.opcode.bits();
        let end = if self.len <= SHORTEST_UP_TO as u64 {
            out[1] = mask_bit | self.len as u8;
            2
        } else if let Ok(len) = u16::try_from(self.len) {
            out[1] = mask_bit | 126;
            out[2..4].copy_from_slice(&len.to_be_bytes());
            4
        } else {
            out[1] = mask_bit | 127;
            out[2..10].copy_from_slice(&self.len.to_be_bytes());
            10
        };
        let Some(MaskKey(key)) = self.mask else {
            return end;
        };
        out[end..end + 4].copy_from_slice(&key);
        end + 4
    }

    /// Reads the header at the front of `bytes`: the header and its length in octets, or
    /// `Ok(None)` when more bytes are needed.
    ///
    /// # Errors
    /// As early as the bytes show it: an unknown opcode, a control frame that is fragmented or
    /// longer than 125 octets, a length of 2^63 or more or not in the fewest octets (section 5.2).
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let fin = first & 0x80 != 0;
        let Some(opcode) = OpCode::from_bits(first & 0x0f) else {
            return Err(ProtocolError::UnknownOpcode(first & 0x0f));
        };
        if opcode.is_control() && !fin {
            return Err(ProtocolError::FragmentedControl(opcode));
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        if opcode.is_control() && second & 0x7f > 125 {
            return Err(ProtocolError::LongControl(opcode));
        }
        let Some((len, end)) = parse_len(second & 0x7f, bytes)? else {
            return Ok(None);
        };
        let (mask, end) = if second & 0x80 != 0 {
            let Some(key) = bytes.get(end..).and_then(|rest| rest.first_chunk()) else {
                return Ok(None);
            };
            (Some(MaskKey(*key)), end + 4)
        } else {
            (None, end)
        };
        let rsv = first >> 4 & 0b111;
        let header = Self {
            fin,
            rsv,
            opcode,
            mask,
            len,
        };
        Ok(Some((header, end)))
    }
}

/// The length of the payload, and where in the header the length ends.
#[inline]
fn parse_len(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, ProtocolError> {
    let rest = &bytes[2..];
    let (len, least, end) = match short {
        126 => match rest.first_chunk() {
            Some(octets) => (u64::from(u16::from_be_bytes(*octets)), 126, 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(octets) => (u64::from_be_bytes(*octets), 1 << 16, 10),
            None => return Ok(None),
        },
        len => return Ok(Some((u64::from(len), 2))),
    };
    if len >> 63 != 0 {
        return Err(ProtocolError::LengthTooLarge);
    }
    if len < least {
        return Err(ProtocolError::NonMinimalLength(len));
    }
    Ok(Some((len, end)))
}

/// Bytes to send: frames, one behind the other, in memory that is kept and used again.
///
/// The memory is zeroed once, when it is first claimed, and never again: a buffer that is cleared
/// and filled a million times writes each octet once a time.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer {
    /// Claimed memory; what lies behind `len` is left over from earlier use.
    bytes: Vec<u8>,
    /// Octets that are to be sent.
    len: usize,
}

/// From this many octets on an unmasked copy takes our own vector loop, because the C library's
/// `memcpy` may switch to `rep movsb` there, which some machines run more than ten times slower.
const OWN_COPY: usize = 1024;

impl FrameBuffer {
    /// An empty buffer that holds no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            len: 0,
        }
    }

    /// Forgets the content, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Gives the memory back when more than `keep` octets are claimed and nothing is to be sent.
    pub fn shrink(&mut self, keep: usize) {
        if self.len == 0 && self.bytes.len() > keep {
            self.bytes = Vec::new();
        }
    }

    /// The content.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Octets of content.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if there is no content.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Octets of memory claimed, filled or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets the first `count` octets of the content, which have been sent.
    ///
    /// # Panics
    /// When `count` exceeds the content.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.len, "no more can be sent than there is");
        self.bytes.copy_within(count..self.len, 0);
        self.len -= count;
    }

    /// Appends one frame whose payload is the concatenation of `parts`, masked while it is copied.
    ///
    /// One pass over the bytes and no allocation once the buffer has grown to its working size.
    #[inline]
    pub fn push_frame(
        &mut self,
        fin: bool,
        opcode: OpCode,
        mask: Option<MaskKey>,
        parts: &[&[u8]],
    ) {
        let payload: usize = parts.iter().map(|part| part.len()).sum();
        let header = FrameHeader {
            fin,
            rsv: 0,
            opcode,
            mask,
            len: payload as u64,
        };
        self.push(header, payload, parts);
    }

    /// Appends `count` whole messages of one length, each in one masked frame: the first `front_len` octets
    /// of a front, then `back`. `each` gives the key and the front of the next one. The same as
    /// [`FrameBuffer::push_frame`] of both for each; since how much there is of a front is known when the
    /// program is built, its copying and masking takes no loop and no call.
    ///
    /// # Panics
    /// When `front_len` is more than there is of a front.
    #[inline]
    pub fn push_masked<const N: usize>(
        &mut self,
        opcode: OpCode,
        front_len: usize,
        back: &[u8],
        count: usize,
        mut each: impl FnMut() -> (MaskKey, [[u8; LANE]; N]),
    ) {
        assert!(front_len <= N * LANE, "no more of a front than there is");
        let payload = front_len + back.len();
        let header = FrameHeader {
            fin: true,
            rsv: 0,
            opcode,
            mask: Some(MaskKey::default()),
            len: payload as u64,
        };
        let mut head = [0; FrameHeader::MAX_LEN];
        let start = header.encode(&mut head);
        let frame = start + payload;
        // A header and a front are written whole. What is not of them lies where the rest of the message,
        // or the next frame, will be.
        let beyond = FrameHeader::MAX_LEN + N * LANE;
        let room = self.claim(count * frame + beyond);
        for number in 0..count {
            let (key, front) = each();
            let to = &mut room[number * frame..][..frame + beyond];
            to[..FrameHeader::MAX_LEN].copy_from_slice(&head);
            to[start - key.0.len()..start].copy_from_slice(&key.0);
            let to = &mut to[start..];
            if let Some(lanes) = to.as_chunks_mut::<LANE>().0.first_chunk_mut::<N>() {
                *lanes = front.map(|lane| masked_lane(key, lane));
            }
            copy_masked(key, front_len, back, &mut to[front_len..payload]);
        }
        self.len += count * frame;
    }

    /// Appends one message whose payload is the concatenation of `parts`, in frames of at most
    /// `fragment` octets of it (RFC 6455 section 5.4). The first has the opcode and the reserved
    /// bits `rsv`; each has a mask of its own, as `mask` gives it. An empty message is one frame.
    ///
    /// Where text is cut is not looked at: a fragment may end inside a character (section 5.6).
    ///
    /// # Panics
    /// When `fragment` is zero.
    pub fn push_message(
        &mut self,
        opcode: OpCode,
        rsv: u8,
        fragment: usize,
        mut mask: impl FnMut() -> Option<MaskKey>,
        parts: [&[u8]; 2],
    ) {
        assert!(fragment > 0, "frames without payload carry no message");
        let [mut front, mut back] = parts;
        let mut header = FrameHeader {
            fin: false,
            rsv,
            opcode,
            mask: None,
            len: 0,
        };
        while !header.fin {
            let (of_front, front_rest) = front.split_at(front.len().min(fragment));
            let (of_back, back_rest) = back.split_at(back.len().min(fragment - of_front.len()));
            (front, back) = (front_rest, back_rest);
            header.fin = front.is_empty() && back.is_empty();
            header.mask = mask();
            header.len = (of_front.len() + of_back.len()) as u64;
            self.push_frame_as(header, &[of_front, of_back]);
            (header.opcode, header.rsv) = (OpCode::Continuation, 0);
        }
    }

    /// Appends a frame under a header of the caller's making, right or wrong; the header's `len`
    /// need not be the length of the payload. For calibration and for tests.
    pub fn push_frame_as(&mut self, header: FrameHeader, parts: &[&[u8]]) {
        let payload = parts.iter().map(|part| part.len()).sum();
        self.push(header, payload, parts);
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn push_raw(&mut self, bytes: &[u8]) {
        copy_unmasked(bytes, self.claim(bytes.len()));
        self.len += bytes.len();
    }

    #[inline]
    fn push(&mut self, header: FrameHeader, payload: usize, parts: &[&[u8]]) {
        let room = self.claim(FrameHeader::MAX_LEN + payload);
        let (front, _) = room
            .split_first_chunk_mut()
            .expect("room for the longest header has just been claimed");
        let start = header.encode(front);
        let mut rest = &mut room[start..start + payload];
        let mut phase = 0;
        for part in parts {
            let (to, behind) = rest.split_at_mut(part.len());
            match header.mask {
                Some(key) => copy_masked(key, phase, part, to),
                None => copy_unmasked(part, to),
            }
            phase += part.len();
            rest = behind;
        }
        self.len += start + payload;
    }

    /// Memory for `count` octets behind the content. Grows at least twofold, so that the zeroing
    /// of new memory is paid for a constant number of times an octet.
    #[inline]
    fn claim(&mut self, count: usize) -> &mut [u8] {
        let end = self.len + count;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.len..end]
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        let claimed = end.max(2 * self.bytes.len());
        self.bytes.resize(claimed, 0);
    }
}

/// A plain copy that does not fall into the trap of [`OWN_COPY`].
#[inline]
fn copy_unmasked(from: &[u8], to: &mut [u8]) {
    if from.len() < OWN_COPY {
        to.copy_from_slice(from);
    } else {
        copy_masked(std::hint::black_box(MaskKey([0; 4])), 0, from, to);
    }
}
