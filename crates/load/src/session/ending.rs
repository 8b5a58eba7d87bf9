//! How a connection ends: at a deadline, by the server, by loss, or because its work is done.

use wsbench_wire::close::push_close;

use super::{CLOSE_WAIT, Flow, Loss, Session, State, unanswered};
use crate::context::Context;
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Http;
use crate::tally::{LogRecord, Phase};

impl Session {
    /// When the session wants `on_deadline` called; `None` when it awaits nothing.
    #[must_use]
    pub fn deadline(&self, context: &Context) -> Option<Nanos> {
        match &self.state {
            State::Connecting | State::Upgrading(_) => {
                Some(self.since + context.plan.connect.timeout)
            }
            State::Open => {
                let oldest = self.pairing.oldest_due();
                let overdue = oldest.map(|due| due + context.plan.clients.timeout);
                let ping = self.keep_alive_deadline(context);
                overdue.into_iter().chain(ping).min()
            }
            State::Closing { until, .. } => Some(*until),
            State::Ended => None,
        }
    }

    /// A deadline has passed.
    pub fn on_deadline(&mut self, context: &mut Context, now: Nanos) -> Flow {
        if self.deadline(context).is_none_or(|deadline| now < deadline) {
            return Flow::Continue;
        }
        match &self.state {
            State::Connecting => self.not_established(context, now, Phase::Connect),
            State::Upgrading(upgrading) => {
                let (limit, got) = (context.plan.connect.timeout, upgrading.head.len());
                context
                    .meter
                    .fail(now, Phase::Handshake, FailureKind::TimedOut, || {
                        format!(
                            "no upgrade within {limit} (--connect-timeout); {got} bytes had come"
                        )
                    });
                self.end(context, now, Unanswered::Failed);
                Flow::Failed
            }
            State::Open => match self.keep_alive(context, now) {
                Flow::Continue => self.on_overdue(context, now),
                ended => ended,
            },
            State::Closing { replied, .. } => {
                let (kind, words) = if *replied {
                    let words = match context.plan.connect.http {
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
                context.meter.fail(now, Phase::Close, kind, || words.into());
                self.close_ended(context, now)
            }
            State::Ended => Flow::Continue,
        }
    }

    /// The deadline of a connection that is being made has passed while `awaited` was under way.
    pub fn on_connect_deadline(
        &mut self,
        context: &mut Context,
        now: Nanos,
        awaited: Phase,
    ) -> Flow {
        if self.deadline(context).is_none_or(|deadline| now < deadline) {
            return Flow::Continue;
        }
        self.not_established(context, now, awaited)
    }

    fn not_established(&mut self, context: &mut Context, now: Nanos, awaited: Phase) -> Flow {
        let limit = context.plan.connect.timeout;
        let what = match (awaited, &context.plan.connect.route.proxy) {
            (Phase::Proxy, _) => "the proxy did not open the tunnel",
            (Phase::Tls, _) => "TCP is there, but the server did not complete the TLS handshake",
            (Phase::Handshake, _) => "the server did not begin HTTP/2 with its settings",
            (_, Some(_)) => "no TCP connection to the proxy",
            (_, None) => "no TCP connection",
        };
        context.meter.fail(now, awaited, FailureKind::TimedOut, || {
            format!("{what} within {limit} (--connect-timeout)")
        });
        self.book_opened(context, awaited);
        self.end(context, now, Unanswered::Failed);
        Flow::Failed
    }

    /// Books that TCP was there, where a connection failed that was being made and had come so far.
    fn book_opened(&self, context: &mut Context, failed_in: Phase) {
        let is_above_tcp = matches!(failed_in, Phase::Proxy | Phase::Tls | Phase::Handshake);
        if matches!(self.state, State::Connecting) && is_above_tcp {
            context.meter.tally.connections.opened += 1;
        }
    }

    /// Messages unanswered at their deadline. One that later answers have overtaken is lost and
    /// the connection lives on; on a silent connection nothing can be told any more, so it is
    /// given up.
    pub(super) fn on_overdue(&mut self, context: &mut Context, now: Nanos) -> Flow {
        let timeout = context.plan.clients.timeout;
        let overdue = |due: Nanos| due + timeout <= now;
        while let (true, Some(oldest)) = (
            context.source.is_tagged() && self.pairing.oldest_is_overtaken(),
            self.pairing
                .oldest()
                .filter(|_| self.pairing.oldest_due().is_some_and(overdue)),
        ) {
            context
                .meter
                .fail(now, Phase::Answers, FailureKind::TimedOut, || {
                    format!("message {oldest} unanswered after {timeout}, later ones were answered")
                });
            let in_flight = self.pairing.in_flight();
            if let Some(times) = self.pairing.settle(oldest) {
                context
                    .meter
                    .unanswered(times, now, Unanswered::TimedOut, true);
            }
            self.on_places_freed(context, now, in_flight);
        }
        if !self.pairing.oldest_due().is_some_and(overdue) {
            if self.has_done_its_round_trips() {
                self.finish(context, now);
            }
            return Flow::Continue;
        }
        self.stop_load(context, now);
        let meter = &mut context.meter;
        let number = self.number;
        self.pairing.abandon(|times, overtaken| {
            let (how, kind) = if overdue(times.due) {
                (Unanswered::TimedOut, FailureKind::TimedOut)
            } else {
                (Unanswered::GivenUp, FailureKind::GivenUp)
            };
            meter.fail(now, Phase::Answers, kind, || {
                format!("no answer on connection {number} for {timeout}; it was given up")
            });
            meter.unanswered(times, now, how, overtaken);
        });
        self.end(context, now, Unanswered::Failed);
        Flow::Failed
    }

    /// The server has closed its side of the TCP connection.
    pub fn on_eof(&mut self, context: &mut Context, now: Nanos) -> Flow {
        let in_flight = self.pairing.in_flight();
        match &self.state {
            State::Closing { replied: true, .. } => return self.close_ended(context, now),
            State::Closing { replied: false, .. } => {
                context
                    .meter
                    .fail(now, Phase::Close, FailureKind::NoCloseReply, || {
                        "the server closed TCP without answering our close frame".into()
                    });
                return self.close_ended(context, now);
            }
            State::Upgrading(upgrading) => {
                let got = upgrading.head.len();
                context
                    .meter
                    .fail(now, Phase::Handshake, FailureKind::Closed, || {
                        format!("the server closed the connection after {got} bytes of its answer")
                    });
            }
            State::Connecting | State::Open => {
                context
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
        Flow::Failed
    }

    /// The connection was lost.
    pub fn on_loss(&mut self, context: &mut Context, now: Nanos, loss: Loss) -> Flow {
        let phase = loss.phase.unwrap_or(match &self.state {
            State::Connecting => Phase::Connect,
            State::Upgrading(_) => Phase::Handshake,
            State::Open | State::Closing { .. } | State::Ended => Phase::Close,
        });
        let in_flight = self.pairing.in_flight();
        context
            .meter
            .fail(now, phase, loss.kind, || match in_flight {
                0 => loss.words,
                _ => format!("{}, {}", loss.words, unanswered(in_flight)),
            });
        if let State::Closing { .. } = self.state {
            return self.close_ended(context, now);
        }
        self.book_opened(context, phase);
        self.end(context, now, Unanswered::Failed);
        Flow::Failed
    }

    /// Begins the closing handshake (RFC 6455 section 7.1.2), if the connection is open; before
    /// that there is nothing to close.
    pub fn finish(&mut self, context: &mut Context, now: Nanos) {
        if !self.is_open() {
            return;
        }
        self.stop_load(context, now);
        let mask = context.mask();
        push_close(&mut context.out, Some(mask), Some(1000), "");
        self.state = State::Closing {
            until: now + CLOSE_WAIT,
            replied: false,
        };
    }

    /// Settles everything in flight as unanswered, in the way that `how` says.
    pub fn give_up_in_flight(&mut self, context: &mut Context, now: Nanos, how: Unanswered) {
        let meter = &mut context.meter;
        self.pairing
            .abandon(|times, overtaken| meter.unanswered(times, now, how, overtaken));
    }

    /// Books the time under load up to now, once: when the load on this connection ends.
    pub fn stop_load(&mut self, context: &mut Context, now: Nanos) {
        if !self.is_open() || std::mem::replace(&mut self.load_is_booked, true) {
            return;
        }
        if self.pairing.sent() == 0 || context.is_open_loop() {
            return;
        }
        let depth = context.depth;
        let thinks = self.thoughts.as_ref().is_some_and(|t| t.are_under_way());
        if let Some(thoughts) = &mut self.thoughts {
            thoughts.break_off(context, now);
        }
        if context.plan.replaces_clients() && depth > 1 {
            return; // the last round trips of a client run at a lower depth
        }
        // A replaced client's load ends with its last answer, a held one's with the window; and
        // as long as anything is out, there is load.
        let is_idle = self.pairing.in_flight() == 0 && !thinks;
        let until = if context.plan.replaces_clients() && is_idle {
            self.freed
        } else {
            now
        };
        let from = self.since.max(context.meter.window().load_from);
        context.meter.under_load(from, until, depth);
    }

    /// The session is over before its time.
    pub fn end(&mut self, context: &mut Context, now: Nanos, how: Unanswered) {
        if self.is_ended() {
            return;
        }
        self.stop_load(context, now);
        self.give_up_in_flight(context, now, how);
        context.meter.tally.connections.failed += 1;
        self.book_end(context);
        self.state = State::Ended;
    }

    /// The run is over and awaits nothing any more. A connection that is still being opened is
    /// neither a success nor a failure.
    pub fn break_off(&mut self, context: &mut Context, now: Nanos) {
        match self.state {
            State::Open => self.end(context, now, Unanswered::InFlightAtEnd),
            State::Closing { .. } => {
                let _ = self.close_ended(context, now);
            }
            State::Connecting | State::Upgrading(_) | State::Ended => self.state = State::Ended,
        }
    }

    /// The closing handshake is over, one way or the other.
    pub(super) fn close_ended(&mut self, context: &mut Context, now: Nanos) -> Flow {
        let State::Closing { replied, .. } = self.state else {
            return Flow::Finished;
        };
        // A held connection never has; it ends as it should when the load is over.
        let has_done_its_round_trips = self.budget == 0;
        self.give_up_in_flight(context, now, Unanswered::Failed);
        let connections = &mut context.meter.tally.connections;
        connections.closed_cleanly += u64::from(replied);
        connections.clients_completed += u64::from(has_done_its_round_trips);
        let flow = if context.sending && !has_done_its_round_trips {
            connections.failed += 1;
            Flow::Failed
        } else {
            Flow::Finished
        };
        self.book_end(context);
        self.state = State::Ended;
        flow
    }

    pub(super) fn book_end(&mut self, context: &mut Context) {
        let connections = &mut context.meter.tally.connections;
        connections.never_answered +=
            u64::from(self.pairing.sent() > 0 && !self.pairing.has_answers());
        if let Some(times) = self
            .rare
            .take()
            .map(|rare| rare.times)
            .filter(|t| !t.is_empty())
        {
            context.meter.tally.log.push(LogRecord::Client(times));
        }
    }
}
