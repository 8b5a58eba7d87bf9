//! The limit of a run: what kept its rate from being greater. A fact about the figures, not a doubt
//! in them.

use wsbench_load::series::Series;
use wsbench_record::audit::{By, Limit};
use wsbench_record::document::{Ended, Record};
use wsbench_record::units::{count, percent, rate};
use wsbench_setting::{Field, Spelling, Text, text};

use crate::caveat::{BLOCKED_DOUBTED, BUSY_SHARE, WAIT_DOUBTED, WAIT_NOTED};

pub use crate::caveat::is_rate_missed;

/// Share of the time in flight that passes in pauses from which they are the limit.
const PAUSING: f64 = 0.5;
/// Messages in flight below which a server on this machine may well be idle between them.
const FEW_IN_FLIGHT: u64 = 16;
/// Share of a network card's speed from which it is the limit: what is sent comes in bursts.
const CARD_FULL: f64 = 0.9;
/// The share of a limit that is asked for where latency is to be seen below it.
const BELOW: f64 = 0.7;

/// The limit of a run; `None` where nothing was answered or the server went away. What it advises
/// names settings in the words of `spelling`.
#[must_use]
pub fn limit(record: &Record, spelling: &dyn Spelling) -> Option<Limit> {
    let is_over = matches!(record.ended, Ended::Complete | Ended::Interrupted);
    let is_there = record.connections.alive_at_end > 0 || is_fleeting(record);
    let has_rate = record.messages_per_s.is_some_and(|per_s| per_s > 0.0);
    if !record.plan.clients.exchange.flow.is_answered() {
        return None;
    }
    if !(is_over && is_there && has_rate && record.messages.answered > 0) {
        return None;
    }
    let used = Used::of(record);
    let is_held = record.plan.clients.is_open_loop() && !is_rate_missed(record);
    let full = full_card(record).filter(|_| !is_held);
    let (by, message, advice) = if let Some(full) = full {
        full
    } else if record.plan.clients.is_open_loop() {
        of_open_loop(record, &used)
    } else {
        of_closed_loop(record, &used)
    };
    Some(Limit {
        by,
        message,
        advice: advice.spelled(spelling),
    })
}

/// Shares of a core that were used.
struct Used {
    /// The busiest thread of the generator.
    generator: Option<f64>,
    /// The busiest thread of the server; all of it where that is not known.
    server: Option<f64>,
    /// The generator's thread that waited for a core most.
    waited: f64,
}

impl Used {
    fn of(record: &Record) -> Self {
        let threads = || {
            let threads = record.generator.threads.iter();
            threads.filter(|thread| thread.wall_s > 0.0)
        };
        let greatest = |shares: &mut dyn Iterator<Item = f64>| shares.reduce(f64::max);
        let server = record.server.as_ref();
        Self {
            generator: greatest(&mut threads().map(|thread| thread.cpu_share)),
            server: server.and_then(|server| server.busiest_thread_share.or(server.cpu_share)),
            waited: greatest(
                &mut threads().map(|thread| thread.run_wait_s.unwrap_or(0.0) / thread.wall_s),
            )
            .unwrap_or(0.0),
        }
    }

    fn is_generator_busy(&self) -> bool {
        self.generator.is_some_and(|share| share > BUSY_SHARE)
    }

    /// True where the generator would have used a core up, had it been let.
    fn is_kept_from_cores(&self) -> bool {
        let wanted = self.generator.unwrap_or(0.0) + self.waited;
        self.waited > WAIT_DOUBTED || self.waited > WAIT_NOTED && wanted > BUSY_SHARE
    }

    fn is_server_busy(&self) -> bool {
        self.server.is_some_and(|share| share > BUSY_SHARE)
    }

    /// Both shares in words, as far as they are known: `server at 31 % of a core, generator at 38 %`.
    fn words(&self) -> String {
        let known = [("server", self.server), ("generator", self.generator)];
        let known = known.into_iter().filter_map(|(name, share)| {
            let share = share?;
            Some(format!("{name} at {}", percent(share)))
        });
        let mut known: Vec<String> = known.collect();
        if let Some(first) = known.first_mut() {
            first.push_str(" of a core");
        }
        known.join(", ")
    }

    /// The same shortly, behind something else: `; server 31 %, generator 38 % of a core`.
    fn brief(&self) -> String {
        let known = [("server", self.server), ("generator", self.generator)];
        let known = known.into_iter();
        let known = known.filter_map(|(name, share)| Some(format!("{name} {}", percent(share?))));
        let known: Vec<String> = known.collect();
        if known.is_empty() {
            return String::new();
        }
        format!("; {} of a core", known.join(", "))
    }
}

type Found = (By, String, Text);

/// The network card where it carried what it can, in one direction or both.
fn full_card(record: &Record) -> Option<Found> {
    let card = record.pressure.as_ref()?.card.as_ref()?;
    let (share, way) = if card.sent_share > card.received_share {
        (card.sent_share, "sent")
    } else {
        (card.received_share, "received")
    };
    let speed = count(card.mbit_per_s);
    let message = format!(
        "{} {way} {} of its {speed} Mbit/s",
        card.name,
        percent(share)
    );
    let advice = Text::from("shorter messages, or several machines, show the server's own limit");
    (share > CARD_FULL && !record.loopback).then_some((By::Network, message, advice))
}

fn of_open_loop(record: &Record, used: &Used) -> Found {
    if !is_rate_missed(record) {
        if record.deliveries.is_some() {
            return (By::Rate, used.words(), Text::default());
        }
        let target = record.plan.target.url();
        let search = format!("{target} p99<{}", objective(record));
        let advice = text!["what it can hold: ", Field::GreatestRate.with(search)];
        return (By::Rate, used.words(), advice);
    }
    if used.is_generator_busy() && !used.is_server_busy() {
        return generator(record, used);
    }
    let blocked = record.blocked_by.map_or(0, |by| by.limit);
    if blocked as f64 > BLOCKED_DOUBTED * record.messages.sent as f64 && !used.is_server_busy() {
        let advice = text![
            "more connections ",
            Field::Connections.brief(),
            " or a greater ",
            Field::MaxInFlight,
            " tells the server's own part",
        ];
        return (By::Connections, places(record), advice);
    }
    if used.is_kept_from_cores() && !used.is_server_busy() {
        return machine(record, used);
    }
    if used.server.is_some() {
        return server(record, used);
    }
    unseen(record, used)
}

/// The server where it is on this machine, and nothing else was short; else nobody knows whether it
/// was the server or the network.
fn unseen(record: &Record, used: &Used) -> Found {
    if record.is_server_here() {
        return server(record, used);
    }
    let advice = text![
        "more connections ",
        Field::Connections.brief(),
        " tell which: at its limit a server gains nothing"
    ];
    (By::Elsewhere, used.words(), advice)
}

fn of_closed_loop(record: &Record, used: &Used) -> Found {
    let thought = record.thought_in_window_s.unwrap_or(0.0);
    let offered = record.offered_in_flight_s.unwrap_or(f64::INFINITY);
    if thought > PAUSING * offered {
        let message = format!("{}, {}", places(record), used.words());
        let advice = text![
            "shorter pauses ",
            Field::Think,
            " or more connections ",
            Field::Connections.brief(),
            " press harder"
        ];
        return (By::Pauses, message, advice);
    }
    if used.is_generator_busy() && used.server.unwrap_or(0.0) <= used.generator.unwrap_or(0.0) {
        return generator(record, used);
    }
    if used.is_server_busy() {
        return server(record, used);
    }
    if used.is_kept_from_cores() {
        return machine(record, used);
    }
    let slots = u64::from(record.plan.clients.connections) * u64::from(record.plan.clients.depth());
    if used.server.is_some() || slots < FEW_IN_FLIGHT || is_fleeting(record) {
        let message = format!("{}{}", places(record), used.brief());
        let advice = text![
            "more connections ",
            Field::Connections.brief(),
            ", or in flight on each ",
            Field::Depth.brief(),
            ", show more of the server"
        ];
        return (By::Connections, message, advice);
    }
    unseen(record, used)
}

fn generator(record: &Record, used: &Used) -> Found {
    let share = percent(used.generator.unwrap_or(0.0));
    let message = if record.plan.clients.is_open_loop() {
        format!("{share} of its core")
    } else {
        let per_s = rate(record.messages_per_s.unwrap_or(0.0));
        format!("{share} of its core; the server does ≥ {per_s} msg/s")
    };
    (By::Generator, message, beyond(record))
}

fn server(record: &Record, used: &Used) -> Found {
    let advice = if record.plan.clients.is_open_loop() {
        text![
            "ask for less, ",
            Field::Arrival.brief().with(asked_below(record))
        ]
    } else if is_fleeting(record) {
        // Clients that are replaced have no rate.
        text![
            "fewer clients at a time ",
            Field::Connections.brief(),
            " tell its latency below its limit"
        ]
    } else if used.server.is_none() && record.loopback {
        text![
            Field::ServerPid.with("PID"),
            " tells its CPU, ",
            Field::Arrival.brief().with(asked_below(record)),
            " its latency at a rate that it holds",
        ]
    } else {
        text![
            "its latency at a rate that it holds: ",
            Field::Arrival.brief().with(asked_below(record))
        ]
    };
    (By::Server, used.words(), advice)
}

fn machine(record: &Record, used: &Used) -> Found {
    let message = format!(
        "the generator waited for a core {} of the time",
        percent(used.waited)
    );
    let advice = if record.plan.cpus.is_empty() {
        text![
            "give it cores of its own (",
            Field::Cpus,
            "), or stop what else runs here"
        ]
    } else {
        Text::from("stop what else runs here, or a server on another machine")
    };
    (By::Machine, message, advice)
}

/// What shows the server's limit where the generator's came first, given what is in use.
fn beyond(record: &Record) -> Text {
    let plan = &record.plan;
    let cpus = record.host.cpus.unwrap_or(u32::MAX);
    // On this machine the server needs the other half of the cores.
    let spare = if record.is_server_here() {
        cpus / 2
    } else {
        cpus
    };
    let mut ways = Vec::new();
    if plan.cpus.is_empty() && plan.threads < spare.min(plan.clients.connections) {
        let more = (plan.threads + 1).to_string();
        ways.push(text!["more threads ", Field::Threads.brief().with(more)]);
    }
    if ways.is_empty() {
        ways.push(Text::from(if record.is_server_here() {
            "a generator elsewhere"
        } else {
            "a faster generator"
        }));
    }
    let ways = Text::joined(ways, ", or ").then(" shows the server's limit");
    // Clients that are replaced have no rate.
    if plan.clients.is_open_loop() || is_fleeting(record) {
        return ways;
    }
    let below = Field::Arrival.brief().with(asked_below(record));
    ways.then(text![", ", below, " latency below it"])
}

/// Places in flight: `64 × 1`, or of clients that are replaced how many run at a time.
fn places(record: &Record) -> String {
    let clients = &record.plan.clients;
    let connections = count(clients.connections.into());
    if is_fleeting(record) {
        format!("{connections} clients at a time")
    } else {
        format!("{connections} × {}", count(clients.depth().into()))
    }
}

/// True where connections come and go with their round trips.
fn is_fleeting(record: &Record) -> bool {
    record.plan.clients.round_trips().is_some()
}

/// A limit for p99 that leaves room above what was measured, as it is typed: `1ms`.
fn objective(record: &Record) -> String {
    const ROOM: f64 = 4.0;
    let p99 = record.at(Series::Response).p99.unwrap_or(1_000_000) as f64;
    let limits = [1, 2, 5, 10, 20, 50, 100, 200, 500];
    let fits = |ms: &&i32| f64::from(**ms) * 1e6 >= ROOM * p99;
    limits
        .iter()
        .find(fits)
        .map_or("1s".to_owned(), |ms| format!("{ms}ms"))
}

/// A rate below the one that was achieved, as it is typed: two digits.
fn asked_below(record: &Record) -> String {
    let per_s = record.messages_per_s.unwrap_or(0.0) * BELOW;
    let step = 10_f64.powf(per_s.max(1.0).log10().floor() - 1.0);
    let rounded = (per_s / step).floor() * step;
    if rounded >= 10_000.0 {
        format!("{}k", (rounded / 1e3).round())
    } else {
        format!("{}", rounded.max(1.0).round())
    }
}
