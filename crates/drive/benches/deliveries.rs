//! What a delivery of a message to many costs its receiver's side over a bare loop that reads the same
//! frames: CPU a delivery, deliveries a second that one core makes, and memory a receiver.
//!
//! The server is the embedded one, which sends each message to all connections. The bare loop sends the
//! same frame on one connection, reads what comes on all of them and counts its octets. The instrument
//! is `wsbench_drive::run` as the binary calls it: it takes the frames apart, looks for the tag in each
//! message, compares its text, and notes and times the delivery.
//!
//! The server is a process of its own on core 1, the generator is on core 0, and the two kinds of load
//! alternate. What counts is the median of the ratios: absolute figures drift on a shared machine. A turn
//! of the bare loop's own timer is in its CPU; what the instrument spins until a message is due is not,
//! for it sleeps. Linux only.
//!
//! `cargo bench -p wsbench-drive --bench deliveries`
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has only its reason to say"
)]
#![allow(missing_docs, reason = "nothing here is for others to call")]

#[path = "common/bare.rs"]
mod bare;
mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use wsbench_drive::host;
use wsbench_echo::{BroadcastMode, Config};
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::fanout::books_bytes;
use wsbench_load::identity::MessageId;
use wsbench_load::message::MessageSource;
use wsbench_load::plan::{
    Arrival, Audience, Encoding, Pace, Payload, PlanSpec, StopRule, Timestamps,
};
use wsbench_wire::frame::{FrameBuffer, FrameHeader};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use bare::{connect_and_upgrade, read, write_all};
use common::EchoProcess;

/// Pairs of measurements behind each median; odd.
const ROUNDS: usize = 7;
/// Length of one measurement, and of the load before it.
const SPAN: Duration = Duration::from_secs(2);
const WARMUP: Duration = Duration::from_millis(500);
/// Receivers, octets a message, and messages a second, which each of them has.
const RECEIVERS: u32 = 1_000;
const SIZE: u32 = 160;
const PER_S: u32 = 50;
/// Messages a second that are more than one core makes deliveries of.
const TOO_MANY_PER_S: u32 = 400;
/// Ratio that the instrument may cost, deliveries a second that are aimed at, and octets a receiver.
const RATIO: f64 = 1.3;
const DELIVERIES_PER_S: f64 = 250_000.0;
const OCTETS: f64 = 600.0;
/// Messages a second, and connections of the two runs whose difference gives the memory of one.
const HELD_PER_S: u32 = 20;
const FEW: u32 = 1_000;
const MANY: u32 = 5_000;

fn main() {
    let role = common::role();
    match role.as_ref().map(|(word, rest)| (&word[..], &rest[..])) {
        Some(("server", _)) => common::serve(&to_all()),
        Some(("hold-bare", count)) => bare::hold(count.parse().unwrap()),
        Some(("hold", count)) => hold(count.parse().unwrap()),
        _ if common::is_asked_for() => compare(),
        _ => {}
    }
}

/// A server that sends each message to all.
fn to_all() -> Config {
    let mut config = common::anywhere();
    config.calibration.broadcast = Some(BroadcastMode::default());
    config
}

fn compare() {
    let server = EchoProcess::start("server");
    println!(
        "CPU µs a delivery of {SIZE} B to each of {RECEIVERS}, {PER_S} messages/s: bare loop → \
         wsbench, ratio (min–max of {ROUNDS})"
    );
    for stamps in [Timestamps::User, Timestamps::Kernel] {
        let mut pairs: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| (bare_us(server.address), ours_us(server.address, stamps)))
            .collect();
        let ratio = |(bare, ours): &(f64, f64)| ours / bare;
        pairs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let median = pairs[ROUNDS / 2];
        println!(
            "  {stamps:?} stamps: {:.3} → {:.3}, {:.3} ({:.3}–{:.3}); bar ≤ {RATIO}; so one core \
             makes {:.0} deliveries/s",
            median.0,
            median.1,
            ratio(&median),
            ratio(&pairs[0]),
            ratio(&pairs[ROUNDS - 1]),
            1e6 / median.1,
        );
    }
    saturate(server.address);
    compare_memory(&server);
}

/// More messages than can be made deliveries of.
fn saturate(address: SocketAddr) {
    let plan = plan(address, RECEIVERS, TOO_MANY_PER_S, Timestamps::Kernel);
    let result = common::measure(&plan, address);
    let used = &result.generator.threads[0];
    let busy = (used.user + used.system - used.spun).as_secs_f64() / SPAN.as_secs_f64();
    let made = result.deliveries.received_in_window as f64 / SPAN.as_secs_f64();
    println!(
        "asked for {}: {made:.0} deliveries/s, the generator's core {:.0} % busy, or else the \
         server's was the limit; bar ≥ {DELIVERIES_PER_S:.0}",
        TOO_MANY_PER_S * RECEIVERS,
        100.0 * busy,
    );
}

/// Memory a receiver: the slope between few and many, of medians, before any message has come; and
/// that of the receipts, which messages touch bit by bit, by their own arithmetic.
fn compare_memory(server: &EchoProcess) {
    let resident = |role: &str, count: u32| {
        let role = format!("{role} {count}");
        let mut octets: Vec<f64> = (0..ROUNDS).map(|_| server.told(&role).1).collect();
        octets.sort_by(f64::total_cmp);
        octets[ROUNDS / 2]
    };
    let slope = |role: &str| {
        let more = resident(role, MANY) - resident(role, FEW);
        more / f64::from(MANY - FEW)
    };
    let books = |count| {
        let plan = plan(server.address, count, HELD_PER_S, Timestamps::Kernel);
        let plan = plan.check().unwrap();
        books_bytes(&plan, plan.threads) as f64
    };
    println!(
        "memory a receiver: bare {:.0} B, wsbench {:.0} B and {:.0} B of receipts at {HELD_PER_S} \
         messages/s; bar ≤ {OCTETS} B",
        slope("hold-bare"),
        slope("hold"),
        (books(MANY) - books(FEW)) / f64::from(MANY - FEW),
    );
}

/// CPU µs that the instrument's thread spends on a delivery.
fn ours_us(address: SocketAddr, stamps: Timestamps) -> f64 {
    let result = common::measure(&plan(address, RECEIVERS, PER_S, stamps), address);
    let used = &result.generator.threads[0];
    let counts = result.deliveries;
    assert_eq!(counts.expected, counts.received, "{counts:?}");
    let worked = used.user + used.system - used.spun;
    worked.0 as f64 / 1e3 / counts.received_in_window as f64
}

fn plan(address: SocketAddr, receivers: u32, per_s: u32, stamps: Timestamps) -> PlanSpec {
    PlanSpec::against(common::target(address, false)).with(|spec| {
        spec.clients.connections = receivers;
        spec.clients.exchange.audience = Audience::All;
        spec.clients.exchange.payload = payload();
        spec.clients.arrival = Arrival::Open {
            schedule: Schedule::level(Process::Constant, per_s.into()),
            max_in_flight: 1 << 10,
        };
        spec.stop = StopRule::Duration(SPAN.into());
        spec.warmup.least = WARMUP.into();
        spec.pace = Pace::Sleep;
        spec.cpus = vec![0];
        spec.seed = 42;
        spec.timestamps = stamps;
    })
}

fn payload() -> Payload {
    Payload::Generated {
        encoding: Encoding::Text,
        min: SIZE,
        max: SIZE,
        ascii: false,
    }
}

/// CPU µs that the bare loop spends on a delivery.
fn bare_us(address: SocketAddr) -> f64 {
    let body = move || {
        host::pin_thread(0);
        let mut bare = BareLoop::open(address);
        bare.turn(WARMUP);
        let before = host::thread_usage();
        let deliveries = bare.turn(SPAN);
        let after = host::thread_usage();
        let worked = (after.user + after.system) - (before.user + before.system);
        worked.0 as f64 / 1e3 / deliveries
    };
    std::thread::spawn(body).join().unwrap()
}

/// The bare loop: sends a frame when it is due, and counts what comes on all connections.
struct BareLoop {
    poll: Poll,
    streams: Vec<TcpStream>,
    frame: FrameBuffer,
}

impl BareLoop {
    fn open(address: SocketAddr) -> Self {
        let poll = Poll::new().unwrap();
        let open = |number| {
            let mut stream = connect_and_upgrade(address);
            let registry = poll.registry();
            let token = Token(number);
            registry
                .register(&mut stream, token, Interest::READABLE)
                .unwrap();
            stream
        };
        let streams = (0..RECEIVERS as usize).map(open).collect();
        let source = MessageSource::new(&payload(), 42);
        let message = source.message(MessageId {
            connection: 0,
            sequence: 0,
        });
        let mut frame = FrameBuffer::new();
        let mask = Some(MaskKey([1, 2, 3, 4]));
        frame.push_frame(true, OpCode::Text, mask, &message.parts());
        Self {
            poll,
            streams,
            frame,
        }
    }

    /// Turns for `span`; the deliveries that came.
    fn turn(&mut self, span: Duration) -> f64 {
        let header = FrameHeader {
            fin: true,
            rsv: 0,
            opcode: OpCode::Text,
            mask: None,
            len: SIZE.into(),
        };
        let len = header.encode(&mut [0; FrameHeader::MAX_LEN]) + SIZE as usize;
        let every = Duration::from_secs(1) / PER_S;
        let mut buffer = vec![0; 64 * 1024];
        let mut events = Events::with_capacity(1024);
        let begun = Instant::now();
        let (mut due, mut octets) = (begun, 0);
        loop {
            let now = Instant::now();
            if now >= begun + span {
                return octets as f64 / len as f64;
            }
            if now >= due {
                write_all(&mut self.streams[0], self.frame.as_slice());
                due += every;
            }
            let until = due.min(begun + span);
            let wait = until.saturating_duration_since(now);
            self.poll.poll(&mut events, Some(wait)).unwrap();
            for event in &events {
                let stream = &mut self.streams[event.token().0];
                while let Some(count) = read(stream, &mut buffer) {
                    octets += count;
                    if count < buffer.len() {
                        break;
                    }
                }
            }
        }
    }
}

// --- What a child process does ---

/// Opens receivers with the instrument.
fn hold(count: u32) {
    let address = common::server_address();
    common::hold(plan(address, count, HELD_PER_S, Timestamps::Kernel));
}
