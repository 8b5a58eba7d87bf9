//! Slow readers among the receivers of messages to many: V20.
//!
//! Four connections read as fast as they can, and one of five is slow. What they do not tell apart is
//! the server's: it keeps what is unsent, cuts such a reader off, or lets all others wait.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Payload, PlanSpec, Reads, SlowReaders};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_simulate::{ToAll, Unsent};

use super::deliveries::{longest_ms, reach, scenario, to_all, within};
use super::{called, mean_ms, ms, run};
use crate::finding::{Experiment, Finding, Tolerance};
use crate::formula;

/// Bytes of a frame: a header of two, and the message.
const FRAME: u32 = 100;
/// Length of each run, s.
const SECONDS: u64 = 60;
/// Bytes that a slow reader with a rate reads a second.
const READS_PER_S: u32 = 1_000;

pub(super) fn all() -> Vec<Experiment> {
    vec![kept(), cut_off(), held_up()]
}

/// Five connections of which one reads so, messages to all at a rate, a kernel that takes so many
/// bytes unread, and what the server does with the rest.
fn slow(per_s: f64, reads: Reads, receive_room: u32, unsent: Unsent) -> RunResult {
    let plan: PlanSpec = to_all(5, per_s, SECONDS).with(|spec| {
        if let Payload::Generated { min, max, .. } = &mut spec.clients.exchange.payload {
            (*min, *max) = (FRAME - 2, FRAME - 2);
        }
        spec.clients.slow = Some(SlowReaders { share: 0.2, reads });
    });
    let mut scenario = scenario(ToAll::default());
    scenario.network.receive_room = receive_room as usize;
    scenario.server.unsent = unsent;
    run(&plan, scenario)
}

/// A server that keeps what a reader of 1,000 bytes a second does not take.
fn kept() -> Experiment {
    let bytes_per_s = READS_PER_S;
    let reads = Reads::Rate { bytes_per_s };
    let result = slow(100.0, reads, 10_000, Unsent::Kept);
    let messages = f64::from(READS_PER_S) * SECONDS as f64 / f64::from(FRAME);
    Experiment {
        id: "V20",
        title: "one of five reads 1,000 B/s of 10,000; what it does not take is kept for it".into(),
        formula: "it has rT/m messages; the others are as without it",
        findings: vec![
            Finding::new(
                "messages that the slow reader has",
                messages,
                // The first one before the load has begun, the last ones while the run ends.
                Tolerance::By(3.0),
                result.slow.received as f64,
            ),
            cut_offs(&result, 0.0, Tolerance::Exact),
            beside(&result),
            reach(&result, 1.0, Tolerance::Exact),
        ],
    }
}

/// Longest delivery to one of the others, where nothing of the server's is in the way.
fn beside(result: &RunResult) -> Finding {
    let longest = longest_ms(result.at(Series::Delivery));
    within("delivery to the others, longest, ms", 0.0, longest)
}

fn cut_offs(result: &RunResult, expected: f64, tolerance: Tolerance) -> Finding {
    let lost = result.slow.lost as f64;
    Finding::new("times that it was cut off", expected, tolerance, lost)
}

/// A server that resets whoever has more than so much waiting.
fn cut_off() -> Experiment {
    const ROOM: u32 = 10_000;
    const MOST: u32 = 44_000;
    const PER_S: f64 = 100.0;
    let bytes_per_s = READS_PER_S;
    let reads = Reads::Rate { bytes_per_s };
    let result = slow(PER_S, reads, ROOM, Unsent::CutOff(MOST as usize));
    let piles_up = PER_S * f64::from(FRAME) - f64::from(READS_PER_S);
    let after_s = f64::from(ROOM + MOST) / piles_up;
    let spans = result.at(Series::SlowLost);
    let after = |which: &str, measured: Option<Nanos>| {
        let measured = measured.map_or(f64::NAN, |span| span.as_secs_f64());
        // A message, what is read at a time, and the bins of a histogram: 10, 11 and 6 ms.
        let tolerance = Tolerance::By(0.027);
        let name = format!("cut off after, {which}, s");
        Finding::new(name, after_s, tolerance, measured)
    };
    Experiment {
        id: "V20",
        title: "the same, and reset with more than 44,000 B unsent beyond 10,000 B unread".into(),
        formula: "cut off (W + L)/(λm − r) after it connects; the others are as without it",
        findings: vec![
            after("shortest", spans.min()),
            after("p50", spans.quantile(0.5)),
            beside(&result),
            reach(&result, 1.0, Tolerance::Exact),
        ],
    }
}

/// A server that waits for each receiver before it goes on, and one that stands still for 400 ms of
/// each second.
fn held_up() -> Experiment {
    const PER_S: f64 = 1_000.0;
    const STALL_MS: f64 = 400.0;
    const PERIOD_MS: f64 = 1_000.0;
    const TAKEN: u32 = 100;
    let reads = Reads::Stall {
        length: Nanos::from_millis(STALL_MS as u64),
        every: Nanos::from_millis(PERIOD_MS as u64),
    };
    let result = slow(PER_S, reads, TAKEN * FRAME, Unsent::HoldsUp);
    // The message behind those that its kernel takes is the one that does not leave.
    let held_ms = STALL_MS - f64::from(TAKEN + 1) * 1e3 / PER_S;
    let spans = result.at(Series::Delivery);
    let quantile = |q: f64| {
        let expected = formula::stall_quantile(q, held_ms, PERIOD_MS, 0.0);
        let name = format!("delivery to the others {}, ms", called(q));
        Finding::new(name, expected, Tolerance::By(1.5), ms(spans, q))
    };
    let mean = formula::stall_mean(held_ms, PERIOD_MS, 0.0);
    Experiment {
        id: "V20",
        title: "one of five stands still 400 ms of each second, and the server waits for it; its kernel \
                takes 100 messages of 1,000/s"
            .into(),
        formula: "B = S − (k + 1)/λ of each period P: max(0, B − (1 − q)P); mean B²/2P",
        findings: vec![
            quantile(0.5),
            quantile(0.75),
            quantile(0.9),
            quantile(0.99),
            Finding::new(
                "delivery to the others, mean, ms",
                mean,
                Tolerance::Share(0.02),
                mean_ms(spans),
            ),
            cut_offs(&result, 0.0, Tolerance::Exact),
            reach(&result, 1.0, Tolerance::Exact),
        ],
    }
}
