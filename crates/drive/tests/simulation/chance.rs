//! Plans and scenarios drawn at random: every fault there is, alone and together.

use fastrand::Rng;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::corpus::Corpus;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, Compression, Encoding, Lifetime, Payload, PlanSpec, StopRule, Think, Timestamps,
    Verify, WindowBits, Wish,
};
use wsbench_load::template::Template;
use wsbench_simulate::{
    AnswerFault, Breach, Bucket, ConnectFault, Cut, Death, Disruption, Ending, Every, Machine,
    Network, OpeningFault, Outage, Pause, PeriodicStall, Queue, Scenario, Server, ServiceTime,
    Unsent,
};

use super::plan;

/// A plan and a scenario for this seed, and when the run is interrupted, if it is.
pub(crate) fn draw(seed: u64) -> (PlanSpec, Scenario, Option<Nanos>) {
    let mut random = Rng::with_seed(seed);
    let mut plan = draw_plan(&mut random, seed);
    let mut scenario = Scenario {
        network: draw_network(&mut random, plan.clients.exchange.payload.max_len()),
        machine: draw_machine(&mut random),
        server: draw_server(&mut random),
    };
    tame(&plan, &mut scenario);
    let stop_at = one_in(&mut random, 8).then(|| millis(&mut random, 0, 400));
    compress(&mut random, &mut plan, &mut scenario);
    (plan, scenario, stop_at)
}

/// A plan and a scenario of every kind: as [`draw`], but every third an open loop, and some without
/// kernel stamps or with other messages.
pub(crate) fn draw_any(seed: u64) -> (PlanSpec, Scenario, Option<Nanos>) {
    let (mut plan, mut scenario, stop_at) = draw(seed);
    let mut random = Rng::with_seed(!seed);
    if one_in(&mut random, 4) {
        plan.timestamps = Timestamps::User;
    }
    if one_in(&mut random, 8) {
        let encoding = plan.clients.exchange.payload.encoding();
        plan.clients.exchange.payload = draw_words(&mut random, encoding);
    }
    if seed % 3 == 2 && !plan.replaces_clients() {
        plan.clients.think = None;
        plan.stop = StopRule::Duration(millis(&mut random, 20, 300));
        plan.clients.arrival = Arrival::Open {
            schedule: draw_schedule(&mut random, plan.warmup.longest()),
            max_in_flight: [1, 4, 1 << 16][random.usize(..3)],
        };
    }
    tame(&plan, &mut scenario);
    (plan, scenario, stop_at)
}

/// The same for two to four workers.
pub(crate) fn draw_crew(seed: u64) -> (PlanSpec, Scenario, Option<Nanos>) {
    let (mut plan, scenario, stop_at) = draw_any(seed);
    plan.threads = Rng::with_seed(seed ^ 0x6372_6577).u32(2..=4);
    plan.clients.connections = plan.clients.connections.max(plan.threads);
    (plan, scenario, stop_at)
}

/// A corpus or a template.
fn draw_words(random: &mut Rng, encoding: Encoding) -> Payload {
    if random.bool() {
        let text = r#"{"id":{id},"seq":{seq},"at":{now_ns},"nonce":"{rand:hex:8}"}"#;
        let template = Template::parse(text).expect("a template");
        let template = template.into();
        return Payload::Template { encoding, template };
    }
    let lines = b"one\na second line\n\na third, which is longer than the others\n".to_vec();
    let corpus = Corpus::new("lines", lines, 1 << 16)
        .expect("a corpus")
        .into();
    Payload::Corpus { encoding, corpus }
}

/// The warm-up at one rate, and beyond it a level, a ramp, or both.
fn draw_schedule(random: &mut Rng, warmup: Nanos) -> Schedule {
    let process = [Process::Poisson, Process::Constant][random.usize(..2)];
    let first = random.f64() * 3_000.0 + 10.0;
    let second = random.f64() * 3_000.0 + 10.0;
    let ramp = Stretch {
        length: millis(random, 1, 200),
        from_per_s: first,
        to_per_s: second,
    };
    let mut stretches = vec![Stretch::level(warmup, first)];
    if random.bool() {
        stretches.push(ramp);
    }
    stretches.push(Stretch::level(Nanos::from_secs(10), second));
    Schedule { process, stretches }
}

/// Where any message passes for an answer, a server that sends two for one has the closed loop
/// send twice as much each time around, without end. Rarely is enough.
fn tame(plan: &PlanSpec, scenario: &mut Scenario) {
    let tells_apart =
        plan.clients.exchange.verify == Verify::Full && plan.clients.exchange.payload.is_tagged();
    if let (false, Some(answers)) = (tells_apart, &mut scenario.server.answers) {
        answers.nth = answers.nth.max(50);
    }
}

/// Compression and fragments, drawn last: what was drawn before them stays what it was.
fn compress(random: &mut Rng, plan: &mut PlanSpec, scenario: &mut Scenario) {
    let wish = Wish {
        server_no_takeover: random.bool(),
        client_no_takeover: random.bool(),
        server_bits: WindowBits::new(random.u8(..16)),
        client_bits: WindowBits::new(random.u8(..16)),
    };
    if one_in(random, 6) {
        plan.clients.compression = Some(Compression { wish, level: 1 });
    }
    if random.bool() {
        scenario.server.compression = Some(Wish::default());
    }
    if one_in(random, 4) {
        plan.clients.fragment = Some(
            random
                .u32(1..100)
                .max(plan.clients.exchange.payload.max_len() as u32 / 20),
        );
    }
}

fn draw_plan(random: &mut Rng, seed: u64) -> PlanSpec {
    let stop = match random.u8(..3) {
        0 => StopRule::Messages(random.u64(1..=300)),
        1 => StopRule::Duration(millis(random, 1, 120)),
        _ => StopRule::Clients(random.u64(1..=40)),
    };
    let lifetime = match stop {
        StopRule::Clients(_) => Lifetime::Replaced {
            round_trips: random.u32(1..=8),
        },
        StopRule::Messages(_) | StopRule::Duration(_) => Lifetime::Held,
    };
    let mut plan = plan(random.u32(1..=8), 1, stop);
    plan.seed = seed;
    plan.clients.lifetime = lifetime;
    if random.bool() {
        let depth = random.u32(2..=8);
        plan.clients.arrival = Arrival::Closed { depth };
    }
    if one_in(random, 3) && !plan.replaces_clients() {
        plan.warmup.least = millis(random, 1, 60);
    }
    if one_in(random, 4) && !plan.replaces_clients() {
        plan.warmup.least = Nanos::from_millis(500);
        plan.warmup.at_most = Some(millis(random, 501, 2_000));
    }
    plan.clients.exchange.payload = draw_payload(random);
    plan.clients.exchange.verify = match random.u8(..6) {
        0 => Verify::Length,
        1 => Verify::None,
        _ => Verify::Full,
    };
    plan.connect.timeout = millis(random, 20, 400);
    if one_in(random, 5) {
        plan.connect.rate_per_s = Some(random.f64() * 2_000.0 + 20.0);
    }
    plan.clients.timeout = millis(random, 10, 400);
    plan.interval = millis(random, 20, 200);
    plan.raw_log = random.bool();
    plan.clients.think = one_in(random, 4).then(|| {
        let least = Nanos(random.u64(..3_000_000) * random.u64(..2));
        let most = least + Nanos(random.u64(1..10_000_000));
        Think { least, most }
    });
    plan.clients.keep_alive = one_in(random, 4).then(|| millis(random, 2, 100));
    plan
}

fn draw_payload(random: &mut Rng) -> Payload {
    let encoding = if random.bool() {
        Encoding::Text
    } else {
        Encoding::Binary
    };
    if one_in(random, 8) {
        let bytes: &[u8] = [&b""[..], b"hello", "grüße".as_bytes()][random.usize(..3)];
        let bytes = bytes.into();
        return Payload::Fixed { encoding, bytes };
    }
    let longest = [0, 30, 100, 3_000, 70_000][random.usize(..5)];
    let max = random.u32(0..=longest).max(longest.min(30));
    Payload::Generated {
        encoding,
        min: random.u32(0..=max),
        max,
        ascii: random.bool(),
    }
}

/// Messages are cut into no more than some forty pieces: it is the places that matter.
fn draw_network(random: &mut Rng, longest: usize) -> Network {
    let connects = one_in(random, 6).then(|| Every {
        nth: random.u64(1..=5),
        fault: [
            ConnectFault::Refused,
            ConnectFault::Swallowed,
            ConnectFault::Unreachable,
            ConnectFault::OutOfDescriptors,
            ConnectFault::OutOfPorts,
        ][random.usize(..5)],
    });
    Network {
        latency: Nanos(random.u64(30_000..2_000_000)),
        slower_back: Nanos::ZERO,
        jitter: Nanos(random.u64(..500_000) * random.u64(..2)),
        segment: [usize::MAX, 1_500, 40, 3][random.usize(..4)].max(longest / 20),
        send_room: [usize::MAX, usize::MAX, 4_000, 500, 7][random.usize(..5)].max(longest / 20),
        receive_room: usize::MAX,
        retransmission: one_in(random, 8).then(|| Every {
            nth: random.u64(10..100),
            fault: millis(random, 1, 200),
        }),
        connects,
    }
}

fn draw_machine(random: &mut Rng) -> Machine {
    Machine {
        clock_reading: Nanos(random.u64(1..=40)),
        system_call: Nanos(random.u64(..5_000) * random.u64(..2)),
        timer_slack: Nanos(random.u64(..1_000_000) * random.u64(..2)),
        shuffles: random.bool(),
        pause: one_in(random, 10).then(|| Pause {
            at: millis(random, 0, 200),
            length: millis(random, 1, 300),
        }),
    }
}

fn draw_server(random: &mut Rng) -> Server {
    let mean = Nanos(random.u64(..3_000_000) / random.u64(1..=100));
    Server {
        service: if random.bool() {
            ServiceTime::Constant(mean)
        } else {
            ServiceTime::Exponential(mean)
        },
        queue: if random.bool() {
            Queue::Parallel
        } else {
            Queue::Fifo
        },
        stall: one_in(random, 8).then(|| PeriodicStall {
            period: millis(random, 40, 200),
            length: millis(random, 1, 39),
        }),
        compression: None,
        opening: one_in(random, 5).then(|| Every {
            nth: random.u64(1..=4),
            fault: draw_opening(random),
        }),
        silent: one_in(random, 10).then(|| Every {
            nth: random.u64(1..=4),
            fault: (),
        }),
        is_deaf_to_pings: one_in(random, 10),
        answers: one_in(random, 2).then(|| Every {
            nth: random.u64(1..=20),
            fault: draw_answer(random),
        }),
        broadcast: None,
        acks: None,
        streams: None,
        pushes: None,
        unsent: Unsent::Kept,
        disruption: one_in(random, 4).then(|| Disruption {
            at_message: random.u64(1..=20),
            how: draw_cut(random),
        }),
        ending: draw_ending(random),
        course: None,
        outages: draw_outages(random),
        bucket: one_in(random, 8).then(|| Bucket {
            interval: Nanos(random.u64(1_000..1_000_000)),
            burst: random.u32(1..=50),
            drops: random.bool(),
        }),
        accept: one_in(random, 8).then(|| Nanos(random.u64(..2_000_000))),
    }
}

fn draw_opening(random: &mut Rng) -> OpeningFault {
    match random.u8(..16) {
        0 => OpeningFault::Slow(Nanos(random.u64(..2_000_000))),
        1 => OpeningFault::WithPing,
        2 => OpeningFault::WithMessage,
        3 => OpeningFault::WithClose(1013),
        4 => OpeningFault::WithBrokenFrame,
        5 => OpeningFault::WrongAccept,
        6 => OpeningFault::MissingAccept,
        7 => OpeningFault::Subprotocol,
        8 => OpeningFault::Extension,
        9 => OpeningFault::Status([200, 302, 401, 404, 426, 503][random.usize(..6)]),
        10 => OpeningFault::Garbage,
        11 => OpeningFault::Endless,
        12 => OpeningFault::Silence,
        13 => OpeningFault::Closed,
        14 => OpeningFault::Reset,
        _ => OpeningFault::CutHead,
    }
}

fn draw_answer(random: &mut Rng) -> AnswerFault {
    match random.u8(..14) {
        0 => AnswerFault::Dropped,
        1 => AnswerFault::Duplicated,
        2 => AnswerFault::Swapped,
        3 => AnswerFault::WrongBytes,
        4 => AnswerFault::WrongOpcode,
        5 => AnswerFault::Fragmented,
        6 => AnswerFault::Split,
        7 => AnswerFault::Merged,
        8 => AnswerFault::Pong,
        9 => AnswerFault::CrossTalk,
        10 => AnswerFault::Late(millis(random, 0, 500)),
        11 => AnswerFault::Reencoded,
        12 => AnswerFault::Unasked,
        _ => AnswerFault::Broken(draw_breach(random)),
    }
}

fn draw_breach(random: &mut Rng) -> Breach {
    [
        Breach::Masked,
        Breach::ReservedBit,
        Breach::UnknownOpcode,
        Breach::LongControl,
        Breach::FragmentedControl,
        Breach::StrayContinuation,
        Breach::Interleaved,
        Breach::LengthTooLarge,
        Breach::MessageTooLong,
        Breach::NonMinimalLength,
        Breach::ShortClose,
        Breach::BadCloseCode,
    ][random.usize(..12)]
}

fn draw_cut(random: &mut Rng) -> Cut {
    [
        Cut::Close(1000),
        Cut::Close(1011),
        Cut::CloseWithoutCode,
        Cut::CloseAndFin(1001),
        Cut::Fin,
        Cut::HalfClose,
        Cut::Reset,
        Cut::ResetMidFrame,
        Cut::Stalled,
    ][random.usize(..9)]
}

fn draw_ending(random: &mut Rng) -> Ending {
    [
        Ending::Proper,
        Ending::Proper,
        Ending::Proper,
        Ending::Proper,
        Ending::NoFin,
        Ending::NoReply,
        Ending::Reset,
        Ending::Silence,
    ][random.usize(..8)]
}

fn draw_outages(random: &mut Rng) -> Vec<Outage> {
    if !one_in(random, 6) {
        return Vec::new();
    }
    let from = millis(random, 0, 200);
    let death = [Death::Process, Death::ProcessWithReset, Death::Machine][random.usize(..3)];
    let until = random
        .bool()
        .then(|| from + millis(random, 1, 500))
        .map(|until| until.max(from));
    vec![Outage { from, until, death }]
}

fn one_in(random: &mut Rng, of: u32) -> bool {
    random.u32(..of) == 0
}

fn millis(random: &mut Rng, from: u64, to: u64) -> Nanos {
    Nanos(random.u64(from * 1_000_000..=to * 1_000_000))
}
