//! Results of runs whose figures are known to the digit: on simulated time, of a plan and a server
//! each. Every kind of fault and every part of a document is in some of them.

use std::collections::BTreeMap;

use wsbench_judge::judged;
use wsbench_load::arrival::{Process, Schedule, Stretch};
use wsbench_load::corpus::Corpus;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Arrival, ClockProbe, Compression, Encoding, Flow, Header, Lifetime, Payload, Plan, PlanSpec,
    Pushes, StopRule, Think, Timestamps, Upgrade, Verify, Wish,
};
use wsbench_load::template::Template;
use wsbench_record::document::{self, Floor, Host, Record, RunContext, Server};
use wsbench_record::gate::Stamp;
use wsbench_simulate::{
    AnswerFault, ConnectFault, Cut, Death, Disruption, Ending, Every, OpeningFault, Outage, Pause,
    PeriodicStall, Pushing, Queue, Scenario, ServiceTime, ToAll,
};

use super::flags::Flags;

/// The text of the document of a run on simulated time: the one place that says how it is made.
fn document_of(
    plan: &PlanSpec,
    scenario: Scenario,
    stop_at: Option<Nanos>,
    is_known: bool,
) -> String {
    let context = if is_known { known() } else { plain() };
    let result = wsbench_simulate::run(&checked(plan), scenario, stop_at);
    document::write(&judged(Record::of(&result, plan, &context, &Flags), &Flags))
}

fn checked(spec: &PlanSpec) -> Plan {
    spec.clone().check().expect("a plan of ours is right")
}

fn millis(count: u64) -> Nanos {
    Nanos::from_millis(count)
}

/// Around a run of which little is known.
fn plain() -> RunContext {
    RunContext {
        command: "wsbench ws://simulated/".to_owned(),
        tool_version: "0.1.0".to_owned(),
        ..RunContext::default()
    }
}

/// Around a run of which all is known.
fn known() -> RunContext {
    let server: Server = from_json(
        r#"{"counted":"started","pid":4711,"replaced":false,"processes":3,"processes_ended":1,
        "threads":9,"cpu_us_per_message":12.5,"cpu_user_us_per_message":8.25,
        "cpu_system_us_per_message":4.25,"messages_per_cpu_s":80000.0,"cpu_share":0.75,
        "busiest_thread_share":0.5,"voluntary_switches_per_message":0.9,
        "involuntary_switches_per_message":0.01,"watched_s":2.05,"rss_at_opening_bytes":30000000,
        "rss_bytes":31000000,"rss_peak_bytes":32000000,"pss_at_opening_bytes":29000000,
        "pss_bytes":29500000,"bytes_per_connection":4096.0}"#,
    );
    let host: Host = from_json(
        r#"{"os":"linux x86_64","kernel":"6.18.0","cpus":8,"cpu_model":"Example 9000",
        "memory_bytes":16000000000,"congestion_control":"cubic","descriptors":1024,
        "first_port":32768,"last_port":60999,"somaxconn":4096,"max_syn_backlog":512,
        "tcp_tw_reuse":2,"time_wait":17,"conntrack_count":100,"conntrack_max":65536,
        "clock_source":"hpet","turbo":true,"smt":true,"hypervisor":true,"steal_share":0.02}"#,
    );
    let stamp: Stamp = from_json(
        r#"{"counts":{"ok":58,"non_strict":2,"failed":1,"declined":3,"skipped":0},
        "failed":["close-code-1005"]}"#,
    );
    RunContext {
        command: "wsbench --exec './server' -H 'Authorization: (withheld)' ws://simulated/".into(),
        loopback: true,
        embedded_server: false,
        host,
        conformance: Some(stamp),
        server: Some(server),
        generator_bytes_per_connection: Some(2_048.0),
        floor: Some(Floor {
            p50: 17_000,
            p99: 41_000,
        }),
        ..plain()
    }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a part of a document")
}

/// A plan for two seconds, 250 ms an interval.
fn plan(connections: u32, depth: u32) -> PlanSpec {
    PlanSpec::against("ws://simulated/".parse().expect("a target")).with(|spec| {
        spec.clients.connections = connections;
        spec.clients.arrival = Arrival::Closed { depth };
        spec.stop = StopRule::Duration(millis(2_000));
        spec.warmup.least = millis(200);
        spec.interval = millis(250);
        spec.seed = 7;
    })
}

fn open(process: Process, stretches: Vec<Stretch>, max_in_flight: u32) -> Arrival {
    let schedule = Schedule { process, stretches };
    Arrival::Open {
        schedule,
        max_in_flight,
    }
}

fn level(per_s: f64) -> Vec<Stretch> {
    vec![Stretch::level(Nanos::from_secs(60), per_s)]
}

/// A server that takes half a millisecond at random, all at once or one after the other.
fn server(queue: Queue) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.server.service = ServiceTime::Exponential(Nanos::from_micros(500));
    scenario.server.queue = queue;
    scenario
}

fn faulty(change: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut scenario = server(Queue::Parallel);
    change(&mut scenario);
    scenario
}

fn outage(from: Nanos, until: Option<Nanos>, death: Death) -> Scenario {
    faulty(|of| of.server.outages = vec![Outage { from, until, death }])
}

fn answering(nth: u64, fault: AnswerFault) -> Scenario {
    faulty(|of| of.server.answers = Some(Every { nth, fault }))
}

/// Collects documents by name.
#[derive(Default)]
struct Made(BTreeMap<&'static str, String>);

impl Made {
    fn put(&mut self, name: &'static str, plan: &PlanSpec, scenario: Scenario) {
        let text = document_of(plan, scenario, None, false);
        assert!(self.0.insert(name, text).is_none(), "{name} twice");
    }
}

/// The documents by name, as texts.
pub(crate) fn results() -> BTreeMap<&'static str, String> {
    let mut made = Made::default();
    closed_loops(&mut made);
    open_loops(&mut made);
    payloads(&mut made);
    faults(&mut made);
    deaths(&mut made);
    pushes(&mut made);
    let mut known = plan(8, 4);
    known.name = Some("all of it <is> known | here".to_owned());
    known.upgrade = Upgrade {
        headers: vec![
            Header::new("Authorization", "Bearer secret"),
            Header::new("X-Tenant", "7"),
        ],
        subprotocols: vec!["graphql-ws".to_owned(), "chat".to_owned()],
        origin: Some("https://a.example".to_owned()),
    };
    known.cpus = vec![0];
    let text = document_of(&known, server(Queue::Fifo), None, true);
    made.0.insert("known", text);
    let text = document_of(&plan(8, 1), server(Queue::Fifo), Some(millis(900)), false);
    made.0.insert("interrupted", text);
    made.0
}

fn closed_loops(made: &mut Made) {
    made.put("closed", &plan(16, 1), server(Queue::Parallel));
    made.put("deep", &plan(4, 16), server(Queue::Fifo));
    let mut few = plan(4, 1);
    few.stop = StopRule::Messages(320);
    few.timestamps = Timestamps::User;
    made.put("few", &few, server(Queue::Parallel));
    let mut clients = plan(8, 2);
    clients.stop = StopRule::Clients(200);
    clients.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
    clients.warmup.least = Nanos::ZERO;
    made.put("clients", &clients, server(Queue::Parallel));
    let mut thinking = plan(8, 2);
    thinking.clients.think = Some(Think {
        least: Nanos::ZERO,
        most: millis(20),
    });
    made.put("thinking", &thinking, server(Queue::Parallel));
    let mut settling = plan(8, 1);
    settling.warmup.least = millis(500);
    settling.warmup.at_most = Some(millis(4_000));
    made.put("settling", &settling, server(Queue::Parallel));
    let mut kept = plan(8, 1);
    kept.clients.keep_alive = Some(millis(100));
    kept.connect.rate_per_s = Some(50.0);
    made.put("kept_alive", &kept, server(Queue::Parallel));
}

/// Messages of a server whose clock is ahead, and which tells it.
fn pushes(made: &mut Made) {
    let at = |place: &str| place.parse().ok();
    let mut pushed = plan(8, 1);
    pushed.clients.exchange.flow = Flow::Push(Pushes {
        stamp: at("json:/E:ns"),
        sequence: "json:/u".parse().ok(),
        clock: at("json:/now:ns").map(|stamp| ClockProbe {
            ask: r#"{"time":1}"#.to_owned(),
            stamp,
        }),
    });
    let pushing = faulty(|of| {
        of.server.pushes = Some(Pushing {
            every: millis(10),
            to: ToAll {
                each: Nanos::from_micros(20),
                ..ToAll::default()
            },
            clock_ahead: millis(5),
        });
    });
    made.put("pushed", &pushed, pushing);
}

fn open_loops(made: &mut Made) {
    let mut poisson = plan(8, 1);
    poisson.clients.arrival = open(Process::Poisson, level(1_000.0), 1_024);
    made.put("open", &poisson, server(Queue::Fifo));
    let mut over = plan(8, 1);
    over.clients.arrival = open(Process::Constant, level(3_000.0), 8);
    made.put("overloaded", &over, server(Queue::Fifo));
    let mut staged = plan(8, 1);
    let ramp = Stretch {
        length: millis(1_000),
        from_per_s: 200.0,
        to_per_s: 1_600.0,
    };
    let stretches = vec![
        Stretch::level(millis(700), 200.0),
        ramp,
        Stretch::level(millis(500), 800.0),
    ];
    staged.clients.arrival = open(Process::Poisson, stretches, 1_024);
    made.put("staged", &staged, server(Queue::Fifo));
    let paused = faulty(|of| {
        of.machine.pause = Some(Pause {
            at: millis(1_200),
            length: millis(300),
        });
    });
    made.put("paused", &poisson, paused);
    let stalled = faulty(|of| {
        of.server.stall = Some(PeriodicStall {
            period: millis(500),
            length: millis(100),
        });
    });
    made.put("stalled", &poisson, stalled);
}

fn payloads(made: &mut Made) {
    let mut binary = plan(4, 2);
    binary.clients.exchange.payload = Payload::Generated {
        encoding: Encoding::Binary,
        min: 64,
        max: 4_096,
        ascii: false,
    };
    binary.clients.exchange.verify = Verify::Length;
    made.put("binary", &binary, server(Queue::Parallel));
    let mut compressed = plan(4, 2);
    let lines = b"{\"a\": 1}\n{\"b\": 22}\n{\"c\": [333, 4444]}\n".to_vec();
    compressed.clients.exchange.payload = Payload::Corpus {
        encoding: Encoding::Text,
        corpus: Corpus::new("lines", lines, 1 << 16)
            .expect("a corpus")
            .into(),
    };
    compressed.clients.compression = Some(Compression::default());
    let knowing = faulty(|of| of.server.compression = Some(Wish::default()));
    made.put("compressed", &compressed, knowing);
    made.put("declined", &compressed, server(Queue::Parallel));
    let mut templated = plan(4, 2);
    let template = Template::parse(r#"{"id":{id},"seq":{seq},"n":"{rand:hex:8}"}"#);
    templated.clients.exchange.payload = Payload::Template {
        encoding: Encoding::Text,
        template: template.expect("a template").into(),
    };
    made.put("templated", &templated, server(Queue::Parallel));
    let mut fixed = plan(4, 2);
    fixed.clients.exchange.payload = Payload::Fixed {
        encoding: Encoding::Text,
        bytes: "grüße".as_bytes().into(),
    };
    fixed.clients.fragment = Some(3);
    made.put("fixed", &fixed, server(Queue::Parallel));
}

fn faults(made: &mut Made) {
    made.put("wrong", &plan(4, 2), answering(50, AnswerFault::WrongBytes));
    made.put("dropped", &plan(4, 4), answering(90, AnswerFault::Dropped));
    made.put("swapped", &plan(4, 4), answering(40, AnswerFault::Swapped));
    made.put(
        "doubled",
        &plan(4, 2),
        answering(70, AnswerFault::Duplicated),
    );
    let refusing = faulty(|of| {
        of.network.connects = Some(Every {
            nth: 3,
            fault: ConnectFault::Refused,
        });
        of.server.opening = Some(Every {
            nth: 2,
            fault: OpeningFault::Status(503),
        });
        of.server.ending = Ending::NoReply;
    });
    made.put("refusing", &plan(8, 1), refusing);
    let silent = faulty(|of| of.server.silent = Some(Every::all(())));
    let mut impatient = plan(4, 1);
    impatient.clients.timeout = millis(400);
    made.put("silent", &impatient, silent);
    let cutting = faulty(|of| {
        of.server.disruption = Some(Disruption {
            at_message: 100,
            how: Cut::Close(1011),
        });
    });
    made.put("cutting", &plan(4, 1), cutting);
}

fn deaths(made: &mut Made) {
    let nobody = faulty(|of| of.network.connects = Some(Every::all(ConnectFault::Refused)));
    made.put("nobody", &plan(4, 1), nobody);
    let dead = outage(millis(1_000), None, Death::Process);
    made.put("dead", &plan(4, 1), dead);
    let back = outage(millis(800), Some(millis(1_300)), Death::ProcessWithReset);
    made.put("back", &plan(4, 1), back);
}
