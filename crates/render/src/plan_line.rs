//! The plan in one line: echoed before a run, so that a misunderstood flag is seen, and at the head
//! of every report.

use std::fmt::Write as _;

use wsbench_load::arrival::{Process, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Encoding, Flow, Http, Matching, PayloadFacts, PlanSpec, Population, Reads,
    Reconnect, Returns, Sessions, Stay, StopRule, Think, Verify, Workload,
};

use wsbench_record::units::{asked_rate, bytes, count, counted, percent, seconds, size};

use crate::foreign::printable;

/// Deliveries of short messages that a thread of the generator reads in a second on a usual core, as its
/// benchmark has them (`cargo bench -p wsbench-drive --bench deliveries`): who asks for more is told so before
/// the run, which measures what this machine does.
const READ_PER_S: f64 = 250e3;

/// The plan in one line, without the name and the target.
///
/// `64 connections × 1 in flight, closed loop, 10s after 3s of warm-up, 30 B text, verified in
/// full, 2 threads, seed 42`
#[must_use]
pub fn plan_line(plan: &PlanSpec) -> String {
    let mut line = load(plan);
    match (plan.warmup.at_most, plan.warmup.found) {
        (Some(_), Some(found)) => {
            let _ = write!(line, " after warm-up found from the data ({})", span(found));
        }
        (Some(most), None) => {
            let most = span(most);
            let _ = write!(line, " after warm-up found from the data ({most} at most)");
        }
        (None, _) if plan.warmup.least > Nanos::ZERO => {
            let _ = write!(line, " after {} of warm-up", span(plan.warmup.least));
        }
        (None, _) => {}
    }
    if let Some(rate) = plan.connect.rate_per_s {
        let _ = write!(line, ", opened at {}/s", wsbench_record::units::rate(rate));
    }
    line.push_str(&way(plan));
    line.push_str(&fan_out(plan));
    line.push_str(&speech(plan));
    let exchange = &plan.clients.exchange;
    let sends = matches!(exchange.flow, Flow::Answered | Flow::Oneway);
    if sends {
        let facts = exchange.payload.facts();
        let _ = write!(line, ", {}{}", payload(&facts), letters(&facts));
        line.push_str(&voices(&plan.clients));
    }
    read_off(&exchange.flow, &mut line);
    if let Some(fragment) = plan.clients.fragment {
        let _ = write!(line, " in frames of {}", size(fragment.into()));
    }
    if let Some(compression) = &plan.clients.compression {
        let _ = write!(line, ", {} offered", compression.wish.offer());
    }
    line.push_str(&checked(exchange));
    let _ = write!(line, ", {}", counted(plan.threads.into(), "thread"));
    if !plan.cpus.is_empty() {
        let cores: Vec<String> = plan.cpus.iter().map(ToString::to_string).collect();
        let noun = if cores.len() == 1 { "core" } else { "cores" };
        let _ = write!(line, " on {noun} {}", cores.join(","));
    }
    if let Some(every) = plan.clients.keep_alive {
        let _ = write!(line, ", a ping each {}", span(every));
    }
    for (number, reads) in plan.clients.slow_kinds() {
        line.push_str(&slow_readers(number, reads));
    }
    if let Some(churn) = &plan.clients.churn {
        let _ = write!(line, ", {}", beside(churn));
    }
    if let Some(returns) = &plan.clients.returns {
        line.push_str(&self::returns(returns));
    }
    if plan.busy_poll {
        line.push_str(", busy-polling");
    }
    let _ = write!(line, ", seed {}", plan.seed);
    line
}

/// Messages of further clients that publish: `, beside it 80 % of 1 KiB text`.
fn voices(clients: &Population) -> String {
    let mut line = String::new();
    for voice in clients.voices().skip(1) {
        let facts = match &voice.own {
            Some(own) => own.payload.facts(),
            None => clients.exchange.payload.facts(),
        };
        let share = percent(voice.share);
        let _ = write!(line, ", {share} of other clients: {}", payload(&facts));
    }
    line
}

/// The way in which answers are known and compared: `, verified in full`.
fn checked(exchange: &Workload) -> String {
    let mut line = String::new();
    line.push_str(match exchange.verify {
        _ if exchange.request.is_some() || exchange.is_answered_by_acks() => "",
        _ if exchange.numbered.is_some() => "",
        _ if !exchange.flow.is_answered() => "",
        Verify::Full => ", verified in full",
        Verify::Contains => ", verified within the answers",
        Verify::Length => ", verified by length",
        Verify::None => ", not verified",
    });
    match exchange.matching() {
        Matching::Tag => {}
        _ if !exchange.flow.is_answered() => {}
        Matching::Order => line.push_str(", matched in order"),
        Matching::Number if exchange.numbered.is_some() => line.push_str(", known by their number"),
        Matching::Number => line.push_str(", answers known by the number of their request"),
        Matching::Turn => line.push_str(", answers known by the order of their requests"),
        Matching::Ack => {}
    }
    if exchange.end_of_streams().is_some() {
        line.push_str(", several to each and an end");
    }
    if exchange.ack.is_some() {
        line.push_str(match exchange.is_answered_by_acks() {
            true => ", answered by acknowledgements alone",
            false => ", acknowledged to their sender",
        });
    }
    line
}

/// Slow readers: `, 5 of them slow readers at 1 kB/s`.
fn slow_readers(number: u32, reads: Reads) -> String {
    let how = match reads {
        Reads::Rate { bytes_per_s } => format!("at {}/s", bytes(bytes_per_s.into())),
        Reads::Stall { length, every } => {
            format!(
                "that stand still for {} of each {}",
                span(length),
                span(every)
            )
        }
    };
    format!(", {} of them slow readers {how}", count(number.into()))
}

/// The drill, and how clients come back: `, 50 % cut at 10 s, back after 1 s each`.
fn returns(returns: &Returns) -> String {
    let cut = returns.drill.map_or_else(String::new, |drill| {
        format!(", {} cut at {}", percent(drill.share), span(drill.at))
    });
    let back = match returns.policy {
        Reconnect::Usual => String::new(),
        Reconnect::Immediate => ", back at once".to_owned(),
        Reconnect::Fixed { wait } => format!(", back after {} at most", span(wait)),
        Reconnect::Exponential { from, to } => {
            format!(", back after {} that double up to {}", span(from), span(to))
        }
    };
    cut + &back
}

/// What flows where nothing is answered.
pub(crate) fn flow(flow: &Flow) -> &'static str {
    match flow {
        Flow::Answered => "answered",
        Flow::Oneway => "no answer awaited",
        Flow::Push(_) => "pushes taken",
        Flow::Idle => "held without a message",
        Flow::Storm => "opened all at once",
    }
}

/// Readings of pushes: `, their age by json:/E:ms, their order by json:/u`.
fn read_off(flow: &Flow, line: &mut String) {
    if *flow == Flow::Oneway {
        let _ = write!(line, ", {}", self::flow(flow));
    }
    let Some(pushes) = flow.pushes() else { return };
    if let Some(stamp) = &pushes.stamp {
        let _ = write!(line, ", their age by {}", printable(&stamp.to_string()));
        if pushes.clock.is_some() {
            line.push_str(" and the server's clock");
        }
    }
    if let Some(sequence) = &pushes.sequence {
        let _ = write!(
            line,
            ", their order by {}",
            printable(&sequence.to_string())
        );
    }
}

/// The name, if any, and the target: `ws://localhost:3000/`, `nightly: ws://localhost:3000/`.
#[must_use]
pub fn title(plan: &PlanSpec) -> String {
    let url = printable(&plan.target.url());
    match &plan.name {
        Some(name) => format!("{}: {url}", printable(name)),
        None => url,
    }
}

/// Receivers of each message and what that comes to, where messages are for many: `, each message to
/// 1,000 receivers (20k deliveries/s, 640 kB/s)`.
fn fan_out(plan: &PlanSpec) -> String {
    let (clients, Arrival::Open { schedule, .. }) = (&plan.clients, &plan.clients.arrival) else {
        return String::new();
    };
    if !clients.is_fanned_out() {
        return String::new();
    }
    let stretches = schedule.stretches.iter();
    let most = stretches.fold(0.0_f64, |most, it| most.max(it.from_per_s).max(it.to_per_s));
    let exchange = &clients.exchange;
    let subscribers = match clients.sessions() {
        None => clients.subscribers().saturating_sub(clients.slow_readers()),
        Some(sessions) => sessions.there_at_a_time(),
    };
    let (rooms, rooms_each) = (exchange.room_count().max(1), clients.rooms_each());
    let receivers = f64::from(subscribers) * f64::from(rooms_each) / f64::from(rooms);
    let deliveries = most * receivers;
    let each = clients.longest_on_average();
    let whom = match exchange.audience {
        Audience::Room => {
            let several = match rooms_each {
                1 => String::new(),
                each => format!(", {} for each connection", count(each.into())),
            };
            format!(
                "the {} of its room, one of {}{several}",
                asked_rate(receivers),
                count(rooms.into())
            )
        }
        Audience::One if rooms != subscribers => format!(
            "those of one of {} rooms, {} each",
            count(rooms.into()),
            asked_rate(receivers),
        ),
        Audience::One => format!("one of {}", counted(subscribers.into(), "receiver")),
        Audience::All | Audience::Sender => counted(subscribers.into(), "receiver"),
    };
    let senders = match clients.publishers() {
        all if all == clients.connections => String::new(),
        some => format!(" from {}", counted(some.into(), "sender")),
    };
    let beyond = match deliveries > READ_PER_S * f64::from(plan.threads) {
        true => format!(
            ", more than {} can read, about {}/s each",
            counted(plan.threads.into(), "thread"),
            asked_rate(READ_PER_S)
        ),
        false => String::new(),
    };
    format!(
        ", each message{senders} to {whom} ({} deliveries/s, {}/s{beyond})",
        asked_rate(deliveries),
        bytes(deliveries * each)
    )
}

/// Words beside the load: `, scenario chat.toml, a login of 3 steps`.
fn speech(plan: &PlanSpec) -> String {
    let mut speech = String::new();
    if let Some(scenario) = &plan.scenario {
        let _ = write!(speech, ", scenario {}", printable(scenario));
    }
    let clients = &plan.clients;
    let joins = clients.roles.iter().map(|role| role.join.steps().len());
    let steps = clients.login.steps().len() + joins.max().unwrap_or(0);
    if steps > 0 {
        let _ = write!(speech, ", a login of {}", counted(steps as u64, "step"));
    }
    let beats = clients.upkeep.beats.len();
    if beats > 0 {
        let _ = write!(speech, ", {}", counted(beats as u64, "heartbeat"));
    }
    speech
}

/// The way to the server, where it is not the straight one: `, connecting to 10.0.0.1:80, from 14
/// addresses (10.0.0.2-10.0.0.15)`.
fn way(plan: &PlanSpec) -> String {
    let mut way = String::new();
    let route = &plan.connect.route;
    if let Some(place) = &route.connect_to {
        let _ = write!(way, ", connecting to {}", printable(&place.to_string()));
    }
    if let Some(proxy) = &route.proxy {
        let _ = write!(way, ", through {}", printable(&proxy.to_string()));
    }
    if let Some(first) = route.redirected_from.first() {
        let more = route.redirected_from.len();
        let redirects = counted(more as u64, "redirect");
        let _ = write!(way, ", {redirects} from {}", printable(first));
    }
    if let Some(path) = &route.unix_socket {
        let path = printable(&path.display().to_string());
        let _ = write!(way, ", over Unix socket {path}");
    }
    if let Http::Two { streams } = plan.connect.http {
        let streams = count(streams.into());
        let _ = write!(way, ", over HTTP/2, {streams} on a connection at most");
    }
    if !route.sources.is_empty() {
        let number = counted(route.sources.count().into(), "address");
        let _ = write!(way, ", from {number} ({})", route.sources);
    }
    if route.spread {
        way.push_str(", to all addresses of the host in turn");
    }
    way
}

/// Amount, pressure and length of the load.
fn load(plan: &PlanSpec) -> String {
    let clients = &plan.clients;
    let connections = u64::from(clients.connections);
    if let (Some(number), Some(round_trips)) = (plan.clients_in_all(), clients.round_trips()) {
        return format!(
            "{} × {}, {} at a time{}",
            counted(number, "client"),
            counted(round_trips.into(), "round trip"),
            count(connections),
            pause(clients.think)
        );
    }
    let flow = &clients.exchange.flow;
    if let Some(sessions) = clients.sessions() {
        return self::sessions(plan, &sessions);
    }
    let held = match &clients.arrival {
        Arrival::Closed { .. } if !flow.is_answered() => {
            format!(
                "{}, {}",
                counted(connections, "connection"),
                self::flow(flow)
            )
        }
        Arrival::Closed { depth } => format!(
            "{} × {} in flight, closed loop{}",
            counted(connections, "connection"),
            count((*depth).into()),
            pause(clients.think)
        ),
        Arrival::Open {
            schedule: rates,
            max_in_flight,
        } => format!(
            "open loop, {} over {}, at most {} in flight on each",
            schedule(rates.process, &rates.stretches),
            counted(connections, "connection"),
            count((*max_in_flight).into())
        ),
    };
    match plan.stop {
        StopRule::Messages(messages) => format!("{held}, {}", counted(messages, "message")),
        StopRule::Duration(duration) => format!("{held}, {}", span(duration)),
        StopRule::Clients(_) => held,
    }
}

/// Sessions by a schedule: `50 sessions/s Poisson, each for 5 s, 10 s`.
fn sessions(plan: &PlanSpec, sessions: &Sessions) -> String {
    let length = plan.stop.duration().map_or_else(String::new, span);
    let (come, flow) = (come(sessions), &plan.clients.exchange.flow);
    let what = match &plan.clients.arrival {
        Arrival::Open {
            schedule: rates,
            max_in_flight,
        } => format!(
            ", open loop, {} over those that are there, at most {} in flight on each",
            schedule(rates.process, &rates.stretches),
            count((*max_in_flight).into())
        ),
        Arrival::Closed { depth } if flow.is_answered() => {
            format!(", {} in flight on each", count((*depth).into()))
        }
        Arrival::Closed { .. } => format!(", {}", self::flow(flow)),
    };
    format!("{come}{what}{}, {length}", pause(plan.clients.think))
}

/// `50 sessions/s Poisson, each for 3 round trips`.
pub(crate) fn come(sessions: &Sessions) -> String {
    coming(sessions, "sessions/s")
}

/// `beside it 10 connections/s Poisson, each for 1 s`.
pub(crate) fn beside(churn: &Sessions) -> String {
    format!("beside it {}", coming(churn, "connections/s"))
}

fn coming(sessions: &Sessions, unit: &str) -> String {
    let process = match sessions.process {
        Process::Poisson => "Poisson",
        Process::Constant => "evenly spaced",
    };
    format!(
        "{} {unit} {process}, each for {}",
        asked_rate(sessions.per_s),
        stay(sessions.stay)
    )
}

/// `3 round trips`, or `1 s`.
pub(crate) fn stay(stay: Stay) -> String {
    match stay {
        Stay::RoundTrips(number) => counted(number.into(), "round trip"),
        Stay::Time(length) => span(length),
    }
}

/// A span as reports write it.
fn span(span: Nanos) -> String {
    seconds(span.as_secs_f64())
}

/// `, thinking 10ms between`, or nothing.
fn pause(think: Option<Think>) -> String {
    match think {
        None => String::new(),
        Some(Think { least, most }) if least == most => {
            format!(", thinking {} between", span(most))
        }
        Some(Think { least, most }) => {
            format!(", thinking {}–{} between", span(least), span(most))
        }
    }
}

/// `20k msg/s Poisson`; with stages `1k–5k msg/s in 3 stretches, evenly spaced`.
fn schedule(process: Process, stretches: &[Stretch]) -> String {
    let process = match process {
        Process::Poisson => "Poisson",
        Process::Constant => "evenly spaced",
    };
    let between = if stretches.len() > 1 { "," } else { "" };
    format!("{}{between} {process}", rates(stretches))
}

/// The rates of stretches: `20k msg/s`, `1k–5k msg/s in 3 stretches`.
pub(crate) fn rates(stretches: &[Stretch]) -> String {
    let rates = stretches
        .iter()
        .flat_map(|stretch| [stretch.from_per_s, stretch.to_per_s]);
    let (least, most) = rates.fold((f64::INFINITY, 0.0_f64), |(least, most), r| {
        (least.min(r), most.max(r))
    });
    if least == most {
        return format!("{} msg/s", asked_rate(most));
    }
    let number = stretches.len();
    let (least, most) = (asked_rate(least), asked_rate(most));
    format!("{least}–{most} msg/s in {number} stretches")
}

/// Composition of the text that messages are filled with, on which a server's check of UTF-8 depends.
fn letters(payload: &PayloadFacts) -> &'static str {
    match payload {
        PayloadFacts::Generated {
            encoding: Encoding::Text,
            ascii: false,
            ..
        } => " (one letter in seven not ASCII)",
        _ => "",
    }
}

/// Payload of each message.
pub(crate) fn payload(payload: &PayloadFacts) -> String {
    let kind = |encoding: Encoding| match encoding {
        Encoding::Text => "text",
        Encoding::Binary => "binary",
    };
    match payload {
        PayloadFacts::Generated {
            encoding,
            min_bytes,
            max_bytes,
            ascii,
        } => {
            let [least, most] = [*min_bytes, *max_bytes].map(|bytes| size(bytes.into()));
            let sizes = if min_bytes == max_bytes {
                least
            } else {
                format!("{least}–{most}")
            };
            let ascii = if *ascii && *encoding == Encoding::Text {
                " (ASCII)"
            } else {
                ""
            };
            format!("{sizes} {}{ascii}", kind(*encoding))
        }
        PayloadFacts::Fixed {
            encoding, bytes: n, ..
        } => format!("fixed {} {}", size(*n), kind(*encoding)),
        PayloadFacts::Template {
            encoding,
            longest_bytes,
            ..
        } => format!(
            "{} of a template ({} at most)",
            kind(*encoding),
            bytes(*longest_bytes as f64)
        ),
        PayloadFacts::Corpus {
            encoding,
            name,
            lines,
            bytes: n,
            ..
        } => format!(
            "{} from {} ({} each on average, and a tag) as {}",
            counted(*lines, "line"),
            printable(name),
            bytes(*n as f64 / (*lines).max(1) as f64),
            kind(*encoding)
        ),
    }
}
