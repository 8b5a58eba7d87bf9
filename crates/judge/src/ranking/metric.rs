//! The figures that servers are ranked by, of each kind of load: what a workload says of its own, and what
//! a plan says of that which a scenario makes.
//!
//! Only what may be compared is ranked: latencies at one and the same rate, never those of a closed
//! loop, in which the faster server is given more load (METHOD 1); CPU a message likewise.

use wsbench_load::plan::{Flow, Population};
use wsbench_load::series::Series;
use wsbench_record::audit::Kind;
use wsbench_record::ranking::{Contest, Workload, WorkloadKind};

use crate::figure::{Figure, Sense, Unit};

/// Figures that are shown of answers in several parts, as many as the server gives.
const ITEMS: [Figure; 6] = [
    Figure::ITEMS_PER_S,
    Figure::MESSAGES_PER_S,
    Figure::SERVICE_P50,
    Figure::SERVICE_P99,
    Figure::SERVER_US,
    Figure::BYTES_AT_LOAD,
];
/// Figures that are shown of answers in several parts, to requests at a fixed rate.
const ITEM_TIMES: [Figure; 8] = [
    Figure::ITEM_FIRST_P50,
    Figure::ITEM_FIRST_P99,
    Figure::ITEM_GAP_P99,
    Figure::RESPONSE_P50,
    Figure::RESPONSE_P99,
    Figure::ITEMS_PER_S,
    Figure::SERVER_US,
    Figure::BYTES_AT_LOAD,
];
/// Figures that are shown of what a server sends by itself, with its instant.
const PUSH_AGES: [Figure; 7] = [
    Figure::PUSH_AGE_P50,
    Figure::PUSH_AGE_P99,
    Figure::PUSH_GAP_P50,
    Figure::PUSH_GAP_P99,
    Figure::MESSAGES_PER_S,
    Figure::SERVER_US,
    Figure::BYTES_AT_LOAD,
];
/// Figures that are shown of what a server sends by itself.
const PUSHES: [Figure; 5] = [
    Figure::PUSH_GAP_P50,
    Figure::PUSH_GAP_P99,
    Figure::MESSAGES_PER_S,
    Figure::SERVER_US,
    Figure::BYTES_AT_LOAD,
];

/// A value of a figure as tables of rankings have it.
#[must_use]
pub fn words(figure: Figure, value: f64) -> String {
    match figure.unit() {
        // Their columns set a number apart from a unit that is a word of its own.
        Unit::Micros => format!("{value:.2} µs"),
        unit => unit.written(value),
    }
}

/// Load of such clients, as far as it says by which figures servers are told apart.
#[must_use]
pub fn contest_of(clients: &Population) -> Contest {
    let exchange = &clients.exchange;
    let is_streamed = exchange.end_of_streams().is_some();
    match &exchange.flow {
        Flow::Push(pushes) if pushes.stamp.is_some() => Contest::PushAges,
        Flow::Push(_) => Contest::Pushes,
        // How many come says how many messages there are, so that these tell nobody apart.
        _ if clients.sessions().is_some() && !clients.is_open_loop() => Contest::Openings,
        Flow::Idle | Flow::Oneway => Contest::Memory,
        Flow::Storm => Contest::Connects,
        Flow::Answered if clients.is_fanned_out() => Contest::Deliveries,
        Flow::Answered => match (is_streamed, clients.is_open_loop()) {
            (true, true) => Contest::ItemTimes,
            (true, false) => Contest::Items,
            (false, true) => Contest::Times,
            (false, false) => Contest::Throughput,
        },
    }
}

/// The metrics that are shown of a workload, in order.
#[must_use]
pub fn shown(workload: &Workload) -> &'static [Figure] {
    match workload.contest() {
        Contest::Throughput => &[
            Figure::MESSAGES_PER_S,
            Figure::SERVICE_P50,
            Figure::SERVICE_P99,
            Figure::SERVER_US,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
            Figure::PROCESSES,
        ],
        Contest::Times => &[
            Figure::RESPONSE_P50,
            Figure::RESPONSE_P99,
            Figure::RESPONSE_P99_9,
            Figure::SERVICE_P50,
            Figure::SERVICE_P99,
            Figure::MESSAGES_PER_S,
            Figure::SERVER_US,
            Figure::BYTES_AT_LOAD,
        ],
        Contest::Items => &ITEMS,
        Contest::ItemTimes => &ITEM_TIMES,
        Contest::Memory => &[
            Figure::BYTES_PER_CONNECTION,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
            Figure::PROCESSES,
        ],
        Contest::Connects => &[Figure::CONNECTIONS_PER_S, Figure::SERVER_US],
        Contest::Openings => &[
            Figure::OPENING_P50,
            Figure::OPENING_P99,
            Figure::SERVICE_P50,
            Figure::SERVICE_P99,
            Figure::SERVER_US,
            Figure::BYTES_AT_LOAD,
        ],
        Contest::GreatestRate => &[Figure::GREATEST_RATE_PER_S],
        Contest::Deliveries => &[
            Figure::LAST_P50,
            Figure::LAST_P99,
            Figure::DELIVERY_P50,
            Figure::DELIVERY_P99,
            Figure::DELIVERIES_PER_S,
            Figure::SERVER_US_PER_DELIVERY,
            Figure::BYTES_AT_LOAD,
            Figure::THREADS,
        ],
        Contest::PushAges => &PUSH_AGES,
        Contest::Pushes => &PUSHES,
    }
}

/// Those of them by which servers are ranked.
#[must_use]
pub fn ranked(workload: &Workload) -> &'static [Figure] {
    match workload.contest() {
        Contest::Throughput => &[Figure::MESSAGES_PER_S],
        Contest::Times => &[
            Figure::RESPONSE_P50,
            Figure::RESPONSE_P99,
            Figure::SERVER_US,
        ],
        Contest::Items => &[Figure::ITEMS_PER_S],
        Contest::ItemTimes => &[
            Figure::ITEM_FIRST_P50,
            Figure::ITEM_FIRST_P99,
            Figure::RESPONSE_P50,
            Figure::RESPONSE_P99,
            Figure::SERVER_US,
        ],
        Contest::Memory => &[Figure::BYTES_PER_CONNECTION],
        Contest::Connects => &[Figure::CONNECTIONS_PER_S],
        Contest::Openings => &[Figure::OPENING_P50, Figure::OPENING_P99, Figure::SERVER_US],
        Contest::GreatestRate => &[Figure::GREATEST_RATE_PER_S],
        // In a room each receiver counts, and not only the last one.
        Contest::Deliveries if workload.kind == WorkloadKind::Scenario => &[
            Figure::DELIVERY_P50,
            Figure::DELIVERY_P99,
            Figure::LAST_P50,
            Figure::LAST_P99,
            Figure::SERVER_US_PER_DELIVERY,
            Figure::BYTES_AT_LOAD,
        ],
        Contest::Deliveries => &[
            Figure::LAST_P50,
            Figure::LAST_P99,
            Figure::SERVER_US_PER_DELIVERY,
            Figure::BYTES_AT_LOAD,
        ],
        Contest::PushAges => &[
            Figure::PUSH_AGE_P50,
            Figure::PUSH_AGE_P99,
            Figure::MESSAGES_PER_S,
            Figure::SERVER_US,
        ],
        Contest::Pushes => &[
            Figure::PUSH_GAP_P99,
            Figure::MESSAGES_PER_S,
            Figure::SERVER_US,
        ],
    }
}

/// The series whose percentiles are the latency curve of a workload.
pub(super) fn curve(workload: &Workload) -> Series {
    match workload.contest() {
        Contest::Times | Contest::ItemTimes => Series::Response,
        Contest::Deliveries => Series::DeliveryLast,
        Contest::PushAges => Series::PushAge,
        Contest::Pushes => Series::PushGap,
        Contest::Openings => Series::Opening,
        _ => Series::Service,
    }
}

/// True of a time from when something of a workload was due: it grows with the length of the run where the
/// server does not keep up.
pub(super) fn is_from_due(figure: Figure, workload: &Workload) -> bool {
    let is_response = figure.point().map(Figure::response) == Some(figure);
    match workload.contest() {
        Contest::Times => is_response,
        Contest::ItemTimes => {
            is_response || [Figure::ITEM_FIRST_P50, Figure::ITEM_FIRST_P99].contains(&figure)
        }
        Contest::Openings => [Figure::OPENING_P50, Figure::OPENING_P99].contains(&figure),
        Contest::Deliveries => figure.unit() == Unit::Span,
        _ => false,
    }
}

/// The caveats by which the generator, and not the server, set this figure: a generator without a
/// core to spare keeps rates down, and one that sends late is in the tail of the response times,
/// though not in their median.
#[must_use]
pub(super) fn limits_of_generator(figure: Figure) -> &'static [Kind] {
    let is_response = figure.point().map(Figure::response) == Some(figure);
    match figure.unit() {
        Unit::Span if is_response && figure != Figure::RESPONSE_P50 => &[
            Kind::GeneratorCpu,
            Kind::GeneratorStarved,
            Kind::Pace,
            Kind::ArrivalShape,
        ],
        Unit::Span | Unit::Rate => &[Kind::GeneratorCpu, Kind::GeneratorStarved],
        _ => &[],
    }
}

/// The mark before a figure that the generator set: the server's own may be better.
#[must_use]
pub fn bound_mark(figure: Figure) -> &'static str {
    match figure.sense() {
        Sense::More => "≥ ",
        Sense::Less => "≤ ",
    }
}

#[cfg(test)]
mod tests {
    use wsbench_load::arrival::{Process, Schedule, Stretch};
    use wsbench_load::nanos::Nanos;
    use wsbench_load::plan::{
        Arrival, Audience, ByNumber, Correlation, Lifetime, Pushes, Sessions, Stay,
    };
    use wsbench_record::ranking::ScenarioFacts;

    use super::*;

    const ALL: [Contest; 11] = [
        Contest::Throughput,
        Contest::Times,
        Contest::Items,
        Contest::ItemTimes,
        Contest::Deliveries,
        Contest::Pushes,
        Contest::PushAges,
        Contest::Memory,
        Contest::Connects,
        Contest::Openings,
        Contest::GreatestRate,
    ];

    fn scenario(contest: Contest) -> Workload {
        Workload {
            name: "rooms".into(),
            kind: WorkloadKind::Scenario,
            connections: 1,
            depth: 1,
            size_bytes: 30,
            rate_per_s: None,
            duration_s: 1.0,
            warmup_s: 0.0,
            rounds: 1,
            command: String::new(),
            scenario: Some(ScenarioFacts {
                file: "rooms.toml".into(),
                digest: String::new(),
                protocol: "wsbench".into(),
                contest,
            }),
        }
    }

    #[test]
    fn every_load_is_ranked_by_figures_that_are_shown_of_it() {
        for contest in ALL {
            let workload = scenario(contest);
            let (shown, ranked) = (shown(&workload), ranked(&workload));
            assert!(!ranked.is_empty(), "{contest:?}");
            assert!(ranked.iter().all(|it| shown.contains(it)), "{contest:?}");
        }
    }

    #[test]
    fn the_clients_of_a_plan_say_by_what_servers_are_told_apart() {
        let at_a_rate = || Arrival::Open {
            schedule: Schedule {
                process: Process::Poisson,
                stretches: vec![Stretch::level(Nanos::MAX, 50.0)],
            },
            max_in_flight: 8,
        };
        let of = |change: fn(&mut Population), is_open: bool| {
            let mut clients = Population::default();
            change(&mut clients);
            if is_open {
                clients.arrival = at_a_rate();
            }
            contest_of(&clients)
        };
        assert_eq!(of(|_| {}, false), Contest::Throughput);
        assert_eq!(of(|_| {}, true), Contest::Times);
        let to_a_room = |it: &mut Population| it.exchange.audience = Audience::Room;
        assert_eq!(of(to_a_room, true), Contest::Deliveries);
        let asked = |it: &mut Population| {
            it.exchange.request = Some(ByNumber {
                at: Correlation::usual(),
                failed: None,
                end: None,
            });
        };
        assert_eq!(of(asked, false), Contest::Throughput);
        assert_eq!(of(asked, true), Contest::Times);
        let pushed = |it: &mut Population| it.exchange.flow = Flow::Push(Pushes::default());
        assert_eq!(of(pushed, false), Contest::Pushes);
        let stamped = |it: &mut Population| {
            it.exchange.flow = Flow::Push(Pushes {
                stamp: "json:/E:ms".parse().ok(),
                ..Pushes::default()
            });
        };
        assert_eq!(of(stamped, false), Contest::PushAges);
        assert_eq!(
            of(|it| it.exchange.flow = Flow::Idle, false),
            Contest::Memory
        );
        let coming = |it: &mut Population| {
            it.lifetime = Lifetime::Scheduled(Sessions {
                per_s: 50.0,
                process: Process::Poisson,
                stay: Stay::RoundTrips(5),
            });
        };
        assert_eq!(of(coming, false), Contest::Openings);
        assert_eq!(of(coming, true), Contest::Times);
    }
}
