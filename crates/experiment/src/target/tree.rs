//! A process and all that descend from it: who they are and what they have used together.
//!
//! The rule of counting CPU time: each living process's own, by its CPU clock, plus that of its
//! children that have ended and been waited for. A child that ends thus moves from the first sum to
//! the second, rounded to ticks; what is lost is the time of children that nobody waited for.

use std::collections::BTreeMap;

use wsbench_drive::host::{self, ProcessStat};
use wsbench_load::nanos::Nanos;

/// Processes that belong to the server.
#[derive(Clone, Debug)]
pub struct ProcessTree {
    root: u32,
    /// True where the root's own figures are the server's; else only what descends from it.
    counts_root: bool,
    /// Members by number, with when they began.
    members: BTreeMap<u32, u64>,
    /// Members that have ended since the first look.
    ended: usize,
}

/// Use of the members of a tree together until one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeUsage {
    /// CPU time, by the rule of this module.
    pub cpu: Nanos,
    /// Its parts in user mode and in the kernel as ticks have them: good for their ratio.
    pub user: Nanos,
    /// See `user`.
    pub system: Nanos,
    /// CPU time of each thread that is there.
    pub threads: BTreeMap<u32, Nanos>,
    /// Times that threads gave the core up.
    pub voluntary_switches: u64,
    /// Times that it was taken from them.
    pub involuntary_switches: u64,
}

impl ProcessTree {
    /// The process and its descendants; `None` when there is no such process.
    #[must_use]
    pub fn of(root: u32) -> Option<Self> {
        Self::new(root, true)
    }

    /// The descendants of the process alone: it has only started them.
    #[must_use]
    pub fn below(root: u32) -> Option<Self> {
        Self::new(root, false)
    }

    fn new(root: u32, counts_root: bool) -> Option<Self> {
        let began = host::process_stat(root)?.began;
        let mut tree = Self {
            root,
            counts_root,
            members: BTreeMap::new(),
            ended: 0,
        };
        if counts_root {
            tree.members.insert(root, began);
        }
        tree.look_again();
        Some(tree)
    }

    /// Finds who has come and who has gone. Reads one line of every process that can be seen.
    pub fn look_again(&mut self) {
        let mut now = descendants(self.root);
        if self.counts_root
            && let Some(stat) = host::process_stat(self.root)
        {
            now.insert(self.root, stat.began);
        }
        let gone = |(pid, began): &(&u32, &u64)| now.get(pid) != Some(began);
        self.ended += self.members.iter().filter(gone).count();
        self.members = now;
    }

    /// Members as last seen.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.members.len()
    }

    /// Members that have ended since the first look, as far as anybody looked.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// Use of the members until now. The CPU clocks are read first, so that the moment is that of
    /// the call.
    #[must_use]
    pub fn usage(&self) -> TreeUsage {
        let own = |pid: &u32| host::process_cpu(*pid).unwrap_or(Nanos::ZERO);
        let mut usage = TreeUsage {
            cpu: self.members.keys().map(own).fold(Nanos::ZERO, |a, b| a + b),
            ..TreeUsage::default()
        };
        for pid in self.members.keys() {
            if let Some(stat) = host::process_stat(*pid) {
                usage.cpu += stat.children;
                usage.user += stat.user;
                usage.system += stat.system;
            }
            let threads = host::threads_usage(*pid);
            usage.threads.extend(threads.cpu);
            usage.voluntary_switches += threads.voluntary_switches;
            usage.involuntary_switches += threads.involuntary_switches;
        }
        if !self.counts_root
            && let Some(stat) = host::process_stat(self.root)
        {
            // Orphans end up with the root, which waits for them.
            usage.cpu += stat.children;
        }
        usage
    }

    /// Resident memory, bytes; pages that several members share are counted for each.
    #[must_use]
    pub fn rss(&self) -> Option<u64> {
        sum(self.members.keys().map(|pid| host::process_rss(*pid)))
    }

    /// Memory, bytes, shared pages counted once. Holds each process up while it is looked at.
    #[must_use]
    pub fn pss(&self) -> Option<u64> {
        sum(self.members.keys().map(|pid| host::process_pss(*pid)))
    }
}

/// The sum of what is known; `None` when nothing is.
fn sum(parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    parts.flatten().reduce(|a, b| a + b)
}

/// All that descend from a process, by number, with when they began. Not the process itself.
#[must_use]
pub fn descendants(root: u32) -> BTreeMap<u32, u64> {
    let stat = |pid| Some((pid, host::process_stat(pid)?));
    let all: Vec<(u32, ProcessStat)> = host::processes().into_iter().filter_map(stat).collect();
    let mut found = BTreeMap::new();
    let mut generation = vec![root];
    while !generation.is_empty() {
        let children: Vec<_> = all
            .iter()
            .filter(|(pid, stat)| generation.contains(&stat.parent) && !found.contains_key(pid))
            .collect();
        generation = children.iter().map(|(pid, _)| *pid).collect();
        found.extend(children.iter().map(|(pid, stat)| (*pid, stat.began)));
    }
    found
}
