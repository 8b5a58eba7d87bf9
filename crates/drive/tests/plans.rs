//! A spec drawn at random is no plan, or one that the engine carries out to its end.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use proptest::option::of as maybe;
use proptest::prelude::*;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Compression, Encoding, Lifetime, Pace, Payload, PlanSpec, StopRule, Think, Verify,
    WarmUp,
};
use wsbench_simulate::Scenario;

/// When a run is interrupted: some plans have hardly a message to send.
const AT_MOST: Nanos = Nanos::from_secs(3);

/// Milliseconds, none among them.
fn ms(most: u64) -> impl Strategy<Value = Nanos> {
    (0..=most).prop_map(Nanos::from_millis)
}

prop_compose! {
    fn arrivals()(
        is_open: bool,
        depth in 0_u32..6,
        rates in prop::collection::vec((ms(80), -10_i32..1_500, 0_i32..1_500), 0..4),
        is_endless: bool,
        is_constant: bool,
    ) -> Arrival {
        if !is_open {
            return Arrival::Closed { depth };
        }
        let process = if is_constant { Process::Constant } else { Process::Poisson };
        let mut stretches: Vec<Stretch> = rates
            .into_iter()
            .map(|(length, from, to)| Stretch {
                length,
                from_per_s: from.into(),
                to_per_s: to.into(),
            })
            .collect();
        if let Some(last) = stretches.last_mut().filter(|_| is_endless) {
            *last = Stretch::level(Nanos::MAX, last.to_per_s);
        }
        Arrival::Open { schedule: Schedule { process, stretches }, max_in_flight: depth }
    }
}

prop_compose! {
    fn specs()(
        arrival in arrivals(),
        counts in (0_u32..6, 0_u32..4, 0_u64..80, maybe(0_u32..4), 0_u8..3),
        sizes in (any::<bool>(), 0_u32..200, 0_u32..200, maybe(0_u32..60)),
        think in maybe((ms(5), ms(5))),
        warmup in (prop_oneof![Just(Nanos::ZERO), ms(30)], maybe(ms(600))),
        spans in (ms(400), ms(400), maybe(ms(40)), ms(60)),
        rest in (maybe(-1.0_f64..900.0), any::<bool>(), any::<bool>(), any::<bool>(), any::<u64>()),
        verify in 0_u8..3,
    ) -> PlanSpec {
        PlanSpec::against("ws://simulated/".parse().unwrap()).with(|spec| {
            spec.clients.arrival = arrival;
            (spec.clients.connections, spec.threads) = (counts.0, counts.1);
            spec.stop = match counts.4 {
                0 => StopRule::Duration(Nanos::from_millis(counts.2)),
                1 => StopRule::Messages(counts.2),
                _ => StopRule::Clients(counts.2),
            };
            if let Some(round_trips) = counts.3 {
                spec.clients.lifetime = Lifetime::Replaced { round_trips };
            }
            let encoding = if sizes.0 { Encoding::Text } else { Encoding::Binary };
            let (min, max) = (sizes.1, (sizes.1 + sizes.2).saturating_sub(20));
            spec.clients.exchange.payload = Payload::Generated { encoding, min, max, ascii: false };
            spec.clients.fragment = sizes.3;
            spec.clients.think = think.map(|(least, most)| Think { least, most });
            spec.warmup = WarmUp { least: warmup.0, at_most: warmup.1, found: None };
            (spec.clients.timeout, spec.connect.timeout) = (spans.0, spans.1);
            (spec.clients.keep_alive, spec.interval) = (spans.2, spans.3);
            spec.connect.rate_per_s = rest.0;
            spec.busy_poll = rest.1;
            spec.pace = if rest.2 { Pace::Spin } else { Pace::Auto };
            spec.clients.compression = rest.3.then(Compression::default);
            spec.seed = rest.4;
            spec.clients.exchange.verify =
                [Verify::Full, Verify::Length, Verify::None][verify as usize];
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_checked_is_carried_out(spec in specs()) {
        let Ok(plan) = spec.check() else { return Ok(()) };
        let result = wsbench_simulate::run(&plan, Scenario::default(), Some(AT_MOST));
        prop_assert!(result.messages.is_conserved(), "{:?}", result.messages);
    }
}

/// A test that refuses all that it draws would hold whatever the engine did.
#[test]
fn enough_of_what_is_drawn_is_a_plan() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let drawn = (0..4_000).map(|_| specs().new_tree(&mut runner).unwrap().current());
    let plans: Vec<_> = drawn.filter_map(|spec| spec.check().ok()).collect();
    let open = plans.iter().filter(|plan| plan.clients.is_open_loop());
    let replaced = plans.iter().filter(|plan| plan.replaces_clients());
    let (all, open, replaced) = (plans.len(), open.count(), replaced.count());
    assert!(
        all >= 100 && open >= 10 && replaced >= 10,
        "{all}, {open}, {replaced}"
    );
}
