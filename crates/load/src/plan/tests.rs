//! What makes a spec a plan and what does not, and how it is written and read.

use proptest::option::of as maybe;
use proptest::prelude::*;
use serde_json::{Value, json};
use wsbench_setting::Field;
use wsbench_wire::connection::MessageKind;

use super::*;
use crate::arrival::{Process, Schedule, Stretch};
use crate::corpus::Corpus;
use crate::nanos::Nanos;
use crate::route::{Login, Proxy};
use crate::secret::Secret;
use crate::template::{Column, Lookup, Template};

fn spec() -> PlanSpec {
    PlanSpec::against("ws://localhost:3000/".parse().unwrap())
}

fn open(rates: &[(f64, f64)]) -> Arrival {
    let stretch = |&(from_per_s, to_per_s)| Stretch {
        length: Nanos::from_secs(1),
        from_per_s,
        to_per_s,
    };
    Arrival::Open {
        schedule: Schedule {
            process: Process::Poisson,
            stretches: rates.iter().map(stretch).collect(),
        },
        max_in_flight: 8,
    }
}

fn replaced(spec: &mut PlanSpec) {
    spec.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
    spec.stop = StopRule::Clients(10);
}

/// What `check` says of a spec that is right but for a change.
fn refused(change: impl FnOnce(&mut PlanSpec)) -> (Field, Why) {
    let PlanError { field, why } = spec().with(change).check().unwrap_err();
    (field, why)
}

#[test]
fn what_is_asked_for_without_more_is_a_plan() {
    assert!(spec().check().is_ok());
    assert!(spec().with(replaced).check().is_ok());
    let open = |spec: &mut PlanSpec| spec.clients.arrival = open(&[(0.0, 100.0)]);
    assert!(spec().with(open).check().is_ok());
}

#[test]
fn counts_are_not_zero() {
    type Change = fn(&mut PlanSpec);
    let changes: [(Change, Field); 14] = [
        (|it| it.clients.connections = 0, Field::Connections),
        (|it| it.threads = 0, Field::Threads),
        (
            |it| it.clients.arrival = Arrival::Closed { depth: 0 },
            Field::Depth,
        ),
        (
            |it| {
                it.clients.arrival = open(&[(1.0, 1.0)]);
                if let Arrival::Open { max_in_flight, .. } = &mut it.clients.arrival {
                    *max_in_flight = 0;
                }
            },
            Field::MaxInFlight,
        ),
        (
            |it| it.connect.http = Http::Two { streams: 0 },
            Field::Streams,
        ),
        (|it| it.clients.fragment = Some(0), Field::Fragment),
        (
            |it| it.clients.keep_alive = Some(Nanos::ZERO),
            Field::KeepAlive,
        ),
        (|it| it.clients.timeout = Nanos::ZERO, Field::Timeout),
        (|it| it.connect.timeout = Nanos::ZERO, Field::ConnectTimeout),
        (|it| it.connect.rate_per_s = Some(0.0), Field::ConnectRate),
        (|it| it.interval = Nanos::ZERO, Field::Interval),
        (|it| it.stop = StopRule::Duration(Nanos::ZERO), Field::Stop),
        (|it| it.stop = StopRule::Messages(0), Field::Stop),
        (|it| it.target.port = 0, Field::Port),
    ];
    for (change, field) in changes {
        assert_eq!(refused(change), (field, Why::Zero));
    }
    let no_clients = |it: &mut PlanSpec| {
        replaced(it);
        it.stop = StopRule::Clients(0);
    };
    assert_eq!(refused(no_clients), (Field::Stop, Why::Zero));
    let no_round_trips = |it: &mut PlanSpec| {
        replaced(it);
        it.clients.lifetime = Lifetime::Replaced { round_trips: 0 };
    };
    assert_eq!(refused(no_round_trips), (Field::RoundTrips, Why::Zero));
}

#[test]
fn threads_are_no_more_than_connections() {
    let many = |it: &mut PlanSpec| (it.clients.connections, it.threads) = (3, 4);
    assert_eq!(refused(many), (Field::Threads, Why::Above { most: 3 }));
}

#[test]
fn ranges_end_behind_their_start() {
    let think = |least, most| {
        move |it: &mut PlanSpec| {
            let (least, most) = (Nanos(least), Nanos(most));
            it.clients.think = Some(Think { least, most });
        }
    };
    assert_eq!(
        refused(think(2, 1)),
        (Field::Think, Why::Below { least: 2 })
    );
    assert_eq!(refused(think(0, 0)), (Field::Think, Why::Zero));
    let size = |min, max| {
        move |it: &mut PlanSpec| {
            it.clients.exchange.payload = Payload::Generated {
                encoding: Encoding::Text,
                min,
                max,
                ascii: false,
            };
        }
    };
    assert_eq!(
        refused(size(9, 8)),
        (Field::MaxSize, Why::Below { least: 9 })
    );
    let most = u64::from(LARGEST_MESSAGE);
    let huge = size(0, LARGEST_MESSAGE + 1);
    assert_eq!(refused(huge), (Field::MaxSize, Why::Above { most }));
    let warmup = |it: &mut PlanSpec| it.warmup = WarmUp::found_within(Nanos(5), Nanos(4));
    assert_eq!(
        refused(warmup),
        (Field::WarmUpAtMost, Why::Below { least: 5 })
    );
    let interval = |it: &mut PlanSpec| it.interval = Nanos(1);
    let least = 1_000_000;
    assert_eq!(refused(interval), (Field::Interval, Why::Below { least }));
}

#[test]
fn the_open_loop_has_a_rate_and_looks_at_no_answer() {
    let rates = |rates: &'static [(f64, f64)]| {
        refused(|it: &mut PlanSpec| it.clients.arrival = open(rates))
    };
    assert_eq!(rates(&[]), (Field::Schedule, Why::Empty));
    assert_eq!(rates(&[(0.0, 0.0)]), (Field::Schedule, Why::Zero));
    for wrong in [&[(f64::NAN, 1.0)], &[(1.0, f64::INFINITY)], &[(-1.0, 1.0)]] {
        assert_eq!(rates(wrong), (Field::Schedule, Why::Malformed));
    }
    let most = 1_000_000_000;
    assert_eq!(
        rates(&[(1e10, 1e10)]),
        (Field::Schedule, Why::Above { most })
    );
    let thinks = |it: &mut PlanSpec| {
        it.clients.arrival = open(&[(1.0, 1.0)]);
        let (least, most) = (Nanos(1), Nanos(2));
        it.clients.think = Some(Think { least, most });
    };
    assert_eq!(
        refused(thinks),
        (Field::Think, Why::NotWith(Field::Arrival))
    );
}

#[test]
fn clients_are_replaced_until_so_many_have_run_and_each_is_measured() {
    let held = |it: &mut PlanSpec| it.stop = StopRule::Clients(5);
    assert_eq!(refused(held), (Field::Stop, Why::NotWith(Field::Lifetime)));
    let timed = |it: &mut PlanSpec| it.clients.lifetime = Lifetime::Replaced { round_trips: 5 };
    assert_eq!(refused(timed), (Field::Lifetime, Why::NotWith(Field::Stop)));
    let with = |change: fn(&mut PlanSpec)| {
        refused(|it: &mut PlanSpec| {
            replaced(it);
            change(it);
        })
    };
    assert_eq!(
        with(|it| it.clients.arrival = open(&[(1.0, 1.0)])),
        (Field::Lifetime, Why::NotWith(Field::Arrival))
    );
    assert_eq!(
        with(|it| it.warmup = WarmUp::of(Nanos(1))),
        (Field::WarmUp, Why::NotWith(Field::Lifetime))
    );
    assert_eq!(
        with(|it| it.warmup = WarmUp::found_within(Nanos::ZERO, Nanos(1))),
        (Field::WarmUpAtMost, Why::NotWith(Field::Lifetime))
    );
}

#[test]
fn messages_are_what_they_are_said_to_be() {
    let payload =
        |payload: Payload| refused(|it: &mut PlanSpec| it.clients.exchange.payload = payload);
    let encoding = Encoding::Text;
    let bytes = Arc::from(&b"ab\xff"[..]);
    let not_text = (Field::Payload, Why::NotText { at: 2 });
    assert_eq!(payload(Payload::Fixed { encoding, bytes }), not_text);
    let corpus = Arc::new(Corpus::new("f", b"ab\xff\n".to_vec(), 10).unwrap());
    assert_eq!(payload(Payload::Corpus { encoding, corpus }), not_text);
    let bytes = vec![0; LARGEST_MESSAGE as usize + 1].into();
    let most = u64::from(LARGEST_MESSAGE);
    assert_eq!(
        payload(Payload::Fixed { encoding, bytes }),
        (Field::Payload, Why::Above { most })
    );
    let level = |it: &mut PlanSpec| {
        it.clients.compression = Some(Compression {
            level: 10,
            ..Compression::default()
        });
    };
    assert_eq!(
        refused(level),
        (Field::CompressionLevel, Why::Above { most: 9 })
    );
}

#[test]
fn the_handshake_is_the_handshakes() {
    let header = |name: &'static str, value: &'static str| {
        refused(|it: &mut PlanSpec| it.upgrade.headers = vec![Header::new(name, value)])
    };
    assert_eq!(header("a b", "c"), (Field::Headers, Why::Malformed));
    assert_eq!(
        header("X-A", "c\r\nX-B: d"),
        (Field::Headers, Why::Malformed)
    );
    assert_eq!(header("cookie", "c\nd"), (Field::Headers, Why::Malformed));
    assert_eq!(header("Host", "h"), (Field::Headers, Why::Reserved));
    let offers = |names: &'static [&'static str]| {
        refused(|it: &mut PlanSpec| {
            it.upgrade.subprotocols = names.iter().map(ToString::to_string).collect();
        })
    };
    assert_eq!(offers(&["a", "b", "a"]), (Field::Subprotocols, Why::Twice));
    assert_eq!(offers(&["a,b"]), (Field::Subprotocols, Why::Malformed));
    let origin = |it: &mut PlanSpec| it.upgrade.origin = Some("a b".to_owned());
    assert_eq!(refused(origin), (Field::Origin, Why::Malformed));
    let alpn = |it: &mut PlanSpec| it.tls.alpn = vec![String::new()];
    assert_eq!(refused(alpn), (Field::Alpn, Why::Empty));
    for resource in ["", "x", "/a b", "/a\r\nX: y"] {
        let change = |it: &mut PlanSpec| it.target.resource = resource.to_owned();
        assert_eq!(refused(change), (Field::Resource, Why::Malformed));
    }
    let nowhere = |it: &mut PlanSpec| it.target.host = String::new();
    assert_eq!(refused(nowhere), (Field::Host, Why::Empty));
}

#[test]
fn the_ways_to_the_server_agree() {
    let route = |change: fn(&mut PlanSpec)| refused(change);
    let literal = |it: &mut PlanSpec| it.target.host = "::1".to_owned();
    assert_eq!(
        refused(|it: &mut PlanSpec| {
            literal(it);
            it.connect.family = Family::V4;
        }),
        (Field::Family, Why::NotWith(Field::Host))
    );
    assert_eq!(
        refused(|it: &mut PlanSpec| {
            literal(it);
            it.connect.route.sources = "127.0.0.2".parse().unwrap();
        }),
        (Field::Sources, Why::NotWith(Field::Host))
    );
    assert_eq!(
        route(|it| {
            it.connect.family = Family::V6;
            it.connect.route.sources = "127.0.0.2".parse().unwrap();
        }),
        (Field::Sources, Why::NotWith(Field::Family))
    );
    let socket = |it: &mut PlanSpec| {
        it.connect.route.unix_socket = Some(std::path::Path::new("/s").into());
        it.connect.route.connect_to = Some("h:1".parse().unwrap());
    };
    assert_eq!(
        refused(socket),
        (Field::UnixSocket, Why::NotWith(Field::ConnectTo))
    );
    assert_eq!(
        route(|it| {
            let long = "x".repeat(LONGEST_SOCKET_PATH + 1);
            it.connect.route.unix_socket = Some(std::path::Path::new(&long).into());
        }),
        (Field::UnixSocket, Why::Above { most: 107 })
    );
    assert_eq!(
        route(|it| {
            it.connect.route.proxy = Some(Proxy {
                login: Some(Secret::new(Login {
                    user: "u".repeat(256),
                    password: String::new(),
                })),
                .."socks5://p:1".parse().unwrap()
            });
        }),
        (Field::ProxyLogin, Why::Above { most: 255 })
    );
    assert_eq!(
        route(|it| (it.busy_poll, it.pace) = (true, Pace::Sleep)),
        (Field::BusyPoll, Why::NotWith(Field::Pace))
    );
}

/// A spec with something in every place.
fn full() -> PlanSpec {
    let text = r#"{"name":"all","url":"wss://h:81/x?y","connections":7,
        "arrival":{"model":"closed","depth":3},"think":{"least_s":0.001,"most_s":0.5},
        "keep_alive_s":0.25,"stop":{"rule":"duration","duration_s":2.5},"warmup_s":0.5,
        "warmup_at_most_s":2.0,
        "payload":{"kind":"fixed","encoding":"binary","bytes":3,"base64":"AQID"},
        "compression":{"offer":"permessage-deflate; client_no_context_takeover; client_max_window_bits","level":1},
        "fragment_bytes":100,"matched_by":"order","verify":"length","headers":[["X-A","b"]],
        "subprotocols":["chat"],"origin":"https://o","connect_rate_per_s":1000.0,
        "connect_timeout_s":5.0,"family":"v4","connect_to":"other:82",
        "source_ip":"127.0.0.2-127.0.0.3","source_addresses":2,"proxy":"http://p:3128",
        "redirected_from":["ws://first/"],"http2_streams":50,
        "tls":{"server_name":"n","verify":false,"versions":"1.3","alpn":["h2"],"resumes":true},
        "timeout_s":10.0,"threads":2,"cpus":[2,3],"seed":42,"pace":"spin","timestamps":"user",
        "interval_s":1.0,"raw_log":true}"#;
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_key_is_written_as_it_is_read() {
    let full = full();
    let written = serde_json::to_value(&full).unwrap();
    assert_eq!(
        written["stop"],
        json!({"rule": "duration", "duration_s": 2.5})
    );
    assert_eq!(written["matched_by"], "order");
    assert_eq!(serde_json::from_value::<PlanSpec>(written).unwrap(), full);
    assert!(full.check().is_ok());
}

/// The plan of a result that was stored before plans were checked: its keys stay.
#[test]
fn a_plan_of_an_older_document_is_read_and_written_again() {
    let older = json!({
        "url": "ws://192.0.2.7:9001/echo", "connections": 64,
        "arrival": {"model": "open", "process": "poisson", "stretches": [
            {"length_s": 1.5, "from_per_s": 0.0, "to_per_s": 100.0},
            {"from_per_s": 100.0, "to_per_s": 100.0},
        ], "max_in_flight": 1024},
        "stop": {"rule": "clients", "clients": 1000, "roundtrips": 5}, "warmup_s": 3.0,
        "payload": {"kind": "corpus", "encoding": "text", "name": "builtin", "lines": 1024,
            "bytes": 140_000},
        "matched_by": "tag", "verify": "full",
        "headers": [["Authorization", "(withheld)"]], "subprotocols": [],
        "connect_timeout_s": 5.0, "family": "any", "timeout_s": 10.0, "threads": 2,
        "cpus": [2, 3], "seed": 42, "interval_s": 1.0, "raw_log": false,
    });
    let spec: PlanSpec = serde_json::from_value(older.clone()).unwrap();
    assert_eq!(spec.stop, StopRule::Clients(1_000));
    assert_eq!(spec.clients.round_trips(), Some(5));
    assert!(spec.clients.exchange.payload.is_tagged());
    assert_eq!(serde_json::to_value(&spec).unwrap(), older);
}

/// Each connection sends its own row of a file, and not the first of all.
#[test]
fn each_row_of_a_header_is_a_value_of_one() {
    struct Rows(&'static [&'static str]);
    impl Lookup for Rows {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }
        fn column(&self, _: &str, _: &str) -> Result<Column, String> {
            let rows = self.0.iter().map(|row| (*row).into()).collect();
            Column::new(rows).ok_or_else(String::new)
        }
    }
    let with = |rows| {
        let mut words = Template::for_words("Bearer {csv:u.csv:t}").unwrap();
        words.look_up(&Rows(rows)).unwrap();
        let header = Header::of_each("Authorization", words);
        spec().with(|it| it.upgrade.headers = vec![header]).check()
    };
    assert!(with(&["a", "b"]).is_ok());
    let PlanError { field, why } = with(&["a", "b\r\nX-Evil: 1"]).unwrap_err();
    assert_eq!((field, why), (Field::Headers, Why::Malformed));
}

/// A server may send back what it is asked its time by.
#[test]
fn what_the_clock_is_asked_by_is_a_text_like_others() {
    let plan = spec().with(|it| {
        it.clients.exchange.flow = Flow::Push(Pushes {
            stamp: Some("json:/E:ms".parse().unwrap()),
            sequence: None,
            clock: Some(ClockProbe {
                ask: r#"{"op":"time","token":"t0psecret"}"#.to_owned(),
                stamp: "json:/now:ms".parse().unwrap(),
            }),
        });
    });
    assert_eq!(plan.secrets().clean("bad t0psecret"), "bad (withheld)");
}

#[test]
fn what_is_stored_shows_no_credential_and_is_no_plan() {
    type Change = fn(&mut PlanSpec);
    let changes: [(Change, Field); 7] = [
        (
            |it| it.upgrade.headers = vec![Header::new("Authorization", "hidden")],
            Field::Headers,
        ),
        (
            |it| it.upgrade.headers = vec![Header::new("X-Api-Key", "hidden")],
            Field::Headers,
        ),
        (
            |it| {
                it.connect.route.proxy = Some(Proxy {
                    login: Some(Secret::new(Login {
                        user: "hidden".to_owned(),
                        password: "hidden".to_owned(),
                    })),
                    .."http://p:1".parse().unwrap()
                });
            },
            Field::ProxyLogin,
        ),
        (
            |it| {
                it.tls.identity = Some(Identity {
                    certificates: Pem::Held(Arc::from(&b"certificate"[..])),
                    key: Secret::new(&b"hidden"[..]),
                });
            },
            Field::Identity,
        ),
        (
            |it| it.tls.authorities = Some(Pem::Held(Arc::from(&b"authority"[..]))),
            Field::Authorities,
        ),
        (
            |it| {
                it.clients.exchange.payload = Payload::Fixed {
                    encoding: Encoding::Text,
                    bytes: "hidden".repeat(1_000).into_bytes().into(),
                };
            },
            Field::Payload,
        ),
        (
            |it| it.clients.login = LoginSteps::default().send(MessageKind::Text, "hidden"),
            Field::Login,
        ),
    ];
    for (change, field) in changes {
        let whole = spec().with(change);
        assert!(whole.clone().check().is_ok(), "{field}");
        let stored = whole.redacted();
        let text = serde_json::to_string(&stored).unwrap();
        assert!(!text.contains("hidden"), "{text}");
        assert!(!format!("{stored:?}").contains("hidden"), "{stored:?}");
        assert_eq!(serde_json::from_str::<PlanSpec>(&text).unwrap(), stored);
        let PlanError { field: wrong, why } = stored.check().unwrap_err();
        assert_eq!((wrong, why), (field, Why::Withheld));
    }
    // Not redacted, a spec holds all but its secrets.
    let whole = spec().with(changes[0].0);
    assert!(!format!("{whole:?}").contains("hidden"), "{whole:?}");
    assert!(!serde_json::to_string(&whole).unwrap().contains("hidden"));
}

#[test]
fn short_messages_are_stored_and_of_long_ones_the_facts() {
    let with = |payload: Payload| spec().with(|it| it.clients.exchange.payload = payload);
    let encoding = Encoding::Text;
    let template = |text: &str| Payload::Template {
        encoding,
        template: Arc::new(Template::parse(text).unwrap()),
    };
    let short = with(template("{id}/{seq}"));
    assert_eq!(short.redacted(), short);
    let long = with(template(&format!("{{id}}/{{seq}}{}", "ü".repeat(2_500))));
    let stored = long.redacted();
    assert!(stored.clients.exchange.payload.is_tagged());
    let value = serde_json::to_value(&stored).unwrap();
    assert!(value["payload"]["template"].as_str().unwrap().len() <= 4_096);
    assert_eq!(value["payload"]["longest_bytes"], 5_041);
    assert_eq!(serde_json::from_value::<PlanSpec>(value).unwrap(), stored);
    let corpus = with(Payload::Corpus {
        encoding,
        corpus: Arc::new(Corpus::builtin(1)),
    });
    let whole = serde_json::to_value(&corpus).unwrap();
    assert_eq!(serde_json::from_value::<PlanSpec>(whole).unwrap(), corpus);
    let value = serde_json::to_value(corpus.redacted()).unwrap();
    assert_eq!(value["payload"]["base64"], Value::Null);
    assert_eq!(value["payload"]["lines"], 1_024);
}

#[test]
fn a_plan_that_was_carried_out_says_what_was_found() {
    let asked = spec().with(|it| {
        it.warmup = WarmUp::found_within(Nanos::from_millis(500), Nanos::from_secs(2));
    });
    let made = asked.carried_out(Some(Nanos::from_secs(2)));
    assert_eq!(made.warmup.least, Nanos::from_secs(2));
    assert!(made.warmup.is_unsettled() && !asked.warmup.is_unsettled());
    let PlanError { field, why } = made.check().unwrap_err();
    assert_eq!((field, why), (Field::WarmUpFound, Why::Found));
}

#[test]
fn a_change_of_a_plan_is_checked_and_a_seed_needs_none() {
    let plan = spec().check().unwrap();
    assert!(plan.edited(|it| it.threads = 0).is_err());
    let other = plan.with_seed(7);
    assert_eq!(
        (other.seed, other.spec()),
        (7, spec().with(|it| it.seed = 7))
    );
    let target = "wss://other/".parse().unwrap();
    assert_eq!(plan.towards(target).unwrap().target.url(), "wss://other/");
}

#[test]
fn a_refusal_names_the_setting_by_its_path() {
    let error = spec().with(|it| it.threads = 0).check().unwrap_err();
    assert_eq!(error.to_string(), "threads: is 0; it has to be more");
}

prop_compose! {
    fn drawn_arrival()(
        is_open: bool,
        depth in 0_u32..4,
        rates in prop::collection::vec((0_u64..3, -1_i32..50, 0_u32..50), 0..3),
        constant: bool,
    ) -> Arrival {
        if !is_open {
            return Arrival::Closed { depth };
        }
        let stretches = rates.into_iter().map(|(seconds, from, to)| Stretch {
            length: if seconds == 0 { Nanos::MAX } else { Nanos::from_secs(seconds) },
            from_per_s: f64::from(from),
            to_per_s: f64::from(to),
        });
        let process = if constant { Process::Constant } else { Process::Poisson };
        let schedule = Schedule { process, stretches: stretches.collect() };
        Arrival::Open { schedule, max_in_flight: depth }
    }
}

prop_compose! {
    fn drawn()(
        arrival in drawn_arrival(),
        counts in (0_u32..5, 0_u32..5, 0_u32..40, 0_u32..40),
        stop in (0_u8..3, 0_u64..20, maybe(0_u32..4)),
        times in (maybe(0_u64..9), 0_u64..2_000_000_000, maybe(0_u64..9_000), 0_u64..3_000_000),
        rate in maybe(-8_i32..72),
        texts in (maybe("[a-z \n]{0,6}"), "[a-zé/ ]{0,8}", maybe("[A-Za-z-]{0,6}")),
        seed: u64,
    ) -> PlanSpec {
        spec().with(|it| {
            it.clients.arrival = arrival;
            (it.clients.connections, it.threads) = (counts.0, counts.1);
            it.clients.exchange.payload = Payload::Generated {
                encoding: Encoding::Text, min: counts.2, max: counts.3, ascii: true,
            };
            it.stop = match stop.0 {
                0 => StopRule::Duration(Nanos(stop.1)),
                1 => StopRule::Messages(stop.1),
                _ => StopRule::Clients(stop.1),
            };
            let replaced = |round_trips| Lifetime::Replaced { round_trips };
            it.clients.lifetime = match (stop.0, stop.2) {
                (2, Some(round_trips)) => replaced(round_trips),
                _ => Lifetime::Held,
            };
            it.clients.keep_alive = times.0.map(Nanos);
            it.clients.timeout = Nanos(times.1);
            it.warmup = WarmUp { least: Nanos(times.3 % 7), at_most: times.2.map(Nanos), found: None };
            it.interval = Nanos(times.3);
            it.connect.rate_per_s = rate.map(|eighths| f64::from(eighths) / 8.0);
            it.upgrade.origin = texts.0;
            it.target.resource = format!("/{}", texts.1);
            it.upgrade.subprotocols.extend(texts.2);
            it.seed = seed;
        })
    }
}

proptest! {
    /// Whatever is written is read again, right or wrong.
    #[test]
    fn a_spec_is_read_as_it_was_written(spec in drawn()) {
        let text = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<PlanSpec>(&text).unwrap(), spec);
    }

    /// What is checked is what the machinery relies upon.
    #[test]
    fn no_invalid_plan_comes_out(spec in drawn()) {
        let Ok(plan) = spec.check() else { return Ok(()) };
        let clients = &plan.clients;
        prop_assert!(plan.threads >= 1 && plan.threads <= clients.connections);
        prop_assert!(clients.depth() >= 1 && plan.interval > Nanos::ZERO);
        prop_assert!(clients.keep_alive != Some(Nanos::ZERO));
        prop_assert_eq!(plan.replaces_clients(), matches!(plan.stop, StopRule::Clients(_)));
        if let Arrival::Open { schedule, .. } = &clients.arrival {
            let whole = schedule.stretches.iter().map(Stretch::messages).sum::<f64>();
            prop_assert!(whole > 0.0);
        }
        let Payload::Generated { min, max, .. } = clients.exchange.payload else {
            return Err(TestCaseError::fail("another payload"));
        };
        prop_assert!(min <= max);
    }
}
