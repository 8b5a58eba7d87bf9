//! Rooms, roles and logins on simulated time, against a server whose every delivery is known beforehand.

#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod simulation;

use simulation::{checked, failures, prints, sends_to_many as scenario, to_many};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Audience, Awaited, Beat, Encoding, Envelope, LoginSteps, OwnMessages, Pattern, Payload, Role,
    Rooms, Spoken, Upkeep, Voice,
};
use wsbench_load::plan::{PlanError, PlanSpec, Why};
use wsbench_load::series::Series;
use wsbench_load::tally::{DeliveryCounts, Phase};
use wsbench_load::template::Template;
use wsbench_setting::Field;
use wsbench_simulate::{AnswerFault, Cut, Disruption, Every, ToAll, run, witness};
use wsbench_wire::connection::MessageKind::Text;

fn join() -> LoginSteps {
    let told = Pattern::Json {
        pointer: "/joined".to_owned(),
        value: "{room}".to_owned(),
    };
    LoginSteps::default()
        .send(Text, r#"{"join":"{room}"}"#)
        .expect(Text, told)
}

/// 100 messages a second over five seconds, to one of `rooms`.
fn plan(connections: u32, threads: u32, rooms: u32) -> PlanSpec {
    to_many(connections, threads, Audience::Room, 100.0).with(|spec| {
        spec.clients.login = join();
        spec.clients.exchange.rooms = Some(Rooms::numbered(rooms));
        let words = Template::for_words(r#"{"to":"{room}","n":{n},"text":"{tag}{fill}"}"#);
        let spoken = Spoken::text(words.unwrap());
        spec.clients.exchange.envelope = Some(Envelope::new(spoken));
    })
}

#[test]
fn each_message_reaches_its_room_and_no_other() {
    for threads in [1, 2, 3] {
        let plan = checked(&plan(12, threads, 4));
        let result = run(&plan, scenario(ToAll::default()), None);
        let expected = DeliveryCounts {
            expected: 1_500,
            received: 1_500,
            received_in_window: result.deliveries.received_in_window,
            in_shared_reads: result.deliveries.in_shared_reads,
            ..DeliveryCounts::default()
        };
        assert_eq!(result.messages.sent, 500);
        assert_eq!(
            result.deliveries, expected,
            "{threads}: {:?}",
            result.failures
        );
        assert_eq!(result.failures, []);
        // A round trip, 50 µs a way and 10 µs of work, and some readings of the clock.
        let logins = result.at(Series::Login);
        assert_eq!(logins.count(), 12);
        let (least, most) = logins.min().zip(logins.max()).unwrap();
        assert!(
            least >= Nanos(110_000) && most < Nanos(111_000),
            "{least} {most}"
        );
    }
}

#[test]
fn deliveries_to_another_room_are_told_to_the_last_one() {
    let astray = ToAll {
        strays: Some(25),
        ..ToAll::default()
    };
    for threads in [1, 2] {
        let result = run(
            &checked(&plan(12, threads, 4)),
            scenario(astray.clone()),
            None,
        );
        let counts = result.deliveries;
        // 1,500 deliveries in the window, and one of 25 goes astray; of some at the end of the list
        // nobody of another room comes behind.
        assert_eq!((counts.expected, counts.received), (1_500, 1_500));
        assert!((40..=60).contains(&counts.out_of_room), "{counts:?}");
        let told = failures(&result, Phase::Answers, FailureKind::CrossTalk);
        assert!(told >= counts.out_of_room);
        let words = result.failures[0].example.to_string();
        assert!(words.contains("for room “room-"), "{words}");
    }
}

#[test]
fn rooms_differ_in_size_by_zipfs_law_and_all_is_delivered() {
    let mut spec = plan(40, 2, 5);
    spec.clients.exchange.rooms.as_mut().unwrap().zipf = Some(1.0);
    let result = run(&checked(&spec), scenario(ToAll::default()), None);
    let counts = result.deliveries;
    assert_eq!(
        (counts.missing, counts.out_of_room, counts.unasked),
        (0, 0, 0)
    );
    // More than an even spread would give: senders are in great rooms more often.
    assert!(counts.received > 500 * 8, "{counts:?}");
}

fn roles(spec: &mut PlanSpec, senders: u32, receivers: u32) {
    let role = |connections, publishes| Role {
        connections,
        publishes,
        subscribes: !publishes,
        reads: None,
        join: join(),
        voice: None,
    };
    spec.clients.roles = vec![role(senders, true), role(receivers, false)];
    spec.clients.connections = senders + receivers;
    spec.clients.login = LoginSteps::default();
}

#[test]
fn senders_that_receive_nothing_are_no_part_of_their_audience() {
    for threads in [1, 2, 3] {
        let mut spec = plan(0, threads, 2);
        roles(&mut spec, 2, 10);
        // The server knows no roles: senders get what they send, and it is no delivery; what others
        // send is.
        let sparing = ToAll {
            spares_sender: true,
            ..ToAll::default()
        };
        let result = run(&checked(&spec), scenario(sparing), None);
        assert_eq!(result.messages.sent, 500);
        let counts = result.deliveries;
        assert_eq!(
            (counts.expected, counts.received),
            (2_500, 2_500),
            "{:?}",
            result.failures
        );
        assert_eq!((counts.unasked, counts.out_of_room), (0, 0));
        assert_eq!(result.messages.answered, 500);
        assert_eq!(result.connections.never_answered, 0);
    }
}

/// A tenth of the messages are long and from two connections, the rest short and from three others.
fn voices(spec: &mut PlanSpec) {
    let words = Template::for_words(r#"{"to":"{room}","long":"{tag}{fill}"}"#).unwrap();
    let own = OwnMessages {
        envelope: Some(Envelope::new(Spoken::text(words))),
        payload: Payload::Generated {
            encoding: Encoding::Text,
            min: 300,
            max: 400,
            ascii: false,
        },
    };
    let role = |connections, voice: Option<Voice>| Role {
        connections,
        publishes: voice.is_some(),
        subscribes: true,
        reads: None,
        join: join(),
        voice,
    };
    let says = |share, own| Some(Voice { share, own });
    spec.clients.roles = vec![
        role(3, says(0.9, None)),
        role(2, says(0.1, Some(own))),
        role(8, None),
    ];
    spec.clients.connections = 13;
    spec.clients.login = LoginSteps::default();
}

#[test]
fn roles_that_publish_have_their_own_messages_and_shares_of_the_rate() {
    for threads in [1, 2, 3, 5] {
        let mut spec = plan(0, threads, 1);
        voices(&mut spec);
        let sparing = ToAll {
            spares_sender: true,
            ..ToAll::default()
        };
        let result = run(&checked(&spec), scenario(sparing), None);
        let counts = result.deliveries;
        assert_eq!(result.failures, [], "{threads}");
        assert_eq!(result.messages.sent, 500, "{threads}");
        assert_eq!(
            (counts.expected, counts.received, counts.corrupted),
            (6_000, 6_000, 0)
        );
        // 450 of some 95 bytes, and 50 of 350 and what is around them.
        let bytes = result.bytes.sent;
        assert!((57_000..70_000).contains(&bytes), "{threads}: {bytes}");
    }
}

/// What a voice says is compared with what it alone says.
#[test]
fn a_message_that_is_written_anew_is_corrupted_whichever_voice_it_is_of() {
    let mut spec = plan(0, 2, 1);
    voices(&mut spec);
    let cutting = ToAll {
        spares_sender: true,
        faults: Some(Every {
            nth: 10,
            fault: AnswerFault::Reencoded,
        }),
        ..ToAll::default()
    };
    let result = run(&checked(&spec), scenario(cutting), None);
    let counts = result.deliveries;
    assert!(counts.corrupted > 300, "{counts:?}");
    assert_eq!(DeliveryCounts::FATES.breach(&counts), None);
}

#[test]
fn voices_that_share_no_whole_rate_or_are_of_some_alone_are_refused() {
    let refused = |change: fn(&mut PlanSpec)| {
        let mut spec = plan(0, 1, 1);
        voices(&mut spec);
        change(&mut spec);
        spec.check().map_err(|PlanError { field, .. }| field).err()
    };
    assert_eq!(refused(|_| {}), None);
    for change in [
        |spec: &mut PlanSpec| spec.clients.roles[0].voice = None,
        |spec: &mut PlanSpec| spec.clients.roles[2].voice = spec.clients.roles[0].voice.clone(),
        |spec: &mut PlanSpec| spec.clients.roles[1].voice.as_mut().unwrap().share = 0.2,
        |spec: &mut PlanSpec| spec.clients.roles[1].voice.as_mut().unwrap().share = 0.0,
        |spec: &mut PlanSpec| spec.clients.roles[1].voice.as_mut().unwrap().share = f64::NAN,
    ] {
        assert_eq!(refused(change), Some(Field::Roles));
    }
    let binary = |spec: &mut PlanSpec| {
        let voice = spec.clients.roles[1].voice.as_mut().unwrap();
        voice.own.as_mut().unwrap().payload = Payload::Generated {
            encoding: Encoding::Binary,
            min: 40,
            max: 40,
            ascii: false,
        };
    };
    assert_eq!(refused(binary), Some(Field::Payload));
    let short = |spec: &mut PlanSpec| {
        let voice = spec.clients.roles[1].voice.as_mut().unwrap();
        voice.own.as_mut().unwrap().payload = Payload::Generated {
            encoding: Encoding::Text,
            min: 10,
            max: 40,
            ascii: false,
        };
    };
    assert_eq!(refused(short), Some(Field::MaxSize));
}

#[test]
fn who_comes_back_joins_its_room_again() {
    let mut scenario = scenario(ToAll::default());
    scenario.server.disruption = Some(Disruption {
        at_message: 30,
        how: Cut::Reset,
    });
    let result = run(&checked(&plan(6, 2, 2)), scenario, None);
    assert!(result.connections.replaced > 0);
    assert_eq!(DeliveryCounts::FATES.breach(&result.deliveries), None);
    assert_eq!(result.deliveries.out_of_room, 0);
    let opened = result.connections.upgraded;
    assert_eq!(result.at(Series::Login).count(), opened);
}

#[test]
fn heartbeats_are_answered_beside_the_load_and_disturb_nothing() {
    // Each is in a room of its own, and so hears its own beat.
    let mut spec = plan(4, 1, 4);
    spec.clients.upkeep = Upkeep {
        replies: Vec::new(),
        beats: vec![Beat {
            period: Nanos::from_millis(200),
            say: Spoken::text(Template::for_words("beat {n} of {conn}").unwrap()),
            expect: Some(Awaited::new(
                Text,
                Pattern::Equals(b"beat {n} of {conn}".to_vec()),
            )),
        }],
    };
    let seen = witness(&checked(&spec), scenario(ToAll::default()), None);
    assert_eq!(seen.result.failures, []);
    assert_eq!(seen.result.deliveries.unasked, 0);
    // Six seconds of five a second on four connections, beside 600 messages and four to join.
    let said = seen.messages_at_server;
    assert!((604 + 110..=604 + 130).contains(&said), "{said}");
    let again = witness(&checked(&spec), scenario(ToAll::default()), None);
    assert_eq!(prints::whole(&seen), prints::whole(&again));
}

#[test]
fn a_heartbeat_without_an_answer_fails_its_connection() {
    let mut spec = plan(4, 1, 4);
    spec.clients.timeout = Nanos::from_millis(500);
    spec.clients.upkeep.beats = vec![Beat {
        period: Nanos::from_secs(2),
        say: Spoken::text(Template::for_words("beat").unwrap()),
        expect: Some(Awaited::new(None, Pattern::Equals(b"heart".to_vec()))),
    }];
    let result = run(&checked(&spec), scenario(ToAll::default()), None);
    let failed = failures(&result, Phase::Answers, FailureKind::NoBeat);
    assert!(failed >= 4, "{:?}", result.failures);
    assert!(result.connections.replaced > 0);
}

#[test]
fn what_makes_no_plan_is_refused_by_its_setting() {
    let refused = |change: &dyn Fn(&mut PlanSpec)| {
        let mut spec = plan(12, 1, 4);
        change(&mut spec);
        let PlanError { field, why } = spec.check().unwrap_err();
        (field.path(), why)
    };
    let rooms = |spec: &mut PlanSpec, rooms| spec.clients.exchange.rooms = Some(rooms);
    let (field, why) = refused(&|spec| spec.clients.exchange.rooms = None);
    assert_eq!(field, "clients.exchange.audience");
    assert!(matches!(why, Why::Needs(_)));
    let (field, why) = refused(&|spec| rooms(spec, Rooms::numbered(13)));
    assert_eq!(
        (field, why),
        ("clients.exchange.rooms", Why::Above { most: 12 })
    );
    let twice = || Rooms::named(vec!["a".to_owned(), "a".to_owned()]);
    let (_, why) = refused(&|spec| rooms(spec, twice()));
    assert_eq!(why, Why::Twice);
    let words = |text: &str| Spoken::text(Template::for_words(text).unwrap());
    let (field, why) = refused(&|spec| {
        spec.clients.exchange.envelope = Some(Envelope::new(words("{fill}")));
    });
    assert_eq!((field, why), ("clients.exchange.payload", Why::NoTag));
    let (field, why) = refused(&|spec| {
        spec.clients.login = LoginSteps::default().send(Text, "{cap.sid}");
    });
    assert_eq!((field, why), ("clients.login", Why::NoCapture));
    let (_, why) = refused(&|spec| {
        spec.clients.login = LoginSteps::default().send(Text, "{tag}");
    });
    assert_eq!(why, Why::TagAlone);
    let (field, why) = refused(&|spec| {
        spec.clients.login = LoginSteps::default().send(Text, "{env:WSBENCH_NOT_THERE}");
    });
    assert_eq!((field, why), ("clients.login", Why::Withheld));
    let (field, _) = refused(&|spec| {
        roles(spec, 2, 10);
        spec.clients.roles.reverse();
    });
    assert_eq!(field, "clients.roles");
    let (field, why) = refused(&|spec| {
        roles(spec, 2, 10);
        spec.clients.connections = 13;
    });
    assert_eq!(
        (field, why),
        ("clients.connections", Why::Below { least: 13 })
    );
}

#[test]
fn a_plan_with_all_of_it_is_stored_and_read_back() {
    let mut spec = plan(12, 2, 4);
    roles(&mut spec, 2, 10);
    spec.scenario = Some("chat.toml".to_owned());
    spec.clients.exchange.rooms.as_mut().unwrap().zipf = Some(1.5);
    spec.clients.upkeep.beats = vec![Beat {
        period: Nanos::from_secs(2),
        say: Spoken::text(Template::for_words("beat {n}").unwrap()),
        expect: Some(Awaited::new(None, Pattern::Contains(b"{n}".to_vec()))),
    }];
    for role in &mut spec.clients.roles {
        role.join = LoginSteps::default(); // what is sent in it is withheld
    }
    let stored = serde_json::to_value(&spec).unwrap();
    assert_eq!(stored["rooms"]["zipf"], 1.5);
    assert_eq!(stored["audience"], "room");
    assert_eq!(
        stored["envelope"]["content"],
        r#"{"to":"{room}","n":{n},"text":"{tag}{fill}"}"#
    );
    assert_eq!(stored["roles"][0]["publishes"], true);
    let read: PlanSpec = serde_json::from_value(stored).unwrap();
    assert_eq!(read, spec);
}

/// Messages name the room that they are for.
fn in_several(connections: u32, threads: u32, rooms: Rooms) -> PlanSpec {
    plan(connections, threads, rooms.count).with(|spec| {
        spec.clients.exchange.rooms = Some(rooms);
        let words = Template::for_words(r#"{"room":"{room}","n":{n},"text":"{tag}{fill}"}"#);
        spec.clients.exchange.envelope = Some(Envelope::new(Spoken::text(words.unwrap())));
    })
}

#[test]
fn a_connection_of_several_rooms_joins_each_and_receives_what_is_for_any_of_them() {
    for (each, receivers) in [(1, 3), (2, 6), (4, 12)] {
        for threads in [1, 2, 3] {
            let rooms = Rooms {
                each,
                ..Rooms::numbered(4)
            };
            let plan = checked(&in_several(12, threads, rooms));
            let seen = witness(&plan, scenario(ToAll::default()), None);
            let result = &seen.result;
            let counts = result.deliveries;
            assert_eq!(result.messages.sent, 500);
            assert_eq!(counts.expected, 500 * receivers, "{each} {threads}");
            assert_eq!(counts.received, 500 * receivers);
            assert_eq!((counts.out_of_room, counts.unasked), (0, 0));
            assert_eq!(result.failures, []);
            // A join and what confirms it for each room, one after the other.
            let joins = result.at(Series::Login);
            assert_eq!(joins.count(), 12);
            let least = Nanos(u64::from(each) * 110_000);
            assert!(joins.min().unwrap() >= least, "{:?}", joins.min());
            assert!(joins.max().unwrap() < least + Nanos(2_000));
        }
    }
}

#[test]
fn a_delivery_outside_of_all_rooms_of_a_connection_is_out_of_room() {
    let rooms = Rooms {
        each: 2,
        ..Rooms::numbered(6)
    };
    let astray = ToAll {
        strays: Some(25),
        ..ToAll::default()
    };
    let result = run(&checked(&in_several(12, 2, rooms)), scenario(astray), None);
    let counts = result.deliveries;
    assert_eq!((counts.expected, counts.received), (2_000, 2_000));
    assert!((60..=80).contains(&counts.out_of_room), "{counts:?}");
}

#[test]
fn who_leaves_several_rooms_makes_nothing_missing_in_any() {
    let rooms = Rooms {
        each: 3,
        ..Rooms::numbered(5)
    };
    let mut scenario = scenario(ToAll::default());
    scenario.server.disruption = Some(Disruption {
        at_message: 30,
        how: Cut::Reset,
    });
    let result = run(&checked(&in_several(10, 2, rooms)), scenario, None);
    let counts = result.deliveries;
    assert!(result.connections.replaced > 0);
    assert_eq!(DeliveryCounts::FATES.breach(&counts), None);
    let dropped = result.messages.timed_out + result.messages.in_flight_at_end;
    assert!(dropped <= result.connections.replaced + 1, "{counts:?}");
    assert!(counts.received > 2_500, "{counts:?}");
}

#[test]
fn more_rooms_each_than_there_are_or_rooms_that_nobody_is_in_are_refused() {
    let refused = |connections, each, count| {
        let rooms = Rooms {
            each,
            ..Rooms::numbered(count)
        };
        let PlanError { field, why } = in_several(connections, 1, rooms).check().unwrap_err();
        (field, why)
    };
    assert_eq!(refused(8, 5, 4), (Field::RoomsEach, Why::Above { most: 4 }));
    assert_eq!(refused(8, 0, 4), (Field::RoomsEach, Why::Zero));
    // Eight connections of two rooms each are members of sixteen at most.
    assert_eq!(refused(8, 2, 17), (Field::Rooms, Why::Above { most: 16 }));
    let rooms = Rooms {
        each: 2,
        ..Rooms::numbered(16)
    };
    assert!(in_several(8, 1, rooms).check().is_ok());
}
