//! The flags of connections that come by a schedule: sessions, and what comes and goes beside the load.

use clap::Args;
use wsbench::quantity;
use wsbench_load::nanos::Nanos;

use crate::return_args::ReturnArgs;

/// Connections by a schedule.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SessionArgs {
    /// Sessions come so many a second (50/s), whatever the server does: each connects when it is due,
    /// makes its round trips (-r) or stays its time (--live), and is not replaced.
    ///
    /// The time until a session is open counts from when it was due. --arrival says how the gaps between
    /// sessions are distributed. With --rate or --stages messages are due by that schedule, each on one of
    /// the sessions that are there, chosen at random; one that is due while none is there waits for the next.
    #[arg(long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) arrive: Option<f64>,
    /// With --arrive: time that each session stays (5s), in place of its round trips.
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) live: Option<Nanos>,
    /// With --arrive: sessions at the same time at most; those that come due beyond it wait, and their
    /// waiting counts [default: as many as come in all, 65536 at most].
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) max_sessions: Option<u32>,
    /// Beside the connections that carry the load, further ones come so many a second (10/s), stay open
    /// without a message (--churn-live), and go with a closing handshake.
    ///
    /// They come when they are due, whatever the server does; --arrival says how the gaps between them are
    /// distributed. What clients beside them notice is what a run with them and one without tell. They log
    /// in as the others do, and are receivers of nothing.
    #[arg(long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) churn: Option<f64>,
    /// With --churn: time that each of these connections stays [default: 1s].
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) churn_live: Option<Nanos>,
    /// Clients that come back.
    #[command(flatten)]
    pub(crate) returns: ReturnArgs,
}

impl SessionArgs {
    /// True where connections come by a schedule of their own.
    pub(crate) fn has_schedule(&self) -> bool {
        self.arrive.is_some() || self.churn.is_some()
    }
}
