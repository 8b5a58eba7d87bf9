//! The flags of messages that the server sends by itself.

use clap::Args;
use wsbench_load::plan::{Flow, Locator, Pushes, Stamp};

use crate::args::ModeArg;
use crate::mix_args::MixArgs;
use crate::usage::UsageError;

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
    /// Slow readers.
    #[command(flatten)]
    pub(crate) mix: MixArgs,
}

impl PushArgs {
    /// What flows in this mode.
    ///
    /// # Errors
    /// A flag of pushes in another mode.
    pub(crate) fn flow(&self, mode: ModeArg) -> Result<Flow, UsageError> {
        let strange = [
            (self.stamp.is_some(), "--stamp"),
            (self.sequence.is_some(), "--sequence"),
        ];
        let strange = strange.into_iter().find(|(is_given, _)| *is_given);
        if let (Some((_, flag)), true) = (strange, mode != ModeArg::Push) {
            return Err(UsageError::PushFlag { flag });
        }
        Ok(match mode {
            ModeArg::Push => Flow::Push(Pushes {
                stamp: self.stamp.clone(),
                sequence: self.sequence.clone(),
            }),
            ModeArg::Oneway => Flow::Oneway,
            ModeArg::Idle => Flow::Idle,
            ModeArg::Storm => Flow::Storm,
            ModeArg::Echo
            | ModeArg::Broadcast
            | ModeArg::Pubsub
            | ModeArg::Request
            | ModeArg::Ping => Flow::Answered,
        })
    }
}
