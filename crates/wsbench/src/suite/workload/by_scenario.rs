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
            if scenario.takes_no_size() {
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
        if let Some(depth) = file.depth.as_ref().filter(|_| spec.clients.is_fanned_out()) {
            let what = "messages for many are sent at a rate, whatever is on its way; leave it out";
            return Err(self.source.fault("depth", depth, what));
        }
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
                format!("{} {what}", terms.commands.setting(error.field)),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;
    use wsbench_load::plan::{Arrival, Why};
    use wsbench_record::ranking::Contest;

    use super::*;
    use crate::suite::{Choices, Commands, Duty, Suite};

    /// Commands that nobody types.
    #[derive(Debug)]
    struct Nameless;

    impl Commands for Nameless {
        fn serve(&self, _: &[usize], duty: &Duty) -> String {
            format!("serve {}", duty.name())
        }

        fn run(&self, spec: &PlanSpec) -> String {
            format!("run {}", spec.scenario.as_deref().unwrap_or_default())
        }

        fn search(&self, _: &PlanSpec, _: &str, _: Nanos) -> String {
            "search".to_owned()
        }

        fn reason(&self, why: Why) -> String {
            why.to_string()
        }

        fn setting(&self, field: Field) -> String {
            field.to_string()
        }
    }

    const ROOMS: &str = r#"rooms = { count = 5 }
duration = "3s"
login = [{ send = '{"join":"{room}","as":"{env:TOKEN}"}', expect = "joined" }, { settle = "200ms" }]
[headers]
X-Token = "{env:TOKEN}"
X-Kind = "rooms"
[[clients]]
count = 20
roles = ["publish", "subscribe"]
rate = "50/s"
message = '{"room":"{room}","text":"{tag}{fill}"}'
"#;

    const ASKED: &str = r#"[[clients]]
count = 8
roles = ["request"]
depth = 2
message = '{"id":{id}}'
"#;

    const PARTS: &str = r#"[[clients]]
count = 3
roles = ["publish"]
rate = 5
[[clients]]
count = 4
roles = ["subscribe"]
"#;

    const SEVERAL: &str = r#"[[clients]]
count = 3
roles = ["publish", "subscribe"]
rate = 5
[[clients]]
count = 3
roles = ["publish", "subscribe"]
rate = 5
size = 300
"#;

    const PUSHED: &str = r#"[[clients]]
count = 3
roles = ["subscribe"]
stamp = "json:/T:us"
"#;

    const COMING: &str = r#"[[clients]]
arrive = "5/s"
roles = ["echo"]
"#;

    const SUITE: &str = r#"schema = "wsbench.suite/1"
name = "mine"
[[workload]]
name = "w"
kind = "scenario"
scenario = "rooms.toml"
protocol = "chat"
[[server]]
name = "one"
library = "x"
language = "C"
cores = "one"
url = "ws://127.0.0.1:{port}/"
headers = ["x-kind: {env:TOKEN}"]
[server.protocols]
chat = "exec ./chat"
"#;

    fn place() -> TempDir {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("rooms.toml", ROOMS),
            ("asked.toml", ASKED),
            ("parts.toml", PARTS),
            ("several.toml", SEVERAL),
            ("pushed.toml", PUSHED),
            ("coming.toml", COMING),
            ("wrong.toml", "[[clients]]\ncount = 3\nroles = []\n"),
        ] {
            fs::write(place.path().join(name), text).unwrap();
        }
        place
    }

    fn read(place: &TempDir, text: &str) -> Result<Suite, SuiteError> {
        let environment = |name: &str| (name == "TOKEN").then(|| "open sesame".to_owned());
        let path = place.path().join("suite.toml");
        Suite::parse(&path, text, &Choices::default(), &Nameless, &environment)
    }

    /// A suite with these lines in its workload, in the place of what stands there.
    fn with(from: &str, to: &str) -> String {
        assert!(SUITE.contains(from), "{from}");
        SUITE.replace(from, to)
    }

    #[test]
    fn a_workload_is_what_its_scenario_says_for_the_servers_that_speak_its_protocol() {
        let place = place();
        let suite = read(&place, SUITE).unwrap();
        assert_eq!(suite.servers.len(), 1, "the control does not speak it");
        assert_eq!(suite.servers[0].facts.start, "exec ./chat");
        assert!(!suite.duty.is_examined());
        let load = &suite.workloads[0];
        let facts = &load.facts;
        assert_eq!((facts.connections, facts.rate_per_s), (20, Some(50.0)));
        assert_eq!((facts.duration_s, facts.warmup_s), (3.0, 0.5));
        assert!((load.expected_s - 4.0).abs() < 1e-9, "{}", load.expected_s);
        let scenario = facts.scenario.as_ref().unwrap();
        assert_eq!(scenario.contest, Contest::Deliveries);
        assert_eq!(
            (&*scenario.file, &*scenario.protocol),
            ("rooms.toml", "chat")
        );
        assert!(facts.command.ends_with("/rooms.toml"), "{}", facts.command);
        let target = suite.servers[0].target(7).unwrap();
        let plan = suite.servers[0].asked(&load.spec, &target, 1).check();
        let plan = plan.unwrap();
        // The server's own header outweighs the scenario's of that name, and no credential is kept.
        let names: Vec<&str> = plan.upgrade.headers.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["x-kind", "X-Token"]);
        let told = serde_json::to_string(&(suite.facts(), suite.server_facts())).unwrap();
        let stored = serde_json::to_string(&plan.redacted()).unwrap();
        assert!(!told.contains("sesame") && !stored.contains("sesame"));
        // Another text is another ranking, which does not continue this one.
        let changed = ROOMS.replace("count = 5", "count = 4");
        fs::write(place.path().join("rooms.toml"), changed).unwrap();
        let again = read(&place, SUITE).unwrap();
        assert_ne!(again.facts(), suite.facts());
    }

    #[test]
    fn the_keys_of_a_workload_outweigh_its_scenario() {
        let place = place();
        let keys = "protocol = \"chat\"\nconnections = 30\nrate = 70\nsize = \"1k\"\nduration = \"1s\"\n\
                    warmup = \"0s\"\nconnect_rate = 100";
        let suite = read(&place, &with("protocol = \"chat\"", keys)).unwrap();
        let facts = &suite.workloads[0].facts;
        assert_eq!((facts.connections, facts.rate_per_s), (30, Some(70.0)));
        assert_eq!((facts.size_bytes, facts.duration_s), (1024, 1.0));
        assert_eq!(facts.warmup_s, 0.0);
        let asked = with("rooms.toml", "asked.toml");
        let suite = read(&place, &asked).unwrap();
        assert_eq!(suite.workloads[0].facts.depth, 2);
        let suite = read(&place, &asked.replace("\"chat\"", "\"chat\"\nrate = 9")).unwrap();
        let load = &suite.workloads[0];
        assert!(matches!(load.spec.clients.arrival, Arrival::Open { .. }));
        let contest = |load: &super::super::Load| load.facts.scenario.as_ref().map(|it| it.contest);
        assert_eq!(contest(load), Some(Contest::Times));
        let suite = read(&place, &asked.replace("\"chat\"", "\"chat\"\ndepth = 9")).unwrap();
        assert_eq!(suite.workloads[0].facts.depth, 9);
        let suite = read(&place, &with("rooms.toml", "pushed.toml")).unwrap();
        assert_eq!(contest(&suite.workloads[0]), Some(Contest::PushAges));
    }

    /// A change of the suite, and what is said of it.
    const MISTAKES: &[(&str, &str, &str)] = &[
        (
            "scenario = \"rooms.toml\"\n",
            "",
            "suite.toml:5: kind: a workload of kind \"scenario\" needs the file",
        ),
        (
            "protocol = \"chat\"\n",
            "",
            "suite.toml:5: kind: a workload of kind \"scenario\" says what its servers speak",
        ),
        (
            "protocol = \"chat\"",
            "protocol = \"a b\"",
            "suite.toml:7: protocol: 'a b' is no name of a protocol",
        ),
        (
            "protocol = \"chat\"",
            "protocol = \"mail\"",
            "suite.toml:9: server: it has no 'mail' in its `protocols`",
        ),
        (
            "protocol = \"chat\"",
            "protocol = \"echo\"",
            "suite.toml:9: server: it has no `start`",
        ),
        ("rooms.toml", "nobody.toml", "nobody.toml cannot be read"),
        (
            "rooms.toml",
            "wrong.toml",
            "wrong.toml:3: roles: it is empty",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\ntext = true\n[[",
            "suite.toml:8: text: the scenario says what its messages are",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\nclients = 3\n[[",
            "suite.toml:8: clients: a workload of kind \"scenario\" has none",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\nrate = 3\ndepth = 2\n[[",
            "suite.toml:9: depth: messages at a rate",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\ndepth = 2\n[[",
            "suite.toml:8: depth: messages for many are sent at a rate",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\nrate = 0\n[[",
            "suite.toml:8: rate: ",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\nduration = \"0s\"\n[[",
            "suite.toml:8: duration: a window has a length",
        ),
        (
            "\"chat\"\n[[",
            "\"chat\"\nconnections = 2\n[[",
            "suite.toml:6: scenario: clients.exchange.rooms is above 2",
        ),
        (
            "\"rooms.toml\"\nprotocol = \"chat\"",
            "\"parts.toml\"\nprotocol = \"chat\"\nconnections = 9",
            "suite.toml:8: connections: the scenario has several kinds",
        ),
        (
            "\"rooms.toml\"\nprotocol = \"chat\"",
            "\"coming.toml\"\nprotocol = \"chat\"\nconnections = 9",
            "suite.toml:8: connections: how many clients are there",
        ),
        (
            "\"rooms.toml\"\nprotocol = \"chat\"",
            "\"asked.toml\"\nprotocol = \"chat\"\nsize = 9",
            "suite.toml:8: size: the scenario says its messages whole",
        ),
        (
            "\"rooms.toml\"\nprotocol = \"chat\"",
            "\"several.toml\"\nprotocol = \"chat\"\nsize = 90",
            "suite.toml:8: size: the scenario says its messages whole",
        ),
        (
            "\"rooms.toml\"\nprotocol = \"chat\"",
            "\"pushed.toml\"\nprotocol = \"chat\"\nsize = 9",
            "suite.toml:8: size: the clients of the scenario send no messages",
        ),
        (
            "[[server]]",
            "[[workload]]\nname = \"c\"\nkind = \"closed\"\n[[server]]",
            "suite.toml:9: name: it is for servers of 'echo', and the workloads before it are for those of \
             'chat'",
        ),
        (
            "chat = \"exec",
            "\"a b\" = \"exec",
            "suite.toml:16: a b: 'a b' is no name of a protocol",
        ),
        (
            "chat = \"exec",
            "broadcast = \"exec",
            "suite.toml:16: broadcast: the command that starts it as a server of 'broadcast' is its `broadcast`",
        ),
        (
            "[server.protocols]\nchat = \"exec ./chat\"\n",
            "",
            "suite.toml:9: name: the server has no command that starts it",
        ),
        (
            "{env:TOKEN}",
            "{env:NO_TOKEN}",
            "suite.toml:14: headers: the value of x-kind: the environment has no NO_TOKEN",
        ),
    ];

    #[test]
    fn every_mistake_is_named_with_its_file_line_and_key() {
        let place = place();
        for (from, to, words) in MISTAKES.iter().copied() {
            let told = read(&place, &with(from, to));
            let told = told.map_or_else(|error| error.to_string(), |_| String::new());
            assert!(told.contains(words), "{from} → {to}: {told}");
        }
    }

    #[test]
    fn the_control_takes_part_where_it_speaks_the_protocol() {
        let place = place();
        let names = |protocol: &str| {
            let suite = with("chat", protocol);
            let suite = read(&place, &suite).unwrap();
            let names = suite.servers.iter().map(|it| it.facts.start.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("mail"), ["exec ./mail"]);
        assert_eq!(names("wsbench"), ["exec ./wsbench", "serve wsbench"]);
    }
}
