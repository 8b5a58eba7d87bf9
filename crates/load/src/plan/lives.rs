//! Lives of connections other than held and replaced: sessions that come by a schedule, connections that
//! come and go beside the load, and storms.

use super::flow::Flow;
use super::spec::{PlanSpec, Population};
use super::timing::{Arrival, Lifetime, Sessions, Stay, StopRule};
use crate::nanos::Nanos;

/// Places for connections that come by a schedule, at most.
const PLACES_AT_MOST: u32 = 1 << 16;
/// Sessions that each thread has to have on average before there is another, so that hardly ever none is
/// there: once in half a billion (e^-20).
const SESSIONS_A_THREAD: f64 = 20.0;

impl Population {
    /// Sessions that come by a schedule; `None` where connections are held or replaced.
    #[must_use]
    pub fn sessions(&self) -> Option<Sessions> {
        match self.lifetime {
            Lifetime::Scheduled(sessions) => Some(sessions),
            _ => None,
        }
    }

    /// Connections that come by a schedule, as the load or beside it.
    #[must_use]
    pub fn comings(&self) -> Option<Sessions> {
        self.sessions().or(self.churn)
    }

    /// True where the connection at a place of the run comes and goes beside those that carry the load,
    /// which have the places before it.
    #[must_use]
    pub fn is_churn(&self, place: u32) -> bool {
        self.churn.is_some() && place >= self.connections
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

    /// The threads that the connections may be shared out among, where the number is not given. Messages
    /// that a schedule has due are each for a session of its own thread: with few on each, one would wait
    /// for a session though another thread has several.
    #[must_use]
    pub fn threads_at_most(&self) -> u32 {
        threads_at_most(self.connections, self.sessions(), &self.arrival)
    }

    /// True if the run is about the opening of connections, all at once.
    #[must_use]
    pub fn is_storm(&self) -> bool {
        self.exchange.flow == Flow::Storm
    }
}

/// The same of a population that is not made yet: of so many connections, or of sessions over which a
/// schedule of messages is shared out.
#[must_use]
pub fn threads_at_most(connections: u32, sessions: Option<Sessions>, arrival: &Arrival) -> u32 {
    match (arrival, sessions) {
        (Arrival::Open { .. }, Some(sessions)) => sessions.threads_at_most().min(connections),
        _ => connections,
    }
}

impl PlanSpec {
    /// The highest rate of any one worker, messages a second; none in the closed loop. A worker's share is
    /// by how many of the senders it has, of each voice where there are several.
    pub(crate) fn highest_of_a_worker(&self) -> Option<f64> {
        let Arrival::Open { schedule, .. } = &self.clients.arrival else {
            return None;
        };
        let highest = schedule.stretches.iter().fold(0.0_f64, |highest, it| {
            highest.max(it.from_per_s).max(it.to_per_s)
        });
        let of_one = |senders: u32| {
            let most = senders.div_ceil(self.threads.max(1));
            f64::from(most) / f64::from(senders.max(1))
        };
        let voices = self.clients.roles.iter().filter_map(|role| {
            let voice = role.voice.as_ref()?;
            Some(voice.share * of_one(role.connections))
        });
        let share = voices.reduce(|one, other| one + other);
        Some(highest * share.unwrap_or_else(|| of_one(self.clients.publishers())))
    }
}

impl PlanSpec {
    /// Connections that are opened over the whole run if none fails.
    #[must_use]
    pub fn connections_in_all(&self) -> u64 {
        let held = self.clients.connections.into();
        if let (Some(comings), StopRule::Duration(length)) = (self.clients.comings(), self.stop) {
            let lasts = length + self.warmup.longest();
            let come = (comings.per_s * lasts.as_secs_f64()).ceil() as u64;
            return match self.clients.churn {
                Some(_) => come.saturating_add(held),
                None => come,
            };
        }
        self.clients_in_all().unwrap_or(held)
    }

    /// Connections that come and go beside the load and are there at a time, where the server opens them
    /// at once.
    pub(super) fn churn_at_a_time(&self) -> u32 {
        let churn = self.clients.churn;
        churn.map_or(0, |churn| churn.places(churn.longest_stay()))
    }
}

impl Sessions {
    /// Places for all that come within a time, whatever becomes of them, but for chance that hardly ever is,
    /// and within what is reasonable.
    #[must_use]
    pub fn places(&self, lasts: Nanos) -> u32 {
        let mean = self.per_s * lasts.as_secs_f64();
        ((mean + 5.0 * mean.sqrt() + 10.0) as u32).min(PLACES_AT_MOST)
    }

    /// Time that each stays; none where its round trips say so.
    #[must_use]
    pub fn longest_stay(&self) -> Nanos {
        match self.stay {
            Stay::Time(length) => length,
            Stay::RoundTrips(_) => Nanos::ZERO,
        }
    }

    /// As many are there at a time on average, where each stays for a time (Little's law).
    #[must_use]
    pub fn there_at_a_time(&self) -> u32 {
        self.there().round() as u32
    }

    fn there(&self) -> f64 {
        self.per_s * self.longest_stay().as_secs_f64()
    }

    fn threads_at_most(&self) -> u32 {
        match self.stay {
            // How many are there is the messages' to say.
            Stay::RoundTrips(_) => 1,
            Stay::Time(_) => ((self.there() / SESSIONS_A_THREAD) as u32).max(1),
        }
    }
}
