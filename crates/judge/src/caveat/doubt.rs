//! A doubt, before it is put into the words of whoever reads it.

use wsbench_record::audit::{Caveat, Kind, Severity};
use wsbench_setting::{Spelling, Text};

use super::advice::REPORT_FAULT;

/// A doubt about the figures of a run.
pub(super) struct Doubt {
    /// The kind.
    kind: Kind,
    /// Severity of it for the figures.
    pub(super) severity: Severity,
    /// The doubt in numbers. It is of what was seen and names no setting.
    message: String,
    /// Advice that helps, with the settings that it is about.
    advice: Text,
}

impl Doubt {
    /// A doubt with its advice.
    pub(super) fn new(
        kind: Kind,
        severity: Severity,
        message: impl Into<String>,
        advice: impl Into<Text>,
    ) -> Self {
        Self {
            kind,
            severity,
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// Counts that contradict each other, in words: a fault of ours, whatever the server did.
    pub(super) fn unconserved(words: impl Into<String>) -> Self {
        Self::new(Kind::Conservation, Severity::Invalid, words, REPORT_FAULT)
    }

    /// The doubt as it is stored, its settings spelled.
    pub(super) fn spelled(self, spelling: &dyn Spelling) -> Caveat {
        let advice = self.advice.spelled(spelling);
        Caveat::new(self.kind, self.severity, self.message, advice)
    }
}
