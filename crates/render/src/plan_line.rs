//! The plan in one line: echoed before a run, so that a misunderstood flag is seen, and at the head
//! of every report.

use std::fmt::Write as _;

use wsbench_record::document::{
    Arrival, Encoding, Matching, Order, Payload, Process, StopRule, Stretch, Think, Verify,
};
use wsbench_record::units::{bytes, count, counted, rate, seconds};

use crate::foreign::printable;

/// The plan in one line, without the name and the target.
///
/// `64 connections × 1 in flight, closed loop, 10s after 3s of warm-up, 30 B text, verified in
/// full, 2 threads, seed 42`
#[must_use]
pub fn plan_line(plan: &Order) -> String {
    let mut line = load(plan);
    match (plan.warmup_at_most_s, plan.warmup_found_s) {
        (Some(_), Some(found)) => {
            let _ = write!(
                line,
                " after warm-up found from the data ({})",
                seconds(found)
            );
        }
        (Some(most), None) => {
            let most = seconds(most);
            let _ = write!(line, " after warm-up found from the data ({most} at most)");
        }
        (None, _) if plan.warmup_s > 0.0 => {
            let _ = write!(line, " after {} of warm-up", seconds(plan.warmup_s));
        }
        (None, _) => {}
    }
    if let Some(rate) = plan.connect_rate_per_s {
        let _ = write!(line, ", opened at {}/s", wsbench_record::units::rate(rate));
    }
    line.push_str(&way(plan));
    let _ = write!(line, ", {}", payload(&plan.payload));
    if let Some(fragment) = plan.fragment_bytes {
        let _ = write!(line, " in frames of {}", bytes(f64::from(fragment)));
    }
    if let Some(offered) = &plan.compression {
        let _ = write!(line, ", {} offered", printable(&offered.offer));
    }
    line.push_str(match plan.verify {
        Verify::Full => ", verified in full",
        Verify::Length => ", verified by length",
        Verify::None => ", not verified",
    });
    if plan.matched_by == Matching::Order {
        line.push_str(", matched in order");
    }
    let _ = write!(line, ", {}", counted(plan.threads.into(), "thread"));
    if !plan.cpus.is_empty() {
        let cores: Vec<String> = plan.cpus.iter().map(ToString::to_string).collect();
        let _ = write!(line, " on cores {}", cores.join(","));
    }
    if let Some(every_s) = plan.keep_alive_s {
        let _ = write!(line, ", a ping each {}", seconds(every_s));
    }
    if plan.busy_poll {
        line.push_str(", busy-polling");
    }
    let _ = write!(line, ", seed {}", plan.seed);
    line
}

/// The name, if any, and the target: `ws://localhost:3000/`, `nightly: ws://localhost:3000/`.
#[must_use]
pub fn title(plan: &Order) -> String {
    let url = printable(&plan.url);
    match &plan.name {
        Some(name) => format!("{}: {url}", printable(name)),
        None => url,
    }
}

/// The way to the server, where it is not the straight one: `, connecting to 10.0.0.1:80, from 14
/// addresses (10.0.0.2-10.0.0.15)`.
fn way(plan: &Order) -> String {
    let mut way = String::new();
    if let Some(place) = &plan.connect_to {
        let _ = write!(way, ", connecting to {}", printable(place));
    }
    if let Some(proxy) = &plan.proxy {
        let _ = write!(way, ", through {}", printable(proxy));
    }
    if let Some(first) = plan.redirected_from.first() {
        let more = plan.redirected_from.len();
        let redirects = counted(more as u64, "redirect");
        let _ = write!(way, ", {redirects} from {}", printable(first));
    }
    if let Some(path) = &plan.unix_socket {
        let _ = write!(way, ", over Unix socket {}", printable(path));
    }
    if let Some(streams) = plan.http2_streams {
        let streams = count(streams.into());
        let _ = write!(way, ", over HTTP/2, {streams} on a connection at most");
    }
    if let (Some(addresses), Some(number)) = (&plan.source_ip, plan.source_addresses) {
        let number = counted(number.into(), "address");
        let _ = write!(way, ", from {number} ({})", printable(addresses));
    }
    way
}

/// How much, how hard and for how long.
fn load(plan: &Order) -> String {
    let connections = u64::from(plan.connections);
    if let StopRule::Clients {
        clients,
        roundtrips,
    } = plan.stop
    {
        return format!(
            "{} × {}, {} at a time{}",
            counted(clients, "client"),
            counted(roundtrips.into(), "round trip"),
            count(connections),
            pause(plan.think)
        );
    }
    let held = match &plan.arrival {
        Arrival::Closed { depth } => format!(
            "{} × {} in flight, closed loop{}",
            counted(connections, "connection"),
            count((*depth).into()),
            pause(plan.think)
        ),
        Arrival::Open {
            process,
            stretches,
            max_in_flight,
        } => format!(
            "open loop, {} over {}, at most {} in flight on each",
            schedule(*process, stretches),
            counted(connections, "connection"),
            count((*max_in_flight).into())
        ),
    };
    match plan.stop {
        StopRule::Messages { messages } => format!("{held}, {}", counted(messages, "message")),
        StopRule::Duration { duration_s } => format!("{held}, {}", seconds(duration_s)),
        StopRule::Clients { .. } => held,
    }
}

/// `, thinking 10ms between`, or nothing.
fn pause(think: Option<Think>) -> String {
    match think {
        None => String::new(),
        Some(Think { least_s, most_s }) if least_s == most_s => {
            format!(", thinking {} between", seconds(most_s))
        }
        Some(Think { least_s, most_s }) => {
            format!(
                ", thinking {}–{} between",
                seconds(least_s),
                seconds(most_s)
            )
        }
    }
}

/// `20k msg/s, Poisson`; with stages `1k → 5k msg/s in 3 stretches, constant`.
fn schedule(process: Process, stretches: &[Stretch]) -> String {
    let process = match process {
        Process::Poisson => "Poisson",
        Process::Constant => "evenly spaced",
    };
    let rates = stretches
        .iter()
        .flat_map(|stretch| [stretch.from_per_s, stretch.to_per_s]);
    let (least, most) = rates.fold((f64::INFINITY, 0.0_f64), |(least, most), r| {
        (least.min(r), most.max(r))
    });
    if least == most {
        return format!("{} msg/s {process}", rate(most));
    }
    format!(
        "{}–{} msg/s in {} stretches, {process}",
        rate(least),
        rate(most),
        stretches.len()
    )
}

/// What each message carries.
fn payload(payload: &Payload) -> String {
    let kind = |encoding: Encoding| match encoding {
        Encoding::Text => "text",
        Encoding::Binary => "binary",
    };
    match payload {
        Payload::Generated {
            encoding,
            min_bytes,
            max_bytes,
            ascii,
        } => {
            let size = if min_bytes == max_bytes {
                bytes(f64::from(*min_bytes))
            } else {
                format!(
                    "{}–{}",
                    bytes(f64::from(*min_bytes)),
                    bytes(f64::from(*max_bytes))
                )
            };
            let ascii = if *ascii && *encoding == Encoding::Text {
                " (ASCII)"
            } else {
                ""
            };
            format!("{size} {}{ascii}", kind(*encoding))
        }
        Payload::Fixed {
            encoding, bytes: n, ..
        } => format!("fixed {} {}", bytes(*n as f64), kind(*encoding)),
        Payload::Template {
            encoding,
            longest_bytes,
            ..
        } => format!(
            "{} of a template ({} at most)",
            kind(*encoding),
            bytes(*longest_bytes as f64)
        ),
        Payload::Corpus {
            encoding,
            name,
            lines,
            bytes: n,
        } => format!(
            "{} from {} ({} each on average, and a tag) as {}",
            counted(*lines, "line"),
            printable(name),
            bytes(*n as f64 / (*lines).max(1) as f64),
            kind(*encoding)
        ),
    }
}
