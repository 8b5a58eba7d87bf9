//! The end of a search whose time runs out before both ends are known: little is asked for, and more than
//! there can be, so that there is a bracket.

use wsbench_record::search::{Ending, Purpose};

use super::{EASED, PRESSED, SearchState};
use crate::runner::RunnerError;

impl SearchState<'_> {
    /// Time that is kept for [`Self::press`] as long as an end is not known, s: a search is to end with a
    /// bracket, wide as it may be.
    pub(super) fn kept_s(&self) -> f64 {
        let takes_s = |load| self.shortest_s() + self.around_s(load);
        let above_s = self.is_open_above().then(|| takes_s(f64::INFINITY));
        let below_s = self.is_open_below().then(|| takes_s(self.least()));
        above_s.unwrap_or(0.0) + below_s.unwrap_or(0.0)
    }

    /// A load that is low enough to hold if any does.
    fn least(&self) -> f64 {
        let least = self.trials.iter().map(|trial| trial.load);
        let least = least.fold(f64::INFINITY, f64::min) * EASED;
        least.max(self.evidence.floor()).ceil()
    }

    /// True as long as no load is certain to hold.
    fn is_open_below(&self) -> bool {
        self.evidence.ends(true).0.is_none()
    }

    /// True as long as no load is certain to fail.
    fn is_open_above(&self) -> bool {
        self.evidence.ends(true).1.is_none()
    }

    /// Asks for little where no load is known to hold yet, and for more than there can be where none is known
    /// to fail, in what is left of the time: so that there is a bracket, wide as it is. How the search ends
    /// with it, that would have `ended` so.
    pub(super) fn press(&mut self, ended: Ending) -> Ending {
        if self.is_open_below()
            && let Err(Some(broken)) = self.at_last(self.least())
        {
            return broken;
        }
        while self.is_open_above() {
            if let Err(broken) = self.press_once() {
                return broken.unwrap_or(ended);
            }
        }
        ended
    }

    /// A trial of more than there can be.
    ///
    /// # Errors
    /// As [`Self::at_last`].
    fn press_once(&mut self) -> Result<(), Option<Ending>> {
        let most = self.trials.iter().map(|trial| trial.load);
        let most = most.fold(self.capacity.unwrap_or(0.0), f64::max);
        self.at_last((most * PRESSED).ceil())
    }

    /// A trial of which there is only time for a short one.
    ///
    /// # Errors
    /// It cannot be made: how the search ends by that, or `None` where there is no time or no trial left for it.
    fn at_last(&mut self, load: f64) -> Result<(), Option<Ending>> {
        if self.trials.len() as u32 >= self.settings.most_trials {
            return Err(None);
        }
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
