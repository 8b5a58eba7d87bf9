//! The end of a search whose time runs out before any load is known to fail: more is asked for than there
//! can be, so that there is a bracket.

use wsbench_record::search::{Ending, Purpose};

use super::{PRESSED, SearchState};
use crate::runner::RunnerError;

impl SearchState<'_> {
    /// Time that is kept for [`Self::press`] as long as no load is known to fail, s: a search is to end with
    /// a bracket, wide as it may be.
    pub(super) fn kept_s(&self) -> f64 {
        if self.is_open_above() {
            self.shortest_s() + self.around_s(f64::INFINITY)
        } else {
            0.0
        }
    }

    /// True as long as no load is certain to fail.
    fn is_open_above(&self) -> bool {
        self.evidence.ends(true).1.is_none()
    }

    /// Asks for more than there can be where no load is known to fail yet, in what is left of the time: so
    /// that there is a bracket, wide as it is. How the search ends with it, that would have `ended` so.
    pub(super) fn press(&mut self, ended: Ending) -> Ending {
        while self.is_open_above() && (self.trials.len() as u32) < self.settings.most_trials {
            if let Err(broken) = self.press_once() {
                return broken.unwrap_or(ended);
            }
        }
        ended
    }

    /// One such trial.
    ///
    /// # Errors
    /// It cannot be made: how the search ends by that, or `None` where there is no time for it.
    fn press_once(&mut self) -> Result<(), Option<Ending>> {
        let most = self.trials.iter().map(|trial| trial.load);
        let most = most.fold(self.capacity.unwrap_or(0.0), f64::max);
        let load = (most * PRESSED).ceil();
        let shortest_s = self.shortest_s();
        let length_s = self.rest_s(load).min(shortest_s);
        let least_s = match self.has_event() {
            true => shortest_s,
            false => shortest_s / 2.0,
        };
        if length_s < least_s {
            return Err(None);
        }
        match self.trial(load, length_s, Purpose::Bracket) {
            Ok(judgement) => {
                self.evidence.push(judgement.score);
                Ok(())
            }
            Err(RunnerError::Interrupted) => Err(Some(Ending::Interrupted)),
            // A run that cannot be carried out here tells nothing.
            Err(_) => Err(None),
        }
    }
}
