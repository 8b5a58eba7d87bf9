//! Experiments over real sockets: every observer hears of every run.

use std::cell::RefCell;
use std::rc::Rc;

use wsbench::experiment::{Rounds, Step, Terms, compare, repeat, sweep};
use wsbench::plan::{Plan, Process, Target};
use wsbench::{
    Bench, Document, EmbeddedCores, EmbeddedServer, LocalRunner, Nanos, Observer, Progress,
    Serving, StopRule, Wish,
};

/// The moments that observers have heard of, in order, each with who heard it.
type Heard = Rc<RefCell<Vec<(&'static str, String)>>>;

/// An observer that writes down what it hears.
struct Witness {
    name: &'static str,
    heard: Heard,
    /// Whether progress of the run under way was heard of.
    has_progressed: bool,
}

impl Witness {
    fn hears(&self, what: impl Into<String>) {
        self.heard.borrow_mut().push((self.name, what.into()));
    }
}

impl Observer for Witness {
    fn begin(&mut self, plan: &Plan) {
        self.has_progressed = false;
        self.hears(format!("begin {}", plan.seed));
    }

    fn progress(&mut self, _: &Progress) -> Wish {
        self.has_progressed = true;
        Wish::Continue
    }

    fn end(&mut self, document: &Document) {
        assert!(self.has_progressed, "{} saw nothing of the run", self.name);
        self.hears(format!("end {}", document.seed));
    }

    fn step(&mut self, step: &Step<'_>) {
        self.hears(format!("step {} {}", step.name, step.document.seed));
    }
}

/// A runner with two witnesses, one of them added late, and the plan of a short run.
fn watched() -> (LocalRunner, Plan, Heard) {
    let heard = Heard::default();
    let witness = |name| Witness {
        name,
        heard: Rc::clone(&heard),
        has_progressed: false,
    };
    let mut bench = Bench::embedded();
    bench.spec().stop = StopRule::Duration(Nanos::from_millis(200));
    bench.spec().clients.connections = 2;
    let (mut runner, plan) = bench.observe(witness("first")).into_runner().unwrap();
    runner.observe(witness("second"));
    (runner, plan, heard)
}

/// Both have heard the same, each run from its beginning to its step; the names of the steps.
fn steps(heard: &Heard) -> Vec<String> {
    let heard = heard.borrow();
    let of = |name: &str| -> Vec<String> {
        let theirs = heard.iter().filter(|(who, _)| *who == name);
        theirs.map(|(_, what)| what.clone()).collect()
    };
    let first = of("first");
    assert_eq!(first, of("second"));
    let mut steps = Vec::new();
    for run in first.chunks(3) {
        let [begin, end, step] = run else {
            panic!("a run without a step: {run:?}");
        };
        let seed = begin.strip_prefix("begin ").unwrap();
        assert_eq!(*end, format!("end {seed}"));
        let name = step
            .strip_prefix("step ")
            .and_then(|it| it.strip_suffix(seed));
        steps.push(name.unwrap().trim_end().to_owned());
    }
    let mut seeds: Vec<&String> = first.iter().filter(|it| it.starts_with("begin")).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), steps.len(), "each run has a seed of its own");
    steps
}

#[test]
fn every_run_of_a_repetition_is_heard_of() {
    let (mut runner, plan, heard) = watched();
    let runs = repeat(&mut runner, &plan, 3).unwrap();
    assert_eq!(runs.len(), 3);
    assert_eq!(steps(&heard), ["run 1/3", "run 2/3", "run 3/3"]);
}

#[test]
fn every_run_of_a_comparison_is_heard_of() {
    let (mut runner, plan, heard) = watched();
    let other = EmbeddedServer::start(&Serving::on(EmbeddedCores::any()), None).unwrap();
    let target: &Target = other.target();
    let rounds = Rounds {
        b: plan.towards(target.clone()).unwrap(),
        a: plan,
        rounds: 2,
        limit_s: 3_600.0,
    };
    let compared = compare(&mut runner, &rounds, &Terms::default()).unwrap();
    assert_eq!((compared.a.runs.len(), compared.b.runs.len()), (2, 2));
    assert_eq!(compared.b.label, target.url());
    let mut steps = steps(&heard);
    // Which of the two begins is drawn.
    steps.sort_unstable();
    let expected = ["round 1/2 A", "round 1/2 B", "round 2/2 A", "round 2/2 B"];
    assert_eq!(steps, expected);
}

#[test]
fn every_run_of_a_sweep_is_heard_of() {
    let (mut runner, plan, heard) = watched();
    let settings = sweep::Settings {
        plan,
        rates: Some((50.0, 100.0)),
        points: 2,
        rounds: 1,
        objectives: Vec::new(),
        process: Process::Constant,
        max_in_flight: 16,
        length: Nanos::from_millis(200),
        limit: Nanos::from_secs(3_600),
    };
    let swept = sweep(&settings, &mut runner).unwrap();
    assert_eq!(swept.points.len(), 2);
    let steps = steps(&heard);
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps[0].starts_with("run 1/2 at "), "{steps:?}");
    assert!(steps[1].starts_with("run 2/2 at "), "{steps:?}");
}
