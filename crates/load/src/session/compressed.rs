//! Messages that are not one plain frame: compressed (RFC 7692), or cut into fragments (RFC 6455
//! section 5.4), or both. The plain path does not come here.

use std::mem;

use wsbench_wire::connection::{Limits, MessageKind, Role, Utf8};
use wsbench_wire::deflate::{Codec, Terms};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::RSV1;
use wsbench_wire::mask::MaskKey;

use super::Session;
use crate::context::Context;
use crate::identity::Identity;
use crate::nanos::Nanos;
use crate::tally::CompressedCounts;

impl Session {
    /// The server has answered the offer of compression: with terms, or by declining it.
    pub(super) fn agree(&mut self, context: &mut Context, terms: Option<Terms>, limits: Limits) {
        let Some(compression) = &context.plan.clients.compression else {
            return;
        };
        let counts = &mut context.meter.tally.compression;
        let Some(terms) = terms else {
            counts.declined += 1;
            return;
        };
        *counts.accepted.entry(terms.to_string()).or_default() += 1;
        self.wire.allow_compression();
        // Text is compared with our own, which is valid, as it is without compression.
        let wish = &compression.wish;
        let codec = Codec::new(Role::Client, &terms, wish, limits, Utf8::Skip);
        self.codec = Some(Box::new(codec));
    }

    /// Composes one message that is compressed, where that was agreed upon, and cut into frames of
    /// the plan's length.
    pub(super) fn compose_in_pieces(&mut self, context: &mut Context, due: Nanos) {
        let sequence = self.pairing.compose(due);
        let identity = Identity {
            connection: self.number,
            sequence,
        };
        context.source.prepare(identity, Some(due));
        let message = context.source.message(identity);
        let opcode = context.source.kind().opcode();
        let fragment = context
            .plan
            .clients
            .fragment
            .map_or(usize::MAX, |len| len as usize);
        let (out, random) = (&mut context.out, &mut context.random);
        let mask = || Some(MaskKey(random.u32(..).to_ne_bytes()));
        let Some(workshop) = &mut context.compression else {
            return out.push_message(opcode, 0, fragment, mask, message.parts());
        };
        let mut counts = CompressedCounts {
            messages: 1,
            message_bytes: message.len() as u64,
            payload_bytes: message.len() as u64,
            ..CompressedCounts::default()
        };
        if let Some(codec) = &mut self.codec {
            let began = workshop.now();
            let mut packed = mem::take(&mut workshop.packed);
            packed.clear();
            codec.compress(&mut workshop.pool, &message.parts(), &mut packed);
            counts.codec_time = workshop.now() - began;
            counts.compressed = 1;
            counts.payload_bytes = packed.len() as u64;
            out.push_message(opcode, RSV1, fragment, mask, [&packed, &[]]);
            workshop.packed = packed;
        } else {
            out.push_message(opcode, 0, fragment, mask, message.parts());
        }
        workshop.composed(&counts);
    }

    /// The write that carries what was composed begins at `sent`.
    pub(super) fn book_composed(context: &mut Context, sent: Nanos) {
        if let Some(workshop) = &mut context.compression {
            workshop.book_sent(&mut context.meter, sent);
        }
    }

    /// Books a piece of a message that came uncompressed although compression was offered.
    pub(super) fn on_uncompressed(context: &mut Context, received: Nanos, len: usize, last: bool) {
        if context.meter.window().contains(received) {
            context
                .meter
                .tally
                .compression
                .received
                .merge(&CompressedCounts {
                    messages: u64::from(last),
                    message_bytes: len as u64,
                    payload_bytes: len as u64,
                    ..CompressedCounts::default()
                });
        }
    }

    /// A piece of a compressed message: decompressed piece by piece, each compared where it stands.
    pub(super) fn on_compressed(
        &mut self,
        context: &mut Context,
        received: Nanos,
        kind: MessageKind,
        mut payload: &[u8],
        last: bool,
    ) -> Result<(), ProtocolError> {
        // Both are there wherever compression was allowed.
        let (Some(mut codec), Some(mut workshop)) = (self.codec.take(), context.compression.take())
        else {
            return Err(ProtocolError::ReservedBits(RSV1));
        };
        let mut room = mem::take(&mut workshop.room);
        let mut counts = CompressedCounts {
            messages: u64::from(last),
            compressed: u64::from(last),
            payload_bytes: payload.len() as u64,
            ..CompressedCounts::default()
        };
        let outcome = loop {
            let began = workshop.now();
            let piece = codec.inflate(&mut workshop.pool, kind, &mut payload, last, &mut room);
            counts.codec_time += workshop.now() - began;
            match piece {
                Ok(Some(piece)) => {
                    counts.message_bytes += piece.bytes.len() as u64;
                    self.on_piece(context, received, kind, piece.bytes, piece.last);
                    if piece.last {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        workshop.room = room;
        (self.codec, context.compression) = (Some(codec), Some(workshop));
        if context.meter.window().contains(received) {
            context.meter.tally.compression.received.merge(&counts);
        }
        outcome
    }
}
