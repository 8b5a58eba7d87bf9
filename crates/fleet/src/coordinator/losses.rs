//! Agents that leave before the end: how that is seen, and what becomes of the run.

use wsbench_load::nanos::Nanos;

use super::{Coordinator, CoordinatorAction, NoRun, RunPhase, SILENCE, STOPPING};
use crate::bus::Bus;
use crate::protocol::{EndWord, Standing};

impl Coordinator {
    pub(super) fn look_for_the_lost(
        &mut self,
        now: Nanos,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        let mut gone = Vec::new();
        // Whoever has loaded the server leaves with its books kept, which may come here late.
        let patience = match self.phase < RunPhase::Loaded {
            true => SILENCE,
            false => STOPPING,
        };
        for member in self
            .members
            .iter()
            .filter(|it| !it.is_lost && it.final_at.is_none())
        {
            let silent = now - member.heard;
            let stopped = match &member.standing {
                // It has stopped itself; its books come all the same.
                Some(Standing::Stopping(why)) if self.orders.end.is_none() => Some(why.clone()),
                _ => None,
            };
            if member.is_another_process {
                let why = "its process has ended, and another of its name is there";
                gone.push((member.name.clone(), why.to_owned(), false));
            } else if silent >= SILENCE {
                let why = format!("not heard of for {:.0} s", silent.as_secs_f64());
                gone.push((member.name.clone(), why, false));
            } else if member
                .out_since
                .is_some_and(|since| now - since >= patience)
            {
                let why = "it has left the run, and its words of that were lost";
                gone.push((member.name.clone(), why.to_owned(), false));
            } else if let Some(why) = stopped.filter(|_| member.left.is_none()) {
                gone.push((member.name.clone(), why, self.phase == RunPhase::Loaded));
            }
        }
        for (name, why, hands_over) in gone {
            if !self.is_over() {
                self.lose(now, (&name, &why, hands_over), bus, acts);
            }
        }
    }

    /// An agent is gone, though it may still hand its books over: before the load there is then no run,
    /// afterwards the others end or go on.
    fn lose(
        &mut self,
        now: Nanos,
        (name, why, hands_over): (&str, &str, bool),
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        let Some(member) = self.members.iter_mut().find(|it| it.name == name) else {
            return;
        };
        let is_new = member.left.is_none();
        let words = format!(
            "{why}, {:.1} s into the run",
            (now - self.zero).as_secs_f64()
        );
        member.left.get_or_insert(words);
        if !hands_over {
            member.is_lost = true;
            self.orders.lost.push(name.to_owned());
        }
        acts.push(CoordinatorAction::Lost(name.to_owned(), why.to_owned()));
        if self.phase < RunPhase::Loaded {
            let (agent, why) = (name.to_owned(), why.to_owned());
            return self.fail(now, NoRun::LostEarly { agent, why }, bus, acts);
        }
        let left = self.members.iter().filter(|it| it.left.is_none()).count();
        if self.orders.end.is_some() || !is_new {
            self.say_orders(now, bus);
        } else if self.ask.keeps_going && left > 0 {
            acts.push(CoordinatorAction::Tell(format!(
                "agent {name} is lost: {why}; {left} go on"
            )));
            self.say_orders(now, bus);
        } else {
            acts.push(CoordinatorAction::Tell(format!(
                "agent {name} is lost: {why}; the run ends"
            )));
            self.end(now, EndWord::Interrupted, bus, acts);
        }
    }

    pub(super) fn give_all_up(&mut self, why: &str, acts: &mut Vec<CoordinatorAction>) {
        for member in &mut self.members {
            if !member.is_lost && member.final_at.is_none() {
                member.is_lost = true;
                member.left.get_or_insert_with(|| why.to_owned());
                acts.push(CoordinatorAction::Lost(member.name.clone(), why.to_owned()));
            }
        }
    }
}
