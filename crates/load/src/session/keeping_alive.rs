//! Pings by which a client holds its connection open and sees that the server is there
//! (RFC 6455 section 5.5.2), one at a time, as often as the plan says.
//!
//! A ping is answered by the server's library, an echo by its application: side by side the two
//! round trips tell the application's share. What pings tell is kept apart from the messages, and
//! no message waits for one.

use wsbench_setting::{Field, text};
use wsbench_wire::opcode::OpCode;

use super::{Session, SessionStatus};
use crate::context::Context;
use crate::exchange::Exchange;
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::series::Series;
use crate::tally::Phase;

/// Octets of a ping's payload: its number.
const PAYLOAD: usize = size_of::<u64>();

/// State of the pings of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepAlive {
    /// Instant at which the next one is due.
    next: Nanos,
    /// The one that is out: its number, and when it was sent.
    out: Option<(u64, Nanos)>,
    /// Length of a pong that has come meanwhile with another payload.
    other: Option<usize>,
    /// Pings sent so far.
    sent: u64,
}

impl<X: Exchange> Session<X> {
    /// The connection is open: the first ping is due within an interval, at a random moment of it,
    /// so that connections that were opened together do not ping together.
    pub(super) fn begin_pinging(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        let Some(every) = context.common.plan.clients.keep_alive else {
            return;
        };
        let first = now + Nanos(1 + context.common.random.u64(..every.0));
        self.rare.get_or_insert_default().keep_alive = Some(KeepAlive {
            next: first,
            out: None,
            other: None,
            sent: 0,
        });
    }

    /// Instant at which a ping is due, or the one that is out is overdue; `None` without pings.
    pub(super) fn ping_deadline(&self, context: &Context<X::Local>) -> Option<Nanos> {
        let state = self.rare.as_ref()?.keep_alive?;
        let overdue = state
            .out
            .map(|(_, sent)| sent + context.common.plan.clients.timeout);
        Some(overdue.map_or(state.next, |overdue| state.next.min(overdue)))
    }

    /// Sends the ping that is due. A connection whose ping stays unanswered for the time-out has
    /// failed, though nothing else may be known of it.
    pub(super) fn ping_when_due(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> SessionStatus {
        let state = self.rare.as_mut().and_then(|rare| rare.keep_alive.as_mut());
        let (Some(state), Some(every)) = (state, context.common.plan.clients.keep_alive) else {
            return SessionStatus::Continue;
        };
        let timeout = context.common.plan.clients.timeout;
        if state.out.is_some_and(|(_, sent)| sent + timeout <= now) {
            if let Some(len) = state.other.take() {
                // It answers, if not rightly: the connection is there.
                state.out = None;
                let key = FailureKind::WrongPong;
                context.common.meter.fail(now, Phase::Answers, key, || {
                    format!("a pong of {len} bytes in answer to a ping, which had {PAYLOAD}")
                });
                return SessionStatus::Continue;
            }
            context
                .common
                .meter
                .fail(now, Phase::Answers, FailureKind::NoPong, || {
                    text![
                        format!("a ping was not answered within {timeout} ("),
                        Field::Timeout,
                        ")",
                    ]
                });
            self.end(context, now, Unanswered::Failed);
            return SessionStatus::Failed;
        }
        if now < state.next {
            return SessionStatus::Continue;
        }
        // By the schedule and not by now: a late turn does not make all later ones late.
        while state.next <= now {
            state.next += every;
        }
        // One at a time, and none behind bytes that the socket does not take.
        if state.out.is_some() || context.common.congested {
            return SessionStatus::Continue;
        }
        state.sent += 1;
        state.out = Some((state.sent, now));
        let number = state.sent.to_be_bytes();
        let mask = context.common.mask();
        context
            .common
            .out
            .push_frame(true, OpCode::Ping, Some(mask), &[&number]);
        context.common.meter.tally.pings_sent += 1;
        SessionStatus::Continue
    }

    /// Takes a pong for the ping that is out, and says whether it was one.
    pub(super) fn accept_pong(&mut self, context: &mut Context<X::Local>, received: Nanos) -> bool {
        let payload = self.wire.control();
        let state = self.rare.as_mut().and_then(|rare| rare.keep_alive.as_mut());
        let Some(state) = state else { return false };
        match state.out {
            Some((number, sent)) if payload == number.to_be_bytes() => {
                state.out = None;
                let tally = &mut context.common.meter.tally;
                tally.record(Series::Ping, received - sent);
                // Nobody had asked for the one that came meanwhile.
                tally.pongs_unasked += u64::from(state.other.take().is_some());
                true
            }
            // It may have been sent without being asked, and the right one may yet come. One of them
            // may be a wrong answer; all before it are not.
            Some(_) => state.other.replace(payload.len()).is_none(),
            None => false,
        }
    }
}
