//! One run carried out by several processes in one world: each has its own share of the workers, and nothing
//! else in common with the others than the server and the beginning of the load.

use std::cell::RefCell;
use std::convert::Infallible;

use wsbench_drive::coordination::{Begin, Coordination};
use wsbench_drive::crew::{Crew, CrewTerms, Equipment, Part};
use wsbench_drive::run::{RunObserver, StopSignal};
use wsbench_load::exchange::mixed::Mixed;
use wsbench_load::meter::WarmUpAnswers;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::quota::Quota;
use wsbench_load::result::{Ended, Progress};
use wsbench_load::tally::LogRecord;

use crate::engine::Attended;
use crate::scenario::Scenario;
use crate::world::World;
use crate::{EPOCH_NS, RIGHT, counting_stopwatch, take_turns, tells_arrivals};

/// Time at which the load of all processes begins.
const BEGINS: Nanos = Nanos::from_secs(1);

/// A process that knows beforehand when the load begins.
#[derive(Debug)]
struct Appointed {
    before: u32,
    workers: u32,
}

impl Coordination for Appointed {
    fn quota(&self, plan: &Plan) -> Quota {
        Quota::of_workers(plan, self.before, self.workers)
    }

    fn all_settled(&self, _: Nanos, _: u64) -> Begin {
        Begin::At(BEGINS)
    }

    fn warmed(&self, _: WarmUpAnswers, _: Nanos) -> Option<Nanos> {
        None
    }

    fn ended(&self, _: Ended) {}
}

struct Deaf;

impl RunObserver for Deaf {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}

/// The parts that the workers of several processes hand over, in the order in which they do; `homes` are
/// the workers of each process, by their numbers. The load begins a second after the run.
///
/// # Panics
/// As [`run`](crate::run) does.
#[must_use]
pub fn handed_apart(plan: &Plan, scenario: Scenario, homes: &[Vec<u32>]) -> Vec<Part> {
    let stop = StopSignal::new();
    let world = World::new(
        scenario,
        plan.threads as usize,
        plan.seed,
        stop.clone(),
        None,
    );
    let world = RefCell::new(world);
    let (mut workers, mut intakes, mut before) = (Vec::new(), Vec::new(), 0);
    for home in homes {
        let terms = CrewTerms {
            stop: stop.clone(),
            coordination: Box::new(Appointed {
                before,
                workers: home.len() as u32,
            }),
            peer: "simulated".into(),
            started_at_unix_ns: EPOCH_NS,
            workers: home.clone(),
        };
        before += home.len() as u32;
        let Ok(crew) = Crew::<_, Mixed>::new(plan, terms, |share| {
            Ok::<_, Infallible>(Equipment {
                engine: Attended::new(&world, share.worker, tells_arrivals(plan)),
                stopwatch: counting_stopwatch(),
            })
        });
        workers.extend(home.iter().copied().zip(crew.workers));
        intakes.push(crew.intake);
    }
    workers.sort_by_key(|(number, _)| *number);
    let workers = workers.into_iter().map(|(_, worker)| worker).collect();
    let mut parts = Vec::new();
    take_turns(workers, &world, || {
        for intake in &mut intakes {
            while let Ok(part) = intake.next(std::time::Duration::ZERO) {
                parts.push(part.clone());
                intake.take(part, &mut Deaf).expect(RIGHT);
            }
        }
    });
    let end = world.into_inner().end();
    for intake in intakes {
        assert_eq!(intake.missing(), [], "{RIGHT}");
        let _ = intake.finish(end, &mut Deaf);
    }
    parts
}
