//! The login: what is said and awaited between the upgrade and the open connection. Without steps a
//! connection does not come here.

use std::collections::VecDeque;
use std::time::Duration;

use wsbench_dialogue::{Compared, Expectation, ReceivedMessage, Seen, Upshot, compare};
use wsbench_setting::text;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Event, MessageKind};
use wsbench_wire::excerpt::excerpt;

use super::{Session, SessionStatus, State, said};
use crate::context::Context;
use crate::exchange::{Exchange, Piece};
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::{Expected, Greeting, LoginStep, LoginTurn, RoomSet, Spoken};
use crate::series::Series;
use crate::tally::Phase;

/// Octets of a message that the words of what was awaited tell whole.
const TOLD: usize = 24;
/// Octets of a message of a login that are kept while it comes in pieces; what is longer is cut.
const LONGEST: usize = 1 << 20;

/// A login under way.
#[derive(Debug)]
pub(super) struct LoggingIn {
    /// The present step, and the room that it is for.
    turn: LoginTurn,
    rooms: RoomSet,
    /// Messages said so far.
    said: u64,
    /// The message that has come in part.
    message: Vec<u8>,
    /// Things that came and were not compared yet.
    seen: VecDeque<Seen>,
    /// The latest message that was passed over.
    passed_over: Option<Vec<u8>>,
    /// Instant of the upgrade, and that of the latest message said, or of the upgrade.
    began: Nanos,
    asked: Nanos,
    /// Deadline of what is awaited.
    pub(super) until: Nanos,
}

impl<X: Exchange> Session<X> {
    /// The connection is a WebSocket: logs in, or opens it at once where there is no login.
    pub(super) fn log_in(&mut self, context: &mut Context<X::Local>, now: Nanos) -> SessionStatus {
        context.common.speech.begin(self.number, self.place);
        if context
            .common
            .plan
            .clients
            .login_step(self.place, 0)
            .is_none()
        {
            self.open(context, now);
            return SessionStatus::Upgraded;
        }
        self.state = State::LoggingIn(Box::new(LoggingIn {
            turn: LoginTurn::default(),
            rooms: context.common.speech.rooms_of(self.place),
            said: 0,
            message: Vec::new(),
            seen: VecDeque::new(),
            passed_over: None,
            began: now,
            asked: now,
            until: Nanos::MAX,
        }));
        self.go_on(context, now, FailureKind::LoginRefused)
    }

    /// Messages may flow from now on. Units that came in one message with the last of the login are the
    /// exchange's.
    fn open(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        let before = std::mem::replace(&mut self.state, State::Open);
        let io = &mut context.io(&mut self.codec);
        self.exchange.on_open(io, now);
        if let State::LoggingIn(login) = before {
            for seen in login.seen {
                if let Seen::Message(message) = seen {
                    let piece = Piece {
                        kind: message.kind,
                        bytes: &message.content,
                        last: true,
                    };
                    self.exchange.on_piece(io, now, piece);
                }
            }
        }
        self.begin_pinging(context, now);
        self.begin_beating(context, now);
    }

    /// Bytes have been read while the login is under way.
    pub(super) fn on_login_bytes(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        bytes: &mut [u8],
    ) -> SessionStatus {
        let mut input = bytes;
        loop {
            let event = match self.wire.receive(&mut input) {
                Ok(None) => return SessionStatus::Continue,
                Ok(Some(event)) => self.take_message(context, received, event),
                Err(error) => Err(error.into()),
            };
            let seen = match event {
                Ok(Some(Event::Pong)) => Some(Seen::Pong(self.wire.control().to_vec())),
                Ok(Some(Event::Close { code })) => Some(Seen::Close(code)),
                Ok(Some(Event::Ping)) => {
                    self.push_pong(context);
                    None
                }
                Ok(_) => None,
                Err(error) => return self.on_violation(context, received, &error),
            };
            if let (Some(seen), State::LoggingIn(login)) = (seen, &mut self.state) {
                login.seen.push_back(seen);
            }
            match self.go_on(context, received, FailureKind::LoginRefused) {
                SessionStatus::Continue => {}
                SessionStatus::Upgraded => {
                    // What came behind the last message of the login may have ended it already.
                    let _ = self.on_bytes(context, received, input);
                    return SessionStatus::Upgraded;
                }
                ended => return ended,
            }
        }
    }

    /// A piece of a message that has come, or a unit: of the login, or of the exchange.
    #[inline]
    pub(super) fn hand_on(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        piece: Piece<'_>,
    ) {
        let State::LoggingIn(login) = &mut self.state else {
            let io = &mut context.io(&mut self.codec);
            return self.exchange.on_piece(io, received, piece);
        };
        // A whole one is as it is: behind the last unit of the login, in one message with it, may stand
        // those of the exchange.
        let is_whole = piece.last && login.message.is_empty();
        let room = match is_whole {
            true => piece.bytes.len(),
            false => LONGEST.saturating_sub(login.message.len()),
        };
        login
            .message
            .extend_from_slice(&piece.bytes[..piece.bytes.len().min(room)]);
        if piece.last {
            let content = std::mem::take(&mut login.message);
            let message = ReceivedMessage::plain(piece.kind, content);
            login.seen.push_back(Seen::Message(message));
        }
    }

    /// Nothing has come by the time that it had to, or a pause is over.
    pub(super) fn on_login_deadline(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> SessionStatus {
        let plan = context.common.plan.clone();
        if let State::LoggingIn(login) = &mut self.state {
            let step = plan.clients.login_step(self.place, login.turn.step);
            if !matches!(step, Some(LoginStep::Settle(_))) {
                let waited = Duration::from(now - login.asked);
                login.seen.push_back(Seen::Silence(waited));
            }
        }
        self.go_on(context, now, FailureKind::TimedOut)
    }

    /// Says what is to be said by now. A login that fails does so as `kind`.
    fn go_on(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        kind: FailureKind,
    ) -> SessionStatus {
        let plan = context.common.plan.clone();
        loop {
            let State::LoggingIn(login) = &mut self.state else {
                return SessionStatus::Continue;
            };
            let room = login.rooms.at(login.turn.room.into());
            match plan.clients.login_step(self.place, login.turn.step) {
                None => {
                    let took = now - login.began;
                    context.common.meter.tally.record(Series::Login, took);
                    self.open(context, now);
                    return SessionStatus::Upgraded;
                }
                Some(LoginStep::Send(spoken)) => {
                    login.turn = plan.clients.next_turn(self.place, login.turn);
                    let number = login.said;
                    (login.said, login.asked) = (number + 1, now);
                    self.say(context, spoken, (number, room), now);
                }
                Some(LoginStep::Settle(length)) => {
                    login.until = login.asked + *length;
                    let ended = login
                        .seen
                        .drain(..)
                        .any(|seen| matches!(seen, Seen::Close(_)));
                    if ended {
                        let words = "the server closed the connection".to_owned();
                        return self.on_login_failed(context, now, kind, words);
                    }
                    if now < login.until {
                        return SessionStatus::Continue;
                    }
                    login.turn = plan.clients.next_turn(self.place, login.turn);
                    login.asked = now;
                }
                Some(LoginStep::Expect(expected)) => {
                    let within = expected.within.unwrap_or(plan.clients.timeout);
                    login.until = login.asked + within;
                    let said = login.said.saturating_sub(1);
                    let Some(seen) = login.seen.pop_front() else {
                        return SessionStatus::Continue;
                    };
                    match self.compare(context, expected, &seen, (said, room), now) {
                        Compared::Met | Compared::MetWith(_) => {
                            self.take_captures(context, expected, &seen);
                        }
                        Compared::PassedOver => {}
                        Compared::Over(Upshot::Met) => {}
                        Compared::Over(Upshot::Lenient(words) | Upshot::Failed(words)) => {
                            let words = self.told(words, &seen);
                            return self.on_login_failed(context, now, kind, words);
                        }
                    }
                }
            }
        }
    }

    /// Compares what came with what is awaited behind message number `said` of the login in a room. A message that
    /// the plan knows to be something else is passed over: one to which there is a reply, one that is taken
    /// as a greeting, one of the load.
    fn compare(
        &mut self,
        context: &mut Context<X::Local>,
        expected: &Expected,
        seen: &Seen,
        (said, room): (u64, u32),
        now: Nanos,
    ) -> Compared {
        let speech = &context.common.speech;
        let values = speech.values(self.number, room, said, now);
        let awaited = &expected.awaited;
        let kind = match seen {
            Seen::Message(message) => awaited.kind().unwrap_or(message.kind),
            _ => MessageKind::Text,
        };
        let pattern = awaited.filled(&values);
        let compared = match compare(&Expectation::Message(kind, pattern), seen) {
            // Failures are told in the words of the plan: what was filled in may be a credential.
            Compared::Over(Upshot::Failed(_)) if matches!(seen, Seen::Message(_)) => {
                let unfilled = Expectation::Message(kind, awaited.pattern().clone());
                match compare(&unfilled, seen) {
                    Compared::Over(upshot) => Compared::Over(upshot),
                    _ => Compared::Over(Upshot::Failed("another message".to_owned())),
                }
            }
            compared => compared,
        };
        let (Compared::Over(_), Seen::Message(ReceivedMessage { kind, content, .. })) =
            (&compared, seen)
        else {
            return compared;
        };
        let greeting = context.common.plan.clients.exchange.greeting.as_ref();
        let is_greeting = matches!(greeting, Some(Greeting::Holding(_)))
            && greeting.is_some_and(|greeting| greeting.is(content, 0, true));
        let is_foreign = is_greeting || speech.is_of_run(content);
        let io = &mut context.io(&mut self.codec);
        if !is_foreign && !io.take_up(self.number, *kind, content, now) {
            return compared;
        }
        if let State::LoggingIn(login) = &mut self.state {
            login.passed_over = Some(content[..content.len().min(TOLD * 16)].to_vec());
        }
        Compared::PassedOver
    }

    /// The message that was awaited has come: the next step is due.
    fn take_captures(&mut self, context: &mut Context<X::Local>, expected: &Expected, seen: &Seen) {
        let State::LoggingIn(login) = &mut self.state else {
            return;
        };
        let clients = &context.common.plan.clients;
        login.turn = clients.next_turn(self.place, login.turn);
        let kept = context.common.speech.kept(self.number);
        let (Some(kept), Seen::Message(message)) = (kept, seen) else {
            return;
        };
        for captured in expected.captured(&message.content) {
            kept.captures.retain(|it| it.name != captured.name);
            kept.captures.push(captured);
        }
    }

    /// The words of a failure with those of the server, as far as it said any.
    fn told(&self, words: String, seen: &Seen) -> String {
        let passed_over = match &self.state {
            State::LoggingIn(login) => login.passed_over.as_deref(),
            _ => None,
        };
        match (seen, passed_over) {
            (Seen::Message(message), _) if message.content.len() > TOLD => {
                format!("{words}: “{}”", excerpt(&message.content))
            }
            (Seen::Close(_), _) => format!("{words}{}", said(self.wire.close_reason())),
            (Seen::Silence(_), Some(last)) => {
                format!("{words}; what came was “{}”", excerpt(last))
            }
            _ => words,
        }
    }

    /// Leaves in `Common::out` what a step says in a room, as the one after `number` others.
    fn say(
        &mut self,
        context: &mut Context<X::Local>,
        spoken: &Spoken,
        (number, room): (u64, u32),
        now: Nanos,
    ) {
        let common = &mut context.common;
        let mut words = Vec::new();
        let values = common.speech.values(self.number, room, number, now);
        spoken.words.say(&values, &mut words);
        common.push_message(&mut self.codec, spoken.kind, [&words, &[]]);
    }

    #[cold]
    fn on_login_failed(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        kind: FailureKind,
        words: String,
    ) -> SessionStatus {
        let meter = &mut context.common.meter;
        meter.fail(now, Phase::Login, kind, || {
            text!["the login failed: ", words]
        });
        let mask = context.common.mask();
        push_close(&mut context.common.out, Some(mask), Some(1000), "");
        self.end(context, now, Unanswered::Failed);
        SessionStatus::Failed
    }
}
