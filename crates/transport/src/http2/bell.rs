//! Who was woken: `h2` rings, and whoever drives the carrier looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// All that has been rung for since it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    /// Sockets, by the number that their owner has given them.
    sockets: Mutex<Vec<usize>>,
    /// The connection itself: it has something to write.
    connection: AtomicBool,
}

impl Bells {
    /// Rings for a socket.
    pub(crate) fn of_socket(self: &Arc<Self>, number: usize) -> Waker {
        let bells = self.clone();
        Waker::from(Arc::new(SocketBell { number, bells }))
    }

    /// Rings for the connection.
    pub(crate) fn of_connection(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(ConnectionBell(self.clone())))
    }

    /// Appends the sockets that were rung for, and forgets them.
    pub(crate) fn take_sockets(&self, into: &mut Vec<usize>) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        into.append(&mut sockets);
    }

    /// True if the connection was rung for; forgets it.
    pub(crate) fn take_connection(&self) -> bool {
        self.connection.swap(false, Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct SocketBell {
    number: usize,
    bells: Arc<Bells>,
}

impl Wake for SocketBell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let sockets = &self.bells.sockets;
        let mut sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.push(self.number);
    }
}

#[derive(Debug)]
struct ConnectionBell(Arc<Bells>);

impl Wake for ConnectionBell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.connection.store(true, Ordering::Relaxed);
    }
}
