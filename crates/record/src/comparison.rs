//! A comparison as it is stored: two servers, or two builds of one, against each other.
//!
//! It decides nothing: ratios and findings are on record as `judge` made them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wsbench_stats::Interval;
use wsbench_stats::runs::{Finding, Ratio};

use crate::audit::Recurring;
use crate::condition::Judgement;
use crate::document::Document;
use crate::storage::{DocumentError, read_as, to_text};

/// Name and version of the schema that this version writes.
pub const SCHEMA: &str = "wsbench.comparison/1";

/// Result of comparing B with A.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "wsbench comparison")]
pub struct Comparison {
    /// Name and version of this schema: `wsbench.comparison/1`.
    pub schema: String,
    /// Version of wsbench that compared.
    pub tool_version: String,
    /// The command line that was run.
    pub command: String,
    /// Seed from which those of the runs follow; absent where nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Design by which the runs were made.
    pub design: Design,
    /// The verdict in one sentence.
    pub verdict: String,
    /// True where latencies were compared; they are not of two closed loops, unless forced.
    pub compares_latency: bool,
    /// Every figure, B against A.
    pub figures: Vec<Contrast>,
    /// Doubts that speak against believing all that.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    /// Conditions that B was held against; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Judgement>,
    /// Side that B is compared with.
    pub a: Side,
    /// Side that is compared.
    pub b: Side,
}

/// Design by which the runs of the two sides were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Design {
    /// In rounds, each with one run of either, in random order.
    Interleaved {
        /// Rounds that were asked for.
        asked_rounds: u32,
        /// Rounds that were made.
        rounds: u32,
    },
    /// Each by itself, at another time.
    Apart,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Name of it: a URL, a file.
    pub label: String,
    /// Its runs, in order.
    pub runs: Vec<Document>,
}

/// One figure of both sides. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contrast {
    /// Its name: `messages_per_s`, `response.p99`.
    pub name: String,
    /// Geometric mean over the runs of A; of counts the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<f64>,
    /// The same of B.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<f64>,
    /// B ÷ A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Lower end of its interval of confidence at 95 %; absent where the noise is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_high: Option<f64>,
    /// Probability that chance alone gives as much, adjusted for the number of figures (Holm).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Two runs of A differ by less than this share, 95 % of the time: the noise, A against A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_a: Option<f64>,
    /// The same of B.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_b: Option<f64>,
    /// Finding that the ratio shows; absent of counts and where there is no ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Found>,
    /// Why there is no ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// True of a percentile for which the samples of one run are too few, and which is that of the samples
    /// of all runs of a side together: how much they differ says how far it may be off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pooled: bool,
}

/// Finding that a ratio shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// B's is greater.
    Greater,
    /// B's is less.
    Less,
    /// They are the same within 5 %.
    Equivalent,
    /// No difference is shown, and no equality either.
    Undecided,
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Greater => Self::Greater,
            Finding::Less => Self::Less,
            Finding::Equivalent => Self::Equivalent,
            Finding::Undecided => Self::Undecided,
        }
    }
}

/// Something that speaks against believing a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Doubt {
    /// The audits of one side's runs.
    Audit {
        /// `A` or `B`.
        side: String,
        /// Doubt, and how often it recurs.
        caveat: Recurring,
    },
    /// Doubt about how the comparison was made.
    Design {
        /// In words, with what to do.
        words: String,
    },
}

impl Contrast {
    /// The ratio with its interval; `None` where there is none.
    #[must_use]
    pub fn as_ratio(&self) -> Option<Ratio> {
        let ends = self.ratio_low.zip(self.ratio_high);
        Some(Ratio {
            value: self.ratio?,
            interval: ends.map(|(low, high)| Interval { low, high }),
            p_value: self.p_value,
        })
    }
}

/// Reads a comparison.
///
/// # Errors
/// When the text is not JSON, is no comparison, is of another version, or is not whole.
pub fn read(text: &str) -> Result<Comparison, DocumentError> {
    read_as(text, SCHEMA)
}

/// Writes a comparison as indented JSON with a line end.
#[must_use]
pub fn write(comparison: &Comparison) -> String {
    to_text(comparison)
}

/// The JSON Schema of the comparison.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Comparison).into()
}

impl Comparison {
    /// The contrast of the figure of this name, where it was looked at.
    #[must_use]
    pub fn of(&self, figure: &str) -> Option<&Contrast> {
        self.figures.iter().find(|contrast| contrast.name == figure)
    }
}
