//! What is booked of connections, whatever flows on them: bytes, time under load, and failures.

use wsbench_setting::{Text, text};

use super::Meter;
use crate::failure::FailureKind;
use crate::nanos::Nanos;
use crate::tally::{Phase, add_failure};

impl Meter {
    /// Books bytes handed to a socket.
    #[inline]
    pub fn sent_bytes(&mut self, now: Nanos, len: usize) {
        if self.window.contains(now) {
            self.tally.bytes.sent += len as u64;
        }
    }

    /// Books bytes read from a socket, the last of which had come at `arrived` by the kernel's
    /// stamp, where there is one. It holds for the answers booked until the next read.
    #[inline]
    pub fn received_bytes(&mut self, now: Nanos, arrived: Option<Nanos>, len: usize) {
        self.arrived = arrived;
        if self.window.contains(now) {
            self.tally.bytes.received += len as u64;
        }
    }

    /// Books time that a connection was under load with up to `depth` requests.
    pub fn under_load(&mut self, from: Nanos, to: Nanos, depth: u32) {
        self.tally.offered_in_flight_ns +=
            u128::from(self.window.overlap(from, to).0) * u128::from(depth);
    }

    /// Books time that a place in flight spent thinking.
    pub fn thought(&mut self, from: Nanos, to: Nanos) {
        self.tally.thought_in_window_ns += u128::from(self.window.overlap(from, to).0);
    }

    /// Kind of the latest failure since this was last asked.
    pub fn take_latest_failure(&mut self) -> Option<FailureKind> {
        self.latest_failure.take()
    }

    /// Books a failure; `words` tells the first of its kind, and is not called for others.
    pub fn fail<T: Into<Text>>(
        &mut self,
        now: Nanos,
        phase: Phase,
        kind: FailureKind,
        words: impl FnOnce() -> T,
    ) {
        self.fail_with(now, (phase, kind, None), words);
    }

    /// Books a failure of which the peer gave a code; `words` tells the first of its kind and code.
    pub fn fail_with<T: Into<Text>>(
        &mut self,
        now: Nanos,
        key: (Phase, FailureKind, Option<u16>),
        words: impl FnOnce() -> T,
    ) {
        self.latest_failure = Some(key.1);
        let peer = &self.peer;
        add_failure(&mut self.tally.failures, key, 1, now, || {
            text![format!("{peer} at {:.3} s: ", now.as_secs_f64())].then(words())
        });
    }
}
