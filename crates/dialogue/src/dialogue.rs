//! A list of steps under way.

use std::collections::VecDeque;

use crate::compared::{Compared, compare};
use crate::{DialogueStep, Expectation, Seen, Sent, Upshot};

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Send this, and ask again.
    Send(&'a Sent),
    /// Await this: tell [`Dialogue::on_seen`] what comes, and ask again.
    Await(&'a Expectation),
    /// Nothing: it is over.
    Over(Upshot),
}

/// A list of steps under way. The list itself is the caller's, and the same at every call.
#[derive(Clone, Debug, Default)]
pub struct Dialogue {
    /// The next step.
    step: usize,
    /// What came and was not compared yet.
    seen: VecDeque<Seen>,
    reservation: Option<String>,
    upshot: Option<Upshot>,
}

impl Dialogue {
    /// What is to be done next in these steps.
    pub fn next<'a>(&mut self, steps: &'a [DialogueStep]) -> Next<'a> {
        loop {
            if let Some(upshot) = &self.upshot {
                return Next::Over(upshot.clone());
            }
            match steps.get(self.step) {
                None => {
                    let reservation = self.reservation.take();
                    self.upshot = Some(reservation.map_or(Upshot::Met, Upshot::Lenient));
                }
                Some(DialogueStep::Send(sent)) => {
                    self.step += 1;
                    return Next::Send(sent);
                }
                Some(DialogueStep::Expect(expect)) => match self.seen.pop_front() {
                    Some(seen) => self.take(compare(expect, &seen)),
                    None => return Next::Await(expect),
                },
            }
        }
    }

    /// Something has come.
    pub fn on_seen(&mut self, seen: Seen) {
        self.seen.push_back(seen);
    }

    fn take(&mut self, compared: Compared) {
        match compared {
            Compared::Met => self.step += 1,
            Compared::MetWith(reservation) => {
                self.reservation.get_or_insert(reservation);
                self.step += 1;
            }
            Compared::PassedOver => {}
            Compared::Over(upshot) => self.upshot = Some(upshot),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wsbench_wire::connection::MessageKind::{Binary, Text};

    use super::*;
    use crate::{Pattern, ReceivedMessage};

    fn welcome() -> DialogueStep {
        let pattern = Pattern::Contains(b"welcome".to_vec());
        DialogueStep::Expect(Expectation::Message(Text, pattern))
    }

    fn upshot(steps: &[DialogueStep], seen: impl IntoIterator<Item = Seen>) -> Option<Upshot> {
        let mut dialogue = Dialogue::default();
        let mut seen = seen.into_iter();
        loop {
            match dialogue.next(steps) {
                Next::Send(_) => {}
                Next::Await(_) => dialogue.on_seen(seen.next()?),
                Next::Over(upshot) => return Some(upshot),
            }
        }
    }

    #[test]
    fn steps_are_taken_in_order_and_an_empty_list_is_met_at_once() {
        assert_eq!(upshot(&[], []), Some(Upshot::Met));
        let steps = [welcome(), DialogueStep::octets(vec![1]), welcome()];
        let message = || Seen::Message(ReceivedMessage::plain(Text, b"you are welcome"));
        assert_eq!(upshot(&steps, [message()]), None, "it awaits the second");
        assert_eq!(upshot(&steps, [message(), message()]), Some(Upshot::Met));
    }

    #[test]
    fn what_comes_otherwise_fails_and_is_said_in_words() {
        let failed = |seen| match upshot(&[welcome()], [seen]) {
            Some(Upshot::Failed(words)) => words,
            other => panic!("{other:?} is no failure"),
        };
        let message =
            |kind, text: &str| Seen::Message(ReceivedMessage::plain(kind, text.as_bytes()));
        assert_eq!(
            failed(message(Text, "go away")),
            "another message: text, “go away”, not one with “welcome” in it"
        );
        assert_eq!(
            failed(message(Binary, "welcome")),
            "text came back as binary"
        );
        assert_eq!(
            failed(Seen::Close(Some(1008))),
            "no answer: a close frame with code 1008"
        );
        assert_eq!(
            failed(Seen::Silence(Duration::from_secs(2))),
            "no answer: nothing within 2 s"
        );
        let pong = Seen::Pong(Vec::new());
        assert_eq!(upshot(&[welcome()], [pong]), None, "a pong is passed over");
    }
}
