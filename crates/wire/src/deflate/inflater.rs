//! Decompressing one stream within the window that was agreed upon.
//!
//! zlib-rs, which is the fastest, keeps 32 KiB whatever window it is made for, so that it reads what
//! a peer with less memory could not. Windows below that are `miniz_oxide`'s: its output buffer is a
//! ring of exactly the window, and a distance beyond it is refused.

use flate2::{Decompress, FlushDecompress, Status};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress_with_limit};

use super::WindowBits;
use crate::error::ProtocolError;

/// Decompressor of one stream.
pub(super) enum Inflater {
    /// With the largest window that there is.
    Full(Decompress),
    /// With a smaller one.
    Narrow(Box<Narrow>),
}

/// Outcome of a step.
pub(super) struct Step {
    /// Octets of the source that were used.
    pub(super) taken: usize,
    /// Octets that were put into the room. Fewer than it has: the source is used up, or the stream
    /// has ended.
    pub(super) given: usize,
    /// The stream has ended with a final block (RFC 1951 section 3.2.3).
    pub(super) ended: bool,
}

/// State before a step, lent to it: what is wrong with a stream is told by reading it once more.
pub(super) type Before = Box<DecompressorOxide>;

impl Inflater {
    /// For streams that refer back 2^`bits` octets at most.
    pub(super) fn new(bits: u8) -> Self {
        if bits < WindowBits::MAX.get() {
            Self::Narrow(Box::new(Narrow::new(bits)))
        } else {
            Self::Full(Decompress::new_with_window_bits(false, bits))
        }
    }

    /// Decompresses from `source` into `room`, until the one is used up or the other is full.
    pub(super) fn step(
        &mut self,
        source: &[u8],
        room: &mut [u8],
        before: &mut Before,
    ) -> Result<Step, ProtocolError> {
        let full = match self {
            Self::Full(full) => full,
            Self::Narrow(narrow) => return narrow.step(source, room, before),
        };
        let (taken, given) = (full.total_in(), full.total_out());
        let status = full
            .decompress(source, room, FlushDecompress::Sync)
            .map_err(|_| ProtocolError::InvalidDeflate)?;
        Ok(Step {
            taken: (full.total_in() - taken) as usize,
            given: (full.total_out() - given) as usize,
            ended: status == Status::StreamEnd,
        })
    }

    /// Begins anew: nothing that comes may refer to what was before.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Full(full) => full.reset(false),
            Self::Narrow(narrow) => narrow.reset(),
        }
    }
}

/// A stream whose window is below 32 KiB.
pub(super) struct Narrow {
    state: DecompressorOxide,
    /// The latest octets, as many as the window has: a ring.
    window: Box<[u8]>,
    /// Place of the next octet.
    at: usize,
    /// The ring has been filled, so that every place of it may be referred to.
    is_filled: bool,
}

impl Narrow {
    fn new(bits: u8) -> Self {
        Self {
            state: DecompressorOxide::new(),
            window: vec![0; 1 << bits].into(),
            at: 0,
            is_filled: false,
        }
    }

    fn reset(&mut self) {
        self.state.init();
        (self.at, self.is_filled) = (0, false);
    }

    fn step(
        &mut self,
        source: &[u8],
        room: &mut [u8],
        before: &mut DecompressorOxide,
    ) -> Result<Step, ProtocolError> {
        before.clone_from(&self.state);
        let (mut taken, mut given) = (0, 0);
        loop {
            if self.at == self.window.len() {
                (self.at, self.is_filled) = (0, true);
            }
            // Until then it is no ring: what refers to before its beginning refers to nothing.
            let flags = if self.is_filled {
                TINFL_FLAG_HAS_MORE_INPUT
            } else {
                TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            };
            let (status, used, come) = decompress_with_limit(
                &mut self.state,
                &source[taken..],
                &mut self.window,
                self.at,
                room.len() - given,
                flags,
            );
            room[given..given + come].copy_from_slice(&self.window[self.at..self.at + come]);
            self.at += come;
            taken += used;
            given += come;
            match status {
                TINFLStatus::HasMoreOutput if given < room.len() => {}
                TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput | TINFLStatus::Done => {
                    let ended = status == TINFLStatus::Done;
                    return Ok(Step {
                        taken,
                        given,
                        ended,
                    });
                }
                _ => return Err(self.fault(before, source, given)),
            }
        }
    }

    /// Fault of a stream that in this step could not be read on after so many octets.
    fn fault(&self, before: &DecompressorOxide, source: &[u8], given: usize) -> ProtocolError {
        let is_filled = self.is_filled || self.at == self.window.len();
        if is_filled && reads_on(before.clone(), source, given) {
            let bits = self.window.len().trailing_zeros() as u8;
            return ProtocolError::WindowExceeded { bits };
        }
        ProtocolError::InvalidDeflate
    }
}

/// True if the stream has more than so many octets for one who remembers as much as DEFLATE knows
/// distances. Which octets does not matter: how a stream is read does not hang on what it says.
fn reads_on(mut state: DecompressorOxide, mut source: &[u8], given: usize) -> bool {
    let mut window = vec![0; 1 << WindowBits::MAX.get()];
    let (mut at, mut count) = (0, 0);
    while count <= given {
        let limit = given + 1 - count;
        let flags = TINFL_FLAG_HAS_MORE_INPUT;
        let (status, used, come) =
            decompress_with_limit(&mut state, source, &mut window, at, limit, flags);
        source = &source[used..];
        count += come;
        at = (at + come) % window.len();
        if status != TINFLStatus::HasMoreOutput {
            break;
        }
    }
    count > given
}
