//! Plans of many command lines and of every suite, as they were when they were stored.
//!
//! A line of `tests/golden/plans.txt` that begins with `$ ` is a command line, and the line below it
//! its plan; `tests/golden/suites.txt` is the same of suites. `WSBENCH_BLESS=1` stores them anew.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../tests/golden/mod.rs"]
mod golden;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use golden::Golden;
use serde_json::{Value, json};
use wsbench_load::plan::{Pem, Plan, PlanSpec};

use super::{RunOrder, ServerProcess, ServerUnderTest, Surroundings, order, target_to_come};
use crate::args::Measure;
use crate::command_line::{Cli, Command};
use crate::commands::find::settings_of;
use crate::legacy::{self, Legacy};
use crate::spelling::{self, ByHand};
use wsbench::suite::{Choices, Load, Suite};

/// All that a plan says, as JSON: as documents store it, and what they do not.
fn plan_json(plan: &Plan) -> Value {
    let mut json = serde_json::to_value(plan.redacted()).unwrap();
    // These have joined since, and say no more than what follows.
    for joined in ["pace", "timestamps", "proxy_login", "tls"] {
        json.as_object_mut().unwrap().remove(joined);
    }
    let tls = &plan.tls;
    let length = |pem: &Pem| pem.bytes().unwrap().len();
    json["not_in_documents"] = json!({
        "pace": format!("{:?}", plan.pace),
        "timestamps": format!("{:?}", plan.timestamps),
        "is_secure": plan.target.secure,
        "proxy_login": plan.connect.route.proxy.as_ref().map(|proxy| proxy.login.is_some()),
        "tls": {
            "server_name": tls.server_name,
            "verify": tls.verify,
            "authorities_bytes": tls.authorities.as_ref().map(length),
            "certificate_bytes": tls.identity.as_ref().map(|own| length(&own.certificates)),
            "key_bytes": tls.identity.as_ref().map(|own| own.key.reveal().unwrap().len()),
            "versions": format!("{:?}", tls.versions),
            "alpn": tls.alpn,
            "resumes": tls.resumes,
        },
    });
    json
}

/// A machine with four cores.
fn surroundings() -> Surroundings {
    Surroundings {
        cpus: vec![0, 1, 2, 3],
        random_seed: 7,
    }
}

/// An order as JSON, or why there is none.
fn order_json(measure: &Measure) -> Value {
    let order = match order(measure, &surroundings()) {
        Ok(order) => order,
        Err(refused) => return json!({ "refused": refused.to_string() }),
    };
    let process = match &order.process {
        ServerProcess::Unknown => Value::Null,
        ServerProcess::Named(pid) => json!({ "pid": pid }),
        ServerProcess::Exec { command, cpus } => json!({ "command": command, "cpus": cpus }),
        other => panic!("a process that no flag makes: {other:?}"),
    };
    let follow = order.follow.as_ref().map(|follow| format!("{follow:?}"));
    let target = match &order.server {
        ServerUnderTest::At(target) => target.clone(),
        ServerUnderTest::Embedded(_) => target_to_come(),
    };
    let embedded = embedded_json(&order);
    let is_embedded = matches!(order.server, ServerUnderTest::Embedded(_));
    let mut plan = plan_json(&order.plan_against(target).unwrap());
    if is_embedded {
        plan["url"] = "ws://:0".into(); // as what is not known yet was written
    }
    json!({ "plan": plan, "process": process, "follow": follow, "embedded": embedded })
}

fn embedded_json(order: &RunOrder) -> Value {
    match &order.server {
        ServerUnderTest::At(_) => Value::Null,
        ServerUnderTest::Embedded(cores) => json!({
            "threads": cores.threads,
            "cpus": cores.cpus,
            "is_compressed": order.plan.clients.compression.is_some(),
        }),
    }
}

/// What is made of a command line without its program's name.
pub(super) fn made_of(words: &[String]) -> Value {
    let program = ["wsbench".to_owned()];
    let words: Vec<OsString> = program.iter().chain(words).map(OsString::from).collect();
    if legacy::is_legacy(&words) {
        return match Legacy::try_parse_from(&words).unwrap().into_measure() {
            Ok(measure) => order_json(&measure),
            Err(refused) => json!({ "refused": refused.to_string() }),
        };
    }
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return json!({ "refused": error.to_string().lines().next() }),
    };
    let Some(Command::Find(args)) = cli.command else {
        return order_json(&cli.measure);
    };
    let mut json = order_json(&args.load.measure(args.length()));
    // Its plan is what was compared; what stands around it is told as the code tells it.
    let order = order(&args.load.measure(args.length()), &surroundings()).unwrap();
    let plan = order.plan_against(target_to_come()).unwrap();
    let settings = settings_of(&args, plan).unwrap();
    json["find"] = json!({
        "over": format!("{:?}", settings.over),
        "objectives": format!("{:?}", settings.objectives),
        "max_in_flight": settings.max_in_flight,
        "start": settings.start,
        "resolution": settings.resolution,
        "length_ns": settings.length.0,
        "longest_ns": settings.longest.0,
        "limit_ns": settings.limit.0,
        "most_trials": settings.most_trials,
    });
    json
}

#[test]
fn every_command_line_makes_the_plan_that_is_stored() {
    let stored = fs::read_to_string(golden::folder().join("plans.txt")).unwrap();
    let lines = golden::command_lines(&stored);
    assert!(lines.len() >= 200, "{}", lines.len());
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "$ {line}\n{}", made_of(&golden::words(&line)));
    }
    let mut golden = Golden::default();
    golden.compare("plans.txt", &text);
    golden.end();
}

/// The suites of this project, in order.
fn suites() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "toml"));
    paths.sort();
    paths
}

/// The flags that make a run of a workload as `spec` says, which is the workload's or follows from
/// it.
fn words_of(load: &Load, spec: &PlanSpec) -> Vec<String> {
    match &load.search {
        None => spelling::words(spec, &surroundings()),
        Some(search) => {
            let objectives = [search.objective().to_owned()];
            spelling::find_words(spec, &objectives, search.limit())
        }
    }
}

/// A suite and all that it makes each of its servers go through.
fn write_suite(text: &mut String, path: &Path) {
    let choices = Choices::default();
    let suite = Suite::read(path, &choices, &ByHand(surroundings()), &|_: &str| None).unwrap();
    let _ = writeln!(
        text,
        "suite {}",
        serde_json::to_value(suite.facts()).unwrap()
    );
    let (limits, pause) = (suite.limits, suite.pause);
    let _ = writeln!(text, "limits {limits:?}, pause {pause:?}");
    let address = ["ws://127.0.0.1:9/", "--seed", "1"].map(str::to_owned);
    for server in &suite.servers {
        let facts = serde_json::to_value(&server.facts).unwrap();
        let _ = writeln!(text, "server {facts}");
        let target = wsbench::target::target(&address[0]).unwrap();
        for load in &suite.workloads {
            let spec = server.asked(&load.spec, &target, 1);
            let words = [&words_of(load, &spec)[..], &address].concat();
            let (line, made) = (words.join(" "), made_of(&words));
            // What the suite makes of it is what the words make.
            let plan = plan_json(&spec.check().unwrap());
            assert_eq!(plan, made["plan"], "{line}");
            if !server.asks_for_something() && !server.facts.is_control {
                continue;
            }
            let _ = writeln!(text, "$ {line}\n{made} expected {}", load.expected_s);
        }
    }
}

#[test]
fn every_suite_makes_the_plans_that_are_stored() {
    let mut text = String::new();
    for path in suites() {
        write_suite(&mut text, &path);
    }
    // Scenarios are named by where their suite is.
    let text = text.replace(concat!(env!("CARGO_MANIFEST_DIR"), "/../../"), "");
    assert!(golden::command_lines(&text).len() > 10, "{text}");
    let mut golden = Golden::default();
    golden.compare("suites.txt", &text);
    golden.end();
}
