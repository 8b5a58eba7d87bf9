//! One run from beginning to end: threads out, results in.
//!
//! It starts the workers, collects what they hand over on the calling thread, and yields one
//! result. How a worker works is `worker`'s affair.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};

use thiserror::Error;
use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::Echo;
use wsbench_load::exchange::mixed::Mixed;
use wsbench_load::fanout::board::lane_length;
use wsbench_load::fanout::books_bytes;
use wsbench_load::plan::{Http, Plan, Timestamps};
use wsbench_load::result::{RunResult, Stamps};
use wsbench_setting::{Field, Text, Told, text};
use wsbench_transport::dial::{Dialer, SourceError, check_sources};

use crate::clock::Clock;
pub use crate::collector::RunObserver;
use crate::coordination::{Alone, Coordination};
use crate::crew::{Crew, CrewTerms, Equipment, Hole, Part, Period, Refused, Share, Shared, Worker};
use crate::engine::Engine;
use crate::host::{self, Counters};
#[cfg(feature = "http2")]
use crate::multiplexed::Multiplexed;
use crate::pulse::Pulses;
pub use crate::pulse::{Moment, Pulse};
use crate::readiness::Readiness;
use crate::resolve::Resolved;
pub use crate::shared::StopSignal;
use crate::stamps;
use crate::tls::{self, TlsError};

/// A run could not be carried out.
#[derive(Debug, Error)]
pub enum RunError {
    /// Found before anything is started: the plan needs more descriptors than the process may
    /// open.
    #[error("{}", too_few_descriptors(*connections, *needed, *limit))]
    TooFewDescriptors {
        /// Connections asked for.
        connections: u32,
        /// Descriptors needed.
        needed: u64,
        /// Descriptors allowed.
        limit: u64,
    },
    /// Found before anything is started: the messages of all connections do not fit into memory.
    #[error(
        "{connections} connections with a message of {} each need {} of memory, and {} are \
         available; fewer connections, or smaller messages",
        bytes(*message),
        bytes(*needed),
        bytes(*available)
    )]
    TooLittleMemory {
        /// Connections asked for.
        connections: u32,
        /// The longest message, bytes.
        message: u64,
        /// Memory needed at the least, bytes.
        needed: u64,
        /// Memory that the system has available, bytes.
        available: u64,
    },
    /// Found before anything is started: the books of who has received what do not fit into memory.
    #[error("{}", too_many_deliveries(*connections, *live, *books, *available))]
    TooManyDeliveries {
        /// Connections asked for, each a receiver.
        connections: u32,
        /// Messages of which books are kept at a time: those that are due within the time-out, and
        /// as many again.
        live: u64,
        /// Memory needed at the least, bytes.
        books: u64,
        /// Memory that the system has available, bytes.
        available: u64,
    },
    /// Found before anything is started: the plan demands time stamps that the kernel does not
    /// give.
    #[error("{}", no_stamps())]
    NoStamps,
    /// Connections cannot come from where the plan wants them to.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Kernel time stamps are wanted over a socket that has none.
    #[error("{}", no_unix_stamps())]
    NoUnixStamps,
    /// TLS cannot be had as the plan wants it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The plan wants HTTP/2, and the feature was left out when this was built.
    #[cfg(not(feature = "http2"))]
    #[error("this wsbench was built without HTTP/2; build it with --features http2")]
    NoHttp2,
    /// The kernel gave no event queue.
    #[error("cannot set up the event queue: {0}; check `ulimit -n`")]
    NoEventQueue(io::Error),
    /// The system gave no thread.
    #[error("{}", no_thread(.0))]
    NoThread(io::Error),
    /// Waiting for events failed in the middle of the run.
    #[error("waiting for events failed: {0}; this is a fault of the system or of wsbench")]
    Waiting(io::Error),
    /// A part of a generator thread's books was not taken in: a fault in wsbench.
    #[error("{0}; this is a fault in wsbench, please report it")]
    Refused(Refused),
    /// A generator thread did not hand all its books over: a fault in wsbench.
    #[error(
        "generator thread {} has not handed its books over from part {} on; this is a fault in \
         wsbench, please report it", .0.share, .0.from
    )]
    Missing(Hole),
    /// A generator thread panicked: a fault in wsbench.
    #[error("a generator thread panicked; this is a fault in wsbench, please report it")]
    Panicked,
}

impl Told for RunError {
    fn text(&self) -> Text {
        match self {
            Self::TooFewDescriptors {
                connections,
                needed,
                limit,
            } => too_few_descriptors(*connections, *needed, *limit),
            Self::TooManyDeliveries {
                connections,
                live,
                books,
                available,
            } => too_many_deliveries(*connections, *live, *books, *available),
            Self::NoStamps => no_stamps(),
            Self::Source(error) => error.text(),
            Self::NoUnixStamps => no_unix_stamps(),
            Self::Tls(error) => error.text(),
            Self::NoThread(error) => no_thread(error),
            other => other.to_string().into(),
        }
    }
}

fn too_few_descriptors(connections: u32, needed: u64, limit: u64) -> Text {
    text![
        format!(
            "{connections} connections need {needed} file descriptors, but this process may open \
             {limit}; raise the limit with `ulimit -n {needed}` or use fewer connections ("
        ),
        Field::Connections.brief(),
        ")",
    ]
}

fn too_many_deliveries(connections: u32, live: u64, books: u64, available: u64) -> Text {
    text![
        format!(
            "books of {live} messages × {connections} receivers, a bit each, need {} of memory, and {} \
             are available; a lower rate, fewer connections, or a shorter ",
            bytes(books),
            bytes(available)
        ),
        Field::Timeout,
    ]
}

fn no_stamps() -> Text {
    text![
        "this system gives no receive time stamps for TCP (SO_TIMESTAMPNS was tried out on \
         loopback); use ",
        Field::Timestamps.with("auto or user"),
    ]
}

fn no_unix_stamps() -> Text {
    text![
        "the kernel stamps nothing that comes through a Unix socket; use ",
        Field::Timestamps.with("auto or user"),
    ]
}

fn no_thread(error: &io::Error) -> Text {
    text![
        format!("cannot start a generator thread: {error}; use fewer threads ("),
        Field::Threads.brief(),
        ")",
    ]
}

/// The peer's name in what is told of failures: its address, or its host where it has several that
/// are used.
fn peer(plan: &Plan, resolved: &Resolved) -> String {
    let route = &plan.connect.route;
    match route.spread && resolved.addresses.len() > 1 {
        true => {
            let proxy = route.proxy.as_ref().map(|proxy| proxy.place.clone());
            let place = proxy.unwrap_or_else(|| route.place(&plan.target));
            place.to_string()
        }
        false => resolved.addresses[0].to_string(),
    }
}

/// A share of a run that this process carries out, while others carry out the rest.
pub struct Allotment<'a> {
    /// The whole run: its connections, threads and rate are those of all processes.
    pub whole: &'a Plan,
    /// Numbers over the whole run of the workers here, rising.
    pub workers: Vec<u32>,
    /// The run's clock, by which the others' windows open and close as well.
    pub clock: Clock,
    /// Agrees with the others.
    pub coordination: Box<dyn Coordination>,
    /// Hears, before anything is started, by what the run is told what others say later.
    pub joined: &'a mut dyn FnMut(Arc<Shared>),
    /// Hears of each part of the books before it is added up here.
    pub parts: &'a mut dyn FnMut(&Part),
}

/// Carries `plan` out against the first of the resolved addresses, or all of them where the plan
/// spreads its connections. Blocks until the run is over; `observer` hears of it on this thread meanwhile. `stop` ends it in order at any time.
///
/// # Errors
/// The run could not be set up, or a thread failed. Failures of the server or of connections are
/// no errors here: they are in the result.
pub fn run(
    plan: &Plan,
    resolved: &Resolved,
    stop: &StopSignal,
    observer: &mut dyn RunObserver,
) -> Result<RunResult, RunError> {
    let alone = Allotment {
        whole: plan,
        workers: (0..plan.threads).collect(),
        clock: Clock::start(),
        coordination: Box::<Alone>::default(),
        joined: &mut |_| {},
        parts: &mut |_| {},
    };
    run_allotted(plan, alone, resolved, stop, observer)
}

/// Carries out the share of a run that is allotted to this process. `plan` is of that share alone: its
/// connections are those of the workers here, and its threads are as many; the result is of it.
///
/// # Errors
/// As [`run`].
pub fn run_allotted(
    plan: &Plan,
    allotment: Allotment<'_>,
    resolved: &Resolved,
    stop: &StopSignal,
    observer: &mut dyn RunObserver,
) -> Result<RunResult, RunError> {
    check_descriptors(plan)?;
    let here = allotment.workers.len() as u32;
    check_memory(plan, allotment.whole, here, host::memory_available())?;
    check_sources(&plan.connect.route.sources)?;
    let stamps = stamps(plan)?;
    let secure = plan.target.secure;
    let tls = secure.then(|| tls::client(&plan.tls, &plan.target));
    let tls = tls.transpose()?;
    let Allotment {
        whole,
        workers,
        clock,
        coordination,
        joined,
        parts,
    } = allotment;
    let terms = CrewTerms {
        stop: stop.clone(),
        coordination,
        peer: peer(plan, resolved),
        started_at_unix_ns: clock.started_at_unix_ns(),
        workers,
    };
    let gathering = GatheringContext {
        plan,
        whole,
        clock: &clock,
        stop,
        joined,
        parts,
    };
    let ports = host::local_ports();
    let kernel = |share: Share| -> io::Result<Readiness> {
        let others = match plan.connect.route.spread {
            true => &resolved.addresses[1..],
            false => &[],
        };
        let dialer = Dialer::new(resolved.addresses[0].clone())
            .and_to(others, share.worker, share.workers)
            .from_sources(
                plan.connect.route.sources.addresses().clone(),
                share.worker,
                share.workers,
            )
            .from_ports(ports, share.worker, share.workers)
            .through(resolved.tunnel(plan))
            .encrypted(tls.clone());
        engine(plan, stamps, &clock, dialer, share.slots)
    };
    let gathered = match plan.connect.http {
        Http::One => {
            let equip = |share| Ok(equipment(kernel(share)?, &clock));
            carry_out(gathering, terms, equip, observer)
        }
        #[cfg(feature = "http2")]
        Http::Two { streams } => {
            let equip = |share: Share| {
                let (kernel, streams) = (kernel(share)?, streams as usize);
                let engine = Multiplexed::new(kernel, share.slots, streams, secure);
                Ok(equipment(engine, &clock))
            };
            carry_out(gathering, terms, equip, observer)
        }
        #[cfg(not(feature = "http2"))]
        Http::Two { .. } => Err(RunError::NoHttp2),
    };
    let mut result = gathered?;
    result.addresses = resolved.addresses.iter().map(ToString::to_string).collect();
    result.dns = resolved.took;
    result.stamps = stamps;
    Ok(result)
}

/// Equipment of a worker over the kernel.
fn equipment<E>(engine: E, clock: &Clock) -> Equipment<E> {
    let clock = clock.clone();
    Equipment {
        engine,
        stopwatch: Box::new(move || clock.now()),
    }
}

/// What is needed beside a crew to gather in what it hands over.
struct GatheringContext<'a> {
    /// The share of the run that is carried out here.
    plan: &'a Plan,
    whole: &'a Plan,
    clock: &'a Clock,
    stop: &'a StopSignal,
    joined: &'a mut dyn FnMut(Arc<Shared>),
    parts: &'a mut dyn FnMut(&Part),
}

/// Carries the plan out by workers that are made for what flows: chosen here, once a run.
fn carry_out<E: Engine + Send + 'static>(
    gathering: GatheringContext<'_>,
    terms: CrewTerms,
    equip: impl FnMut(Share) -> io::Result<Equipment<E>>,
    observer: &mut dyn RunObserver,
) -> Result<RunResult, RunError> {
    let whole = gathering.whole;
    if whole.clients.are_mixed() {
        let crew = Crew::<E, Mixed>::new(whole, terms, equip).map_err(RunError::NoEventQueue)?;
        gather(gathering, crew, observer)
    } else {
        let crew = Crew::<E, Echo>::new(whole, terms, equip).map_err(RunError::NoEventQueue)?;
        gather(gathering, crew, observer)
    }
}

/// Puts each worker on a thread of its own and gathers in, on this one, what they hand over.
fn gather<E: Engine + Send + 'static, X: Exchange>(
    gathering: GatheringContext<'_>,
    crew: Crew<'_, E, X>,
    observer: &mut dyn RunObserver,
) -> Result<RunResult, RunError> {
    let GatheringContext {
        plan,
        clock,
        stop,
        joined,
        parts,
        ..
    } = gathering;
    let Crew {
        workers,
        mut intake,
    } = crew;
    joined(Arc::clone(intake.shared()));
    // Before anybody connects: what the first connections meet is counted as well.
    let first = workers.first().map_or(0, Worker::number);
    let mut pressure = WindowCounters::from(clock, first);
    let mut threads = Vec::with_capacity(workers.len());
    for (index, worker) in workers.into_iter().enumerate() {
        let cpu = plan.cpus.get(index % plan.cpus.len().max(1)).copied();
        let thread = spawn(index, cpu, worker);
        threads.push(
            thread
                .inspect_err(|_| stop.request())
                .map_err(RunError::NoThread)?,
        );
    }
    let mut pulses = Pulses::new(plan);
    // Ends when every worker has hung up, be it by panicking, and all that it had handed over is taken:
    // whether its thread is alive is no question here, for what it said last may still be on the way.
    loop {
        while let Some(pulse) = pulses.due(clock.now(), intake.shared()) {
            observer.pulse(&pulse);
        }
        match intake.next(pulses.wait(clock.now())) {
            Ok(part) => {
                parts(&part);
                pressure.look_up(&part, clock);
                intake.take(part, observer).map_err(RunError::Refused)?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for thread in threads {
        thread
            .join()
            .map_err(|_| RunError::Panicked)?
            .map_err(RunError::Waiting)?;
    }
    if let Some(&missing) = intake.missing().first() {
        return Err(RunError::Missing(missing));
    }
    let mut result = intake.finish(clock.now(), observer);
    result.generator.max_rss_bytes = host::max_rss_bytes();
    let mut pressed = pressure.opened.until(&pressure.closed);
    if plan.connect.route.unix_socket.is_some() {
        // Whatever TCP had trouble with was not of this run.
        pressed.tcp_trouble.clear();
    }
    result.pressure = Some(pressed);
    Ok(result)
}

/// Starts the thread of worker `index`, pinned to the core `cpu` where one is given.
fn spawn<E: Engine + Send + 'static, X: Exchange>(
    index: usize,
    cpu: Option<usize>,
    worker: Worker<E, X>,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let body = move || {
        // Where pinning is refused the scheduler chooses; the figures do not depend on it.
        let _ = cpu.is_some_and(host::pin_thread);
        host::wake_on_time();
        worker.run()
    };
    let name = format!("generator-{index}");
    thread::Builder::new().name(name).spawn(body)
}

/// The machine's counters at the ends of the measured window, as nearly as handovers tell them.
struct WindowCounters {
    /// The worker whose handovers tell of the window.
    told_by: u32,
    opened: Counters,
    closed: Counters,
}

impl WindowCounters {
    fn from(clock: &Clock, told_by: u32) -> Self {
        let opened = Counters::read(clock.now());
        let closed = opened.clone();
        Self {
            told_by,
            opened,
            closed,
        }
    }

    fn look_up(&mut self, part: &Part, clock: &Clock) {
        // One worker's handovers are enough, and the reading costs a tenth of a millisecond.
        match part.period {
            _ if part.share != self.told_by => {}
            Period::Before => *self = Self::from(clock, self.told_by),
            Period::Interval(..) => self.closed = Counters::read(clock.now()),
            Period::After => {}
        }
    }
}

/// Whose receive time stamps the run gets: the kernel's where they are wanted and granted.
fn stamps(plan: &Plan) -> Result<Stamps, RunError> {
    let is_unix = plan.connect.route.unix_socket.is_some();
    match plan.timestamps {
        Timestamps::Kernel if is_unix => Err(RunError::NoUnixStamps),
        Timestamps::User => Ok(Stamps::User),
        Timestamps::Auto if is_unix => Ok(Stamps::User),
        _ if stamps::are_granted() => Ok(Stamps::Kernel),
        Timestamps::Auto => Ok(Stamps::User),
        Timestamps::Kernel => Err(RunError::NoStamps),
    }
}

fn engine(
    plan: &Plan,
    stamps: Stamps,
    clock: &Clock,
    dialer: Dialer,
    slots: usize,
) -> io::Result<Readiness> {
    let mut engine = Readiness::new(clock.clone(), dialer, slots)?;
    if stamps == Stamps::Kernel {
        engine = engine.with_stamps();
    }
    if plan.busy_poll {
        Ok(engine.with_busy_poll())
    } else if plan.clients.has_due_times() {
        engine.with_pace(plan.pace)
    } else {
        Ok(engine)
    }
}

/// Every connection holds one message at the least while the server takes it.
fn check_memory(
    plan: &Plan,
    whole: &Plan,
    here: u32,
    available: Option<u64>,
) -> Result<(), RunError> {
    let connections = plan.clients.connections;
    let message = plan.clients.exchange.payload.max_len() as u64;
    let needed = message.saturating_mul(connections.into());
    let (live, books) = (lane_length(whole) as u64, books_bytes(whole, here));
    if let Some(available) = available.filter(|available| books > *available) {
        let live = live * u64::from(whole.threads);
        return Err(RunError::TooManyDeliveries {
            connections,
            live,
            books,
            available,
        });
    }
    match available {
        Some(available) if needed > available => Err(RunError::TooLittleMemory {
            connections,
            message,
            needed,
            available,
        }),
        _ => Ok(()),
    }
}

/// A number of bytes in the largest unit that has one of them.
fn bytes(number: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| number >> bits > 0);
    match unit {
        Some((bits, name)) => format!("{:.1} {name}", number as f64 / f64::from(1_u32 << bits)),
        None => format!("{number} bytes"),
    }
}

fn check_descriptors(plan: &Plan) -> Result<(), RunError> {
    let needed = host::descriptors_needed(plan.tcp_connections(), plan.threads);
    match host::raise_descriptor_limit() {
        Some(limit) if limit < needed => Err(RunError::TooFewDescriptors {
            connections: plan.clients.connections,
            needed,
            limit,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use wsbench_load::plan::{Encoding, Payload, PlanSpec};

    use super::*;

    #[test]
    fn messages_that_do_not_fit_into_memory_are_refused_before_the_run() {
        let plan = |connections, size| {
            let spec = PlanSpec::against("ws://h/".parse().unwrap());
            let spec = spec.with(|spec| {
                spec.clients.connections = connections;
                spec.clients.exchange.payload = Payload::Generated {
                    encoding: Encoding::Binary,
                    min: size,
                    max: size,
                    ascii: false,
                };
            });
            spec.check().unwrap()
        };
        let available = Some(16 << 30);
        let check = |plan: &Plan, available| check_memory(plan, plan, 1, available);
        let large = check(&plan(1_000, 64 << 20), available);
        let words = large.unwrap_err().to_string();
        assert_eq!(
            words,
            "1000 connections with a message of 64.0 MiB each need 62.5 GiB of memory, and 16.0 GiB \
             are available; fewer connections, or smaller messages"
        );
        assert!(check(&plan(200, 64 << 20), available).is_ok());
        assert!(check(&plan(1_000, 64 << 20), None).is_ok(), "nobody knows");
    }
}
