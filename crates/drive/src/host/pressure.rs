//! What pressed on this machine over a span of time, whoever caused it: time that a hypervisor gave
//! to others, tasks that waited for a core, trouble that the kernel's TCP counted, and how much of a network
//! card's speed was used.
//!
//! The kernel's counters are read twice and subtracted; they are of the whole machine (or network
//! namespace), not of this process. What a system does not count is absent. Linux alone has them.

use std::fs;

use wsbench_load::nanos::Nanos;
use wsbench_load::result::{CardUse, HostPressure};

use super::{card_speed, stolen_ticks};

/// Counters of `/proc/net/netstat` that rise only when something went wrong.
const TCP_TROUBLE: [&str; 8] = [
    "ListenOverflows",
    "ListenDrops",
    "TCPTimeouts",
    "TCPLostRetransmit",
    "TCPReqQFullDrop",
    "TCPBacklogDrop",
    "TCPRcvQDrop",
    "PruneCalled",
];
/// The one of `/proc/net/snmp`.
const RETRANSMITTED: &str = "RetransSegs";

/// Bytes on the wire beside each frame that a card counts: preamble 8, checksum 4, gap 12 (IEEE 802.3).
const BESIDE_A_FRAME: u64 = 24;

/// What an interface has sent and received, bytes on the wire.
#[derive(Clone, Debug, PartialEq)]
struct Carried {
    name: String,
    sent: u64,
    received: u64,
}

/// The kernel's counters at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    at: Nanos,
    /// Stolen and all ticks, added up over cores.
    ticks: Option<(u64, u64)>,
    /// Time in which at least one task waited for a core, µs.
    waited_us: Option<u64>,
    tcp: Vec<(&'static str, u64)>,
    interfaces: Vec<Carried>,
}

impl Counters {
    /// Reads them; `now` is the run's clock.
    pub(crate) fn read(now: Nanos) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let netstat = read("/proc/net/netstat");
        let snmp = read("/proc/net/snmp");
        let trouble = TCP_TROUBLE
            .into_iter()
            .map(|name| (name, counter(&netstat, "TcpExt:", name)));
        let retransmitted = (RETRANSMITTED, counter(&snmp, "Tcp:", RETRANSMITTED));
        Self {
            at: now,
            ticks: stolen_ticks(),
            waited_us: waited_us(&read("/proc/pressure/cpu")),
            tcp: trouble
                .chain([retransmitted])
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            interfaces: read("/proc/net/dev").lines().filter_map(carried).collect(),
        }
    }

    /// Pressure from then until `later`.
    pub(crate) fn until(&self, later: &Self) -> HostPressure {
        self.until_with(later, card_speed)
    }

    /// The same, with `speed` for what a card of a name says of its speed, Mbit/s.
    fn until_with(&self, later: &Self, speed: impl Fn(&str) -> Option<u64>) -> HostPressure {
        let span_us = (later.at - self.at).as_secs_f64() * 1e6;
        let steal = self.ticks.zip(later.ticks).and_then(|(before, after)| {
            let all = after.1.saturating_sub(before.1);
            (all > 0).then(|| after.0.saturating_sub(before.0) as f64 / all as f64)
        });
        let waited = self.waited_us.zip(later.waited_us);
        let waited = waited.filter(|_| span_us > 0.0);
        let rose = self.tcp.iter().zip(&later.tcp);
        HostPressure {
            steal,
            waited: waited.map(|(before, after)| {
                let share = after.saturating_sub(before) as f64 / span_us;
                share.min(1.0)
            }),
            tcp_trouble: rose
                .map(|(before, after)| (after.0, after.1.saturating_sub(before.1)))
                .filter(|(_, rose)| *rose > 0)
                .collect(),
            card: self.busiest_card(later, speed),
        }
    }

    /// The card nearest to its speed. Interfaces without a device (bridges, tunnels, pairs) have none.
    fn busiest_card(&self, later: &Self, speed: impl Fn(&str) -> Option<u64>) -> Option<CardUse> {
        let span_s = (later.at - self.at).as_secs_f64();
        if span_s <= 0.0 {
            return None;
        }
        let cards = later.interfaces.iter().filter_map(|now| {
            let then = self.interfaces.iter().find(|then| then.name == now.name)?;
            let mbit_per_s = speed(&now.name)?;
            let share = |then: u64, now: u64| {
                let bits = now.saturating_sub(then) as f64 * 8.0;
                bits / span_s / (mbit_per_s as f64 * 1e6)
            };
            Some(CardUse {
                name: now.name.clone(),
                mbit_per_s,
                sent: share(then.sent, now.sent),
                received: share(then.received, now.received),
            })
        });
        let busier = |card: &CardUse| card.sent.max(card.received);
        cards.max_by(|a, b| busier(a).total_cmp(&busier(b)))
    }
}

/// A line of `/proc/net/dev`: `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets …`,
/// first of what was received, then of what was sent; `None` for its two lines of titles.
fn carried(line: &str) -> Option<Carried> {
    let (name, figures) = line.split_once(':')?;
    let figures: Vec<u64> = figures
        .split_whitespace()
        .map_while(|figure| figure.parse().ok())
        .collect();
    let on_the_wire = |at: usize| {
        let (bytes, frames) = (figures.get(at)?, figures.get(at + 1)?);
        Some(bytes.saturating_add(frames.saturating_mul(BESIDE_A_FRAME)))
    };
    Some(Carried {
        name: name.trim().to_owned(),
        received: on_the_wire(0)?,
        sent: on_the_wire(8)?,
    })
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, µs.
fn waited_us(pressure: &str) -> Option<u64> {
    let line = pressure.lines().find(|line| line.starts_with("some "))?;
    line.split_once("total=")?.1.trim().parse().ok()
}

/// A counter of a file in which a line of names stands above a line of figures, both of which begin
/// with `prefix`.
fn counter(text: &str, prefix: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with(prefix));
    let (names, figures) = (lines.next()?, lines.next()?);
    let at = names.split_whitespace().position(|word| word == name)?;
    figures.split_whitespace().nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read_as_they_are_written() {
        let pressure = "some avg10=0.12 avg60=0.00 avg300=0.00 total=123456\nfull avg10=0.00\n";
        assert_eq!(waited_us(pressure), Some(123_456));
        assert_eq!(waited_us(""), None);
        let netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 2 3\n\
                       IpExt: ListenOverflows\nIpExt: 9\n";
        assert_eq!(counter(netstat, "TcpExt:", "ListenOverflows"), Some(2));
        assert_eq!(counter(netstat, "TcpExt:", "ListenDrops"), Some(3));
        assert_eq!(counter(netstat, "TcpExt:", "TCPTimeouts"), None);
    }

    #[test]
    fn what_rose_in_between_is_told_in_shares() {
        let counters = |at, stolen, all, waited_us, dropped| Counters {
            at: Nanos::from_secs(at),
            ticks: Some((stolen, all)),
            waited_us: Some(waited_us),
            tcp: vec![("ListenDrops", dropped), ("RetransSegs", 7)],
            interfaces: Vec::new(),
        };
        let before = counters(10, 100, 1_000, 500_000, 3);
        let pressure = before.until(&counters(20, 150, 2_000, 1_500_000, 5));
        assert_eq!(pressure.steal, Some(0.05));
        assert_eq!(pressure.waited, Some(0.1));
        assert_eq!(pressure.tcp_trouble, [("ListenDrops", 2)]);
        let nothing = Counters::default().until(&Counters::default());
        assert_eq!(nothing, HostPressure::default());
    }

    #[test]
    fn the_card_nearest_to_its_speed_is_told_with_what_is_on_the_wire() {
        let read = |at, files: [&str; 2]| Counters {
            at: Nanos::from_secs(at),
            interfaces: files.into_iter().filter_map(carried).collect(),
            ..Counters::default()
        };
        let before = read(
            10,
            [
                "  eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0",
                "    br0:0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
            ],
        );
        // In a second 125 MB make a gigabit: here 96 bytes of each frame and 24 beside it.
        let after = read(
            11,
            [
                "  eth0: 1000 10 0 0 0 0 0 0 96002000 1000020 0 0 0 0 0 0",
                "    br0:999999999 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
            ],
        );
        let speed = |name: &str| (name == "eth0").then_some(1_000);
        let card = before.until_with(&after, speed).card.unwrap();
        assert_eq!((card.name.as_str(), card.mbit_per_s), ("eth0", 1_000));
        assert_eq!((card.sent, card.received), (0.96, 0.0));
        assert_eq!(before.until_with(&after, |_| None).card, None);
        assert_eq!(
            before.until_with(&before, speed).card,
            None,
            "no time passed"
        );
        assert_eq!(carried("Inter-|   Receive    |  Transmit"), None);
        assert_eq!(carried(" face |bytes packets errs: x"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_counts_its_ticks_and_its_segments() {
        let counters = Counters::read(Nanos::ZERO);
        assert!(counters.ticks.is_some_and(|(stolen, all)| stolen <= all));
        assert!(counters.tcp.iter().any(|(name, _)| *name == RETRANSMITTED));
        assert!(counters.interfaces.iter().any(|it| it.name == "lo"));
    }
}
