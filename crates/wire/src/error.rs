//! What a peer can do wrong after the handshake, by kind.
//!
//! Each kind is counted on its own, so that a report can say "42 frames masked by the server"
//! rather than "42 protocol errors". Errors of the opening handshake are apart, in
//! [`crate::handshake::HandshakeError`]; errors of the transport are not known here.

use thiserror::Error;

use crate::opcode::OpCode;

/// The peer broke RFC 6455. The connection must be failed with [`ProtocolError::close_code`]
/// (section 7.1.7); nothing that follows on it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ProtocolError {
    /// An opcode of 0x3–0x7 or 0xB–0xF, reserved for versions to come (section 5.2). Often the
    /// sign of a peer that lost count of its own lengths.
    #[error("unknown opcode {0:#x}: the peer's framing is broken or out of step")]
    UnknownOpcode(u8),
    /// A reserved bit is set that no extension agreed upon gives a meaning here (section 5.2). The
    /// three bits, RSV1 first (`0b100`): RSV1 alone is a peer that compresses unasked, or that sets
    /// it on a control frame or inside a message, which RFC 7692 section 6 forbids.
    #[error("reserved bits {0:#05b} set, which no extension agreed upon allows here")]
    ReservedBits(u8),
    /// A close, ping or pong without FIN (section 5.5).
    #[error("a {0} frame was fragmented, which control frames must not be")]
    FragmentedControl(OpCode),
    /// A close, ping or pong of more than 125 octets (section 5.5).
    #[error("a {0} frame of more than 125 octets")]
    LongControl(OpCode),
    /// A length in more octets than it needs (section 5.2).
    #[error("the length {0} was not written in the fewest octets")]
    NonMinimalLength(u64),
    /// A 64-bit length with its highest bit set (section 5.2).
    #[error("a frame length of 2^63 or more")]
    LengthTooLarge,
    /// A server masked a frame (section 5.1).
    #[error("the server masked a frame, which only clients may")]
    MaskedByServer,
    /// A client did not mask a frame (section 5.1).
    #[error("the client did not mask a frame")]
    UnmaskedByClient,
    /// A continuation frame with no message to continue (section 5.4).
    #[error("a continuation frame, but no message had been started")]
    UnexpectedContinuation,
    /// A new text or binary frame before the last fragment of the message under way (section 5.4).
    #[error("a new message began inside a fragmented one")]
    InterleavedMessage,
    /// A close body of one octet: neither empty nor a code (section 5.5.1).
    #[error("a close frame with a body of one octet")]
    ShortCloseBody,
    /// A close code that must not be sent (section 7.4).
    #[error("close code {0} must not be sent in a close frame")]
    InvalidCloseCode(u16),
    /// A close reason that is not UTF-8 (section 5.5.1).
    #[error("the reason in a close frame is not UTF-8")]
    InvalidCloseReason,
    /// A text message that is not UTF-8 (section 8.1).
    #[error("a text message is not UTF-8")]
    InvalidUtf8,
    /// A message longer than the receiver is willing to take; a limit of ours, not of the RFC.
    #[error("a message of more than {limit} octets: raise the limit if that was meant")]
    MessageTooLong {
        /// The greatest length accepted, octets.
        limit: u64,
    },
    /// A compressed message whose payload is no DEFLATE stream, or refers to what was to be
    /// forgotten (RFC 7692 section 7.2.2).
    #[error("a compressed message that cannot be decompressed: the peer's compression is broken")]
    InvalidDeflate,
    /// A compressed message that refers further back than the window that was agreed upon (RFC 7692
    /// section 7.1.2): a receiver that keeps no more could not read it.
    #[error(
        "a message compressed against more than the agreed window of 2^{bits} octets: the peer's \
         compression breaks its own terms"
    )]
    WindowExceeded {
        /// The base-2 logarithm of the window.
        bits: u8,
    },
    /// A compressed message that swells beyond what the receiver is willing to take.
    #[error("a message that decompresses to more than {limit} octets: a bomb, or raise the limit")]
    InflatedTooLong {
        /// The greatest length accepted, octets.
        limit: u64,
    },
}

impl ProtocolError {
    /// The close code with which to fail the connection (section 7.4.1): 1002, 1007 or 1009.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8
            | Self::InvalidCloseReason
            | Self::InvalidDeflate
            | Self::WindowExceeded { .. } => 1007,
            Self::MessageTooLong { .. } | Self::InflatedTooLong { .. } => 1009,
            _ => 1002,
        }
    }
}
