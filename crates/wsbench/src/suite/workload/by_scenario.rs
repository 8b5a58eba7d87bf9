//! A workload that a scenario file says: what stands in the suite beside it outweighs that, as flags do on
//! the command line.

use std::path::{Path, PathBuf};

use toml::Spanned;
use wsbench_judge::ranking::metric;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Flow, LoginStep, PlanError, PlanSpec, StopRule, WarmUp};
use wsbench_record::ranking::{ScenarioFacts, WorkloadKind};
use wsbench_setting::Field;

use super::{
    AROUND_S, DURATION, SuiteTerms, WARM_UP, WorkloadParts, WorkloadReader, is_plain,
    target_to_come,
};
use crate::quantity::SizeRange;
use crate::scenario::{Scenario, ScenarioError};
use crate::suite::error::SuiteError;

impl WorkloadReader<'_> {
    /// The load that a scenario says, for the servers that speak its protocol.
    pub(super) fn scenario(&self, terms: &SuiteTerms<'_>) -> Result<WorkloadParts, SuiteError> {
        if let Some(text) = &self.file.text {
            let what = "the scenario says what its messages are; leave it out";
            return Err(self.source.fault("text", text, what));
        }
        let protocol = self.protocol()?.to_owned();
        let (file, mut scenario) = self.read_scenario(terms)?;
        let duration = self.window()?.or(scenario.duration);
        let duration = duration.unwrap_or(self.span("duration", None, DURATION)?);
        let warmup = self.span("warmup", self.file.warmup.as_ref(), WARM_UP)?;
        scenario.duration = Some(duration);
        self.outweigh(&mut scenario)?;
        let mut spec = scenario.against(target_to_come());
        (spec.stop, spec.warmup) = (StopRule::Duration(duration), WarmUp::of(warmup));
        let opened = self.rate("connect_rate", self.file.connect_rate.as_ref())?;
        spec.connect.rate_per_s = opened;
        self.expectations(&mut spec)?;
        self.check_flow(&spec)?;
        let checked = spec.clone().check();
        checked.map_err(|error| self.unmade(error, &scenario, terms))?;
        let opening_s = opened.map_or(0.0, |per_s| f64::from(spec.clients.connections) / per_s);
        let lasts = duration + warmup + settles(&spec);
        Ok(WorkloadParts {
            kind: WorkloadKind::Scenario,
            scenario: Some(ScenarioFacts {
                file: file.get_ref().clone(),
                digest: scenario.digest(),
                protocol,
                contest: metric::contest_of(&spec.clients),
            }),
            spec,
            search: None,
            duration_s: duration.as_secs_f64(),
            expected_s: lasts.as_secs_f64() + opening_s + AROUND_S,
        })
    }

    /// The name of what its servers speak.
    fn protocol(&self) -> Result<&str, SuiteError> {
        let Some(protocol) = &self.file.protocol else {
            let what = "a workload of kind \"scenario\" says what its servers speak: the name of one of the \
                        `protocols` in their server.toml, or \"echo\" or \"broadcast\"; add one, like \
                        protocol = \"socket.io\"";
            return Err(self.source.fault_in(self.span.clone(), "kind", what));
        };
        let name = protocol.get_ref();
        if !is_plain(name) {
            let what = format!(
                "'{name}' is no name of a protocol; letters, digits, '-', '_' and '.' make one"
            );
            return Err(self.source.fault("protocol", protocol, what));
        }
        Ok(name)
    }

    /// The scenario, and how the suite names it.
    fn read_scenario(
        &self,
        terms: &SuiteTerms<'_>,
    ) -> Result<(&Spanned<String>, Scenario), SuiteError> {
        let Some(file) = &self.file.scenario else {
            let what = "a workload of kind \"scenario\" needs the file that says its load; add one, like \
                        scenario = \"rooms.toml\"";
            return Err(self.source.fault_in(self.span.clone(), "kind", what));
        };
        // So it stands in the command that makes such a run by hand.
        let path = match terms.home == Path::new(".") {
            true => PathBuf::from(file.get_ref()),
            false => terms.home.join(file.get_ref()),
        };
        let read = Scenario::read(&path, terms.find);
        let read = read.map_err(|error| match error {
            // It is told with its own file, line and key.
            ScenarioError::Line(fault) => SuiteError::Line(fault),
            other => self.source.fault("scenario", file, other),
        });
        Ok((file, read?))
    }

    /// Puts what the workload says of how much and how hard in the place of what the scenario says.
    fn outweigh(&self, scenario: &mut Scenario) -> Result<(), SuiteError> {
        let file = self.file;
        if let Some(given) = &file.connections {
            let connections = self.count("connections", Some(given), 1)?;
            let fault = |what: &str| Err(self.source.fault("connections", given, what));
            if scenario.sessions.per_s.is_some() {
                return fault(
                    "how many clients are there at a time follows from how many come, which the scenario says \
                     (arrive); leave it out",
                );
            }
            if !scenario.set_connections(connections) {
                return fault(
                    "the scenario has several kinds of clients; say there how many of each, and leave it out",
                );
            }
        }
        if let Some(depth) = &file.depth {
            if file.rate.is_some() {
                let what =
                    "messages at a rate are sent whatever is answered; leave one of the two out";
                return Err(self.source.fault("depth", depth, what));
            }
            scenario.depth = Some(self.count("depth", Some(depth), 1)?);
            scenario.rate_per_s = None;
        }
        if let Some(rate) = self.rate("rate", file.rate.as_ref())? {
            (scenario.rate_per_s, scenario.depth) = (Some(rate), None);
        }
        if let Some(size) = &file.size {
            if scenario.says_messages() {
                let what =
                    "the scenario says its messages whole; change them there, or leave it out";
                return Err(self.source.fault("size", size, what));
            }
            let (min, max) = (self.size()?, self.size()?);
            scenario.size = Some(SizeRange { min, max });
        }
        Ok(())
    }

    /// Refuses what is of messages that clients send, where they send none.
    fn check_flow(&self, spec: &PlanSpec) -> Result<(), SuiteError> {
        let file = self.file;
        if spec.clients.exchange.flow == Flow::Answered {
            return Ok(());
        }
        let given = [
            ("rate", file.rate.as_ref().map(Spanned::span)),
            ("size", file.size.as_ref().map(Spanned::span)),
            ("depth", file.depth.as_ref().map(Spanned::span)),
        ];
        let given = given.into_iter().find_map(|(key, span)| Some((key, span?)));
        given.map_or(Ok(()), |(key, span)| {
            let what = "the clients of the scenario send no messages; leave it out";
            Err(self.source.at(span.start, key, what))
        })
    }

    /// Why a scenario makes no plan, at the line that says the setting: of the workload where that outweighs
    /// the scenario, else of the scenario.
    fn unmade(&self, error: PlanError, scenario: &Scenario, terms: &SuiteTerms<'_>) -> SuiteError {
        let what = terms.commands.reason(error.why);
        if let Some((key, at)) = self.said(error.field) {
            return self.source.at(at, key, what);
        }
        match scenario.fault(error.field, &what) {
            Some(ScenarioError::Line(fault)) => SuiteError::Line(fault),
            _ => self.source.fault_in(
                self.span.clone(),
                "scenario",
                format!("{}: {what}", error.field),
            ),
        }
    }

    /// The key by which the workload says a setting, and its place; `None` where it does not.
    fn said(&self, field: Field) -> Option<(&'static str, usize)> {
        let file = self.file;
        let (key, span) = match field {
            Field::Connections => ("connections", file.connections.as_ref().map(Spanned::span)),
            Field::Arrival | Field::Schedule => ("rate", file.rate.as_ref().map(Spanned::span)),
            Field::Depth => ("depth", file.depth.as_ref().map(Spanned::span)),
            Field::MaxSize => ("size", file.size.as_ref().map(Spanned::span)),
            Field::Stop | Field::Duration => {
                ("duration", file.duration.as_ref().map(Spanned::span))
            }
            Field::WarmUp => ("warmup", file.warmup.as_ref().map(Spanned::span)),
            Field::ConnectRate => (
                "connect_rate",
                file.connect_rate.as_ref().map(Spanned::span),
            ),
            Field::Unordered => ("expect", file.expect.as_ref().map(Spanned::span)),
            Field::Greeting => ("greeting", file.greeting.as_ref().map(Spanned::span)),
            _ => return None,
        };
        Some((key, span?.start))
    }
}

/// Pauses of a client behind what it says before its load, in which nothing else is done.
fn settles(spec: &PlanSpec) -> Nanos {
    let clients = &spec.clients;
    let of_roles = clients.roles.iter().map(|role| role.join.steps());
    let pauses = |steps: &[LoginStep]| {
        let each = steps.iter().map(|step| match step {
            LoginStep::Settle(length) => *length,
            LoginStep::Send(_) | LoginStep::Expect(_) => Nanos::ZERO,
        });
        each.fold(Nanos::ZERO, |sum, length| sum + length)
    };
    let longest = of_roles.map(pauses).max();
    pauses(clients.login.steps()) + longest.unwrap_or(Nanos::ZERO)
}
