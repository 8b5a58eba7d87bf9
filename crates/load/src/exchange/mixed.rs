//! Connections whose exchanges differ: one of several on each, told apart whenever it is called.
//!
//! What it holds are the exchanges themselves; a large one belongs into a box, so that all slots
//! stay as small as an echo's.

use super::echo::{self, Echo};
use super::fanout::{self, Fanout};
use super::one_sided::{self, OneSided, OneSidedLocal};
use super::{DeadlineOutcome, Exchange, Piece};
use crate::context::{Context, Io};
use crate::fanout::board::Board;
use crate::lag::Obstacle;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Plan;
use crate::speech::Speech;
use crate::tally::Law;

/// One of the exchanges that there are.
#[derive(Debug)]
pub enum Mixed {
    /// The same bytes back.
    Echo(Echo),
    /// Answers that carry the number of their request.
    Request(Echo<true>),
    /// Messages for many.
    Fanout(Fanout),
    /// One side alone.
    OneSided(OneSided),
}

/// Which of them a connection has.
#[derive(Clone, Copy, Debug)]
enum ExchangeKind {
    Echo,
    Request,
    Fanout,
    OneSided,
}

/// One worker's own for each of them.
#[derive(Debug)]
pub struct Locals {
    flow: ExchangeKind,
    echo: echo::Local,
    fanout: fanout::FanoutLocal,
    one_sided: OneSidedLocal,
}

/// Calls the exchange that there is, with the view that it has of its worker.
macro_rules! each {
    ($self:ident, |$it:ident| $call:expr) => {
        match $self {
            Self::Echo($it) => $call,
            Self::Request($it) => $call,
            Self::Fanout($it) => $call,
            Self::OneSided($it) => $call,
        }
    };
    ($self:ident, $io:ident, |$it:ident, $view:ident| $call:expr) => {
        match $self {
            Self::Echo($it) => {
                let $view = &mut $io.echo();
                $call
            }
            Self::Request($it) => {
                let $view = &mut $io.echo();
                $call
            }
            Self::Fanout($it) => {
                let $view = &mut $io.fanout();
                $call
            }
            Self::OneSided($it) => {
                let $view = &mut $io.one_sided();
                $call
            }
        }
    };
}

impl Io<'_, Locals> {
    /// The same as an echo may use it.
    #[inline]
    fn echo(&mut self) -> Io<'_, echo::Local> {
        Io {
            common: self.common,
            local: &mut self.local.echo,
            codec: self.codec,
        }
    }

    /// The same for messages to many.
    #[inline]
    fn fanout(&mut self) -> Io<'_, fanout::FanoutLocal> {
        Io {
            common: self.common,
            local: &mut self.local.fanout,
            codec: self.codec,
        }
    }

    /// The same for one side alone.
    #[inline]
    fn one_sided(&mut self) -> Io<'_, OneSidedLocal> {
        Io {
            common: self.common,
            local: &mut self.local.one_sided,
            codec: self.codec,
        }
    }
}

impl Exchange for Mixed {
    type Local = Locals;
    type Shared = Board;

    const LAWS: &'static [Law] = <Echo>::LAWS;

    fn shared(plan: &Plan, here: &[u32]) -> Board {
        Fanout::shared(plan, here)
    }

    fn local(plan: &Plan, epoch_ns: u64, worker: u32, board: &Board) -> Locals {
        let flow = match plan.clients.exchange.request {
            _ if !plan.clients.exchange.flow.is_answered() => ExchangeKind::OneSided,
            _ if plan.clients.is_fanned_out() => ExchangeKind::Fanout,
            _ if plan.clients.exchange.ack.is_some() => ExchangeKind::OneSided,
            Some(_) => ExchangeKind::Request,
            None => ExchangeKind::Echo,
        };
        Locals {
            flow,
            echo: <Echo>::local(plan, epoch_ns, worker, &()),
            fanout: Fanout::local(plan, epoch_ns, worker, board),
            one_sided: OneSided::local(plan, epoch_ns, worker, &()),
        }
    }

    fn new(connection: u32, place: u32, speech: &Speech, local: &Locals) -> Self {
        let flow = match local.one_sided.is_churn(place) {
            true => ExchangeKind::OneSided,
            false => local.flow,
        };
        match flow {
            ExchangeKind::Echo => Self::Echo(Echo::new(connection, place, speech, &local.echo)),
            ExchangeKind::Request => {
                Self::Request(Echo::new(connection, place, speech, &local.echo))
            }
            ExchangeKind::Fanout => {
                Self::Fanout(Fanout::new(connection, place, speech, &local.fanout))
            }
            ExchangeKind::OneSided => {
                Self::OneSided(OneSided::new(connection, place, speech, &local.one_sided))
            }
        }
    }

    fn longest_answer(&self, local: &Locals) -> u64 {
        match self {
            Self::Echo(echo) => echo.longest_answer(&local.echo),
            Self::Request(request) => request.longest_answer(&local.echo),
            Self::Fanout(fanout) => fanout.longest_answer(&local.fanout),
            Self::OneSided(one_sided) => one_sided.longest_answer(&local.one_sided),
        }
    }

    fn on_open(&mut self, io: &mut Io<'_, Locals>, now: Nanos) {
        each!(self, io, |it, io| it.on_open(io, now));
    }

    #[inline]
    fn on_piece(&mut self, io: &mut Io<'_, Locals>, received: Nanos, piece: Piece<'_>) {
        each!(self, io, |it, io| it.on_piece(io, received, piece));
    }

    #[inline]
    fn pump(&mut self, io: &mut Io<'_, Locals>, may_send: bool, now: impl FnOnce() -> Nanos) {
        each!(self, io, |it, io| it.pump(io, may_send, now));
    }

    #[inline]
    fn send_due(&mut self, io: &mut Io<'_, Locals>, due: Nanos) -> bool {
        each!(self, io, |it, io| it.send_due(io, due))
    }

    #[inline]
    fn on_sent(&mut self, io: &mut Io<'_, Locals>, sent: Nanos) {
        each!(self, io, |it, io| it.on_sent(io, sent));
    }

    fn next_due(&self) -> Option<Nanos> {
        each!(self, |it| it.next_due())
    }

    fn deadline(&self, local: &Locals) -> Option<Nanos> {
        match self {
            Self::Echo(echo) => echo.deadline(&local.echo),
            Self::Request(request) => request.deadline(&local.echo),
            Self::Fanout(fanout) => fanout.deadline(&local.fanout),
            Self::OneSided(one_sided) => one_sided.deadline(&local.one_sided),
        }
    }

    fn on_deadline(&mut self, io: &mut Io<'_, Locals>, now: Nanos) -> DeadlineOutcome {
        each!(self, io, |it, io| it.on_deadline(io, now))
    }

    fn on_unblocked(&mut self, now: Nanos, by: Obstacle) {
        each!(self, |it| it.on_unblocked(now, by));
    }

    fn in_flight(&self) -> u32 {
        each!(self, |it| it.in_flight())
    }

    fn has_answers(&self) -> bool {
        each!(self, |it| it.has_answers())
    }

    fn is_done(&self) -> bool {
        each!(self, |it| it.is_done())
    }

    fn retire(&mut self, now: Nanos) {
        each!(self, |it| it.retire(now));
    }

    fn stop_load(&mut self, io: &mut Io<'_, Locals>, now: Nanos) {
        each!(self, io, |it, io| it.stop_load(io, now));
    }

    fn give_up(&mut self, io: &mut Io<'_, Locals>, now: Nanos, how: Unanswered) {
        each!(self, io, |it, io| it.give_up(io, now, how));
    }

    fn on_end(&mut self, io: &mut Io<'_, Locals>, now: Nanos) {
        each!(self, io, |it, io| it.on_end(io, now));
    }

    fn awaited(context: &mut Context<Locals>, now: Nanos) -> u64 {
        let of_echo = context.common.meter.in_flight();
        let of_clock = one_sided::awaited(&context.local.one_sided);
        of_echo + of_clock + fanout::awaited(&context.common, &mut context.local.fanout, now)
    }

    fn hand_over(context: &mut Context<Locals>, now: Nanos) {
        fanout::hand_over(&mut context.common, &mut context.local.fanout, now);
        one_sided::hand_over(&mut context.common, &context.local.one_sided);
    }
}
