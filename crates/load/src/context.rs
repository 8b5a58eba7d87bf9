//! What all sessions of one worker share: the plan, the books, the randomness and the send
//! buffer, and beside it what belongs to the exchange in use. It holds no session and decides
//! nothing about one.

use std::mem;

use wsbench_wire::connection::MessageKind;
use wsbench_wire::deflate::Codec;
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::mask::MaskKey;

use crate::arrival::seed_of;
use crate::compression::CompressionContext;
use crate::identity::MessageId;
use crate::message::{Alike, Message};
use crate::meter::Meter;
use crate::nanos::Nanos;
use crate::plan::{Plan, RevealedHeaders, StopRule};
use crate::quota::Quota;
use crate::speech::Speech;
use crate::tally::CompressedCounts;

/// One worker's own: what its connections share, and what its exchanges do.
#[derive(Debug)]
pub struct Context<L> {
    /// The part that is needed whatever flows.
    pub common: Common,
    /// The part that belongs to the exchange ([`Exchange::Local`](crate::exchange::Exchange::Local)).
    pub local: L,
}

impl<L> Context<L> {
    /// The view of an exchange that a session calls, on a connection with this codec.
    #[inline]
    pub fn io<'a>(&'a mut self, codec: &'a mut Option<Box<Codec>>) -> Io<'a, L> {
        Io {
            common: &mut self.common,
            local: &mut self.local,
            codec,
        }
    }
}

/// The view that an exchange has of its connection and its worker.
#[derive(Debug)]
pub struct Io<'a, L> {
    /// The things that the worker's connections share.
    pub common: &'a mut Common,
    /// The things that the worker keeps for the exchange.
    pub local: &'a mut L,
    /// The connection's compression, where that was agreed upon.
    pub codec: &'a mut Option<Box<Codec>>,
}

/// The things that the connections of one worker share, whatever flows on them.
#[derive(Debug)]
pub struct Common {
    /// Plan of the run.
    pub plan: Plan,
    /// Keeps the books.
    pub meter: Meter,
    /// Quota that is left to do.
    pub quota: Quota,
    /// Bytes that the session just called wants written; the driver writes and clears them.
    pub out: FrameBuffer,
    /// True where sessions may send: the load has begun and the window has not closed.
    pub sending: bool,
    /// True where the connection just read from has not taken yet what was written to it before.
    pub congested: bool,
    /// Masks, nonces, jitter.
    pub random: fastrand::Rng,
    /// The authority for the `Host` header, made once.
    pub authority: String,
    /// Further headers of the upgrade, made once.
    pub headers: RevealedHeaders,
    /// The greatest number of a connection that the worker has begun.
    pub newest_connection: u32,
    /// Tools that compression takes; `None` when the plan offers none.
    pub compression: Option<Box<CompressionContext>>,
    /// Speech beside the messages of the load.
    pub speech: Speech,
    /// True where the plan has words for messages of the server's own, or by the clock.
    pub(crate) has_upkeep: bool,
    /// True where it has words by the clock.
    pub(crate) has_beats: bool,
    /// Rule by which the run ends, read on the hot path.
    pub(crate) stop: StopRule,
    /// Every message is one frame, as it is.
    pub(crate) is_plain: bool,
    /// Messages come as they are, and each is a unit.
    pub(crate) is_plain_to_read: bool,
    /// The byte in which each unit has to end that is sent.
    unit_end: Option<u8>,
    /// Room for one with its end.
    ended: Vec<u8>,
}

impl Common {
    /// Whether there may be a connection of this number in the run. Workers are about as far as each
    /// other, and a number far beyond is a broken one.
    pub(crate) fn may_be_connection(&self, number: u32) -> bool {
        const AHEAD: u32 = 1_024;
        number
            <= self
                .newest_connection
                .saturating_mul(2)
                .saturating_add(AHEAD)
    }

    /// The things that the connections of worker `worker` share.
    #[must_use]
    pub fn new(plan: &Plan, quota: Quota, peer: String, worker: u32) -> Self {
        let is_uncompressed = plan.clients.compression.is_none();
        let unit = plan.clients.exchange.unit;
        Self {
            meter: Meter::new(peer, plan.raw_log),
            quota,
            out: FrameBuffer::new(),
            sending: false,
            congested: false,
            random: fastrand::Rng::with_seed(seed_of(plan.seed, worker)),
            authority: plan.target.authority(),
            headers: plan.upgrade.revealed(),
            newest_connection: 0,
            compression: plan
                .clients
                .compression
                .as_ref()
                .map(|compression| Box::new(CompressionContext::new(compression))),
            speech: Speech::new(plan),
            has_upkeep: !plan.clients.upkeep.is_empty(),
            has_beats: !plan.clients.upkeep.beats.is_empty(),
            stop: plan.stop,
            is_plain: is_uncompressed && plan.clients.fragment.is_none() && unit.end().is_none(),
            is_plain_to_read: is_uncompressed && unit.is_frame(),
            unit_end: unit.end(),
            ended: Vec::new(),
            plan: plan.clone(),
        }
    }

    /// A fresh, unpredictable mask (RFC 6455 section 5.3).
    #[inline]
    pub fn mask(&mut self) -> MaskKey {
        fresh(&mut self.random)
    }

    /// Takes leave to send one message that is due at `due`.
    #[inline]
    pub fn may_send(&mut self, due: Nanos) -> bool {
        match self.stop {
            StopRule::Duration(_) => due < self.meter.window().closes,
            StopRule::Messages(_) => due < self.meter.window().opens || self.quota.take_message(),
            StopRule::Clients(_) => true,
        }
    }

    /// The same of up to `most` messages that are due together; of how many it is given.
    #[inline]
    pub(crate) fn may_send_up_to(&mut self, due: Nanos, most: u32) -> u32 {
        let by_quota = matches!(self.stop, StopRule::Messages(_));
        if by_quota && due >= self.meter.window().opens {
            return self.quota.take_messages(most);
        }
        if self.may_send(due) { most } else { 0 }
    }

    /// Appends a message in its two parts to [`Common::out`], framed as the plan says and as was
    /// agreed upon.
    #[inline]
    pub(crate) fn push_message(
        &mut self,
        codec: &mut Option<Box<Codec>>,
        kind: MessageKind,
        parts: [&[u8]; 2],
    ) {
        if !self.is_plain {
            return self.push_in_pieces(codec, kind, parts);
        }
        let mask = self.mask();
        self.out.push_frame(true, kind.opcode(), Some(mask), &parts);
    }

    /// The same of a message of a source, the length of whose tag is known when the program is built.
    #[inline]
    pub(crate) fn push_made(
        &mut self,
        codec: &mut Option<Box<Codec>>,
        kind: MessageKind,
        message: &Message<'_>,
    ) {
        if !self.is_plain {
            return self.push_in_pieces(codec, kind, message.parts());
        }
        let mask = self.mask();
        let (tag, tag_len) = message.tag();
        self.out
            .push_masked(kind.opcode(), tag_len, message.filling(), 1, || (mask, tag));
    }

    /// The same of so many messages in a row that are alike, and each is one frame as it is.
    #[inline]
    pub(crate) fn push_alike(&mut self, alike: Alike<'_>, mut first: MessageId, count: u32) {
        let Self { out, random, .. } = self;
        let opcode = alike.kind().opcode();
        out.push_masked(
            opcode,
            alike.tag_len(),
            alike.filling(),
            count as usize,
            || {
                let made = (fresh(random), alike.tag(first));
                first.sequence += 1;
                made
            },
        );
    }

    /// One with the end of its unit, where that has one and the message does not end in it already.
    fn push_in_pieces(
        &mut self,
        codec: &mut Option<Box<Codec>>,
        kind: MessageKind,
        parts: [&[u8]; 2],
    ) {
        let last = parts[1].last().or(parts[0].last());
        let Some(end) = self.unit_end.filter(|end| last != Some(end)) else {
            return self.push_packed(codec, kind, parts);
        };
        let mut ended = mem::take(&mut self.ended);
        ended.clear();
        ended.extend_from_slice(parts[0]);
        ended.extend_from_slice(parts[1]);
        ended.push(end);
        self.push_packed(codec, kind, [&ended, &[]]);
        self.ended = ended;
    }

    /// One that is compressed (RFC 7692), where that was agreed upon, and cut into frames of the
    /// plan's length (RFC 6455 section 5.4).
    fn push_packed(
        &mut self,
        codec: &mut Option<Box<Codec>>,
        kind: MessageKind,
        parts: [&[u8]; 2],
    ) {
        let opcode = kind.opcode();
        let fragment = self.plan.clients.fragment;
        let fragment = fragment.map_or(usize::MAX, |len| len as usize);
        let (out, random) = (&mut self.out, &mut self.random);
        let mask = || Some(fresh(random));
        let Some(codecs) = &mut self.compression else {
            return out.push_message(opcode, 0, fragment, mask, parts);
        };
        let len = (parts[0].len() + parts[1].len()) as u64;
        let mut counts = CompressedCounts {
            messages: 1,
            message_bytes: len,
            payload_bytes: len,
            ..CompressedCounts::default()
        };
        if let Some(codec) = codec {
            let began = codecs.now();
            let mut packed = mem::take(&mut codecs.packed);
            packed.clear();
            codec.compress(&mut codecs.pool, &parts, &mut packed);
            counts.codec_ns = (codecs.now() - began).0;
            counts.compressed = 1;
            counts.payload_bytes = packed.len() as u64;
            out.push_message(opcode, RSV1, fragment, mask, [&packed, &[]]);
            codecs.packed = packed;
        } else {
            out.push_message(opcode, 0, fragment, mask, parts);
        }
        codecs.composed(&counts);
    }

    /// The write that carries what was composed begins at `sent`.
    #[inline]
    pub(crate) fn book_composed(&mut self, sent: Nanos) {
        if self.is_plain {
            return;
        }
        if let Some(codecs) = &mut self.compression {
            codecs.book_sent(&mut self.meter, sent);
        }
    }
}

/// A fresh, unpredictable mask (RFC 6455 section 5.3).
#[inline]
fn fresh(random: &mut fastrand::Rng) -> MaskKey {
    MaskKey(random.u32(..).to_ne_bytes())
}
