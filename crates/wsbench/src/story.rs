//! Errors told with their causes, in the words of whoever reads them.

use std::error::Error;

use wsbench_drive::resolve::ResolveError;
use wsbench_drive::run::RunError;
use wsbench_drive::tls::TlsError;
use wsbench_experiment::compare::CompareError;
use wsbench_experiment::find::FindError;
use wsbench_experiment::runner::RunnerError;
use wsbench_experiment::sweep::SweepError;
use wsbench_experiment::target::exec::ExecError;
use wsbench_judge::comparison::ComparisonError;
use wsbench_judge::expression::ExpressionError;
use wsbench_load::plan::PlanError;
use wsbench_setting::{Spelling, Text, Told};
use wsbench_transport::dial::SourceError;

use crate::error::BenchError;
use crate::redirects::RedirectError;

/// The words of an error with its causes, but for those that it has told itself. Settings that are
/// the way out are named as `spelling` has them.
#[must_use]
pub fn story(error: &(dyn Error + 'static), spelling: &dyn Spelling) -> String {
    let mut told = words(error, spelling);
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = words(error, spelling);
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        cause = error.source();
    }
    told
}

fn words(error: &(dyn Error + 'static), spelling: &dyn Spelling) -> String {
    let text = of::<BenchError>(error)
        .or_else(|| of::<RedirectError>(error))
        .or_else(|| of::<ResolveError>(error))
        .or_else(|| of::<RunError>(error))
        .or_else(|| of::<SourceError>(error))
        .or_else(|| of::<TlsError>(error))
        .or_else(|| of::<ExecError>(error))
        .or_else(|| of::<CompareError>(error))
        .or_else(|| of::<FindError>(error))
        .or_else(|| of::<SweepError>(error))
        .or_else(|| of::<RunnerError>(error))
        .or_else(|| of::<PlanError>(error))
        .or_else(|| of::<ComparisonError>(error))
        .or_else(|| of::<ExpressionError>(error));
    text.map_or_else(|| error.to_string(), |text| text.spelled(spelling))
}

/// The text of an error, if it is of this type.
fn of<T: Told + 'static>(error: &(dyn Error + 'static)) -> Option<Text> {
    error.downcast_ref::<T>().map(Told::text)
}

#[cfg(test)]
mod tests {
    use wsbench_setting::Paths;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Ended {
        words: &'static str,
        source: Option<Box<Ended>>,
    }

    #[test]
    fn a_cause_is_told_once() {
        let disk = Ended {
            words: "the disk is full",
            source: None,
        };
        let file = Ended {
            words: "run.json: the disk is full",
            source: Some(Box::new(disk)),
        };
        assert_eq!(story(&file, &Paths), "run.json: the disk is full");
        let whole = Ended {
            words: "not kept",
            source: Some(Box::new(file)),
        };
        assert_eq!(
            story(&whole, &Paths),
            "not kept: run.json: the disk is full"
        );
    }
}
