//! Each agent's share of the rate, for the live view.

use std::collections::BTreeMap;

use wsbench_drive::crew::{Part, Period};
use wsbench_load::result::AgentStanding;

use crate::coordinator::AgentState;
use crate::protocol::Standing;

/// Counts of the newest intervals, by agent.
#[derive(Debug, Default)]
pub(super) struct Rates(BTreeMap<String, OfAgent>);

/// An agent's messages: those of the newest interval, which not all of its workers may have handed over,
/// and those of the one before.
#[derive(Debug, Default)]
struct OfAgent {
    newest: u32,
    count: u64,
    before: Option<u64>,
}

impl Rates {
    /// Takes a part in that an agent has handed over.
    pub(super) fn take(&mut self, agent: &str, part: &Part) {
        let Period::Interval(number, _) = part.period else {
            return;
        };
        let counts = &part.tally.messages;
        // Where nothing is sent, what comes is the load.
        let count = match counts.sent {
            0 => counts.received_in_window,
            sent => sent,
        };
        let of_agent = self.0.entry(agent.to_owned()).or_default();
        if number > of_agent.newest {
            of_agent.before = Some(of_agent.count);
            (of_agent.newest, of_agent.count) = (number, 0);
        }
        if number == of_agent.newest {
            of_agent.count += count;
        }
    }

    /// How agents stand, with their shares.
    pub(super) fn standings(&self, agents: &[AgentState]) -> Vec<AgentStanding> {
        let is_there = |agent: &&AgentState| agent.left.is_none();
        let before = |agent: &AgentState| self.0.get(&agent.name).and_then(|it| it.before);
        let all: u64 = agents.iter().filter(is_there).filter_map(before).sum();
        let standing = |agent: &AgentState| AgentStanding {
            name: agent.name.clone(),
            step: word(agent.standing.as_ref()).to_owned(),
            lost: agent.left.clone(),
            // Where nothing is counted nobody has a share of it.
            share: before(agent)
                .filter(|_| all > 0)
                .map(|count| count as f64 / all as f64),
        };
        agents.iter().map(standing).collect()
    }
}

/// The step in a word.
fn word(standing: Option<&Standing>) -> &'static str {
    match standing {
        None => "has its share",
        Some(Standing::Preparing | Standing::Prepared) => "prepares",
        Some(Standing::Connecting) => "connects",
        Some(Standing::Ready) => "is connected",
        Some(Standing::Loaded) => "under load",
        Some(Standing::Stopping(_)) => "stops",
        Some(Standing::Refused(_)) => "refuses",
        Some(Standing::Over) => "is done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::meter::Window;
    use wsbench_load::nanos::Nanos;
    use wsbench_load::result::Stage;

    fn part(share: u32, interval: u32, sent: u64) -> Part {
        let mut part = Part {
            share,
            number: interval,
            period: Period::Interval(interval, Nanos::from_secs(1)),
            stage: Stage::Measuring,
            now: Nanos::ZERO,
            window: Window::UNOPENED,
            tally: Box::default(),
            due: 0,
            in_flight: 0,
            waiting: 0,
            cpu_share: 0.0,
            wait_share: 0.0,
            last: None,
        };
        part.tally.messages.sent = sent;
        part
    }

    fn agent(name: &str, left: Option<&str>) -> AgentState {
        AgentState {
            name: name.to_owned(),
            standing: Some(Standing::Loaded),
            left: left.map(str::to_owned),
            clock: None,
            drift_ppm: None,
            heard_of_beginning: None,
            facts: crate::protocol::Facts::default(),
        }
    }

    #[test]
    fn an_agents_share_is_of_the_interval_that_all_its_workers_have_handed_over() {
        let mut rates = Rates::default();
        let shares = |rates: &Rates, left: Option<&str>| {
            let standings = rates.standings(&[agent("a", left), agent("b", None)]);
            standings.iter().map(|it| it.share).collect::<Vec<_>>()
        };
        for (name, worker, sent) in [("a", 0, 10), ("a", 1, 20), ("b", 2, 10)] {
            rates.take(name, &part(worker, 0, sent));
        }
        assert_eq!(
            shares(&rates, None),
            [None, None],
            "it may not be whole yet"
        );
        rates.take("a", &part(0, 1, 1));
        rates.take("b", &part(2, 1, 1));
        assert_eq!(shares(&rates, None), [Some(0.75), Some(0.25)]);
        assert_eq!(
            shares(&rates, Some("gone"))[1],
            Some(1.0),
            "those that are there"
        );
    }
}
