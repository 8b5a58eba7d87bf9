//! What is printed of a plan is, parsed, the same plan again.

use clap::Parser;
use proptest::option::of as maybe;
use proptest::prelude::*;
use wsbench_load::plan::{Compression, Header, Plan, Sessions, Think, WarmUp, WindowBits, Wish};

use super::*;
use crate::command_line::Cli;
use crate::plan::order;
use wsbench::defaults::interval;
use wsbench::target::target;

const URL: &str = "wss://example.com/chat?a=b";

fn here() -> Surroundings {
    Surroundings {
        cpus: vec![0, 1, 2, 3],
        random_seed: 7,
    }
}

/// The plan of a command line without its program's name.
fn parsed(words: &[String]) -> Plan {
    let words = std::iter::once("wsbench").chain(words.iter().map(String::as_str));
    let cli = Cli::try_parse_from(words).unwrap();
    let order = order(&cli.measure, &here()).unwrap();
    order.plan_against(target(URL).unwrap()).unwrap()
}

/// A number of milliseconds.
fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = Nanos> {
    range.prop_map(Nanos::from_millis)
}

/// All ways of comparing answers.
const VERIFY: [Verify; 4] = [Verify::Full, Verify::Contains, Verify::Length, Verify::None];

prop_compose! {
    fn open_loops()(
        rates in prop::collection::vec((ms(1..5_000), 1_u32..50_000), 1..4),
        ramp in maybe(ms(1..5_000)),
        warm in ms(0..3_000),
        is_staged: bool,
        constant: bool,
        max_in_flight in prop::sample::select(vec![1_u32, 1_024, 7_000]),
    ) -> (Arrival, Nanos, Option<Nanos>) {
        let per_s = |tenths: u32| f64::from(tenths) / 10.0;
        let first = per_s(rates[0].1);
        let mut stretches = Vec::new();
        stretches.extend(ramp.map(|length| Stretch { length, from_per_s: 0.0, to_per_s: first }));
        let mut length = None;
        if is_staged {
            stretches.push(Stretch::level(warm, first));
            stretches.extend(rates.iter().map(|(length, rate)| Stretch::level(*length, per_s(*rate))));
            length = Some(rates.iter().fold(Nanos::ZERO, |sum, (length, _)| sum + *length));
        } else {
            stretches.push(Stretch::level(Nanos::MAX, first));
        }
        let process = if constant { Process::Constant } else { Process::Poisson };
        let schedule = Schedule { process, stretches };
        let warmup = warm + ramp.unwrap_or(Nanos::ZERO);
        (Arrival::Open { schedule, max_in_flight }, warmup, length)
    }
}

prop_compose! {
    fn payloads()(
        kind in 0_u8..3,
        sizes in (0_u32..100_000, 0_u32..5),
        text in "[a-zé {}-]{0,20}",
        is_text: bool,
    ) -> Payload {
        let encoding = if is_text { Encoding::Text } else { Encoding::Binary };
        match kind {
            0 => Payload::Fixed { encoding, bytes: text.into_bytes().into() },
            _ => Payload::Generated {
                encoding,
                min: sizes.0,
                max: sizes.0 + sizes.1 * 1_024,
                ascii: false,
            },
        }
    }
}

prop_compose! {
    fn specs()(
        open in maybe(open_loops()),
        held in (ms(1..90_000), maybe(1_u64..1_000_000), ms(0..5_000), 1_u32..40, any::<bool>()),
        clients in maybe((1_u64..2_000, 1_u32..9)),
        counts in (1_u32..3_000, 1_u32..9, any::<u64>()),
        payload in payloads(),
        paces in (maybe((ms(0..50), ms(1..50))), maybe((1_u32..9_000, ms(1..9_000), any::<bool>()))),
        pins in prop::sample::subsequence(vec![0_usize, 1, 2, 3], 0..4),
        modes in (0_u8..3, 0_u8..3, 0_u8..4, 0_u8..3, 0_u8..3),
        spans in (maybe(ms(1..9_000)), ms(1..20_000), ms(1..20_000), maybe(1_u32..9_000)),
        wish in maybe((any::<bool>(), any::<bool>(), 0_u8..16, 0_u8..16, 0_u32..10)),
        upgrade in (maybe("https://[a-z]{1,5}"), maybe("[a-z ]{1,9}"), maybe("[a-z]{1,5}")),
        rest in (maybe(1_u32..90_000), any::<bool>(), any::<bool>(), maybe("[a-z]{1,9}"), any::<bool>()),
    ) -> PlanSpec {
        let mut spec = PlanSpec::against(target(URL).unwrap());
        spec.stop = held.1.map_or(StopRule::Duration(held.0), StopRule::Messages);
        spec.warmup = WarmUp::of(held.2);
        spec.clients.connections = counts.0;
        spec.clients.arrival = Arrival::Closed { depth: held.3 };
        if let Some((number, round_trips)) = clients {
            spec.stop = StopRule::Clients(number);
            spec.clients.lifetime = Lifetime::Replaced { round_trips };
            spec.clients.connections = counts.0.min(number as u32);
            spec.warmup = WarmUp::default();
        } else if let Some((arrival, warmup, length)) = open {
            spec.clients.arrival = arrival;
            spec.warmup = WarmUp::of(warmup);
            spec.stop = length.map_or(spec.stop, StopRule::Duration);
        }
        let is_open = spec.clients.is_open_loop();
        spec.clients.think = paces.0
            .filter(|_| !is_open)
            .map(|(least, more)| Think { least, most: least + more });
        spec.clients.exchange.payload = payload;
        spec.clients.churn = paces.1
            .filter(|_| clients.is_none())
            .map(|(tenths, stay, constant)| Sessions {
                per_s: f64::from(tenths) / 10.0,
                // One flag says it of both schedules.
                process: match &spec.clients.arrival {
                    Arrival::Open { schedule, .. } => schedule.process,
                    Arrival::Closed { .. } if constant => Process::Constant,
                    Arrival::Closed { .. } => Process::Poisson,
                },
                stay: Stay::Time(stay),
            });
        let is_paced = spec.clients.is_open_loop() || spec.clients.think.is_some();
        spec.pace = match modes.0 {
            1 if is_paced => Pace::Sleep,
            2 if is_paced => Pace::Spin,
            _ => Pace::Auto,
        };
        spec.busy_poll = rest.1 && spec.pace == Pace::Auto;
        spec.timestamps = [Timestamps::Auto, Timestamps::Kernel, Timestamps::User][modes.1 as usize];
        spec.clients.exchange.verify = VERIFY[modes.2 as usize];
        spec.connect.family = [Family::Any, Family::V4, Family::V6][modes.3 as usize];
        spec.tls.versions = [TlsVersions::Any, TlsVersions::V1_2, TlsVersions::V1_3][modes.4 as usize];
        (spec.tls.verify, spec.tls.resumes) = (rest.2, rest.4);
        spec.clients.keep_alive = spans.0;
        (spec.clients.timeout, spec.connect.timeout) = (spans.1, spans.2);
        spec.clients.fragment = spans.3;
        spec.clients.compression = wish.map(|(ours, theirs, our_bits, their_bits, level)| Compression {
            wish: Wish {
                client_no_takeover: ours,
                server_no_takeover: theirs,
                client_bits: WindowBits::new(our_bits),
                server_bits: WindowBits::new(their_bits),
            },
            level,
        });
        spec.upgrade.origin = upgrade.0;
        let header = |value: String| Header::new("X-A", value.trim());
        spec.upgrade.headers.extend(upgrade.1.map(header));
        spec.upgrade.subprotocols.extend(upgrade.2);
        spec.connect.rate_per_s = rest.0.map(|thousandths| f64::from(thousandths) / 1e3);
        spec.name = rest.3;
        spec.cpus = pins;
        spec.threads = counts.1.min(spec.clients.connections);
        spec.seed = counts.2;
        spec.interval = interval(spec.stop);
        spec
    }
}

proptest! {
    #[test]
    fn a_command_makes_the_plan_that_it_is_printed_from(spec in specs()) {
        let plan = spec.check().unwrap();
        let mut words = words(&plan, &here());
        words.extend([URL.to_owned(), format!("--seed={}", plan.seed)]);
        prop_assert_eq!(parsed(&words), plan, "{}", words.join(" "));
    }
}

#[test]
fn what_follows_by_itself_is_not_said() {
    let mut spec = PlanSpec::against(target("ws://127.0.0.1:9/").unwrap());
    spec.clients.connections = 64;
    spec.threads = threads_for(&spec, &here().cpus);
    assert_eq!(
        command(&spec, "URL", &here()),
        "wsbench -c 64 -s 30 -d 10s --warmup 0s -p 1 --text URL"
    );
    spec.upgrade.headers = vec![Header::new("Authorization", "Basic hidden")];
    spec.threads = 1;
    assert_eq!(
        command(&spec, "URL", &here()),
        "wsbench -c 64 -s 30 -d 10s --warmup 0s -p 1 --text -t 1 -H 'Authorization: (withheld)' URL"
    );
}

#[test]
fn rates_and_spans_are_written_short_and_exactly() {
    for (per_s, words) in [(100.0, "100"), (2_000.0, "2k"), (0.5, "0.5"), (1e6, "1m")] {
        assert_eq!(rate(per_s), words);
    }
    let hourly = quantity::rate_per_s("1/h").unwrap();
    assert_eq!(quantity::rate_per_s(&rate(hourly)), Ok(hourly));
    for (ns, words) in [
        (0, "0s"),
        (1_500_000_000, "1500ms"),
        (2_000, "2us"),
        (7, "7ns"),
    ] {
        assert_eq!(span(Nanos(ns)), words);
    }
    assert_eq!(
        (size(16_384), size(30), size(0)),
        ("16k".into(), "30".into(), "0".into())
    );
}
