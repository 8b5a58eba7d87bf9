//! Observers of runs: whoever looks on, and may have the run end.
//!
//! They are a list. Each hears everything, in the order in which they were added, on the thread
//! that called for the run; what the run does is the strongest of their wishes.

use wsbench_drive::run::{self, StopSignal};
use wsbench_load::plan::Plan;
use wsbench_record::document::{Document, Server};

use crate::server_process::Costs;

pub use wsbench_drive::run::{Moment, Pulse};
pub use wsbench_experiment::runner::Step;
pub use wsbench_load::result::{Digest, Interval, Progress, RunResult, Stage};
pub use wsbench_load::tally::LogRecord;
pub use wsbench_record::gate::Stamp;

/// A wish of an observer, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Wish {
    /// Nothing shall change.
    #[default]
    Continue,
    /// The answer is known: the load is over as if the stop rule held, and the run is whole.
    Enough,
    /// No more of it: the run drains, reports, and is put down as interrupted.
    Stop,
}

/// An observer of runs. Every method has a default, so one says only what it is for.
///
/// All of it happens beside the load, on the thread that called for the run; an observer that
/// takes long delays the others, and never the load.
pub trait Observer {
    /// A run is about to begin.
    fn begin(&mut self, plan: &Plan) {
        let _ = plan;
    }

    /// The end of an interval of a run ([`PlanSpec::interval`](crate::PlanSpec::interval)), with all that was
    /// measured so far.
    fn progress(&mut self, progress: &Progress) -> Wish {
        let _ = progress;
        Wish::Continue
    }

    /// True of whoever wants to hear of the server's use: what nobody wants is not read.
    fn heeds_server(&self) -> bool {
        false
    }

    /// Use by the server's process in the window so far, where it is watched and wanted
    /// ([`Observer::heeds_server`]); heard before the progress of the same interval.
    fn server(&mut self, used: &Server) {
        let _ = used;
    }

    /// Times of single round trips, for a raw log; heard only where the plan asks for them
    /// ([`PlanSpec::raw_log`](crate::PlanSpec::raw_log)).
    fn log(&mut self, records: &[LogRecord]) -> Wish {
        let _ = records;
        Wish::Continue
    }

    /// A moment of a run at which something beside it may be looked at: every 100 ms, every 10 ms
    /// while connections are opened, and when the window opens and closes.
    fn pulse(&mut self, pulse: &Pulse) -> Wish {
        let _ = pulse;
        Wish::Continue
    }

    /// The result of a run that is over.
    fn end(&mut self, document: &Document) {
        let _ = document;
    }

    /// The conformance gate's verdict on the server, where it was asked for.
    fn gate(&mut self, stamp: &Stamp) {
        let _ = stamp;
    }

    /// A run of an experiment, and what the experiment will still take.
    fn step(&mut self, step: &Step<'_>) {
        let _ = step;
    }

    /// The last words of a server that was started for the runs and has died in one.
    fn server_died(&mut self, last_words: &str) {
        let _ = last_words;
    }
}

/// All who look on at one run, and the signal by which their wishes reach it.
pub(crate) struct Observers<'a> {
    /// The look at what the run costs, which the others hear of.
    costs: Option<&'a mut Costs>,
    members: Vec<&'a mut dyn Observer>,
    /// The run's own signal: what is enough for one run is not for the next.
    stop: StopSignal,
    /// The signal that stops whatever is under way.
    asked: &'a StopSignal,
}

impl<'a> Observers<'a> {
    pub(crate) fn of(members: Vec<&'a mut dyn Observer>, asked: &'a StopSignal) -> Self {
        let observers = Self {
            costs: None,
            members,
            stop: StopSignal::new(),
            asked,
        };
        observers.heed(Wish::Continue);
        observers
    }

    /// The same who hear of what the run costs.
    pub(crate) fn watching(self, costs: &'a mut Costs) -> Self {
        Self {
            costs: Some(costs),
            ..self
        }
    }

    /// The signal that the run is to heed.
    pub(crate) fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    fn strongest(&mut self, wish: impl FnMut(&mut &'a mut dyn Observer) -> Wish) {
        let wishes = self.members.iter_mut().map(wish);
        // Each is asked, whatever those before it wish.
        let strongest = wishes.fold(Wish::Continue, Wish::max);
        self.heed(strongest);
    }

    fn heed(&self, wish: Wish) {
        match wish {
            _ if self.asked.is_requested() => self.stop.request(),
            Wish::Continue => {}
            Wish::Enough => self.stop.suffice(),
            Wish::Stop => self.stop.request(),
        }
    }
}

impl run::RunObserver for Observers<'_> {
    fn progress(&mut self, progress: &Progress) {
        // Nobody's wish, nobody's work: it is the generator's core that reads it.
        let is_wanted = self.members.iter().any(|member| member.heeds_server());
        let costs = self.costs.as_ref().filter(|_| is_wanted);
        if let Some(used) = costs.and_then(|costs| costs.so_far(progress)) {
            for member in &mut self.members {
                member.server(&used);
            }
        }
        self.strongest(|member| member.progress(progress));
    }

    fn log(&mut self, records: &[LogRecord]) {
        self.strongest(|member| member.log(records));
    }

    fn pulse(&mut self, pulse: &Pulse) {
        if let Some(costs) = &mut self.costs {
            costs.pulse(pulse);
        }
        self.strongest(|member| member.pulse(pulse));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_drive::run::RunObserver as _;

    struct Wishing(Wish, u32);

    impl Observer for Wishing {
        fn progress(&mut self, _: &Progress) -> Wish {
            self.1 += 1;
            self.0
        }
    }

    /// The signal's state after one interval, watched by observers with these wishes.
    fn after(wishes: [Wish; 3], asked: &StopSignal) -> (bool, bool) {
        let mut members = wishes.map(|wish| Wishing(wish, 0));
        let all = members.iter_mut().map(|member| member as &mut dyn Observer);
        let mut observers = Observers::of(all.collect(), asked);
        observers.progress(&Progress::default());
        let stop = observers.stop_signal();
        let heard: Vec<u32> = members.iter().map(|member| member.1).collect();
        assert_eq!(heard, [1, 1, 1], "each hears of it");
        (stop.has_sufficed(), stop.is_requested())
    }

    #[test]
    fn the_strongest_wish_wins() {
        use Wish::{Continue, Enough, Stop};
        let nobody = StopSignal::new();
        assert_eq!(after([Continue; 3], &nobody), (false, false));
        assert_eq!(after([Continue, Enough, Continue], &nobody), (true, false));
        assert_eq!(after([Enough, Stop, Continue], &nobody), (false, true));
        assert_eq!(after([Stop, Enough, Enough], &nobody), (false, true));
        let user = StopSignal::new();
        user.request();
        assert_eq!(after([Continue; 3], &user), (false, true));
        assert!(!nobody.is_requested() && !nobody.has_sufficed());
    }
}
