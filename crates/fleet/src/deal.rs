//! Dealing a run's workers to agents.
//!
//! A worker is a worker wherever it runs: its connections, its seeds and its share of the rate follow from
//! its number over the whole run. So a fleet's run is that of one process with as many threads, and
//! what is dealt are numbers, in turn, one to each agent that has a thread left. Connections differ
//! by one at most between agents of as many threads, Poisson arrivals of the shares superpose to the
//! whole, and those of an even rate interleave.

use thiserror::Error;
use wsbench_load::plan::Role;

/// There are fewer connections than agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{connections} connections are fewer than {agents} agents; each needs one at least")]
pub struct TooFewConnections {
    /// Connections of the whole run.
    pub connections: u32,
    /// Agents.
    pub agents: usize,
}

/// The workers of each of the agents, rising, by how many threads each may have: all of these, as far as
/// there are connections for them.
///
/// # Errors
/// [`TooFewConnections`].
pub fn deal(threads: &[u32], connections: u32) -> Result<Vec<Vec<u32>>, TooFewConnections> {
    let agents = threads.len();
    if (connections as usize) < agents {
        return Err(TooFewConnections {
            connections,
            agents,
        });
    }
    let mut dealt = vec![Vec::new(); agents];
    let mut next = 0;
    while next < connections {
        let before = next;
        for (own, threads) in dealt.iter_mut().zip(threads) {
            if own.len() < (*threads).max(1) as usize && next < connections {
                own.push(next);
                next += 1;
            }
        }
        if next == before {
            break;
        }
    }
    Ok(dealt)
}

/// Connections of the workers with these numbers, of a whole of so many; or of the first so many of it,
/// such as those that send.
#[must_use]
pub fn connections_of(workers: &[u32], all_workers: u32, connections: u32) -> u32 {
    let all_workers = all_workers.max(1);
    let (each, over) = (connections / all_workers, connections % all_workers);
    workers
        .iter()
        .map(|worker| each + u32::from(*worker < over))
        .sum()
}

/// The roles of the connections that fall to the workers with these numbers.
#[must_use]
pub fn roles_of(workers: &[u32], all_workers: u32, roles: &[Role]) -> Vec<Role> {
    let (mut before, mut own) = (0, 0);
    let of_role = |role: &Role| {
        before += role.connections;
        let connections = connections_of(workers, all_workers, before) - own;
        own += connections;
        Role {
            connections,
            ..role.clone()
        }
    };
    let all = roles.iter().map(of_role);
    all.filter(|role| role.connections > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::plan::LoginSteps;

    #[test]
    fn every_worker_is_dealt_once_and_connections_come_out_even() {
        for agents in 1..6_u32 {
            for threads in 1..5 {
                for connections in agents..40 {
                    let dealt = deal(&vec![threads; agents as usize], connections).unwrap();
                    let mut all: Vec<u32> = dealt.concat();
                    all.sort_unstable();
                    let workers = (agents * threads).min(connections);
                    assert!(all.iter().copied().eq(0..workers), "{all:?}");
                    let shares = dealt
                        .iter()
                        .map(|own| connections_of(own, workers, connections));
                    let shares: Vec<u32> = shares.collect();
                    assert_eq!(shares.iter().sum::<u32>(), connections);
                    let is_even = workers.is_multiple_of(agents);
                    let spread = shares.iter().max().unwrap() - shares.iter().min().unwrap();
                    let most = if is_even {
                        1
                    } else {
                        connections.div_ceil(workers)
                    };
                    assert!(spread <= most, "{shares:?} of {connections}");
                }
            }
        }
    }

    #[test]
    fn an_agent_with_more_cores_has_more_of_the_connections() {
        let dealt = deal(&[1, 4, 2], 700).unwrap();
        assert_eq!(dealt, [vec![0], vec![1, 3, 5, 6], vec![2, 4]]);
        let shares = [0, 1, 2].map(|at| connections_of(&dealt[at], 7, 700));
        assert_eq!(shares, [100, 400, 200]);
    }

    #[test]
    fn roles_are_dealt_by_the_places_of_their_connections() {
        let role = |connections, publishes| Role {
            connections,
            publishes,
            subscribes: !publishes,
            reads: None,
            join: LoginSteps::default(),
            voice: None,
        };
        let roles = [role(2, true), role(7, false)];
        let of = |workers: &[u32]| {
            let own = roles_of(workers, 3, &roles);
            own.iter()
                .map(|it| (it.connections, it.publishes))
                .collect::<Vec<_>>()
        };
        // Places 0 and 1 send; workers have every third place.
        assert_eq!(of(&[0]), [(1, true), (2, false)]);
        assert_eq!(of(&[1, 2]), [(1, true), (5, false)]);
        assert_eq!(of(&[2]), [(3, false)], "it has no sender");
    }

    #[test]
    fn fewer_connections_than_agents_are_refused() {
        let refused = deal(&[2, 2, 2], 2).unwrap_err().to_string();
        assert_eq!(
            refused,
            "2 connections are fewer than 3 agents; each needs one at least"
        );
    }
}
