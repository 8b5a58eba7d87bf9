//! Runs that end because somebody wishes it, over real sockets.

use std::thread;
use std::time::Duration;

use wsbench::document::Kind;
use wsbench::{Bench, Ended, Nanos, Observer, Outcome, Progress, StopRule, Wish, until};

/// No test waits for this: a wish comes first.
const NEVER: Nanos = Nanos::from_secs(3_600);

/// An observer that wishes so as soon as anything is answered.
struct Wishing(Wish);

impl Observer for Wishing {
    fn progress(&mut self, progress: &Progress) -> Wish {
        match progress.so_far.messages.answered {
            0 => Wish::Continue,
            _ => self.0,
        }
    }
}

/// A bench that would go on for an hour.
fn endless() -> Bench {
    let mut bench = Bench::embedded();
    bench.spec().stop = StopRule::Duration(NEVER);
    bench.spec().interval = Nanos::from_millis(100);
    bench.spec().clients.connections = 3;
    bench
}

/// Everything that was sent has been answered, and every connection was closed in order.
fn assert_whole(outcome: &Outcome) {
    let document = &outcome.document;
    let messages = &document.messages;
    assert!(messages.answered > 0);
    assert_eq!(
        messages.sent, messages.answered,
        "the drain awaits the last"
    );
    assert_eq!(outcome.read("errors").unwrap().value, 0.0);
    let is_conservation = |kind: Kind| kind == Kind::Conservation;
    let caveats = &document.audit.caveats;
    assert!(
        !caveats.iter().any(|it| is_conservation(it.kind)),
        "{caveats:?}"
    );
}

#[test]
fn enough_is_the_end_of_a_whole_run() {
    let outcome = endless().observe(Wishing(Wish::Enough)).run().unwrap();
    assert_eq!(outcome.ended, Ended::Complete);
    assert!(outcome.document.duration_s < NEVER.as_secs_f64());
    assert_whole(&outcome);
}

#[test]
fn to_stop_is_an_interruption_with_its_document() {
    let outcome = endless().observe(Wishing(Wish::Stop)).run().unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_whole(&outcome);
}

#[test]
fn the_strongest_wish_of_a_run_wins_whoever_has_it() {
    let wishes = [Wish::Enough, Wish::Stop, Wish::Continue];
    let bench = wishes
        .into_iter()
        .fold(endless(), |bench, wish| bench.observe(Wishing(wish)));
    let outcome = bench.run().unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted);
}

#[test]
fn a_signal_stops_a_run_from_another_thread() {
    let bench = endless();
    let stop = bench.stop_signal();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        stop.request();
    });
    assert_eq!(bench.run().unwrap().ended, Ended::Interrupted);
    other.join().unwrap();
}

#[test]
fn a_run_goes_on_until_its_figure_is_known() {
    // So wide that a machine with busy cores comes to know it as well.
    let until = until::parse("rate±500%").unwrap();
    let outcome = endless().until(Some(until)).run().unwrap();
    assert_eq!(outcome.ended, Ended::Complete);
    let told = outcome.document.until.as_ref().unwrap();
    assert!(told.reached, "{told:?}");
    assert_whole(&outcome);
}
