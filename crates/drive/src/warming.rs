//! The warm-up that is found from the data: what the workers of a run tell of it, and the one
//! opening of the window that they agree on.
//!
//! Each worker tells its answers once a tick, off the hot path; whoever completes a tick asks for
//! the opening, which is the coordination's affair. Nobody is waited for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use wsbench_load::meter::WarmUpAnswers;
use wsbench_load::nanos::Nanos;

/// Knowledge of its warm-up that the workers of one run share.
#[derive(Debug)]
pub(crate) struct Warming {
    /// Instant at which the window opens; `u64::MAX` until the load has settled.
    opens: AtomicU64,
    workers: u32,
    /// Written once a tick by each worker.
    ticks: Mutex<Ticks>,
}

/// The ticks that some workers have told of and others have not, in order.
#[derive(Debug, Default)]
struct Ticks {
    complete: u64,
    pending: VecDeque<Tick>,
}

/// Figures that workers have told of one tick.
#[derive(Clone, Copy, Debug, Default)]
struct Tick {
    workers: u32,
    warm_up: WarmUpAnswers,
}

impl Warming {
    pub(crate) fn new(workers: u32) -> Self {
        Self {
            opens: AtomicU64::new(u64::MAX),
            workers,
            ticks: Mutex::default(),
        }
    }

    /// Instant at which the window opens; `Nanos::MAX` until the load has settled.
    pub(crate) fn opens(&self) -> Nanos {
        Nanos(self.opens.load(SeqCst))
    }

    /// The window opens at `opens`. The first word stays: workers may have acted on it.
    pub(crate) fn agree(&self, opens: Nanos) {
        let _ = self
            .opens
            .compare_exchange(u64::MAX, opens.0, SeqCst, SeqCst);
    }

    /// A worker's answers in tick number `tick`, counted from 0; each worker tells of each once,
    /// in order. When all have told of it, `opening` is asked for the opening of the window with
    /// the sum of their answers.
    pub(crate) fn tell(
        &self,
        tick: u64,
        warm_up: WarmUpAnswers,
        mut opening: impl FnMut(WarmUpAnswers) -> Option<Nanos>,
    ) {
        let mut ticks = self.ticks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = tick.checked_sub(ticks.complete).map(|at| at as usize) else {
            return;
        };
        if ticks.pending.len() <= at {
            ticks.pending.resize(at + 1, Tick::default());
        }
        let told = &mut ticks.pending[at];
        told.workers += 1;
        told.warm_up.answers += warm_up.answers;
        told.warm_up.service_ns += warm_up.service_ns;
        while ticks
            .pending
            .front()
            .is_some_and(|tick| tick.workers == self.workers)
        {
            let Some(Tick { warm_up, .. }) = ticks.pending.pop_front() else {
                return;
            };
            ticks.complete += 1;
            if let Some(opens) = opening(warm_up) {
                self.agree(opens);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wsbench_load::settling::Settling;

    use super::*;
    use crate::coordination::{Alone, Coordination};

    /// The warm-up of a run that one process carries out.
    struct Run(Warming, Alone);

    impl Run {
        fn of(workers: u32) -> Self {
            Self(Warming::new(workers), Alone::default())
        }

        fn tell(&self, tick: u64, answers: WarmUpAnswers, now: Nanos, limit: Nanos) {
            self.0.tell(tick, answers, |answers| {
                let opens = self.1.warmed(answers, now);
                opens.filter(|opens| *opens < limit)
            });
        }

        fn opens(&self) -> Nanos {
            self.0.opens()
        }
    }

    /// From when a load is found to have settled to the opening.
    const LEAD: Nanos = Nanos::from_millis(100);

    fn at(tick: u64) -> Nanos {
        Nanos(Settling::TICK.0 * (tick + 1))
    }

    fn answers(mean_ns: u128) -> WarmUpAnswers {
        WarmUpAnswers {
            answers: 100,
            service_ns: 100 * mean_ns,
        }
    }

    #[test]
    fn two_workers_agree_on_one_opening_and_neither_decides_alone() {
        let warming = Run::of(2);
        let limit = Nanos::from_secs(10);
        for tick in 0..10 {
            warming.tell(tick, answers(5_000), at(tick), limit);
        }
        assert_eq!(warming.opens(), Nanos::MAX, "the other has not told of any");
        for tick in 0..9 {
            warming.tell(tick, answers(90_000), at(tick), limit);
            assert_eq!(warming.opens(), Nanos::MAX);
        }
        let late = at(9) + Nanos::from_millis(7);
        warming.tell(9, answers(90_000), late, limit);
        assert_eq!(warming.opens(), late + LEAD);
        for tick in 10..20 {
            warming.tell(tick, answers(5_000), at(tick), limit);
            warming.tell(tick, answers(90_000), at(tick), limit);
        }
        assert_eq!(warming.opens(), late + LEAD, "what is agreed on stays");
    }

    #[test]
    fn one_worker_on_its_way_keeps_the_window_of_all_shut() {
        let warming = Run::of(2);
        let limit = Nanos::from_secs(2);
        for tick in 0..40 {
            warming.tell(tick, answers(90_000), at(tick), limit);
            let falling = 1_000_000 - 20_000 * u128::from(tick);
            warming.tell(tick, answers(falling), at(tick), limit);
        }
        assert_eq!(warming.opens(), Nanos::MAX, "it opens at the limit");
    }

    #[test]
    fn a_load_that_settles_at_the_limit_has_not_settled_in_time() {
        let warming = Run::of(1);
        for tick in 0..40 {
            warming.tell(tick, answers(5_000), at(tick), at(9) + LEAD);
        }
        assert_eq!(warming.opens(), Nanos::MAX);
    }
}
