//! Which runs a ranking makes, in which order: randomised complete blocks, all of it from the seed.
//!
//! Each round is a block in which every server has one turn, freshly started, and in its turn one
//! run of each workload (METHOD 5.5). Of two rounds on end the first is drawn and the second is its
//! reverse, so that over both every server stood as early as any other: what drifts on the machine
//! falls on all alike. The same seed gives the same program, which is how an interrupted ranking
//! continues.

use wsbench_record::ranking::Workload;

/// Time that starting a server and ending it takes at a guess, before anybody has seen it, s.
const TURN_S: f64 = 1.0;

/// Subjects and bounds of a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Names of the servers.
    pub servers: Vec<String>,
    /// The workloads.
    pub workloads: Vec<Planned>,
    /// Number of rounds.
    pub rounds: u32,
    /// Seed of the orders and of the runs' own seeds.
    pub seed: u64,
    /// True where each server is examined before the rounds.
    pub is_examined: bool,
}

/// A workload, and what one run of it will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The workload.
    pub workload: Workload,
    /// Time that a run of it takes at a guess, s.
    pub expected_s: f64,
}

/// A server's turn in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its place among the servers.
    pub server: usize,
    /// Its runs, in order.
    pub runs: Vec<PlannedRun>,
}

/// One run that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// Its place among the workloads.
    pub workload: usize,
    /// Its seed.
    pub seed: u64,
}

impl Program {
    /// The turns of a round, from 1, in order.
    #[must_use]
    pub fn round(&self, round: u32) -> Vec<Turn> {
        let order = self.drawn(round, &[], self.servers.len());
        order
            .into_iter()
            .map(|server| Turn {
                server,
                runs: self.runs(round, server),
            })
            .collect()
    }

    /// True if a workload takes part in a round. One that is not for every round is spread over all
    /// of them, the first among its own: a ranking that is cut short has seen each of them.
    #[must_use]
    pub fn takes_part(&self, workload: usize, round: u32) -> bool {
        let of = u64::from(self.workloads[workload].workload.rounds.min(self.rounds));
        let rounds = u64::from(self.rounds.max(1));
        (u64::from(round - 1) * of) % rounds < of
    }

    /// Time that a round takes at a guess, s.
    #[must_use]
    pub fn round_s(&self, round: u32) -> f64 {
        self.servers.len() as f64 * self.turn_s(round)
    }

    /// Time that all rounds take at a guess, s.
    #[must_use]
    pub fn all_s(&self) -> f64 {
        (1..=self.rounds).map(|round| self.round_s(round)).sum()
    }

    /// Runs in all.
    #[must_use]
    pub fn runs_in_all(&self) -> usize {
        let each = (1..=self.rounds).map(|round| {
            let takes_part = |workload: &usize| self.takes_part(*workload, round);
            (0..self.workloads.len()).filter(takes_part).count()
        });
        self.servers.len() * each.sum::<usize>()
    }

    /// Time that a turn takes at a guess, s.
    fn turn_s(&self, round: u32) -> f64 {
        let takes_part = |workload: &usize| self.takes_part(*workload, round);
        let runs = (0..self.workloads.len()).filter(takes_part);
        self.expected_s(runs)
    }

    /// Time that a turn with these workloads takes at a guess, s.
    pub(super) fn expected_s(&self, workloads: impl Iterator<Item = usize>) -> f64 {
        TURN_S
            + workloads
                .map(|at| self.workloads[at].expected_s)
                .sum::<f64>()
    }

    fn runs(&self, round: u32, server: usize) -> Vec<PlannedRun> {
        let name = self.servers[server].as_bytes();
        let order = self.drawn(round, name, self.workloads.len());
        let takes_part = |workload: &usize| self.takes_part(*workload, round);
        let runs = order.into_iter().filter(takes_part);
        runs.map(|workload| {
            let of = self.workloads[workload].workload.name.as_bytes();
            let mixed = mix(self.seed, &[&round.to_le_bytes(), name, of]);
            PlannedRun {
                workload,
                // Short enough to be typed, and exact in any JSON reader.
                seed: mixed >> 32,
            }
        })
        .collect()
    }

    /// An order of so many things: drawn for every other round, the reverse in the one after.
    fn drawn(&self, round: u32, of: &[u8], things: usize) -> Vec<usize> {
        let pair = (round - 1) / 2;
        let mut random =
            fastrand::Rng::with_seed(mix(self.seed, &[b"order", &pair.to_le_bytes(), of]));
        let mut order: Vec<usize> = (0..things).collect();
        random.shuffle(&mut order);
        if round.is_multiple_of(2) {
            order.reverse();
        }
        order
    }
}

/// A number that depends on the seed and on all parts: FNV-1a, then one step of a generator, which
/// spreads what few bytes have moved. The seed is a part as the others are; were the hash only begun
/// with it, round 2 of one ranking would have the seeds of round 3 of the next.
fn mix(seed: u64, parts: &[&[u8]]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    let seed = seed.to_le_bytes();
    let parts = std::iter::once(seed.as_slice()).chain(parts.iter().copied());
    let hash = parts.fold(OFFSET, |hash, part| {
        // Parts end somewhere: "ab", "c" is not "a", "bc".
        part.iter().chain(&[0xff]).fold(hash, step)
    });
    fastrand::Rng::with_seed(hash).u64(..)
}
