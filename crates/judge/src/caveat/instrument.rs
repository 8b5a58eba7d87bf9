//! Checks of the instrument itself: had the generator the cores it needed, and did it send when it
//! should. Not of the server.

use wsbench_load::plan::Pace;
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Ended, Known, Percentile, Record, Thread};
use wsbench_record::units::{count, percent, share_of, span};
use wsbench_setting::{Field, Text, text};

use super::doubt::Doubt;
use super::pacing;
use super::wait::{self, notable_wait};

/// Above this share of a core a thread has no time to spare.
pub(crate) const BUSY_SHARE: f64 = 0.90;
/// Above this share of the window spent runnable but not running, worth knowing.
pub(crate) const WAIT_NOTED: f64 = 0.01;
/// Above this share the times measured are partly the scheduler's.
pub(crate) const WAIT_DOUBTED: f64 = 0.10;
/// Cores that neither generator nor server used although the generator waited for one: others had
/// them.
const SPARE_CORES: f64 = 0.5;
/// Send lag below this is never worth a word, ns.
const LAG_FLOOR_NS: f64 = 20_000.0;
/// Send lag of p99 worth knowing, as a share of the median service time.
const LAG_SHARE: f64 = 0.10;
/// The distance between the gaps sent and those planned that is no distortion, beside chance.
const SHAPE_TOLERANCE: f64 = 0.02;
/// Send lag of p99 with which a distortion counts, as a share of the median service time.
const SHAPE_LAG_SHARE: f64 = 0.05;
/// Share by which what was asked for and what was achieved may differ, beside a Poisson
/// schedule's own spread.
const RATE_TOLERANCE: f64 = 0.01;
/// With fewer cores than this, server and generator cannot both have two.
const CORES_FOR_TWO: u32 = 4;

/// A wait of an answer that is long whatever is measured, ns.
const STILL_FLOOR_NS: f64 = 100e6;
/// As many times what is usual is no fluctuation.
const STILL_TIMES: f64 = 10.0;

/// Every doubt about the instrument.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    [
        generator_cpu(record),
        generator_starved(record).or_else(|| stood_still(record)),
        pace(record),
        arrival_shape(record),
        rate(record),
        shared_machine(record),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Answers that were there and waited: the generator stood still, whatever the loop. In the closed loop
/// nothing else tells it from a server that stood still.
fn stood_still(record: &Record) -> Option<Doubt> {
    let (longest, outside) = wait::longest(record)?;
    let usual = record.at(Series::Service).p99.unwrap_or(0) as f64;
    let is_own = longest > STILL_FLOOR_NS && longest > STILL_TIMES * usual.min(outside);
    is_own.then(|| {
        Doubt::new(
            Kind::GeneratorStarved,
            Severity::Doubtful,
            format!(
                "an answer that had come waited {} for wsbench: it stood still, and not the server",
                span(longest)
            ),
            "the process or its machine was stopped; measure again where nothing does that",
        )
    })
}

/// A thread that used its core up: what is seen is partly wsbench. It is a limit, and no doubt: what
/// it did to the times of an open loop is seen by how late messages were sent.
fn generator_cpu(record: &Record) -> Option<Doubt> {
    let (number, thread) = greatest(record, |thread| thread.cpu_share)?;
    // How large that part is, where stamps have told it.
    let wait = notable_wait(record);
    let part = wait.map_or_else(String::new, |(wait, service)| {
        format!(
            "; of {} service time {} were the answer waiting in the generator's own queue (p50s)",
            span(service),
            span(wait)
        )
    });
    (thread.cpu_share > BUSY_SHARE).then(|| {
        Doubt::new(
            Kind::GeneratorCpu,
            Severity::Note,
            format!(
                "the generator is the bottleneck (thread {number} used {} of a core): \
                 what you see is partly wsbench{part}",
                percent(thread.cpu_share)
            ),
            relief(record),
        )
    })
}

/// Advice that relieves a busy generator, given the options and the machine in use.
fn relief(record: &Record) -> Text {
    let threads = record.plan.threads;
    let room = record.host.cpus.is_none_or(|cpus| threads < cpus);
    let mut ways = Vec::new();
    if room && threads < record.plan.clients.connections {
        ways.push(text![
            "more threads ",
            Field::Threads.brief(),
            format!(" (now {threads})"),
        ]);
    }
    if record.plan.clients.depth() > 1 {
        ways.push(text![
            "less depth ",
            Field::Depth.brief(),
            format!(" (now {})", record.plan.clients.depth()),
        ]);
    }
    if record.plan.clients.connections > threads {
        let connections = count(record.plan.clients.connections.into());
        ways.push(text![
            "fewer connections ",
            Field::Connections.brief(),
            format!(" (now {connections})"),
        ]);
    }
    if record.is_server_here() {
        ways.push("a server on other cores".into());
    }
    if ways.is_empty() {
        ways.push("a faster machine for the generator".into());
    }
    Text::joined(ways, ", ")
}

/// A thread that wanted to run and was not let.
fn generator_starved(record: &Record) -> Option<Doubt> {
    let wait_share = |thread: &Thread| match thread.run_wait_s {
        Some(wait) if thread.wall_s > 0.0 => wait / thread.wall_s,
        _ => 0.0,
    };
    let (number, thread) = greatest(record, wait_share)?;
    let share = wait_share(&thread);
    (share > WAIT_NOTED).then(|| {
        let waited = percent(share);
        // In the closed loop a server on the same cores keeps the rate down, and that is a limit;
        // what other programs take is in every time and belongs to nothing that was measured.
        let is_spoiled = record.plan.clients.is_open_loop() || are_cores_with_others(record);
        let (severity, message) = if share <= WAIT_DOUBTED || !is_spoiled {
            let message =
                format!("thread {number} of the generator waited for a core {waited} of the time");
            (Severity::Note, message)
        } else {
            let message = format!(
                "the generator waited for a core {waited} of the time, and its times include that"
            );
            (Severity::Doubtful, message)
        };
        let advice = cores_of_its_own(record);
        Doubt::new(Kind::GeneratorStarved, severity, message, advice)
    })
}

/// True if generator and server together left more than [`SPARE_CORES`] of this machine to others. A
/// server on this machine of which nothing is known may have used them itself.
fn are_cores_with_others(record: &Record) -> bool {
    let of_server = record.server.as_ref().and_then(|server| server.cpu_share);
    let of_server = match of_server {
        Some(share) => share,
        None if record.is_server_here() => return false,
        None => 0.0,
    };
    let of_generator = record.generator.threads.iter();
    let of_generator: f64 = of_generator.map(|thread| thread.cpu_share).sum();
    let cores = record.host.cpus.map_or(0.0, f64::from);
    cores - of_server - of_generator > SPARE_CORES
}

/// What helps a generator that has to wait for cores; they are not advised where they were given.
fn cores_of_its_own(record: &Record) -> Text {
    if record.plan.cpus.is_empty() {
        text![
            "give it cores of its own (",
            Field::Cpus,
            "), or stop what else runs here",
        ]
    } else {
        Text::from("stop what else runs here")
    }
}

/// The thread for which a share is greatest, with its number.
fn greatest(record: &Record, share: impl Fn(&Thread) -> f64) -> Option<(usize, Thread)> {
    let threads = record.generator.threads.iter().copied().enumerate();
    threads.max_by(|(_, a), (_, b)| share(a).total_cmp(&share(b)))
}

/// Sends that left late by the generator's own fault; what was blocked is the server's. In the
/// closed loop that costs rate, not truth: service time begins at the send itself, and so it is a
/// note.
fn pace(record: &Record) -> Option<Doubt> {
    let lag = generator_lag(record)?;
    let service = record.at(record.plan.clients.headline_from_sent()).p50? as f64;
    let is_open = record.plan.clients.is_open_loop();
    let severity = if is_open && lag > uncertainty(record) {
        Severity::Doubtful
    } else {
        Severity::Note
    };
    (lag > LAG_FLOOR_NS && lag > LAG_SHARE * service).then(|| {
        Doubt::new(
            Kind::Pace,
            severity,
            format!(
                "the generator sent late by {} at p99, {} the median service time",
                span(lag),
                share_of(lag / service)
            ),
            if is_open {
                prompter(record).then("less rate; response times include how late it was")
            } else {
                Text::from("response times include how late it was, service times do not")
            },
        )
    })
}

/// By how much p99 of the response time is uncertain anyway, ns: what is less changes no figure that
/// is printed.
fn uncertainty(record: &Record) -> f64 {
    match record
        .at(record.plan.clients.headline())
        .known(Percentile::P99)
    {
        Known::Within { ns, low, high } => (ns - low).max(high - ns),
        _ => 0.0,
    }
}

/// What makes the generator prompter, as far as it is not in use, each with `or` behind it.
fn prompter(record: &Record) -> Text {
    let plan = &record.plan;
    let mut ways = Vec::new();
    if plan.pace != Pace::Spin && !plan.busy_poll {
        ways.push(text![Field::Pace.with("spin"), ", "]);
    }
    if record.host.cpus.is_none_or(|cpus| plan.threads < cpus)
        && plan.threads < plan.clients.connections
    {
        ways.push(text!["more threads ", Field::Threads.brief(), ", "]);
    }
    if plan.cpus.is_empty() {
        ways.push(text!["cores of its own (", Field::Cpus, "), "]);
    }
    if ways.is_empty() {
        return Text::default();
    }
    Text::joined(ways, "").then("or ")
}

/// Lateness of the generator at p99, ns; the whole send lag where its part is not told apart.
fn generator_lag(record: &Record) -> Option<f64> {
    let lag = record.known(Series::GeneratorLag);
    let lag = lag.unwrap_or(record.at(Series::SendLag)).p99?;
    Some(lag as f64)
}

/// Open loop: messages that left in bunches, or otherwise not as the schedule has them, by an amount
/// that counts beside what was measured (METHOD section 3, B).
fn arrival_shape(record: &Record) -> Option<Doubt> {
    let shape = record.arrival_shape?;
    let lag = generator_lag(record)?;
    let service = record.at(record.plan.clients.headline_from_sent()).p50? as f64;
    let counts = lag > LAG_FLOOR_NS && lag > SHAPE_LAG_SHARE * service;
    (counts && shape.distance > shape.limit(SHAPE_TOLERANCE)).then(|| {
        Doubt::new(
            Kind::ArrivalShape,
            Severity::Doubtful,
            format!(
                "the arrivals were distorted: at least {} of the gaps between sends are not as the \
                 schedule has them, with sends late by {} at p99",
                percent(shape.distance),
                span(lag)
            ),
            text![
                "messages sent in bunches queue at the server, and its times are then not those of \
                 this schedule; ",
            ]
            .then(prompter(record))
            .then(text!["less rate ", Field::Arrival.brief()]),
        )
    })
}

/// True of an open loop in which less was sent or answered than was asked for, or more and more was
/// out.
#[must_use]
pub fn is_rate_missed(record: &Record) -> bool {
    is_short(record) || pacing::pile(record).is_some()
}

/// True where messages that were due were never sent, or fewer were answered than were asked for.
fn is_short(record: &Record) -> bool {
    let rates = record.asked_messages_per_s.zip(record.messages_per_s);
    rates.is_some_and(|(asked, achieved)| {
        let due = record.messages.due.max(1) as f64;
        // Four standard deviations of a Poisson count.
        let tolerance = RATE_TOLERANCE + 4.0 / due.sqrt();
        let unsent = record.messages.unsent as f64 / due;
        unsent > RATE_TOLERANCE || achieved < asked * (1.0 - tolerance)
    })
}

/// Open loop: what was asked for and what happened.
fn rate(record: &Record) -> Option<Doubt> {
    if record.ended == Ended::ServerDied {
        // It is said that the server went away; no rate holds without one.
        return None;
    }
    let asked = record.asked_messages_per_s?;
    let achieved = record.messages_per_s?;
    let messages = &record.messages;
    let unsent = messages.unsent as f64 / messages.due.max(1) as f64;
    // Of an overloaded server that is said already.
    let is_said = unsent <= RATE_TOLERANCE && pacing::pile(record).is_some();
    if !is_short(record) || is_said {
        return uneven_rate(record).or_else(|| pacing::promised(record));
    }
    Some(Doubt::new(
        Kind::Rate,
        Severity::Doubtful,
        format!(
            "asked for {} msg/s, achieved {} ({} of {} due were never sent)",
            wsbench_record::units::rate(asked),
            wsbench_record::units::rate(achieved),
            count(messages.unsent),
            count(messages.due),
        ),
        match record.plan.clients.sessions() {
            None => "the server cannot hold this rate over these connections; ask for less",
            Some(_) => {
                "what is due has to find a session there that has not sent all of its messages; fewer \
                 messages, or more sessions"
            }
        },
    ))
}

/// The rate was held on the whole, and in some interval it was not.
fn uneven_rate(record: &Record) -> Option<Doubt> {
    let advice = if record.blocked_by.is_some() {
        "connections did not take what was due; a greater rate than the server holds"
    } else {
        "the generator or its machine stood still; see what else runs here"
    };
    let worst = pacing::worst_interval(record)?;
    let message = format!("the rate was not held throughout: {worst}");
    Some(Doubt::new(Kind::Rate, Severity::Doubtful, message, advice))
}

/// Server and generator on one small machine.
fn shared_machine(record: &Record) -> Option<Doubt> {
    let cpus = record.host.cpus?;
    (record.is_server_here() && cpus < CORES_FOR_TWO).then(|| {
        let cores = if cpus == 1 { "core" } else { "cores" };
        Doubt::new(
            Kind::SharedMachine,
            Severity::Note,
            format!("server and generator share this machine's {cpus} {cores}"),
            "compare runs made here with each other, not with other machines",
        )
    })
}
