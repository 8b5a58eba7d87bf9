//! Conditions that a result was held against (`--fail-if`), as they are stored with it.
//!
//! It decides nothing: what a condition says, and whether it holds, is `judge`'s.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Judgement {
    /// The condition, as it was written.
    pub condition: String,
    /// The answer.
    pub state: State,
    /// The same in words, with the figure.
    pub words: String,
    /// So many times as many samples would suffice to judge it, if the next run is like this one;
    /// absent where it was judged, and where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_times: Option<f64>,
}

/// The answer to a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds, and noise does not explain it.
    Holds,
    /// It does not hold, or noise may explain that it seems to.
    DoesNotHold,
    /// What was measured does not tell.
    CannotBeJudged,
}

impl Judgement {
    /// A judgement in these words, which begin behind the condition.
    #[must_use]
    pub fn of(condition: &impl ToString, state: State, words: &str) -> Self {
        let condition = condition.to_string();
        Self {
            words: format!("{condition}: {words}"),
            condition,
            state,
            samples_times: None,
        }
    }

    /// The same, where so many times as many samples would suffice.
    #[must_use]
    pub fn enough(self, samples_times: Option<f64>) -> Self {
        Self {
            samples_times,
            ..self
        }
    }
}
