//! Which connections of a run read slowly, and how: by their role, or as a share of those that may.

use std::ops::Range;

use super::slow::Reads;
use super::spec::{PlanSpec, Population};

impl Population {
    /// Connections among which the share of slow readers is.
    #[must_use]
    pub fn may_be_slow(&self) -> u32 {
        self.places_of_slow()
            .map(|places| places.end - places.start)
            .sum()
    }

    /// Slow readers among the connections.
    #[must_use]
    pub fn slow_readers(&self) -> u32 {
        let kinds = self.slow_kinds();
        kinds.map(|(number, _)| number).sum()
    }

    /// Slow readers by the way in which they read: those of a share of the connections, and those whose
    /// role says so.
    pub fn slow_kinds(&self) -> impl Iterator<Item = (u32, Reads)> {
        let mixed = self
            .slow
            .map(|slow| (slow.number(self.may_be_slow()), slow.reads));
        let by_role = self.roles.iter();
        let by_role = by_role.filter_map(|role| Some((role.connections, role.reads?)));
        mixed.into_iter().chain(by_role)
    }

    /// The places of connections among which the share of slow readers is: all, or those of roles.
    fn places_of_slow(&self) -> impl Iterator<Item = Range<u32>> {
        let mut begins = 0_u32;
        let of_roles = self.roles.iter().filter_map(move |role| {
            let from = begins;
            begins = begins.saturating_add(role.connections);
            role.may_be_slow().then_some(from..begins)
        });
        let all = self.roles.is_empty().then_some(0..self.connections);
        all.into_iter().chain(of_roles)
    }
}

impl PlanSpec {
    /// True where the connection at this place of the run, from 0, is a slow reader.
    #[must_use]
    pub fn is_slow(&self, place: u32) -> bool {
        self.reads_of(place).is_some()
    }

    /// Way in which the connection at this place of the run, from 0, reads; `None` where it is no slow
    /// reader. Places alternate between threads; those of a share are spread evenly over those of each.
    #[must_use]
    pub fn reads_of(&self, place: u32) -> Option<Reads> {
        let clients = &self.clients;
        let of_role = clients.role_of(place).and_then(|role| role.reads);
        of_role.or_else(|| {
            let slow = clients.slow?;
            let is_one = slow.is_one(self.turn_of_slow(place)?);
            is_one.then_some(slow.reads)
        })
    }

    /// Number of a place among those of which slow readers are a share, thread by thread; `None` of others.
    fn turn_of_slow(&self, place: u32) -> Option<u64> {
        let threads = self.threads.max(1);
        let worker = place % threads;
        // Places before an end that are the worker's own, and those of the workers before it.
        let below = |end: u32| end.saturating_sub(worker).div_ceil(threads);
        let ahead = |end: u32| end / threads * worker + (end % threads).min(worker);
        let (mut before, mut is_there) = (0, false);
        for places in self.clients.places_of_slow() {
            let others = ahead(places.end) - ahead(places.start);
            let own = below(place.clamp(places.start, places.end)) - below(places.start);
            before += u64::from(others) + u64::from(own);
            is_there |= places.contains(&place);
        }
        is_there.then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nanos::Nanos;
    use crate::plan::login::LoginSteps;
    use crate::plan::role::Role;
    use crate::plan::slow::SlowReaders;

    /// Those of roles that send nothing are meant, on every thread; a role may be of slow readers alone.
    #[test]
    fn with_roles_slow_readers_are_of_those_that_receive() {
        let role = |connections, publishes, reads| Role {
            connections,
            publishes,
            subscribes: true,
            reads,
            join: LoginSteps::default(),
            voice: None,
        };
        let stall = Reads::Stall {
            length: Nanos::from_millis(1),
            every: Nanos::from_millis(10),
        };
        let rate = Reads::Rate { bytes_per_s: 100 };
        for threads in 1..6 {
            let spec = PlanSpec::against("ws://h/".parse().unwrap()).with(|spec| {
                spec.threads = threads;
                let clients = &mut spec.clients;
                clients.roles = vec![
                    role(7, true, None),
                    role(40, false, None),
                    role(3, false, Some(stall)),
                    role(20, false, None),
                ];
                clients.connections = 70;
                clients.slow = Some(SlowReaders {
                    share: 0.25,
                    reads: rate,
                });
            });
            assert_eq!(spec.clients.may_be_slow(), 60);
            assert_eq!(spec.clients.slow_readers(), 18);
            let slow = |place: &u32| spec.is_slow(*place);
            let found: Vec<u32> = (0..70).filter(slow).collect();
            assert_eq!(found.len(), 18, "{threads} threads");
            assert!(found.iter().all(|place| *place >= 7));
            let stalled = (47..50).all(|place| spec.reads_of(place) == Some(stall));
            assert!(stalled, "{found:?}");
            for worker in 0..threads {
                let own = found.iter().filter(|place| *place % threads == worker);
                let mixed = own.filter(|place| spec.reads_of(**place) == Some(rate));
                let expected = 15.0 / f64::from(threads);
                let count = mixed.count() as f64;
                assert!(
                    (count - expected).abs() <= 1.5,
                    "{count} on one of {threads}"
                );
            }
        }
    }
}
