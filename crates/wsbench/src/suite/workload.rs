//! A workload of a suite: as what a run of it is to do, and as facts for the reports.
//!
//! Among the facts is the command by which one run of it is made by hand. It is printed from the
//! plan, so what a report says of a workload can be typed, and makes the same plan.

mod by_scenario;

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use wsbench_experiment::find;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Encoding, Lifetime, Payload, Plan, PlanSpec, StopRule, WarmUp, Why,
};
use wsbench_load::template::Lookup;
use wsbench_record::objective::Objective;
use wsbench_record::ranking::{ScenarioFacts, Workload, WorkloadKind};
use wsbench_record::search::Over;
use wsbench_setting::Field;

use super::error::{Source, SuiteError};
use super::file::{Kind, WorkloadFile};
use super::server::{Duty, is_plain};
use crate::amount::Amount;
use crate::cores::threads_for;
use crate::defaults::{self, interval, target_to_come};
use crate::quantity::{self, CpuList};

/// Connections of a workload of kind "idle".
const IDLE_CONNECTIONS: u32 = 1_000;
/// The time that opening, draining and closing take at a guess, s.
const AROUND_S: f64 = 0.3;
/// Clients a second that are expected of a server nobody knows.
const CLIENTS_PER_S: f64 = 1_500.0;
/// A search's first trials are so much shorter than the search.
const TRIALS: u64 = 10;
/// Kinds whose window and warm-up have a length that can be given.
const TIMED: [Kind; 6] = [
    Kind::Closed,
    Kind::Open,
    Kind::Idle,
    Kind::Limit,
    Kind::Broadcast,
    Kind::Scenario,
];
/// Length of a window that nothing is said of.
const DURATION: &str = "2s";
/// Load before a window where nothing is said of it.
const WARM_UP: &str = "500ms";
/// Bounds of their length.
const TRIAL: Range<Nanos> = Nanos::from_millis(300)..Nanos::from_secs(5);

/// A workload.
#[derive(Clone, Debug)]
pub struct Load {
    /// For the reports.
    pub facts: Workload,
    /// The settings of a run, against whatever server.
    pub spec: PlanSpec,
    /// The search that it is, where it is one.
    pub search: Option<RateSearch>,
    /// The time that a run takes at a guess, s.
    pub expected_s: f64,
    /// The task of the servers that it is for.
    pub(super) duty: Duty,
}

/// A search for the greatest rate under an objective.
#[derive(Clone, Debug)]
pub struct RateSearch {
    /// The objectives, which have to hold.
    objective: Objective,
    /// The same as the suite writes it.
    slo: String,
    /// Length of a first trial.
    length: Nanos,
    /// The longest that the search may take.
    limit: Nanos,
}

/// The commands by which a workload is carried out by hand, as reports and results name them.
pub trait Commands: std::fmt::Debug {
    /// The command that starts the embedded server in this duty on these cores; on any where there are
    /// none.
    fn serve(&self, cores: &[usize], duty: &Duty) -> String;

    /// The command of one run as `spec` says.
    fn run(&self, spec: &PlanSpec) -> String;

    /// The command of a search for the greatest rate under this objective, in trials as `spec`
    /// says, within this limit.
    fn search(&self, spec: &PlanSpec, objective: &str, limit: Nanos) -> String;

    /// The words for what is wrong with a setting of a plan.
    fn reason(&self, why: Why) -> String;

    /// The name of a setting of a plan.
    fn setting(&self, field: Field) -> String;
}

impl RateSearch {
    /// The objective, as the suite writes it.
    #[must_use]
    pub fn objective(&self) -> &str {
        &self.slo
    }

    /// The longest that the search may take.
    #[must_use]
    pub fn limit(&self) -> Nanos {
        self.limit
    }

    /// The search in trials like `plan`.
    pub fn settings(&self, plan: Plan) -> find::Settings {
        find::Settings {
            plan,
            over: Over::Rate,
            objectives: vec![self.objective],
            process: Process::Poisson,
            max_in_flight: defaults::MAX_IN_FLIGHT,
            start: None,
            resolution: defaults::RESOLUTION,
            length: self.length,
            longest: Nanos(self.length.0.saturating_mul(defaults::LONGEST_TRIAL)),
            limit: self.limit,
            most_trials: defaults::TRIALS,
        }
    }
}

/// The part of a suite that bears on its workloads.
#[derive(Clone, Copy)]
pub(crate) struct SuiteTerms<'a> {
    /// The folder of the suite.
    pub(crate) home: &'a Path,
    /// Values that the texts of scenarios may name.
    pub(crate) find: &'a dyn Lookup,
    /// Rounds of the suite.
    pub(crate) rounds: u32,
    /// Its objective, as written and as understood.
    pub(crate) slo: Option<(&'a str, &'a Objective)>,
    /// The generator's cores.
    pub(crate) cores: Option<&'a CpuList>,
    /// Cores that the generator may use on the machine that it is read on.
    pub(crate) cpus: &'a [usize],
    /// The commands of its workloads.
    pub(crate) commands: &'a dyn Commands,
}

/// Reads a workload.
///
/// # Errors
/// A value that is none, a key that its kind does not have, one that it needs and has not.
pub(crate) fn load(
    source: &Source<'_>,
    entry: &Spanned<WorkloadFile>,
    terms: &SuiteTerms<'_>,
) -> Result<Load, SuiteError> {
    let reader = WorkloadReader {
        source,
        span: entry.span(),
        file: entry.get_ref(),
    };
    reader.check_name()?;
    reader.check_keys()?;
    let parts = match reader.file.kind {
        Kind::Closed => reader.closed()?,
        Kind::Open => reader.open()?,
        Kind::Idle => reader.idle()?,
        Kind::Storm => reader.storm()?,
        Kind::Limit => reader.limit(terms)?,
        Kind::Broadcast => reader.broadcast()?,
        Kind::Scenario => reader.scenario(terms)?,
    };
    Ok(reader.load(parts, terms))
}

/// The differences between kinds of workloads.
struct WorkloadParts {
    kind: WorkloadKind,
    spec: PlanSpec,
    search: Option<RateSearch>,
    duration_s: f64,
    expected_s: f64,
    scenario: Option<ScenarioFacts>,
}

/// A workload that is being read.
struct WorkloadReader<'a> {
    source: &'a Source<'a>,
    span: Range<usize>,
    file: &'a WorkloadFile,
}

impl WorkloadReader<'_> {
    fn load(&self, parts: WorkloadParts, terms: &SuiteTerms<'_>) -> Load {
        let mut spec = parts.spec;
        if let Some(cores) = terms.cores {
            spec.cpus.clone_from(&cores.0);
        }
        spec.threads = threads_for(&spec, terms.cpus);
        spec.interval = interval(spec.stop);
        let asked = self.file.rounds.as_ref().map(|it| *it.get_ref());
        let (rate_per_s, clients) = (rate_of(&spec), &spec.clients);
        Load {
            facts: Workload {
                name: self.file.name.get_ref().clone(),
                kind: parts.kind,
                connections: clients.connections,
                depth: match clients.arrival {
                    Arrival::Closed { depth } => depth,
                    Arrival::Open { .. } => 1,
                },
                size_bytes: clients.exchange.payload.max_len() as u64,
                rate_per_s,
                duration_s: parts.duration_s,
                warmup_s: spec.warmup.least.as_secs_f64(),
                rounds: asked.map_or(terms.rounds, |rounds| rounds.min(terms.rounds)),
                command: match &parts.search {
                    None => terms.commands.run(&spec),
                    Some(search) => terms.commands.search(&spec, &search.slo, search.limit),
                },
                scenario: parts.scenario.clone(),
            },
            duty: match (parts.kind, &parts.scenario) {
                (_, Some(scenario)) => Duty::named(&scenario.protocol),
                (WorkloadKind::Broadcast, _) => Duty::Broadcast,
                _ => Duty::Echo,
            },
            spec,
            search: parts.search,
            expected_s: parts.expected_s,
        }
    }

    fn check_name(&self) -> Result<(), SuiteError> {
        let name = self.file.name.get_ref();
        if !is_plain(name) {
            let what = format!(
                "'{name}' is no name of a workload; letters, digits, '-', '_' and '.' make one"
            );
            return Err(self.source.fault("name", &self.file.name, what));
        }
        if let Some(rounds) = self.file.rounds.as_ref().filter(|it| *it.get_ref() == 0) {
            let what = "a workload takes part in one round at least; leave it out of the suite, or \
                        give rounds = 1";
            return Err(self.source.fault("rounds", rounds, what));
        }
        Ok(())
    }

    /// Refuses what would be ignored.
    fn check_keys(&self) -> Result<(), SuiteError> {
        let file = self.file;
        let given = [
            (
                "depth",
                file.depth.as_ref().map(Spanned::span),
                &[Kind::Closed, Kind::Scenario][..],
            ),
            (
                "rate",
                file.rate.as_ref().map(Spanned::span),
                &[Kind::Open, Kind::Idle, Kind::Broadcast, Kind::Scenario],
            ),
            (
                "connect_rate",
                file.connect_rate.as_ref().map(Spanned::span),
                &[Kind::Idle, Kind::Scenario],
            ),
            (
                "clients",
                file.clients.as_ref().map(Spanned::span),
                &[Kind::Storm],
            ),
            (
                "duration",
                file.duration.as_ref().map(Spanned::span),
                &TIMED,
            ),
            ("warmup", file.warmup.as_ref().map(Spanned::span), &TIMED),
            (
                "scenario",
                file.scenario.as_ref().map(Spanned::span),
                &[Kind::Scenario],
            ),
            (
                "protocol",
                file.protocol.as_ref().map(Spanned::span),
                &[Kind::Scenario],
            ),
        ];
        for (key, span, kinds) in given {
            let Some(span) = span else { continue };
            if !kinds.contains(&file.kind) {
                let of: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("\"{}\"", kind.word()))
                    .collect();
                let what = format!(
                    "a workload of kind \"{}\" has none, only {}; leave it out",
                    file.kind.word(),
                    of.join(" and ")
                );
                let value = Spanned::new(span, ());
                return Err(self.source.fault(key, &value, what));
            }
        }
        Ok(())
    }

    fn closed(&self) -> Result<WorkloadParts, SuiteError> {
        let depth = self.count("depth", self.file.depth.as_ref(), 1)?;
        let mut parts = self.timed(WorkloadKind::Closed, 64, WARM_UP)?;
        parts.spec.clients.arrival = Arrival::Closed { depth };
        Ok(parts)
    }

    fn open(&self) -> Result<WorkloadParts, SuiteError> {
        self.at_a_rate(WorkloadKind::Open, 64, "5k")
    }

    fn broadcast(&self) -> Result<WorkloadParts, SuiteError> {
        let mut parts = self.at_a_rate(WorkloadKind::Broadcast, 100, "20")?;
        parts.spec.clients.exchange.audience = Audience::All;
        Ok(parts)
    }

    /// Messages at the rate that the workload gives, such as `example`.
    fn at_a_rate(
        &self,
        kind: WorkloadKind,
        connections: u32,
        example: &str,
    ) -> Result<WorkloadParts, SuiteError> {
        let Some(rate) = self.rate("rate", self.file.rate.as_ref())? else {
            let of = self.file.kind.word();
            let what = format!(
                "a workload of kind \"{of}\" needs a rate over all connections; add one, like \
                 rate = \"{example}\""
            );
            return Err(self.source.fault_in(self.span.clone(), "rate", what));
        };
        let mut parts = self.timed(kind, connections, WARM_UP)?;
        parts.spec.clients.arrival = open_loop(rate);
        Ok(parts)
    }

    fn idle(&self) -> Result<WorkloadParts, SuiteError> {
        let rate = self.rate("rate", self.file.rate.as_ref())?;
        let opened = self.rate("connect_rate", self.file.connect_rate.as_ref())?;
        let opened = opened.unwrap_or(1_000.0);
        let mut parts = self.timed(WorkloadKind::Idle, IDLE_CONNECTIONS, "0s")?;
        parts.spec.clients.arrival = open_loop(rate.unwrap_or(100.0));
        parts.spec.connect.rate_per_s = Some(opened);
        parts.expected_s += f64::from(parts.spec.clients.connections) / opened;
        Ok(parts)
    }

    fn storm(&self) -> Result<WorkloadParts, SuiteError> {
        let clients = self.count("clients", self.file.clients.as_ref(), 1_000)?;
        let mut spec = self.spec(64)?;
        spec.stop = StopRule::Clients(clients.into());
        spec.clients.lifetime = Lifetime::Replaced { round_trips: 1 };
        // There are never more connections than clients in all.
        let connections = spec.clients.connections.min(clients);
        spec.clients.connections = connections;
        Ok(WorkloadParts {
            kind: WorkloadKind::Storm,
            spec,
            search: None,
            // It lasts as long as the server needs.
            duration_s: 0.0,
            expected_s: f64::from(clients) / CLIENTS_PER_S + AROUND_S,
            scenario: None,
        })
    }

    fn limit(&self, terms: &SuiteTerms<'_>) -> Result<WorkloadParts, SuiteError> {
        let Some((slo, objective)) = terms.slo else {
            let what = "a workload of kind \"limit\" needs the suite's objective; add one above, \
                        like slo = \"p99<5ms\"";
            return Err(self.source.fault_in(self.span.clone(), "kind", what));
        };
        let mut spec = self.spec(64)?;
        let limit = self.span("duration", self.file.duration.as_ref(), "15s")?;
        let warmup = self.span("warmup", self.file.warmup.as_ref(), WARM_UP)?;
        let trial = Nanos(limit.0 / TRIALS).max(TRIAL.start).min(TRIAL.end);
        if limit < trial + warmup {
            let what = "a search is shorter than one trial with its warm-up; give 5s at least";
            return Err(self.source.fault_in(self.span.clone(), "duration", what));
        }
        let length = Nanos::from_millis(trial.0 / 1_000_000);
        (spec.stop, spec.warmup) = (StopRule::Duration(length), WarmUp::of(warmup));
        Ok(WorkloadParts {
            kind: WorkloadKind::Limit,
            spec,
            search: Some(RateSearch {
                objective: *objective,
                slo: slo.to_owned(),
                length,
                limit,
            }),
            duration_s: limit.as_secs_f64(),
            expected_s: limit.as_secs_f64() + AROUND_S,
            scenario: None,
        })
    }

    /// The settings that all workloads with a window have in common.
    fn timed(
        &self,
        kind: WorkloadKind,
        connections: u32,
        warmup: &str,
    ) -> Result<WorkloadParts, SuiteError> {
        let mut spec = self.spec(connections)?;
        let duration = self
            .window()?
            .unwrap_or(self.span("duration", None, DURATION)?);
        let warmup = self.span("warmup", self.file.warmup.as_ref(), warmup)?;
        (spec.stop, spec.warmup) = (StopRule::Duration(duration), WarmUp::of(warmup));
        let duration_s = duration.as_secs_f64();
        Ok(WorkloadParts {
            kind,
            spec,
            search: None,
            duration_s,
            expected_s: duration_s + warmup.as_secs_f64() + AROUND_S,
            scenario: None,
        })
    }

    /// The length of the window, where the workload gives one.
    fn window(&self) -> Result<Option<Nanos>, SuiteError> {
        let Some(given) = &self.file.duration else {
            return Ok(None);
        };
        let window = self.span("duration", Some(given), DURATION)?;
        if window == Nanos::ZERO {
            let what = "a window has a length; give a longer one, like \"2s\"";
            return Err(self.source.fault("duration", given, what));
        }
        Ok(Some(window))
    }

    /// The settings that all workloads have in common.
    fn spec(&self, connections: u32) -> Result<PlanSpec, SuiteError> {
        let mut spec = PlanSpec::against(target_to_come());
        let given = self.file.connections.as_ref();
        spec.clients.connections = self.count("connections", given, connections)?;
        let size = self.size()?;
        spec.clients.exchange.payload = Payload::Generated {
            encoding: match &self.file.text {
                Some(text) if !*text.get_ref() => Encoding::Binary,
                _ => Encoding::Text,
            },
            min: size,
            max: size,
            ascii: false,
        };
        self.expectations(&mut spec)?;
        Ok(spec)
    }

    /// Puts into a task in which its servers do otherwise than an echo.
    fn expectations(&self, spec: &mut PlanSpec) -> Result<(), SuiteError> {
        if let Some(expect) = &self.file.expect {
            if expect.get_ref() != "unordered" {
                let what = "only \"unordered\" can be expected here; write that, or leave it out";
                return Err(self.source.fault("expect", expect, what));
            }
            spec.expect.unordered = true;
        }
        if let Some(greeting) = &self.file.greeting {
            let read = quantity::greeting(&greeting.get_ref().words());
            let read = read.map_err(|error| self.source.fault("greeting", greeting, error))?;
            spec.clients.exchange.greeting = Some(read);
        }
        Ok(())
    }

    fn count(
        &self,
        key: &str,
        value: Option<&Spanned<u32>>,
        default: u32,
    ) -> Result<u32, SuiteError> {
        match value {
            None => Ok(default),
            Some(value) if *value.get_ref() == 0 => {
                Err(self
                    .source
                    .fault(key, value, "0 is too few; give 1 at least"))
            }
            Some(value) => Ok(*value.get_ref()),
        }
    }

    fn size(&self) -> Result<u32, SuiteError> {
        let Some(value) = &self.file.size else {
            return Ok(defaults::SIZE);
        };
        let size = quantity::message_size(&value.get_ref().words());
        size.map_err(|error| self.source.fault("size", value, error))
    }

    fn span(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        default: &str,
    ) -> Result<Nanos, SuiteError> {
        let words = value.map_or(default, |value| value.get_ref());
        match (quantity::span(words), value) {
            (Ok(span), _) => Ok(span),
            (Err(error), Some(value)) => Err(self.source.fault(key, value, error)),
            (Err(error), None) => Err(self.source.fault_in(self.span.clone(), key, error)),
        }
    }

    fn rate(&self, key: &str, value: Option<&Spanned<Amount>>) -> Result<Option<f64>, SuiteError> {
        let Some(value) = value else { return Ok(None) };
        match quantity::rate_per_s(&value.get_ref().words()) {
            Ok(rate) => Ok(Some(rate)),
            Err(error) => Err(self.source.fault(key, value, error)),
        }
    }
}

/// An open loop at one rate, as of independent users.
fn open_loop(per_s: f64) -> Arrival {
    Arrival::Open {
        schedule: Schedule {
            process: Process::Poisson,
            stretches: vec![Stretch::level(Nanos::MAX, per_s)],
        },
        max_in_flight: defaults::MAX_IN_FLIGHT,
    }
}

/// The rate of an open loop at one rate.
fn rate_of(spec: &PlanSpec) -> Option<f64> {
    match &spec.clients.arrival {
        Arrival::Closed { .. } => None,
        Arrival::Open { schedule, .. } => Some(schedule.stretches.first()?.to_per_s),
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Idle => "idle",
            Self::Storm => "storm",
            Self::Limit => "limit",
            Self::Broadcast => "broadcast",
            Self::Scenario => "scenario",
        }
    }
}
