//! What the server answers: the seam between the loop that moves bytes and the faults.
//!
//! The [`PlainEcho`] is all that a measurement runs; the faults are in `fault_injection`.
//! Which of the two is a type parameter of the loop, so that the plain one pays nothing for the
//! other.

use std::time::Instant;

use wsbench_wire::close::push_close;
use wsbench_wire::connection::MessageKind;
use wsbench_wire::deflate::AgreedParameters;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{UpgradeRequest, push_response_with};
use wsbench_wire::opcode::OpCode;

use crate::parcel::{Outgoing, Parcel};

/// Next step for a connection once the answers so far have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go on.
    Continue,
    /// Nothing more comes from the client: drop the connection.
    Finish,
    /// The client may still be sending: end our half, and discard what comes until it ends its own.
    /// Dropping at once would reset the connection and could cost the client our last words.
    Drain,
    /// Discard what comes, send nothing, until the client gives up.
    Ignore,
    /// Reset the connection (RST), at once.
    Reset,
}

/// Answers of the server. Every method appends to `out` what is to be sent.
pub(crate) trait Answering {
    /// Memory that is kept of each connection.
    type Memory;

    /// True where [`Answering::message`] does nothing but to send back what came, so that the
    /// caller may do so itself.
    const VERBATIM: bool;

    /// True where messages go to other connections than their sender's.
    const FANS_OUT: bool = false;

    /// A connection was accepted; `None` closes it at once.
    fn welcome(&mut self) -> Option<Self::Memory>;

    /// A request to upgrade, found to be in order, and the compression that is granted.
    fn upgrade(
        &mut self,
        _memory: &mut Self::Memory,
        request: &UpgradeRequest,
        compression: Option<&AgreedParameters>,
        out: &mut FrameBuffer,
    ) -> Next {
        push_response_with(out, request, chosen(request), compression);
        Next::Continue
    }

    /// A whole message.
    fn message(
        &mut self,
        memory: &mut Self::Memory,
        kind: MessageKind,
        bytes: &[u8],
        out: &mut FrameBuffer,
    ) -> Next;

    /// A ping.
    fn ping(&mut self, memory: &mut Self::Memory, payload: &[u8], out: &mut FrameBuffer);

    /// A close frame.
    fn close(
        &mut self,
        memory: &mut Self::Memory,
        code: Option<u16>,
        out: &mut FrameBuffer,
    ) -> Next;

    /// The instant from which there is a message that follows from none of a client.
    fn next_due(&self) -> Option<Instant> {
        None
    }

    /// The next message that is to go to other connections.
    fn outgoing(&mut self) -> Option<Outgoing> {
        None
    }

    /// The copy of such a message for a connection; `None` where it gets none.
    fn copy_for(&mut self, _to: &mut Self::Memory, _message: &mut Outgoing) -> Option<Parcel> {
        None
    }
}

/// The plain echo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainEcho;

impl Answering for PlainEcho {
    type Memory = ();

    const VERBATIM: bool = true;

    fn welcome(&mut self) -> Option<()> {
        Some(())
    }

    #[inline]
    fn message(
        &mut self,
        (): &mut (),
        kind: MessageKind,
        bytes: &[u8],
        out: &mut FrameBuffer,
    ) -> Next {
        out.push_frame(true, kind.opcode(), None, &[bytes]);
        Next::Continue
    }

    fn ping(&mut self, (): &mut (), payload: &[u8], out: &mut FrameBuffer) {
        out.push_frame(true, OpCode::Pong, None, &[payload]);
    }

    fn close(&mut self, (): &mut (), code: Option<u16>, out: &mut FrameBuffer) -> Next {
        push_close(out, None, code, "");
        Next::Finish
    }
}

/// The subprotocol that is granted: the client's first choice, for an echo speaks them all.
pub(crate) fn chosen(request: &UpgradeRequest) -> Option<&str> {
    request.subprotocols.first().map(String::as_str)
}
