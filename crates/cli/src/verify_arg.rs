//! `--verify`: how an answer is compared with what was sent.

use clap::ValueEnum;
use wsbench_load::plan::Verify;

/// Strictness of comparing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyArg {
    /// Every byte, and text or binary.
    Full,
    /// Every byte, within an answer that may hold more around it (a prefix, JSON).
    Contains,
    /// The length, and text or binary.
    Len,
    /// Not at all: any message counts as the answer.
    None,
}

impl From<VerifyArg> for Verify {
    fn from(how: VerifyArg) -> Self {
        match how {
            VerifyArg::Full => Self::Full,
            VerifyArg::Contains => Self::Contains,
            VerifyArg::Len => Self::Length,
            VerifyArg::None => Self::None,
        }
    }
}
