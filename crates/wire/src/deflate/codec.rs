//! Compressing and decompressing the messages of one connection (RFC 7692 section 7.2).
//!
//! Whole messages are compressed; what is received is decompressed piece by piece as it comes, into
//! a buffer of the caller's, so that a message which swells beyond all measure is refused after as
//! much output as was agreed to and costs no memory before.

use std::fmt;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::inflater::{Before, Inflater, Step};
use super::{AgreedParameters, WindowBits, Wish};
use crate::connection::{Endpoint, Limits, MessageKind, Utf8};
use crate::error::ProtocolError;
use crate::utf8::Checker;

/// Tail that ends every flush and is not sent (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The payload of an empty message: the header of an empty block (RFC 7692 section 7.2.3.6).
const EMPTY: u8 = 0x00;

/// A window of 2^8 is compressed with one of 2^9: zlib cannot do the smaller one, but as it leaves
/// 262 octets of its window unused, what it makes of the larger one refers back 250 octets at most.
const LEAST_BITS: u8 = 9;

/// Agreement on one direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Direction {
    takeover: bool,
    bits: u8,
}

impl Direction {
    fn new(no_takeover: bool, bits: Option<WindowBits>) -> Self {
        Self {
            takeover: !no_takeover,
            bits: bits.unwrap_or(WindowBits::MAX).get(),
        }
    }
}

/// The compression of one connection, both directions.
pub struct Codec {
    sends: Direction,
    receives: Direction,
    /// With takeover from the first message on, without only while a message is under way.
    compressor: Option<Box<Compress>>,
    decompressor: Option<Inflater>,
    max_message: u64,
    utf8: Utf8,
    text: Checker,
    /// Octets that the message being received has swollen to.
    inflated: u64,
    /// Octets of the tail that have been put behind it.
    tail: u8,
    /// The buffer was filled to its end: there may be more where it came from.
    was_full: bool,
}

/// A piece of a message, decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated<'b> {
    /// The octets, in the buffer that was given. Empty only when the piece is the last.
    pub bytes: &'b [u8],
    /// The message ends with this piece.
    pub last: bool,
}

impl Codec {
    /// The codec of a connection whose ends have agreed to `terms`, in this role. What the client
    /// wished for its own side holds even where the server did not repeat it: a client may always
    /// do with a smaller window and without takeover.
    ///
    /// Of `limits` the codec keeps to the length of the decompressed message.
    #[must_use]
    pub fn new(
        role: Endpoint,
        terms: &AgreedParameters,
        wish: &Wish,
        limits: Limits,
        utf8: Utf8,
    ) -> Self {
        let server = Direction::new(terms.server_no_takeover, terms.server_bits);
        let client = Direction::new(terms.client_no_takeover, terms.client_bits);
        let (sends, receives) = match role {
            Endpoint::Client => {
                let own = Direction::new(wish.client_no_takeover, wish.client_bits);
                let sends = Direction {
                    takeover: client.takeover && own.takeover,
                    bits: client.bits.min(own.bits),
                };
                (sends, server)
            }
            Endpoint::Server => (server, client),
        };
        Self {
            sends,
            receives,
            compressor: None,
            decompressor: None,
            max_message: limits.max_message,
            utf8,
            text: Checker::new(),
            inflated: 0,
            tail: 0,
            was_full: false,
        }
    }

    /// Compresses the message that is the concatenation of `parts` and appends the payload to
    /// `out` (RFC 7692 section 7.2.1). The payload goes into one frame or several, the first with
    /// RSV1 set.
    ///
    /// The messages of a connection must be sent in the order in which they were compressed.
    /// Nothing is allocated once `out` has grown to its working size and the pool has been used.
    pub fn compress(&mut self, pool: &mut Pool, parts: &[&[u8]], out: &mut Vec<u8>) {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len == 0 {
            // A flush that has nothing to flush writes nothing; this block leaves no trace.
            out.push(EMPTY);
            return;
        }
        let direction = self.sends;
        let mut compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => pool.compressor(direction),
        };
        let (last, before) = parts.split_last().expect("a message of some length");
        for part in before {
            feed(&mut compressor, part, FlushCompress::None, out);
        }
        feed(&mut compressor, last, FlushCompress::Sync, out);
        debug_assert!(out.ends_with(&TAIL), "a flush ends with an empty block");
        out.truncate(out.len() - TAIL.len());
        if direction.takeover {
            self.compressor = Some(compressor);
        } else {
            compressor.reset();
            pool.compressors.push((direction.bits, compressor));
        }
    }

    /// Decompresses the next piece of a message (RFC 7692 section 7.2.2) into `buffer` and moves
    /// `input` behind what was used. `last`: the message ends with `input`.
    ///
    /// Call again with what is left of `input` until `Ok(None)`, which asks for more input, or a
    /// piece that is the last. A message that fits into the buffer is one piece.
    ///
    /// # Errors
    /// The payload is no DEFLATE stream, is longer than agreed, or is text and not UTF-8: fail the
    /// connection with [`ProtocolError::close_code`].
    ///
    /// # Panics
    /// When `buffer` is empty.
    pub fn inflate<'b>(
        &mut self,
        pool: &mut Pool,
        kind: MessageKind,
        input: &mut &[u8],
        last: bool,
        buffer: &'b mut [u8],
    ) -> Result<Option<Inflated<'b>>, ProtocolError> {
        assert!(!buffer.is_empty(), "there must be room for output");
        let mut decompressor = match self.decompressor.take() {
            Some(decompressor) => decompressor,
            None => pool.decompressor(self.receives),
        };
        let before = &mut pool.before;
        let filled = self.fill(&mut decompressor, before, input, last, buffer)?;
        let is_last = last && !self.was_full;
        let bytes = &buffer[..filled];
        if kind == MessageKind::Text && self.utf8 == Utf8::Check {
            let is_text = self.text.push(bytes).is_ok() && (!is_last || self.text.is_complete());
            if !is_text {
                return Err(ProtocolError::InvalidUtf8);
            }
        }
        if is_last {
            (self.inflated, self.tail) = (0, 0);
        }
        if is_last && !self.receives.takeover {
            // What refers to an earlier message is found out, for there is none any more.
            decompressor.reset();
            pool.decompressors.push((self.receives.bits, decompressor));
        } else {
            self.decompressor = Some(decompressor);
        }
        Ok((is_last || filled > 0).then_some(Inflated {
            bytes,
            last: is_last,
        }))
    }

    /// Fills the buffer until it is full or the input, and behind the last of it the tail, is used
    /// up; returns how much there is.
    fn fill(
        &mut self,
        decompressor: &mut Inflater,
        before: &mut Before,
        input: &mut &[u8],
        last: bool,
        buffer: &mut [u8],
    ) -> Result<usize, ProtocolError> {
        let mut filled = 0;
        loop {
            let from_tail = input.is_empty() && last;
            let tail = &TAIL[usize::from(self.tail)..];
            let source = if from_tail { tail } else { *input };
            if source.is_empty() && !self.was_full {
                return Ok(filled);
            }
            let step = decompressor.step(source, &mut buffer[filled..], before)?;
            let Step {
                taken,
                given,
                ended,
            } = step;
            if from_tail {
                self.tail += taken as u8;
            } else {
                *input = &input[taken..];
            }
            filled += given;
            self.inflated += given as u64;
            if self.inflated > self.max_message {
                let limit = self.max_message;
                return Err(ProtocolError::InflatedTooLong { limit });
            }
            self.was_full = filled == buffer.len();
            if ended {
                // A final block (section 7.2.3.4) ends a stream, not the message; whoever sends one
                // has begun anew and refers to nothing before it.
                decompressor.reset();
                if last && input.is_empty() {
                    self.tail = TAIL.len() as u8;
                }
            }
            if self.was_full {
                return Ok(filled);
            }
            if taken == 0 && given == 0 && !source.is_empty() && !ended {
                return Err(ProtocolError::InvalidDeflate); // it will neither take nor give
            }
        }
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("sends", &self.sends)
            .field("receives", &self.receives)
            .field("inflated", &self.inflated)
            .finish_non_exhaustive()
    }
}

/// Gives all of `input` to the compressor, and what comes out to `out`, which grows as needed.
fn feed(compressor: &mut Compress, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
    loop {
        // Room for all of a short message, headers of blocks and the tail included.
        out.reserve(input.len().min(64 * 1024) + 64);
        let taken = compressor.total_in();
        // Only a stream that has ended, or a state that is not one, is refused.
        let status = compressor
            .compress_vec(input, out, flush)
            .expect("a compressor takes whatever it is given");
        debug_assert_ne!(status, Status::StreamEnd, "nobody has finished the stream");
        input = &input[(compressor.total_in() - taken) as usize..];
        if input.is_empty() && out.len() < out.capacity() {
            return;
        }
    }
}

/// Tools that the connections of one thread lend each other: compressors and decompressors that
/// have nothing to remember. Holds as many as were in use at the same time.
#[derive(Default)]
pub struct Pool {
    level: u32,
    compressors: Vec<(u8, Box<Compress>)>,
    decompressors: Vec<(u8, Inflater)>,
    /// Lent to whoever decompresses.
    before: Before,
}

impl Pool {
    /// A pool that makes compressors of this level, 0 (store) to 9 (smallest); 6 is zlib's default
    /// and what browsers use.
    #[must_use]
    pub fn new(level: u32) -> Self {
        Self {
            level: level.min(9),
            compressors: Vec::new(),
            decompressors: Vec::new(),
            before: Before::default(),
        }
    }

    fn compressor(&mut self, direction: Direction) -> Box<Compress> {
        let made = || {
            let (level, bits) = (Compression::new(self.level), direction.bits.max(LEAST_BITS));
            Box::new(Compress::new_with_window_bits(level, false, bits))
        };
        take(&mut self.compressors, direction.bits).unwrap_or_else(made)
    }

    fn decompressor(&mut self, direction: Direction) -> Inflater {
        let bits = direction.bits;
        take(&mut self.decompressors, bits).unwrap_or_else(|| Inflater::new(bits))
    }
}

/// Takes one of this window out of the pool.
fn take<T>(kept: &mut Vec<(u8, T)>, bits: u8) -> Option<T> {
    let at = kept.iter().rposition(|(of, _)| *of == bits)?;
    Some(kept.swap_remove(at).1)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("level", &self.level)
            .field("compressors", &self.compressors.len())
            .field("decompressors", &self.decompressors.len())
            .finish()
    }
}
