//! The flags of sessions that come by a schedule.

use clap::Args;
use wsbench::quantity;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Sessions, Stay};

use crate::args::{Amount, ArrivalArg};
use crate::plan::DEFAULT_ROUNDTRIPS;
use crate::return_args::ReturnArgs;
use crate::usage::UsageError;

/// Places for sessions that are there at the same time, at most where nothing was said.
const PLACES: u32 = 1 << 16;

/// Sessions by a schedule.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SessionArgs {
    /// Sessions come so many a second (50/s), whatever the server does: each connects when it is due,
    /// makes its round trips (-r) or stays its time (--live), and is not replaced.
    ///
    /// The time until a session is open counts from when it was due. --arrival says how the gaps between
    /// sessions are distributed.
    #[arg(long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) arrive: Option<f64>,
    /// With --arrive: time that each session stays (5s), in place of its round trips.
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) live: Option<Nanos>,
    /// With --arrive: sessions at the same time at most; those that come due beyond it wait, and their
    /// waiting counts [default: as many as come in all, 65536 at most].
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(crate) max_sessions: Option<u32>,
    /// Clients that come back.
    #[command(flatten)]
    pub(crate) returns: ReturnArgs,
}

impl SessionArgs {
    /// The sessions, where there are any.
    ///
    /// # Errors
    /// A flag of sessions without them, or one that they do not go with.
    pub(crate) fn sessions(
        &self,
        amount: &Amount,
        arrival: Option<ArrivalArg>,
    ) -> Result<Option<Sessions>, UsageError> {
        let Some(per_s) = self.arrive else {
            let strange = [
                (self.live.is_some(), "--live"),
                (self.max_sessions.is_some(), "--max-sessions"),
            ];
            let strange = strange.into_iter().find(|(is_given, _)| *is_given);
            return match strange {
                Some((_, flag)) => Err(UsageError::SessionFlag { flag }),
                None => Ok(None),
            };
        };
        let others = [
            (amount.connections.is_some(), "--connections"),
            (amount.clients.is_some(), "--clients"),
            (amount.messages.is_some(), "--messages"),
            (
                self.live.is_some() && amount.roundtrips.is_some(),
                "--roundtrips",
            ),
        ];
        if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
            return Err(UsageError::ArriveAnd { flag });
        }
        let round_trips = amount.roundtrips.unwrap_or(DEFAULT_ROUNDTRIPS);
        Ok(Some(Sessions {
            per_s,
            process: match arrival {
                Some(ArrivalArg::Constant) => Process::Constant,
                Some(ArrivalArg::Poisson) | None => Process::Poisson,
            },
            stay: self.live.map_or(Stay::RoundTrips(round_trips), Stay::Time),
        }))
    }

    /// Places for sessions that come for so long: as were asked for, or for all that come, whatever becomes
    /// of them, within what is reasonable.
    pub(crate) fn places(&self, sessions: Sessions, lasts: Nanos) -> u32 {
        let all = sessions.per_s * lasts.as_secs_f64();
        // Chance brings more than the mean, hardly ever by so much.
        let most = all + 5.0 * all.sqrt() + 10.0;
        self.max_sessions.unwrap_or((most as u32).min(PLACES))
    }
}
