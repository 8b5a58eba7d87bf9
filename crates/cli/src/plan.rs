//! Flags → what is to be done: the one place where a command line becomes a `Plan`.
//!
//! Parse, don't validate: what goes in are flags, each right by itself; what comes out can be
//! carried out as it stands, or the command line is refused with a [`UsageError`]. Nothing is
//! started here. The only things read from outside are files and variables that flags and texts name.

mod error;
mod fleet;
mod modes;
mod payload;
mod scenario;
mod warmup;

use std::sync::Arc;

use wsbench::ServerProcess;
use wsbench::cores::{EmbeddedCores, Neighbourhood, own_threads};
use wsbench::defaults::{self, WATCHED_INTERVAL, interval, target_to_come};
use wsbench::local_values::LocalValues;
use wsbench::quantity::{CpuList, SpanRange, Stages, Threads};
use wsbench::redirects::Follow;
use wsbench::scenario::Scenario;
use wsbench_load::arrival::{Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, ByNumber, Correlation, Flow, Lifetime, Pace, Plan, PlanError, PlanSpec,
    Sessions, StopRule, Think, WarmUp, threads_at_most,
};
use wsbench_load::route::Target;
use wsbench_load::template::Lookup;

use crate::args::{AmountArgs, MachineArgs, Measure, ModeArg, PressureArgs, ServerArgs};
use crate::fleet_args::FleetOrder;
use crate::surroundings::Surroundings;
use crate::usage::UsageError;
use crate::workload_args::{awaited, variable};

/// Connections of a run that is told no number.
const CONNECTIONS: u32 = 64;
/// Length of a run that is told no other stop rule.
const DEFAULT_DURATION: Nanos = Nanos::from_secs(10);
/// Limit of a run that goes on until its answer is known.
const UNTIL_AT_MOST: Nanos = Nanos::from_secs(120);
/// From ping to ping beside echoes.
const PING_EVERY: Nanos = Nanos::from_millis(100);
/// Round trips of each client, as the older tool had it.
pub(crate) const DEFAULT_ROUNDTRIPS: u32 = defaults::ROUND_TRIPS;
/// The server that is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerUnderTest {
    /// One that is there already.
    At(Target),
    /// The embedded one, yet to be started.
    Embedded(EmbeddedCores),
}

/// A run that can be carried out once its server is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunOrder {
    /// The server to measure.
    pub(crate) server: ServerUnderTest,
    /// Its process.
    pub(crate) process: ServerProcess,
    /// Way in which redirects are followed before the runs; `None` where they are not.
    pub(crate) follow: Option<Follow>,
    /// The fleet that makes the load; `None` where this machine does.
    pub(crate) fleet: Option<FleetOrder>,
    /// The plan; its target stands in for that of the embedded server, which is known when that
    /// listens.
    pub(crate) plan: Plan,
}

impl RunOrder {
    /// The plan, against the server at `target`.
    ///
    /// # Errors
    /// The target is not reached by the plan's route.
    pub(crate) fn plan_against(self, target: Target) -> Result<Plan, PlanError> {
        self.plan.towards(target)
    }
}

/// Turns flags into an order.
///
/// # Errors
/// Every combination that makes no run, an unreadable file, cores that are not there.
pub(crate) fn order(
    measure: &Measure,
    surroundings: &Surroundings,
) -> Result<RunOrder, UsageError> {
    let values = LocalValues::new(&variable);
    match scenario::of(measure, &values)? {
        None => order_of(measure, surroundings, None, &values),
        Some((scenario, filled)) => order_of(&filled, surroundings, Some(&scenario), &values)
            .map_err(|error| scenario::at_its_line(error, &scenario)),
    }
}

/// An order by flags, and by a scenario whose numbers they have already.
fn order_of(
    measure: &Measure,
    surroundings: &Surroundings,
    scenario: Option<&Scenario>,
    find: &dyn Lookup,
) -> Result<RunOrder, UsageError> {
    let stop = match measure.ending.until {
        Some(_) => limit_of_until(measure)?,
        None => stop_rule(&measure.amount, &measure.pressure)?,
    };
    let warmup = warmup::least(measure, stop);
    if measure.machine.busy_poll && measure.pressure.pace.is_some() {
        return Err(UsageError::BusyPollAndPace);
    }
    let arrival = arrival(&measure.pressure, warmup)?;
    let think = think(&measure.pressure);
    let ramp = measure.pressure.ramp.unwrap_or(Nanos::ZERO);
    let warmup_at_most = warmup::at_most(measure, stop)?.map(|most| most + ramp);
    let warmup = warmup + ramp;
    let seed = measure.machine.seed.unwrap_or(surroundings.random_seed);
    let (payload, envelope) = payload::of(&measure.payload, seed, find)?;
    let connect = measure.connect.connect(measure.url.as_ref())?;
    let upgrade = measure.connect.upgrade(find)?;
    let follow = measure.connect.follow();
    let tls = measure
        .connect
        .tls
        .plan(measure.url.as_ref(), follow.is_some(), connect.http)?;
    let arrival_arg = measure.pressure.arrival;
    let asked = &measure.pressure.sessions;
    let sessions = modes::sessions(asked, &measure.amount, arrival_arg)?;
    let connections = match sessions {
        Some(sessions) => {
            let lasts = stop.duration().unwrap_or(Nanos::ZERO) + warmup;
            asked.max_sessions.unwrap_or_else(|| sessions.places(lasts))
        }
        None => concurrency(measure.amount.connections.unwrap_or(CONNECTIONS), stop),
    };
    let process = server_process(&measure.server, measure.url.as_ref())?;
    let cores = cores(
        &measure.machine,
        measure.server.server_cpus.as_ref(),
        measure
            .url
            .as_ref()
            .map(|url| Neighbourhood::of(&connect.route, url)),
        ThreadBound::of(connections, sessions, &arrival),
        &surroundings.cpus,
    )?;
    let (server, target) = match (&measure.url, cores.server) {
        (Some(url), _) => (ServerUnderTest::At(url.clone()), url.clone()),
        (None, server) => (ServerUnderTest::Embedded(server), target_to_come()),
    };
    let mut spec = PlanSpec::against(target);
    spec.name.clone_from(&measure.output.name);
    spec.stop = stop;
    spec.warmup = WarmUp {
        least: warmup,
        at_most: warmup_at_most,
        found: None,
    };
    spec.clients.connections = connections;
    spec.clients.lifetime = sessions.map_or(lifetime(&measure.amount), Lifetime::Scheduled);
    spec.clients.churn = modes::churn(asked, arrival_arg)?;
    spec.clients.arrival = arrival;
    spec.clients.think = think;
    spec.clients.exchange.payload = payload;
    spec.clients.exchange.envelope = envelope;
    spec.clients.login = measure.payload.workload.login(find)?;
    (spec.upgrade, spec.connect, spec.tls) = (upgrade, connect, tls);
    (spec.threads, spec.cpus) = (cores.threads, cores.cpus);
    spec.seed = seed;
    spec.interval = match measure.ending.until {
        // The rule is asked after each, so they are short however far the limit is.
        Some(_) => interval(stop).min(WATCHED_INTERVAL),
        None => interval(stop),
    };
    carried_over(measure, &mut spec);
    fill_workload(measure, scenario, find, &mut spec)?;
    let fleet = fleet::order(measure, &mut spec)?;
    Ok(RunOrder {
        server,
        process,
        follow: follow.filter(|_| fleet.is_none()),
        fleet,
        plan: spec.check()?,
    })
}

/// Writes into the plan what flows on its connections: by the mode, by the scenario, and by what
/// outweighs that.
///
/// # Errors
/// Flags that do not go with the mode.
fn fill_workload(
    measure: &Measure,
    scenario: Option<&Scenario>,
    find: &dyn Lookup,
    spec: &mut PlanSpec,
) -> Result<(), UsageError> {
    let pushes = &measure.payload.pushes;
    spec.clients.exchange.flow = modes::flow(measure.payload.mode());
    if let Some(scenario) = scenario {
        scenario.fill(spec);
    }
    modes::readings(pushes, &mut spec.clients.exchange.flow, scenario)?;
    modes::mix(&pushes.mix, spec);
    let exchange = &mut spec.clients.exchange;
    let workload = &measure.payload.workload;
    exchange.rooms = workload.rooms_beside(exchange.rooms.take())?;
    exchange.unit = measure.payload.workload.unit.unwrap_or(exchange.unit);
    if exchange.audience != Audience::Sender {
        exchange.numbered = match &measure.payload.at {
            Some(Correlation::Number(at)) => Some(at.clone()),
            Some(Correlation::Order) => return Err(UsageError::OrderOfMany),
            None => exchange.numbered.take(),
        };
    }
    if let (Some(end), Some(request)) = (&measure.payload.end, &mut exchange.request) {
        request.end = Some(Arc::new(awaited("--end", end, find)?));
    }
    if let Some(ack) = &measure.payload.workload.ack {
        if !matches!(
            measure.payload.mode(),
            ModeArg::Broadcast | ModeArg::Pubsub | ModeArg::Oneway
        ) {
            return Err(UsageError::AckFlag);
        }
        exchange.ack = Some(Arc::new(awaited("--ack", ack, find)?));
        // What is acknowledged is answered by that.
        exchange.flow = Flow::Answered;
    }
    if let Some(until) = &measure.ending.until
        && !until.is_of(&spec.clients)
    {
        let (flag, name) = ("--until", until.name());
        return Err(UsageError::NotOfLoad { flag, name });
    }
    Ok(())
}

/// Settings that stand in a plan as they stand in the flags.
fn carried_over(measure: &Measure, spec: &mut PlanSpec) {
    spec.pace = measure.pressure.pace.map_or(Pace::Auto, Pace::from);
    spec.busy_poll = measure.machine.busy_poll;
    spec.timestamps = measure.machine.timestamps.into();
    spec.raw_log = measure.log.log.is_some();
    measure.expect.carried_over(spec);
    spec.shows_secrets = measure.output.show_secrets;
    let clients = &mut spec.clients;
    clients.keep_alive = measure.connect.keep_alive;
    clients.returns = measure.pressure.sessions.returns.returns();
    clients.timeout = measure.machine.timeout;
    clients.fragment = measure.payload.fragment;
    clients.compression = measure.payload.compress;
    clients.exchange.verify = measure.payload.verify.into();
    clients.exchange.audience = match measure.payload.mode() {
        ModeArg::Broadcast => Audience::All,
        ModeArg::Pubsub => Audience::Room,
        _ => Audience::Sender,
    };
    if measure.payload.mode() == ModeArg::Ping {
        clients.keep_alive.get_or_insert(PING_EVERY);
    }
    let is_request = measure.payload.mode() == ModeArg::Request;
    clients.exchange.request = is_request.then(|| ByNumber {
        at: measure
            .payload
            .at
            .clone()
            .unwrap_or_else(Correlation::usual),
        failed: measure.payload.failed.clone(),
        end: None,
    });
}

/// Lifetime of connections.
fn lifetime(amount: &AmountArgs) -> Lifetime {
    match amount.clients {
        None => Lifetime::Held,
        Some(_) => Lifetime::Replaced {
            round_trips: amount.roundtrips.unwrap_or(DEFAULT_ROUNDTRIPS),
        },
    }
}

/// Process of the server, as far as the flags say.
fn server_process(args: &ServerArgs, url: Option<&Target>) -> Result<ServerProcess, UsageError> {
    let cpus = args.server_cpus.clone();
    match (&args.exec, args.server_pid) {
        (Some(_), Some(_)) => Err(UsageError::ExecAndPid),
        (Some(_), None) if url.is_none() => Err(UsageError::ServerWithoutUrl { flag: "--exec" }),
        (None, Some(_)) if url.is_none() => Err(UsageError::ServerWithoutUrl {
            flag: "--server-pid",
        }),
        (Some(command), None) => Ok(ServerProcess::Exec {
            command: command.clone(),
            cpus: cpus.map_or_else(Vec::new, |cpus| cpus.0),
        }),
        (None, pid) => match cpus.filter(|_| url.is_some()) {
            Some(cpus) => Err(UsageError::CpusOfRunningServer { cpus }),
            None => Ok(pid.map_or(ServerProcess::Unknown, ServerProcess::Named)),
        },
    }
}

/// Times at which messages are due: by a schedule where a rate or stages are given, else when
/// answers come.
fn arrival(pressure: &PressureArgs, warmup: Nanos) -> Result<Arrival, UsageError> {
    let stages = match (pressure.rate, &pressure.stages) {
        (Some(_), Some(_)) => return Err(UsageError::RateAnd { flag: "--stages" }),
        (Some(rate), None) => vec![(Nanos::MAX, rate)],
        (None, Some(Stages(stages))) => stages.clone(),
        (None, None) => return closed_loop(pressure),
    };
    let closed_loop_flags = [
        (pressure.depth.is_some(), "--depth"),
        (pressure.think.is_some(), "--think"),
    ];
    if let Some((_, flag)) = closed_loop_flags.into_iter().find(|(given, _)| *given) {
        return Err(UsageError::ClosedLoopFlag { flag });
    }
    let first = stages[0].1;
    let ramp = pressure.ramp.map(|length| Stretch {
        length,
        from_per_s: 0.0,
        to_per_s: first,
    });
    let level = |(length, rate)| Stretch::level(length, rate);
    // The warm-up is at the first rate. A schedule that never ends needs no stretch for it.
    let warm = (stages[0].0 < Nanos::MAX).then(|| Stretch::level(warmup, first));
    let stretches = ramp
        .into_iter()
        .chain(warm)
        .chain(stages.into_iter().map(level))
        .collect();
    Ok(Arrival::Open {
        schedule: Schedule {
            process: modes::process(pressure.arrival),
            stretches,
        },
        max_in_flight: pressure.max_in_flight.unwrap_or(defaults::MAX_IN_FLIGHT),
    })
}

fn closed_loop(pressure: &PressureArgs) -> Result<Arrival, UsageError> {
    let open_loop_flags = [
        (
            pressure.arrival.is_some() && !pressure.sessions.has_schedule(),
            "--arrival",
        ),
        (pressure.ramp.is_some(), "--ramp"),
        (pressure.max_in_flight.is_some(), "--max-in-flight"),
        (
            pressure.pace.is_some() && think(pressure).is_none(),
            "--pace",
        ),
    ];
    match open_loop_flags.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(UsageError::OpenLoopFlag { flag }),
        None => Ok(Arrival::Closed {
            depth: pressure.depth.unwrap_or(1),
        }),
    }
}

/// The pause between an answer and the next message; one of no length is none.
fn think(pressure: &PressureArgs) -> Option<Think> {
    let SpanRange { least, most } = pressure.think?;
    (most > Nanos::ZERO).then_some(Think { least, most })
}

/// Connections at a time: there are never more than clients in all.
fn concurrency(connections: u32, stop: StopRule) -> u32 {
    match stop {
        StopRule::Clients(clients) => {
            u32::try_from(clients).map_or(connections, |clients| connections.min(clients))
        }
        StopRule::Messages(_) | StopRule::Duration(_) => connections,
    }
}

/// The limit of a run that goes on until its answer is known.
fn limit_of_until(measure: &Measure) -> Result<StopRule, UsageError> {
    let others = [
        (measure.amount.messages.is_some(), "--messages"),
        (measure.amount.clients.is_some(), "--clients"),
        (measure.amount.roundtrips.is_some(), "--roundtrips"),
        (measure.pressure.stages.is_some(), "--stages"),
    ];
    match others.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(UsageError::UntilAnd { flag }),
        None => {
            let limit = measure.amount.duration.unwrap_or(UNTIL_AT_MOST);
            Ok(StopRule::Duration(limit))
        }
    }
}

fn stop_rule(amount: &AmountArgs, pressure: &PressureArgs) -> Result<StopRule, UsageError> {
    let (stages, arrives) = (pressure.stages.as_ref(), pressure.sessions.arrive.is_some());
    if let Some(Stages(stages)) = stages {
        let others = [
            (amount.messages.is_some(), "--messages"),
            (amount.duration.is_some(), "--duration"),
            (amount.clients.is_some(), "--clients"),
        ];
        if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
            return Err(UsageError::StagesAnd { flag });
        }
        let lengths = stages.iter().map(|(length, _)| *length);
        return Ok(StopRule::Duration(
            lengths.fold(Nanos::ZERO, |sum, length| sum + length),
        ));
    }
    let Some(clients) = amount.clients else {
        if amount.roundtrips.is_some() && !arrives {
            return Err(UsageError::RoundtripsWithoutClients);
        }
        return match (amount.messages, amount.duration) {
            (Some(_), Some(_)) => Err(UsageError::MessagesAndDuration),
            (Some(messages), None) => Ok(StopRule::Messages(messages)),
            (None, duration) => Ok(StopRule::Duration(duration.unwrap_or(DEFAULT_DURATION))),
        };
    };
    if amount.messages.is_some() {
        return Err(UsageError::ClientsAnd { flag: "--messages" });
    }
    if amount.duration.is_some() {
        return Err(UsageError::ClientsAnd { flag: "--duration" });
    }
    Ok(StopRule::Clients(clients))
}

/// Makes sure that all cores that a flag names are among those that this process may use.
///
/// # Errors
/// [`UsageError::NoSuchCpu`] with the first that is not.
pub(crate) fn check_cpus(
    flag: &'static str,
    pin: &[usize],
    allowed: &[usize],
) -> Result<(), UsageError> {
    match pin.iter().find(|cpu| !allowed.contains(cpu)) {
        None => Ok(()),
        Some(&cpu) => Err(UsageError::NoSuchCpu {
            flag,
            cpu,
            allowed: CpuList(allowed.to_vec()),
        }),
    }
}

/// Division of the cores.
struct CoreDivision {
    threads: u32,
    cpus: Vec<usize>,
    server: EmbeddedCores,
}

/// Threads that the connections may be shared out among at most.
#[derive(Clone, Copy)]
struct ThreadBound {
    connections: u32,
    /// The same where no number was given.
    unless_told: u32,
}

impl ThreadBound {
    fn of(connections: u32, sessions: Option<Sessions>, arrival: &Arrival) -> Self {
        Self {
            connections,
            unless_told: threads_at_most(connections, sessions, arrival),
        }
    }
}

/// Divides the machine between the generator and a server that shares it.
fn cores(
    args: &MachineArgs,
    server: Option<&CpuList>,
    server_is: Option<Neighbourhood>,
    bound: ThreadBound,
    allowed: &[usize],
) -> Result<CoreDivision, UsageError> {
    let pinned = args.pin.as_ref().map(|pin| pin.0.as_slice());
    let reserved = server.map_or(&[][..], |server| server.0.as_slice());
    check_cpus("--pin", pinned.unwrap_or_default(), allowed)?;
    check_cpus("--server-cpus", reserved, allowed)?;
    let half = (allowed.len() / 2).max(1);
    let shares_machine = server_is != Some(Neighbourhood::Elsewhere);
    let unreserved: Vec<usize> = allowed
        .iter()
        .copied()
        .filter(|cpu| !reserved.contains(cpu))
        .collect();
    let cpus: Vec<usize> = match pinned {
        Some(pin) => pin.to_vec(),
        // Where the server was given all there is, the scheduler has to choose.
        None if !reserved.is_empty() => unreserved,
        None if server_is.is_none() && allowed.len() > 1 => allowed[..half].to_vec(),
        None => Vec::new(),
    };
    let threads = match args.threads {
        Threads::Exactly(threads) => threads,
        Threads::Auto if pinned.is_none() && !reserved.is_empty() => {
            (cpus.len().max(1) as u32).min(bound.unless_told)
        }
        Threads::Auto => own_threads(pinned, shares_machine, allowed).min(bound.unless_told),
    };
    // A server on the generator's own core could not be told from a slow generator; when no core
    // is left, the scheduler may at least choose.
    let free = allowed.iter().copied().filter(|cpu| !cpus.contains(cpu));
    let server_cpus: Vec<usize> = if !reserved.is_empty() {
        reserved.to_vec()
    } else if cpus.is_empty() {
        Vec::new()
    } else {
        free.collect()
    };
    Ok(CoreDivision {
        threads: threads.min(bound.connections),
        cpus,
        server: EmbeddedCores {
            threads: server_cpus.len().max(1) as u32,
            cpus: server_cpus,
        },
    })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod promised;
#[cfg(test)]
mod stored;
