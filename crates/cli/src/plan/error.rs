//! What makes no plan, as the flags have it that said it.

use wsbench_load::plan::{PlanError, Why};
use wsbench_setting::Field;

use crate::usage::UsageError;

impl From<PlanError> for UsageError {
    /// Spells what is wrong with a plan in the words of the flags that made it.
    fn from(error: PlanError) -> Self {
        match (error.field, error.why) {
            (Field::WarmUp | Field::WarmUpAtMost, Why::NotWith(Field::Lifetime)) => {
                Self::WarmupWithClients
            }
            (Field::Lifetime, Why::NotWith(Field::Arrival)) => {
                Self::ClosedLoopFlag { flag: "--clients" }
            }
            (Field::Payload | Field::MaxSize, Why::Above { .. }) => Self::MessageTooLarge,
            _ => Self::Plan(error),
        }
    }
}
