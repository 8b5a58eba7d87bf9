//! How many clients run at the same time, in the client-replacement model.

/// Clients of one thread from their connect call to their end: at most at a time, and at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    /// As many as are to run at a time.
    asked: u64,
    now: u64,
    most: u64,
    /// `None` until as many ran as are asked for.
    least: Option<u64>,
}

impl Running {
    /// The count of a thread that runs `asked` clients at a time; none runs yet.
    pub(crate) fn new(asked: usize) -> Self {
        Self {
            asked: asked as u64,
            now: 0,
            most: 0,
            least: None,
        }
    }

    /// A connect call is about to be made.
    pub(crate) fn begun(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
        if self.now == self.asked {
            self.least.get_or_insert(self.asked);
        }
    }

    /// A client's socket is closed.
    pub(crate) fn ended(&mut self) {
        self.now -= 1;
    }

    /// The place of a client that has ended is seen to, while clients remain to be run: by a
    /// successor, or, behind a failure or under a connect rate, not yet.
    pub(crate) fn succeeded(&mut self) {
        self.least = self.least.map(|least| least.min(self.now));
    }

    /// The most that ran at the same time.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// The fewest that ran while clients remained, from when as many ran as were asked for; `None`
    /// where as many never ran.
    pub(crate) fn least(&self) -> Option<u64> {
        self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_are_known_once_all_ran() {
        let mut running = Running::new(2);
        running.begun();
        running.ended();
        running.succeeded();
        assert_eq!((running.most(), running.least()), (1, None), "a slow start");
        for _ in 0..2 {
            running.begun();
        }
        assert_eq!((running.most(), running.least()), (2, Some(2)));
        for _ in 0..5 {
            running.ended();
            running.begun();
            running.succeeded();
        }
        assert_eq!((running.most(), running.least()), (2, Some(2)));
        running.ended();
        running.succeeded(); // its successor waits
        running.begun();
        assert_eq!((running.most(), running.least()), (2, Some(1)));
        running.ended();
        running.ended();
        assert_eq!(running.least(), Some(1), "none remained");
    }
}
