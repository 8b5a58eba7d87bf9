//! One side alone: messages that go out and are not answered, or acknowledged at most; messages that
//! come unasked; or a connection that is only held, or comes and goes beside the load.

mod clock;
mod order;

use wsbench_wire::connection::MessageKind;
use wsbench_wire::excerpt::excerpt;

use self::clock::ClockProbes;
use self::order::{PlaceInOrder, PushOrder};
use super::acks::{AckOrders, Acks};
use super::{DeadlineOutcome, Exchange, Piece, WRITE_AT_MOST};
use crate::context::{Common, Io};
use crate::failure::FailureKind;
use crate::identity::MessageId;
use crate::lag::{Blockage, Obstacle};
use crate::message::MessageSource;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::plan::{Flow, Greeting, Plan, Pushes};
use crate::speech::Speech;
use crate::tally::{Law, MessageCounts, Phase};

/// Bytes of a pushed message that are kept while its pieces arrive; what stands behind them is not
/// looked at.
const KEPT_AT_MOST: usize = 1 << 20;

/// What one connection sends or is sent.
#[derive(Debug)]
pub struct OneSided {
    /// Number of the connection over the whole run, part of every tag.
    connection: u32,
    /// Messages sent so far.
    sent: u64,
    /// Messages that are sent in all; `u64::MAX` while there is no such end.
    in_all: u64,
    /// The due times of messages that were composed and not handed to the socket.
    composed: Vec<Nanos>,
    /// Obstacle that last kept the connection from taking messages.
    blockage: Blockage,
    /// Acknowledgements that are awaited; `None` where the server gives none, or nothing was sent.
    acks: Option<Box<Acks>>,
    /// What comes; `None` until something has.
    pushed: Option<Box<Pushed>>,
    has_received: bool,
    /// Messages of the server's own that were taken.
    greetings: u32,
    involvement: Involvement,
    /// It asks for the server's time.
    asks_time: bool,
}

/// Involvement of a connection in the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Involvement {
    /// It carries the load.
    Usual,
    /// It reads slowly: what comes is counted apart.
    Slow,
    /// It comes and goes beside the load: what comes is not looked at.
    Churn,
}

/// State of the messages that come on a connection.
#[derive(Debug, Default)]
struct Pushed {
    /// Arrival of the latest.
    latest: Option<Nanos>,
    /// Time of the read that brought it.
    read_at: Nanos,
    order: PushOrder,
    /// A message that has come in part.
    incoming: Vec<u8>,
}

/// One worker's own.
#[derive(Debug)]
pub struct OneSidedLocal {
    /// Makes the messages.
    source: MessageSource,
    /// Messages that come by themselves are the load.
    pushes: Option<Pushes>,
    /// Probes of the server's clock; `None` where there are none.
    clock: Option<Box<ClockProbes>>,
    /// Acknowledgements that the plan awaits.
    acks: Option<AckOrders>,
    /// Messages of the server's own that are taken; `None` where all are let by.
    greeting: Option<Greeting>,
    /// True where messages are sent, and nobody answers.
    sends: bool,
    plan: Plan,
    /// The wall clock when the run began, ns since the Unix epoch.
    epoch_ns: u64,
    longest: u64,
}

impl Exchange for OneSided {
    type Local = OneSidedLocal;
    type Shared = ();

    const LAWS: &'static [Law] = &[MessageCounts::FATES, MessageCounts::SENDS];

    fn shared(_: &Plan, _: &[u32]) {}

    fn local(plan: &Plan, epoch_ns: u64, _: u32, (): &()) -> OneSidedLocal {
        let workload = &plan.clients.exchange;
        let mut source = MessageSource::new(&workload.payload, plan.seed);
        source.set_epoch(epoch_ns);
        let pushes = workload.flow.pushes();
        let clock = pushes.and_then(|pushes| {
            let probe = pushes.clock.as_ref()?;
            let probes = ClockProbes::new(probe, pushes.stamp.clone(), epoch_ns);
            Some(Box::new(probes))
        });
        OneSidedLocal {
            source,
            pushes: pushes.cloned(),
            clock,
            acks: AckOrders::of(plan),
            greeting: workload.greeting.clone(),
            sends: workload.flow == Flow::Oneway,
            plan: plan.clone(),
            epoch_ns,
            longest: workload.payload.max_len() as u64,
        }
    }

    fn new(connection: u32, place: u32, _: &Speech, local: &OneSidedLocal) -> Self {
        Self {
            connection,
            sent: 0,
            in_all: local.plan.clients.budget().map_or(u64::MAX, u64::from),
            composed: Vec::new(),
            blockage: Blockage::NONE,
            acks: None,
            pushed: None,
            has_received: false,
            greetings: 0,
            involvement: match local.is_churn(place) {
                true => Involvement::Churn,
                false if local.plan.is_slow(place) => Involvement::Slow,
                false => Involvement::Usual,
            },
            asks_time: false,
        }
    }

    fn longest_answer(&self, local: &OneSidedLocal) -> u64 {
        local.longest
    }

    fn on_open(&mut self, io: &mut Io<'_, OneSidedLocal>, now: Nanos) {
        self.blockage = Blockage {
            until: now,
            by: Obstacle::Absence,
        };
        let may_ask = self.involvement == Involvement::Usual;
        if let Some(clock) = io.local.clock.as_mut().filter(|_| may_ask) {
            self.asks_time = clock.is_first();
        }
        if self.asks_time {
            io.ask_time(now);
        }
    }

    #[inline]
    fn on_piece(&mut self, io: &mut Io<'_, OneSidedLocal>, received: Nanos, piece: Piece<'_>) {
        self.has_received = true;
        let is_looked_at = io.local.pushes.is_some() || io.local.acks.is_some();
        let is_read = is_looked_at && self.involvement == Involvement::Usual;
        if !is_read && !io.common.has_upkeep {
            if piece.last {
                self.let_by(io, received);
            }
            return;
        }
        let pushed = self.pushed.get_or_insert_default();
        if piece.last && pushed.incoming.is_empty() {
            return self.on_message(io, received, piece.kind, piece.bytes);
        }
        let room = KEPT_AT_MOST - pushed.incoming.len();
        let kept = &piece.bytes[..room.min(piece.bytes.len())];
        pushed.incoming.extend_from_slice(kept);
        if piece.last {
            let message = std::mem::take(&mut pushed.incoming);
            self.on_message(io, received, piece.kind, &message);
        }
    }

    /// Nothing follows from what is received.
    fn pump(&mut self, _: &mut Io<'_, OneSidedLocal>, _: bool, _: impl FnOnce() -> Nanos) {}

    #[inline]
    fn send_due(&mut self, io: &mut Io<'_, OneSidedLocal>, due: Nanos) -> bool {
        if io.common.out.len() >= WRITE_AT_MOST {
            return false;
        }
        let identity = MessageId {
            connection: self.connection,
            sequence: self.sent,
        };
        self.sent += 1;
        self.composed.push(due);
        let source = &mut io.local.source;
        source.prepare(identity, Some(due));
        let (message, kind) = (source.message(identity), source.kind());
        io.common.push_message(io.codec, kind, message.parts());
        true
    }

    #[inline]
    fn on_sent(&mut self, io: &mut Io<'_, OneSidedLocal>, sent: Nanos) {
        let first = self.sent - self.composed.len() as u64;
        for (number, due) in (first..).zip(self.composed.drain(..)) {
            let times = Times { due, sent };
            let Some(orders) = &mut io.local.acks else {
                io.common.meter.sent_oneway(times, self.blockage);
                continue;
            };
            io.common.meter.sent_behind(times, self.blockage, 1);
            let acks = self.acks.get_or_insert_default();
            orders.await_one(acks, io.common, times, number);
        }
    }

    fn next_due(&self) -> Option<Nanos> {
        None
    }

    fn deadline(&self, local: &OneSidedLocal) -> Option<Nanos> {
        if self.asks_time {
            return local.clock.as_ref().and_then(|clock| clock.asks_at());
        }
        let due = self.acks.as_ref()?.oldest_due()?;
        Some(due + local.plan.clients.timeout)
    }

    fn on_deadline(&mut self, io: &mut Io<'_, OneSidedLocal>, now: Nanos) -> DeadlineOutcome {
        if self.asks_time {
            io.ask_time(now);
        }
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks) {
            orders.on_deadline(acks, io.common, self.connection, now);
        }
        DeadlineOutcome::Alive
    }

    fn on_unblocked(&mut self, now: Nanos, by: Obstacle) {
        self.blockage = Blockage { until: now, by };
    }

    fn in_flight(&self) -> u32 {
        self.acks.as_ref().map_or(0, |acks| acks.number())
    }

    fn has_answers(&self) -> bool {
        match &self.acks {
            Some(acks) => acks.has_any(),
            None => self.has_received || self.sent > 0,
        }
    }

    fn is_done(&self) -> bool {
        self.sent >= self.in_all && self.in_flight() == 0
    }

    fn retire(&mut self, _: Nanos) {
        self.in_all = 0;
    }

    fn stop_load(&mut self, io: &mut Io<'_, OneSidedLocal>, now: Nanos) {
        if let (Some(clock), true) = (&mut io.local.clock, self.asks_time) {
            clock.begin_after(now);
        }
    }

    fn give_up(&mut self, io: &mut Io<'_, OneSidedLocal>, now: Nanos, how: Unanswered) {
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks) {
            orders.give_up(acks, io.common, now, how);
        }
    }

    fn on_end(&mut self, io: &mut Io<'_, OneSidedLocal>, _: Nanos) {
        if let (Some(clock), true) = (&mut io.local.clock, self.asks_time) {
            clock.give_up();
        }
        let is_silent = self.acks.as_ref().is_some_and(|acks| !acks.has_any());
        io.common.meter.tally.connections.never_answered += u64::from(is_silent);
        if let Some(pushed) = &mut self.pushed {
            // Numbers that had not come are still in the window of order.
            let missing = pushed.order.finish();
            if io.common.meter.window().opens < Nanos::MAX {
                io.common.meter.tally.pushes.missing += missing;
            }
        }
    }
}

impl OneSidedLocal {
    /// True where the connection at a place comes and goes beside the load.
    #[inline]
    pub(super) fn is_churn(&self, place: u32) -> bool {
        self.plan.clients.is_churn(place)
    }
}

impl Io<'_, OneSidedLocal> {
    /// Asks the server for its time once more, unless that was done often enough.
    #[cold]
    fn ask_time(&mut self, now: Nanos) {
        let clock = self.local.clock.as_mut();
        if let Some(ask) = clock.and_then(|clock| clock.ask(now)) {
            let parts = [ask.as_bytes(), &[]];
            self.common
                .push_message(self.codec, MessageKind::Text, parts);
        }
    }

    /// Takes a message as the server's time, if it is that, and asks again.
    fn take_time(&mut self, received: Nanos, message: &[u8]) -> bool {
        let clock = self.local.clock.as_mut();
        let is_time = clock.is_some_and(|clock| clock.take(received, message));
        if is_time {
            self.ask_time(received);
        }
        is_time
    }
}

/// Answers of the server's clock that are awaited behind the window: one while there are any.
pub(super) fn awaited(local: &OneSidedLocal) -> u64 {
    let clock = local.clock.as_ref();
    u64::from(clock.is_some_and(|clock| clock.is_awaiting()))
}

/// Adds to a worker's books what is known of the server's clock.
pub(super) fn hand_over(common: &mut Common, local: &OneSidedLocal) {
    if let Some(clock) = &local.clock {
        common.meter.tally.clock = clock.settled();
    }
}

impl OneSided {
    /// A whole message, where there is more to do with it than to count it.
    #[inline]
    fn on_message(
        &mut self,
        io: &mut Io<'_, OneSidedLocal>,
        received: Nanos,
        kind: MessageKind,
        message: &[u8],
    ) {
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks)
            && orders.take(
                acks,
                io.common,
                (self.connection, 0),
                (kind, message),
                received,
            )
        {
            return;
        }
        if self.asks_time && io.take_time(received, message) {
            return;
        }
        if io.take_up(self.connection, kind, message, received) {
            return;
        }
        if io.local.acks.is_some() && self.involvement == Involvement::Usual {
            return self.on_stranger(io, received, message);
        }
        if io.local.pushes.is_none() || self.involvement != Involvement::Usual {
            return self.let_by(io, received);
        }
        let pushed = self.pushed.get_or_insert_default();
        pushed.on_message(io, received, message);
    }

    /// A message that acknowledges nothing, where messages are acknowledged.
    #[cold]
    fn on_stranger(&mut self, io: &mut Io<'_, OneSidedLocal>, received: Nanos, message: &[u8]) {
        let has_acks = self.has_answers();
        let greeting = io.local.greeting.as_ref();
        if greeting.is_some_and(|it| it.is(message, self.greetings, !has_acks)) {
            self.greetings += 1;
            return;
        }
        let kind = match has_acks {
            true => FailureKind::Untagged,
            false => FailureKind::Greeting,
        };
        let meter = &mut io.common.meter;
        meter.tally.messages.unasked += 1;
        meter.fail(received, Phase::Answers, kind, || {
            let (length, words) = (message.len(), excerpt(message));
            format!("a message of {length} bytes that acknowledges nothing: “{words}”")
        });
    }

    /// A message that is counted and let go by: of a slow reader, or where none is awaited; beside the load
    /// not even counted. Where messages are sent and nothing is looked for in what comes, nobody can say
    /// what it is.
    fn let_by(&self, io: &mut Io<'_, OneSidedLocal>, received: Nanos) {
        let sends = io.local.sends;
        let meter = &mut io.common.meter;
        match self.involvement {
            Involvement::Usual => {}
            Involvement::Slow => return meter.let_by_slow(received),
            Involvement::Churn => return,
        }
        let measured = u64::from(meter.window().contains(received));
        let messages = &mut meter.tally.messages;
        match sends {
            true => messages.received_in_window += measured,
            false => messages.unasked += measured,
        }
    }
}

impl Pushed {
    /// A whole message has come.
    fn on_message(&mut self, io: &mut Io<'_, OneSidedLocal>, received: Nanos, bytes: &[u8]) {
        let local = &mut *io.local;
        let meter = &mut io.common.meter;
        let shares_read = self.read_at == received && self.latest.is_some();
        self.read_at = received;
        let at = meter.arrival(Nanos::ZERO, received);
        let before = self.latest.replace(at);
        let is_measured = meter.window().contains(received);
        let Some(pushes) = &local.pushes else { return };
        let number = pushes.sequence.as_ref().map(|it| it.number(bytes));
        if !is_measured {
            // Numbers from behind the window are not the window's, but those that it lacks may yet come.
            let is_behind = received >= meter.window().opens;
            if let Some(number) = number
                .flatten()
                .filter(|it| !is_behind || !self.order.is_new(*it))
            {
                let _ = self.order.place(number);
            }
            if !is_behind {
                self.order.forget_missing();
            }
            return;
        }
        let place = number.flatten().map(|number| self.order.place(number));
        let counts = &mut meter.tally.pushes;
        counts.received += 1;
        counts.in_shared_reads += u64::from(shares_read);
        counts.unnumbered += u64::from(number == Some(None));
        match place {
            None | Some(PlaceInOrder::Next { missing: 0 }) => {}
            Some(PlaceInOrder::Next { missing }) => counts.missing += missing,
            Some(PlaceInOrder::Late) => counts.reordered += 1,
            Some(PlaceInOrder::Again) => counts.duplicated += 1,
        }
        let stamp = pushes.stamp.as_ref().map(|it| it.unix_ns(bytes));
        let ahead_ns = match &local.clock {
            None => Some(0),
            Some(clock) => clock.ahead_ns(),
        };
        counts.unclocked += u64::from(ahead_ns.is_none());
        let age = stamp.flatten().zip(ahead_ns).map(|(stamp, ahead_ns)| {
            let now = i128::from(local.epoch_ns) + i128::from(at.0);
            now - i128::from(stamp) + i128::from(ahead_ns)
        });
        counts.unstamped += u64::from(stamp == Some(None));
        counts.from_the_future += u64::from(age.is_some_and(|age| age < 0));
        let gap = before.map(|before| at - before);
        meter.pushed(gap, age.and_then(|age| u64::try_from(age).ok()).map(Nanos));
    }
}
