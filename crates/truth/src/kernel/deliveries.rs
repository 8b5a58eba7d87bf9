//! Messages to many over the kernel: V17; messages of the server's own: V18; connections that come at
//! once or by a schedule: V19; slow readers: V20; and requests with several answers: V22.
//!
//! The formulas are those of `simulated::deliveries` and `simulated::slow`. Tolerances of times have in
//! them what a machine that does other things meanwhile is late by in the middle of its deliveries, a
//! millisecond or less; so it is the middle that is asked for, and not the longest.

use anyhow::Context;
use wsbench_load::series::Series;
use wsbench_record::document::{Distribution, Document};

use super::{KernelTestbed, ms};
use crate::finding::{Experiment, Finding, Tolerance};

/// Lateness of a machine in the middle of its deliveries, ms.
const LATE_MS: f64 = 1.0;

/// A time that a machine which does other things may be late by.
fn near(name: impl Into<String>, expected: f64, measured: f64) -> Finding {
    Finding::new(name, expected, Tolerance::By(LATE_MS), measured)
}

/// V17: one receiver after the other.
///
/// # Errors
/// As [`super::all`] has them.
pub fn serial(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--broadcast --each 1ms")?;
    // Evenly, so that no message waits for the copies of the one before: by chance a third would.
    let load = "--mode broadcast -c 20 -R 20 --arrival constant";
    let run = machine.timed(&server, load)?;
    let middle = |series| ms(run.at(series), 0.5);
    Ok(Experiment {
        id: "V17",
        title: format!("serve {}; {load}", server.said),
        formula: "first 0, last and skew (N − 1)e, mean (N − 1)e/2",
        findings: vec![
            near("first receiver p50, ms", 0.0, middle(Series::DeliveryFirst)),
            near("last receiver p50, ms", 19.0, middle(Series::DeliveryLast)),
            near("skew p50, ms", 19.0, middle(Series::Skew)),
            near("delivery mean, ms", 9.5, mean_ms(run.at(Series::Delivery))),
            reach(&run, 1.0, Tolerance::Exact)?,
        ],
    })
}

/// V17: a delay of its own for each receiver.
///
/// # Errors
/// As [`super::all`] has them.
pub fn delayed(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--broadcast --delays 0,5ms,10ms,15ms")?;
    let load = "--mode broadcast -c 4 -R 50";
    let run = machine.timed(&server, load)?;
    // The middle of each quarter: at its edges chance decides which delay is met.
    let quarters = [(0.125, 0.0), (0.375, 5.0), (0.625, 10.0), (0.875, 15.0)];
    let mut findings: Vec<Finding> = quarters
        .iter()
        .map(|(q, expected)| {
            let name = format!("delivery p{}, ms", 100.0 * q);
            near(name, *expected, ms(run.at(Series::Delivery), *q))
        })
        .collect();
    let skew = ms(run.at(Series::Skew), 0.5);
    findings.push(near("skew p50, ms".to_owned(), 15.0, skew));
    findings.push(reach(&run, 1.0, Tolerance::Exact)?);
    Ok(Experiment {
        id: "V17",
        title: format!("serve {}; {load}", server.said),
        formula: "a quarter of the deliveries at each delay; skew the longest",
        findings,
    })
}

/// V17: deliveries that are lost by chance.
///
/// # Errors
/// As [`super::all`] has them.
pub fn lossy(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const RECEIVERS: u32 = 50;
    const LOSS: f64 = 0.01;
    let server = machine.serve("--broadcast --loss 1%")?;
    let load = "--mode broadcast -c 50 -R 100 --timeout 2s --expect at-most-once";
    let run = machine.timed(&server, load)?;
    let counts = run.deliveries.context("the run has deliveries")?;
    let sent = run.messages.sent as f64;
    let complete = (1.0 - LOSS).powi(RECEIVERS as i32);
    let deviation = |p: f64, n: f64| 3.0 * (p * (1.0 - p) / n).sqrt();
    let fates = counts.received + counts.missing + counts.in_flight_at_end;
    Ok(Experiment {
        id: "V17",
        title: format!("serve {}; {load}", server.said),
        formula: "reach 1 − p; complete (1 − p)^N of the messages; within three deviations",
        findings: vec![
            reach(
                &run,
                1.0 - LOSS,
                Tolerance::By(deviation(LOSS, sent * f64::from(RECEIVERS))),
            )?,
            Finding::new(
                "messages that reached all, share",
                complete,
                Tolerance::By(deviation(complete, sent)),
                run.messages.answered as f64 / sent,
            ),
            Finding::new(
                "deliveries without a fate",
                0.0,
                Tolerance::Exact,
                counts.expected as f64 - fates as f64,
            ),
        ],
    })
}

/// V18: messages of the server's own, to one connection after the other.
///
/// # Errors
/// As [`super::all`] has them.
pub fn pushed(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--push 50/s --each 1ms")?;
    let load = "--mode push -c 10 --stamp json:/T:us --sequence json:/u";
    let run = machine.timed(&server, load)?;
    let counts = run.pushes.context("the run has pushes")?;
    let age = run.at(Series::PushAge);
    Ok(Experiment {
        id: "V18",
        title: format!("serve {}; {load}", server.said),
        formula: "age (k − 1)e, mean (N − 1)e/2; gap 1/λ",
        findings: vec![
            near("age mean, ms", 4.5, mean_ms(age)),
            near("age p95, ms", 9.0, ms(age, 0.95)),
            near("gap p50, ms", 20.0, ms(run.at(Series::PushGap), 0.5)),
            Finding::new(
                "missing, duplicated or reordered",
                0.0,
                Tolerance::Exact,
                (counts.missing + counts.duplicated + counts.reordered) as f64,
            ),
        ],
    })
}

/// V19: all at once, to a server that accepts one each 10 ms.
///
/// # Errors
/// As [`super::all`] has them.
pub fn storm(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const CONNECTIONS: u32 = 200;
    let server = machine.serve("--accept-delay 10ms")?;
    let load = format!("--mode storm -c {CONNECTIONS} -d 4s");
    let run = machine.measure(&server, &load)?;
    let spans = run.at(Series::Storm);
    let by = |q: f64| {
        let expected = q * f64::from(CONNECTIONS) * 10.0;
        let name = format!("{} % open after, ms", 100.0 * q);
        Finding::new(name, expected, Tolerance::Share(0.05), ms(spans, q))
    };
    let opened = run.sessions.map_or(0, |counts| counts.opened);
    let all = f64::from(CONNECTIONS);
    Ok(Experiment {
        id: "V19",
        title: format!("serve {}; {load}", server.said),
        formula: "the k-th is open after k·a",
        findings: vec![
            Finding::new("opened", all, Tolerance::Exact, opened as f64),
            by(0.5),
            by(0.99),
            by(1.0),
        ],
    })
}

/// V19: twice as many sessions as the server accepts.
///
/// # Errors
/// As [`super::all`] has them.
pub fn arrivals(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--accept-delay 100ms")?;
    let load = "--mode idle --arrive 20/s --arrival constant --live 60s --connect-timeout 60s \
                -d 10s --warmup 0";
    let run = machine.measure(&server, load)?;
    let counts = run.sessions.context("the run has sessions")?;
    Ok(Experiment {
        id: "V19",
        title: format!("serve {}; {load}", server.said),
        formula: "λT come whatever is granted; rT are open; the last of them T(λ − r)/λ after it was due",
        findings: vec![
            Finding::new("sessions due", 200.0, Tolerance::By(1.0), counts.due as f64),
            Finding::new("opened", 100.0, Tolerance::By(2.0), counts.opened as f64),
            Finding::new(
                "longest from due to open, ms",
                5_000.0,
                Tolerance::Share(0.05),
                ms(run.at(Series::OpeningService), 1.0),
            ),
        ],
    })
}

/// V20: one of ten reads slowly, and the server keeps what it does not take; beside the same load
/// without it.
///
/// # Errors
/// As [`super::all`] has them.
pub fn slow_reader(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const READS_PER_S: f64 = 10_000.0;
    const FRAME: f64 = 1_004.0;
    let server = machine.serve("--broadcast")?;
    let load = "--mode broadcast -c 10 -R 100 -s 1000 --warmup 0";
    let slow = format!("{load} --mix slow=1,rate=10k");
    let (alone, beside) = (
        machine.timed(&server, load)?,
        machine.timed(&server, &slow)?,
    );
    let middle = |run: &Document| ms(run.at(Series::Delivery), 0.5);
    let counts = beside.slow.context("the run has a slow reader")?;
    let messages = READS_PER_S * f64::from(machine.seconds) / FRAME;
    Ok(Experiment {
        id: "V20",
        title: format!("serve {}; {slow}; against the same without", server.said),
        formula: "it has rT/m messages; the others are as without it",
        findings: vec![
            Finding::new(
                "messages that the slow reader has",
                messages,
                Tolerance::Share(0.1),
                counts.received as f64,
            ),
            Finding::new(
                "times that it was cut off",
                0.0,
                Tolerance::Exact,
                counts.lost as f64,
            ),
            Finding::new(
                "delivery to the others p50, ms",
                middle(&alone),
                Tolerance::By(LATE_MS),
                middle(&beside),
            ),
            reach(&beside, 1.0, Tolerance::Exact)?,
        ],
    })
}

/// V20: a server that resets whoever has too much waiting. What the kernels of both ends hold is not
/// known, and is the same for two limits: so what is known is how much later the greater one is
/// reached.
///
/// # Errors
/// As [`super::all`] has them.
pub fn cut_off(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    const MIB: f64 = 1_048_576.0;
    const PER_S: f64 = 200.0;
    const FRAME: f64 = 16_004.0;
    const READS_PER_S: f64 = 1_000.0;
    let load = "--mode broadcast -c 10 -R 200 --arrival constant -s 16000 --warmup 0 -d 10s \
                --mix slow=1,rate=1k";
    let run = |most: u32| -> anyhow::Result<Document> {
        let server = machine.serve(&format!("--broadcast --most-unsent {most}m"))?;
        machine.measure(&server, load)
    };
    let (early, late) = (run(2)?, run(10)?);
    let shortest_s = |run: &Document| {
        let spans = run.at(Series::SlowLost).histogram();
        let shortest = spans.as_ref().and_then(|spans| spans.min());
        shortest.map_or(f64::NAN, |span| span.as_secs_f64())
    };
    let expected = 8.0 * MIB / (PER_S * FRAME - READS_PER_S);
    let lost = |run: &Document| run.slow.map_or(0, |counts| counts.lost) as f64;
    Ok(Experiment {
        id: "V20",
        title: format!("serve --broadcast --most-unsent 2m and 10m; {load}"),
        formula: "the one (L₂ − L₁)/(λm − r) later than the other; the others are as without it",
        findings: vec![
            Finding::new(
                "cut off later by, s",
                expected,
                Tolerance::Share(0.1),
                shortest_s(&late) - shortest_s(&early),
            ),
            Finding::new(
                "times that it was cut off, of 10m",
                1.0,
                Tolerance::AtLeast,
                lost(&late),
            ),
            reach(&early, 1.0, Tolerance::Exact)?,
            reach(&late, 1.0, Tolerance::Exact)?,
        ],
    })
}

fn reach(run: &Document, expected: f64, tolerance: Tolerance) -> anyhow::Result<Finding> {
    let counts = run.deliveries.context("the run has deliveries")?;
    let measured = counts.reach().unwrap_or(f64::NAN);
    Ok(Finding::new("reach", expected, tolerance, measured))
}

/// The mean in milliseconds; not a number where there is none.
fn mean_ms(spans: &Distribution) -> f64 {
    let all = spans.histogram();
    let mean = all.as_ref().and_then(|all| all.mean_ns());
    mean.map_or(f64::NAN, |mean| mean / 1e6)
}

/// V22: several answers to each request.
///
/// # Errors
/// As [`super::all`] has them.
pub fn streams(machine: &KernelTestbed<'_>) -> anyhow::Result<Experiment> {
    let server = machine.serve("--items 8,each=3ms")?;
    let load = "--mode request --template {\"id\":{id}} --end json:/end=true -c 10 -R 50";
    let run = machine.timed(&server, load)?;
    let counts = run.items.context("the run has items")?;
    let middle = |series| ms(run.at(series), 0.5);
    // Of each stream the first item and the gaps behind it add up to the last one.
    let last = mean_ms(run.at(Series::ItemFirstService)) + 7.0 * mean_ms(run.at(Series::ItemGap));
    Ok(Experiment {
        id: "V22",
        title: format!("serve {}; {load}", server.said),
        formula: "first 0, gap e, last (n − 1)e, end ne",
        findings: vec![
            near("first item p50, ms", 0.0, middle(Series::ItemFirstService)),
            near("gap p50, ms", 3.0, middle(Series::ItemGap)),
            near("last item mean, ms", 21.0, last),
            near("end p50, ms", 24.0, middle(Series::Service)),
            Finding::new(
                "items received",
                8.0 * run.messages.answered as f64,
                Tolerance::Exact,
                counts.received as f64,
            ),
        ],
    })
}
