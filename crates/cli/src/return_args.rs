//! The flags of clients that come back, and of the drill that has them lost.

use clap::Args;
use wsbench::quantity;
use wsbench_load::plan::{Drill, Reconnect, Returns};

/// Clients that come back.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReturnArgs {
    /// Cut so many of the open connections at a time of the measurement, without a word, and see their
    /// clients come back (example: 'cut 50% at 10s').
    #[arg(long, value_name = "WHAT", value_parser = quantity::drill)]
    pub(crate) drill: Option<Drill>,
    /// Pause of clients whose connections are lost before they try again: immediate, fixed:1s or
    /// exponential:100ms..10s, which doubles from attempt to attempt; less up to half by chance.
    ///
    /// With it or --drill the time from lost to back is told. Without it who had been answered comes back
    /// at once, and who is turned away after 100ms that double up to 2s.
    #[arg(long, value_name = "HOW", value_parser = quantity::reconnect)]
    pub(crate) reconnect: Option<Reconnect>,
}

impl ReturnArgs {
    /// What they amount to; `None` where nothing was said.
    pub(crate) fn returns(&self) -> Option<Returns> {
        Returns::of(self.reconnect, self.drill)
    }
}
