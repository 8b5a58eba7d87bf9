//! Both ends of a connection in memory, on simulated time, without a driver: a session with its
//! echoes, and a server that each test has say what it likes. What either end says may be cut
//! anywhere.

use fastrand::Rng;
use wsbench_load::context::{Common, Context};
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::{Echo, Local};
use wsbench_load::failure::FailureKind;
use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_load::quota::Quota;
use wsbench_load::session::{Opened, Session, SessionStatus};
use wsbench_load::tally::{Phase, Tally};
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::handshake::{push_response_with, read_request};
use wsbench_wire::opcode::OpCode;

/// From one end to the other.
pub(crate) const ONE_WAY: Nanos = Nanos::from_micros(25);

/// A thing that the server has received whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Message(MessageKind, Vec<u8>),
    /// A compressed message, still compressed.
    Deflated(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
}

/// Both ends of a connection.
pub(crate) struct Pair {
    pub(crate) context: Context<Local>,
    pub(crate) session: Session<Echo>,
    server: Connection,
    pub(crate) now: Nanos,
    /// What the server is about to say.
    pub(crate) says: FrameBuffer,
    /// What it has heard, and the message that it has heard a part of.
    pub(crate) heard: Vec<Received>,
    part: Vec<u8>,
    /// Where streams are cut; nowhere without it.
    cuts: Option<Rng>,
}

/// A plan for one connection and so many messages.
pub(crate) fn plan(messages: u64) -> PlanSpec {
    PlanSpec::against("ws://pair/".parse().expect("an address")).with(|spec| {
        spec.stop = StopRule::Messages(messages);
    })
}

impl Pair {
    /// A connection number `number` that is being upgraded: the request has been sent.
    pub(crate) fn connecting(spec: PlanSpec, number: u32, cuts: Option<Rng>) -> (Self, Vec<u8>) {
        let plan = spec.check().expect("a plan");
        let mut context = Context {
            common: Common::new(&plan, Quota::new(&plan), "pair".to_owned(), 0),
            local: <Echo>::local(&plan, 0, 0, &()),
        };
        let mut session = Session::new(number, number, Nanos::ZERO, &context);
        assert!(session.is_connecting());
        let opened = Opened {
            tcp_at: Some(ONE_WAY),
            proxy_took: None,
            tls: None,
        };
        session.on_connected(&mut context, ONE_WAY, opened);
        let request = context.common.out.as_slice().to_vec();
        context.common.out.clear();
        let limits = Limits {
            max_message: 1 << 20,
        };
        let pair = Self {
            context,
            session,
            server: Connection::new(Endpoint::Server, limits, Utf8::Check),
            now: ONE_WAY,
            says: FrameBuffer::new(),
            heard: Vec::new(),
            part: Vec::new(),
            cuts,
        };
        (pair, request)
    }

    /// One that is open, and its load has begun.
    pub(crate) fn open(spec: PlanSpec, number: u32, cuts: Option<Rng>) -> Self {
        let mut pair = Self::answered(spec, number, cuts);
        assert_eq!(pair.deliver(), SessionStatus::Upgraded);
        pair.begin_load();
        pair
    }

    /// One whose server is about to say that it is upgraded.
    pub(crate) fn answered(spec: PlanSpec, number: u32, cuts: Option<Rng>) -> Self {
        let (mut pair, request) = Self::connecting(spec, number, cuts);
        let request = read_request(&request).expect("a request");
        let request = request.expect("a whole request");
        let wish = pair.context.common.plan.clients.compression.as_ref();
        let terms = wish.and_then(|compression| request.compression(&compression.wish));
        if terms.is_some() {
            pair.server.allow_compression();
        }
        push_response_with(&mut pair.says, &request, None, terms.as_ref());
        pair
    }

    /// The load begins.
    pub(crate) fn begin_load(&mut self) {
        let now = self.now;
        self.context.common.meter.set_window(Window {
            load_from: now,
            opens: now,
            closes: Nanos::MAX,
        });
        self.context.common.sending = true;
    }

    /// The pieces in which a stream arrives.
    fn cut(&mut self, mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        while let Some(cuts) = &mut self.cuts
            && bytes.len() > 1
        {
            let rest = bytes.split_off(cuts.usize(1..=bytes.len().min(40)));
            pieces.push(std::mem::replace(&mut bytes, rest));
        }
        pieces.push(bytes);
        pieces
    }

    /// What the server says arrives. The first answer of the session that is not `Continue`, or
    /// that.
    pub(crate) fn deliver(&mut self) -> SessionStatus {
        let stream = self.says.as_slice().to_vec();
        self.says.clear();
        let mut upshot = SessionStatus::Continue;
        for mut piece in self.cut(stream) {
            self.now += ONE_WAY;
            let len = piece.len();
            let meter = &mut self.context.common.meter;
            meter.received_bytes(self.now, None, len);
            let flow = self
                .session
                .on_bytes(&mut self.context, self.now, &mut piece);
            self.write();
            if flow != SessionStatus::Continue {
                upshot = flow;
            }
            if matches!(flow, SessionStatus::Failed | SessionStatus::Finished) {
                break;
            }
        }
        upshot
    }

    /// The session sends what is due.
    pub(crate) fn pump(&mut self) {
        let now = self.now;
        self.session.pump(&mut self.context, || now);
        self.write();
    }

    /// What the session has left to be written goes to the server.
    pub(crate) fn write(&mut self) {
        let stream = self.context.common.out.as_slice().to_vec();
        if stream.is_empty() {
            return;
        }
        self.session.on_sent(&mut self.context, self.now);
        self.context.common.out.clear();
        for mut piece in self.cut(stream) {
            self.hear(&mut piece);
        }
    }

    fn hear(&mut self, mut bytes: &mut [u8]) {
        while let Some(event) = self.server.receive(&mut bytes).expect("frames by the RFC") {
            let whole = match event {
                Event::Data {
                    kind, bytes, last, ..
                } => {
                    self.part.extend_from_slice(bytes);
                    last.then(|| Received::Message(kind, std::mem::take(&mut self.part)))
                }
                Event::Deflated { kind, bytes, last } => {
                    self.part.extend_from_slice(bytes);
                    last.then(|| Received::Deflated(kind, std::mem::take(&mut self.part)))
                }
                Event::Ping => Some(Received::Ping(self.server.control().to_vec())),
                Event::Pong => Some(Received::Pong(self.server.control().to_vec())),
                Event::Close { code } => Some(Received::Close(code)),
            };
            self.heard.extend(whole);
        }
    }

    /// The server answers each message that it has heard with its own bytes, in its order or
    /// reversed; returns how many.
    pub(crate) fn echo(&mut self, is_reversed: bool) -> usize {
        let mut heard = std::mem::take(&mut self.heard);
        if is_reversed {
            heard.reverse();
        }
        for message in &heard {
            match message {
                Received::Message(kind, bytes) => self.say(*kind, bytes),
                Received::Deflated(kind, bytes) => {
                    let parts = [&bytes[..], &[]];
                    let says = &mut self.says;
                    says.push_message(kind.opcode(), RSV1, usize::MAX, || None, parts);
                }
                other => panic!("{other:?} is no message"),
            }
        }
        heard.len()
    }

    /// The server says a message.
    pub(crate) fn say(&mut self, kind: MessageKind, bytes: &[u8]) {
        self.says.push_frame(true, kind.opcode(), None, &[bytes]);
    }

    /// The server says a control frame.
    pub(crate) fn say_control(&mut self, opcode: OpCode, payload: &[u8]) {
        self.says.push_frame(true, opcode, None, &[payload]);
    }

    /// The only message that the server has heard.
    pub(crate) fn message(&mut self) -> (MessageKind, Vec<u8>) {
        match std::mem::take(&mut self.heard).pop() {
            Some(Received::Message(kind, bytes)) => (kind, bytes),
            other => panic!("{other:?} is no message"),
        }
    }

    /// The books, closed; the sums of the exchange hold in them.
    pub(crate) fn books(&mut self) -> Box<Tally> {
        let tally = self.context.common.meter.hand_over(Box::default());
        for law in <Echo>::LAWS {
            assert_eq!(law.breach(&tally.messages), None);
        }
        tally
    }
}

/// How often this failure is in the books.
pub(crate) fn failures(tally: &Tally, phase: Phase, kind: FailureKind) -> u64 {
    let found = tally.failures.iter();
    let found = found.filter(|failure| (failure.phase, failure.kind) == (phase, kind));
    found.map(|failure| failure.count).sum()
}
