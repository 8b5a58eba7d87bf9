//! Runs on simulated time whose every count is known beforehand.

mod simulation;

use simulation::{checked, failures, plan, replaced};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::StopRule;
use wsbench_load::result::Ended;
use wsbench_load::series::Series;
use wsbench_load::tally::{LogRecord, Phase};
use wsbench_simulate::{
    self, AnswerFault, ConnectFault, Death, Every, OpeningFault, Outage, Scenario, witness,
};

/// Every `nth` answer is at fault.
fn faulty(nth: u64, fault: AnswerFault) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.answers = Some(Every { nth, fault });
    scenario
}

#[test]
fn on_a_known_way_every_service_time_is_known() {
    // 50 µs there, 10 µs at the server, 50 µs back; the clock's own readings cost 25 ns each.
    let plan = plan(4, 1, StopRule::Messages(10_000));
    let result = wsbench_simulate::run(&checked(&plan), Scenario::default(), None);
    assert_eq!(result.at(Series::Service).count(), 10_000);
    let (least, most) = (
        result.at(Series::Service).min().unwrap(),
        result.at(Series::Service).max().unwrap(),
    );
    let known = Nanos::from_micros(110);
    assert!(least >= known, "{least}");
    assert!(most <= known + Nanos(500), "{most}");
}

/// METHOD V11: counters equal ⌊N/k⌋ exactly.
#[test]
fn faults_are_counted_exactly() {
    let messages = 10_000;
    let run = |fault, nth| {
        let plan = plan(8, 4, StopRule::Messages(messages));
        let result = wsbench_simulate::run(&checked(&plan), faulty(nth, fault), None);
        assert!(result.messages.is_conserved());
        assert_eq!(result.messages.sent, messages);
        result
    };
    let duplicated = run(AnswerFault::Duplicated, 777);
    assert_eq!(duplicated.messages.duplicated, messages / 777);
    assert_eq!(duplicated.messages.answered, messages);

    let wrong = run(AnswerFault::WrongBytes, 1_007);
    assert_eq!(wrong.messages.corrupted, messages / 1_007);
    assert_eq!(wrong.messages.failed, messages / 1_007);
    let named = failures(&wrong, Phase::Answers, FailureKind::WrongBytes);
    assert_eq!(named, messages / 1_007);

    let opcode = run(AnswerFault::WrongOpcode, 500);
    let named = failures(&opcode, Phase::Answers, FailureKind::WrongOpcode);
    assert_eq!(named, messages / 500);

    let dropped = run(AnswerFault::Dropped, 1_000);
    assert_eq!(dropped.messages.timed_out, messages / 1_000);
    assert_eq!(dropped.messages.answered, messages - messages / 1_000);

    let fragmented = run(AnswerFault::Fragmented, 1);
    assert_eq!(
        fragmented.messages.answered, messages,
        "five fragments are one message"
    );
    assert_eq!(fragmented.failures, []);
}

/// The model that the project comes from: exactly N clients, never more and never fewer than C.
#[test]
fn clients_are_replaced_at_once_until_all_have_run() {
    let mut plan = replaced(64, 1_000, 5);
    plan.raw_log = true;
    let run = witness(&checked(&plan), Scenario::default(), None);
    let connections = run.result.connections;
    assert_eq!(connections.clients_completed, 1_000);
    assert_eq!(connections.attempted, 1_000);
    assert_eq!(connections.peak_concurrent, 64);
    assert_eq!(connections.closed_cleanly, 1_000);
    assert_eq!(run.result.messages.answered, 5_000);
    let lines = run.log.iter().filter(|record| match record {
        LogRecord::Client(times) => times.len() == 5,
        LogRecord::RoundTrip { .. } => false,
    });
    assert_eq!(lines.count(), 1_000);
    // Once there were 64, an end is followed by a beginning at the same moment, until none is left.
    let full = run
        .presence
        .iter()
        .position(|&(_, present)| present == 64)
        .unwrap();
    let begun = |upto: usize| {
        run.presence[..=upto]
            .windows(2)
            .filter(|pair| pair[1].1 > pair[0].1)
            .count()
            + 1
    };
    for (index, &(at, present)) in run.presence.iter().enumerate().skip(full) {
        let is_followed = run
            .presence
            .get(index + 1)
            .is_some_and(|&(then, _)| then - at < Nanos(1_000));
        assert!(
            present == 64 || begun(index) >= 1_000 || is_followed,
            "{present} at {at}"
        );
    }
}

/// A slot that has failed must not stand before one that was never tried.
#[test]
fn more_silent_connections_than_open_at_a_time_do_not_hold_the_run_up() {
    let mut plan = plan(600, 1, StopRule::Messages(100));
    plan.connect.timeout = Nanos::from_secs(1);
    let mut scenario = Scenario::default();
    scenario.server.opening = Some(Every {
        nth: 1,
        fault: OpeningFault::Silence,
    });
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    assert_eq!(result.ended, Ended::NothingConnected);
    assert!(result.total < Nanos::from_secs(15), "{}", result.total);
}

#[test]
fn connections_open_at_the_rate_asked_for_and_so_do_their_successors() {
    let mut plan = replaced(4, 100, 1);
    plan.connect.rate_per_s = Some(20.0);
    let result = wsbench_simulate::run(&checked(&plan), Scenario::default(), None);
    assert_eq!(result.connections.clients_completed, 100);
    // One hundred openings, 50 ms apart.
    assert!(
        result.total >= Nanos::from_millis(99 * 50),
        "{}",
        result.total
    );
    assert!(result.total < Nanos::from_millis(5_500), "{}", result.total);
}

#[test]
fn a_server_that_is_only_seldom_asked_is_not_dead() {
    let mut plan = replaced(3, 3, 1);
    plan.connect.rate_per_s = Some(0.2);
    let result = wsbench_simulate::run(&checked(&plan), Scenario::default(), None);
    assert_eq!(result.ended, Ended::Complete);
    assert_eq!(result.connections.clients_completed, 3);
}

#[test]
fn a_server_that_goes_away_ends_the_run_with_what_was_measured() {
    let plan = plan(16, 1, StopRule::Duration(Nanos::from_secs(3_000)));
    let mut scenario = Scenario::default();
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(1),
        until: None,
        death: Death::Process,
    }];
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    assert_eq!(result.ended, Ended::ServerDied);
    assert!(result.messages.is_conserved() && result.messages.answered > 100_000);
    assert!(result.total < Nanos::from_secs(10), "{}", result.total);
}

#[test]
fn a_server_that_returns_is_measured_again() {
    let plan = plan(16, 1, StopRule::Duration(Nanos::from_secs(6)));
    let mut scenario = Scenario::default();
    scenario.server.outages = vec![Outage {
        from: Nanos::from_secs(1),
        until: Some(Nanos::from_secs(2)),
        death: Death::Process,
    }];
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    assert_eq!(result.ended, Ended::Complete);
    assert_eq!(result.connections.alive_at_end, 16);
    assert!(result.connections.replaced >= 16);
    // Pauses double from 100 ms: a few attempts each, no storm.
    assert!(
        result.connections.attempted < 16 * 8,
        "{:?}",
        result.connections
    );
    let last = result.intervals.last().unwrap();
    assert!(last.answered > 10_000, "{last:?}");
}

#[test]
fn nothing_that_listens_ends_the_run_at_once() {
    let plan = plan(64, 1, StopRule::Duration(Nanos::from_secs(10)));
    let mut scenario = Scenario::default();
    scenario.network.connects = Some(Every {
        nth: 1,
        fault: ConnectFault::Refused,
    });
    let result = wsbench_simulate::run(&checked(&plan), scenario, None);
    assert_eq!(result.ended, Ended::NothingConnected);
    assert_eq!(
        failures(&result, Phase::Connect, FailureKind::Refused),
        result.connections.attempted
    );
    assert!(result.total < Nanos::from_secs(1));
}

#[test]
fn an_interrupt_keeps_what_was_measured() {
    let plan = plan(16, 4, StopRule::Duration(Nanos::from_secs(100)));
    let result = wsbench_simulate::run(
        &checked(&plan),
        Scenario::default(),
        Some(Nanos::from_secs(2)),
    );
    assert_eq!(result.ended, Ended::Interrupted);
    assert!(result.messages.is_conserved());
    assert!(result.measured > Nanos::from_millis(1_800) && result.measured < Nanos::from_secs(2));
    assert_eq!(
        result.messages.answered, result.messages.sent,
        "the drain fetched the rest"
    );
}
