//! Messages that come compressed (RFC 7692). The plain path does not come here; how messages are
//! framed that go out is `context`'s affair.

use std::mem;

use wsbench_setting::{Field, Text, text};
use wsbench_wire::connection::{Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::RSV1;

use super::Session;
use super::splitting::Violation;
use crate::context::Context;
use crate::exchange::{Exchange, Piece};
use crate::meter::Meter;
use crate::nanos::Nanos;
use crate::tally::CompressedCounts;

impl<X: Exchange> Session<X> {
    /// The server has answered the offer of compression: with terms, or by declining it.
    pub(super) fn agree(
        &mut self,
        context: &mut Context<X::Local>,
        terms: Option<AgreedParameters>,
        limits: Limits,
    ) {
        let Some(compression) = &context.common.plan.clients.compression else {
            return;
        };
        let counts = &mut context.common.meter.tally.compression;
        let Some(terms) = terms else {
            counts.declined += 1;
            return;
        };
        *counts.accepted.entry(terms.to_string()).or_default() += 1;
        self.wire.allow_compression();
        // Text is compared with our own, which is valid, as it is without compression.
        let wish = &compression.wish;
        let codec = Codec::new(Endpoint::Client, &terms, wish, limits, Utf8::Skip);
        self.codec = Some(Box::new(codec));
    }

    /// Books a piece of a message that came uncompressed although compression was offered.
    pub(super) fn on_uncompressed(
        context: &mut Context<X::Local>,
        received: Nanos,
        len: usize,
        last: bool,
    ) {
        let counts = CompressedCounts {
            messages: u64::from(last),
            message_bytes: len as u64,
            payload_bytes: len as u64,
            ..CompressedCounts::default()
        };
        book_received(&mut context.common.meter, received, &counts);
    }

    /// Takes the piece of a message that an event may be, compressed or not; gives back any other.
    pub(super) fn take_message<'a>(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        event: Event<'a>,
    ) -> Result<Option<Event<'a>>, Violation> {
        match event {
            Event::Data {
                kind, bytes, last, ..
            } => {
                if context.common.compression.is_some() {
                    Self::on_uncompressed(context, received, bytes.len(), last);
                }
                let piece = Piece { kind, bytes, last };
                self.take_piece(context, received, piece)?;
                Ok(None)
            }
            Event::Deflated { kind, bytes, last } => {
                let taken = self.on_compressed(context, received, kind, bytes, last);
                taken.map(|()| None)
            }
            other => Ok(Some(other)),
        }
    }

    /// A piece of a compressed message: decompressed piece by piece, each compared where it stands.
    pub(super) fn on_compressed(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        kind: MessageKind,
        mut payload: &[u8],
        last: bool,
    ) -> Result<(), Violation> {
        // Both are there wherever compression was allowed.
        let (Some(mut codec), Some(mut codecs)) =
            (self.codec.take(), context.common.compression.take())
        else {
            return Err(ProtocolError::ReservedBits(RSV1).into());
        };
        let mut room = mem::take(&mut codecs.room);
        let mut counts = CompressedCounts {
            messages: u64::from(last),
            compressed: u64::from(last),
            payload_bytes: payload.len() as u64,
            ..CompressedCounts::default()
        };
        let outcome = loop {
            let began = codecs.now();
            let piece = codec.inflate(&mut codecs.pool, kind, &mut payload, last, &mut room);
            counts.codec_ns += (codecs.now() - began).0;
            match piece {
                Ok(Some(piece)) => {
                    counts.message_bytes += piece.bytes.len() as u64;
                    let piece = Piece {
                        kind,
                        bytes: piece.bytes,
                        last: piece.last,
                    };
                    let taken = self.take_piece(context, received, piece);
                    if piece.last || taken.is_err() {
                        break taken.map_err(Violation::from);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        codecs.room = room;
        (self.codec, context.common.compression) = (Some(codec), Some(codecs));
        book_received(&mut context.common.meter, received, &counts);
        outcome
    }
}

/// Words for a breach of the protocol, with what to do about it.
pub(super) fn told(violation: &Violation) -> Text {
    let words = violation.to_string();
    match violation {
        Violation::Frames(ProtocolError::WindowExceeded { .. }) => {
            text![
                words,
                "; leave ",
                Field::Compression,
                " out, or mend the server"
            ]
        }
        _ => words.into(),
    }
}

/// Books what was received at `received`, if that is within the window.
fn book_received(meter: &mut Meter, received: Nanos, counts: &CompressedCounts) {
    if meter.window().contains(received) {
        meter.tally.compression.received.merge(counts);
    }
}
