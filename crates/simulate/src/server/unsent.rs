//! What a connection does not take, because its reader is slow.

use wsbench_load::nanos::Nanos;

use super::{Act, Conn, Server};
use crate::scenario::Unsent;

impl Server {
    /// So many bytes wait for a connection, now that more was sent.
    pub(crate) fn on_waiting(&mut self, conn: Conn, bytes: usize) {
        match self.orders.unsent {
            Unsent::CutOff(most) if bytes > most => self.close(conn, Act::Reset(conn)),
            Unsent::HoldsUp if bytes > 0 => {
                self.held_up_by.get_or_insert(conn);
            }
            _ => {}
        }
    }

    /// Nothing waits for a connection any more.
    pub(crate) fn on_all_sent(&mut self, conn: Conn) {
        if self.held_up_by == Some(conn) {
            self.held_up_by = None;
        }
    }

    /// True while nobody is sent to.
    pub(super) fn is_held_up(&self) -> bool {
        self.held_up_by.is_some()
    }

    /// Goes on with the next thing that was held up, if there is one and nobody holds it up any more.
    pub(crate) fn goes_on(&mut self, now: Nanos) -> bool {
        if self.is_held_up() {
            return false;
        }
        let Some(work) = self.held.pop_front() else {
            return false;
        };
        self.on_finished(now, work);
        true
    }
}
