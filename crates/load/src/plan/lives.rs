//! Lives of connections other than held and replaced: sessions that come by a schedule, storms, slow
//! readers.

use super::flow::Flow;
use super::spec::Population;
use super::timing::{Lifetime, Sessions, Stay};

impl Population {
    /// Slow readers among the connections.
    #[must_use]
    pub fn slow_readers(&self) -> u32 {
        self.slow.map_or(0, |slow| slow.number(self.connections))
    }

    /// Sessions that come by a schedule; `None` where connections are held or replaced.
    #[must_use]
    pub fn sessions(&self) -> Option<Sessions> {
        match self.lifetime {
            Lifetime::Scheduled(sessions) => Some(sessions),
            _ => None,
        }
    }

    /// Round trips after which a connection is done, by its plan; `None` where it has no such end.
    #[must_use]
    pub fn budget(&self) -> Option<u32> {
        match self.sessions().map(|sessions| sessions.stay) {
            Some(Stay::RoundTrips(round_trips)) => Some(round_trips),
            Some(Stay::Time(_)) => None,
            None => self.round_trips(),
        }
    }

    /// True if the run is about the opening of connections, all at once.
    #[must_use]
    pub fn is_storm(&self) -> bool {
        self.exchange.flow == Flow::Storm
    }
}
