//! A finding, before it is put into the words of whoever reads it.

use wsbench_record::doctor::{Check, Level, Subject};
use wsbench_setting::{Spelling, Text};

/// Finding of a rule.
pub(crate) struct Finding {
    /// Subject that was looked at.
    pub(crate) subject: Subject,
    /// Gravity of it.
    pub(crate) level: Level,
    /// Observation, in numbers.
    pub(crate) seen: String,
    /// The rule that it was held against.
    pub(crate) rule: &'static str,
    /// Advice that would mend it, with the settings that it is about.
    pub(crate) fix: Text,
}

impl Finding {
    /// A finding without a fix.
    pub(super) fn new(
        subject: Subject,
        level: Level,
        seen: impl Into<String>,
        rule: &'static str,
    ) -> Self {
        Self {
            subject,
            level,
            seen: seen.into(),
            rule,
            fix: Text::default(),
        }
    }

    /// The same with what would mend it; no word of it is stored where the rule holds.
    #[must_use]
    pub(super) fn fix(self, fix: impl Into<Text>) -> Self {
        Self {
            fix: fix.into(),
            ..self
        }
    }

    /// The finding as it is stored, its settings spelled.
    pub(super) fn spelled(self, spelling: &dyn Spelling) -> Check {
        let fix = self.fix.spelled(spelling);
        Check::new(self.subject, self.level, self.seen, self.rule).fix(fix)
    }
}
