//! Transcripts of protocols, and the scenarios that come of them.

use std::path::Path;

use toml::{Table, Value};
use wsbench_drive::relay::transcript::{Conversation, Party, Transcribed, Transcript};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::PlanSpec;
use wsbench_load::route::Target;
use wsbench_wire::connection::MessageKind;

use super::*;

mod binary;

/// One connection: what was said when, in ms; `>` by the client, `<` by the server.
fn talk(resource: &str, said: &[(u64, &str)]) -> Conversation {
    let said = said.iter().map(|(at, text)| {
        let (by, content) = text.split_at(1);
        Transcribed {
            at: Nanos::from_millis(*at),
            by: match by {
                ">" => Party::Client,
                "<" => Party::Server,
                other => panic!("{other}"),
            },
            kind: MessageKind::Text,
            content: content.as_bytes().to_vec(),
            is_cut: false,
        }
    });
    let said: Vec<Transcribed> = said.collect();
    Conversation {
        opened: said.first().map_or(Nanos(0), |it| it.at),
        resource: resource.to_owned(),
        said,
        ..Conversation::default()
    }
}

/// The text that is written of it.
fn written(conversations: Vec<Conversation>) -> String {
    let transcript = Transcript {
        conversations,
        left_out: 0,
        of_others: 0,
    };
    let server: Target = "ws://localhost:3000/".parse().unwrap();
    scenario_of(&transcript, &server, "app.toml").unwrap()
}

fn read(text: &str) -> Table {
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The plan of a file, whose variables are all set.
fn spec(text: &str) -> PlanSpec {
    let scenario = Scenario::parse(Path::new("app.toml"), text, &|_: &str| Some("x".repeat(24)));
    scenario.unwrap().spec().unwrap()
}

/// A key's value as TOML writes it in short.
fn value(table: &Table, key: &str) -> String {
    short(
        table
            .get(key)
            .unwrap_or_else(|| panic!("{key} in {table:?}")),
    )
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(short).collect();
            format!("[{}]", all.join("; "))
        }
        Value::Table(table) => {
            let all: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{key}: {}", short(value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        other => format!("{other:?}"),
    }
}

fn clients(table: &Table, at: usize) -> &Table {
    table["clients"][at].as_table().unwrap()
}

#[test]
fn rooms_of_socket_io() {
    let path = "/socket.io/?EIO=4&transport=websocket";
    let client = |at: u64, sid: &str, room: &str, said: [&str; 2]| {
        let mut lines = vec![
            (
                at,
                format!("<0{{\"sid\":\"{sid}\",\"upgrades\":[],\"pingInterval\":25000}}"),
            ),
            (at + 1, ">40".to_owned()),
            (at + 2, format!("<40{{\"sid\":\"b{sid}\"}}")),
            (at + 3, format!(">420[\"join\",\"{room}\"]")),
            (at + 4, "<430[\"ok\"]".to_owned()),
        ];
        for (number, text) in said.iter().enumerate() {
            let at = 500 + at + 100 * number as u64;
            lines.push((at, format!(">42[\"msg\",\"{room}\",\"{text}\"]")));
            lines.push((at + 1, format!("<42[\"msg\",\"{text}\"]")));
        }
        let lines: Vec<(u64, &str)> = lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        talk(path, &lines)
    };
    let text = written(vec![
        client(0, "Ab3dEf7hIj", "red", ["hello there", "how do you do"]),
        client(20, "Zy3xWv7uTs", "blue", ["good morning", "and good night"]),
    ]);
    let table = read(&text);
    assert_eq!(
        value(&table, "url"),
        "ws://localhost:3000/socket.io/?EIO=4&transport=websocket"
    );
    assert_eq!(value(&table, "rooms"), "{names: [red; blue]}");
    assert_eq!(
        value(&table, "login"),
        "[{expect: {prefix: 0{}}; {expect: {prefix: 40{}, send: 40}; \
         {expect: {prefix: 430[\"ok\"}, send: 420[\"join\",\"{room}\"]}]"
    );
    assert_eq!(value(&table, "reply"), "[{on: {equals: 2}, send: 3}]");
    let clients = clients(&table, 0);
    assert_eq!(value(clients, "roles"), "[publish; subscribe]");
    assert_eq!(value(clients, "count"), "2");
    assert_eq!(
        value(clients, "message"),
        "42[\"msg\",\"{room}\",\"{tag}{fill}\"]"
    );
    assert_eq!(value(clients, "audience"), "room");
    assert!(!text.contains("Ab3dEf7hIj"), "{text}");
}

#[test]
fn heartbeats_of_either_side() {
    let mut lines = vec![
        (0, "<0{\"sid\":\"x\"}"),
        (1, ">40"),
        (2, "<40{\"sid\":\"y\"}"),
    ];
    for number in 0..4 {
        lines.extend([(5_000 * number + 100, "<2"), (5_000 * number + 101, ">3")]);
    }
    lines.extend([
        (30_000, ">42[\"say\",\"ab cd\"]"),
        (30_001, "<42[\"said\",\"ab cd\"]"),
    ]);
    lines.extend([
        (30_500, ">42[\"say\",\"ef gh\"]"),
        (30_501, "<42[\"said\",\"ef gh\"]"),
    ]);
    let table = read(&written(vec![talk("/", &lines)]));
    assert_eq!(value(&table, "reply"), "[{on: {equals: 2}, send: 3}]");
    assert!(table.get("every").is_none());

    let mut lines = vec![];
    for number in 0..4 {
        let at = 3_000 * number;
        let ping = format!(">{{\"op\":\"ping\",\"n\":{}}}", number + 1);
        lines.push((at, ping));
        lines.push((at + 2, format!("<{{\"op\":\"pong\",\"n\":{}}}", number + 1)));
    }
    for number in 0..20 {
        let at = 700 + 130 * number;
        lines.push((
            at,
            format!(">{{\"op\":\"say\",\"text\":\"message {number} of it\"}}"),
        ));
        lines.push((
            at + 1,
            format!("<{{\"op\":\"said\",\"text\":\"message {number} of it\"}}"),
        ));
    }
    lines.sort_by_key(|(at, _)| *at);
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, text)| (*at, text.as_str()))
        .collect();
    let table = read(&written(vec![talk("/", &lines)]));
    assert_eq!(
        value(&table, "every"),
        "[{expect: {json: {/op: pong}}, period: 3s, send: {\"op\":\"ping\",\"n\":{n}}}]"
    );
    assert_eq!(
        value(clients(&table, 0), "message"),
        "{\"op\":\"say\",\"text\":\"{tag}{fill}\"}"
    );
    assert_eq!(value(clients(&table, 0), "audience"), "all");
}

/// A connection of graphql-transport-ws on which this was said.
fn of_graphql(lines: &[(u64, String)]) -> Conversation {
    let lines = lines.iter().map(|(at, text)| (*at, text.as_str()));
    let mut talk = talk("/graphql", &lines.collect::<Vec<_>>());
    talk.subprotocols = vec!["graphql-transport-ws".to_owned()];
    talk
}

#[test]
fn subscriptions_and_mutations_of_graphql() {
    let init = ">{\"type\":\"connection_init\",\"payload\":{\"token\":\"s3cret-value\"}}";
    let ack = "<{\"type\":\"connection_ack\"}";
    let subscribe = ">{\"id\":\"0a1b2c3d-0000-4000-8000-0123456789ab\",\"type\":\"subscribe\",\"payload\":\
                     {\"query\":\"subscription($r:String!){said(room:$r){text}}\",\"variables\":{\"r\":\"news\"}}}";
    let said = |text: &str| {
        format!(
            "<{{\"id\":\"0a1b2c3d-0000-4000-8000-0123456789ab\",\"type\":\"next\",\"payload\":\
             {{\"data\":{{\"said\":{{\"text\":\"{text}\"}}}}}}}}"
        )
    };
    let mutation = |id: &str, text: &str| {
        format!(
            ">{{\"id\":\"{id}\",\"type\":\"subscribe\",\"payload\":{{\"query\":\
             \"mutation($r:String!,$t:String!){{say(room:$r,text:$t)}}\",\"variables\":\
             {{\"r\":\"news\",\"t\":\"{text}\"}}}}}}"
        )
    };
    let texts = ["the first of all", "and the second", "and a third one"];
    let (mut hears, mut says) = (vec![], vec![]);
    hears.push((0, init.to_owned()));
    hears.push((2, ack.to_owned()));
    hears.push((4, subscribe.to_owned()));
    says.push((10, init.to_owned()));
    says.push((12, ack.to_owned()));
    for (number, text) in texts.iter().enumerate() {
        let at = 600 + 100 * number as u64;
        let id = format!("f00d000{number}-0000-4000-8000-0123456789ab");
        says.push((at, mutation(&id, text)));
        hears.push((at + 1, said(text)));
        says.push((
            at + 2,
            format!(
                "<{{\"id\":\"{id}\",\"type\":\"next\",\"payload\":{{\"data\":{{\"say\":1}}}}}}"
            ),
        ));
        says.push((
            at + 3,
            format!("<{{\"id\":\"{id}\",\"type\":\"complete\"}}"),
        ));
    }
    let text = written(vec![of_graphql(&hears), of_graphql(&says)]);
    let table = read(&text);
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(value(&table, "subprotocol"), "graphql-transport-ws");
    assert_eq!(value(&table, "rooms"), "{names: [news]}");
    assert_eq!(
        value(&table, "login"),
        "[{expect: {json: {/type: connection_ack}}, send: \
         {\"type\":\"connection_init\",\"payload\":{\"token\":\"{env:TOKEN}\"}}}]"
    );
    let (publish, subscribe) = (clients(&table, 0), clients(&table, 1));
    assert_eq!(value(publish, "roles"), "[publish]");
    let message = value(publish, "message");
    assert!(
        message.contains("\"r\":\"{room}\",\"t\":\"{tag}{fill}\""),
        "{message}"
    );
    assert!(message.starts_with("{\"id\":\"{rand:hex:8}-"), "{message}");
    assert_eq!(value(subscribe, "roles"), "[subscribe]");
    let join = value(subscribe, "join");
    assert!(join.contains("{said(room:$r){ text}}"), "{join}");
    assert!(
        join.contains("\"r\":\"{room}\"") && join.contains("settle: "),
        "{join}"
    );
    let replies = value(&table, "reply");
    for on in ["{/type: ping}", "{/type: next}", "{/type: complete}"] {
        assert!(replies.contains(on), "{replies}");
    }
    assert!(
        text.contains("#   TOKEN: token in a message of the client"),
        "{text}"
    );
}

#[test]
fn requests_of_json_rpc() {
    let mut lines = vec![];
    lines.push((0, ">{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"login\",\"params\":{\"user\":\"ann\",\"password\":\"hunter22\"}}".to_owned()));
    lines.push((
        5,
        "<{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":true}".to_owned(),
    ));
    for number in 2..8 {
        let at = number * 100;
        lines.push((at, format!(">{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"sum\",\"params\":[1,{number}]}}")));
        lines.push((
            at + 3,
            format!(
                "<{{\"jsonrpc\":\"2.0\",\"id\":{number},\"result\":{}}}",
                number + 1
            ),
        ));
    }
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, text)| (*at, text.as_str()))
        .collect();
    let text = written(vec![talk("/rpc", &lines)]);
    let table = read(&text);
    assert!(!text.contains("hunter22"), "{text}");
    assert_eq!(
        value(&table, "login"),
        "[{expect: {json: {/id: 1}}, send: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"login\",\"params\":\
         {\"user\":\"ann\",\"password\":\"{env:PASSWORD}\"}}}]"
    );
    let clients = clients(&table, 0);
    assert_eq!(value(clients, "roles"), "[request]");
    assert_eq!(
        value(clients, "message"),
        "{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"sum\",\"params\":[1,2]}"
    );
    assert_eq!(value(clients, "match"), "json:/id");
    assert_eq!(value(clients, "failed"), "json:/error");
    assert!(spec(&text).clients.exchange.request.is_some());
}

#[test]
fn topics_of_phoenix() {
    let client = |at: u64, topic: &str| {
        let mut lines = vec![
            (at, format!(">[\"3\",\"3\",\"{topic}\",\"phx_join\",{{}}]")),
            (
                at + 1,
                format!(
                    "<[\"3\",\"3\",\"{topic}\",\"phx_reply\",{{\"status\":\"ok\",\"response\":{{}}}}]"
                ),
            ),
            (
                at + 2,
                format!("<[\"3\",null,\"{topic}\",\"presence_state\",{{\"u{at}\":{{}}}}]"),
            ),
        ];
        for number in 0..3 {
            let text = format!("words {number} of {topic}");
            let (at, id) = (700 + at + 100 * number, number + 4);
            lines.push((
                at,
                format!(">[\"3\",\"{id}\",\"{topic}\",\"msg\",{{\"text\":\"{text}\"}}]"),
            ));
            lines.push((at + 1, format!("<[\"3\",\"{id}\",\"{topic}\",\"phx_reply\",{{\"status\":\"ok\",\"response\":{{}}}}]")));
            lines.push((
                at + 2,
                format!("<[null,null,\"{topic}\",\"msg\",{{\"text\":\"{text}\"}}]"),
            ));
        }
        lines.push((
            at + 30_000,
            ">[null,\"9\",\"phoenix\",\"heartbeat\",{}]".to_owned(),
        ));
        lines.push((
            at + 30_001,
            "<[null,\"9\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]"
                .to_owned(),
        ));
        let lines: Vec<(u64, &str)> = lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        talk("/socket/websocket?vsn=2.0.0", &lines)
    };
    let text = written(vec![client(0, "room:lobby"), client(10, "room:attic")]);
    let table = read(&text);
    assert_eq!(value(&table, "rooms"), "{names: [room:lobby; room:attic]}");
    let login = value(&table, "login");
    assert!(
        login.contains("send: [\"3\",\"3\",\"{room}\",\"phx_join\",{}]"),
        "{login}"
    );
    assert!(
        login.contains("/3: phx_reply") && login.contains("/4/status: ok"),
        "{login}"
    );
    assert!(
        login.contains("/2: {room}") && login.contains("/1: 3"),
        "{login}"
    );
    let clients = clients(&table, 0);
    assert_eq!(
        value(clients, "message"),
        "[\"3\",\"m{seq}\",\"{room}\",\"msg\",{\"text\":\"{tag}{fill}\"}]"
    );
    let every = value(&table, "every");
    assert!(every.contains("period: 30s"), "{every}");
    assert!(value(&table, "reply").contains("phx_reply"), "{text}");
}

#[test]
fn values_that_the_server_gave_are_taken_and_sent_back() {
    let client = |at: u64, session: &str| {
        let mut lines = vec![
            (
                at,
                format!("<{{\"type\":\"hello\",\"challenge\":\"{session}\"}}"),
            ),
            (
                at + 1,
                format!(
                    ">{{\"type\":\"auth\",\"answer\":\"{session}\",\"password\":\"open-sesame\"}}"
                ),
            ),
            (
                at + 2,
                format!("<{{\"type\":\"welcome\",\"session\":\"{session}-s\"}}"),
            ),
        ];
        for number in 0..3 {
            let text = format!("saying {number} by {at}");
            let at = 800 + at + 100 * number;
            lines.push((
                at,
                format!(">{{\"type\":\"say\",\"session\":\"{session}-s\",\"text\":\"{text}\"}}"),
            ));
            lines.push((
                at + 1,
                format!("<{{\"type\":\"said\",\"text\":\"{text}\"}}"),
            ));
        }
        let lines: Vec<(u64, &str)> = lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        talk("/", &lines)
    };
    let text = written(vec![client(0, "aaaa1111"), client(10, "bbbb2222")]);
    let table = read(&text);
    assert_eq!(
        value(&table, "login"),
        "[{expect: {json: {/type: hello}}, take: {answer: json:/challenge}}; \
         {expect: {json: {/type: welcome}}, send: {\"type\":\"auth\",\"answer\":\"{cap.answer}\",\
         \"password\":\"{env:PASSWORD}\"}, take: {session: json:/session}}]"
    );
    assert_eq!(
        value(clients(&table, 0), "message"),
        "{\"type\":\"say\",\"session\":\"{cap.session}\",\"text\":\"{tag}{fill}\"}"
    );
    for secret in ["aaaa1111", "bbbb2222", "open-sesame"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn commands_in_lines_with_the_length_of_what_follows() {
    let mut lines = vec![
        (
            0,
            "<INFO {\"server_id\":\"X\",\"auth_required\":true} \r\n".to_owned(),
        ),
        (
            1,
            ">CONNECT {\"verbose\":false,\"auth_token\":\"t0ken-of-ours\"}\r\n".to_owned(),
        ),
        (2, ">SUB news.red 1\r\n".to_owned()),
        (3, ">PING\r\n".to_owned()),
        (4, "<PONG\r\n".to_owned()),
    ];
    for number in 0..4 {
        let text = format!("text number {number}");
        let at = 500 + 100 * number;
        lines.push((at, format!(">PUB news.red {}\r\n{text}\r\n", text.len())));
        lines.push((
            at + 1,
            format!("<MSG news.red 1 {}\r\n{text}\r\n", text.len()),
        ));
    }
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, text)| (*at, text.as_str()))
        .collect();
    let text = written(vec![talk("/", &lines)]);
    let table = read(&text);
    assert!(!text.contains("t0ken"), "{text}");
    assert_eq!(value(&table, "rooms"), "{names: [news.red]}");
    let login = value(&table, "login");
    assert!(login.contains("{prefix: INFO {}"), "{login}");
    assert!(
        login.contains("\"auth_token\":\"{env:AUTH_TOKEN}\""),
        "{login}"
    );
    assert!(login.contains("send: SUB {room} 1\r\n"), "{login}");
    let clients = clients(&table, 0);
    assert_eq!(
        value(clients, "message"),
        "PUB {room} 30\r\n{tag}{fill}\r\n"
    );
    assert_eq!(value(clients, "size"), "30");
}

#[test]
fn a_server_that_sends_by_itself_is_listened_to() {
    let mut lines = vec![
        (
            0,
            ">{\"op\":\"subscribe\",\"symbol\":\"BTCUSDT\"}".to_owned(),
        ),
        (
            1,
            "<{\"op\":\"subscribed\",\"symbol\":\"BTCUSDT\"}".to_owned(),
        ),
    ];
    for number in 0..6 {
        let stamp = 1_700_000_000_123_u64 + number;
        lines.push((
            100 * number + 50,
            format!(
                "<{{\"s\":\"BTCUSDT\",\"u\":{},\"E\":{stamp},\"p\":\"1.5\"}}",
                70 + number
            ),
        ));
    }
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, text)| (*at, text.as_str()))
        .collect();
    let text = written(vec![talk("/feed", &lines)]);
    let table = read(&text);
    let clients = clients(&table, 0);
    assert_eq!(value(clients, "roles"), "[subscribe]");
    assert_eq!(value(clients, "sequence"), "json:/u");
    assert_eq!(value(clients, "stamp"), "json:/E:ms");
    assert_eq!(value(&table, "rooms"), "{names: [BTCUSDT]}");
    assert_eq!(
        value(&table, "login"),
        "[{expect: {json: {/op: subscribed, /symbol: {room}}}, send: {\"op\":\"subscribe\",\"symbol\":\"{room}\"}}]"
    );
    assert!(spec(&text).clients.exchange.flow.pushes().is_some());
}

#[test]
fn an_echo_is_one() {
    let lines = [
        (0, ">hello 1"),
        (1, "<hello 1"),
        (10, ">hello 22"),
        (11, "<hello 22"),
        (20, ">hello 3"),
        (21, "<hello 3"),
    ];
    let table = read(&written(vec![talk("/", &lines)]));
    assert_eq!(value(clients(&table, 0), "roles"), "[echo]");
    assert_eq!(value(clients(&table, 0), "size"), "30");
    let lines = [
        (0, ">{\"say\":\"hello you\"}"),
        (1, "<{\"say\":\"hello you\"}"),
        (10, ">{\"say\":\"and I\"}"),
        (11, "<{\"say\":\"and I\"}"),
    ];
    let table = read(&written(vec![talk("/", &lines)]));
    assert_eq!(
        value(clients(&table, 0), "message"),
        "{\"say\":\"{conn}-{seq}-{rand:hex:8}\"}"
    );
}

#[test]
fn channels_with_json_within_json() {
    let subscribe = |room: &str| {
        format!(
            ">{{\"command\":\"subscribe\",\"identifier\":\"{{\\\"channel\\\":\\\"ChatChannel\\\",\\\"room\\\":\\\"{room}\\\"}}\"}}"
        )
    };
    let confirm = |room: &str| {
        format!(
            "<{{\"identifier\":\"{{\\\"channel\\\":\\\"ChatChannel\\\",\\\"room\\\":\\\"{room}\\\"}}\",\"type\":\"confirm_subscription\"}}"
        )
    };
    let client = |at: u64, room: &str| {
        let mut lines = vec![
            (at, "<{\"type\":\"welcome\"}".to_owned()),
            (at + 1, subscribe(room)),
            (at + 2, confirm(room)),
        ];
        for number in 0..3 {
            let text = format!("words {number} in {room}");
            let at = 900 + at + 100 * number;
            lines.push((
                at,
                format!("<{{\"type\":\"ping\",\"message\":17000000{number}}}"),
            ));
            lines.push((at + 1, format!(">{{\"command\":\"message\",\"identifier\":\"{{\\\"channel\\\":\\\"ChatChannel\\\",\\\"room\\\":\\\"{room}\\\"}}\",\"data\":\"{{\\\"action\\\":\\\"speak\\\",\\\"text\\\":\\\"{text}\\\"}}\"}}")));
            lines.push((
                at + 40,
                format!("<{{\"identifier\":\"x\",\"message\":{{\"text\":\"{text}\"}}}}"),
            ));
        }
        let lines: Vec<(u64, &str)> = lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        talk("/cable", &lines)
    };
    let text = written(vec![client(0, "red"), client(7, "blue")]);
    let table = read(&text);
    assert_eq!(value(&table, "rooms"), "{names: [red; blue]}");
    let message = value(clients(&table, 0), "message");
    assert!(message.contains("\\\"room\\\":\\\"{room}\\\""), "{message}");
    assert!(
        message.contains("\\\"text\\\":\\\"{tag}{fill}\\\""),
        "{message}"
    );
    assert!(
        value(&table, "reply").contains("{on: {json: {/type: ping}}}"),
        "{text}"
    );
}

#[test]
fn the_handshake_is_kept_without_its_credentials() {
    let mut talk = talk(
        "/ws?room=1&token=abc%2Fdef",
        &[(0, ">hi all"), (1, "<hi all"), (9, ">you"), (11, "<you")],
    );
    talk.origin = Some("https://app.test".to_owned());
    talk.headers = [
        ("User-Agent", "Browser"),
        (
            "Authorization",
            "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
        ),
        ("Cookie", "sid=planted-cookie; theme=dark"),
        ("X-Tenant", "seven"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    talk.subprotocols = vec!["bearer".to_owned(), "planted-subprotocol".to_owned()];
    let text = written(vec![talk]);
    let table = read(&text);
    for secret in ["abc%2Fdef", "eyJhb", "planted"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(
        value(&table, "url"),
        "ws://localhost:3000/ws?room=1&token={env:TOKEN}"
    );
    assert_eq!(
        value(&table, "headers"),
        "{Authorization: Bearer {env:AUTHORIZATION}, Cookie: {env:COOKIE}, X-Tenant: seven}"
    );
    assert_eq!(
        value(&table, "subprotocol"),
        "[bearer; {env:SUBPROTOCOL_TOKEN}]"
    );
    assert_eq!(value(&table, "origin"), "https://app.test");
    let spec = spec(&text);
    assert_eq!(
        spec.upgrade.headers[0].reveal(),
        Some(&*format!("Bearer {}", "x".repeat(24)))
    );
    assert_eq!(
        spec.target.resource,
        format!("/ws?room=1&token={}", "x".repeat(24))
    );
}

#[test]
fn what_is_not_recognised_stands_as_a_comment() {
    let mut lines = vec![];
    for number in 0..4 {
        lines.push((
            100 * number,
            format!(">{{\"type\":\"say\",\"text\":\"text {number} here\"}}"),
        ));
        lines.push((
            100 * number + 1,
            format!("<{{\"type\":\"said\",\"text\":\"text {number} here\"}}"),
        ));
    }
    lines.push((
        1_000,
        ">{\"type\":\"typing\",\"password\":\"planted\nsecret\"}".to_owned(),
    ));
    let lines: Vec<(u64, &str)> = lines
        .iter()
        .map(|(at, text)| (*at, text.as_str()))
        .collect();
    let mut talk = talk("/", &lines);
    talk.said[3].kind = MessageKind::Binary;
    talk.said[3].content = vec![0x08, 0x01, 0xff];
    let other = Conversation {
        resource: "/other".to_owned(),
        ..Conversation::default()
    };
    let text = written(vec![talk, other]);
    assert!(text.contains("#   1 × {\"type\":\"typing\""), "{text}");
    assert!(!text.contains("planted"), "{text}");
    assert!(
        text.contains("0 messages of clients, 1 of the server"),
        "{text}"
    );
    assert!(text.contains("Left out: 1 connections"), "{text}");
}

/// Credentials stand nowhere in the file, however short they are and in whatever form they were said.
#[test]
fn no_credential_is_left_in_any_form() {
    let said = [
        (0, ">PASS oauth:planted-oauth"),
        (1, ">NICK planter"),
        (2, "<:server 001 planter :welcome"),
        (3, ">PRIVMSG NickServ :IDENTIFY planted"),
        (4, ">JOIN #room"),
        (5, ">LOGIN me xq7"),
        (6, ">SEND /x\npasscode:xq8\n\nhello\0"),
        (7, ">see ws://user:xq9@h/ and ?pin=xq5"),
        (8, ">{\"token\":\"xq6\",\"room\":\"red\"}"),
    ];
    let mut talk = talk("/ws/token/planted1?room=1&pin=xq1", &said);
    talk.headers = [
        ("X-Info", "a=b; token=xq2"),
        ("X-Api-Key", "xq3"),
        ("X-Tenant", "seven"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    talk.subprotocols = vec!["bearer".to_owned(), "xq4".to_owned()];
    let text = written(vec![talk]);
    for secret in (1..=9)
        .map(|number| format!("xq{number}"))
        .chain(["planted".to_owned()])
    {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
    for kept in ["seven", "room=1", "planter", "hello"] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}

/// A value that a scenario cannot ask for does not take the others with it.
#[test]
fn a_value_that_cannot_be_asked_for_is_left_out_alone() {
    let mut said = Vec::new();
    for number in 0..6 {
        let at = 100 * number;
        said.push((at, format!(">{{\"method\":\"get\",\"id\":{}}}", number + 1)));
        let answer = format!("<{{\"type\":\"got\",\"op\":1.5,\"id\":{}}}", number + 1);
        said.push((at + 1, answer));
    }
    said.insert(
        0,
        (
            0,
            "<{\"type\":\"hello\",\"op\":0.5,\"status\":null}".to_owned(),
        ),
    );
    let said: Vec<(u64, &str)> = said.iter().map(|(at, text)| (*at, text.as_str())).collect();
    let text = written(vec![talk("/", &said)]);
    assert!(text.contains("\"/type\" = \"hello\""), "{text}");
    assert!(!text.contains("0.5"), "{text}");
}

#[test]
fn nothing_is_no_scenario() {
    let server: Target = "ws://localhost:3000/".parse().unwrap();
    let refused = scenario_of(&Transcript::default(), &server, "app.toml").unwrap_err();
    assert!(matches!(refused, RecordedError::NoConnection));
    let transcript = Transcript {
        conversations: vec![talk("/", &[])],
        left_out: 0,
        of_others: 0,
    };
    let refused = scenario_of(&transcript, &server, "app.toml").unwrap_err();
    assert!(matches!(refused, RecordedError::Silence { connections: 1 }));
}
