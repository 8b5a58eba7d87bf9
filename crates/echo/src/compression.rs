//! Compressed connections (permessage-deflate, RFC 7692) in the server's role: what the connections
//! of a thread share, and the answers to a read of one.
//!
//! The plain path does not come here: a connection is compressed or not from its upgrade on.

use std::mem;

use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, Wish};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::opcode::OpCode;

use crate::answering::Next;
use crate::config::Compression;
use crate::pace::{AnswerFate, ConnectionKey, Pace};
use crate::stats::ServerStats;

/// Octets that a message is decompressed into at a time.
const ROOM: usize = 64 * 1024;

/// One compressed connection, as far as its answers go.
pub(crate) struct CompressedConnection<'a> {
    pub(crate) key: ConnectionKey,
    pub(crate) codec: &'a mut Codec,
    pub(crate) wire: &'a mut Connection,
    /// Part that is there of a message that is not complete.
    pub(crate) message: &'a mut Vec<u8>,
}

/// Tools that the connections of one thread share.
pub(crate) struct Compressor {
    pub(crate) wish: Wish,
    pool: Pool,
    /// The answer under way, compressed.
    packed: Vec<u8>,
    /// A piece of a message, decompressed.
    room: Box<[u8]>,
}

impl Compressor {
    pub(crate) fn new(compression: Compression) -> Self {
        Self {
            wish: compression.wish,
            pool: Pool::new(compression.level),
            packed: Vec::new(),
            room: vec![0; ROOM].into(),
        }
    }

    /// The codec of a connection that was upgraded on these terms.
    pub(crate) fn codec(&self, terms: &AgreedParameters, max_message: u64) -> Box<Codec> {
        let limits = Limits { max_message };
        Box::new(Codec::new(
            Endpoint::Server,
            terms,
            &self.wish,
            limits,
            Utf8::Check,
        ))
    }

    /// Answers, frame by frame, what a read of a compressed connection brought: with the same
    /// messages, compressed anew.
    pub(crate) fn answer<P: Pace>(
        &mut self,
        peer: CompressedConnection<'_>,
        pace: &mut P,
        mut input: &mut [u8],
        out: &mut FrameBuffer,
        stats: &mut ServerStats,
    ) -> Next {
        let CompressedConnection {
            key,
            codec,
            wire,
            message,
        } = peer;
        loop {
            let outcome = match wire.receive(&mut input) {
                Ok(None) => return Next::Continue,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => {
                    message.extend_from_slice(bytes);
                    Ok(last.then_some(kind))
                }
                Ok(Some(Event::Deflated { kind, bytes, last })) => self
                    .inflate(codec, kind, bytes, last, message)
                    .map(|()| last.then_some(kind)),
                Ok(Some(Event::Ping)) => {
                    out.push_frame(true, OpCode::Pong, None, &[wire.control()]);
                    let turn = pace.aside(key, out.as_slice(), Next::Continue);
                    settle(turn, out);
                    Ok(None)
                }
                Ok(Some(Event::Pong)) => Ok(None),
                Ok(Some(Event::Close { code })) => {
                    push_close(out, None, code, "");
                    let turn = pace.aside(key, out.as_slice(), Next::Finish);
                    return settle(turn, out).unwrap_or(Next::Finish);
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(kind)) => {
                    stats.messages += 1;
                    self.packed.clear();
                    codec.compress(&mut self.pool, &[message], &mut self.packed);
                    let parts = [&self.packed[..], &[]];
                    out.push_message(kind.opcode(), RSV1, usize::MAX, || None, parts);
                    message.clear();
                    message.shrink_to(ROOM);
                    let turn = pace.message(key, out.as_slice(), Next::Continue);
                    settle(turn, out);
                }
                Err(error) => {
                    stats.protocol_errors += 1;
                    push_close(out, None, Some(error.close_code()), &error.to_string());
                    let turn = pace.aside(key, out.as_slice(), Next::Drain);
                    return settle(turn, out).unwrap_or(Next::Drain);
                }
            }
        }
    }

    /// Appends what a piece of a compressed message holds.
    fn inflate(
        &mut self,
        codec: &mut Codec,
        kind: MessageKind,
        mut payload: &[u8],
        last: bool,
        message: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let mut room = mem::take(&mut self.room);
        let outcome = loop {
            match codec.inflate(&mut self.pool, kind, &mut payload, last, &mut room) {
                Ok(Some(piece)) => {
                    message.extend_from_slice(piece.bytes);
                    if piece.last {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.room = room;
        outcome
    }
}

/// Takes back what the pace keeps; `Some` is what follows then: the rest comes with what is kept.
fn settle(turn: AnswerFate, out: &mut FrameBuffer) -> Option<Next> {
    if turn == AnswerFate::AtOnce {
        return None;
    }
    out.clear();
    Some(Next::Continue)
}
