//! One session and a server that echoes its bytes, in memory: what the hot path costs a message,
//! for counting instructions (`scripts/instructions`). It measures no time.
//!
//! `pair DEPTH MESSAGES` carries out so many round trips, so many in flight.

use std::env;

use wsbench_load::context::{Common, Context};
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::{Echo, Local};
use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule};
use wsbench_load::quota::Quota;
use wsbench_load::route::Target;
use wsbench_load::session::{Opened, Session, SessionStatus};
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{push_response, read_request};
use wsbench_wire::opcode::OpCode;

/// From a send to its answer.
const ROUND_TRIP: Nanos = Nanos::from_micros(50);
/// From an answer to the send after it.
const TURN: Nanos = Nanos::from_micros(2);
/// Round trips where none are asked for.
const MESSAGES: u64 = 1_000;

fn main() {
    let arguments: Vec<u64> = env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let cases = match arguments[..] {
        [depth, messages] => vec![(depth as u32, messages)],
        _ => vec![(1, MESSAGES), (16, MESSAGES), (64, MESSAGES)],
    };
    for (depth, messages) in cases {
        let turns = Pair::open(depth, messages).exchange();
        println!("depth {depth}: {messages} messages in {turns} turns");
    }
}

/// Both ends of a connection.
struct Pair {
    context: Context<Local>,
    session: Session<Echo>,
    server: Connection,
    now: Nanos,
    messages: u64,
    /// What the server sends, and where the session reads it.
    answers: FrameBuffer,
    read: Vec<u8>,
}

impl Pair {
    /// A connection that is open, and its load has begun.
    fn open(depth: u32, messages: u64) -> Self {
        let plan = PlanSpec::against(Target {
            host: "pair".to_owned(),
            port: 80,
            resource: "/".to_owned(),
            secure: false,
        })
        .with(|spec| {
            spec.clients.arrival = Arrival::Closed { depth };
            spec.stop = StopRule::Messages(messages);
        })
        .check()
        .expect("a plan");
        let mut context = Context {
            common: Common::new(&plan, Quota::new(&plan), "pair".to_owned(), 0),
            local: <Echo>::local(&plan, 0, 0, &()),
        };
        let mut session = Session::new(0, 0, Nanos::ZERO, &context);
        let opened = Opened {
            tcp_at: Some(TURN),
            proxy_took: None,
            tls: None,
        };
        session.on_connected(&mut context, TURN, opened);
        let request = read_request(context.common.out.as_slice());
        let request = request.expect("a request").expect("a whole one");
        let mut answers = FrameBuffer::new();
        push_response(&mut answers, &request, None);
        context.common.out.clear();
        let now = TURN + ROUND_TRIP;
        let mut response = answers.as_slice().to_vec();
        let flow = session.on_bytes(&mut context, now, &mut response);
        assert_eq!(flow, SessionStatus::Upgraded);
        answers.clear();
        context.common.meter.set_window(Window {
            load_from: now,
            opens: now,
            closes: Nanos::MAX,
        });
        context.common.sending = true;
        let limits = Limits {
            max_message: 1 << 20,
        };
        Self {
            context,
            session,
            server: Connection::new(Endpoint::Server, limits, Utf8::Check),
            now,
            messages,
            answers,
            read: Vec::new(),
        }
    }

    /// Makes all round trips; the writes that they took.
    fn exchange(&mut self) -> u64 {
        let mut turns = 0;
        loop {
            let now = self.now;
            self.session.pump(&mut self.context, || now);
            if self.context.common.out.as_slice().is_empty() {
                break;
            }
            turns += 1;
            self.now += TURN;
            self.session.on_sent(&mut self.context, self.now);
            let sent = self.context.common.out.as_slice().len();
            self.context.common.meter.sent_bytes(self.now, sent);
            self.echo();
            self.context.common.out.clear();
            self.now += ROUND_TRIP;
            self.context
                .common
                .meter
                .received_bytes(self.now, None, self.read.len());
            let flow = self
                .session
                .on_bytes(&mut self.context, self.now, &mut self.read);
            assert_eq!(flow, SessionStatus::Continue);
        }
        let counts = self.context.common.meter.hand_over(Box::default()).messages;
        assert_eq!(
            (counts.sent, counts.answered),
            (self.messages, self.messages)
        );
        turns
    }

    /// The server answers what was written.
    fn echo(&mut self) {
        self.read.clear();
        self.read
            .extend_from_slice(self.context.common.out.as_slice());
        let mut input = &mut self.read[..];
        loop {
            match self.server.receive(&mut input).expect("whole frames") {
                Some(Event::Data { kind, bytes, .. }) => {
                    let opcode = match kind {
                        MessageKind::Text => OpCode::Text,
                        MessageKind::Binary => OpCode::Binary,
                    };
                    self.answers.push_frame(true, opcode, None, &[bytes]);
                }
                Some(other) => panic!("{other:?} was not sent"),
                None => break,
            }
        }
        self.read.clear();
        self.read.extend_from_slice(self.answers.as_slice());
        self.answers.clear();
    }
}
