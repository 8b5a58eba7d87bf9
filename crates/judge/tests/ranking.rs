//! Rankings of servers whose truth is known: told apart when they differ, tied when they do not,
//! and no row lost that has nothing to show.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod rankings;
mod runs;
mod searches;

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::{rank, run_record, search_record};
use wsbench_load::series::Series;
use wsbench_record::provenance::Provenance;
use wsbench_record::ranking::{self, Cores, Ranking, Weight, WorkloadKind};
use wsbench_record::search::{Ending, Search, TrialVerdict};

use rankings::{
    NOISE, Noise, closed, few_samples, held_up, late_sends, tradeoff, two_workloads,
    without_figures, workload,
};

/// Rank intervals of the first league, by server.
fn ranks(ranking: &Ranking) -> Vec<(&str, u32, u32)> {
    let places = ranking.leagues[0].places.iter();
    places
        .map(|place| {
            let low = place.rank_low.expect("the league is ranked");
            let high = place.rank_high.expect("the league is ranked");
            (place.server.as_str(), low, high)
        })
        .collect()
}

#[test]
fn servers_alike_are_told_apart_one_time_in_twenty_at_most() {
    let alike = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| (name, 100_000.0));
    let told_apart = (0..200)
        .filter(|seed| {
            let ranking = rank(closed(&alike, 10, &NOISE, *seed));
            ranks(&ranking)
                .iter()
                .any(|(_, low, high)| (*low, *high) != (1, 8))
        })
        .count();
    // 10 are expected at most; 19 is three standard deviations above.
    assert!(told_apart <= 19, "{told_apart} of 200 rankings");
}

#[test]
fn a_tenth_is_found_and_never_the_wrong_way_round() {
    let truths = [("fast", 110_000.0), ("also", 109_500.0), ("slow", 99_000.0)];
    let mut found = 0;
    for seed in 0..100 {
        let ranking = rank(closed(&truths, 10, &NOISE, seed));
        let of = |name: &str| {
            let ranks = ranks(&ranking);
            *ranks.iter().find(|(server, ..)| *server == name).unwrap()
        };
        let (slow, fast) = (of("slow"), of("fast"));
        assert_eq!(
            slow.2, 3,
            "seed {seed}: the slow one may always be the last"
        );
        // Between the two that are half a percent apart chance may decide one time in twenty.
        assert!(
            fast.1 <= 2,
            "seed {seed}: only the other fast one may be ahead"
        );
        found += u32::from(slow.1 == 3);
    }
    assert!(found >= 90, "found {found} times of 100");
}

#[test]
fn what_the_rounds_share_does_not_hide_a_difference() {
    // A machine that is half as fast in some rounds: nothing is left of it in the pairs.
    let noise = Noise {
        run: 0.005,
        round: 0.4,
    };
    let ranking = rank(closed(&[("slow", 95.0), ("fast", 100.0)], 10, &noise, 3));
    assert_eq!(ranks(&ranking), [("fast", 1, 1), ("slow", 2, 2)]);
    let tiers: Vec<_> = ranking.leagues[0]
        .places
        .iter()
        .map(|one| one.tier)
        .collect();
    assert_eq!(tiers, [Some(1), Some(2)]);
    assert!(ranking.headlines[0].contains("leads; 2 tiers among 2 servers"));
}

#[test]
fn few_rounds_are_sorted_and_not_ranked() {
    let ranking = rank(closed(&[("slow", 50.0), ("fast", 100.0)], 9, &NOISE, 1));
    let league = &ranking.leagues[0];
    assert!(!league.is_ranked);
    assert!(
        league
            .places
            .iter()
            .all(|place| place.rank_low.is_none() && place.tier.is_none())
    );
    assert_eq!(league.places[0].server, "fast");
    assert!(ranking.headlines.is_empty());
}

#[test]
fn who_was_held_up_by_the_generator_is_never_surely_worse() {
    let ranking = rank(held_up());
    assert_eq!(
        ranks(&ranking),
        [("free", 1, 2), ("bound", 1, 2), ("slow", 3, 3)]
    );
    assert!(ranking.leagues[0].places[1].generator_limited);
}

#[test]
fn a_tail_in_which_the_generator_was_late_tells_nobody_apart() {
    let ranking = rank(late_sends());
    let tiers = |metric: &str| {
        let league = ranking
            .leagues
            .iter()
            .find(|league| league.metric == metric);
        let places = league.unwrap().places.iter();
        places.map(|place| place.tier.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        tiers("response.p50"),
        [1, 2],
        "the median knows nothing of late sends"
    );
    assert_eq!(
        tiers("response.p99"),
        [1, 1],
        "the tail is the generator's own"
    );
}

#[test]
fn a_percentile_that_no_round_knows_is_that_of_all_rounds() {
    let truths = [("a", 100.0), ("b", 102.0), ("slow", 150.0)];
    let p99 = |ranking: &Ranking| {
        let mut leagues = ranking.leagues.iter();
        leagues
            .find(|it| it.metric == "response.p99")
            .unwrap()
            .clone()
    };
    let league = p99(&rank(few_samples(&truths, 10, 1)));
    assert!(league.is_ranked && league.places.iter().all(|it| it.is_pooled));
    let places = league.places.iter().map(|it| {
        let ranks = it.rank_low.unwrap()..=it.rank_high.unwrap();
        (it.server.as_str(), ranks, it.tier.unwrap())
    });
    let places: Vec<_> = places.collect();
    assert_eq!(places[2], ("slow", 3..=3, 2));
    assert!(places[..2].iter().all(|it| it.1 == (1..=2) && it.2 == 1));
    for (name, mean_us) in truths {
        let place = league.places.iter().find(|it| it.server == name).unwrap();
        let truth = -(0.01_f64.ln()) * mean_us * 1e3;
        let (low, high) = (place.low.unwrap(), place.high.unwrap());
        assert!(low < truth && truth < high, "{name}: {low}–{high}");
    }

    // Too few rounds to tell how far they differ.
    let league = p99(&rank(few_samples(&truths, 4, 1)));
    assert!(league.places.is_empty());
    assert!(
        league
            .unranked
            .iter()
            .all(|it| it.reason == "too few samples")
    );
}

#[test]
fn of_servers_alike_percentiles_of_all_rounds_tell_none_apart() {
    let alike = [("a", 100.0), ("b", 100.0), ("c", 100.0), ("d", 100.0)];
    let told_apart = (0..60).filter(|seed| {
        let ranking = rank(few_samples(&alike, 10, *seed));
        let mut leagues = ranking.leagues.iter();
        let league = leagues.find(|it| it.metric == "response.p99").unwrap();
        league.places.iter().any(|it| it.tier != Some(1))
    });
    // Three are expected at most; 8 is three standard deviations above.
    assert!(told_apart.count() <= 8);
}

#[test]
fn a_row_without_figures_says_why() {
    let ranking = rank(without_figures());
    let league = &ranking.leagues[0];
    assert_eq!(league.places.len(), 1);
    let reasons: Vec<_> = league
        .unranked
        .iter()
        .map(|one| (one.server.as_str(), one.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            ("dies", "the server died"),
            ("never", "install: no such package: libnever-dev")
        ]
    );
}

#[test]
fn classes_are_kept_apart_unless_all_have_one_core() {
    let mut measured = closed(&[("one", 100.0), ("all", 400.0)], 10, &NOISE, 2);
    measured.servers[1].cores = Cores::All;
    let on_one = rank(measured.clone());
    assert_eq!(on_one.leagues.len(), 1);
    measured.suite.server_core_count = Some(4);
    let on_many = rank(measured);
    let classes: Vec<_> = on_many
        .leagues
        .iter()
        .map(|one| (one.class, one.places.len()))
        .collect();
    assert_eq!(classes, [(Cores::One, 1), (Cores::All, 1)]);
}

#[test]
fn the_front_has_whom_nobody_beats_in_both() {
    let mut measured = two_workloads();
    let (x, y) = ("closed/messages_per_s", "idle/server.bytes_per_connection");
    measured.suite.tradeoffs = vec![tradeoff(x, y), tradeoff(x, "idle/no.such")];
    let ranking = rank(measured);
    assert_eq!(ranking.tradeoffs.len(), 1);
    let front: Vec<_> = ranking.tradeoffs[0]
        .points
        .iter()
        .map(|point| (point.server.as_str(), point.on_front))
        .collect();
    assert_eq!(
        front,
        [("quick", true), ("small", true), ("neither", false)]
    );
}

#[test]
fn an_overall_score_is_the_weighted_geometric_mean_over_the_best() {
    let mut measured = two_workloads();
    measured
        .runs
        .retain(|run| run.server != "neither" || run.workload == "closed");
    let weight = |key: &str, weight| Weight {
        key: key.to_owned(),
        weight,
    };
    measured.suite.weights = vec![
        weight("closed/messages_per_s", 2.0),
        weight("idle/server.bytes_per_connection", 1.0),
    ];
    let overall = rank(measured).overall.unwrap();
    let scores: Vec<_> = overall
        .scores
        .iter()
        .map(|one| (one.server.as_str(), one.score))
        .collect();
    let (small, quick) = (0.6_f64.powf(2.0 / 3.0), (1.0_f64 / 9.0).powf(1.0 / 3.0));
    assert_eq!(scores.len(), 2);
    assert_eq!((scores[0].0, scores[1].0), ("small", "quick"));
    assert!(
        (scores[0].1 - small).abs() < 1e-9 && (scores[1].1 - quick).abs() < 1e-9,
        "{scores:?}"
    );
    assert_eq!(overall.unranked[0].server, "neither");
}

#[test]
fn a_control_that_drifts_puts_the_ranking_in_doubt() {
    let noise = Noise {
        run: 0.002,
        round: 0.0,
    };
    let mut measured = closed(&[("a", 100.0), ("control", 100.0)], 10, &noise, 8);
    measured.servers[1].is_control = true;
    let steady = rank(measured.clone());
    assert!(steady.doubts.is_empty(), "{:?}", steady.doubts);
    assert_eq!(
        steady.leagues[0].places.len(),
        1,
        "the control is no contender"
    );
    let key = Figure::MESSAGES_PER_S.key();
    for run in measured
        .runs
        .iter_mut()
        .filter(|run| run.server == "control" && run.round > 5)
    {
        *run.figures.get_mut(&key).unwrap() *= 0.9;
    }
    let drifted = rank(measured);
    assert!(drifted.doubts[0].contains("90"), "{:?}", drifted.doubts);
}

#[test]
fn a_run_is_kept_with_accounts_that_add_up() {
    let document = runs::document(&runs::healthy());
    let closed = workload("closed", WorkloadKind::Closed, 10);
    let record = run_record(&document, "some", &closed, 3, 17);
    assert_eq!(record.failed, None);
    assert_eq!(
        record.figure(&Figure::MESSAGES_PER_S.key()),
        document.messages_per_s
    );
    let p99 = document.at(Series::Service).p99.map(|ns| ns as f64);
    assert_eq!(record.figure(&Figure::SERVICE_P99.key()), p99);
    assert!(record.missing.contains_key(&Figure::SERVER_US.key()));
    let accounts = record.accounts.unwrap();
    assert!(accounts.are_conserved());
    let ratio = accounts.littles_ratio().unwrap();
    assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    let shares: Vec<f64> = record.latency.iter().map(|rung| rung.share).collect();
    assert_eq!(shares.last(), Some(&0.999_9), "640,000 samples support it");
    assert!(record.latency.is_sorted_by(|a, b| a.ns <= b.ns));
    // An account that does not add up is seen.
    let mut broken = accounts;
    broken.messages.answered -= 1;
    assert!(!broken.are_conserved());
}

#[test]
fn a_search_that_is_not_certain_tells_its_estimate() {
    let limit = workload("limit", WorkloadKind::Limit, 1);
    let told = |search: &Search| {
        let record = search_record(search, ("some", &limit), (1, 1), 7, "now");
        record.figure(&Figure::GREATEST_RATE_PER_S.key())
    };
    let provenance = Provenance::of(&runs::record(&runs::healthy()), 42);
    let certain = searches::certain(provenance, Ending::Found);
    assert_eq!(told(&certain), Some(45_000.0));
    let mut estimated = certain;
    estimated.holds = None;
    estimated.fails = None;
    assert_eq!(
        told(&estimated),
        Some(45_000.0),
        "the greatest below 54,000, which failed"
    );
    estimated.trials[1].verdict = TrialVerdict::Fails;
    assert_eq!(
        told(&estimated),
        None,
        "16,000 failed, whatever held above, and 8,000 is far below"
    );
    estimated.trials[0].verdict = TrialVerdict::Fails;
    assert_eq!(told(&estimated), None);
}

#[test]
fn a_run_of_wrong_answers_has_no_figures() {
    let document = runs::document(&runs::corrupted());
    let closed = workload("closed", WorkloadKind::Closed, 10);
    let record = run_record(&document, "some", &closed, 1, 1);
    assert!(record.figures.is_empty() && record.latency.is_empty());
    assert!(record.failed.unwrap().contains("invalid"));
}

#[test]
fn a_stored_ranking_comes_back_and_follows_its_schema() {
    let mut measured = two_workloads();
    measured.suite.tradeoffs = vec![tradeoff(
        "closed/messages_per_s",
        "idle/server.bytes_per_connection",
    )];
    let ranking = rank(measured);
    let text = ranking::write(&ranking);
    assert_eq!(ranking::read(&text).unwrap(), ranking);
    let validator = jsonschema::validator_for(&ranking::schema()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}
