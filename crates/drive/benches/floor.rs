//! What the whole instrument costs over a bare TCP loop: CPU a round trip, memory and CPU a
//! connection, side by side in one run.
//!
//! The bare loop moves the same bytes to and from the same embedded echo server over the same
//! `mio`, but its frame is made once, what it receives is counted and not read, and it looks at no
//! clock. The instrument is `wsbench_drive::run` as the binary calls it: a unique message and a
//! fresh mask each time, every byte compared, two clock readings and three histograms a message.
//!
//! The server is a process of its own on core 1, the generator is on core 0, and the two kinds of
//! load alternate. What counts is the median of the ratios: absolute figures drift on a shared
//! machine. Linux only.
//!
//! `cargo bench -p wsbench-drive --bench floor`
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
use wsbench_load::arrival::{Process, Schedule};
use wsbench_load::histogram::Histogram;
use wsbench_load::identity::MessageId;
use wsbench_load::message::MessageSource;
use wsbench_load::plan::{Arrival, Encoding, Pace, Payload, PlanSpec, StopRule, Timestamps};
use wsbench_load::series::Series;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use bare::{connect_and_upgrade, read, write_all};
use common::EchoProcess;

/// Pairs of measurements behind each median; odd.
const ROUNDS: usize = 7;
/// Length of one measurement.
const SPAN: Duration = Duration::from_millis(700);
/// Connections of the two runs whose difference gives the cost of one.
const FEW: u32 = 1_000;
const MANY: u32 = 5_000;

/// Connections, octets a message, messages in flight on each connection, whose receive time
/// stamps, and the ratio that the instrument may cost.
const LOADS: [(u32, u32, u32, Timestamps, f64); 15] = [
    (1, 32, 1, Timestamps::User, 1.03),
    (64, 32, 1, Timestamps::User, 1.03),
    (1_000, 32, 1, Timestamps::User, 1.03),
    (10_000, 32, 1, Timestamps::User, 1.03),
    (64, 16_384, 1, Timestamps::User, 1.10),
    (64, 32, 16, Timestamps::User, 1.08),
    (64, 32, 64, Timestamps::User, 1.15),
    (1_000, 32, 16, Timestamps::User, 1.12),
    (1_000, 32, 64, Timestamps::User, 1.20),
    (10_000, 32, 16, Timestamps::User, 1.20),
    (1, 32, 1, Timestamps::Kernel, 1.08),
    (64, 32, 1, Timestamps::Kernel, 1.08),
    (1_000, 32, 1, Timestamps::Kernel, 1.08),
    (64, 32, 16, Timestamps::Kernel, 1.16),
    (1_000, 32, 16, Timestamps::Kernel, 1.20),
];
/// Own CPU in user space that a message may cost at depth, ns.
const USER_NS_AT_DEPTH: f64 = 30.0;
/// The open loop whose lag is told: messages a second over so many connections.
const LAG_RATE: f64 = 20_000.0;
const LAG_CONNECTIONS: u32 = 100;
const LAG_SPAN: Duration = Duration::from_secs(5);

fn main() {
    let role = common::role();
    match role.as_ref().map(|(word, rest)| (&word[..], &rest[..])) {
        Some(("server", _)) => common::serve(&common::anywhere()),
        Some(("hold-bare", count)) => bare::hold(count.parse().unwrap()),
        Some(("hold", count)) => hold(count.parse().unwrap()),
        _ if common::is_asked_for() => compare(),
        _ => {}
    }
}

fn compare() {
    let server = EchoProcess::start("server");
    println!(
        "CPU µs a message, of the generator: bare loop → wsbench, ratio (min–max of {ROUNDS})"
    );
    for (connections, size, depth, stamps, bar) in LOADS {
        let load = Load {
            connections,
            size,
            depth,
            stamps,
        };
        let mut pairs: Vec<(f64, Cost)> = (0..ROUNDS)
            .map(|_| (load.bare(server.address), load.instrument(server.address)))
            .collect();
        let ratio = |(bare, ours): &(f64, Cost)| ours.cpu_us / bare;
        pairs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let median = &pairs[ROUNDS / 2];
        let own = match depth {
            1 => String::new(),
            _ => format!(
                "; user space {:.0} ns a message, bar ≤ {USER_NS_AT_DEPTH}",
                median.1.user_us * 1e3
            ),
        };
        println!(
            "{connections:>6} connections × {size:>5} B × depth {depth:>2}, {stamps:?} stamps: \
             {:>6.3} → {:>6.3}, {:.3} ({:.3}–{:.3}), bar ≤ {bar}{own}",
            median.0,
            median.1.cpu_us,
            ratio(median),
            ratio(&pairs[0]),
            ratio(&pairs[ROUNDS - 1]),
        );
    }
    compare_connections(&server);
    tell_bare_lag();
    tell_lag(&server);
}

/// How late a loop is that spins and does nothing at each instant: the machine's own part of how late
/// sends leave, whatever sends them.
fn tell_bare_lag() {
    let body = || {
        host::pin_thread(0);
        let gap = Duration::from_secs(1) / LAG_RATE as u32;
        let instants = (LAG_SPAN.as_nanos() / gap.as_nanos()) as u32;
        let begun = Instant::now();
        let mut late = Histogram::new();
        for due in (1..=instants).map(|number| gap * number) {
            let mut now = begun.elapsed();
            while now < due {
                std::hint::spin_loop();
                now = begun.elapsed();
            }
            late.record((now - due).into());
        }
        late
    };
    let late = std::thread::spawn(body).join().unwrap();
    println!(
        "a loop that spins for {LAG_RATE} instants a second and does nothing is late by: {}",
        percentiles(&late)
    );
}

/// The percentiles of how late something is, µs.
fn percentiles(late: &Histogram) -> String {
    let us = |q: f64| {
        late.quantile(q)
            .map_or(f64::NAN, |late| late.0 as f64 / 1e3)
    };
    format!(
        "p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs",
        us(0.5),
        us(0.99),
        us(0.999)
    )
}

/// How late sends of an open loop leave.
fn tell_lag(server: &EchoProcess) {
    for pace in [Pace::Sleep, Pace::Auto, Pace::Spin] {
        let plan = Load {
            connections: LAG_CONNECTIONS,
            size: 32,
            depth: 1,
            stamps: Timestamps::Auto,
        }
        .plan(server.address, LAG_SPAN)
        .with(|spec| {
            spec.clients.arrival = Arrival::Open {
                schedule: Schedule::level(Process::Poisson, LAG_RATE),
                max_in_flight: 64,
            };
            spec.pace = pace;
        });
        let result = common::measure(&plan, server.address);
        println!(
            "send lag at {LAG_RATE}/s over {LAG_CONNECTIONS} connections, {pace:?}: {}; bars where it \
             spins ≤ 15 and 100 µs",
            percentiles(result.tally.at(Series::SendLag))
        );
    }
}

/// CPU and memory a connection: the slope between few and many, of medians.
fn compare_connections(server: &EchoProcess) {
    let told = |role: &str, count| {
        let role = format!("{role} {count}");
        let (mut cpu, mut rss): (Vec<f64>, Vec<f64>) =
            (0..ROUNDS).map(|_| server.told(&role)).unzip();
        cpu.sort_by(f64::total_cmp);
        rss.sort_by(f64::total_cmp);
        (cpu[ROUNDS / 2], rss[ROUNDS / 2])
    };
    let slope = |role: &str| {
        let (few, many) = (told(role, FEW), told(role, MANY));
        let span = f64::from(MANY - FEW);
        ((many.0 - few.0) / span, (many.1 - few.1) / span, few.1)
    };
    let (bare, ours) = (slope("hold-bare"), slope("hold"));
    println!(
        "opening and upgrading one: {:.1} → {:.1} µs CPU, {:.3}; bar ≤ 1.05",
        bare.0,
        ours.0,
        ours.0 / bare.0
    );
    println!(
        "memory a connection: bare {:.0} B, wsbench {:.0} B; bar ≤ 400 B",
        bare.1, ours.1
    );
    println!(
        "resident at {FEW} connections: {:.1} MiB; bar ≤ 10 MiB",
        ours.2 / 1_048_576.0
    );
}

struct Load {
    connections: u32,
    size: u32,
    depth: u32,
    stamps: Timestamps,
}

struct Cost {
    cpu_us: f64,
    user_us: f64,
}

impl Load {
    /// CPU µs that the bare loop spends on a message.
    fn bare(&self, address: SocketAddr) -> f64 {
        let (connections, depth) = (self.connections as usize, self.depth as usize);
        let source = MessageSource::new(&self.plan(address, SPAN).clients.exchange.payload, 42);
        let (mut batch, mut answer) = (FrameBuffer::new(), FrameBuffer::new());
        for sequence in 0..depth as u64 {
            let message = source.message(MessageId {
                connection: 0,
                sequence,
            });
            batch.push_frame(
                true,
                OpCode::Text,
                Some(MaskKey([1, 2, 3, 4])),
                &message.parts(),
            );
            answer.push_frame(true, OpCode::Text, None, &message.parts());
        }
        let expected = answer.len();
        let body = move || {
            host::pin_thread(0);
            let mut poll = Poll::new().unwrap();
            let mut streams: Vec<(TcpStream, usize)> = (0..connections)
                .map(|index| {
                    let mut stream = connect_and_upgrade(address);
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry()
                        .register(&mut stream, Token(index), interest)
                        .unwrap();
                    (stream, 0)
                })
                .collect();
            let mut rounds = BareRounds {
                poll: &mut poll,
                expected,
                batch: batch.as_slice(),
            };
            for (stream, _) in &mut streams {
                write_all(stream, rounds.batch);
            }
            rounds.turn(&mut streams, SPAN / 4);
            let before = host::thread_usage();
            let trips = rounds.turn(&mut streams, SPAN);
            let after = host::thread_usage();
            let cpu = (after.user + after.system) - (before.user + before.system);
            cpu.0 as f64 / 1e3 / (trips * depth) as f64
        };
        std::thread::spawn(body).join().unwrap()
    }

    /// CPU µs that the instrument's thread spends on a message.
    fn instrument(&self, address: SocketAddr) -> Cost {
        let result = common::measure(&self.plan(address, SPAN), address);
        let used = &result.generator.threads[0];
        let messages = result.messages.received_in_window as f64;
        Cost {
            cpu_us: (used.user + used.system).0 as f64 / 1e3 / messages,
            user_us: used.user.0 as f64 / 1e3 / messages,
        }
    }

    fn plan(&self, address: SocketAddr, span: Duration) -> PlanSpec {
        PlanSpec::against(common::target(address, false)).with(|spec| {
            spec.clients.connections = self.connections;
            spec.clients.arrival = Arrival::Closed { depth: self.depth };
            spec.stop = StopRule::Duration(span.into());
            spec.warmup.least = (SPAN / 4).into();
            spec.clients.exchange.payload = Payload::Generated {
                encoding: Encoding::Text,
                min: self.size,
                max: self.size,
                ascii: false,
            };
            spec.cpus = vec![0];
            spec.seed = 42;
            spec.timestamps = self.stamps;
        })
    }
}

/// The bare loop: reads, counts, and writes the same batch again.
struct BareRounds<'a> {
    poll: &'a mut Poll,
    expected: usize,
    batch: &'a [u8],
}

impl BareRounds<'_> {
    /// Turns for `span` and returns how many batches came back.
    fn turn(&mut self, streams: &mut [(TcpStream, usize)], span: Duration) -> usize {
        let mut buffer = vec![0; 64 * 1024];
        let mut events = Events::with_capacity(1024);
        let (begun, mut trips) = (Instant::now(), 0);
        while begun.elapsed() < span {
            self.poll.poll(&mut events, Some(span)).unwrap();
            for event in &events {
                let (stream, received) = &mut streams[event.token().0];
                while let Some(count) = read(stream, &mut buffer) {
                    *received += count;
                    if *received == self.expected {
                        *received = 0;
                        trips += 1;
                        write_all(stream, self.batch);
                    }
                    if count < buffer.len() {
                        break;
                    }
                }
            }
        }
        trips
    }
}

// --- What the child processes do ---

/// Opens connections with the instrument.
fn hold(count: u32) {
    let load = Load {
        connections: count,
        size: 32,
        depth: 1,
        stamps: Timestamps::User,
    };
    common::hold(load.plan(common::server_address(), SPAN));
}
