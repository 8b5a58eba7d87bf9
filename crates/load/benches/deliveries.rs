//! A message to many connections, in memory: what each delivery costs its receiver's side, for counting
//! instructions (`scripts/instructions`). It measures no time.
//!
//! `deliveries RECEIVERS MESSAGES` sends so many messages of 160 octets, each of which every receiver
//! has once: its tag is looked for, its text compared, and the delivery noted and timed. With `bare` as a
//! third word the same frames are only taken apart, which is the least that a client can do.

use std::env;

use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::context::{Common, Context};
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::fanout::{Fanout, FanoutLocal};
use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Audience, Encoding, Payload, PlanSpec};
use wsbench_load::quota::Quota;
use wsbench_load::route::Target;
use wsbench_load::session::{Opened, Session, SessionStatus};
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{push_response, read_request};

/// Octets of a message.
const SIZE: u32 = 160;
/// From one message to the next.
const EVERY: Nanos = Nanos::from_millis(10);
/// From a send to the first receiver, and from each to the next.
const TURN: Nanos = Nanos::from_micros(2);
/// Receivers and messages where none are asked for.
const ASKED: [u32; 2] = [1_000, 10];
/// Largest message that is taken.
const LIMITS: Limits = Limits {
    max_message: 1 << 20,
};

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let numbers: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let [receivers, messages] = numbers[..].try_into().unwrap_or(ASKED);
    let mut room = Room::open(receivers);
    let is_bare = words.iter().any(|word| word == "bare");
    let deliveries = if is_bare {
        room.take_apart(messages)
    } else {
        room.receive(messages)
    };
    assert_eq!(deliveries, u64::from(receivers) * u64::from(messages));
    println!("{receivers} receivers: {deliveries} deliveries");
}

/// The connections of one worker, all of which receive what the first one sends.
struct Room {
    context: Context<FanoutLocal>,
    sessions: Vec<Session<Fanout>>,
    server: Connection,
    now: Nanos,
    frame: FrameBuffer,
    read: Vec<u8>,
}

impl Room {
    /// So many connections are open, and the load has begun.
    fn open(receivers: u32) -> Self {
        let plan = PlanSpec::against(Target {
            host: "room".to_owned(),
            port: 80,
            resource: "/".to_owned(),
            secure: false,
        })
        .with(|spec| {
            spec.clients.connections = receivers;
            spec.clients.exchange.audience = Audience::All;
            spec.clients.exchange.payload = Payload::Generated {
                encoding: Encoding::Text,
                min: SIZE,
                max: SIZE,
                ascii: false,
            };
            spec.clients.arrival = Arrival::Open {
                schedule: Schedule {
                    process: Process::Constant,
                    stretches: vec![Stretch::level(Nanos::MAX, 100.0)],
                },
                max_in_flight: 1 << 10,
            };
        })
        .check()
        .expect("a plan");
        let board = <Fanout>::shared(&plan, &[0]);
        let mut context = Context {
            common: Common::new(&plan, Quota::new(&plan), "room".to_owned(), 0),
            local: <Fanout>::local(&plan, 0, 0, &board),
        };
        let now = TURN;
        let opened = |number| open(number, now, &mut context);
        let sessions = (0..receivers).map(opened).collect();
        context.common.meter.set_window(Window {
            load_from: now,
            opens: now,
            closes: Nanos::MAX,
        });
        context.common.sending = true;
        Self {
            context,
            sessions,
            server: Connection::new(Endpoint::Server, LIMITS, Utf8::Check),
            now,
            frame: FrameBuffer::new(),
            read: Vec::new(),
        }
    }

    /// The first connection sends a message; what the server sends of it is in `frame`.
    fn send(&mut self) {
        self.now += EVERY;
        let (context, first) = (&mut self.context, &mut self.sessions[0]);
        assert!(first.send_due(context, self.now));
        first.on_sent(context, self.now + TURN);
        self.read.clear();
        self.read.extend_from_slice(context.common.out.as_slice());
        context.common.out.clear();
        self.frame.clear();
        let mut input = &mut self.read[..];
        let event = self.server.receive(&mut input).expect("a whole frame");
        let Some(Event::Data { kind, bytes, .. }) = event else {
            panic!("{event:?} was not sent");
        };
        self.frame.push_frame(true, kind.opcode(), None, &[bytes]);
    }

    /// Every connection receives every message; the deliveries that were made.
    fn receive(&mut self, messages: u32) -> u64 {
        for _ in 0..messages {
            self.send();
            let mut at = self.now + TURN;
            for session in &mut self.sessions {
                at += TURN;
                self.read.clear();
                self.read.extend_from_slice(self.frame.as_slice());
                let meter = &mut self.context.common.meter;
                meter.received_bytes(at, Some(at), self.read.len());
                let flow = session.on_bytes(&mut self.context, at, &mut self.read);
                assert_eq!(flow, SessionStatus::Continue);
            }
        }
        Fanout::hand_over(&mut self.context, self.now);
        let tally = self.context.common.meter.hand_over(Box::default());
        let faults = tally.deliveries.duplicated + tally.deliveries.corrupted;
        assert_eq!((faults, tally.deliveries.unasked), (0, 0));
        tally.deliveries.received_in_window
    }

    /// The frames of every message are taken apart as often as there are connections.
    fn take_apart(&mut self, messages: u32) -> u64 {
        let bare = || Connection::new(Endpoint::Client, LIMITS, Utf8::Skip);
        let mut wires: Vec<Connection> = self.sessions.iter().map(|_| bare()).collect();
        let mut deliveries = 0;
        for _ in 0..messages {
            self.send();
            for wire in &mut wires {
                self.read.clear();
                self.read.extend_from_slice(self.frame.as_slice());
                let mut input = &mut self.read[..];
                let event = wire.receive(&mut input).expect("a whole frame");
                let is_whole = matches!(
                    event,
                    Some(Event::Data {
                        kind: MessageKind::Text,
                        bytes,
                        last: true,
                        ..
                    }) if bytes.len() == SIZE as usize
                );
                deliveries += u64::from(is_whole);
            }
        }
        deliveries
    }
}

/// Connection number `number`, open.
fn open(number: u32, now: Nanos, context: &mut Context<FanoutLocal>) -> Session<Fanout> {
    let mut session = Session::new(number, number, Nanos::ZERO, context);
    let opened = Opened {
        tcp_at: Some(now),
        proxy_took: None,
        tls: None,
    };
    session.on_connected(context, now, opened);
    let request = read_request(context.common.out.as_slice());
    let request = request.expect("a request").expect("a whole one");
    let mut answers = FrameBuffer::new();
    push_response(&mut answers, &request, None);
    context.common.out.clear();
    let mut response = answers.as_slice().to_vec();
    let flow = session.on_bytes(context, now, &mut response);
    assert_eq!(flow, SessionStatus::Upgraded);
    session
}
