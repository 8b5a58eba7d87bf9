//! What flows on an open connection, and what counts as its answer.
//!
//! An exchange is told of pieces of messages, of times and of ends, and composes what is due into
//! the send buffer. How a connection comes about, is kept alive and ends is the session's affair;
//! when a schedule says that a message is due is the driver's.
//!
//! The machinery is made for two of them, chosen once a run: [`echo::Echo`], so that the usual run
//! has neither a virtual call nor a question what it is; and [`mixed::Mixed`], where populations
//! differ or something else flows, such as [`fanout::Fanout`] or [`one_sided::OneSided`].

mod acks;
pub mod echo;
pub mod fanout;
pub mod mixed;
pub mod one_sided;

use std::fmt::Debug;

use wsbench_wire::connection::MessageKind;

use crate::context::{Context, Io};
use crate::lag::Obstacle;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Plan;
use crate::speech::Speech;
use crate::tally::Law;

/// One write carries messages until it is this long, bytes.
const WRITE_AT_MOST: usize = 256 * 1024;

/// An exchange on one connection.
pub trait Exchange: Sized + Debug + Send + 'static {
    /// One worker's own for all of its connections: the source of messages, and what of the plan is
    /// read on the hot path.
    type Local: Debug + Send;

    /// State that the workers of a run share, made once.
    type Shared: Debug;

    /// Sums that the counters of every run make up.
    const LAWS: &'static [Law];

    /// State that the workers of a run of `plan` share who are in this process: `here`, by their numbers.
    fn shared(plan: &Plan, here: &[u32]) -> Self::Shared;

    /// State that worker number `worker` keeps for the exchanges of `plan`. The wall clock said
    /// `epoch_ns` when the run began, ns since the Unix epoch.
    fn local(plan: &Plan, epoch_ns: u64, worker: u32, shared: &Self::Shared) -> Self::Local;

    /// The exchange of connection number `connection` over the whole run, which is being made at a
    /// place of it; `speech` knows the rooms of that.
    fn new(connection: u32, place: u32, speech: &Speech, local: &Self::Local) -> Self;

    /// Bytes of the longest message that a right server sends.
    fn longest_answer(&self, local: &Self::Local) -> u64;

    /// The connection takes messages from `now` on.
    fn on_open(&mut self, io: &mut Io<'_, Self::Local>, now: Nanos);

    /// A piece of a message has been read; `received` is the clock right after that read.
    fn on_piece(&mut self, io: &mut Io<'_, Self::Local>, received: Nanos, piece: Piece<'_>);

    /// Takes whole frames off the front of `input`, where no message is under way, as long as each is
    /// without doubt the next right answer; what is left is taken apart as ever. Says whether it took any,
    /// so that it is worth being asked again further on.
    #[inline]
    fn take_answers(
        &mut self,
        _io: &mut Io<'_, Self::Local>,
        _received: Nanos,
        _input: &mut &mut [u8],
    ) -> bool {
        false
    }

    /// Composes what is due after answers, within the quota, where the connection `may_send`. `now`
    /// is asked only where pauses end at times of their own.
    fn pump(&mut self, io: &mut Io<'_, Self::Local>, may_send: bool, now: impl FnOnce() -> Nanos);

    /// Composes the message that a schedule has due at `due`, unless the exchange has no room for
    /// it; says whether it did. The connection is open, and may send.
    fn send_due(&mut self, io: &mut Io<'_, Self::Local>, due: Nanos) -> bool;

    /// The write that carries what was composed begins at `sent`.
    fn on_sent(&mut self, io: &mut Io<'_, Self::Local>, sent: Nanos);

    /// The time from which [`Exchange::pump`] has something to compose; `None` when none is known.
    fn next_due(&self) -> Option<Nanos>;

    /// The time at which [`Exchange::on_deadline`] is to be called; `None` when nothing is awaited.
    fn deadline(&self, local: &Self::Local) -> Option<Nanos>;

    /// A deadline may have passed: of an answer, or another one of the connection.
    fn on_deadline(&mut self, io: &mut Io<'_, Self::Local>, now: Nanos) -> DeadlineOutcome;

    /// What is due and waits could not be sent here until `now`, for what was in the way until then.
    fn on_unblocked(&mut self, now: Nanos, by: Obstacle);

    /// Messages that await an answer.
    fn in_flight(&self) -> u32;

    /// True once anything was answered.
    fn has_answers(&self) -> bool;

    /// True once the client has nothing left to do: its connection is to be closed.
    fn is_done(&self) -> bool;

    /// Nothing further is begun from `now` on: the client is done once nothing is awaited.
    fn retire(&mut self, now: Nanos);

    /// The load on the connection ends: books the time under load up to `now`, once.
    fn stop_load(&mut self, io: &mut Io<'_, Self::Local>, now: Nanos);

    /// Nothing is awaited any more: settles what is, in the way that `how` says.
    fn give_up(&mut self, io: &mut Io<'_, Self::Local>, now: Nanos, how: Unanswered);

    /// The connection is over at `now`, and nothing is awaited on it. Called once.
    fn on_end(&mut self, io: &mut Io<'_, Self::Local>, now: Nanos);

    /// The answers that all exchanges of a worker still await at `now`: its drain lasts until there
    /// are none.
    fn awaited(context: &mut Context<Self::Local>, _now: Nanos) -> u64 {
        context.common.meter.in_flight()
    }

    /// The worker's books are about to be handed over at `now`: adds to them what the exchange has
    /// kept apart.
    fn hand_over(_context: &mut Context<Self::Local>, _now: Nanos) {}
}

/// A piece of a message, where the read left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Text or binary.
    pub kind: MessageKind,
    /// Its bytes, decompressed.
    pub bytes: &'a [u8],
    /// True for the piece that ends its message.
    pub last: bool,
}

/// The state of a connection after a deadline of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum DeadlineOutcome {
    /// The connection lives on.
    Alive,
    /// It is given up: nothing can be told of it any more.
    GivenUp,
}
