//! Who takes part: the agents that are there, free, and of our build.

use wsbench_load::nanos::Nanos;

use super::member::Enrolled;
use super::{Coordinator, CoordinatorAction, MUSTER, NoRun, RunPhase};
use crate::bus::Bus;
use crate::protocol::Word;

/// Agents that are there answer within this; where enough have, no others are waited for.
const GLANCE: Nanos = Nanos::from_millis(400);

impl Coordinator {
    /// Chooses among those that have answered, by their names; says who is missing when it took too long.
    pub(super) fn muster(
        &mut self,
        now: Nanos,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        let free = |word: &Word| word.run.is_none() && word.facts.build == self.ask.build;
        let fit = self.present.values().filter(|(word, _)| free(word)).count();
        let waited = now - self.since;
        if fit >= self.ask.agents && waited >= GLANCE {
            let chosen = self.present.values().filter(|(word, _)| free(word));
            let members = chosen.take(self.ask.agents).cloned();
            let members = members
                .map(|(word, heard)| Enrolled::new(word, heard))
                .collect();
            for (name, (word, _)) in &self.present {
                if word.facts.build != self.ask.build {
                    let words = format!("agent {name} is left out: {}", self.differs(word));
                    acts.push(CoordinatorAction::Tell(words));
                }
            }
            self.members = members;
            self.enter(RunPhase::Probing, now);
        } else if waited >= MUSTER {
            self.fail(now, NoRun::TooFew(self.who_is_there()), bus, acts);
        }
    }

    fn differs(&self, word: &Word) -> String {
        format!(
            "it is wsbench {}, and this is {}",
            word.facts.build, self.ask.build
        )
    }

    /// Words for who is there and who is not, for whoever asked for more.
    fn who_is_there(&self) -> String {
        let asked = self.ask.agents;
        if self.present.is_empty() {
            return format!(
                "no agent is there, and {asked} are asked for; start `wsbench agent` on each machine, with \
                 the same bus and fleet"
            );
        }
        let mut fit = Vec::new();
        let mut others = Vec::new();
        for (name, (word, _)) in &self.present {
            match &word.run {
                _ if word.facts.build != self.ask.build => {
                    let differs = self.differs(word);
                    others.push(format!("agent {name} is of another build: {differs}"));
                }
                Some(run) => others.push(format!("agent {name} is busy with run {}", run.run)),
                None => fit.push(name.as_str()),
            }
        }
        let mut words = format!("{} of the {asked} agents asked for are there", fit.len());
        if !fit.is_empty() {
            words.push_str(&format!(" ({})", fit.join(", ")));
        }
        for other in others {
            words.push_str("; ");
            words.push_str(&other);
        }
        words
    }
}
