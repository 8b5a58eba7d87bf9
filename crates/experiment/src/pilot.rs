//! The pilot: one short run that presses as hard as it can, to learn roughly how much there is.
//!
//! Its rate is where searches and sweeps begin, and no result: a closed loop says nothing of a
//! fixed rate (METHOD section 1).

use thiserror::Error;
use wsbench_judge::outcome::{RunStatus, outcome};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Plan, StopRule};
use wsbench_record::document::{Document, Ended};
use wsbench_setting::{Text, Told};

use crate::runner::{Runner, RunnerError, Step};

/// Factor on what runs took beside their windows, for it varies.
pub(crate) const SPARE: f64 = 1.2;
/// Time that a run takes beside its window and warm-up: opening, drain, closing, s.
const AROUND_S: f64 = 2.0;

/// Time that a run is expected to take beside its window, s.
pub(crate) fn around_s(plan: &Plan) -> f64 {
    plan.warmup.least.as_secs_f64() + AROUND_S
}

/// Messages in flight in all: deep enough to keep a server busy over a loopback, and few enough for a
/// slow one to answer while the pilot lasts. Where they are too few, the search finds more.
const IN_FLIGHT: u32 = 64;
/// Its measured window.
const LENGTH: Nanos = Nanos::from_secs(2);
/// A message may be unanswered for as long.
const PATIENCE: Nanos = Nanos::from_secs(60);
/// Its warm-up.
const WARMUP: Nanos = Nanos::from_millis(500);

/// The rate that a pilot found, and its run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pilot {
    /// Messages a second.
    pub(crate) per_s: f64,
    /// Its document.
    pub(crate) document: Document,
}

/// The reason why there is no pilot's rate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PilotError {
    /// It could not be carried out.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// Nothing was measured: look at the first error, then at the server.
    #[error("the pilot run failed: {reason}{first}")]
    Failed {
        /// The reason.
        reason: String,
        /// The first error seen, with a separator; may be empty.
        first: String,
    },
}

impl Told for PilotError {
    fn text(&self) -> Text {
        match self {
            Self::Runner(error) => error.text(),
            Self::Failed { .. } => self.to_string().into(),
        }
    }
}

/// Makes the pilot run of `plan`.
///
/// # Errors
/// [`PilotError`] when it gives no rate.
pub(crate) fn run(plan: &Plan, runner: &mut dyn Runner) -> Result<Pilot, PilotError> {
    let plan = plan.edited(|spec| {
        spec.clients.arrival = Arrival::Closed {
            depth: (IN_FLIGHT / spec.clients.connections).max(1),
        };
        spec.stop = StopRule::Duration(LENGTH);
        spec.warmup.least = WARMUP;
        // A slow server has many messages before each.
        spec.clients.timeout = spec.clients.timeout.max(PATIENCE);
        spec.interval = interval(LENGTH);
    });
    let plan = plan.map_err(RunnerError::from)?;
    let document = runner.run(&plan)?;
    // A slow server has not answered yet what was sent in so short a time, or not everybody: its rate is
    // known all the same by what came.
    let messages = &document.messages;
    let is_only_slow = document.ended == Ended::Complete
        && messages.received_in_window > 0
        && (messages.corrupted, messages.failed) == (0, 0);
    let failure = match outcome(&document, false) {
        RunStatus::Failed(reason) if !is_only_slow => Some(reason.to_string()),
        _ => None,
    };
    match (failure, document.messages_per_s) {
        (None, Some(per_s)) if per_s > 0.0 => {
            runner.told(&Step {
                name: "pilot".to_owned(),
                document: &document,
                trial: None,
                left_s: None,
            });
            Ok(Pilot { per_s, document })
        }
        (reason, _) => {
            let first = document.errors.first();
            Err(PilotError::Failed {
                reason: reason.unwrap_or_else(|| "nothing was answered".to_owned()),
                first: first.map_or_else(String::new, |error| format!("; {}", error.example)),
            })
        }
    }
}

/// The interval of the time series of a run of this length: twenty points at least where intervals
/// of a tenth of a second allow.
pub(crate) fn interval(length: Nanos) -> Nanos {
    Nanos(length.0 / 20)
        .max(Nanos::from_millis(100))
        .min(Nanos::from_secs(1))
}

/// The seed of run `number` of an experiment: each run draws its own schedule.
pub(crate) fn seed(of_experiment: u64, number: u32) -> u64 {
    let mixed = fastrand::Rng::with_seed(of_experiment ^ u64::from(number) << 32).u64(..);
    // Short enough to be exact in any JSON reader.
    mixed >> 32
}
