//! A login against a server in memory: what is said and awaited between the upgrade and the load.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pair;

use fastrand::Rng;
use pair::{Pair, Received, failures, plan};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{
    Awaited, Compression, Expected, Greeting, LoginStep, LoginSteps, Pattern, PlanSpec, Reply,
    Spoken,
};
use wsbench_load::series::Series;
use wsbench_load::session::SessionStatus;
use wsbench_load::tally::Phase;
use wsbench_load::template::NotFound;
use wsbench_wire::connection::MessageKind::{Binary, Text};
use wsbench_wire::opcode::OpCode;

/// Streams are cut in this many ways.
const SEEDS: u64 = 200;

fn token() -> LoginSteps {
    LoginSteps::default()
        .send(Text, "token 7")
        .expect(Text, Pattern::Prefix(b"welcome".to_vec()))
}

fn with(login: LoginSteps) -> PlanSpec {
    plan(3).with(|spec| spec.clients.login = login)
}

/// A connection that has said its token.
fn asked(login: LoginSteps, cuts: Option<Rng>) -> Pair {
    let mut pair = Pair::answered(with(login), 0, cuts);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.message(), (Text, b"token 7".to_vec()));
    pair
}

/// What is left of a connection whose login has failed in this way.
fn assert_failed(mut pair: Pair, kind: FailureKind, words: &str) {
    assert!(pair.session.is_ended());
    let tally = pair.books();
    assert_eq!(
        failures(&tally, Phase::Login, kind),
        1,
        "{:?}",
        tally.failures
    );
    assert!(
        tally.failures[0].example.to_string().contains(words),
        "{:?}",
        tally.failures
    );
    let counts = tally.connections;
    assert_eq!((counts.upgraded, counts.failed), (1, 1));
    assert_eq!(tally.messages.sent, 0);
}

#[test]
fn the_load_begins_behind_a_login_however_its_bytes_are_cut() {
    for seed in 0..SEEDS {
        let mut random = Rng::with_seed(seed);
        let login = token()
            .send(Binary, [1, 2])
            .expect(Binary, Pattern::Equals(vec![3]));
        let cuts = random.bool().then(|| Rng::with_seed(seed));
        let mut pair = asked(login, cuts);
        assert!(pair.session.is_opening() && !pair.session.is_open());
        pair.pump();
        assert_eq!(pair.heard, [], "no message of the load before");
        pair.say_control(OpCode::Ping, b"here?");
        pair.say(Text, b"welcome, you");
        assert_eq!(pair.deliver(), SessionStatus::Continue);
        let heard = std::mem::take(&mut pair.heard);
        let expected = [
            Received::Pong(b"here?".to_vec()),
            Received::Message(Binary, vec![1, 2]),
        ];
        assert_eq!(heard, expected);
        pair.say(Binary, &[3]);
        assert_eq!(pair.deliver(), SessionStatus::Upgraded);
        assert!(pair.session.is_open());
        pair.begin_load();
        for _ in 0..3 {
            pair.pump();
            assert_eq!(pair.echo(false), 1);
            let _ = pair.deliver();
        }
        let tally = pair.books();
        assert_eq!((tally.messages.sent, tally.messages.answered), (3, 3));
        assert_eq!(tally.errors(), 0);
    }
}

/// The server may greet in the very bytes that upgrade the connection, and may say more behind the
/// last message of the login.
#[test]
fn what_comes_with_the_upgrade_or_behind_the_login_is_heard() {
    let greeted = LoginSteps::default().expect(Text, Pattern::Contains(b"hello".to_vec()));
    let mut pair = Pair::answered(with(greeted), 0, None);
    pair.say(Text, b"oh, hello");
    pair.say_control(OpCode::Ping, b"already?");
    assert_eq!(pair.deliver(), SessionStatus::Upgraded);
    assert_eq!(pair.heard, [Received::Pong(b"already?".to_vec())]);
}

#[test]
fn a_login_is_compressed_where_that_was_agreed_upon() {
    let spec = with(token()).with(|spec| spec.clients.compression = Some(Compression::default()));
    let mut pair = Pair::answered(spec, 0, None);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    // The server sends back what it has heard: its own words, compressed.
    assert!(
        matches!(&pair.heard[..], [Received::Deflated(Text, _)]),
        "{:?}",
        pair.heard
    );
    pair.echo(false);
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_failed(
        pair,
        FailureKind::LoginRefused,
        "“token 7”, not one that begins with “welcome”",
    );
}

#[test]
fn a_refused_login_is_a_failure_of_its_own() {
    let mut pair = asked(token(), None);
    pair.say(Text, b"go away");
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_eq!(pair.heard, [Received::Close(Some(1000))]);
    assert_failed(
        pair,
        FailureKind::LoginRefused,
        "another message: text, “go away”",
    );
    let mut pair = asked(token(), None);
    pair.say_control(OpCode::Close, &1008_u16.to_be_bytes());
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    assert_failed(
        pair,
        FailureKind::LoginRefused,
        "a close frame with code 1008",
    );
}

/// What the environment gives may stand in what has to come; no document and no failure tells it.
#[test]
fn variables_of_the_environment_are_awaited() {
    let login = |value: &'static str| {
        let mut awaited = Awaited::new(Text, Pattern::Equals(b"welcome {env:NAME}".to_vec()));
        let found = awaited.look_up(&|name: &str| (name == "NAME").then(|| value.to_owned()));
        found.unwrap();
        LoginSteps::default()
            .send(Text, "token 7")
            .then(LoginStep::Expect(Expected {
                awaited,
                captures: Vec::new(),
                within: None,
            }))
    };
    let mut pair = asked(login("hidden-name"), None);
    pair.say(Text, b"welcome hidden-name");
    assert_eq!(pair.deliver(), SessionStatus::Upgraded);
    assert!(pair.session.is_open());
    let mut pair = asked(login("hidden-name"), None);
    pair.say(Text, b"welcome somebody");
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    let spec = pair.context.common.plan.spec();
    let told = "another message: text, “welcome somebody”";
    assert_failed(pair, FailureKind::LoginRefused, told);
    let stored = serde_json::to_value(spec.redacted()).unwrap();
    assert!(!stored.to_string().contains("hidden-name"), "{stored}");
    let again: PlanSpec = serde_json::from_value(stored).unwrap();
    assert!(again.clients.login.is_withheld());
    assert_eq!(
        spec.check().unwrap().secrets().clean("hidden-name"),
        "(withheld)"
    );
    let unset =
        Awaited::new(Text, Pattern::Equals(b"{env:NAME}".to_vec())).look_up(&|_: &str| None);
    assert_eq!(unset, Err(NotFound::Variable("NAME".to_owned())));
}

#[test]
fn a_login_that_is_not_answered_times_out() {
    let mut pair = asked(token(), None);
    let timeout = pair.context.common.plan.clients.timeout;
    let deadline = pair.session.deadline(&pair.context).unwrap();
    assert!(deadline > timeout && deadline <= pair.now + timeout);
    pair.say_control(OpCode::Pong, b"");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(
        pair.session.deadline(&pair.context),
        Some(deadline),
        "a pong is no answer"
    );
    let early = deadline - Nanos(1);
    assert_eq!(
        pair.session.on_deadline(&mut pair.context, early),
        SessionStatus::Continue
    );
    assert_eq!(
        pair.session.on_deadline(&mut pair.context, deadline),
        SessionStatus::Failed
    );
    assert_failed(pair, FailureKind::TimedOut, "nothing within 10 s");
}

#[test]
fn a_connection_that_ends_within_its_login_has_failed_in_it() {
    let mut pair = asked(token(), None);
    let now = pair.now;
    assert_eq!(
        pair.session.on_eof(&mut pair.context, now),
        SessionStatus::Failed
    );
    assert_failed(pair, FailureKind::Closed, "in the middle of the login");
}

#[test]
fn without_steps_nothing_is_said_and_documents_stay_as_they_are() {
    let pair = Pair::open(plan(1), 0, None);
    assert_eq!(pair.heard, []);
    let stored = serde_json::to_value(plan(1)).unwrap();
    assert!(stored.get("login").is_none());
    let login = token().expect(Binary, Pattern::Contains(vec![0xff]));
    let stored = serde_json::to_value(with(login.clone())).unwrap();
    assert!(!stored.to_string().contains("token 7"), "{stored}");
    let again: PlanSpec = serde_json::from_value(stored).unwrap();
    assert!(again.clients.login.is_withheld());
    assert_eq!(again.clients.login.steps()[1..], login.steps()[1..]);
    let given =
        r#"[{"step":"send","content":"hi"},{"step":"expect","known":"part","content":"ok"}]"#;
    let mut stored = serde_json::to_value(plan(1)).unwrap();
    stored["login"] = serde_json::from_str(given).unwrap();
    let again: PlanSpec = serde_json::from_value(stored).unwrap();
    let expected = LoginSteps::default().send(Text, "hi");
    let expected = expected.expect(Text, Pattern::Contains(b"ok".to_vec()));
    assert_eq!(again.clients.login, expected);
    assert!(again.check().is_ok());
}

/// A login as scenarios have it: what it takes from an answer stands in what it says later.
fn taking() -> LoginSteps {
    let hello = Expected {
        awaited: Awaited::new(Text, Pattern::Prefix(b"hello".to_vec())),
        captures: vec![
            ("sid".to_owned(), "regex:sid=([a-z0-9]+)".parse().unwrap()),
            ("all".to_owned(), "prefix:hello ".parse().unwrap()),
        ],
        within: Some(Nanos::from_millis(300)),
    };
    LoginSteps::default()
        .then(LoginStep::Expect(hello))
        .send(Text, r#"{"as":"{cap.sid}","number":{n},"of":{conn}}"#)
        .expect(Text, Pattern::Equals(b"welcome {cap.sid}".to_vec()))
}

#[test]
fn what_is_taken_from_an_answer_stands_in_what_is_said_later() {
    let mut pair = Pair::answered(with(taking()), 7, None);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.heard, []);
    pair.say(Text, b"hello sid=ab12;");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let asked = br#"{"as":"ab12","number":1,"of":7}"#.to_vec();
    assert_eq!(pair.message(), (Text, asked));
    pair.say(Text, b"welcome ab12");
    assert_eq!(pair.deliver(), SessionStatus::Upgraded);
    let logins = pair.books().at(Series::Login).count();
    assert_eq!(logins, 1);
}

#[test]
fn a_step_has_a_deadline_of_its_own() {
    let mut pair = Pair::answered(with(taking()), 0, None);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let deadline = pair.session.deadline(&pair.context).unwrap();
    assert!(deadline <= pair.now + Nanos::from_millis(300));
    let flow = pair.session.on_deadline(&mut pair.context, deadline);
    assert_eq!(flow, SessionStatus::Failed);
    assert_failed(pair, FailureKind::TimedOut, "nothing within 0.3 s");
}

#[test]
fn the_words_of_a_server_that_refuses_are_told_without_its_control_characters() {
    let mut pair = Pair::answered(with(taking()), 0, None);
    pair.say(
        Text,
        b"you are \x1b[31mnot\r\nallowed to do this here, go away",
    );
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    let words = "“you are [31mnot allowed to do this here, go away”";
    assert_failed(pair, FailureKind::LoginRefused, words);
}

/// What a server has handed out may be a credential, such as the number of a session.
#[test]
fn what_was_taken_from_an_answer_stands_in_no_failure() {
    let hello = taking().steps()[0].clone();
    let login = LoginSteps::default()
        .then(hello)
        .expect(Text, Pattern::Prefix(b"welcome {cap.sid}".to_vec()));
    let mut pair = Pair::answered(with(login), 7, None);
    pair.say(Text, b"hello sid=ab12;");
    pair.say(Text, b"go away");
    assert_eq!(pair.deliver(), SessionStatus::Failed);
    let tally = pair.books();
    let words = tally.failures[0].example.to_string();
    assert!(
        words.contains("{cap.sid}") && !words.contains("ab12"),
        "{words}"
    );
    assert!(words.contains("go away"), "{words}");
}

#[test]
fn what_the_plan_knows_is_answered_and_passed_over_in_a_login() {
    let spec = with(token()).with(|spec| {
        spec.clients.upkeep.replies = vec![Reply {
            on: Awaited::new(None, Pattern::Equals(b"2".to_vec())),
            say: Some(Spoken::new(Text, "3")),
        }];
        spec.clients.exchange.greeting = Some(Greeting::Holding("notice".to_owned()));
    });
    let mut pair = Pair::answered(spec, 0, None);
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.message(), (Text, b"token 7".to_vec()));
    pair.say(Text, b"2");
    pair.say(Text, b"a notice to all");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    assert_eq!(pair.message(), (Text, b"3".to_vec()));
    pair.say(Text, b"welcome");
    assert_eq!(pair.deliver(), SessionStatus::Upgraded);
    // And later: no answer of the load is taken for it, and it is none.
    pair.begin_load();
    pair.pump();
    pair.say(Text, b"2");
    let _ = pair.deliver();
    assert!(pair.heard.contains(&Received::Message(Text, b"3".to_vec())));
    let tally = &pair.context.common.meter.tally;
    assert_eq!((tally.messages.unasked, &tally.failures[..]), (0, &[][..]));
}

#[test]
fn a_pause_is_waited_for_whatever_comes() {
    let pause = Nanos::from_millis(40);
    let login = LoginSteps::default()
        .send(Text, "token 7")
        .then(LoginStep::Settle(pause));
    let mut pair = asked(login, None);
    let ends = pair.session.deadline(&pair.context).unwrap();
    assert!(ends <= pair.now + pause);
    pair.say(Text, b"whatever");
    assert_eq!(pair.deliver(), SessionStatus::Continue);
    let early = ends - Nanos(1);
    assert_eq!(
        pair.session.on_deadline(&mut pair.context, early),
        SessionStatus::Continue
    );
    let flow = pair.session.on_deadline(&mut pair.context, ends);
    assert_eq!(flow, SessionStatus::Upgraded);
    assert!(pair.session.is_open());
}
