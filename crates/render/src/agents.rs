//! The machines of a run that a fleet carried out, as text: a line for each.

use wsbench_record::document::{Agent, Document};
use wsbench_record::units::{count, counted, percent, rate, seconds, span};

use crate::foreign::printable;
use crate::page::LabelledText;
use crate::style::Tone;

/// Puts the agents down; nothing of a run that one machine made.
pub(crate) fn put(page: &mut LabelledText, document: &Document) {
    let Some(fleet) = &document.fleet else {
        return;
    };
    page.gap();
    let doubled = match fleet.doubled_parts {
        0 => String::new(),
        many => format!(", {} came twice and counted once", count(many)),
    };
    let start = fleet.start_spread_ns.map_or_else(String::new, |spread| {
        format!(", beginnings {} apart", seconds(spread as f64 / 1e9))
    });
    page.prose(
        "fleet",
        &format!(
            "run {} on {}, clocks known to ±{}{start}; {} parts{doubled}",
            printable(&fleet.run),
            counted(document.agents.len() as u64, "agent"),
            seconds(fleet.clock_bound_ns as f64 / 1e9),
            count(fleet.parts),
        ),
        None,
    );
    for hole in &fleet.missing_parts {
        page.prose("  missing", &printable(hole), Some(Tone::Bad));
    }
    for agent in &document.agents {
        let tone = agent.lost.as_ref().map(|_| Tone::Bad);
        page.prose(&format!("  {}", printable(&agent.name)), &line(agent), tone);
    }
}

/// The words of an agent: its share, what came of it, its clock and its own audit.
fn line(agent: &Agent) -> String {
    let mut parts = vec![format!(
        "{} on {}",
        counted(agent.connections_asked.into(), "connection"),
        counted(agent.threads.into(), "thread")
    )];
    if let Some(per_s) = agent.messages_per_s {
        parts.push(format!("{} msg/s", rate(per_s)));
    }
    if let Some(p50) = agent.times_ns.p50 {
        parts.push(format!("p50 {}", span(p50 as f64)));
    }
    if let Some(p99) = agent.times_ns.p99 {
        parts.push(format!("p99 {}", span(p99 as f64)));
    }
    if let Some(busiest) = agent.busiest_thread {
        parts.push(format!("busiest thread {}", percent(busiest)));
    }
    parts.push(format!(
        "clock ±{}",
        seconds(agent.clock.bound_ns as f64 / 1e9)
    ));
    if let Some(drift) = agent.clock.drift_ppm {
        parts.push(format!("drift {drift:+.1} ppm"));
    }
    match &agent.lost {
        Some(why) => parts.push(format!("lost: {}", printable(why))),
        None => parts.push(agent.audit.verdict.word().to_owned()),
    }
    parts.join(", ")
}
