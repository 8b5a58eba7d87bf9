//! Words by the clock on an open connection, such as heartbeats of the application.

use wsbench_setting::{Field, text};

use super::{Session, SessionStatus};
use crate::context::Context;
use crate::exchange::Exchange;
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::speech::BeatState;
use crate::tally::Phase;

impl<X: Exchange> Session<X> {
    /// The connection is open: the first of each is due within its period, at a random moment of it, so
    /// that connections that were opened together do not beat together.
    pub(super) fn begin_beating(&self, context: &mut Context<X::Local>, now: Nanos) {
        let common = &mut context.common;
        if !common.has_beats {
            return;
        }
        let beats = common
            .plan
            .clients
            .upkeep
            .beats
            .iter()
            .map(|beat| BeatState {
                next: now + Nanos(1 + common.random.u64(..beat.period.0)),
                said: 0,
                out: None,
            });
        let beats = beats.collect();
        if let Some(kept) = common.speech.kept(self.number) {
            kept.beats = beats;
        }
    }

    /// Instant at which a beat is due, or the answer to one is overdue; `None` without beats.
    pub(super) fn beat_deadline(&self, context: &Context<X::Local>) -> Option<Nanos> {
        if !context.common.has_beats {
            return None;
        }
        let timeout = context.common.plan.clients.timeout;
        let beats = context.common.speech.beats(self.number).iter();
        let times = beats.flat_map(|it| [Some(it.next), it.out.map(|said| said + timeout)]);
        times.flatten().min()
    }

    /// Says what is due. A connection on which one stays unanswered for the time-out has failed.
    pub(super) fn beat_when_due(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> SessionStatus {
        if !context.common.has_beats {
            return SessionStatus::Continue;
        }
        let plan = context.common.plan.clone();
        let timeout = plan.clients.timeout;
        let room = context.common.speech.first_room(self.number);
        for (at, beat) in plan.clients.upkeep.beats.iter().enumerate() {
            let is_congested = context.common.congested;
            let kept = context.common.speech.kept(self.number);
            let Some(state) = kept.and_then(|kept| kept.beats.get_mut(at)) else {
                continue;
            };
            if state.out.is_some_and(|said| said + timeout <= now) {
                let meter = &mut context.common.meter;
                meter.fail(now, Phase::Answers, FailureKind::NoBeat, || {
                    text![
                        format!("a heartbeat was not answered within {timeout} ("),
                        Field::Timeout,
                        ")",
                    ]
                });
                self.end(context, now, Unanswered::Failed);
                return SessionStatus::Failed;
            }
            if now < state.next {
                continue;
            }
            // By the schedule and not by now: a late turn does not make all later ones late.
            while state.next <= now {
                state.next += beat.period;
            }
            // One at a time, and none behind bytes that the socket does not take.
            if state.out.is_some() || is_congested {
                continue;
            }
            let number = state.said;
            state.said += 1;
            state.out = beat.expect.as_ref().map(|_| now);
            let mut words = Vec::new();
            let values = context.common.speech.values(self.number, room, number, now);
            beat.say.words.say(&values, &mut words);
            let common = &mut context.common;
            common.push_message(&mut self.codec, beat.say.kind, [&words, &[]]);
        }
        SessionStatus::Continue
    }
}
