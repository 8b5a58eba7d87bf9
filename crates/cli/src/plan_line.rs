//! The plan in one line, said before the run, so that an ambiguity is seen before it is measured.

use std::fmt::Write;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Encoding, Payload, Plan, StopRule, Verify};

/// One line without a line end, such as `plan: 64 connections × 1 in flight, closed loop, …`.
pub(crate) fn plan_line(plan: &Plan) -> String {
    let mut line = format!(
        "plan: {}, closed loop, {}, {}, {}, {}",
        concurrency(plan),
        extent(plan),
        payload(&plan.payload),
        verification(plan.verify),
        plural(u64::from(plan.threads), "thread"),
    );
    if !plan.cpus.is_empty() {
        let cpus: Vec<String> = plan.cpus.iter().map(usize::to_string).collect();
        let noun = if cpus.len() == 1 { "core" } else { "cores" };
        write!(line, " on {noun} {}", cpus.join(",")).expect("a String takes any text");
    }
    if let Some(rate) = plan.connect.rate_per_s {
        write!(line, ", opening {rate} connections/s").expect("a String takes any text");
    }
    write!(line, "; seed {}; {}", plan.seed, plan.target.url()).expect("a String takes any text");
    line
}

fn concurrency(plan: &Plan) -> String {
    let connections = u64::from(plan.connections);
    let noun = match plan.stop {
        StopRule::Clients { .. } => "client",
        StopRule::Messages(_) | StopRule::Duration(_) => "connection",
    };
    let at_a_time = if plan.replaces_clients() {
        " at a time"
    } else {
        ""
    };
    format!(
        "{}{at_a_time} × {} in flight",
        plural(connections, noun),
        plan.depth()
    )
}

fn extent(plan: &Plan) -> String {
    let extent = match plan.stop {
        StopRule::Messages(messages) => plural(messages, "message"),
        StopRule::Duration(duration) => span(duration),
        StopRule::Clients {
            clients,
            roundtrips,
        } => format!(
            "{} in all × {}",
            plural(clients, "client"),
            plural(u64::from(roundtrips), "round trip")
        ),
    };
    if plan.warmup == Nanos::ZERO {
        return extent;
    }
    format!("{extent} after {} warm-up", span(plan.warmup))
}

fn payload(payload: &Payload) -> String {
    let encoding = match payload.encoding() {
        Encoding::Text => "text",
        Encoding::Binary => "binary",
    };
    match payload {
        Payload::Fixed { bytes, .. } => format!("{} B fixed {encoding}", bytes.len()),
        Payload::Generated {
            min, max, ascii, ..
        } => {
            let size = if min == max {
                format!("{min} B")
            } else {
                format!("{min} to {max} B")
            };
            let unique = if payload.is_tagged() {
                "unique"
            } else {
                "untagged"
            };
            let ascii = if *ascii { " (ASCII)" } else { "" };
            format!("{size} {unique} {encoding}{ascii}")
        }
    }
}

fn verification(verify: Verify) -> &'static str {
    match verify {
        Verify::Full => "every byte verified",
        Verify::Length => "lengths verified",
        Verify::None => "nothing verified",
    }
}

/// A number and its noun: `1 thread`, `2 threads`.
fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// A span with a blank before its unit: `10 s`, `1.5 s`, `500 ms`.
fn span(span: Nanos) -> String {
    let text = span.to_string();
    let unit = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;
    use crate::plan::{Surroundings, order};
    use crate::target::target;

    fn line_of(words: &[&str]) -> String {
        let words = std::iter::once("wsbench").chain(words.iter().copied());
        let surroundings = Surroundings {
            cpus: vec![0, 1],
            random_seed: 42,
        };
        let order = order(&Cli::try_parse_from(words).unwrap().measure, &surroundings).unwrap();
        plan_line(&order.plan_against(target("localhost:3000").unwrap()))
    }

    #[test]
    fn a_timed_run() {
        assert_eq!(
            line_of(&["localhost:3000"]),
            "plan: 64 connections × 1 in flight, closed loop, 10 s after 1 s warm-up, \
             30 B unique text, every byte verified, 1 thread; seed 42; ws://localhost:3000/"
        );
    }

    #[test]
    fn a_counted_run_with_odds_and_ends() {
        assert_eq!(
            line_of(&[
                "-n",
                "1",
                "-c",
                "1",
                "-p",
                "2",
                "-s",
                "0..4k",
                "--binary",
                "--verify",
                "none",
                "--connect-rate",
                "10/s",
                "--pin",
                "0,1",
                "-t",
                "1"
            ]),
            "plan: 1 connection × 2 in flight, closed loop, 1 message, 0 to 4096 B untagged binary, \
             nothing verified, 1 thread on cores 0,1, opening 10 connections/s; seed 42; \
             ws://localhost:3000/"
        );
    }

    #[test]
    fn a_run_of_clients() {
        assert_eq!(
            line_of(&[
                "--clients",
                "1000",
                "-r",
                "1",
                "-m",
                "hi",
                "--verify",
                "len",
                "x:1"
            ]),
            "plan: 64 clients at a time × 1 in flight, closed loop, \
             1000 clients in all × 1 round trip, 2 B fixed text, lengths verified, 2 threads; \
             seed 42; ws://localhost:3000/"
        );
    }
}
