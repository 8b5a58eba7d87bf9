//! Steps: what is said, and what has to come.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::mask::MaskKey;

use crate::Pattern;

/// One step behind the opening handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogueStep {
    /// Sends this.
    Send(Sent),
    /// Awaits this.
    Expect(Expectation),
}

impl DialogueStep {
    /// Writes these octets at once, whatever they are.
    #[must_use]
    pub fn octets(octets: Vec<u8>) -> Self {
        Self::Send(Sent::Octets(octets))
    }
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A message, framed as whoever sends it frames messages.
    Message(MessageKind, Vec<u8>),
    /// A message, packed as it was agreed upon on this connection, in so many frames of about one
    /// length.
    Packed {
        /// Text or binary.
        kind: MessageKind,
        /// The message before it is packed.
        message: Vec<u8>,
        /// Frames; at least one. A payload that is too short for so many goes into fewer.
        frames: usize,
        /// The mask of the first frame; further ones count up from it.
        mask: MaskKey,
    },
    /// Octets as they are, frames or not, at once.
    Octets(Vec<u8>),
    /// The same one by one, each in a segment of its own.
    OctetByOctet(Vec<u8>),
}

/// Answer that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A message that fits, in however many fragments.
    Message(MessageKind, Pattern),
    /// This message, of noise that repeats itself only further back than the window agreed upon
    /// reaches: one packed in a payload that is much shorter refers further (RFC 7692 section 7.1.2).
    MessageOfNoise(MessageKind, Vec<u8>),
    /// A pong with this payload, after others or not (RFC 6455 section 5.5.3 lets a server answer
    /// only the latest of several pings).
    Pong(Vec<u8>),
    /// The server fails the connection (section 7.1.7) with one of these codes.
    Failure {
        /// Codes that fit, the one to be expected first.
        codes: &'static [u16],
        /// True where the receiver has to. Otherwise only senders are told not to do this, and a
        /// receiver that takes it is lenient, not wrong.
        demanded: bool,
    },
    /// The server answers our close frame, with this code where ours had one (section 5.5.1).
    CloseReply(Option<u16>),
    /// The server ends the TCP connection (section 7.1.1).
    End,
}
