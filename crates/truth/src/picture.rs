//! `docs/stall.svg`: one stalled server, measured closed loop and open loop, and the truth.
//!
//! Percentiles stand at equal distances for each nine (50, 90, 99, 99.9 %), so that the tail, which
//! is what the two differ in, has room. Colours are readable on light and dark pages.

use std::fmt::Write as _;

use anyhow::Context;
use wsbench_load::histogram::Histogram;
use wsbench_load::series::Series;

use crate::formula;
use crate::kernel::KernelTestbed;

/// Two measurements of the server that stalls for 100 ms each second.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Service times in the closed loop.
    pub closed: Histogram,
    /// Response times in the open loop.
    pub open: Histogram,
}

impl Pair {
    /// Measures the stalling server both ways.
    ///
    /// # Errors
    /// A process does not come up or does not do what it is asked to.
    pub fn measure(machine: &KernelTestbed<'_>) -> anyhow::Result<Self> {
        let server = machine.serve("--stall 100ms/1s")?;
        let seconds = machine.seconds;
        let closed = machine.measure(&server, &format!("-c 10 -d {seconds}s"))?;
        let open = machine.measure(&server, &format!("-c 100 -R 1000 -d {seconds}s"))?;
        let bins = "a document carries its histograms";
        Ok(Self {
            closed: closed.at(Series::Service).histogram().context(bins)?,
            open: open.at(Series::Response).histogram().context(bins)?,
        })
    }

    /// The two side by side, for a page of text.
    #[must_use]
    pub fn side_by_side(&self) -> String {
        let mut text = String::from("           closed loop      open loop      the truth\n");
        for q in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let truth = formula::stall_quantile(q, 100.0, 1_000.0, 0.0);
            let _ = writeln!(
                text,
                "{:<8} {:>11.2} ms {:>11.2} ms {truth:>11.2} ms",
                format!("p{}", (q * 1e5).round() / 1e3),
                ms(&self.closed, q),
                ms(&self.open, q),
            );
        }
        text
    }
}

/// The drawing's size and the plot's edges within it, px.
const SIZE: (f64, f64) = (720.0, 360.0);
const LEFT: f64 = 60.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 300.0;
/// Nines at the right edge (99.9 %), and milliseconds at the top.
const NINES: f64 = 3.0;
const HIGHEST: f64 = 110.0;

const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #57606a; }
.grid { stroke: #8c959f; stroke-opacity: 0.35; }
.line { fill: none; stroke-width: 2.5; }
.closed { stroke: #bf5b04; } .open { stroke: #1f77d0; } .truth { stroke: #8c959f; stroke-dasharray: 5 4; }
text.closed { fill: #bf5b04; stroke: none; } text.open { fill: #1f77d0; stroke: none; }
@media (prefers-color-scheme: dark) {
text { fill: #9da7b3; }
.closed { stroke: #f0883e; } .open { stroke: #58a6ff; }
text.closed { fill: #f0883e; } text.open { fill: #58a6ff; }
}
</style>
";

/// The drawing.
#[must_use]
pub fn svg(pair: &Pair) -> String {
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"Latency by percentile of one stalled server, closed and open loop\">\n{STYLE}"
    );
    push_axes(&mut svg);
    let truth = |q| formula::stall_quantile(q, 100.0, 1_000.0, 0.0);
    push_curve(&mut svg, "truth", truth);
    push_curve(&mut svg, "closed", |q| ms(&pair.closed, q));
    push_curve(&mut svg, "open", |q| ms(&pair.open, q));
    for (class, x, y, words) in [
        ("open", 395.0, 110.0, "open loop, -R 1000"),
        ("closed", 480.0, 285.0, "closed loop, -c 10"),
        ("", 395.0, 130.0, "dashed: the truth"),
    ] {
        let _ = writeln!(
            svg,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{words}</text>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn push_axes(svg: &mut String) {
    for latency in [0.0, 25.0, 50.0, 75.0, 100.0] {
        let y = y(latency);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{latency} ms</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    for (q, label) in [
        (0.0, "0"),
        (0.5, "50"),
        (0.9, "90"),
        (0.95, "95"),
        (0.99, "99"),
        (0.999, "99.9 %"),
    ] {
        let x = x(q);
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            BOTTOM + 20.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">share of messages that were faster \
         (server stands still for 100 ms each second)</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 46.0
    );
}

fn push_curve(svg: &mut String, class: &str, latency: impl Fn(f64) -> f64) {
    let mut points = String::new();
    for step in 0..=300 {
        let nines = NINES * f64::from(step) / 300.0;
        let q = 1.0 - 10_f64.powf(-nines);
        let _ = write!(points, "{:.1},{:.1} ", x(q), y(latency(q).min(HIGHEST)));
    }
    let points = points.trim_end();
    let _ = writeln!(
        svg,
        "<polyline class=\"line {class}\" points=\"{points}\"/>"
    );
}

/// Place of a share of all messages: by its nines.
fn x(q: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * -(1.0 - q).log10() / NINES
}

fn y(latency: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * latency / HIGHEST
}

/// A quantile in milliseconds; zero where there are no samples.
fn ms(spans: &Histogram, q: f64) -> f64 {
    spans.quantile(q).map_or(0.0, |span| span.0 as f64 / 1e6)
}
