//! The warm-up as one worker goes through it, where its end is found from the data: it tells what it
//! measures, and opens its window when all do.

use wsbench_load::exchange::Exchange;
use wsbench_load::meter::Window;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::settling::Settling;

use super::Worker;
use crate::engine::Engine;

/// Position of a worker in such a warm-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticking {
    /// The end of the next tick.
    pub(super) ends: Nanos,
    /// Its number; `None` before the first, while a ramp brings the load up.
    number: Option<u64>,
    /// The window opens then at the latest.
    limit: Nanos,
}

impl<E: Engine, X: Exchange> Worker<E, X> {
    /// The load has begun. Until the window's opening is found it is thought to be the latest
    /// there can be, the same for all workers.
    pub(super) fn begin_ticking(&mut self) -> Option<Nanos> {
        let plan = &self.context.common.plan;
        let from = self.shared.load_from();
        let limit = from + plan.warmup.at_most?;
        self.ticking = Some(Ticking {
            ends: from + (plan.warmup.least - Settling::LEAST),
            number: None,
            limit,
        });
        Some(limit)
    }

    /// Tells of the ticks that are over, and takes note of the opening once it is found.
    pub(super) fn tick(&mut self, now: Nanos) {
        let Some(mut ticking) = self.ticking else {
            return;
        };
        while now >= ticking.ends {
            let warm_up = self.context.common.meter.take_warm_up();
            if let Some(number) = ticking.number {
                self.shared.warmed(number, warm_up, now, ticking.limit);
            }
            ticking.number = Some(ticking.number.map_or(0, |number| number + 1));
            ticking.ends += Settling::TICK;
        }
        self.ticking = Some(ticking);
        let opens = self.shared.warming.opens();
        if opens < ticking.limit {
            self.ticking = None;
            self.set_opening(opens, now);
        }
    }

    /// The window opens at `opens`. A worker that hears of it too late opens its own a moment
    /// later: what it has sent by now is booked as sent in the warm-up.
    fn set_opening(&mut self, opens: Nanos, now: Nanos) {
        let opens = opens.max(now + Nanos(1));
        let window = *self.context.common.meter.window();
        self.context.common.meter.set_window(Window {
            opens,
            closes: closing(self.context.common.plan.stop, opens),
            ..window
        });
        if let Some(open_loop) = &mut self.open_loop {
            open_loop.set_opening(opens);
        }
    }
}

/// Instant at which a window closes that opens at `opens`, where that is known beforehand.
pub(super) fn closing(stop: StopRule, opens: Nanos) -> Nanos {
    stop.duration().map_or(Nanos::MAX, |length| opens + length)
}
