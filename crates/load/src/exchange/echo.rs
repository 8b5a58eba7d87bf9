//! Echo: messages go out, and the same bytes come back on the same connection.
//!
//! In the closed loop the next message is due when an answer comes, or after a pause to think; in
//! the open loop the driver says what is due.

mod answer;
mod by_number;
mod overdue;
mod thinking;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use wsbench_wire::frame::masked_frame_len;

use self::answer::{CutShort, Finding, Inquiry, Suspect};
use self::thinking::Thoughts;
use super::{DeadlineOutcome, Exchange, Piece, WRITE_AT_MOST};
use crate::context::Io;
use crate::identity::MessageId;
use crate::lag::{Blockage, Obstacle};
use crate::message::MessageSource;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::{InOrder, Matched, Pairing};
use crate::plan::{ByNumber, Greeting, Plan, Think, Verify};
use crate::series::Series;
use crate::speech::Speech;
use crate::tally::{Law, LogRecord, MessageCounts};
use crate::template::Template;

/// The echoes of one connection; or, where answers are known `BY_NUMBER` of their request, its requests
/// ([`ByNumber`]).
#[derive(Debug)]
pub struct Echo<const BY_NUMBER: bool = false> {
    /// Number of the connection over the whole run, part of every tag.
    connection: u32,
    /// Messages that this client sends in all; `u64::MAX` while it has no such end.
    in_all: u64,
    /// Since when the connection has been open.
    opened: Nanos,
    /// Instant at which the latest answer (or the upgrade) was received: the next message is due
    /// then.
    freed: Nanos,
    /// Obstacle that last kept the connection from taking messages.
    blockage: Blockage,
    /// Places in flight that think; `None` when the plan has no pauses.
    thoughts: Option<Box<Thoughts>>,
    /// Bytes of the message being received that have matched so far.
    matched: usize,
    /// The time under load has been booked.
    load_is_booked: bool,
    pairing: Pairing,
    /// Rare things, kept off the size.
    rare: Option<Box<Aside>>,
}

#[derive(Debug, Default)]
struct Aside {
    suspect: Option<Suspect>,
    cut_short: Option<CutShort>,
    /// Service times of a client that will be replaced, for the raw log.
    times: Vec<Nanos>,
    /// Greetings that were taken.
    greetings: u32,
    /// Arrival of the latest item of each request that has had one, and not its end.
    latest_items: HashMap<u64, Nanos>,
    /// Requests that are over before their end: failed, or not awaited any longer.
    cut_short_streams: HashSet<u64>,
    /// An item has come.
    has_items: bool,
}

/// One worker's own: the source of its messages, and what of the plan its connections ask for.
#[derive(Debug)]
pub struct Local {
    /// Makes the messages.
    source: MessageSource,
    /// Messages in flight on one connection at most.
    depth: u32,
    /// Strictness of comparing answers.
    verify: Verify,
    /// Messages of the server's own that are taken.
    greeting: Option<Greeting>,
    /// Requests, where they are that.
    request: Option<Box<ByNumber>>,
    /// Text of requests with something in it that their connection alone knows, and room for one.
    words: Option<(Arc<Template>, Vec<u8>)>,
    think: Option<Think>,
    timeout: Nanos,
    /// Bytes of the longest message.
    longest: usize,
    /// Round trips of each client; `None` where connections are held.
    round_trips: Option<u32>,
    is_open_loop: bool,
    logs_by_client: bool,
}

impl Local {
    /// True where a request has several answers and an end.
    fn is_streaming(&self) -> bool {
        let request = self.request.as_deref();
        request.is_some_and(|request| request.end.is_some())
    }
}

impl<const BY_NUMBER: bool> Exchange for Echo<BY_NUMBER> {
    type Local = Local;
    type Shared = ();

    const LAWS: &'static [Law] = &[MessageCounts::FATES, MessageCounts::SENDS];

    fn shared(_: &Plan, _: &[u32]) {}

    fn local(plan: &Plan, epoch_ns: u64, _: u32, (): &()) -> Local {
        let clients = &plan.clients;
        let mut source = MessageSource::new(&clients.exchange.payload, plan.seed);
        source.set_epoch(epoch_ns);
        Local {
            source,
            depth: clients.depth(),
            verify: clients.exchange.verify,
            greeting: clients.exchange.greeting.clone(),
            request: clients.exchange.request.clone().map(Box::new),
            words: clients
                .exchange
                .request_words()
                .map(|words| (words, Vec::new())),
            think: clients.think,
            timeout: clients.timeout,
            longest: clients.exchange.payload.max_len(),
            round_trips: clients.budget(),
            is_open_loop: clients.is_open_loop(),
            logs_by_client: plan.logs_by_client(),
        }
    }

    fn new(connection: u32, _: u32, _: &Speech, local: &Local) -> Self {
        Self {
            connection,
            in_all: local.round_trips.map_or(u64::MAX, u64::from),
            opened: Nanos::ZERO,
            freed: Nanos::ZERO,
            blockage: Blockage::NONE,
            thoughts: local.think.map(|_| Box::default()),
            matched: 0,
            load_is_booked: false,
            pairing: Pairing::default(),
            rare: None,
        }
    }

    fn longest_answer(&self, local: &Local) -> u64 {
        local.longest as u64
    }

    fn on_open(&mut self, _: &mut Io<'_, Local>, now: Nanos) {
        (self.opened, self.freed) = (now, now);
        self.blockage = Blockage {
            until: now,
            by: Obstacle::Absence,
        };
    }

    /// One piece of a message: compared where it stands, and collected only once it differs.
    #[inline]
    fn on_piece(&mut self, io: &mut Io<'_, Local>, received: Nanos, piece: Piece<'_>) {
        if BY_NUMBER {
            return self.take_reply(io, received, piece);
        }
        let rare = self.rare.as_ref();
        let collecting = rare.is_some_and(|rare| rare.suspect.is_some());
        if let (false, Some(oldest)) = (collecting, self.pairing.oldest()) {
            let identity = self.identity(oldest);
            let source = &mut io.local.source;
            source.prepare(identity, self.pairing.oldest_due());
            let expected = source.message(identity);
            let (is_kind, len) = (
                piece.kind == source.kind(),
                self.matched + piece.bytes.len(),
            );
            let (fits, complete) = match io.local.verify {
                Verify::Full | Verify::Contains => (
                    is_kind && expected.matches_at(self.matched, piece.bytes),
                    len == expected.len(),
                ),
                Verify::Length => (is_kind && len <= expected.len(), len == expected.len()),
                Verify::None => (true, true),
            };
            if fits && !piece.last {
                self.matched = len;
                return;
            }
            if fits && complete {
                self.matched = 0;
                self.on_answer(io, received, oldest);
                return;
            }
        }
        self.on_suspicious_piece(io, received, piece);
    }

    /// Answers in order, each a frame with exactly the bytes that were sent: those that share their times
    /// are booked together.
    #[inline]
    fn take_answers(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        input: &mut &mut [u8],
    ) -> bool {
        if BY_NUMBER || self.thoughts.is_some() || io.common.meter.keeps_log() {
            return false;
        }
        let mut any = false;
        // More is done with the first answer of a connection than to count it.
        while let Some(InOrder {
            first: first @ 1..,
            count,
            times,
        }) = self.pairing.in_order()
        {
            let alike = io.local.source.alike();
            let identity = self.identity(first);
            let taken = alike.map_or(0, |alike| alike.take_echoes(identity, count, input));
            if taken == 0 {
                break;
            }
            any = true;
            let in_flight = self.pairing.in_flight();
            self.pairing.answer_in_order(taken);
            io.common.meter.answered(times, received, false, taken);
            self.on_places_freed(io, received, in_flight);
            if taken < count {
                break;
            }
        }
        any
    }

    #[inline]
    fn pump(&mut self, io: &mut Io<'_, Local>, may_send: bool, now: impl FnOnce() -> Nanos) {
        if io.local.think.is_some() {
            // Read either way: a reading takes time, which is the same in every turn like this.
            let now = now();
            if may_send {
                self.pump_thought_over(io, now);
            }
            return;
        }
        if !may_send {
            return;
        }
        let due = self.freed.max(io.common.meter.window().load_from);
        if !BY_NUMBER && io.common.is_plain && io.local.source.alike().is_some() {
            return self.compose_alike(io, due);
        }
        while self.has_room(io) && self.has_more_to_send() && io.common.may_send(due) {
            self.compose(io, due);
        }
    }

    #[inline]
    fn send_due(&mut self, io: &mut Io<'_, Local>, due: Nanos) -> bool {
        let has_room = self.has_room(io);
        if has_room {
            self.compose(io, due);
        }
        has_room
    }

    #[inline]
    fn on_sent(&mut self, io: &mut Io<'_, Local>, sent: Nanos) {
        let blockage = self.blockage;
        self.pairing.stamp(sent, |times, count| {
            io.common.meter.sent_behind(times, blockage, count);
        });
    }

    #[inline]
    fn next_due(&self) -> Option<Nanos> {
        let thoughts = self.thoughts.as_ref()?;
        thoughts.next_due().filter(|_| self.has_more_to_send())
    }

    #[inline]
    fn deadline(&self, local: &Local) -> Option<Nanos> {
        self.pairing.oldest_due().map(|due| due + local.timeout)
    }

    fn on_deadline(&mut self, io: &mut Io<'_, Local>, now: Nanos) -> DeadlineOutcome {
        self.on_overdue(io, now)
    }

    fn on_unblocked(&mut self, now: Nanos, by: Obstacle) {
        self.blockage = Blockage { until: now, by };
    }

    #[inline]
    fn in_flight(&self) -> u32 {
        self.pairing.in_flight()
    }

    fn has_answers(&self) -> bool {
        self.pairing.has_answers()
    }

    #[inline]
    fn is_done(&self) -> bool {
        !self.has_more_to_send() && self.pairing.in_flight() == 0
    }

    fn retire(&mut self, _: Nanos) {
        self.in_all = 0;
    }

    fn stop_load(&mut self, io: &mut Io<'_, Local>, now: Nanos) {
        if std::mem::replace(&mut self.load_is_booked, true) {
            return;
        }
        if self.pairing.sent() == 0 || io.local.is_open_loop {
            return;
        }
        let depth = io.local.depth;
        let thinks = self.thoughts.as_ref().is_some_and(|t| t.are_under_way());
        if let Some(thoughts) = &mut self.thoughts {
            thoughts.break_off(io.common, now);
        }
        let has_an_end = io.local.round_trips.is_some();
        if has_an_end && depth > 1 {
            return; // the last round trips of a client run at a lower depth
        }
        // A replaced client's load ends with its last answer, a held one's with the window; and
        // as long as anything is out, there is load.
        let is_idle = self.pairing.in_flight() == 0 && !thinks;
        let until = if has_an_end && is_idle {
            self.freed
        } else {
            now
        };
        let from = self.opened.max(io.common.meter.window().load_from);
        io.common.meter.under_load(from, until, depth);
    }

    fn give_up(&mut self, io: &mut Io<'_, Local>, now: Nanos, how: Unanswered) {
        // Those of a connection that is lost have failed, and nobody knows how long they would have taken.
        if BY_NUMBER && how != Unanswered::Failed {
            self.give_streams_up(io, now, None);
        }
        let meter = &mut io.common.meter;
        self.pairing
            .abandon(|times, overtaken| meter.unanswered(times, now, how, overtaken));
    }

    fn on_end(&mut self, io: &mut Io<'_, Local>, _: Nanos) {
        let tally = &mut io.common.meter.tally;
        let has_items = self.rare.as_ref().is_some_and(|rare| rare.has_items);
        let is_silent = !self.pairing.has_answers() && !has_items;
        tally.connections.never_answered += u64::from(self.pairing.sent() > 0 && is_silent);
        let times = self.rare.take().map(|rare| rare.times);
        if let Some(times) = times.filter(|times| !times.is_empty()) {
            tally.log.push(LogRecord::Client(times));
        }
    }
}

impl<const BY_NUMBER: bool> Echo<BY_NUMBER> {
    #[inline]
    fn identity(&self, sequence: u64) -> MessageId {
        MessageId {
            connection: self.connection,
            sequence,
        }
    }

    #[cold]
    fn on_suspicious_piece(&mut self, io: &mut Io<'_, Local>, received: Nanos, piece: Piece<'_>) {
        let oldest = self.pairing.oldest().map(|oldest| self.identity(oldest));
        let rare = self.rare.get_or_insert_default();
        let suspect = rare.suspect.get_or_insert_with(|| {
            let mut suspect = Suspect::new(piece.kind);
            if let Some(identity) = oldest {
                let source = &mut io.local.source;
                source.prepare(identity, self.pairing.oldest_due());
                suspect.push_matched(source, identity, self.matched);
            }
            self.matched = 0;
            suspect
        });
        suspect.push(piece.bytes, io.local);
        if !piece.last {
            return;
        }
        let Some(suspect) = rare.suspect.take() else {
            return;
        };
        if let Some(greeting) = &io.local.greeting
            && greeting.is(suspect.bytes(), rare.greetings, !self.pairing.has_answers())
        {
            rare.greetings = rare.greetings.saturating_add(1);
            return;
        }
        if io.take_up(self.connection, piece.kind, suspect.bytes(), received) {
            return;
        }
        let in_flight = self.pairing.in_flight();
        let mut inquiry = Inquiry {
            connection: self.connection,
            pairing: &mut self.pairing,
            cut_short: &mut rare.cut_short,
            received,
        };
        match inquiry.judge(&suspect, io) {
            Finding::Answer(number) => self.on_answer(io, received, number),
            // A wrong answer frees its place in flight all the same.
            Finding::Fault => self.on_places_freed(io, received, in_flight),
        }
    }

    /// The right bytes for request `number` have come.
    #[inline]
    fn on_answer(&mut self, io: &mut Io<'_, Local>, received: Nanos, number: u64) {
        let in_flight = self.pairing.in_flight();
        if number == 0 || io.common.meter.keeps_log() {
            self.on_notable_answer(io, received, number);
        } else {
            match self.pairing.answer(number) {
                Matched::Answer { times, reordered } => {
                    io.common.meter.answered(times, received, reordered, 1);
                }
                _ => self.on_repeated_answer(io, received, number),
            }
        }
        self.on_places_freed(io, received, in_flight);
    }

    /// There were `before` messages in flight; what is over by now has made room at `at`.
    #[inline]
    fn on_places_freed(&mut self, io: &mut Io<'_, Local>, at: Nanos, before: u32) {
        if self.pairing.in_flight() == before {
            return;
        }
        self.freed = at;
        if before >= io.local.depth {
            self.blockage = Blockage {
                until: at,
                by: Obstacle::Limit,
            };
        }
        if self.thoughts.is_some() {
            self.think(io, at);
        }
    }

    #[cold]
    fn on_repeated_answer(&mut self, io: &mut Io<'_, Local>, received: Nanos, number: u64) {
        self.inquiry(received, |inquiry| inquiry.accept(number, io.common));
    }

    /// An answer that more is done with than counting: the first one, and those that are logged.
    fn on_notable_answer(&mut self, io: &mut Io<'_, Local>, received: Nanos, number: u64) {
        let times = self.pairing.times(number);
        let is_right = self.inquiry(received, |inquiry| inquiry.accept(number, io.common));
        let (Some(times), true) = (times, is_right) else {
            return;
        };
        let meter = &mut io.common.meter;
        if number == 0 {
            meter
                .tally
                .record(Series::FirstMessage, received - times.sent);
        }
        if !meter.keeps_log() {
            return;
        }
        if io.local.logs_by_client {
            let rare = self.rare.get_or_insert_default();
            rare.times.push(received - times.sent);
        } else if times.due >= meter.window().opens {
            meter.tally.log.push(LogRecord::RoundTrip {
                connection: self.connection,
                sequence: number,
                due: times.due,
                sent: times.sent,
                received,
            });
        }
    }

    fn inquiry<T>(&mut self, received: Nanos, ask: impl FnOnce(&mut Inquiry<'_>) -> T) -> T {
        let mut cut_short = self.rare.as_ref().and_then(|rare| rare.cut_short);
        ask(&mut Inquiry {
            connection: self.connection,
            pairing: &mut self.pairing,
            cut_short: &mut cut_short,
            received,
        })
    }

    /// True while the client has not sent all that it has to send.
    #[inline]
    fn has_more_to_send(&self) -> bool {
        self.pairing.sent() < self.in_all
    }

    /// True if another message may be in flight, and its bytes in the present write.
    #[inline]
    fn has_room(&self, io: &Io<'_, Local>) -> bool {
        self.pairing.in_flight() < io.local.depth && io.common.out.len() < WRITE_AT_MOST
    }

    /// Composes messages that are due together and alike, each of which is one frame as it is, for as long as
    /// the connection has room and the quota lasts.
    #[inline]
    fn compose_alike(&mut self, io: &mut Io<'_, Local>, due: Nanos) {
        let Some(alike) = io.local.source.alike() else {
            return;
        };
        let room = io.local.depth - self.pairing.in_flight().min(io.local.depth);
        let left = self.in_all.saturating_sub(self.pairing.sent());
        let mut most = room.min(u32::try_from(left).unwrap_or(u32::MAX));
        if most > 1 {
            let len = masked_frame_len(alike.tag_len() + alike.filling().len());
            let fit = WRITE_AT_MOST
                .saturating_sub(io.common.out.len())
                .div_ceil(len);
            most = most.min(u32::try_from(fit).unwrap_or(u32::MAX));
        } else if io.common.out.len() >= WRITE_AT_MOST {
            return;
        }
        let count = if most > 0 {
            io.common.may_send_up_to(due, most)
        } else {
            0
        };
        if count == 0 {
            return;
        }
        let first = self.pairing.compose_together(due, count);
        io.common.push_alike(alike, self.identity(first), count);
    }

    #[inline]
    fn compose(&mut self, io: &mut Io<'_, Local>, due: Nanos) {
        let sequence = self.pairing.compose(due);
        if BY_NUMBER && io.local.words.is_some() {
            return self.ask(io, sequence, due);
        }
        let identity = self.identity(sequence);
        let source = &mut io.local.source;
        source.prepare(identity, Some(due));
        let (message, kind) = (source.message(identity), source.kind());
        io.common.push_made(io.codec, kind, &message);
    }
}
