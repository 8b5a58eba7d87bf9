//! Flags → Plan, asserted by value.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use proptest::prelude::*;
use wsbench_load::corpus::Corpus;
use wsbench_load::plan::{
    Compression, Connect, Encoding, Family, Header, Payload, Promise, Sessions, Stay, Timestamps,
    Tls, Upgrade, Verify, WindowBits, Wish,
};

use super::*;
use crate::command_line::Cli;
use crate::legacy::{self, Legacy};
use wsbench::quantity::MAX_MESSAGE_BYTES;
use wsbench::target::target;
use wsbench_load::arrival::Process;

const SEED: u64 = 7;

fn machine(cpus: &[usize]) -> Surroundings {
    Surroundings {
        cpus: cpus.to_vec(),
        random_seed: SEED,
    }
}

/// The order of a command line without its program name, on a machine with four cores.
fn order_of(words: &[&str]) -> Result<RunOrder, UsageError> {
    order_on(words, &machine(&[0, 1, 2, 3]))
}

fn order_on(words: &[&str], surroundings: &Surroundings) -> Result<RunOrder, UsageError> {
    let words = std::iter::once("wsbench").chain(words.iter().copied());
    let cli = Cli::try_parse_from(words).unwrap();
    order(&cli.measure, surroundings)
}

/// The plan of a command line that names its server.
fn plan_of(words: &[&str]) -> Plan {
    let order = order_of(words).unwrap();
    let ServerUnderTest::At(target) = order.server.clone() else {
        panic!("no server is named in {words:?}");
    };
    order.plan_against(target).unwrap()
}

/// The plan of `wsbench localhost:3000`, on a machine with four cores.
fn default_plan() -> Plan {
    PlanSpec::against(target("localhost:3000").unwrap())
        .with(|spec| {
            spec.clients.connections = 64;
            spec.warmup.least = Nanos::from_secs(1);
            spec.threads = 2;
            spec.seed = SEED;
            spec.interval = Nanos::from_millis(250);
        })
        .check()
        .unwrap()
}

fn generated(encoding: Encoding, min: u32, max: u32) -> Payload {
    Payload::Generated {
        encoding,
        min,
        max,
        ascii: false,
    }
}

fn fixed(encoding: Encoding, bytes: &[u8]) -> Payload {
    Payload::Fixed {
        encoding,
        bytes: Arc::from(bytes),
    }
}

#[test]
fn a_url_alone_is_a_whole_plan() {
    assert_eq!(plan_of(&["localhost:3000"]), default_plan());
}

#[test]
fn the_habits_of_other_tools_work() {
    let plan = plan_of(&["-t4", "-c256", "-d30s", "ws://localhost:3000/"]);
    let expected = default_plan()
        .edited(|spec| {
            spec.threads = 4;
            spec.clients.connections = 256;
            spec.stop = StopRule::Duration(Nanos::from_secs(30));
            spec.interval = Nanos::from_millis(750);
        })
        .unwrap();
    assert_eq!(plan, expected);
    assert_eq!(
        plan_of(&["-z", "30s", "-c", "256", "-t", "4", "localhost:3000"]),
        expected
    );
}

/// First lines of what other tools say of themselves, with the URL of a WebSocket.
#[test]
fn first_lines_of_other_tools_make_the_load_that_they_mean() {
    let url = "ws://localhost:3000/";
    let lines = [
        ("wrk2", "-t2 -c100 -d30s -R2000"),
        ("autocannon", "-c 100 -d 40 -p 10"),
        ("tcpkali", "-c 100 -m PING --connect-rate 50"),
        ("websocat", ""),
        ("oha", "-z 10s -c 100"),
        ("hey", "-n 200 -c 100"),
    ];
    let plans = lines.map(|(_, line)| {
        plan_of(&[&line.split_whitespace().collect::<Vec<_>>()[..], &[url]].concat())
    });
    let [wrk2, autocannon, tcpkali, websocat, oha, hey] = plans;
    assert_eq!(
        wrk2.clients.arrival,
        plan_of(&["--rate", "2k", url]).clients.arrival
    );
    assert_eq!(autocannon.clients.arrival, Arrival::Closed { depth: 10 });
    assert_eq!(autocannon.stop, StopRule::Duration(Nanos::from_secs(40)));
    assert_eq!(websocat, default_plan());
    assert_eq!(oha.stop, StopRule::Duration(Nanos::from_secs(10)));
    assert_eq!(hey.stop, plan_of(&["-n", "200", url]).stop);
    for plan in [wrk2, autocannon, tcpkali, oha, hey] {
        assert_eq!(plan.clients.connections, 100);
    }
}

#[test]
fn every_flag_has_its_place_in_the_plan() {
    let plan = plan_of(&[
        "ws://example.com/chat?a=b",
        "-c",
        "1k",
        "-n",
        "10k",
        "-p",
        "16",
        "--think",
        "0..2s",
        "--warmup",
        "2s",
        "-s",
        "64..4k",
        "--binary",
        "--verify",
        "len",
        "-H",
        "X-Tenant: 7",
        "-H",
        "X-Two: 2",
        "--subprotocol",
        "graphql-ws",
        "--subprotocol",
        "chat",
        "--origin",
        "https://a.example",
        "--connect-rate",
        "1k/s",
        "--connect-timeout",
        "3s",
        "-4",
        "--threads",
        "3",
        "--pin",
        "2-3",
        "--timeout",
        "4s",
        "--seed=42",
        "--name",
        "mine",
        "--log",
        "raw.csv",
    ]);
    let expected = PlanSpec::against(target("ws://example.com/chat?a=b").unwrap())
        .with(|spec| {
            spec.name = Some("mine".to_owned());
            spec.clients.connections = 1_000;
            spec.clients.arrival = Arrival::Closed { depth: 16 };
            spec.clients.think = Some(Think {
                least: Nanos::ZERO,
                most: Nanos::from_secs(2),
            });
            spec.stop = StopRule::Messages(10_000);
            spec.warmup.least = Nanos::from_secs(2);
            spec.clients.exchange.payload = generated(Encoding::Binary, 64, 4_096);
            spec.clients.exchange.verify = Verify::Length;
            spec.upgrade = Upgrade {
                headers: vec![Header::new("X-Tenant", "7"), Header::new("X-Two", "2")],
                subprotocols: vec!["graphql-ws".to_owned(), "chat".to_owned()],
                origin: Some("https://a.example".to_owned()),
            };
            spec.connect = Connect {
                rate_per_s: Some(1_000.0),
                timeout: Nanos::from_secs(3),
                family: Family::V4,
                ..Connect::default()
            };
            spec.tls = Tls::default();
            spec.clients.timeout = Nanos::from_secs(4);
            spec.threads = 3;
            spec.cpus = vec![2, 3];
            spec.seed = 42;
            spec.interval = Nanos::from_millis(100);
            spec.raw_log = true;
        })
        .check()
        .unwrap();
    assert_eq!(plan, expected);
}

#[test]
fn compression_and_fragments_reach_the_plan() {
    let words = "--compress=client-no-takeover,server-bits=10,level=1";
    let plan = plan_of(&[words, "--fragment", "1k", "localhost:3000"]);
    let wish = Wish {
        client_no_takeover: true,
        server_bits: WindowBits::new(10),
        ..Wish::default()
    };
    let expected = default_plan()
        .edited(|spec| {
            spec.clients.compression = Some(Compression { wish, level: 1 });
            spec.clients.fragment = Some(1_024);
        })
        .unwrap();
    assert_eq!(plan, expected);
    // Without words, and without taking the URL for one.
    let plan = plan_of(&["--compress", "localhost:3000"]);
    assert_eq!(plan.clients.compression, Some(Compression::default()));
}

#[test]
fn a_corpus_is_read_or_made_and_says_how_long_messages_are() {
    let payload = |words: &[&str]| plan_of(words).clients.exchange.payload.clone();
    let corpus = |payload: Payload| match payload {
        Payload::Corpus { encoding, corpus } => (encoding, corpus),
        other => panic!("{other:?}"),
    };
    let (encoding, made) = corpus(payload(&["--corpus", "builtin", "--seed", "5", "h:1"]));
    assert_eq!((encoding, &*made), (Encoding::Text, &Corpus::builtin(5)));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"one\ntw\xff\n").unwrap();
    let path = file.path().to_str().unwrap();
    let (_, read) = corpus(payload(&["--corpus", path, "--binary", "h:1"]));
    assert_eq!((read.len(), read.line(0)), (2, &b"one"[..]));
    assert!(matches!(
        order_of(&["--corpus", path, "h:1"]),
        Err(UsageError::CorpusIsNotText { offset: 6, .. })
    ));
    assert!(matches!(
        order_of(&["--corpus", "builtin", "-s", "100", "h:1"]),
        Err(UsageError::CorpusAnd { flag: "--size" })
    ));
    assert!(matches!(
        order_of(&["--corpus", "/nowhere/at/all", "h:1"]),
        Err(UsageError::CorpusUnreadable { .. })
    ));
}

#[test]
fn the_replacement_model_has_five_round_trips_and_no_warm_up() {
    let plan = plan_of(&["--clients", "1000", "localhost:3000"]);
    let expected = default_plan()
        .edited(|spec| {
            spec.stop = StopRule::Clients(1_000);
            spec.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
            spec.warmup.least = Nanos::ZERO;
            spec.interval = Nanos::from_millis(100);
        })
        .unwrap();
    assert_eq!(plan, expected);
}

#[test]
fn there_are_never_more_connections_than_clients() {
    let plan = plan_of(&["--clients", "10", "-c", "64", "-t", "20", "localhost:3000"]);
    assert_eq!((plan.clients.connections, plan.threads), (10, 10));
}

#[test]
fn the_older_command_line_has_its_own_defaults() {
    let words: Vec<OsString> = ["wsbench", "--n=1000"].map(OsString::from).to_vec();
    assert!(legacy::is_legacy(&words));
    let measure = Legacy::try_parse_from(words)
        .unwrap()
        .into_measure()
        .unwrap();
    assert_eq!(measure.log.log.as_deref(), Some(Path::new("./log.txt")));
    let order = order(&measure, &machine(&[0, 1, 2, 3])).unwrap();
    let plan = order
        .plan_against(target("localhost:3000").unwrap())
        .unwrap();
    let expected = default_plan()
        .edited(|spec| {
            spec.stop = StopRule::Clients(1_000);
            spec.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
            spec.warmup.least = Nanos::ZERO;
            spec.interval = Nanos::from_millis(100);
            spec.clients.exchange.payload = Payload::Generated {
                encoding: Encoding::Text,
                min: 30,
                max: 30,
                ascii: true,
            };
            spec.raw_log = true;
        })
        .unwrap();
    assert_eq!(plan, expected);
}

#[test]
fn every_flag_of_the_older_command_line_is_obeyed() {
    let words = [
        "wsbench",
        "--h",
        "example.com/chat",
        "--n",
        "20",
        "--c=4",
        "--r",
        "7",
        "--s=100",
        "--l",
        "/tmp/x.csv",
        "--seed",
        "42",
        "-o",
        "run.json",
    ];
    let measure = Legacy::try_parse_from(words)
        .unwrap()
        .into_measure()
        .unwrap();
    assert_eq!(measure.log.log.as_deref(), Some(Path::new("/tmp/x.csv")));
    assert_eq!(
        measure.output.output.as_deref(),
        Some(Path::new("run.json"))
    );
    let order = order(&measure, &machine(&[0])).unwrap();
    let plan = order.plan_against(measure.url.clone().unwrap()).unwrap();
    assert_eq!(plan.target.url(), "ws://example.com/chat");
    assert_eq!(plan.clients.connections, 4);
    assert_eq!(plan.seed, 42);
    let stop = StopRule::Clients(20);
    assert_eq!((plan.stop, plan.clients.round_trips()), (stop, Some(7)));
    assert_eq!(plan.clients.exchange.payload.max_len(), 100);
}

#[test]
fn a_fixed_message_is_text_unless_told_otherwise() {
    let payload = |words: &[&str]| {
        plan_of(&[words, &["localhost:1"]].concat())
            .clients
            .exchange
            .payload
            .clone()
    };
    assert_eq!(
        payload(&["-m", "héllo"]),
        fixed(Encoding::Text, "héllo".as_bytes())
    );
    assert_eq!(payload(&["-m", "-5"]), fixed(Encoding::Text, b"-5"));
    assert_eq!(
        payload(&["-m", "", "--binary"]),
        fixed(Encoding::Binary, b"")
    );
    assert_eq!(payload(&["-s", "0"]), generated(Encoding::Text, 0, 0));
}

#[test]
fn a_file_is_binary_unless_told_otherwise() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all("héllo".as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let payload = |words: &[&str]| {
        plan_of(&[words, &["-f", &path, "localhost:1"]].concat())
            .clients
            .exchange
            .payload
            .clone()
    };
    assert_eq!(payload(&[]), fixed(Encoding::Binary, "héllo".as_bytes()));
    assert_eq!(
        payload(&["--text"]),
        fixed(Encoding::Text, "héllo".as_bytes())
    );
    file.write_all(b"\xff").unwrap();
    let refused = order_of(&["-f", &path, "--text", "localhost:1"]).unwrap_err();
    assert!(
        matches!(refused, UsageError::FileIsNotText { offset: 6, .. }),
        "{refused}"
    );
    file.as_file().set_len(MAX_MESSAGE_BYTES + 1).unwrap();
    let refused = order_of(&["-f", &path, "localhost:1"]).unwrap_err();
    assert!(
        matches!(refused, UsageError::FileTooLarge { .. }),
        "{refused}"
    );
}

#[test]
fn busy_polling_and_whose_stamps_reach_the_plan() {
    let expected = |busy_poll, timestamps| {
        default_plan()
            .edited(|spec| {
                spec.busy_poll = busy_poll;
                spec.timestamps = timestamps;
            })
            .unwrap()
    };
    let plan = plan_of(&["localhost:3000"]);
    assert_eq!(plan, expected(false, Timestamps::Auto));
    let plan = plan_of(&["--busy-poll", "localhost:3000"]);
    assert_eq!(plan, expected(true, Timestamps::Auto));
    for (whose, timestamps) in [
        ("kernel", Timestamps::Kernel),
        ("user", Timestamps::User),
        ("auto", Timestamps::Auto),
    ] {
        let plan = plan_of(&["--timestamps", whose, "localhost:3000"]);
        assert_eq!(plan, expected(false, timestamps));
    }
    let both = [
        "--busy-poll",
        "--pace",
        "spin",
        "-R",
        "10",
        "localhost:3000",
    ];
    assert!(matches!(order_of(&both), Err(UsageError::BusyPollAndPace)));
}

#[test]
fn the_machine_is_shared_with_a_server_on_it() {
    let cores = |url: &str, cpus: &[usize]| {
        let order = order_on(&[url], &machine(cpus)).unwrap();
        let plan = order.plan_against(target(url).unwrap()).unwrap();
        (plan.threads, plan.cpus.clone())
    };
    assert_eq!(cores("localhost:1", &[0, 1, 2, 3]), (2, vec![]));
    assert_eq!(cores("localhost:1", &[0]), (1, vec![]));
    assert_eq!(cores("example.com:1", &[0, 1, 2, 3]), (4, vec![]));
}

#[test]
fn the_embedded_server_has_cores_of_its_own() {
    let cores = |words: &[&str], cpus: &[usize]| {
        let order = order_on(words, &machine(cpus)).unwrap();
        let ServerUnderTest::Embedded(server) = order.server.clone() else {
            panic!("a server is named in {words:?}");
        };
        let plan = order.plan_against(target("127.0.0.1:1").unwrap()).unwrap();
        (
            (plan.threads, plan.cpus.clone()),
            (server.threads, server.cpus),
        )
    };
    assert_eq!(cores(&[], &[0, 1]), ((1, vec![0]), (1, vec![1])));
    assert_eq!(
        cores(&[], &[0, 1, 2, 3]),
        ((2, vec![0, 1]), (2, vec![2, 3]))
    );
    assert_eq!(
        cores(&[], &[5]),
        ((1, vec![]), (1, vec![])),
        "one core cannot be divided"
    );
    assert_eq!(
        cores(&["--pin", "1"], &[0, 1, 2]),
        ((1, vec![1]), (2, vec![0, 2]))
    );
    assert_eq!(
        cores(&["--pin", "0-1"], &[0, 1]),
        ((2, vec![0, 1]), (1, vec![]))
    );
    assert_eq!(
        cores(&["-c", "1", "-t", "2"], &[0, 1]),
        ((1, vec![0]), (1, vec![1]))
    );
}

#[test]
fn impossible_combinations_are_refused() {
    let refusals: &[(&[&str], &str)] = &[
        (
            &["-n", "5", "-d", "1s"],
            "--messages and --duration both say",
        ),
        (
            &["--clients", "5", "-n", "5"],
            "--clients and --messages both say",
        ),
        (
            &["--clients", "5", "-z", "5s"],
            "--clients and --duration both say",
        ),
        (
            &["-r", "5"],
            "--roundtrips counts a client's own; add --clients N",
        ),
        (
            &["--clients", "5", "--warmup", "1s"],
            "--warmup does not go with --clients",
        ),
        (
            &["--clients", "5", "--warmup", "auto"],
            "--warmup does not go with --clients",
        ),
        (
            &["--stages", "1s:1k", "--warmup", "auto"],
            "--warmup auto does not go with --stages",
        ),
        (&["-m", "a", "-f", "b"], "--message and --file both say"),
        (&["-m", "a", "-s", "5"], "--size does not go with --message"),
        (&["-f", "a", "-s", "5"], "--size does not go with --file"),
        (
            &["--text", "--binary"],
            "--text and --binary exclude each other",
        ),
        (
            &["-f", "/there/is/no/file"],
            "--file /there/is/no/file: No such file",
        ),
        (
            &["--subprotocol", "a", "--subprotocol", "a"],
            "--subprotocol a is given twice",
        ),
        (&["-4", "-6"], "-4 and -6 exclude each other"),
        (&["-6"], "-6 does not go with the embedded server"),
        (
            &["-6", "127.0.0.1:80"],
            "-6 does not go with the address 127.0.0.1",
        ),
        (&["-4", "[::1]:80"], "-4 does not go with the address ::1"),
        (
            &["--pin", "2,9"],
            "--pin: core 9 is not there for this process; it may use 0,1,2,3",
        ),
    ];
    for (words, expected) in refusals {
        let refused = order_of(words).unwrap_err().to_string();
        assert!(refused.starts_with(expected), "{words:?}: {refused}");
    }
}

#[test]
fn a_pause_is_of_the_closed_loop_and_none_when_it_has_no_length() {
    let plan = plan_of(&["--think", "10ms", "--pace", "spin", "localhost:1"]);
    let pause = Nanos::from_millis(10);
    let expected = Think {
        least: pause,
        most: pause,
    };
    assert_eq!(
        (plan.clients.think, plan.pace),
        (Some(expected), Pace::Spin)
    );
    assert_eq!(
        plan_of(&["--think", "0", "localhost:1"]).clients.think,
        None
    );
    let refused = order_of(&["--think", "1s", "-R", "1k"]).unwrap_err();
    assert!(refused.to_string().starts_with("--think is of the closed"));
    let refused = order_of(&["--think", "0", "--pace", "spin"]).unwrap_err();
    assert!(refused.to_string().starts_with("--pace"), "{refused}");
}

#[test]
fn zero_warm_up_goes_with_anything() {
    assert_eq!(
        plan_of(&["--warmup", "0", "localhost:1"]).warmup.least,
        Nanos::ZERO
    );
    let clients = ["--clients", "5", "--warmup", "0s", "localhost:1"];
    assert_eq!(plan_of(&clients).warmup.least, Nanos::ZERO);
}

#[test]
fn a_warm_up_may_be_found_and_has_its_limits() {
    let seconds = |plan: &Plan| {
        let most = plan.warmup.at_most.map(Nanos::as_secs_f64);
        (plan.warmup.least.as_secs_f64(), most)
    };
    let found = |words: &[&str]| {
        seconds(&plan_of(
            &[words, &["--warmup", "auto", "localhost:1"]].concat(),
        ))
    };
    assert_eq!(found(&[]), (0.5, Some(5.0)), "half of ten seconds");
    assert_eq!(found(&["-d", "1m"]), (0.5, Some(10.0)));
    assert_eq!(found(&["-d", "1s"]), (0.5, Some(2.0)));
    assert_eq!(found(&["-n", "5"]), (0.5, Some(10.0)));
    assert_eq!(
        found(&["-R", "1k", "--ramp", "3s"]),
        (3.5, Some(8.0)),
        "the ramp has to be over"
    );
    let given = plan_of(&["--warmup", "2s", "localhost:1"]);
    assert_eq!(seconds(&given), (2.0, None));
}

proptest! {
    /// Whatever is accepted is a plan that can be carried out.
    #[test]
    fn no_invalid_plan_comes_out(
        connections in 1u32..5_000,
        depth in 1u32..100,
        threads in proptest::option::of(1u32..10_000),
        clients in proptest::option::of(1u64..10_000),
        cpus in 1usize..64,
        remote in any::<bool>(),
    ) {
        let mut words = vec!["-c".to_owned(), connections.to_string()];
        words.extend(["-p".to_owned(), depth.to_string()]);
        if let Some(threads) = threads {
            words.extend(["-t".to_owned(), threads.to_string()]);
        }
        if let Some(clients) = clients {
            words.extend(["--clients".to_owned(), clients.to_string()]);
        }
        words.extend(remote.then(|| "example.com:1".to_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let cpus: Vec<usize> = (0..cpus).collect();
        let order = order_on(&words, &machine(&cpus)).unwrap();
        if let ServerUnderTest::Embedded(server) = &order.server {
            prop_assert!(server.threads >= 1);
            prop_assert!(server.cpus.iter().all(|cpu| cpus.contains(cpu)));
        }
        let plan = order.plan_against(target("127.0.0.1:1").unwrap()).unwrap();
        prop_assert!(plan.threads >= 1 && plan.threads <= plan.clients.connections);
        prop_assert!(plan.clients.connections >= 1 && plan.clients.connections <= connections);
        prop_assert!(plan.clients.depth() == depth);
        prop_assert!(plan.cpus.iter().all(|cpu| cpus.contains(cpu)));
        if let StopRule::Clients(clients) = plan.stop {
            prop_assert!(u64::from(plan.clients.connections) <= clients);
        }
    }
}

#[test]
fn a_rate_is_an_open_loop_over_all_connections() {
    let plan = plan_of(&["-R", "20k", "--ramp", "5s", "localhost:3000"]);
    let Arrival::Open {
        schedule,
        max_in_flight,
    } = plan.clients.arrival.clone()
    else {
        panic!("{:?}", plan.clients.arrival);
    };
    assert_eq!(max_in_flight, 1024);
    assert_eq!(schedule.process, Process::Poisson);
    let ramp = Stretch {
        length: Nanos::from_secs(5),
        from_per_s: 0.0,
        to_per_s: 20_000.0,
    };
    let level = Stretch::level(Nanos::MAX, 20_000.0);
    assert_eq!(schedule.stretches, [ramp, level]);
    assert_eq!(
        plan.warmup.least,
        Nanos::from_secs(6),
        "the ramp is not measured"
    );
    let asked = plan.asked_per_s(Nanos::from_secs(10)).unwrap();
    assert!((asked - 20_000.0).abs() < 1e-6, "{asked}");
}

#[test]
fn stages_say_how_long_the_run_is() {
    let words = [
        "--stages",
        "10s:1k,30s:5k",
        "--arrival",
        "constant",
        "localhost:3000",
    ];
    let plan = plan_of(&words);
    assert_eq!(plan.stop, StopRule::Duration(Nanos::from_secs(40)));
    let Arrival::Open { schedule, .. } = &plan.clients.arrival else {
        panic!("{:?}", plan.clients.arrival);
    };
    assert_eq!(schedule.process, Process::Constant);
    let stretches = [(1, 1_000.0), (10, 1_000.0), (30, 5_000.0)]
        .map(|(seconds, rate)| Stretch::level(Nanos::from_secs(seconds), rate));
    assert_eq!(
        schedule.stretches, stretches,
        "the warm-up is at the first rate"
    );
}

#[test]
fn until_has_a_limit_and_short_intervals_and_no_other_end() {
    let plan = plan_of(&["localhost:3000", "--until", "p99+-5%"]);
    assert_eq!(plan.stop, StopRule::Duration(Nanos::from_secs(120)));
    assert_eq!(plan.interval, Nanos::from_millis(250));
    let plan = plan_of(&["localhost:3000", "--until", "rate±1%", "-d", "4s"]);
    assert_eq!(plan.stop, StopRule::Duration(Nanos::from_secs(4)));
    assert_eq!(plan.interval, Nanos::from_millis(100));
    for (flag, value) in [
        ("--messages", "10"),
        ("--clients", "10"),
        ("--roundtrips", "3"),
        ("--stages", "1s:10"),
    ] {
        let refused = order_of(&["--until", "p99±5%", flag, value]).unwrap_err();
        let UsageError::UntilAnd { flag: named } = refused else {
            panic!("{refused}");
        };
        assert_eq!(named, flag);
    }
}

#[test]
fn a_plan_of_sessions_has_their_arrival() {
    let plan = plan_of(&["--arrive", "50/s", "--live", "5s", "localhost:1"]);
    let sessions = Sessions {
        per_s: 50.0,
        process: Process::Poisson,
        stay: Stay::Time(Nanos::from_secs(5)),
    };
    assert_eq!(plan.clients.lifetime, Lifetime::Scheduled(sessions));
    // Places for all that come in ten seconds and the one before, whatever becomes of them.
    assert!(
        plan.clients.connections > 550,
        "{}",
        plan.clients.connections
    );
    let even = ["--arrive", "50/s", "--arrival", "constant", "localhost:1"];
    let sessions = Sessions {
        per_s: 50.0,
        process: Process::Constant,
        stay: Stay::RoundTrips(5),
    };
    assert_eq!(
        plan_of(&even).clients.lifetime,
        Lifetime::Scheduled(sessions)
    );
    let places = |words: &[&str]| {
        let words = [
            &["--arrive", "50k/s", "--mode", "idle", "--live", "1s"],
            words,
        ]
        .concat();
        plan_of(&[&words[..], &["localhost:1"]].concat())
            .clients
            .connections
    };
    assert_eq!((places(&[]), places(&["--max-sessions", "7"])), (65_536, 7));
}

#[test]
fn a_plan_has_what_comes_and_goes_beside_its_load() {
    let churn = |words: &[&str]| {
        let words = [&["--churn", "10/s"], words, &["localhost:1"]].concat();
        plan_of(&words).clients.churn.unwrap()
    };
    let usual = Sessions {
        per_s: 10.0,
        process: Process::Poisson,
        stay: Stay::Time(Nanos::from_secs(1)),
    };
    assert_eq!(churn(&[]), usual);
    let even = Sessions {
        process: Process::Constant,
        stay: Stay::Time(Nanos::from_millis(300)),
        ..usual
    };
    let words = ["--arrival", "constant", "--churn-live", "300ms"];
    assert_eq!(churn(&words), even);
}

#[test]
fn rooms_are_so_many_or_named() {
    let rooms = |words: &str| {
        let words = [
            "--mode",
            "idle",
            "--rooms",
            words,
            "--join",
            "{room}",
            "localhost:1",
        ];
        let rooms = plan_of(&words).clients.exchange.rooms.clone().unwrap();
        (rooms.count, rooms.names)
    };
    assert_eq!(rooms("5"), (5, vec![]));
    let names = ["red", "green"].map(str::to_owned).to_vec();
    assert_eq!(rooms("red,green"), (2, names));
}

#[test]
fn what_is_expected_of_deliveries_adds_up() {
    let promise = |expected: &[&str]| {
        let expected = expected.iter().flat_map(|it| ["--expect", it]);
        let words: Vec<&str> = expected.chain(["localhost:1"]).collect();
        plan_of(&words).expect.promise
    };
    assert_eq!(promise(&[]), Promise::ExactlyOnce);
    assert_eq!(promise(&["at-least-once"]), Promise::AtLeastOnce);
    assert_eq!(promise(&["at-most-once"]), Promise::AtMostOnce);
    assert_eq!(promise(&["lossy"]), Promise::Lossy);
    let both = ["at-most-once", "at-least-once"];
    assert_eq!(promise(&both), Promise::Lossy);
}

#[test]
fn protocols_are_offered_as_named_and_none_where_none_is() {
    let offered = |words: &[&str]| {
        let plan = plan_of(&[words, &["wss://h:1/"]].concat());
        plan.tls.alpn.clone()
    };
    assert_eq!(offered(&["--alpn", "h3,http/1.1"]), ["h3", "http/1.1"]);
    assert_eq!(offered(&["--alpn", ""]), [""; 0]);
}

#[test]
fn the_server_is_pinned_where_it_is_told_and_the_generator_beside() {
    let cores = |words: &[&str]| {
        let order = order_of(words).unwrap();
        let server = match order.server.clone() {
            ServerUnderTest::Embedded(server) => server.cpus,
            _ => Vec::new(),
        };
        let plan = order.plan_against(target("127.0.0.1:1").unwrap()).unwrap();
        (server, plan.cpus.clone(), plan.threads)
    };
    assert_eq!(cores(&["--server-cpus", "1"]), (vec![1], vec![0, 2, 3], 3));
    let both = ["--server-cpus", "1-2", "--pin", "3"];
    assert_eq!(cores(&both), (vec![1, 2], vec![3], 1));
}
