//! Checks of the generator's machine over the measured window: did others take its cores, did its
//! kernel's TCP have trouble, did the loop's own turns keep answers waiting.
//!
//! Most are notes: they say where to look, and what they spoil is doubted elsewhere.

use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Record, Thread};
use wsbench_record::units::{count, percent, span};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;
use super::instrument::BUSY_SHARE;
use super::wait::{is_divided, notable_wait};

/// Share of all cores' time given to others by the hypervisor, worth knowing (METHOD section 7).
const STEAL_NOTED: f64 = 0.005;
/// Above this share the times measured are partly the hypervisor's.
const STEAL_DOUBTED: f64 = 0.05;
/// Share of the time in which tasks waited for a core, worth knowing.
const WAITED_NOTED: f64 = 0.05;
/// Times a second that the core was taken away, worth knowing.
const SWITCHES_NOTED: f64 = 50.0;
/// Length of a turn at p99, as a share of the median service time, worth knowing.
const TURN_SHARE: f64 = 0.10;
/// Turns shorter than this never matter, ns.
const TURN_FLOOR_NS: f64 = 20_000.0;

/// Every doubt about the machine.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    [pressed(record), tcp_trouble(record), turns(record)]
        .into_iter()
        .flatten()
        .collect()
}

/// Others wanted the cores.
fn pressed(record: &Record) -> Option<Doubt> {
    let host = record.pressure.as_ref();
    let steal = host.and_then(|host| host.steal_share).unwrap_or(0.0);
    let waited = host.and_then(|host| host.cpu_waited_share).unwrap_or(0.0);
    let switches = record.generator.threads.iter().map(switches_per_s);
    let switches = switches.fold(0.0, f64::max);
    let signs = [
        (steal > STEAL_NOTED)
            .then(|| format!("the hypervisor took {} of its time", percent(steal))),
        (waited > WAITED_NOTED)
            .then(|| format!("tasks waited for a core {} of the time", percent(waited))),
        (switches > SWITCHES_NOTED).then(|| {
            let often = count(switches as u64);
            format!("the generator lost its core {often} times a second")
        }),
    ];
    let signs: Vec<String> = signs.into_iter().flatten().collect();
    (!signs.is_empty()).then(|| {
        Doubt::new(
            Kind::HostPressure,
            if steal > STEAL_DOUBTED {
                Severity::Doubtful
            } else {
                Severity::Note
            },
            format!("this machine was under pressure: {}", signs.join(", ")),
            "stop what else runs here, or measure on a machine of its own",
        )
    })
}

fn switches_per_s(thread: &Thread) -> f64 {
    match thread.involuntary_switches {
        Some(switches) if thread.wall_s > 0.0 => switches as f64 / thread.wall_s,
        _ => 0.0,
    }
}

/// The kernel's TCP dropped or sent again.
fn tcp_trouble(record: &Record) -> Option<Doubt> {
    let trouble = &record.pressure.as_ref()?.tcp_trouble;
    let listed: Vec<String> = trouble
        .iter()
        .map(|(name, number)| format!("{} × {name}", count(*number)))
        .collect();
    let backlog = trouble.keys().any(|name| name.starts_with("Listen"));
    (!listed.is_empty()).then(|| {
        Doubt::new(
            Kind::TcpTrouble,
            Severity::Note,
            format!(
                "the kernel counted {} meanwhile, over all connections of this machine",
                listed.join(", ")
            ),
            if backlog {
                text![
                    "a full backlog delays a connection by seconds: a longer one on the server, \
                     or a lower ",
                    Field::ConnectRate,
                ]
            } else {
                Text::from(
                    "a segment sent again costs 200 ms or more and may be the tail that was \
                     measured",
                )
            },
        )
    })
}

/// Turns of the loop so long that answers waited for others to be read. Where the generator is busy
/// as a whole, this says nothing new; where kernel stamps tell that waiting itself, it is quoted.
fn turns(record: &Record) -> Option<Doubt> {
    let threads = &record.generator.threads;
    if threads.iter().any(|thread| thread.cpu_share > BUSY_SHARE) {
        return None;
    }
    if is_divided(record) {
        return waits(record);
    }
    let turns = threads.iter().filter_map(|thread| thread.turns);
    let longest = turns.max_by_key(|turns| turns.p99_ns)?;
    let (turn, service) = (
        longest.p99_ns as f64,
        record.at(Series::Service).p50? as f64,
    );
    (turn > TURN_FLOOR_NS && turn > TURN_SHARE * service).then(|| {
        Doubt::new(
            Kind::LoopTurns,
            Severity::Note,
            format!(
                "the generator's loop took {} a turn at p99, with {} connections ready: answers \
                 waited to be read, and that is in their times",
                span(turn),
                count(longest.ready_p99.into())
            ),
            text![
                "more threads ",
                Field::Threads.brief(),
                ", or fewer connections ",
                Field::Connections.brief(),
            ],
        )
    })
}

/// Answers that waited in our own queue for a good part of their time, by kernel stamps.
fn waits(record: &Record) -> Option<Doubt> {
    let (wait, service) = notable_wait(record)?;
    (wait > TURN_FLOOR_NS).then(|| {
        Doubt::new(
            Kind::LoopTurns,
            Severity::Note,
            format!(
                "of {} service time {} were the answer waiting in the generator's own queue (p50s)",
                span(service),
                span(wait)
            ),
            text![
                "the part outside is the server's and the network's; more threads ",
                Field::Threads.brief(),
            ]
            .then(if record.plan.cpus.is_empty() {
                text![", or cores of its own (", Field::Cpus, ")"]
            } else {
                Text::default()
            }),
        )
    })
}
