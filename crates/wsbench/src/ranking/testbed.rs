//! This machine as the testbed of a ranking: one server up at a time, pinned, watched, and gone
//! with all that it has started when its turn is over.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use wsbench_drive::port::free_port;
use wsbench_drive::resolve::{Resolved, resolve};
use wsbench_drive::run::StopSignal;
use wsbench_experiment::find;
use wsbench_experiment::rank::{LedgerEntry, Place, PlannedRun, RankEvent, Testbed, Trouble};
use wsbench_experiment::target::exec::{ExecError, StartedServer};
use wsbench_judge::doctor;
use wsbench_judge::ranking::{failed_record, run_record, search_record};
use wsbench_load::plan::{Family, Plan, PlanError};
use wsbench_load::route::Target;
use wsbench_record::doctor::Level;
use wsbench_record::document::{Ended, RunContext};
use wsbench_record::gate::Stamp;
use wsbench_record::ranking::{RunRecord, WorkloadKind};
use wsbench_setting::Spelling;

use super::install::{Installer, Installing, supervisor};
use super::state::StateFile;
use crate::cores::EmbeddedCores;
use crate::embedded::EmbeddedServer;
use crate::error::BenchError;
use crate::helpers::{Helpers, Serving};
use crate::machine::asked;
use crate::observer::Observer;
use crate::runner::{LocalRunner, RunnerParts};
use crate::server_process::RunningServer;
use crate::story::story;
use crate::suite::{Contestant, Load, Suite};

/// The time after which a pause looks for somebody who asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// This machine.
pub struct LocalTestbed<'a> {
    suite: &'a Suite,
    circumstances: &'a Circumstances,
    installer: Installer<'a>,
    state: Option<StateFile>,
    /// The hearer of how the ranking is going.
    told: Box<dyn FnMut(&RankEvent<'_>) + 'a>,
    /// The observers of the runs, while no server is up.
    observers: Vec<Box<dyn Observer>>,
    began: Instant,
    /// The server that is up.
    up: Option<Up>,
}

/// The surroundings of all runs of a ranking.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The signal that stops it.
    pub stop: StopSignal,
    /// The surroundings that all documents tell of.
    pub context: RunContext,
    /// The programs that start and end servers.
    pub helpers: Arc<dyn Helpers>,
    /// The words for settings in what is said of the runs.
    pub spelling: &'static dyn Spelling,
    /// The permission to install servers, or the reason against it.
    pub installing: Installing,
}

/// A server that is up.
struct Up {
    runner: LocalRunner,
    target: Target,
}

impl<'a> LocalTestbed<'a> {
    /// This machine, for this suite.
    pub fn new(
        suite: &'a Suite,
        circumstances: &'a Circumstances,
        state: Option<StateFile>,
        told: impl FnMut(&RankEvent<'_>) + 'a,
    ) -> Self {
        let installing = circumstances.installing.clone();
        Self {
            suite,
            circumstances,
            installer: Installer::new(installing, circumstances.helpers.as_ref()),
            state,
            told: Box::new(told),
            observers: Vec::new(),
            began: Instant::now(),
            up: None,
        }
    }

    /// Adds an observer to those of every run.
    pub fn observe(&mut self, observer: impl Observer + 'static) {
        self.observers.push(Box::new(observer));
    }

    /// The state that was kept of it, once what is done on this machine is over.
    pub fn into_state(self) -> Option<StateFile> {
        self.state
    }

    /// Waits for the suite's pause, unless somebody asks to stop.
    fn pause(&self) {
        let until = Instant::now() + self.suite.pause;
        while !self.is_interrupted() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(GLANCE));
        }
    }

    fn started(&self, server: &Contestant) -> Result<(RunningServer, Target), Trouble> {
        let spelling = self.circumstances.spelling;
        let helpers = self.circumstances.helpers.as_ref();
        let cores = self.suite.server_cores.as_ref();
        if server.facts.is_control {
            let cores = EmbeddedCores {
                threads: cores.map_or(1, |cores| cores.0.len() as u32),
                cpus: cores.map_or_else(Vec::new, |cores| cores.0.clone()),
            };
            let serving = Serving::on(cores).broadcasting(server.duty.is_to_many());
            let server = EmbeddedServer::start(&serving, Some(helpers));
            let server = server.map_err(failed(spelling))?;
            let target = server.target().clone();
            return Ok((RunningServer::Embedded(server), target));
        }
        let mut random = fastrand::Rng::new();
        let port = free_port(|below| random.u16(..below)).map_err(failed(spelling))?;
        let no_url = || Trouble::Failed("its URL is none".to_owned());
        let target = server.target(port).ok_or_else(no_url)?;
        let addresses = resolve(&target, Family::Any)
            .map_err(failed(spelling))?
            .addresses;
        let command = &server.facts.start;
        let mut starter = supervisor(helpers, server, command, cores).map_err(failed(spelling))?;
        starter.env("PORT", port.to_string());
        let said = tempfile::tempfile().map_err(failed(spelling))?;
        let within = server.ready_within.unwrap_or(self.suite.limits.start);
        let is_stopped = || self.is_interrupted();
        let started = StartedServer::start(starter, command, &addresses, said, within, is_stopped);
        match started {
            Ok(started) => Ok((RunningServer::Started(started), target)),
            Err(ExecError::Interrupted) => Err(Trouble::Interrupted),
            Err(ExecError::Ended { said, .. }) => Err(Trouble::Failed(format!(
                "it ended before it listened on port {port}{said}"
            ))),
            Err(ExecError::NotReady { said, .. }) => Err(Trouble::Failed(format!(
                "it did not listen on port {port} within {:.0} s{said}",
                within.as_secs_f64()
            ))),
            Err(error) => Err(failed(spelling)(error)),
        }
    }

    /// The server that is up, with the plan of a run.
    fn ready(
        &mut self,
        server: usize,
        load: &Load,
        seed: u64,
    ) -> Result<(&mut Up, OrderedRun), Trouble> {
        let spelling = self.circumstances.spelling;
        let nothing_up = || Trouble::Failed("the server is not up".to_owned());
        let up = self.up.as_mut().ok_or_else(nothing_up)?;
        let order = OrderedRun::of(load, &self.suite.servers[server], &up.target, seed);
        Ok((up, order.map_err(failed(spelling))?))
    }
}

/// A run that is to be made.
enum OrderedRun {
    Run(Box<Plan>),
    Search(Box<find::Settings>),
}

impl OrderedRun {
    /// The run that a workload asks of a server.
    fn of(load: &Load, server: &Contestant, target: &Target, seed: u64) -> Result<Self, PlanError> {
        let plan = server.asked(&load.spec, target, seed).check()?;
        Ok(match &load.search {
            None => Self::Run(Box::new(plan)),
            Some(search) => Self::Search(Box::new(search.settings(plan))),
        })
    }

    fn plan(&self) -> &Plan {
        match self {
            Self::Run(plan) => plan,
            Self::Search(settings) => &settings.plan,
        }
    }
}

impl Testbed for LocalTestbed<'_> {
    fn now_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn is_interrupted(&self) -> bool {
        self.circumstances.stop.is_requested()
    }

    fn install(&mut self, server: usize) -> Result<Option<String>, Trouble> {
        let server = &self.suite.servers[server];
        if server.facts.is_control {
            return Ok(server.facts.version.clone());
        }
        self.installer
            .install(server, &self.suite.limits, &self.circumstances.stop)
    }

    fn start(&mut self, server: usize) -> Result<f64, Trouble> {
        self.stop();
        self.pause();
        if self.is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        let begun = Instant::now();
        let (server, target) = self.started(&self.suite.servers[server])?;
        let ready_s = begun.elapsed().as_secs_f64();
        let runner = LocalRunner::of(RunnerParts {
            server,
            stop: self.circumstances.stop.clone(),
            context: self.circumstances.context.clone(),
            bound: Some(self.suite.limits.run),
            until: None,
            observers: std::mem::take(&mut self.observers),
            helpers: Some(Arc::clone(&self.circumstances.helpers)),
            carrier: None,
            spelling: self.circumstances.spelling,
        });
        self.up = Some(Up { runner, target });
        Ok(ready_s)
    }

    fn gate(&mut self, server: usize) -> Result<Stamp, Trouble> {
        let spelling = self.circumstances.spelling;
        // Any workload's plan serves: the gate takes its target, headers and seed.
        let suite = self.suite;
        let (up, order) = self.ready(server, &suite.workloads[0], 1)?;
        let resolved = prepared(up, order.plan(), spelling)?;
        let examined = up.runner.examine(order.plan(), &resolved);
        let stamp = examined.map_err(failed(spelling))?;
        if self.is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        Ok(stamp)
    }

    fn run(&mut self, server: usize, run: &PlannedRun, place: Place) -> Result<RunRecord, Trouble> {
        let spelling = self.circumstances.spelling;
        let suite = self.suite;
        let load = &suite.workloads[run.workload];
        let name = &suite.servers[server].facts.name;
        let limit = suite.limits.run;
        let (up, order) = self.ready(server, load, run.seed)?;
        let settings = match order {
            OrderedRun::Run(plan) => {
                let resolved = prepared(up, &plan, spelling)?;
                let measured = up.runner.carry_out(&plan, &resolved);
                let document = measured.map_err(failed(spelling))?;
                let last_words = up.runner.last_words();
                let is_cut_off = document.ended == Ended::Interrupted;
                if is_cut_off && self.is_interrupted() {
                    return Err(Trouble::Interrupted);
                }
                let Place { round, number } = place;
                let mut record = run_record(&document, name, &load.facts, round, number);
                if is_cut_off {
                    let words = format!("it was not over after {:.0} s", limit.as_secs_f64());
                    record = failed_record(name, &load.facts, round, number, &words);
                }
                if let Some(failed) = &mut record.failed {
                    failed.push_str(&last_words);
                }
                return Ok(record);
            }
            OrderedRun::Search(settings) => settings,
        };
        let started_at = super::now_rfc3339();
        let found = find::find(&settings, &mut up.runner).map_err(failed(spelling));
        if self.is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        let place = (place.round, place.number);
        let of = (name.as_str(), &load.facts);
        Ok(search_record(&found?, of, place, run.seed, &started_at))
    }

    fn stop(&mut self) {
        if let Some(up) = self.up.take() {
            self.observers = up.runner.into_observers();
        }
    }

    fn keep(&mut self, entry: &LedgerEntry) -> Result<(), String> {
        let Some(state) = &mut self.state else {
            return Ok(());
        };
        let kept = state.append(entry);
        kept.map_err(|error| format!("{}: {error}", state.path().display()))
    }

    fn told(&mut self, event: &RankEvent<'_>) {
        (self.told)(event);
    }
}

/// Makes sure that this machine has what a plan needs, and finds the server's address.
fn prepared(up: &Up, plan: &Plan, spelling: &dyn Spelling) -> Result<Resolved, Trouble> {
    up.runner.prepare(plan).map_err(failed(spelling))
}

/// Tells an error as the trouble that it is, in these words.
fn failed<E: std::error::Error + 'static>(spelling: &dyn Spelling) -> impl Fn(E) -> Trouble {
    move |error| Trouble::Failed(story(&error, spelling))
}

/// Looks at this machine before anything is started: refuses what is certain to fail, and gives
/// what is to be doubted.
///
/// # Errors
/// A workload that this machine has no room for, or that makes no run.
pub fn preflight(
    suite: &Suite,
    context: &RunContext,
    spelling: &dyn Spelling,
) -> Result<Vec<String>, BenchError> {
    let mut doubts = Vec::new();
    // Every server's plans are made once, so that none is found wanting in the tenth round.
    for server in suite.servers.iter().filter(|it| !it.facts.is_control) {
        let target = server.target(1);
        for load in &suite.workloads {
            let Some(target) = &target else { continue };
            let order = OrderedRun::of(load, server, target, 1)?;
            let plan = order.plan();
            crate::preflight::check(plan, &context.host, spelling)?;
            let is_storm = load.facts.kind == WorkloadKind::Storm;
            for check in doctor::settings(&context.host, &asked(plan, true), spelling) {
                // Each workload has its own connections, and one storm follows the other.
                let words = format!("{} ({}); {}", check.seen, check.rule, check.fix);
                let is_new = !doubts.contains(&words);
                if check.level == Level::Warning && is_new && !is_storm {
                    doubts.push(words);
                }
            }
        }
    }
    Ok(doubts)
}
