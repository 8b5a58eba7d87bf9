//! How a connection ends: at a deadline, by the server, by loss, or because its work is done.

use wsbench_setting::{Field, text};
use wsbench_wire::close::push_close;

use super::{CLOSE_WAIT, Loss, Session, SessionStatus, State, unanswered};
use crate::context::Context;
use crate::exchange::{DeadlineOutcome, Exchange};
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Http;
use crate::tally::Phase;

impl<X: Exchange> Session<X> {
    /// Instant at which the session wants `on_deadline` called; `None` when it awaits nothing.
    #[must_use]
    pub fn deadline(&self, context: &Context<X::Local>) -> Option<Nanos> {
        match &self.state {
            State::Connecting | State::Upgrading(_) => {
                Some(self.since + context.common.plan.connect.timeout)
            }
            State::LoggingIn(login) => Some(login.until),
            State::Open => {
                let overdue = self.exchange.deadline(&context.local);
                let ping = self.ping_deadline(context);
                let beat = self.beat_deadline(context);
                overdue.into_iter().chain(ping).chain(beat).min()
            }
            State::Closing { until, .. } => Some(*until),
            State::Ended => None,
        }
    }

    /// A deadline has passed.
    pub fn on_deadline(&mut self, context: &mut Context<X::Local>, now: Nanos) -> SessionStatus {
        if self.deadline(context).is_none_or(|deadline| now < deadline) {
            return SessionStatus::Continue;
        }
        if self.was_refused(context, now) {
            return SessionStatus::Failed;
        }
        match &self.state {
            State::Connecting => self.not_established(context, now, Phase::Connect),
            State::Upgrading(upgrading) => {
                let (limit, got) = (context.common.plan.connect.timeout, upgrading.head.len());
                context
                    .common
                    .meter
                    .fail(now, Phase::Handshake, FailureKind::TimedOut, || {
                        text![
                            format!("no upgrade within {limit} ("),
                            Field::ConnectTimeout,
                            format!("); {got} bytes had come"),
                        ]
                    });
                self.end(context, now, Unanswered::Failed);
                SessionStatus::Failed
            }
            State::LoggingIn(_) => self.on_login_deadline(context, now),
            State::Open => match self.ping_when_due(context, now) {
                SessionStatus::Continue => match self.beat_when_due(context, now) {
                    SessionStatus::Continue => self.on_exchange_deadline(context, now),
                    ended => ended,
                },
                ended => ended,
            },
            State::Closing { replied, .. } => {
                let (kind, words) = if *replied {
                    let words = match context.common.plan.connect.http {
                        Http::One => "the server did not close TCP after the closing handshake",
                        Http::Two { .. } => {
                            "the server did not end its HTTP/2 stream after the closing handshake"
                        }
                    };
                    (FailureKind::NoFin, words)
                } else {
                    (
                        FailureKind::NoCloseReply,
                        "the server did not answer our close frame",
                    )
                };
                context.common.meter.fail(now, Phase::Close, kind, || words);
                self.close_ended(context, now)
            }
            State::Ended => SessionStatus::Continue,
        }
    }

    /// The deadline of a connection that is being made has passed while `awaited` was under way.
    pub fn on_connect_deadline(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        awaited: Phase,
    ) -> SessionStatus {
        if self.deadline(context).is_none_or(|deadline| now < deadline) {
            return SessionStatus::Continue;
        }
        self.not_established(context, now, awaited)
    }

    fn not_established(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        awaited: Phase,
    ) -> SessionStatus {
        let limit = context.common.plan.connect.timeout;
        let what = match (awaited, &context.common.plan.connect.route.proxy) {
            (Phase::Proxy, _) => "the proxy did not open the tunnel",
            (Phase::Tls, _) => "TCP is there, but the server did not complete the TLS handshake",
            (Phase::Handshake, _) => "the server did not begin HTTP/2 with its settings",
            (_, Some(_)) => "no TCP connection to the proxy",
            (_, None) => "no TCP connection",
        };
        context
            .common
            .meter
            .fail(now, awaited, FailureKind::TimedOut, || {
                text![
                    format!("{what} within {limit} ("),
                    Field::ConnectTimeout,
                    ")",
                ]
            });
        self.book_opened(context, awaited);
        self.end(context, now, Unanswered::Failed);
        SessionStatus::Failed
    }

    /// Books that TCP was there, where a connection failed that was being made and had come so far.
    fn book_opened(&self, context: &mut Context<X::Local>, failed_in: Phase) {
        let is_above_tcp = matches!(failed_in, Phase::Proxy | Phase::Tls | Phase::Handshake);
        if matches!(self.state, State::Connecting) && is_above_tcp {
            context.common.meter.tally.connections.opened += 1;
        }
    }

    /// A deadline of the exchange may have passed.
    fn on_exchange_deadline(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> SessionStatus {
        let io = &mut context.io(&mut self.codec);
        match self.exchange.on_deadline(io, now) {
            DeadlineOutcome::Alive => {
                if self.is_done() {
                    self.finish(context, now);
                }
                SessionStatus::Continue
            }
            DeadlineOutcome::GivenUp => {
                self.end(context, now, Unanswered::Failed);
                SessionStatus::Failed
            }
        }
    }

    /// The server has closed its side of the TCP connection.
    pub fn on_eof(&mut self, context: &mut Context<X::Local>, now: Nanos) -> SessionStatus {
        if self.was_refused(context, now) {
            return SessionStatus::Failed;
        }
        let in_flight = self.exchange.in_flight();
        match &self.state {
            State::Closing { replied: true, .. } => return self.close_ended(context, now),
            State::Closing { replied: false, .. } => {
                context.common.meter.fail(
                    now,
                    Phase::Close,
                    FailureKind::NoCloseReply,
                    || "the server closed TCP without answering our close frame",
                );
                return self.close_ended(context, now);
            }
            State::Upgrading(upgrading) => {
                let got = upgrading.head.len();
                context
                    .common
                    .meter
                    .fail(now, Phase::Handshake, FailureKind::Closed, || {
                        format!("the server closed the connection after {got} bytes of its answer")
                    });
            }
            State::LoggingIn(_) => {
                context.common.meter.fail(
                    now,
                    Phase::Login,
                    FailureKind::Closed,
                    || "the server closed the connection in the middle of the login",
                );
            }
            State::Connecting | State::Open => {
                context
                    .common
                    .meter
                    .fail(now, Phase::Close, FailureKind::FinWithoutClose, || {
                        format!(
                            "TCP closed without a close frame, {}",
                            unanswered(in_flight)
                        )
                    });
            }
            State::Ended => {}
        }
        self.end(context, now, Unanswered::Failed);
        SessionStatus::Failed
    }

    /// The connection was lost.
    pub fn on_loss(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        loss: Loss,
    ) -> SessionStatus {
        if self.was_refused(context, now) {
            return SessionStatus::Failed;
        }
        let phase = loss.phase.unwrap_or(match &self.state {
            State::Connecting => Phase::Connect,
            State::Upgrading(_) => Phase::Handshake,
            State::LoggingIn(_) => Phase::Login,
            State::Open | State::Closing { .. } | State::Ended => Phase::Close,
        });
        let in_flight = self.exchange.in_flight();
        context
            .common
            .meter
            .fail(now, phase, loss.kind, || match in_flight {
                0 => loss.words,
                _ => loss.words.then(format!(", {}", unanswered(in_flight))),
            });
        if let State::Closing { .. } = self.state {
            return self.close_ended(context, now);
        }
        self.book_opened(context, phase);
        self.end(context, now, Unanswered::Failed);
        SessionStatus::Failed
    }

    /// Begins the closing handshake (RFC 6455 section 7.1.2), if the connection is open; before
    /// that there is nothing to close.
    pub fn finish(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        if !self.is_open() {
            return;
        }
        self.stop_load(context, now);
        let mask = context.common.mask();
        push_close(&mut context.common.out, Some(mask), Some(1000), "");
        self.state = State::Closing {
            until: now + CLOSE_WAIT,
            replied: false,
            is_done: self.exchange.is_done(),
        };
    }

    /// Settles everything in flight as unanswered, in the way that `how` says.
    pub fn give_up(&mut self, context: &mut Context<X::Local>, now: Nanos, how: Unanswered) {
        let io = &mut context.io(&mut self.codec);
        self.exchange.give_up(io, now, how);
    }

    /// The load on this connection ends, if it is open.
    pub fn stop_load(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        if self.is_open() {
            let io = &mut context.io(&mut self.codec);
            self.exchange.stop_load(io, now);
        }
    }

    /// The session is over before its time.
    pub fn end(&mut self, context: &mut Context<X::Local>, now: Nanos, how: Unanswered) {
        if self.is_ended() {
            return;
        }
        self.stop_load(context, now);
        self.give_up(context, now, how);
        context.common.meter.tally.connections.failed += 1;
        self.exchange.on_end(&mut context.io(&mut self.codec), now);
        context.common.speech.end(self.number);
        self.state = State::Ended;
    }

    /// The run is over and awaits nothing any more. A connection that is still being opened is
    /// neither a success nor a failure.
    pub fn break_off(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        match self.state {
            State::Open => self.end(context, now, Unanswered::InFlightAtEnd),
            State::Closing { .. } => {
                let _ = self.close_ended(context, now);
            }
            State::Connecting | State::Upgrading(_) | State::LoggingIn(_) | State::Ended => {
                self.state = State::Ended;
            }
        }
    }

    /// The closing handshake is over, one way or the other.
    pub(super) fn close_ended(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> SessionStatus {
        // A held connection is never done; it ends as it should when the load is over.
        let State::Closing {
            replied, is_done, ..
        } = self.state
        else {
            return SessionStatus::Finished;
        };
        self.give_up(context, now, Unanswered::Failed);
        let connections = &mut context.common.meter.tally.connections;
        connections.closed_cleanly += u64::from(replied);
        connections.clients_completed += u64::from(is_done);
        let flow = if context.common.sending && !is_done {
            connections.failed += 1;
            SessionStatus::Failed
        } else {
            SessionStatus::Finished
        };
        self.exchange.on_end(&mut context.io(&mut self.codec), now);
        context.common.speech.end(self.number);
        self.state = State::Ended;
        flow
    }
}
