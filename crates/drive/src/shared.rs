//! What the workers of one run have in common. Read on the hot path, written off it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use wsbench_load::meter::WarmUpAnswers;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::quota::Quota;
use wsbench_load::result::{Absences, Ended};

use crate::coordination::{Begin, Coordination};
use crate::part::Agreed;
use crate::warming::Warming;

/// A server that was there is given up when none is open and none has been answered for this long.
pub(crate) const SERVER_DEAD_AFTER: Nanos = Nanos::from_secs(3);

/// A server that takes a connection again within this time, and refused none meanwhile, was not gone:
/// it has ended the connections and nothing more.
const SHORTEST_ABSENCE: Nanos = Nanos::from_millis(100);

/// Asks a run to end in order: drain, close, report.
///
/// There are two reasons to ask. Whoever interrupts a run wants no more of it; whoever says that it
/// is enough has what the run was for, and it is complete.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<Wishes>);

#[derive(Debug, Default)]
struct Wishes {
    interrupted: AtomicBool,
    enough: AtomicBool,
}

impl StopSignal {
    /// A signal not yet given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end.
    pub fn request(&self) {
        self.0.interrupted.store(true, SeqCst);
    }

    /// Says that enough is measured: the load is over as if its stop rule held.
    pub fn suffice(&self) {
        self.0.enough.store(true, SeqCst);
    }

    /// True if enough is measured.
    #[must_use]
    pub fn has_sufficed(&self) -> bool {
        self.0.enough.load(SeqCst)
    }

    /// True if the end has been asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.interrupted.load(SeqCst)
    }
}

/// State that the workers of one run share.
#[derive(Debug)]
pub struct Shared {
    pub(crate) stop: StopSignal,
    /// Whom they agree with on the beginning, the window's opening and the end.
    coordination: Box<dyn Coordination>,
    /// Warm-up, whose end is the opening of the window, where that is found from the data.
    pub(crate) warming: Warming,
    /// Workers some of whose connections have neither opened nor failed yet.
    unsettled: AtomicU32,
    /// When the load begins; `u64::MAX` until all workers are settled and the coordination
    /// has said so.
    load_from: AtomicU64,
    /// Connections ever upgraded.
    upgraded: AtomicU64,
    /// Connections upgraded and open.
    alive: AtomicU64,
    /// Instant at which the last connection ended that had been answered, or, until there was one,
    /// the first that had not; `u64::MAX` before. A server that opens connections and turns each of
    /// them away is as good as dead, so an upgrade alone is no sign of life.
    last_sign_of_life: AtomicU64,
    /// True where a connection failed unanswered since: having none by one's own plan is no death.
    has_failed: AtomicBool,
    /// Whether a connection could not be opened since one was.
    is_out_of_reach: AtomicBool,
    /// Instant at which the last open connection had ended; `u64::MAX` while there is one, or never
    /// was.
    gone_since: AtomicU64,
    /// Times that the server was gone and came back. Written only when it does.
    absences: Mutex<Absences>,
    /// True where clients are replaced: then having no open connection is in order, unless one
    /// failed.
    replaces_clients: bool,
    /// Workers whose stop rule held.
    completed: AtomicU32,
    workers: u32,
    /// End of the run, once a worker has found out; 0 until then.
    ended: AtomicU8,
}

impl Shared {
    pub(crate) fn new(
        workers: u32,
        replaces_clients: bool,
        stop: StopSignal,
        coordination: Box<dyn Coordination>,
    ) -> Arc<Self> {
        Arc::new(Self {
            stop,
            coordination,
            warming: Warming::new(workers),
            unsettled: AtomicU32::new(workers),
            load_from: AtomicU64::new(u64::MAX),
            upgraded: AtomicU64::new(0),
            alive: AtomicU64::new(0),
            last_sign_of_life: AtomicU64::new(u64::MAX),
            has_failed: AtomicBool::new(false),
            is_out_of_reach: AtomicBool::new(false),
            gone_since: AtomicU64::new(u64::MAX),
            absences: Mutex::default(),
            replaces_clients,
            completed: AtomicU32::new(0),
            workers,
            ended: AtomicU8::new(0),
        })
    }

    /// What the workers may take of the plan's messages and clients.
    pub(crate) fn quota(&self, plan: &Plan) -> Quota {
        self.coordination.quota(plan)
    }

    /// A worker's answers in tick number `tick` of a warm-up whose end is found from the data,
    /// counted from 0; each worker tells of each once, in order. The window opens at `limit` if
    /// the load does not settle before.
    pub(crate) fn warmed(&self, tick: u64, answers: WarmUpAnswers, now: Nanos, limit: Nanos) {
        self.warming.tell(tick, answers, |answers| {
            let opens = self.coordination.warmed(answers, now);
            opens.filter(|opens| *opens < limit)
        });
    }

    /// Has the window open at `opens`, where its opening is found from the data. The first word
    /// stays: workers may have acted on it. One at or after the longest warm-up is none.
    pub fn open_at(&self, opens: Nanos) {
        self.warming.agree(opens);
    }

    /// The facts that the workers agree on by now.
    #[must_use]
    pub fn agreed(&self) -> Agreed {
        Agreed {
            ended: self.ended(),
            absences: self.absences(),
            load_from: self.load_from(),
            opens: self.warming.opens(),
        }
    }

    pub(crate) fn connection_upgraded(&self, now: Nanos) {
        self.upgraded.fetch_add(1, SeqCst);
        self.alive.fetch_add(1, SeqCst);
        let since = Nanos(self.gone_since.swap(u64::MAX, SeqCst));
        let was_out_of_reach = self.is_out_of_reach.swap(false, SeqCst);
        // Where connections were turned away, it is our own pause between attempts that was long.
        let was_turned_away = self.has_failed.load(SeqCst);
        let is_long = now - since >= SHORTEST_ABSENCE;
        let was_long = !self.replaces_clients && !was_turned_away && is_long;
        if since < now && (was_out_of_reach || was_long) {
            let mut absences = self.absences.lock().unwrap_or_else(PoisonError::into_inner);
            absences.add(since, now - since);
        }
    }

    /// Times that the server was gone and came back.
    pub(crate) fn absences(&self) -> Absences {
        *self.absences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that was upgraded has ended; `answered` when any of its messages was.
    pub(crate) fn connection_gone(&self, now: Nanos, answered: bool) {
        // Before the count, so that whoever sees no connection sees the sign of life as well.
        if answered {
            self.last_sign_of_life.store(now.0, SeqCst);
            self.has_failed.store(false, SeqCst);
        } else {
            self.last_sign_of_life.fetch_min(now.0, SeqCst);
        }
        if self.alive.fetch_sub(1, SeqCst) == 1 {
            self.gone_since.store(now.0, SeqCst);
        }
    }

    /// A connection could not be opened, or, where it `was_open`, ended without an answer.
    pub(crate) fn attempt_failed(&self, was_open: bool) {
        self.has_failed.store(true, SeqCst);
        if !was_open {
            self.is_out_of_reach.store(true, SeqCst);
        }
    }

    /// A worker's stop rule held.
    pub(crate) fn worker_completed(&self) {
        self.completed.fetch_add(1, SeqCst);
    }

    /// One worker's connections have all opened or failed. With the last one the coordination is
    /// asked for the load's beginning.
    pub(crate) fn worker_settled(&self, now: Nanos) {
        if self.unsettled.fetch_sub(1, SeqCst) > 1 {
            return;
        }
        match self
            .coordination
            .all_settled(now, self.upgraded.load(SeqCst))
        {
            Begin::At(at) => self.begin_at(at),
            Begin::Never(why) => self.end(why),
            Begin::Later => {}
        }
    }

    /// Has the load begin at `at`, where the coordination said [`Begin::Later`]. The first word stays:
    /// workers may have acted on it. A worker that hears of it too late begins at once.
    pub fn begin_at(&self, at: Nanos) {
        let _ = self
            .load_from
            .compare_exchange(u64::MAX, at.0, SeqCst, SeqCst);
    }

    /// True if the stop rule has held for every worker.
    pub(crate) fn is_load_over(&self) -> bool {
        self.completed.load(SeqCst) == self.workers
    }

    /// Connections upgraded and open.
    pub(crate) fn alive(&self) -> u64 {
        self.alive.load(SeqCst)
    }

    pub(crate) fn load_from(&self) -> Nanos {
        Nanos(self.load_from.load(SeqCst))
    }

    pub(crate) fn is_server_dead(&self, now: Nanos) -> bool {
        self.alive.load(SeqCst) == 0
            && self.has_failed.load(SeqCst)
            && now - Nanos(self.last_sign_of_life.load(SeqCst)) >= SERVER_DEAD_AFTER
    }

    /// Ends the run for all workers; the first reason given stays, and the coordination hears of
    /// it.
    pub fn end(&self, reason: Ended) {
        let code = match reason {
            Ended::Complete => return,
            Ended::Interrupted => 1,
            Ended::NothingConnected => 2,
            Ended::ServerDied => 3,
        };
        if self.ended.compare_exchange(0, code, SeqCst, SeqCst).is_ok() {
            self.coordination.ended(reason);
        }
    }

    /// Why the run ends before its stop rule holds; `Complete` while it does not.
    pub(crate) fn ended(&self) -> Ended {
        match self.ended.load(SeqCst) {
            0 if self.stop.is_requested() && self.completed.load(SeqCst) < self.workers => {
                Ended::Interrupted
            }
            0 => Ended::Complete,
            1 => Ended::Interrupted,
            2 => Ended::NothingConnected,
            _ => Ended::ServerDied,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::Alone;

    fn shared(workers: u32, replaces_clients: bool) -> Arc<Shared> {
        Shared::new(
            workers,
            replaces_clients,
            StopSignal::new(),
            Box::<Alone>::default(),
        )
    }

    fn at(seconds: u64) -> Nanos {
        Nanos::from_secs(seconds)
    }

    #[test]
    fn a_server_is_dead_when_no_connection_is_open_nor_was_answered_of_late() {
        let shared = shared(1, false);
        assert!(
            !shared.is_server_dead(at(100)),
            "it may not have been asked"
        );
        shared.connection_upgraded(at(0));
        assert!(!shared.is_server_dead(at(100)), "slow is not dead");
        shared.connection_gone(at(100), true);
        assert!(
            !shared.is_server_dead(at(200)),
            "nobody has tried to connect since"
        );
        shared.attempt_failed(false);
        assert!(!shared.is_server_dead(at(102)));
        assert!(shared.is_server_dead(at(103)));
    }

    #[test]
    fn a_server_is_gone_from_the_last_connection_lost_to_the_first_upgraded_again() {
        let shared = shared(1, false);
        shared.connection_upgraded(at(1));
        shared.connection_upgraded(at(2));
        shared.connection_gone(at(3), true);
        assert_eq!(shared.absences().times, 0, "one is still there");
        shared.connection_gone(at(4), true);
        shared.attempt_failed(false);
        shared.connection_upgraded(at(6));
        shared.connection_upgraded(at(7));
        for gone in [10, 20] {
            shared.connection_gone(at(gone), true);
        }
        shared.connection_upgraded(at(25));
        let absences = shared.absences();
        assert_eq!((absences.times, absences.total), (2, at(7)));
        assert_eq!((absences.longest_start, absences.longest), (at(20), at(5)));
    }

    /// A server that ends its connections and takes the next ones is there.
    #[test]
    fn a_server_that_takes_connections_again_at_once_was_not_gone() {
        let shared = shared(1, false);
        for second in 1..10 {
            shared.connection_upgraded(at(second));
            let ended = at(second) + Nanos::from_millis(950);
            shared.connection_gone(ended, second % 2 == 0);
            shared.attempt_failed(true);
        }
        shared.connection_upgraded(at(10));
        assert_eq!(shared.absences().times, 0);
        shared.connection_gone(at(11), true);
        shared.attempt_failed(false);
        shared.connection_upgraded(at(11) + Nanos::from_millis(3));
        assert_eq!(shared.absences().times, 1, "refused meanwhile");
    }

    /// One client at a time that closes and is replaced leaves no connection open for a moment.
    #[test]
    fn a_client_that_is_replaced_is_no_absence_unless_one_failed() {
        let shared = shared(1, true);
        shared.connection_upgraded(at(1));
        shared.connection_gone(at(2), true);
        shared.connection_upgraded(at(3));
        assert_eq!(shared.absences().times, 0);
        shared.connection_gone(at(4), true);
        shared.attempt_failed(false);
        shared.connection_upgraded(at(6));
        assert_eq!(shared.absences().total, at(2));
    }

    #[test]
    fn an_upgrade_alone_is_no_sign_of_life() {
        let shared = shared(1, false);
        for second in 0..3 {
            shared.connection_upgraded(at(0));
            shared.connection_gone(at(second), false);
            shared.attempt_failed(true);
            assert!(!shared.is_server_dead(at(second)));
        }
        shared.connection_upgraded(at(0));
        assert!(!shared.is_server_dead(at(4)), "this one may be answered");
        shared.connection_gone(at(4), false);
        assert!(shared.is_server_dead(at(4)));
    }

    /// Lets the load begin when somebody else says so, and writes down what it hears.
    #[derive(Debug, Default)]
    struct Waiting(Arc<Mutex<Vec<String>>>);

    impl Coordination for Waiting {
        fn quota(&self, plan: &Plan) -> Quota {
            Quota::new(plan)
        }

        fn warmed(&self, _: WarmUpAnswers, _: Nanos) -> Option<Nanos> {
            None
        }

        fn all_settled(&self, now: Nanos, upgraded: u64) -> Begin {
            let mut heard = self.0.lock().unwrap();
            heard.push(format!("{upgraded} at {now}"));
            Begin::Later
        }

        fn ended(&self, why: Ended) {
            self.0.lock().unwrap().push(format!("{why:?}"));
        }
    }

    #[test]
    fn others_are_asked_once_for_the_beginning_and_told_once_of_an_early_end() {
        let heard = Arc::default();
        let others = Waiting(Arc::clone(&heard));
        let shared = Shared::new(2, false, StopSignal::new(), Box::new(others));
        shared.connection_upgraded(at(1));
        shared.worker_settled(at(1));
        assert!(heard.lock().unwrap().is_empty(), "one worker is not ready");
        shared.worker_settled(at(2));
        assert_eq!(*heard.lock().unwrap(), [format!("1 at {}", at(2))]);
        assert_eq!(shared.load_from(), Nanos::MAX, "others are not ready");
        shared.begin_at(at(5));
        shared.begin_at(at(6));
        assert_eq!(shared.load_from(), at(5), "what was said first stays");
        shared.end(Ended::ServerDied);
        shared.end(Ended::Interrupted);
        assert_eq!(heard.lock().unwrap()[1..], ["ServerDied"]);
        assert_eq!(shared.ended(), Ended::ServerDied);
    }

    #[test]
    fn a_process_of_its_own_begins_shortly_after_its_last_worker_or_not_at_all() {
        let begun = shared(1, false);
        begun.connection_upgraded(at(1));
        begun.worker_settled(at(2));
        let lead = begun.load_from() - at(2);
        assert!(lead > Nanos::from_millis(20), "workers look up that often");
        let nobody = shared(1, false);
        nobody.worker_settled(at(2));
        assert_eq!(nobody.load_from(), Nanos::MAX);
        assert_eq!(nobody.ended(), Ended::NothingConnected);
    }
}
