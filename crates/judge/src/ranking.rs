//! A ranking: many servers, several workloads, who is ahead, and where the data
//! cannot tell.
//!
//! What was measured comes in as [`RankingInput`], run by run; [`rank`] makes cells, leagues and
//! trade-offs of it. It starts no server and makes no run: that is `experiment`'s. Two servers are
//! told apart by randomised blocks with the paired t of logarithms, over all pairs of a league under
//! Holm's adjustment, and shown as rank intervals and tiers (METHOD 5.6).

mod build;
mod input;
mod league;
pub mod metric;
mod runs;
mod tradeoff;

pub use build::rank;
pub use input::RankingInput;
pub use league::{FEWEST_ROUNDS, value_words};
pub use runs::{failed_record, is_bound, is_set_by_generator, run_record, search_record};
pub use tradeoff::is_supported;
