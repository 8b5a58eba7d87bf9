//! The audit, kind by kind: each doubt fires where it should, and not on the near side of its
//! border. Every run starts out healthy, so that a doubt is of what the test changed.

mod runs;

use std::borrow::Cow;

use wsbench_judge::{audit, judged};
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::failure::FailureKind;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, PlanSpec, Reads, Sessions, SlowReaders, Stay, StopRule, Verify};
use wsbench_load::result::{CardUse, Ended, HostPressure, RunResult, ThreadUsage};
use wsbench_load::send_gaps::SendGap;
use wsbench_load::series::Series;
use wsbench_load::tally::{AnswerGap, FailureCount, Phase};
use wsbench_record::audit::{Audit, By, Caveat, Kind, Severity, Verdict};
use wsbench_record::document::{Host, Record, RunContext};
use wsbench_setting::{Field, Spelling, Text};

/// The audit of a healthy run after a change.
fn audit_after(change: impl FnOnce(&mut RunResult, &mut PlanSpec)) -> Audit {
    let (mut result, mut plan) = runs::healthy();
    change(&mut result, &mut plan);
    let document = runs::document(&(result, plan));
    spells_nothing(&document.record);
    document.audit
}

/// A spelling that nothing else could have made.
#[derive(Debug)]
struct Bracketed;

impl Spelling for Bracketed {
    fn of(&self, field: Field) -> Cow<'static, str> {
        format!("⟨{field}⟩").into()
    }
}

/// Sees that the audit itself has no words for settings: in another spelling there is no flag.
/// Returns how many settings it names.
fn spells_nothing(record: &Record) -> usize {
    let is_flag = |word: &str| {
        let name = word.strip_prefix('-').unwrap_or_default();
        name.starts_with(|first: char| first == '-' || first.is_ascii_alphabetic())
    };
    let mut named = 0;
    for caveat in audit(record, &Bracketed).caveats {
        let words = format!("{} {}", caveat.message, caveat.advice);
        assert!(!words.split([' ', '(']).any(is_flag), "{words}");
        named += words.matches('⟨').count();
    }
    named
}

#[test]
fn the_audit_names_settings_in_the_words_of_whoever_reads_it() {
    let runs = runs::all().into_iter();
    let named: usize = runs.map(|(_, run)| spells_nothing(&run.record)).sum();
    assert!(named > 3, "{named} settings named");
    let (result, mut plan) = runs::healthy();
    plan.clients.exchange.verify = Verify::Length;
    let record = runs::document(&(result, plan)).record;
    let caveat = found(&audit(&record, &Bracketed), Kind::Verification).unwrap();
    assert_eq!(
        caveat.advice,
        "⟨clients.exchange.verify⟩ full compares every byte"
    );
}

/// The one caveat of a kind, if there is one.
fn found(audit: &Audit, kind: Kind) -> Option<Caveat> {
    let mut of_kind = audit.of_kind(kind).cloned();
    let first = of_kind.next();
    assert_eq!(of_kind.next(), None, "said twice");
    first
}

/// How much the caveat of a kind weighs after a change; `None` when it does not fire.
fn weight(kind: Kind, change: impl FnOnce(&mut RunResult, &mut PlanSpec)) -> Option<Severity> {
    found(&audit_after(change), kind).map(|caveat| caveat.severity)
}

const NOTE: Option<Severity> = Some(Severity::Note);
const DOUBTFUL: Option<Severity> = Some(Severity::Doubtful);
const INVALID: Option<Severity> = Some(Severity::Invalid);

#[test]
fn a_healthy_run_is_ok_without_a_word() {
    let audit = audit_after(|_, _| {});
    assert_eq!((audit.verdict, &audit.caveats[..]), (Verdict::Ok, &[][..]));
    let limit = audit.limit.clone().unwrap();
    assert_eq!(
        limit.by,
        By::Elsewhere,
        "a server of which nothing is known"
    );
    assert_eq!(limit.message, "generator at 40 % of a core");
    assert_eq!(audit.to_string(), "audit: ok");
}

#[test]
fn messages_must_add_up() {
    for sent in [639_999, 640_001] {
        let unbalanced = |run: &mut RunResult, _: &mut PlanSpec| run.messages.sent = sent;
        assert_eq!(weight(Kind::Conservation, unbalanced), INVALID);
    }
    let one_failed = |run: &mut RunResult, _: &mut PlanSpec| {
        run.messages.sent += 1;
        run.messages.failed += 1;
    };
    assert_eq!(weight(Kind::Conservation, one_failed), None);
}

#[test]
fn every_answer_must_be_a_sample() {
    let invented =
        |run: &mut RunResult, _: &mut PlanSpec| run.tally.times[Series::Response].record(Nanos(1));
    assert_eq!(weight(Kind::Conservation, invented), INVALID);
    let both = |run: &mut RunResult, _: &mut PlanSpec| {
        run.tally.times[Series::Response].record(Nanos::from_millis(1));
        run.tally.times[Series::Service].record(Nanos::from_millis(1));
        run.messages.sent += 1;
        run.messages.answered += 1;
    };
    assert_eq!(weight(Kind::Conservation, both), None);
}

#[test]
fn one_wrong_answer_is_enough() {
    type Field = fn(&mut RunResult) -> &mut u64;
    let checks: [(Kind, Field, Option<Severity>); 5] = [
        (Kind::Corrupted, |run| &mut run.messages.corrupted, INVALID),
        (Kind::Lost, |run| &mut run.messages.lost, INVALID),
        (
            Kind::Duplicated,
            |run| &mut run.messages.duplicated,
            INVALID,
        ),
        (Kind::Unasked, |run| &mut run.messages.unasked, INVALID),
        (Kind::Reordered, |run| &mut run.messages.reordered, INVALID),
    ];
    for (kind, field, severity) in checks {
        assert_eq!(weight(kind, |run, _| *field(run) = 1), severity, "{kind:?}");
        assert_eq!(weight(kind, |run, _| *field(run) = 0), None, "{kind:?}");
    }
}

#[test]
fn open_messages_are_doubtful_and_none_answered_is_invalid() {
    let timed_out = |run: &mut RunResult, _: &mut PlanSpec| {
        run.messages.sent += 1;
        run.messages.timed_out = 1;
    };
    assert_eq!(weight(Kind::Unanswered, timed_out), DOUBTFUL);
    let in_flight = |run: &mut RunResult, _: &mut PlanSpec| {
        run.messages.sent += 1;
        run.messages.in_flight_at_end = 1;
    };
    assert_eq!(weight(Kind::Unanswered, in_flight), DOUBTFUL);

    let nothing = runs::document(&runs::no_samples()).audit;
    assert_eq!(nothing.verdict, Verdict::Invalid);
    let caveat = found(&nothing, Kind::NothingAnswered).unwrap();
    assert_eq!(caveat.message, "none of 64 messages was answered");
    assert_eq!(found(&nothing, Kind::Unanswered), None);
    assert_eq!(weight(Kind::NothingAnswered, |_, _| {}), None);
}

#[test]
fn silent_connections_are_counted() {
    let silent = |number| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.connections.never_answered = number;
        }
    };
    assert_eq!(weight(Kind::NeverAnswered, silent(0)), None);
    assert_eq!(weight(Kind::NeverAnswered, silent(1)), INVALID);
    assert_eq!(weight(Kind::NeverAnswered, silent(64)), INVALID);
    let cut_off = |number| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.connections.never_answered = number;
            run.connections.replaced = 9_936;
            run.connections.upgraded = 10_000;
        }
    };
    assert_eq!(weight(Kind::NeverAnswered, cut_off(100)), DOUBTFUL);
    assert_eq!(weight(Kind::NeverAnswered, cut_off(101)), INVALID);
    let caveat = found(&audit_after(silent(32)), Kind::NeverAnswered).unwrap();
    assert_eq!(caveat.message, "32 of 64 connections were never answered");
}

#[test]
fn fewer_connections_than_asked() {
    let alive = |number| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.connections.alive_at_end = number;
        }
    };
    assert_eq!(weight(Kind::Connections, alive(64)), None);
    assert_eq!(weight(Kind::Connections, alive(63)), DOUBTFUL);
    // At one moment none may be open though each is opened again at once; one that cannot be opened
    // again is another matter.
    assert_eq!(weight(Kind::Connections, alive(0)), DOUBTFUL);
    let out_of_reach = |phase| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.connections.alive_at_end = 0;
            run.failures = vec![failure(phase, FailureKind::Refused)];
        }
    };
    assert_eq!(
        weight(Kind::Connections, out_of_reach(Phase::Connect)),
        INVALID
    );
    assert_eq!(
        weight(Kind::Connections, out_of_reach(Phase::Close)),
        DOUBTFUL
    );
    let upgraded = |run: &mut RunResult, _: &mut PlanSpec| run.connections.upgraded = 63;
    let caveat = found(&audit_after(upgraded), Kind::Connections).unwrap();
    assert_eq!(caveat.message, "63 of 64 connections were upgraded");
    let none = |run: &mut RunResult, _: &mut PlanSpec| run.connections.upgraded = 0;
    assert_eq!(weight(Kind::NothingConnected, none), INVALID);
}

/// A failure of this kind.
fn failure(phase: Phase, kind: FailureKind) -> FailureCount {
    FailureCount {
        phase,
        kind,
        code: None,
        count: 1,
        example: Text::default(),
        first: Nanos::ZERO,
    }
}

/// One in a hundred is tolerated, or as many as the plan says; beyond it the run is invalid.
#[test]
fn a_share_of_failures_makes_a_run_invalid() {
    let failed = |number, tolerated| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            let answered = run.messages.answered;
            run.messages.failed = number / 2;
            run.messages.timed_out = number - number / 2;
            run.messages.sent = answered + number;
            plan.expect.failures = tolerated;
        }
    };
    // 640,000 answered: so many of all are 1 %.
    let hundredth = 6_464;
    assert_eq!(weight(Kind::Failures, failed(hundredth, None)), DOUBTFUL);
    assert_eq!(weight(Kind::Failures, failed(hundredth + 2, None)), INVALID);
    let half = 640_000;
    assert_eq!(weight(Kind::Failures, failed(half, None)), INVALID);
    assert_eq!(weight(Kind::Failures, failed(half, Some(0.5))), DOUBTFUL);
    assert_eq!(weight(Kind::Failures, failed(1, Some(0.0))), INVALID);
    let caveat = found(&audit_after(failed(half, None)), Kind::Failures).unwrap();
    let said = "640,000 of 1,280,000 messages failed or timed out, 50 %, and 1 % are tolerated";
    assert!(caveat.message.starts_with(said), "{caveat}");
    assert!(caveat.advice.contains("--tolerate-failures"), "{caveat}");
}

/// A server that ends its connections after a few answers each: whether some of them are open when
/// the window closes is chance, and decides nothing.
#[test]
fn connections_that_do_not_hold_are_judged_by_how_many_there_were() {
    let ended = |number: u64, alive: u64| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            let connections = &mut run.connections;
            (connections.attempted, connections.upgraded) = (64 + number, 64 + number);
            (connections.failed, connections.replaced) = (number, number);
            connections.alive_at_end = alive;
            run.failures = vec![failure(Phase::Close, FailureKind::ClosedByServer)];
        }
    };
    for alive in [0, 1, 63, 64] {
        let audit = audit_after(ended(640_000, alive));
        let caveat = found(&audit, Kind::Connections).unwrap();
        assert_eq!(caveat.severity, Severity::Invalid, "{alive}: {caveat}");
        let many = "nearly as many as messages were sent";
        assert!(caveat.message.contains(many), "{caveat}");
        let rare = audit_after(ended(6_400, alive));
        assert_eq!(rare.verdict, Verdict::Doubtful, "{alive}: {rare}");
    }
    // Of attempts that never became connections the connections that were there know nothing.
    let refused = |run: &mut RunResult, _: &mut PlanSpec| {
        run.connections.attempted += 100_000;
        run.connections.failed += 100_000;
    };
    assert_eq!(weight(Kind::Connections, refused), None);
}

#[test]
fn another_order_is_invalid_unless_it_is_expected() {
    let reordered = |is_expected| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            run.messages.reordered = 1_000;
            plan.expect.unordered = is_expected;
        }
    };
    assert_eq!(weight(Kind::Reordered, reordered(false)), INVALID);
    assert_eq!(weight(Kind::Reordered, reordered(true)), NOTE);
    let caveat = found(&audit_after(reordered(true)), Kind::Reordered).unwrap();
    assert_eq!(caveat.message, "1,000 messages answered after a later one");
    assert_eq!(audit_after(reordered(true)).verdict, Verdict::Ok);
}

/// However a run without a single sample came about.
#[test]
fn no_samples_are_never_ok() {
    let all_ends = [
        Ended::Complete,
        Ended::Interrupted,
        Ended::NothingConnected,
        Ended::ServerDied,
    ];
    for ended in all_ends {
        for (sent, upgraded) in [(0, 0), (0, 64), (64, 64)] {
            let (mut result, plan) = runs::no_samples();
            result.ended = ended;
            result.connections.upgraded = upgraded;
            result.messages = wsbench_load::tally::MessageCounts {
                due: sent,
                sent,
                timed_out: sent,
                ..Default::default()
            };
            let audit = runs::document(&(result, plan)).audit;
            assert_eq!(
                audit.verdict,
                Verdict::Invalid,
                "{ended:?} {sent} {upgraded}: {audit}"
            );
        }
    }
    let (mut result, plan) = runs::no_samples();
    result.ended = Ended::Interrupted;
    result.messages = Default::default();
    let audit = runs::document(&(result, plan)).audit;
    let caveat = found(&audit, Kind::Interrupted).unwrap();
    assert!(caveat.message.contains("there are no samples"), "{caveat}");
}

#[test]
fn clients_that_are_replaced_are_judged_by_their_round_trips() {
    let (mut result, plan) = runs::replacement();
    let audit = |result: &RunResult| runs::document(&(result.clone(), plan.clone())).audit;
    assert_eq!(
        audit(&result).caveats,
        [],
        "none alive at the end is as it should be"
    );
    result.connections.clients_completed = 999;
    let caveat = found(&audit(&result), Kind::Connections).unwrap();
    assert_eq!(
        caveat.message,
        "999 of 1,000 clients made all their round trips"
    );
    assert_eq!(caveat.severity, Severity::Doubtful);
    result.connections.clients_completed = 989;
    let caveat = found(&audit(&result), Kind::Connections).unwrap();
    assert_eq!(caveat.severity, Severity::Invalid);
}

#[test]
fn how_the_run_ended() {
    let ended = |ended| move |run: &mut RunResult, _: &mut PlanSpec| run.ended = ended;
    let interrupted = audit_after(ended(Ended::Interrupted));
    assert_eq!(interrupted.verdict, Verdict::Ok);
    let caveat = found(&interrupted, Kind::Interrupted).unwrap();
    assert_eq!(caveat.severity, Severity::Note);
    assert_eq!(weight(Kind::ServerDied, ended(Ended::ServerDied)), INVALID);
    for kind in [Kind::Interrupted, Kind::ServerDied, Kind::NothingConnected] {
        assert_eq!(weight(kind, ended(Ended::Complete)), None);
    }

    let refused = runs::document(&runs::nothing_connected()).audit;
    let caveat = found(&refused, Kind::NothingConnected).unwrap();
    assert!(
        caveat.message.contains("refused the connection"),
        "{caveat}"
    );
    assert_eq!(
        refused.doubts().count(),
        1,
        "one cause, said once: {refused:?}"
    );
}

/// Where nothing was answered the server's own words say why, and the code with which it closed what to do.
#[test]
fn the_servers_words_are_told_where_nothing_was_answered() {
    let closed = |ended: Ended| {
        let (mut run, plan) = runs::no_samples();
        run.ended = ended;
        run.failures = vec![FailureCount {
            phase: Phase::Close,
            kind: FailureKind::ClosedByServer,
            code: Some(1009),
            count: 3,
            first: Nanos::ZERO,
            example: "h:1 at 0.1 s: the server closed with code 1009 (\"too big\")".into(),
        }];
        runs::document(&(run, plan)).audit
    };
    for (ended, kind) in [
        (Ended::Complete, Kind::NothingAnswered),
        (Ended::ServerDied, Kind::ServerDied),
    ] {
        let caveat = found(&closed(ended), kind).unwrap();
        assert!(
            caveat.message.contains("; first: h:1 at 0.1 s: "),
            "{caveat}"
        );
        assert!(caveat.message.contains("too big"), "{caveat}");
        assert!(caveat.advice.contains("a smaller "), "{caveat}");
    }
}

#[test]
fn failures_are_named_with_their_counts() {
    let failing = |kinds: usize| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            let all = [
                FailureKind::Reset,
                FailureKind::Closed,
                FailureKind::TimedOut,
                FailureKind::Refused,
                FailureKind::Garbage,
            ];
            run.failures = all[..kinds]
                .iter()
                .map(|&kind| FailureCount {
                    phase: Phase::Close,
                    kind,
                    code: None,
                    count: 1_200,
                    first: Nanos::ZERO,
                    example: Text::default(),
                })
                .collect();
        }
    };
    assert_eq!(weight(Kind::Failures, failing(0)), None);
    let one = found(&audit_after(failing(1)), Kind::Failures).unwrap();
    assert_eq!(one.message, "failures: 1,200 × close reset");
    assert_eq!(one.severity, Severity::Doubtful);
    let many = found(&audit_after(failing(5)), Kind::Failures).unwrap();
    assert!(many.message.ends_with("2 other kinds"), "{many}");

    let of_slow_readers = |others: u64| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            failing(1)(run, plan);
            plan.clients.slow = Some(SlowReaders {
                share: 0.2,
                reads: Reads::Rate { bytes_per_s: 100 },
            });
            run.slow.lost = 1_200 - others;
        }
    };
    assert_eq!(weight(Kind::Failures, of_slow_readers(0)), NOTE);
    assert_eq!(weight(Kind::Failures, of_slow_readers(1)), DOUBTFUL);

    let unnamed = |run: &mut RunResult, _: &mut PlanSpec| {
        run.messages.sent += 1;
        run.messages.failed = 1;
    };
    let unnamed = found(&audit_after(unnamed), Kind::Failures).unwrap();
    assert_eq!(unnamed.message, "failures: 1 message, of no kind named");
}

#[test]
fn littles_law_holds_within_two_per_cent() {
    let offered = |per_mille: u128| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.offered_in_flight_ns = run.offered_in_flight_ns * per_mille / 1_000;
        }
    };
    assert_eq!(weight(Kind::LittlesLaw, offered(1_019)), None);
    assert_eq!(weight(Kind::LittlesLaw, offered(981)), None);
    assert_eq!(weight(Kind::LittlesLaw, offered(1_021)), DOUBTFUL);
    assert_eq!(weight(Kind::LittlesLaw, offered(979)), DOUBTFUL);
    let caveat = found(&audit_after(offered(2_000)), Kind::LittlesLaw).unwrap();
    assert!(
        caveat.message.contains("off by 50 %")
            && caveat.message.contains("kept 128.00 in flight")
            && caveat.message.contains("accounts for 64.00"),
        "{caveat}"
    );
}

#[test]
fn littles_law_counts_pauses_to_think() {
    let thinking = |run: &mut RunResult, _: &mut PlanSpec| {
        run.thought_in_window_ns = run.offered_in_flight_ns / 2;
        run.service_in_window_ns -= run.thought_in_window_ns;
    };
    assert_eq!(weight(Kind::LittlesLaw, thinking), None);
    let lost = |run: &mut RunResult, plan: &mut PlanSpec| {
        thinking(run, plan);
        run.thought_in_window_ns = run.thought_in_window_ns * 9 / 10;
    };
    let caveat = found(&audit_after(lost), Kind::LittlesLaw).unwrap();
    assert!(
        caveat
            .message
            .contains("service time and pause accounts for 60.80"),
        "{caveat}"
    );
}

#[test]
fn littles_law_needs_samples() {
    let broken = |count, connections| {
        let (mut result, mut plan) = runs::answered(count);
        result.offered_in_flight_ns *= 2;
        plan.clients.connections = connections;
        found(&runs::document(&(result, plan)).audit, Kind::LittlesLaw).is_some()
    };
    assert!(!broken(999, 1) && broken(1_000, 1), "a thousand at least");
    assert!(
        !broken(3_199, 64) && broken(3_200, 64),
        "fifty turns of each slot"
    );
}

#[test]
fn a_busy_generator_is_the_bottleneck() {
    let busy = |per_mille| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.generator.threads[1] = runs::thread(per_mille);
        }
    };
    assert_eq!(weight(Kind::GeneratorCpu, busy(900)), None);
    assert_eq!(weight(Kind::GeneratorCpu, busy(901)), NOTE);
    let audit = audit_after(busy(990));
    assert_eq!(audit.verdict, Verdict::Ok, "a fact, and no doubt");
    let limit = audit.limit.clone().unwrap();
    assert_eq!(limit.by, By::Generator);
    assert_eq!(
        limit.message,
        "99 % of its core; the server does ≥ 64.0k msg/s"
    );
    let caveat = found(&audit, Kind::GeneratorCpu).unwrap();
    assert_eq!(
        caveat.message,
        "the generator is the bottleneck (thread 1 used 99 % of a core): \
         what you see is partly wsbench"
    );
    assert_eq!(
        caveat.advice,
        "more threads -t (now 2), fewer connections -c (now 64)"
    );
}

#[test]
fn advice_fits_the_options_in_use() {
    let (mut result, mut plan) = runs::healthy();
    result.generator.threads = vec![runs::thread(990)];
    plan.threads = 1;
    plan.clients.connections = 1;
    plan.clients.arrival = Arrival::Closed { depth: 16 };
    let context = RunContext {
        host: Host {
            cpus: Some(1),
            ..Host::default()
        },
        loopback: true,
        ..runs::context()
    };
    let audit = judged(
        Record::of(&result, &plan, &context, &runs::Flags),
        &runs::Flags,
    )
    .audit;
    let caveat = found(&audit, Kind::GeneratorCpu).unwrap();
    assert_eq!(
        caveat.advice,
        "less depth -p (now 16), a server on other cores"
    );

    plan.clients.arrival = Arrival::Closed { depth: 1 };
    let context = RunContext {
        loopback: false,
        ..context
    };
    let audit = judged(
        Record::of(&result, &plan, &context, &runs::Flags),
        &runs::Flags,
    )
    .audit;
    let caveat = found(&audit, Kind::GeneratorCpu).unwrap();
    assert_eq!(caveat.advice, "a faster machine for the generator");

    let stops = [
        (
            StopRule::Duration(Nanos::from_secs(1)),
            "run longer: a greater -d",
        ),
        (StopRule::Messages(320), "run longer: a greater -n"),
        (
            StopRule::Clients(64),
            "run longer: more --clients or more round trips -r",
        ),
    ];
    for (stop, advice) in stops {
        let (result, mut plan) = runs::answered(320);
        plan.stop = stop;
        let audit = runs::document(&(result, plan)).audit;
        assert_eq!(found(&audit, Kind::Samples).unwrap().advice, advice);
    }
}

#[test]
fn a_generator_that_waits_for_a_core() {
    let waiting = |ms| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.generator.threads[0].run_wait = Some(Nanos::from_millis(ms));
        }
    };
    assert_eq!(weight(Kind::GeneratorStarved, waiting(100)), None);
    assert_eq!(weight(Kind::GeneratorStarved, waiting(101)), NOTE);
    assert_eq!(weight(Kind::GeneratorStarved, waiting(1_000)), NOTE);
    let others = "neither it nor the server had those cores";
    let starved = weight(Kind::GeneratorStarved, waiting(1_001));
    assert_eq!(starved, DOUBTFUL, "{others}");
    let by = audit_after(waiting(1_001)).limit.map(|limit| limit.by);
    assert_eq!(by, Some(By::Machine), "in the closed loop it is the limit");
    let open = |run: &mut RunResult, plan: &mut PlanSpec| {
        let stretches = vec![Stretch::level(Nanos::MAX, 64_000.0)];
        plan.clients.arrival = Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches,
            },
            max_in_flight: 100,
        };
        run.generator.threads[0].run_wait = Some(Nanos::from_millis(1_001));
    };
    assert_eq!(weight(Kind::GeneratorStarved, open), DOUBTFUL);
    let missed = |run: &mut RunResult, plan: &mut PlanSpec| {
        open(run, plan);
        open_loop(|second| 1_000 * second)(run, plan);
    };
    let by = audit_after(missed).limit.map(|limit| limit.by);
    assert_eq!(
        by,
        Some(By::Machine),
        "and of an open loop that fell behind"
    );
    let unknown = |run: &mut RunResult, _: &mut PlanSpec| {
        run.generator.threads = vec![ThreadUsage::default()];
    };
    assert_eq!(weight(Kind::GeneratorStarved, unknown), None);
}

#[test]
fn a_server_on_the_same_cores_is_a_limit_and_no_doubt() {
    let (mut result, plan) = runs::healthy();
    result.generator.threads[0].run_wait = Some(Nanos::from_millis(1_001));
    let mut record = runs::document(&(result, plan)).record;
    record.loopback = true;
    let starved = |record: &Record| {
        let audit = audit(record, &Bracketed);
        found(&audit, Kind::GeneratorStarved).map(|caveat| caveat.severity)
    };
    assert_eq!(starved(&record), NOTE, "nobody knows what the server used");
    // Of eight cores the generator's two threads used 0.78.
    let mut using = |cores: f64| {
        record.server = serde_json::from_value(serde_json::json!({ "cpu_share": cores })).unwrap();
        starved(&record)
    };
    assert_eq!(using(6.8), NOTE, "the server had them");
    assert_eq!(using(6.7), DOUBTFUL, "half a core or more was with others");
}

#[test]
fn sends_that_leave_late_are_noted() {
    // The median service time is 998 µs: a tenth of it is the border.
    let lag = |micros| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.tally.times[Series::GeneratorLag] = runs::spread(
                1_000,
                Nanos::from_micros(micros),
                Nanos::from_micros(micros),
            );
            // Whatever else kept messages waiting is not the generator's.
            run.tally.times[Series::SendLag] =
                runs::spread(1_000, Nanos::from_secs(1), Nanos::from_secs(1));
        }
    };
    assert_eq!(weight(Kind::Pace, lag(99)), None);
    assert_eq!(weight(Kind::Pace, lag(101)), NOTE);
    let short = |micros| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            lag(micros)(run, plan);
            run.tally.times[Series::Service] = runs::spread(640_000, Nanos(10_000), Nanos(10_000));
        }
    };
    assert_eq!(weight(Kind::Pace, short(19)), None, "never below 20 µs");
    assert_eq!(weight(Kind::Pace, short(21)), NOTE);
    let undivided = |run: &mut RunResult, plan: &mut PlanSpec| {
        lag(1)(run, plan);
        run.tally.times[Series::GeneratorLag] = Histogram::new();
    };
    let older = "a document that does not tell the parts of the lag apart";
    assert_eq!(weight(Kind::Pace, undivided), NOTE, "{older}");
}

#[test]
fn arrivals_that_are_not_the_schedules_are_doubted_where_that_counts() {
    // The median service time is 998 µs. Of 2,000 gaps, some have shrunk to nothing.
    let bunched = |shrunk: u32, lag_us| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            open_loop(|_| 64)(run, plan);
            let lag = Nanos::from_micros(lag_us);
            run.tally.times[Series::GeneratorLag] = runs::spread(1_000, lag, lag);
            let gap = |number: u32| {
                let planned = f64::from(number * 611 % 2_000 + 1);
                let sent = if number < shrunk { 0.0 } else { planned };
                SendGap { planned, sent }
            };
            run.send_gaps = (0..2_000).map(gap).collect();
        }
    };
    // Two in a hundred, and 5.15 % that chance may do.
    assert_eq!(weight(Kind::ArrivalShape, bunched(142, 100)), None);
    assert_eq!(weight(Kind::ArrivalShape, bunched(144, 100)), DOUBTFUL);
    assert_eq!(weight(Kind::ArrivalShape, bunched(144, 49)), None);
    assert_eq!(weight(Kind::ArrivalShape, bunched(144, 51)), DOUBTFUL);
    let caveat = found(&audit_after(bunched(600, 51)), Kind::ArrivalShape).unwrap();
    assert!(
        caveat.message.contains("at least 30 % of the gaps"),
        "{caveat}"
    );
    let closed = |run: &mut RunResult, plan: &mut PlanSpec| {
        let arrival = plan.clients.arrival.clone();
        bunched(600, 100)(run, plan);
        plan.clients.arrival = arrival;
    };
    assert_eq!(weight(Kind::ArrivalShape, closed), None);
    let unknown = |run: &mut RunResult, plan: &mut PlanSpec| {
        bunched(600, 100)(run, plan);
        run.send_gaps.clear();
    };
    assert_eq!(weight(Kind::ArrivalShape, unknown), None);
}

#[test]
fn looser_checks_are_noted() {
    let verify = |verify| {
        move |_: &mut RunResult, plan: &mut PlanSpec| plan.clients.exchange.verify = verify
    };
    assert_eq!(weight(Kind::Verification, verify(Verify::Full)), None);
    assert_eq!(weight(Kind::Verification, verify(Verify::Length)), NOTE);
    assert_eq!(weight(Kind::Verification, verify(Verify::None)), NOTE);

    let size = |bytes| {
        move |_: &mut RunResult, plan: &mut PlanSpec| {
            if let wsbench_load::plan::Payload::Generated { min, max, .. } =
                &mut plan.clients.exchange.payload
            {
                (*min, *max) = (bytes, bytes);
            }
        }
    };
    assert_eq!(weight(Kind::Matching, size(22)), None);
    assert_eq!(weight(Kind::Matching, size(21)), NOTE);
}

#[test]
fn few_samples_are_noted_when_p99_is_not_known() {
    let samples = |count| {
        let audit = runs::document(&runs::answered(count)).audit;
        assert_eq!(audit.verdict, Verdict::Ok);
        found(&audit, Kind::Samples)
    };
    assert_eq!(samples(1_000), None);
    assert_eq!(
        samples(999).unwrap().message,
        "999 samples: p99 is not known below 1,000"
    );
}

#[test]
fn a_window_under_a_second_is_short() {
    let window =
        |ms| move |run: &mut RunResult, _: &mut PlanSpec| run.measured = Nanos::from_millis(ms);
    assert_eq!(weight(Kind::ShortRun, window(1_000)), None);
    assert_eq!(weight(Kind::ShortRun, window(999)), NOTE);
}

#[test]
fn gaps_are_listed_when_long_in_themselves_and_beside_p99() {
    let gap = |micros| AnswerGap {
        start: Nanos::from_millis(4_200),
        length: Nanos::from_micros(micros),
    };
    let gaps =
        |micros| move |run: &mut RunResult, _: &mut PlanSpec| run.gaps = vec![gap(micros), gap(9)];
    assert_eq!(weight(Kind::Gaps, gaps(99_999)), None);
    let caveat = found(&audit_after(gaps(100_000)), Kind::Gaps).unwrap();
    assert_eq!(caveat.message, "no answer at all for 100 ms at 4.2 s");
    assert_eq!(caveat.severity, Severity::Note);

    let slow = |micros| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            gaps(micros)(run, plan);
            run.tally.times[Series::Service] =
                runs::spread(640_000, Nanos::from_millis(20), Nanos::from_millis(20));
        }
    };
    assert_eq!(weight(Kind::Gaps, slow(200_000)), None, "ten times p99");
    assert_eq!(weight(Kind::Gaps, slow(201_000)), NOTE);
}

#[test]
fn delayed_acknowledgements_are_suspected_from_the_shape() {
    // So many in a hundred at the given time, the rest at 1 ms.
    let mode = |percent: u64, ms: u64| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            let mut spans = Histogram::new();
            for number in 0..100 {
                let slow = number < percent;
                spans.record(Nanos::from_millis(if slow { ms } else { 1 }));
            }
            run.tally.times[Series::Service] = spans;
            for thread in &mut run.generator.threads {
                *thread = runs::thread(100);
            }
        }
    };
    for ms in [39, 41, 47, 196, 209] {
        assert_eq!(weight(Kind::DelayedAck, mode(20, ms)), NOTE, "{ms} ms");
    }
    for ms in [37, 50, 194, 212] {
        assert_eq!(weight(Kind::DelayedAck, mode(100, ms)), None, "{ms} ms");
    }
    assert_eq!(weight(Kind::DelayedAck, mode(19, 41)), None, "too few");
    let busy = |run: &mut RunResult, plan: &mut PlanSpec| {
        mode(50, 41)(run, plan);
        run.generator.threads[0] = runs::thread(510);
    };
    assert_eq!(
        weight(Kind::DelayedAck, busy),
        None,
        "a busy generator may be slow itself"
    );
}

#[test]
fn a_small_shared_machine_is_noted() {
    let noted = |cpus, loopback| {
        let (result, plan) = runs::healthy();
        let host = Host {
            cpus,
            ..Host::default()
        };
        let context = RunContext {
            host,
            loopback,
            ..runs::context()
        };
        found(
            &judged(
                Record::of(&result, &plan, &context, &runs::Flags),
                &runs::Flags,
            )
            .audit,
            Kind::SharedMachine,
        )
        .is_some()
    };
    assert!(noted(Some(2), true) && noted(Some(3), true));
    assert!(!noted(Some(4), true) && !noted(Some(2), false) && !noted(None, true));
}

#[test]
fn the_line_names_the_gravest_and_counts_the_rest() {
    let audit = audit_after(|run, plan| {
        run.messages.sent += 1;
        run.messages.timed_out = 1;
        run.messages.corrupted = 1;
        plan.clients.exchange.verify = Verify::Length;
    });
    assert_eq!(audit.verdict, Verdict::Invalid);
    let line = audit.to_string();
    assert!(
        line.starts_with("audit: invalid: 1 message came back with other bytes"),
        "{line}"
    );
    assert!(line.ends_with("(+1 more)"), "{line}");
    assert!(!line.contains('\n'));
    let weights: Vec<Severity> = audit.caveats.iter().map(|caveat| caveat.severity).collect();
    assert_eq!(
        weights,
        [Severity::Invalid, Severity::Doubtful, Severity::Note]
    );
}

/// An open loop of 64,000 messages a second, and what is out or waiting at the end of each second.
fn open_loop(outstanding: fn(u64) -> u64) -> impl FnOnce(&mut RunResult, &mut PlanSpec) {
    move |run, plan| {
        let schedule = Schedule {
            process: Process::Poisson,
            stretches: vec![Stretch::level(Nanos::MAX, 64_000.0)],
        };
        plan.clients.arrival = Arrival::Open {
            schedule,
            max_in_flight: 100,
        };
        for (second, interval) in (1..).zip(&mut run.intervals) {
            interval.in_flight = outstanding(second) / 2;
            interval.waiting = outstanding(second) - interval.in_flight;
        }
    }
}

#[test]
fn a_pile_that_grows_throughout_is_overload() {
    let weight = |outstanding| weight(Kind::Overloaded, open_loop(outstanding));
    assert_eq!(weight(|_| 64), None);
    // The border is 5 % of 64,000 over the ten seconds.
    assert_eq!(weight(|second| 64 + 310 * second), None);
    assert_eq!(weight(|second| 64 + 330 * second), DOUBTFUL);
    assert_eq!(weight(|second| 10_000 - 330 * second), None, "it shrinks");
    let hill = |second: u64| 9_000 * u64::from((4..9).contains(&second));
    assert_eq!(weight(hill), None, "it was worked off");
    let closed = |run: &mut RunResult, plan: &mut PlanSpec| {
        open_loop(|second| 1_000 * second)(run, plan);
        plan.clients.arrival = Arrival::Closed { depth: 1 };
    };
    assert_eq!(self::weight(Kind::Overloaded, closed), None);
    let audit = audit_after(open_loop(|second| 1_000 * second));
    assert_eq!(found(&audit, Kind::Rate), None, "one cause, said once");
}

#[test]
fn a_card_at_its_speed_is_the_limit_unless_the_rate_is_held_or_nothing_crossed_it() {
    let (mut result, mut plan) = runs::healthy();
    let mut card = CardUse {
        name: "eth0".to_owned(),
        mbit_per_s: 10_000,
        sent: 0.3,
        received: 0.94,
    };
    let limit = |run: &(RunResult, PlanSpec), card: &CardUse, loopback| {
        let mut run = run.clone();
        let pressure = run.0.pressure.get_or_insert_default();
        pressure.card = Some(card.clone());
        let mut record = runs::record(&run);
        record.loopback = loopback;
        audit(&record, &Bracketed).limit.unwrap()
    };
    let closed = (result.clone(), plan.clone());
    let found = limit(&closed, &card, false);
    assert_eq!(found.by, By::Network);
    assert_eq!(found.message, "eth0 received 94 % of its 10,000 Mbit/s");
    assert_ne!(limit(&closed, &card, true).by, By::Network);
    open_loop(|second| 1_000 * second)(&mut result, &mut plan);
    assert_eq!(
        limit(&(result.clone(), plan.clone()), &card, false).by,
        By::Network
    );
    (card.sent, card.received) = (0.89, 0.0);
    assert_ne!(limit(&closed, &card, false).by, By::Network);
    (card.sent, card.received) = (0.91, 0.0);
    assert_eq!(limit(&closed, &card, false).by, By::Network);
    open_loop(|_| 0)(&mut result, &mut plan);
    assert_eq!(
        limit(&(result, plan), &card, false).by,
        By::Rate,
        "it was held"
    );
}

/// Of a server elsewhere whose CPU nobody has seen nothing is said that the network may have done.
#[test]
fn a_missed_rate_is_the_servers_where_nothing_else_can_be() {
    let (mut result, mut plan) = runs::healthy();
    open_loop(|second| 1_000 * second)(&mut result, &mut plan);
    let mut record = runs::record(&(result, plan));
    let by = |record: &Record| audit(record, &Bracketed).limit.map(|limit| limit.by);
    (record.loopback, record.server) = (false, None);
    assert_eq!(by(&record), Some(By::Elsewhere));
    record.loopback = true;
    assert_eq!(by(&record), Some(By::Server));
}

/// Clients that are replaced have no rate, so that none is advised.
#[test]
fn a_rate_is_advised_to_nobody_who_cannot_ask_for_one() {
    let rate = Bracketed.of(Field::Arrival);
    let busy = |mut record: Record| {
        record.generator.threads[0].cpu_share = 0.99;
        audit(&record, &Bracketed).limit.unwrap()
    };
    let held = busy(runs::record(&runs::healthy()));
    assert_eq!(held.by, By::Generator);
    assert!(held.advice.contains(&*rate), "{}", held.advice);
    let replaced = busy(runs::record(&runs::replacement()));
    assert_eq!(replaced.by, By::Generator);
    assert!(!replaced.advice.contains(&*rate), "{}", replaced.advice);
}

#[test]
fn a_server_that_went_away_is_not_overloaded() {
    let piles_up = || open_loop(|second| 1_000 * second);
    let audit = audit_after(piles_up());
    assert!(found(&audit, Kind::Overloaded).is_some());
    let audit = audit_after(|result, plan| {
        piles_up()(result, plan);
        result.ended = Ended::ServerDied;
    });
    assert!(found(&audit, Kind::ServerDied).is_some());
    for kind in [Kind::Overloaded, Kind::Rate] {
        assert_eq!(found(&audit, kind), None, "asking for less is no help");
    }
}

#[test]
fn messages_blocked_at_the_limit_are_of_too_few_connections() {
    let blocked = |limit| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            open_loop(|_| 64)(run, plan);
            run.blocked_by.limit = limit;
            run.tally.times[Series::Blocked] =
                runs::spread(limit, Nanos::from_millis(1), Nanos::from_millis(2));
        }
    };
    assert_eq!(weight(Kind::ConnectionLimited, blocked(0)), None);
    assert_eq!(weight(Kind::ConnectionLimited, blocked(6_400)), NOTE);
    assert_eq!(weight(Kind::ConnectionLimited, blocked(6_401)), DOUBTFUL);
    let uneven = found(&audit_after(blocked(1)), Kind::ConnectionLimited).unwrap();
    assert!(uneven.message.ends_with("taken unevenly"), "{uneven}");
    let short = |run: &mut RunResult, plan: &mut PlanSpec| {
        blocked(6_401)(run, plan);
        run.tally.times[Series::Response].record(Nanos::from_secs(1));
        run.tally.times[Series::Service].record(Nanos::from_secs(1));
    };
    let short = found(&audit_after(short), Kind::ConnectionLimited).unwrap();
    let check = "connections × limit is 6,400, rate × longest response 64,000";
    assert!(short.message.ends_with(check), "{short}");
}

#[test]
fn back_pressure_is_named_and_not_doubted() {
    let socket = |run: &mut RunResult, _: &mut PlanSpec| {
        run.blocked_by.socket = 3;
        run.tally.times[Series::Blocked] =
            runs::spread(3, Nanos::from_millis(1), Nanos::from_millis(2));
    };
    let audit = audit_after(socket);
    assert_eq!(audit.verdict, Verdict::Ok);
    assert_eq!(
        found(&audit, Kind::Blocked).unwrap().message,
        "messages that were due waited, 3 for a socket that took no more bytes, 2.00 ms at most"
    );
    assert_eq!(found(&audit, Kind::Pace), None, "it is not the generator's");
}

#[test]
fn the_worst_interval_is_named() {
    let late = |number: u64| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            open_loop(|_| 64)(run, plan);
            run.intervals[3].sent -= number;
            run.intervals[4].sent += number / 2;
        }
    };
    assert_eq!(weight(Kind::Rate, late(640)), None);
    let caveat = found(&audit_after(late(700)), Kind::Rate).unwrap();
    assert_eq!(caveat.severity, Severity::Doubtful);
    let worst = "in the interval that ended at 4.0 s 64,000 were due and 63,300 sent";
    assert!(caveat.message.ends_with(worst), "{caveat}");
}

/// What comes and goes beside the load says nothing of those that carry it, and hides nothing of them.
#[test]
fn connections_that_are_lost_are_told_whatever_comes_and_goes_beside_them() {
    let lost = |number: u64, under_way: u64| {
        move |run: &mut RunResult, plan: &mut PlanSpec| {
            plan.clients.churn = Some(Sessions {
                per_s: 10.0,
                process: Process::Poisson,
                stay: Stay::Time(Nanos::from_secs(1)),
            });
            run.connections.alive_at_end = 64 - number;
            let sessions = &mut run.sessions;
            (sessions.due, sessions.opened, sessions.under_way) = (100, 100 - under_way, under_way);
        }
    };
    let told = |change: &dyn Fn(&mut RunResult, &mut PlanSpec)| {
        let audit = audit_after(|run, plan| change(run, plan));
        let of_connections = audit
            .caveats
            .iter()
            .filter(|it| it.kind == Kind::Connections);
        let told = of_connections.map(|it| (it.severity, it.message.clone()));
        told.collect::<Vec<_>>()
    };
    let few = "1 of 64 connections were alive at the end";
    let late =
        "1 of 100 connections were not open: 0 turned away, 1 under way when the window closed";
    assert_eq!(told(&lost(0, 0)), []);
    assert_eq!(told(&lost(0, 1)), [(Severity::Note, late.to_owned())]);
    assert_eq!(told(&lost(63, 0)), [(Severity::Doubtful, few.to_owned())]);
    assert_eq!(
        told(&lost(63, 1)),
        [
            (Severity::Doubtful, few.to_owned()),
            (Severity::Note, late.to_owned())
        ]
    );
}

#[test]
fn a_machine_that_others_use_is_noted() {
    let pressure = |steal, waited, switches| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.pressure = Some(HostPressure {
                steal: Some(steal),
                waited: Some(waited),
                ..HostPressure::default()
            });
            run.generator.threads[1].involuntary_switches = Some(switches);
        }
    };
    assert_eq!(weight(Kind::HostPressure, pressure(0.005, 0.05, 500)), None);
    assert_eq!(weight(Kind::HostPressure, pressure(0.006, 0.0, 0)), NOTE);
    assert_eq!(weight(Kind::HostPressure, pressure(0.0, 0.06, 0)), NOTE);
    assert_eq!(weight(Kind::HostPressure, pressure(0.0, 0.0, 510)), NOTE);
    assert_eq!(weight(Kind::HostPressure, pressure(0.06, 0.0, 0)), DOUBTFUL);
    let unknown = |run: &mut RunResult, _: &mut PlanSpec| run.pressure = None;
    assert_eq!(weight(Kind::HostPressure, unknown), None);

    let tcp = |name| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            run.pressure = Some(HostPressure {
                tcp_trouble: vec![(name, 2)],
                ..HostPressure::default()
            });
        }
    };
    assert_eq!(weight(Kind::TcpTrouble, |_, _| {}), None);
    let caveat = found(&audit_after(tcp("ListenDrops")), Kind::TcpTrouble).unwrap();
    assert_eq!(caveat.severity, Severity::Note);
    assert!(caveat.message.contains("2 × ListenDrops") && caveat.advice.contains("backlog"));
    let caveat = found(&audit_after(tcp("RetransSegs")), Kind::TcpTrouble).unwrap();
    assert!(caveat.advice.contains("200 ms"), "{caveat}");
}

#[test]
fn long_turns_of_the_loop_are_noted_unless_that_is_said_already() {
    // The median service time is 998 µs.
    let turn = |micros, cpu| {
        move |run: &mut RunResult, _: &mut PlanSpec| {
            let thread = &mut run.generator.threads[0];
            *thread = runs::thread(cpu);
            thread.turns.as_mut().unwrap().p99 = Nanos::from_micros(micros);
        }
    };
    assert_eq!(weight(Kind::LoopTurns, turn(99, 400)), None);
    assert_eq!(weight(Kind::LoopTurns, turn(101, 400)), NOTE);
    assert_eq!(weight(Kind::LoopTurns, turn(101, 950)), None, "it is busy");
    let without = |run: &mut RunResult, _: &mut PlanSpec| {
        for thread in &mut run.generator.threads {
            thread.turns = None;
        }
    };
    assert_eq!(weight(Kind::LoopTurns, without), None);
}
