//! From the probes of the clocks to everybody's share.

use wsbench_load::fanout::too_few_numbers;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;

use super::member::Enrolled;
use super::{Coordinator, CoordinatorAction, NoRun, PROBES, PROBING, RunPhase, say};
use crate::bus::{Bus, BusEntry, EntryKey, Of};
use crate::deal::deal;
use crate::portable::{NotPortable, Portable};
use crate::protocol::{Seat, Task, What};
use crate::wire;

impl Coordinator {
    /// One probe of an agent's clock is under way at a time, so that none waits behind another.
    pub(super) fn probe(
        &mut self,
        now: Nanos,
        bus: &mut dyn Bus,
        acts: &mut Vec<CoordinatorAction>,
    ) {
        let are_probed = self.members.iter().all(|it| it.before.answered() >= PROBES);
        let is_late = now - self.since >= PROBING;
        let is_known = |it: &Enrolled| it.before.best().is_some();
        if are_probed || is_late && self.members.iter().all(is_known) {
            self.hand_out(now, bus, acts);
        } else if is_late {
            let silent = self.members.iter().find(|it| !is_known(it));
            let agent = silent.map_or_else(String::new, |it| it.name.clone());
            let why = "it answers no probe of its clock".to_owned();
            self.fail(now, NoRun::Refused { agent, why }, bus, acts);
        } else {
            for member in self
                .members
                .iter_mut()
                .filter(|it| it.is_next_probe_due(now, PROBES))
            {
                member.probe_sent_at = Some(now);
                self.probe += 1;
                let number = self.probe;
                say(bus, Some(&member.name), What::Probe { number, sent: now });
            }
        }
    }

    /// Deals the workers and gives everybody the task.
    fn hand_out(&mut self, now: Nanos, bus: &mut dyn Bus, acts: &mut Vec<CoordinatorAction>) {
        match self.dealt(now) {
            Ok((task, plan)) => {
                let key = EntryKey {
                    run: task.run.clone(),
                    of: Of::Task,
                };
                if let Ok(bytes) = wire::packed(&task) {
                    self.outbox.keep(now, BusEntry { key, bytes }, bus);
                }
                self.task = Some(task.clone());
                self.enter(RunPhase::Tasking, now);
                acts.push(CoordinatorAction::Dealt(Box::new(task), plan));
                self.say_again(now, bus);
            }
            Err(trouble) => self.fail(now, trouble, bus, acts),
        }
    }

    fn dealt(&mut self, now: Nanos) -> Result<(Task, Plan), NoRun> {
        let asked = self.ask.threads;
        let threads = self
            .members
            .iter()
            .map(|it| asked.unwrap_or(it.facts.cores));
        let threads: Vec<u32> = threads.collect();
        let dealt = deal(&threads, self.ask.plan.clients.connections)?;
        let all = dealt.iter().map(Vec::len).sum::<usize>() as u32;
        let plan = self.ask.plan.edited(|spec| {
            spec.threads = all;
            spec.cpus.clear();
        });
        let plan = plan.map_err(NotPortable::from)?;
        if let Some(numbers) = too_few_numbers(&plan).filter(|_| dealt.len() > 1) {
            return Err(NoRun::TooFewNumbers {
                rooms: plan.clients.exchange.room_count(),
                numbers,
                threads: all,
            });
        }
        let Portable {
            plan: text,
            headers,
            logins,
        } = Portable::of(&plan)?;
        self.zero = now;
        let mut before = 0;
        let seats = self.members.iter_mut().zip(dealt).map(|(member, workers)| {
            member.is_under_way = true;
            let clock = member.before.best().unwrap_or_default();
            let seat = Seat {
                agent: member.name.clone(),
                life: member.life,
                before,
                zero: clock.there(now),
                clock,
                workers,
            };
            before += seat.workers.len() as u32;
            seat
        });
        let task = Task {
            run: self.ask.run.clone(),
            build: self.ask.build.clone(),
            plan: text,
            headers,
            logins,
            command: self.ask.command.clone(),
            started_at_unix_ms: self.ask.zero_unix_ms + now.0 / 1_000_000,
            seats: seats.collect(),
        };
        Ok((task, plan))
    }
}
