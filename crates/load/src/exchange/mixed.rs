//! Connections whose exchanges differ: one of several on each, told apart whenever it is called.
//!
//! What it holds are the exchanges themselves; a large one belongs into a box, so that all slots
//! stay as small as an echo's.

use super::echo::{self, Echo};
use super::{Exchange, Piece, Upshot};
use crate::context::Io;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Plan;
use crate::tally::Law;

/// One of the exchanges that there are.
#[derive(Debug)]
pub enum Mixed {
    /// The same bytes back.
    Echo(Echo),
}

/// One worker's own for each of them.
#[derive(Debug)]
pub struct Locals {
    echo: echo::Local,
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
}

impl Exchange for Mixed {
    type Local = Locals;

    const LAWS: &'static [Law] = Echo::LAWS;

    fn local(plan: &Plan, epoch_ns: u64) -> Locals {
        Locals {
            echo: Echo::local(plan, epoch_ns),
        }
    }

    fn new(connection: u32, local: &Locals) -> Self {
        Self::Echo(Echo::new(connection, &local.echo))
    }

    fn longest_answer(&self, local: &Locals) -> u64 {
        match self {
            Self::Echo(echo) => echo.longest_answer(&local.echo),
        }
    }

    fn on_open(&mut self, now: Nanos) {
        match self {
            Self::Echo(echo) => echo.on_open(now),
        }
    }

    #[inline]
    fn on_piece(&mut self, io: &mut Io<'_, Locals>, received: Nanos, piece: Piece<'_>) {
        match self {
            Self::Echo(echo) => echo.on_piece(&mut io.echo(), received, piece),
        }
    }

    #[inline]
    fn pump(&mut self, io: &mut Io<'_, Locals>, may_send: bool, now: impl FnOnce() -> Nanos) {
        match self {
            Self::Echo(echo) => echo.pump(&mut io.echo(), may_send, now),
        }
    }

    #[inline]
    fn send_due(&mut self, io: &mut Io<'_, Locals>, due: Nanos) -> bool {
        match self {
            Self::Echo(echo) => echo.send_due(&mut io.echo(), due),
        }
    }

    #[inline]
    fn on_sent(&mut self, io: &mut Io<'_, Locals>, sent: Nanos) {
        match self {
            Self::Echo(echo) => echo.on_sent(&mut io.echo(), sent),
        }
    }

    fn next_due(&self) -> Option<Nanos> {
        match self {
            Self::Echo(echo) => echo.next_due(),
        }
    }

    fn deadline(&self, local: &Locals) -> Option<Nanos> {
        match self {
            Self::Echo(echo) => echo.deadline(&local.echo),
        }
    }

    fn on_deadline(&mut self, io: &mut Io<'_, Locals>, now: Nanos) -> Upshot {
        match self {
            Self::Echo(echo) => echo.on_deadline(&mut io.echo(), now),
        }
    }

    fn on_writable_again(&mut self, now: Nanos) {
        match self {
            Self::Echo(echo) => echo.on_writable_again(now),
        }
    }

    fn in_flight(&self) -> u32 {
        match self {
            Self::Echo(echo) => echo.in_flight(),
        }
    }

    fn has_answers(&self) -> bool {
        match self {
            Self::Echo(echo) => echo.has_answers(),
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Echo(echo) => echo.is_done(),
        }
    }

    fn stop_load(&mut self, io: &mut Io<'_, Locals>, now: Nanos) {
        match self {
            Self::Echo(echo) => echo.stop_load(&mut io.echo(), now),
        }
    }

    fn give_up(&mut self, io: &mut Io<'_, Locals>, now: Nanos, how: Unanswered) {
        match self {
            Self::Echo(echo) => echo.give_up(&mut io.echo(), now, how),
        }
    }

    fn on_end(&mut self, io: &mut Io<'_, Locals>) {
        match self {
            Self::Echo(echo) => echo.on_end(&mut io.echo()),
        }
    }
}
