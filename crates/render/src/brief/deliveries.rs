//! A message for many in two lines: what became of its deliveries, and when the last of them came.

use wsbench_load::plan::Verify;
use wsbench_load::series::Series;
use wsbench_load::tally::DeliveryCounts;
use wsbench_record::document::{Document, Percentile};
use wsbench_record::units::{count, counted, percent, seconds};

use crate::mark;
use crate::style::Tone;

use super::sheet::{Piece, Sheet};
use super::some;

/// `200 messages sent`, `all 200,000 deliveries made`, `every byte verified`.
pub(super) fn fates(document: &Document, counts: &DeliveryCounts) -> Vec<String> {
    let messages = &document.messages;
    let mut fates = vec![format!("{} sent", counted(messages.sent, "message"))];
    fates.push(if counts.received == counts.expected {
        format!("all {} deliveries made", count(counts.expected))
    } else {
        let reach = counts
            .reach()
            .map_or_else(String::new, |reach| format!(" ({})", percent(reach)));
        format!(
            "{} of {} deliveries made{reach}",
            count(counts.received),
            count(counts.expected)
        )
    });
    let wrong = some(&[
        (messages.unsent, "messages never sent"),
        (counts.missing, "missing"),
        (counts.in_flight_at_end, "in flight at the end"),
        (counts.duplicated, "duplicated"),
        (counts.reordered, "reordered"),
        (counts.out_of_room, "out of room"),
        (counts.corrupted, "corrupted"),
        (counts.unasked, "unasked"),
        (counts.uncertain, "uncertain"),
    ]);
    if wrong.is_empty() {
        let exchange = &document.plan.clients.exchange;
        let verified = match exchange.verify {
            _ if exchange.numbered.is_some() => "each by its number",
            Verify::Full | Verify::Contains => "every byte verified",
            Verify::Length => "lengths verified",
            Verify::None => "known by tag",
        };
        fates.push(verified.to_owned());
    }
    fates.extend(wrong);
    fates
}

/// The acknowledgements to senders, where there are any beside the deliveries.
pub(super) fn acks(sheet: &mut Sheet, document: &Document) {
    let Some(counts) = &document.acks else {
        return;
    };
    let spans = document.at(Series::Ack);
    let mut pieces = vec![
        Piece::new(mark::percentile(spans, Percentile::P50)).named("acks p50"),
        Piece::new(mark::percentile(spans, Percentile::P99)).named("p99"),
        Piece::new(mark::longest(spans)).named("max"),
    ];
    let (received, awaited) = (count(counts.received), count(counts.awaited));
    let mut fates = vec![match counts.received == counts.awaited {
        true => format!("all {awaited} came"),
        false => format!("{received} of {awaited} came"),
    }];
    fates.extend(some(&[
        (counts.missing, "missing"),
        (counts.in_flight_at_end, "out at the end"),
        (counts.unasked, "again or too late"),
    ]));
    pieces.extend(Piece::listed(&fates));
    sheet.put(2, &pieces);
}

/// When messages came from one agent to another, as far as their clocks know.
pub(super) fn between(sheet: &mut Sheet, document: &Document) {
    let fleet = document.fleet.as_ref();
    let Some(between) = fleet.and_then(|fleet| fleet.between.as_ref()) else {
        return;
    };
    let counts = document.deliveries.unwrap_or_default();
    let bound = seconds(between.bound_ns as f64 / 1e9);
    let key = Series::DeliveryBetween.info().key;
    let mut words = vec![format!(
        "{} between agents",
        counted(counts.between_agents, "delivery")
    )];
    let mut pieces = Vec::new();
    if between.withheld.iter().any(|it| it.series == key) {
        words.push(format!("times not told: clocks are known to ±{bound} only"));
    } else {
        let spans = document.at(Series::DeliveryBetween);
        for percentile in [Percentile::P50, Percentile::P99] {
            let name = format!("between agents {}", percentile.label());
            pieces.push(Piece::new(mark::percentile(spans, percentile)).named(&name));
        }
        words.push(format!("each ±{bound}"));
    }
    words.extend(some(&[(
        counts.from_the_future,
        "before they were due, by these clocks",
    )]));
    pieces.extend(Piece::listed(&words));
    sheet.put(2, &pieces);
}

/// When a message had reached the last of its receivers, and the first, and how far apart.
pub(super) fn whole(sheet: &mut Sheet, document: &Document) {
    let at = |series, percentile| mark::percentile(document.at(series), percentile);
    let last = Series::DeliveryLast;
    let mut pieces = vec![
        Piece::new(at(last, Percentile::P50)).named("last receiver p50"),
        Piece::new(at(last, Percentile::P99)).named("p99"),
        Piece::new(mark::longest(document.at(last))).named("max"),
    ];
    let others = [
        (Series::DeliveryFirst, "first p50"),
        (Series::Skew, "skew p50"),
    ];
    for (series, name) in others {
        pieces.push(
            Piece::new(at(series, Percentile::P50))
                .named(name)
                .toned(Tone::Quiet),
        );
    }
    sheet.put(2, &pieces);
}
