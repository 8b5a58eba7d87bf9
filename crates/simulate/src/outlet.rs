//! The server's end of a connection as far as it sends: what waits there because the generator does not
//! read.
//!
//! A kernel takes so many bytes of a connection that were not read, and no more: the rest stays with
//! whoever sends. When that is told of what was read is `world`'s affair.

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    /// Bytes that the other end still takes; `usize::MAX` takes whatever comes.
    room: usize,
    waiting: Vec<u8>,
}

impl Outlet {
    /// One whose other end takes so many bytes that were not read.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            room,
            waiting: Vec::new(),
        }
    }

    /// Bytes are to be sent: those that leave now.
    pub(crate) fn send(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        if self.room == usize::MAX {
            return bytes;
        }
        self.waiting.extend(bytes);
        self.leaving()
    }

    /// So many bytes were read at the other end: those that leave now.
    pub(crate) fn on_read(&mut self, len: usize) -> Vec<u8> {
        self.room += len;
        self.leaving()
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn leaving(&mut self) -> Vec<u8> {
        let len = self.waiting.len().min(self.room);
        self.room -= len;
        self.waiting.drain(..len).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_keeps_the_rest_waiting() {
        let mut outlet = Outlet::new(4);
        assert_eq!(outlet.send(b"abc".to_vec()), b"abc");
        assert_eq!(outlet.send(b"def".to_vec()), b"d");
        assert_eq!((outlet.send(b"g".to_vec()), outlet.waiting()), (vec![], 3));
        assert_eq!((outlet.on_read(2), outlet.waiting()), (b"ef".to_vec(), 1));
        assert_eq!((outlet.on_read(4), outlet.waiting()), (b"g".to_vec(), 0));
        assert_eq!(Outlet::new(usize::MAX).send(b"hi".to_vec()), b"hi");
    }
}
