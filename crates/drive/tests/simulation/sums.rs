//! What must hold of every result, whatever the plan and whatever the server did.

use wsbench_load::exchange::Exchange;
use wsbench_load::exchange::echo::Echo;
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, StopRule};
use wsbench_load::result::{Ended, RunResult, Stamps};
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;
use wsbench_simulate::Witness;

/// Asserts all of it.
pub(crate) fn check(plan: &PlanSpec, witness: &Witness) {
    let result = &witness.result;
    check_messages(plan, witness);
    check_connections(plan, witness);
    check_intervals(plan, result);
    check_parts(plan, result);
    check_gaps(result);
    check_failures(result);
    check_time(plan, result);
    check_log(plan, witness);
}

fn check_messages(plan: &PlanSpec, witness: &Witness) {
    let result = &witness.result;
    let counts = result.messages;
    for law in <Echo>::LAWS {
        assert_eq!(law.breach(&counts), None);
    }
    assert_eq!(result.at(Series::Service).count(), counts.answered);
    let censored = result.at(Series::Censored).count();
    assert_eq!(
        result.at(Series::Response).count(),
        counts.answered + censored
    );
    // Given up with a silent connection: failed, and known to have taken longer. Those of the
    // warm-up are among the failures and in no distribution.
    let given_up = result.failures.iter();
    let given_up = given_up.filter(|failure| failure.kind == FailureKind::GivenUp);
    let given_up: u64 = given_up.map(|failure| failure.count).sum();
    let unanswered = counts.timed_out + counts.in_flight_at_end + counts.unsent;
    assert!(censored >= unanswered && censored <= unanswered + given_up);
    if plan.warmup.least == Nanos::ZERO {
        assert_eq!(censored, unanswered + given_up);
    }
    assert_eq!(result.at(Series::SendLag).count(), counts.sent);
    assert_eq!(result.at(Series::GeneratorLag).count(), counts.sent);
    assert_eq!(result.at(Series::Blocked).count(), result.blocked_by.all());
    let parts = result.at(Series::GeneratorLag).sum_ns() + result.at(Series::Blocked).sum_ns();
    assert_eq!(
        result.at(Series::SendLag).sum_ns(),
        parts,
        "lag = generator + blocked"
    );
    if counts.due == counts.answered {
        let parts = result.at(Series::Service).sum_ns() + result.at(Series::SendLag).sum_ns();
        assert_eq!(
            result.at(Series::Response).sum_ns(),
            parts,
            "response = lag + service"
        );
    }
    assert!(counts.received_in_window <= counts.answered + counts.warmup);
    assert!(counts.lost <= counts.timed_out + counts.failed + counts.in_flight_at_end);
    assert!(counts.reordered <= counts.answered && counts.corrupted <= counts.failed);
    assert_eq!(witness.violations_of_ours, 0);
    assert!(counts.answered + counts.warmup <= witness.messages_at_server || !is_verified(plan));
    if plan.warmup.least == Nanos::ZERO {
        assert!(witness.messages_at_server <= counts.sent);
        assert_eq!(counts.warmup, 0);
    }
    if let StopRule::Messages(most) = plan.stop {
        assert!(counts.sent <= most);
        assert!(result.ended != Ended::Complete || counts.sent == most);
    }
    let is_open = matches!(plan.clients.arrival, Arrival::Open { .. });
    let depth_one_or_held = plan.clients.depth() == 1 || !plan.replaces_clients();
    if !is_open && depth_one_or_held {
        let offered = result.offered_in_flight_ns;
        let out = result.service_in_window_ns + result.thought_in_window_ns;
        assert!(out <= offered, "{out} ns out, {offered} ns offered");
    } else {
        assert_eq!(result.offered_in_flight_ns, 0);
    }
}

/// A service time is what passed outside and what the answer waited for us.
fn check_parts(plan: &PlanSpec, result: &RunResult) {
    let (outside, wait) = (result.at(Series::Outside), result.at(Series::ReceiveWait));
    assert_eq!(outside.count(), wait.count());
    assert!(wait.count() <= result.at(Series::Service).count());
    // An answer that was there before its request is one only to whoever does not look.
    if is_verified(plan) && result.stamps == Stamps::Kernel {
        assert_eq!(wait.count(), result.at(Series::Service).count());
        let parts = outside.sum_ns() + wait.sum_ns();
        assert_eq!(
            parts,
            result.at(Series::Service).sum_ns(),
            "service = outside + wait"
        );
    }
}

/// Whether a wrong answer cannot pass for a right one.
fn is_verified(plan: &PlanSpec) -> bool {
    plan.clients.exchange.verify == wsbench_load::plan::Verify::Full
        && plan.clients.exchange.payload.is_tagged()
}

fn check_connections(plan: &PlanSpec, witness: &Witness) {
    let result = &witness.result;
    let counts = result.connections;
    assert_eq!(counts.asked, u64::from(plan.clients.connections));
    assert_eq!(counts.attempted, witness.connects);
    assert!(counts.attempted >= counts.opened && counts.opened >= counts.upgraded);
    assert!(counts.upgraded >= counts.alive_at_end, "{counts:?}");
    assert!(counts.alive_at_end <= counts.peak_concurrent);
    assert!(counts.peak_concurrent <= counts.asked);
    assert!(counts.failed + counts.clients_completed <= counts.attempted);
    assert!(counts.closed_cleanly + counts.never_answered <= 2 * counts.upgraded);
    assert!(counts.attempted - counts.replaced <= counts.asked);
    assert_eq!(result.at(Series::Tcp).count(), counts.opened);
    assert_eq!(result.at(Series::Upgrade).count(), counts.upgraded);
    assert!(result.at(Series::FirstMessage).count() <= counts.upgraded);
    if let StopRule::Clients(clients) = plan.stop {
        assert!(counts.attempted <= clients);
        if result.ended == Ended::Complete {
            assert_eq!(counts.attempted, clients);
            assert_eq!(counts.failed + counts.clients_completed, clients);
        }
    } else {
        assert_eq!(counts.clients_completed, 0);
    }
    check_running(plan, result);
    let most = witness.presence.iter().map(|&(_, present)| present).max();
    assert!(most.unwrap_or(0) <= plan.clients.connections as usize);
    let most_of_each: usize = witness.most_present.iter().sum();
    assert!(counts.peak_concurrent <= most_of_each as u64);
    assert!(plan.threads > 1 || most.unwrap_or(0) == most_of_each);
    let left = witness.presence.last().map_or(0, |&(_, present)| present);
    assert_eq!(left, 0, "every socket is closed in the end");
    assert_eq!(result.ended == Ended::NothingConnected, {
        counts.upgraded == 0 && !matches!(result.ended, Ended::Interrupted | Ended::Complete)
    });
}

/// As many clients run as are asked for: never more, and never fewer while some remain, where none
/// failed and none had to wait for its turn.
fn check_running(plan: &PlanSpec, result: &RunResult) {
    let counts = result.connections;
    let StopRule::Clients(clients) = plan.stop else {
        assert_eq!((counts.most_running, counts.least_running), (None, None));
        return;
    };
    let most = counts.most_running.unwrap();
    assert!(most <= counts.asked && counts.peak_concurrent <= most);
    assert!(counts.least_running.is_none_or(|least| least <= most));
    if counts.failed > 0 || plan.connect.rate_per_s.is_some() || result.ended != Ended::Complete {
        return;
    }
    assert_eq!(most, counts.asked.min(clients));
    if counts.attempted > counts.asked + 1 {
        assert_eq!(counts.least_running, Some(counts.asked));
    }
}

fn check_intervals(plan: &PlanSpec, result: &RunResult) {
    let answered: u64 = result.intervals.iter().map(|i| i.answered).sum();
    assert_eq!(answered, result.messages.received_in_window);
    let (sent, due) = result
        .intervals
        .iter()
        .fold((0, 0), |(sent, due), interval| {
            (sent + interval.sent, due + interval.due)
        });
    assert_eq!((sent, due), (result.messages.sent, result.messages.due));
    let mut before = Nanos::ZERO;
    for interval in &result.intervals {
        assert!(interval.at > before);
        assert_eq!(interval.length, interval.at - before);
        assert!(interval.alive <= u64::from(plan.clients.connections));
        before = interval.at;
    }
    assert_eq!(before, result.measured);
}

fn check_gaps(result: &RunResult) {
    assert!(result.gaps.len() <= 5);
    for (index, gap) in result.gaps.iter().enumerate() {
        assert!(gap.length > Nanos::from_millis(10));
        assert!(gap.start + gap.length <= result.measured, "{gap:?}");
        for other in &result.gaps[..index] {
            let apart =
                other.start + other.length <= gap.start || gap.start + gap.length <= other.start;
            assert!(other.length >= gap.length && apart, "{gap:?} {other:?}");
        }
    }
}

fn check_failures(result: &RunResult) {
    let mut seen = Vec::new();
    for failure in &result.failures {
        let name = (failure.phase, failure.kind, failure.code);
        assert!(failure.count > 0 && !failure.example.to_string().is_empty());
        assert!(!seen.contains(&name), "{name:?} twice");
        seen.push(name);
    }
    let counts = result.messages;
    let went_wrong = counts.timed_out + counts.failed + counts.duplicated + counts.unasked;
    assert!(went_wrong + result.connections.failed == 0 || !seen.is_empty());
}

fn check_time(plan: &PlanSpec, result: &RunResult) {
    assert!(result.measured <= result.total);
    let connections = u64::from(plan.clients.connections);
    // Worst of all, every message and every connect runs into its time-out, one after the other.
    let one = plan.clients.timeout + plan.connect.timeout + Nanos::from_secs(3);
    let turns = match plan.stop {
        StopRule::Duration(_) => 1,
        StopRule::Messages(messages) => messages / connections + 2,
        StopRule::Clients(clients) => clients / connections + 2,
    };
    let connecting = plan.connect.rate_per_s.map_or(Nanos::ZERO, |rate| {
        // Every opening takes its turn, those of successors too.
        let openings = result.connections.attempted.max(connections) as f64;
        // A worker has its share of the rate, and at worst all of the openings.
        Nanos((1e9 * openings * f64::from(plan.threads) / rate) as u64)
    });
    let load = match plan.stop {
        StopRule::Duration(duration) => plan.warmup.longest() + duration,
        _ => plan.warmup.longest(),
    };
    let stall = Nanos::from_secs(2);
    // Several workers take messages in batches, which the slowest may do one after the other.
    let batch = match plan.stop {
        StopRule::Messages(messages) if plan.threads > 1 => messages / 16,
        _ => 0,
    };
    let end = Nanos(one.0 * (turns + batch)) + connecting + load + plan.clients.timeout + stall;
    assert!(result.total <= end, "{} > {end}", result.total);
}

fn check_log(plan: &PlanSpec, witness: &Witness) {
    let mut clients = 0;
    let mut roundtrips = 0;
    for record in &witness.log {
        match record {
            LogRecord::Client(times) => {
                clients += 1;
                roundtrips += times.len() as u64;
                assert!(plan.replaces_clients() && !times.is_empty());
            }
            LogRecord::RoundTrip {
                due,
                sent,
                received,
                ..
            } => {
                roundtrips += 1;
                assert!(!plan.replaces_clients() && due <= sent && sent < received);
            }
        }
    }
    let counts = witness.result.messages;
    assert_eq!(
        roundtrips,
        if plan.raw_log { counts.answered } else { 0 },
        "each answer is in the log"
    );
    assert!(clients <= witness.result.connections.upgraded);
}
