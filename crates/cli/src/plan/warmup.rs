//! Flags → how long the load lasts before the window opens.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::settling::Settling;

use crate::args::{Measure, ModeArg};
use crate::usage::UsageError;
use wsbench::quantity::WarmUpLength;

/// Warm-up of a timed run: connections are open, caches and clock rates have settled.
const DEFAULT_WARMUP: Nanos = Nanos::from_secs(1);
/// A warm-up that is found from the data ends within these: a user waits for it, and a server that
/// has not settled by then is better told of than waited for.
const FOUND_AT_MOST: (Nanos, Nanos) = (Nanos::from_secs(2), Nanos::from_secs(10));

/// The warm-up, or the least one where it is found from the data.
pub(super) fn least(measure: &Measure, stop: StopRule) -> Nanos {
    let asked = match measure.pressure.warmup {
        Some(WarmUpLength::Found) => Some(Settling::LEAST),
        Some(WarmUpLength::Given(span)) => Some(span),
        None => None,
    };
    // A storm is measured from its beginning.
    let has_one = stop.duration().is_some() && measure.payload.mode() != ModeArg::Storm;
    let usual = if has_one { DEFAULT_WARMUP } else { Nanos::ZERO };
    asked.unwrap_or(usual)
}

/// Latest instant at which the window opens, where its opening is found from the data: after half
/// of the measured time, so that the warm-up is not most of the run.
///
/// # Errors
/// Such a one with --stages.
pub(super) fn at_most(measure: &Measure, stop: StopRule) -> Result<Option<Nanos>, UsageError> {
    if measure.pressure.warmup != Some(WarmUpLength::Found) {
        return Ok(None);
    }
    if measure.pressure.stages.is_some() {
        return Err(UsageError::FoundWarmupWithStages);
    }
    let (least, most) = FOUND_AT_MOST;
    let half = stop.duration().map(|length| Nanos(length.0 / 2));
    Ok(Some(half.map_or(most, |half| half.min(most).max(least))))
}
