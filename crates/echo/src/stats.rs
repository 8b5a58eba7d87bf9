//! Counts of a server, and what else it keeps of its run.

use std::time::Duration;

/// Counts of a server, from the beginning of the run to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerStats {
    /// Connections accepted.
    pub connections: u64,
    /// The most connections that were open at the same time, each from its acceptance until the
    /// server ended its half.
    pub peak_connections: u64,
    /// Upgrades that were in order. What became of them is the calibration's affair.
    pub upgraded: u64,
    /// Upgrades that were refused because the request was not in order.
    pub refused: u64,
    /// Whole messages received, answered or not; no control frames.
    pub messages: u64,
    /// Connections that the client ended by breaking the protocol.
    pub protocol_errors: u64,
    /// Octets received, heads and frames.
    pub bytes_received: u64,
    /// Octets sent, heads and frames.
    pub bytes_sent: u64,
    /// Connections that were dropped because no request to upgrade had come in time.
    pub timed_out: u64,
    /// Connections that were turned away because messages that are not complete took too much.
    pub turned_away: u64,
    /// Times that accepting paused because the system had no descriptor or memory left.
    pub accept_pauses: u64,
}

impl ServerStats {
    /// Adds the figures of another thread; the peak is not a sum and is set apart.
    pub(crate) fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.upgraded += other.upgraded;
        self.refused += other.refused;
        self.messages += other.messages;
        self.protocol_errors += other.protocol_errors;
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.timed_out += other.timed_out;
        self.turned_away += other.turned_away;
        self.accept_pauses += other.accept_pauses;
    }
}

/// All that a server kept of its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Its counts.
    pub stats: ServerStats,
    /// Instants at which messages were read, since the run began, in order, over all threads: at
    /// most ten million a thread, and none unless
    /// [`Calibration::arrivals`](crate::Calibration::arrivals) asks for them. Messages that one
    /// read brought came at the same time.
    pub arrivals: Vec<Duration>,
}

impl Served {
    pub(crate) fn add(&mut self, other: &Self) {
        self.stats.add(&other.stats);
        self.arrivals.extend_from_slice(&other.arrivals);
    }
}
