//! The login: what is said and awaited between the upgrade and the open connection. Without steps a
//! connection does not come here.

use std::time::Duration;

use wsbench_dialogue::{Dialogue, Message, Next, Seen, Sent, Upshot};
use wsbench_setting::text;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Event, MessageKind};

use super::{Flow, Session, State};
use crate::context::Context;
use crate::exchange::{Exchange, Piece};
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::tally::Phase;

/// A login under way.
#[derive(Debug)]
pub(super) struct LoggingIn {
    dialogue: Dialogue,
    /// The message that has come in part.
    message: Vec<u8>,
    /// What is awaited has to have come by then.
    pub(super) until: Nanos,
}

impl<X: Exchange> Session<X> {
    /// The connection is a WebSocket: logs in, or opens it at once where there is no login.
    pub(super) fn log_in(&mut self, context: &mut Context<X::Local>, now: Nanos) -> Flow {
        if context.common.plan.clients.login.is_empty() {
            self.open(context, now);
            return Flow::Upgraded;
        }
        self.state = State::LoggingIn(Box::new(LoggingIn {
            dialogue: Dialogue::default(),
            message: Vec::new(),
            until: Nanos::MAX,
        }));
        self.go_on(context, now, FailureKind::LoginRefused)
    }

    /// Messages may flow from now on.
    fn open(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        self.state = State::Open;
        self.exchange.on_open(&mut context.io(&mut self.codec), now);
        self.begin_pinging(context, now);
    }

    /// Bytes have been read while the login is under way.
    pub(super) fn on_login_bytes(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        bytes: &mut [u8],
    ) -> Flow {
        let mut input = bytes;
        loop {
            let event = match self.wire.receive(&mut input) {
                Ok(None) => return Flow::Continue,
                Ok(Some(event)) => self.take_message(context, received, event),
                Err(error) => Err(error),
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
                login.dialogue.on_seen(seen);
            }
            match self.go_on(context, received, FailureKind::LoginRefused) {
                Flow::Continue => {}
                Flow::Upgraded => {
                    // What came behind the last message of the login may have ended it already.
                    let _ = self.on_bytes(context, received, input);
                    return Flow::Upgraded;
                }
                ended => return ended,
            }
        }
    }

    /// A piece of a message that has come, as it was before it was packed: of the login, or of the
    /// exchange.
    #[inline]
    pub(super) fn take_piece(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        piece: Piece<'_>,
    ) {
        let State::LoggingIn(login) = &mut self.state else {
            let io = &mut context.io(&mut self.codec);
            return self.exchange.on_piece(io, received, piece);
        };
        login.message.extend_from_slice(piece.bytes);
        if piece.last {
            let content = std::mem::take(&mut login.message);
            let message = Message::plain(piece.kind, content);
            login.dialogue.on_seen(Seen::Message(message));
        }
    }

    /// Nothing has come by the time that it had to.
    pub(super) fn on_login_deadline(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
    ) -> Flow {
        if let State::LoggingIn(login) = &mut self.state {
            let waited = Duration::from(context.common.plan.clients.timeout);
            login.dialogue.on_seen(Seen::Silence(waited));
        }
        self.go_on(context, now, FailureKind::TimedOut)
    }

    /// Says what is to be said by now. A login that fails does so as `kind`.
    fn go_on(&mut self, context: &mut Context<X::Local>, now: Nanos, kind: FailureKind) -> Flow {
        let plan = context.common.plan.clone();
        let steps = plan.clients.login.steps();
        loop {
            let State::LoggingIn(login) = &mut self.state else {
                return Flow::Continue;
            };
            match login.dialogue.next(steps) {
                Next::Send(sent) => {
                    login.until = now + plan.clients.timeout;
                    self.push_sent(context, sent);
                }
                Next::Await(_) => {
                    login.until = login.until.min(now + plan.clients.timeout);
                    return Flow::Continue;
                }
                Next::Over(Upshot::Met) => {
                    self.open(context, now);
                    return Flow::Upgraded;
                }
                Next::Over(Upshot::Lenient(words) | Upshot::Failed(words)) => {
                    return self.on_login_failed(context, now, kind, words);
                }
            }
        }
    }

    /// Leaves in `Common::out` what a step sends.
    fn push_sent(&mut self, context: &mut Context<X::Local>, sent: &Sent) {
        let mut push = |kind: MessageKind, message: &[u8]| {
            let codec = &mut self.codec;
            context.common.push_message(codec, kind, [message, &[]]);
        };
        match sent {
            Sent::Message(kind, message) | Sent::Packed { kind, message, .. } => {
                push(*kind, message);
            }
            Sent::Octets(octets) | Sent::OctetByOctet(octets) => {
                context.common.out.push_raw(octets);
            }
        }
    }

    #[cold]
    fn on_login_failed(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        kind: FailureKind,
        words: String,
    ) -> Flow {
        let meter = &mut context.common.meter;
        meter.fail(now, Phase::Login, kind, || {
            text!["the login failed: ", words]
        });
        let mask = context.common.mask();
        push_close(&mut context.common.out, Some(mask), Some(1000), "");
        self.end(context, now, Unanswered::Failed);
        Flow::Failed
    }
}
