//! Plans in the words of flags: the command that makes a plan, and the flag of each of its settings.
//!
//! It is the way back from `plan`: what is printed here, parsed, is the same plan again. What only a
//! file holds (certificates, bytes that are no text) has no words here, and credentials are withheld
//! where the words are shown (`shell_words`).

mod flags;
mod numbers;
mod pattern;
mod settings;

use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Audience, Drill, Encoding, Family, Flow, Greeting, Http, Lifetime, LoginStep, Pace,
    Payload, PlanSpec, Population, Promise, Pushes, Reads, Reconnect, Stay, StopRule, Timestamps,
    Tls, TlsVersions, Verify, Why,
};
use wsbench_load::secret::WITHHELD;
use wsbench_load::settling::Settling;
use wsbench_setting::{Field, Spelling as _};

pub(crate) use flags::Flags;
pub(crate) use numbers::span;
use numbers::{rate, size};
pub(crate) use settings::reason;

use crate::shell_words::shell_words;
use crate::surroundings::Surroundings;
use wsbench::cores::threads_for;
use wsbench::defaults;
use wsbench::quantity::{self, CpuList};
use wsbench::suite::{Commands, Duty};

/// The commands of this program on a machine, for the workloads of a suite.
#[derive(Clone, Debug)]
pub(crate) struct ByHand(pub(crate) Surroundings);

impl Commands for ByHand {
    fn serve(&self, cores: &[usize], duty: &Duty) -> String {
        let mut words = Words(vec!["wsbench serve".to_owned()]);
        if duty.is_to_many() {
            words.flag("--broadcast");
        } else if !cores.is_empty() {
            words.value("--threads", cores.len());
        }
        if !cores.is_empty() {
            words.value("--pin", CpuList(cores.to_vec()));
        }
        words.0.join(" ")
    }

    fn run(&self, spec: &PlanSpec) -> String {
        command(spec, "URL", &self.0)
    }

    fn search(&self, spec: &PlanSpec, objective: &str, limit: Nanos) -> String {
        find_command(spec, &[objective.to_owned()], limit, "URL")
    }

    fn reason(&self, why: Why) -> String {
        reason(why)
    }

    fn setting(&self, field: Field) -> String {
        Flags.of(field).into_owned()
    }
}

/// Words of a command line that is being written.
#[derive(Debug, Default)]
struct Words(Vec<String>);

impl Words {
    /// A flag alone.
    fn flag(&mut self, flag: &str) {
        self.0.push(flag.to_owned());
    }

    /// A flag with its value.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "numbers, texts and what is made for the call alone, alike"
    )]
    fn value(&mut self, flag: &str, value: impl ToString) {
        self.0.extend([flag.to_owned(), value.to_string()]);
    }

    /// A flag with its value, where there is one.
    fn some(&mut self, flag: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.value(flag, value);
        }
    }
}

/// The command that makes a plan against `url` on this machine, as a shell takes it.
pub(crate) fn command(spec: &PlanSpec, url: &str, on: &Surroundings) -> String {
    line(words(spec, on), url)
}

/// The command of a search in trials like `spec`, as a shell takes it.
pub(crate) fn find_command(spec: &PlanSpec, search: &[String], limit: Nanos, url: &str) -> String {
    line(find_words(spec, search, limit), url)
}

fn line(words: Vec<String>, url: &str) -> String {
    let whole = [vec!["wsbench".to_owned()], words, vec![url.to_owned()]].concat();
    let whole: Vec<_> = whole.into_iter().map(Into::into).collect();
    shell_words(&whole)
}

/// The flags that make a plan on this machine, without its URL and its seed.
pub(crate) fn words(spec: &PlanSpec, on: &Surroundings) -> Vec<String> {
    let mut words = Words::default();
    amount(spec, &mut words);
    warmup(spec, &mut words);
    pressure(spec, &mut words);
    encoding(spec, &mut words);
    machine(spec, on, &mut words);
    framing(spec, &mut words);
    handshake(spec, &mut words);
    route(spec, &mut words);
    tls(&spec.tls, &mut words);
    expect(spec, &mut words);
    words.some("--name", spec.name.as_ref());
    words.0
}

/// The flags of a search in trials like `spec`: with these objectives, within this limit.
pub(crate) fn find_words(spec: &PlanSpec, objectives: &[String], limit: Nanos) -> Vec<String> {
    let mut words = Words::default();
    words.flag("find");
    for objective in objectives {
        words.value("--slo", objective);
    }
    amount(spec, &mut words);
    words.value("--limit", span(limit));
    words.value("--warmup", span(spec.warmup.least));
    encoding(spec, &mut words);
    if !spec.cpus.is_empty() {
        words.value("--pin", CpuList(spec.cpus.clone()));
    }
    handshake(spec, &mut words);
    tls(&spec.tls, &mut words);
    expect(spec, &mut words);
    words.0
}

/// Amount: how many, what, and for how long.
fn amount(spec: &PlanSpec, words: &mut Words) {
    let clients = &spec.clients;
    if let Some(scenario) = &spec.scenario {
        match scenario.strip_prefix("preset:") {
            Some(name) => words.value("--preset", name),
            None => words.value("--scenario", scenario),
        }
        match clients.sessions() {
            Some(_) => words.value("--max-sessions", clients.connections),
            // Where its slow readers are the file's, it says how many of each there are.
            None if clients.roles.is_empty() && clients.slow.is_none() => {
                words.value("-c", clients.connections);
            }
            None => {}
        }
        // Of messages that the scenario says whole, or that are not alike, no size is given.
        let are_alike = clients.voices().all(|voice| voice.own.is_none());
        if clients.exchange.flow.is_answered() && are_alike {
            generated(clients, words);
        }
        // They outweigh the file's, so it does not matter whose they were.
        if let Some(mut pushes) = clients.exchange.flow.pushes().cloned() {
            pushes.clock.take_if(|clock| clock.ask == WITHHELD);
            readings(&pushes, words);
        }
        return ending(spec, words);
    }
    match clients.sessions() {
        None => words.value("-c", clients.connections),
        Some(sessions) => {
            words.value("--arrive", rate(sessions.per_s));
            match sessions.stay {
                Stay::RoundTrips(round_trips) => words.value("-r", round_trips),
                Stay::Time(length) => words.value("--live", span(length)),
            }
            words.value("--max-sessions", clients.connections);
            // It says the same of messages, and once is enough.
            if sessions.process == Process::Constant && !clients.is_open_loop() {
                words.value("--arrival", "constant");
            }
        }
    }
    if let Some(churn) = clients.churn {
        words.value("--churn", rate(churn.per_s));
        words.value("--churn-live", span(churn.longest_stay()));
        if churn.process == Process::Constant && !clients.is_open_loop() {
            words.value("--arrival", "constant");
        }
    }
    match clients.exchange.audience {
        Audience::Sender => {}
        Audience::All => words.value("--mode", "broadcast"),
        // Of a scenario, whose name is told: no flag says it.
        Audience::One => {}
        Audience::Room => words.value("--mode", "pubsub"),
    }
    match &clients.exchange.flow {
        Flow::Answered => {}
        Flow::Oneway => words.value("--mode", "oneway"),
        Flow::Idle => words.value("--mode", "idle"),
        Flow::Storm => words.value("--mode", "storm"),
        Flow::Push(pushes) => {
            words.value("--mode", "push");
            readings(pushes, words);
        }
    }
    if clients.exchange.is_answered_by_acks() {
        words.value("--mode", "oneway");
    }
    workload(clients, words);
    request(clients, words);
    if let Some(number) = spec.clients_in_all() {
        words.value("--clients", number);
        words.some("-r", clients.round_trips());
    }
    messages(clients, words);
    ending(spec, words);
}

/// What each message is.
fn messages(clients: &Population, words: &mut Words) {
    match &clients.exchange.payload {
        Payload::Generated { .. } => generated(clients, words),
        Payload::Fixed { bytes, .. } => words.some("-m", std::str::from_utf8(bytes).ok()),
        Payload::Corpus { corpus, .. } => words.value("--corpus", corpus.name()),
        Payload::Template { template, .. } => words.value("--template", template.text()),
        Payload::Withheld { .. } => {}
    }
}

/// Size of messages that are made here.
fn generated(clients: &Population, words: &mut Words) {
    match &clients.exchange.payload {
        // Its tag alone.
        Payload::Generated { .. } if has_no_filling(clients) => {}
        Payload::Generated { min, max, .. } if min == max => words.value("-s", size(*min)),
        Payload::Generated { min, max, .. } => {
            words.value("-s", format!("{}..{}", size(*min), size(*max)));
        }
        _ => {}
    }
}

/// Words by which the answers to requests are known.
fn request(clients: &Population, words: &mut Words) {
    if let Some(request) = &clients.exchange.request {
        words.value("--mode", "request");
        words.value("--match", &request.at);
        words.some("--failed", request.failed.as_ref());
        let end = request.end.as_deref();
        words.some(
            "--end",
            end.and_then(|end| pattern::pattern_words(end.pattern())),
        );
    }
}

/// Words for what is read off pushes.
fn readings(pushes: &Pushes, words: &mut Words) {
    words.some("--stamp", pushes.stamp.as_ref());
    words.some("--sequence", pushes.sequence.as_ref());
    if let Some(clock) = &pushes.clock {
        words.value("--clock", &clock.ask);
        words.value("--clock-stamp", &clock.stamp);
    }
}

/// Rooms, what is said to join them, and the text around messages.
fn workload(clients: &Population, words: &mut Words) {
    if let Some(rooms) = &clients.exchange.rooms {
        match rooms.names.is_empty() {
            true => words.value("--rooms", rooms.count),
            false => words.value("--rooms", rooms.names.join(",")),
        }
        if rooms.each > 1 {
            words.value("--rooms-each", rooms.each);
        }
    }
    if !clients.exchange.unit.is_frame() {
        words.value("--unit", clients.exchange.unit);
    }
    if let Some(envelope) = &clients.exchange.envelope {
        words.value("--template", envelope.words.text());
    }
    words.some("--match", clients.exchange.numbered.as_ref());
    let ack = clients.exchange.ack.as_ref();
    words.some(
        "--ack",
        ack.and_then(|ack| pattern::pattern_words(ack.pattern())),
    );
    for step in clients.login.steps() {
        match step {
            LoginStep::Send(_) if clients.login.is_withheld() => words.value("--join", WITHHELD),
            LoginStep::Send(spoken) => words.value("--join", spoken.words.text()),
            LoginStep::Expect(expected) => {
                words.some(
                    "--joined",
                    pattern::pattern_words(expected.awaited.pattern()),
                );
            }
            LoginStep::Settle(length) => words.value("--settle", span(*length)),
        }
    }
}

fn has_no_filling(clients: &Population) -> bool {
    let envelope = clients.exchange.envelope.as_ref();
    envelope.is_some_and(|it| !it.words.has_filling())
}

/// The end of the run.
fn ending(spec: &PlanSpec, words: &mut Words) {
    let clients = &spec.clients;
    match spec.stop {
        StopRule::Duration(length) if stages(&clients.arrival).is_none() => {
            words.value("-d", span(length));
        }
        StopRule::Messages(messages) => words.value("-n", messages),
        StopRule::Duration(_) | StopRule::Clients(_) => {}
    }
}

/// The load before the window; clients that are replaced have none.
fn warmup(spec: &PlanSpec, words: &mut Words) {
    if spec.clients.round_trips().is_some() {
        return;
    }
    let ramp = ramp(&spec.clients.arrival).map_or(Nanos::ZERO, |ramp| ramp.length);
    let least = spec.warmup.least - ramp;
    if spec.warmup.at_most.is_some() && least == Settling::LEAST {
        words.value("--warmup", "auto");
    } else {
        words.value("--warmup", span(least));
    }
}

/// Pressure on the server.
fn pressure(spec: &PlanSpec, words: &mut Words) {
    let clients = &spec.clients;
    match &clients.arrival {
        Arrival::Closed { depth } => {
            let is_load = clients.exchange.flow.is_answered();
            if is_load && (clients.lifetime == Lifetime::Held || *depth > 1) {
                words.value("-p", depth);
            }
        }
        Arrival::Open {
            schedule,
            max_in_flight,
        } => {
            match (stages(&clients.arrival), schedule.stretches.last()) {
                (Some(stages), _) => words.value("--stages", stages_words(stages)),
                (None, Some(level)) => words.value("-R", rate(level.to_per_s)),
                (None, None) => {}
            }
            let ramp = ramp(&clients.arrival);
            words.some("--ramp", ramp.map(|ramp| span(ramp.length)));
            if schedule.process == Process::Constant {
                words.value("--arrival", "constant");
            }
            if *max_in_flight != defaults::MAX_IN_FLIGHT {
                words.value("--max-in-flight", max_in_flight);
            }
        }
    }
    if let Some(think) = clients.think {
        let (least, most) = (span(think.least), span(think.most));
        let pause = if least == most {
            most
        } else {
            format!("{least}..{most}")
        };
        words.value("--think", pause);
    }
    match spec.pace {
        Pace::Auto => {}
        Pace::Sleep => words.value("--pace", "sleep"),
        Pace::Spin => words.value("--pace", "spin"),
    }
    words.some("--connect-rate", spec.connect.rate_per_s.map(rate));
}

/// The rise from nothing with which an open loop begins.
fn ramp(arrival: &Arrival) -> Option<Stretch> {
    let Arrival::Open { schedule, .. } = arrival else {
        return None;
    };
    let first = schedule.stretches.first()?;
    (first.from_per_s == 0.0 && first.to_per_s > 0.0).then_some(*first)
}

/// The stages of an open loop that ends by itself: behind the ramp and the warm-up, which is at the
/// rate of the first.
fn stages(arrival: &Arrival) -> Option<&[Stretch]> {
    let Arrival::Open { schedule, .. } = arrival else {
        return None;
    };
    let Schedule { stretches, .. } = schedule;
    let ends = stretches.last()?.length < Nanos::MAX;
    let before = 1 + usize::from(ramp(arrival).is_some());
    stretches.get(before..).filter(|_| ends)
}

fn stages_words(stages: &[Stretch]) -> String {
    let each = stages.iter();
    let each = each.map(|stage| format!("{}:{}", span(stage.length), rate(stage.to_per_s)));
    each.collect::<Vec<_>>().join(",")
}

fn encoding(spec: &PlanSpec, words: &mut Words) {
    words.flag(match spec.clients.exchange.payload.encoding() {
        Encoding::Text => "--text",
        Encoding::Binary => "--binary",
    });
}

/// Use of this machine.
fn machine(spec: &PlanSpec, on: &Surroundings, words: &mut Words) {
    if !spec.cpus.is_empty() {
        words.value("--pin", CpuList(spec.cpus.clone()));
    }
    if spec.threads != threads_for(spec, &on.cpus) {
        words.value("-t", spec.threads);
    }
    if spec.busy_poll {
        words.flag("--busy-poll");
    }
    match spec.timestamps {
        Timestamps::Auto => {}
        Timestamps::Kernel => words.value("--timestamps", "kernel"),
        Timestamps::User => words.value("--timestamps", "user"),
    }
    let defaults = PlanSpec::against(spec.target.clone());
    if spec.clients.timeout != defaults.clients.timeout {
        words.value("--timeout", span(spec.clients.timeout));
    }
    words.some("--keep-alive", spec.clients.keep_alive.map(span));
    if let Some(slow) = &spec.clients.slow {
        let of = spec.clients.may_be_slow();
        let number = slow.number(of);
        let is_number = (f64::from(number) / f64::from(of) - slow.share).abs() < f64::EPSILON;
        let share = (slow.share * 1e11).round() / 1e9;
        let readers = match is_number {
            true => number.to_string(),
            false => format!("{share}%"),
        };
        let reads = match slow.reads {
            Reads::Rate { bytes_per_s } => format!("rate={bytes_per_s}"),
            Reads::Stall { length, every } => format!("stall={}/{}", span(length), span(every)),
        };
        words.value("--mix", format!("slow={readers},{reads}"));
    }
    if let Some(returns) = &spec.clients.returns {
        let drill = returns.drill;
        let cut = |it: Drill| format!("cut {}% at {}", it.share * 100.0, span(it.at));
        words.some("--drill", drill.map(cut));
        match returns.policy {
            Reconnect::Usual => {}
            Reconnect::Immediate => words.value("--reconnect", "immediate"),
            Reconnect::Fixed { wait } => {
                words.value("--reconnect", format!("fixed:{}", span(wait)));
            }
            Reconnect::Exponential { from, to } => {
                let range = format!("exponential:{}..{}", span(from), span(to));
                words.value("--reconnect", range);
            }
        }
    }
}

/// Framing and comparison of messages.
fn framing(spec: &PlanSpec, words: &mut Words) {
    match spec.clients.exchange.verify {
        Verify::Full => {}
        Verify::Contains => words.value("--verify", "contains"),
        Verify::Length => words.value("--verify", "len"),
        Verify::None => words.value("--verify", "none"),
    }
    words.some("--fragment", spec.clients.fragment.map(size));
    let Some(compression) = spec.clients.compression else {
        return;
    };
    let (wish, mut parts) = (compression.wish, Vec::new());
    let flags = [
        (wish.client_no_takeover, "client-no-takeover"),
        (wish.server_no_takeover, "server-no-takeover"),
    ];
    parts.extend(
        flags
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, it)| (*it).to_owned()),
    );
    let bits = [("client", wish.client_bits), ("server", wish.server_bits)];
    let bits = bits
        .into_iter()
        .filter_map(|(whose, bits)| Some((whose, bits?)));
    parts.extend(bits.map(|(whose, bits)| format!("{whose}-bits={bits}")));
    parts.push(format!("level={}", compression.level));
    words.flag(&format!("--compress={}", parts.join(",")));
}

/// Requests of the opening handshake.
fn handshake(spec: &PlanSpec, words: &mut Words) {
    let upgrade = &spec.upgrade;
    words.some("--origin", upgrade.origin.as_ref());
    for header in &upgrade.headers {
        let value = match header.words() {
            Some(words) => words.text(),
            None => header.reveal().unwrap_or(header.shown()),
        };
        words.value("-H", format!("{}: {value}", header.name));
    }
    for name in &upgrade.subprotocols {
        words.value("--subprotocol", name);
    }
}

/// The way to the server.
fn route(spec: &PlanSpec, words: &mut Words) {
    let connect = &spec.connect;
    let route = &connect.route;
    if connect.timeout != PlanSpec::against(spec.target.clone()).connect.timeout {
        words.value("--connect-timeout", span(connect.timeout));
    }
    match connect.family {
        Family::Any => {}
        Family::V4 => words.flag("-4"),
        Family::V6 => words.flag("-6"),
    }
    words.some("--connect-to", route.connect_to.as_ref());
    if !route.sources.is_empty() {
        words.value("--source-ip", &route.sources);
    }
    if route.spread {
        words.flag("--spread-addresses");
    }
    words.some("-x", route.proxy.as_ref());
    let path = route.unix_socket.as_ref();
    words.some("--unix-socket", path.map(|path| path.display()));
    if let Http::Two { streams } = connect.http {
        words.value("--http", 2);
        words.value("--streams", streams);
    }
}

/// What the run is held to.
fn expect(spec: &PlanSpec, words: &mut Words) {
    match &spec.clients.exchange.greeting {
        None => {}
        Some(Greeting::Count(count)) => words.value("--greeting", count),
        Some(Greeting::Holding(text)) => words.value("--greeting", text),
    }
    let share = spec.expect.failures;
    words.some("--tolerate-failures", share.map(quantity::percent));
    if spec.expect.unordered {
        words.value("--expect", "unordered");
    }
    match spec.expect.promise {
        Promise::ExactlyOnce => {}
        Promise::AtLeastOnce => words.value("--expect", "at-least-once"),
        Promise::AtMostOnce => words.value("--expect", "at-most-once"),
        Promise::Lossy => words.value("--expect", "lossy"),
    }
}

/// Encryption of connections.
fn tls(tls: &Tls, words: &mut Words) {
    if !tls.verify {
        words.flag("--insecure");
    }
    words.some("--server-name", tls.server_name.as_ref());
    match tls.versions {
        TlsVersions::Any => {}
        TlsVersions::V1_2 => words.value("--tls", "1.2"),
        TlsVersions::V1_3 => words.value("--tls", "1.3"),
    }
    if tls.alpn != Tls::default().alpn {
        words.value("--alpn", tls.alpn.join(","));
    }
    if tls.resumes {
        words.flag("--tls-resume");
    }
}

#[cfg(test)]
mod tests;
