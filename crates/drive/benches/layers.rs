//! What TLS and permessage-deflate cost beside plain `ws://`: messages a second, and the generator's
//! own CPU a message.
//!
//! Each load is put through every layer: the same messages (pieces of the built-in corpus, each
//! behind its tag), a closed loop with one message in flight, and the plan's defaults otherwise, as
//! the binary has them; zlib's default level. The embedded server is a process of its own on core 1,
//! once plain and once with a certificate made when it starts; the generator is on core 0. A round is
//! every layer once, each round beginning with another layer, and what counts is the median of the
//! rounds' ratios to plain: absolute figures drift on a shared machine.
//!
//! Messages a second are those of the slower side, and server and generator do the same work behind
//! a layer. The CPU a message is the generator's alone, the kernel's share in it; where the server is
//! the slower one the generator sleeps between messages, and waking is in it, too. How busy it was
//! tells which. The codec's time is a part of it, but by the wall clock: what kept the thread from
//! its core meanwhile is in it. Linux only.
//!
//! `cargo bench --workspace --bench layers`
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has only its reason to say"
)]
#![allow(missing_docs, reason = "nothing here is for others to call")]

mod common;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use wsbench_echo::{Certificate, Config};
use wsbench_load::corpus::Corpus;
use wsbench_load::plan::{
    Compression, Encoding, Payload, PlanSpec, StopRule, Tls, TlsVersions, Wish,
};
use wsbench_load::result::RunResult;

use common::EchoProcess;

/// Rounds behind each median; odd.
const ROUNDS: usize = 7;
/// Length of one measurement, and of the load before it.
const SPAN: Duration = Duration::from_millis(400);
const WARMUP: Duration = Duration::from_millis(100);
const CONNECTIONS: u32 = 64;
/// Octets a message.
const SIZES: [usize; 3] = [32, 256, 16_384];
/// Connections of the two openings whose difference gives the cost of one.
const FEW: u32 = 500;
const MANY: u32 = 1_500;

/// What lies between the messages and the socket.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layer {
    name: &'static str,
    secure: bool,
    /// `None` does not compress.
    takeover: Option<bool>,
}

const PLAIN: Layer = Layer {
    name: "plain",
    secure: false,
    takeover: None,
};
const TLS: Layer = Layer {
    name: "TLS 1.3",
    secure: true,
    ..PLAIN
};
const LAYERS: [Layer; 5] = [
    PLAIN,
    TLS,
    Layer {
        name: "deflate, no takeover",
        takeover: Some(false),
        ..PLAIN
    },
    Layer {
        name: "deflate",
        takeover: Some(true),
        ..PLAIN
    },
    Layer {
        name: "TLS 1.3 + deflate",
        takeover: Some(true),
        ..TLS
    },
];

fn main() {
    let role = common::role();
    match role.as_ref().map(|(word, rest)| (&word[..], &rest[..])) {
        Some(("server", _)) => common::serve(&config(PLAIN)),
        Some(("server-tls", _)) => common::serve(&config(TLS)),
        Some(("hold", count)) => hold(PLAIN, count.parse().unwrap()),
        Some(("hold-tls", count)) => hold(TLS, count.parse().unwrap()),
        _ if common::is_asked_for() => compare(),
        _ => {}
    }
}

/// The server behind a layer. It compresses for whoever offers to, and only then.
fn config(layer: Layer) -> Config {
    let certificate = || Certificate::self_signed(&["127.0.0.1"]).unwrap();
    Config {
        compression: Some(wsbench_echo::Compression::default()),
        certificate: layer.secure.then(certificate),
        ..common::anywhere()
    }
}

fn hold(layer: Layer, count: u32) {
    let address = common::server_address();
    let plan = layer.plan(address, SIZES[0]).with(|spec| {
        spec.clients.connections = count;
    });
    common::hold(plan);
}

fn compare() {
    let servers = Servers {
        plain: EchoProcess::start("server"),
        tls: EchoProcess::start("server-tls"),
    };
    println!(
        "{CONNECTIONS} connections, 1 in flight on each; median of {ROUNDS} rounds (min–max of the \
         ratios)"
    );
    for size in SIZES {
        compare_layers(&servers, size);
    }
    compare_openings(&servers);
}

struct Servers {
    plain: EchoProcess,
    tls: EchoProcess,
}

impl Servers {
    fn behind(&self, layer: Layer) -> &EchoProcess {
        if layer.secure { &self.tls } else { &self.plain }
    }
}

/// One load through every layer.
fn compare_layers(servers: &Servers, size: usize) {
    let mut rounds = vec![[Cost::default(); LAYERS.len()]; ROUNDS];
    for (round, costs) in rounds.iter_mut().enumerate() {
        for turn in 0..LAYERS.len() {
            let index = (round + turn) % LAYERS.len();
            let layer = LAYERS[index];
            costs[index] = layer.cost(servers.behind(layer), size);
        }
    }
    println!(
        "\n{:<22}{:>10}  {:<20}{:>8}  {:<22}{:>8}{:>7}{:>6}",
        format!("{size} B"),
        "messages/s",
        "of plain",
        "CPU µs",
        "of plain",
        "codec µs",
        "left",
        "busy"
    );
    for (index, layer) in LAYERS.iter().enumerate() {
        let of = |figure: fn(&Cost) -> f64| Spread::of(&rounds, |costs| figure(&costs[index]));
        let ratio = |figure: fn(&Cost) -> f64| {
            if *layer == PLAIN {
                return String::new();
            }
            // The first layer is plain.
            Spread::of(&rounds, |costs| figure(&costs[index]) / figure(&costs[0])).to_string()
        };
        let coded = |text: String| layer.takeover.map_or(String::new(), |_| text);
        println!(
            "{:<22}{:>10.0}  {:<20}{:>8.2}  {:<22}{:>8}{:>7}{:>5.0}%",
            layer.name,
            of(|cost| cost.messages_per_s).median,
            ratio(|cost| cost.messages_per_s),
            of(|cost| cost.cpu_us).median,
            ratio(|cost| cost.cpu_us),
            coded(format!("{:.2}", of(|cost| cost.codec_us).median)),
            coded(format!("{:.0}%", of(|cost| cost.left).median * 100.0)),
            of(|cost| cost.busy).median * 100.0,
        );
    }
}

/// CPU and memory of the generator for opening a connection: the slope between few and many.
fn compare_openings(servers: &Servers) {
    let slope = |layer: Layer, role: &str| {
        let told = |count: u32| servers.behind(layer).told(&format!("{role} {count}"));
        let (few, many) = (told(FEW), told(MANY));
        let span = f64::from(MANY - FEW);
        ((many.0 - few.0) / span, (many.1 - few.1) / span)
    };
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| (slope(PLAIN, "hold"), slope(TLS, "hold-tls")))
        .collect();
    println!(
        "\nopening and upgrading one: plain {:.1} → TLS 1.3 {:.1} µs CPU, {}",
        Spread::of(&rounds, |(plain, _)| plain.0).median,
        Spread::of(&rounds, |(_, tls)| tls.0).median,
        Spread::of(&rounds, |(plain, tls)| tls.0 / plain.0),
    );
    println!(
        "memory a connection: plain {:.0} B, TLS 1.3 {:.0} B",
        Spread::of(&rounds, |(plain, _)| plain.1).median,
        Spread::of(&rounds, |(_, tls)| tls.1).median,
    );
}

/// What a message cost behind a layer.
#[derive(Clone, Copy, Default)]
struct Cost {
    messages_per_s: f64,
    /// Of the generator's thread.
    cpu_us: f64,
    /// The codec's part of it, both directions.
    codec_us: f64,
    /// The share of a message that the compression leaves, at our end.
    left: f64,
    /// The generator's share of its core.
    busy: f64,
}

impl Layer {
    fn cost(self, server: &EchoProcess, size: usize) -> Cost {
        let result = common::measure(&self.plan(server.address, size), server.address);
        self.check(&result);
        let used = &result.generator.threads[0];
        let cpu = (used.user + used.system).0 as f64;
        let messages = result.messages.received_in_window as f64;
        let (sent, received) = (&result.compression.sent, &result.compression.received);
        let codec = (sent.codec_ns + received.codec_ns) as f64;
        Cost {
            messages_per_s: messages / result.measured.as_secs_f64(),
            cpu_us: cpu / 1e3 / messages,
            codec_us: codec / 1e3 / messages,
            left: sent.payload_bytes as f64 / sent.message_bytes as f64,
            busy: cpu / used.wall.0 as f64,
        }
    }

    fn plan(self, address: SocketAddr, size: usize) -> PlanSpec {
        let wish = |takeover: bool| Wish {
            server_no_takeover: !takeover,
            client_no_takeover: !takeover,
            ..Wish::default()
        };
        PlanSpec::against(common::target(address, self.secure)).with(|spec| {
            spec.clients.connections = CONNECTIONS;
            spec.stop = StopRule::Duration(SPAN.into());
            spec.warmup.least = WARMUP.into();
            spec.clients.exchange.payload = pieces(size);
            spec.clients.compression = self.takeover.map(|takeover| Compression {
                wish: wish(takeover),
                ..Compression::default()
            });
            spec.tls = Tls {
                verify: false,
                versions: TlsVersions::V1_3,
                ..Tls::default()
            };
            spec.cpus = vec![0];
            spec.seed = 42;
        })
    }

    /// The layer was there, and no other.
    fn check(self, result: &RunResult) {
        let is_tls = |agreed: &String| agreed.starts_with("TLS 1.3, ");
        assert_eq!(result.tls_agreed.is_empty(), !self.secure);
        assert!(result.tls_agreed.keys().all(is_tls));
        let compression = &result.compression;
        assert_eq!(compression.declined, 0);
        for counts in [&compression.sent, &compression.received] {
            assert_eq!(counts.compressed, counts.messages);
            assert_eq!(counts.compressed == 0, self.takeover.is_none());
        }
    }
}

/// The built-in corpus on end, cut so that a message has `size` octets with its tag, or up to three
/// fewer where a letter would be cut.
fn pieces(size: usize) -> Payload {
    let (encoding, lines) = (Encoding::Text, Corpus::builtin(42));
    let text: Vec<u8> = (0..lines.len() as u64)
        .flat_map(|index| [lines.line(index), b" "].concat())
        .collect();
    let mut rest = std::str::from_utf8(&text).unwrap();
    let len = size - Payload::tag_len(encoding);
    let mut pieces = String::new();
    while rest.len() >= len {
        let end = (0..=len)
            .rev()
            .find(|&at| rest.is_char_boundary(at))
            .unwrap();
        let (piece, behind) = rest.split_at(end);
        pieces.extend([piece, "\n"]);
        rest = behind;
    }
    let corpus = Corpus::new("pieces", pieces.into_bytes(), size).unwrap();
    Payload::Corpus {
        encoding,
        corpus: Arc::new(corpus),
    }
}

/// A figure of several rounds.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> Self {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        Self {
            least: figures[0],
            median: figures[figures.len() / 2],
            most: figures[figures.len() - 1],
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            least,
            median,
            most,
        } = self;
        write!(f, "{median:.2} ({least:.2}–{most:.2})")
    }
}
