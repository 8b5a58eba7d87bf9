//! The flags of messages that the server sends by itself.

use clap::Args;
use wsbench_load::plan::{Locator, Stamp};

use crate::mix_args::MixArgs;

/// Readings of pushes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PushArgs {
    /// With --mode push: where in a message the instant stands at which it was made, by the server's
    /// clock, and its unit (s, ms, us or ns): json:/E:ms.
    ///
    /// The age of a message is from then to its arrival. One from the future, by clocks that differ, is
    /// counted and has none.
    #[arg(long, value_name = "PLACE:UNIT")]
    pub(crate) stamp: Option<Stamp>,
    /// With --mode push: where in a message its number stands, which grows by one from message to message
    /// of a connection (example: json:/u). Tells what is missing, came twice or late.
    #[arg(long, value_name = "PLACE")]
    pub(crate) sequence: Option<Locator>,
    /// With --stamp: ask the server for its time by this text, before the window and after it, and take its
    /// clock's offset out of the ages (example: '{"time":1}').
    ///
    /// Each answer bounds the offset from both sides, by when the request left and the answer came. What
    /// all answers allow is told, and ages are less the middle of it. Without it ages are right as far as the
    /// two clocks are one.
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        requires = "clock_stamp"
    )]
    pub(crate) clock: Option<String>,
    /// With --clock: where in the answer the server's time stands, and its unit: json:/now:us.
    #[arg(long, value_name = "PLACE:UNIT", requires = "clock")]
    pub(crate) clock_stamp: Option<Stamp>,
    /// Slow readers.
    #[command(flatten)]
    pub(crate) mix: MixArgs,
}
