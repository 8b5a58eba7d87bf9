//! Broadcasts and requests against servers that other people wrote.

use serde_json::Value;

use crate::running::{Run, measured};
use crate::server::{Kind, Server};

fn broadcast(server: &Server, words: &[&str]) -> Run {
    let url = server.url();
    let usual = [
        "--mode",
        "broadcast",
        "-c",
        "30",
        "-R",
        "40",
        "-d",
        "2s",
        "--warmup",
        "300ms",
        "-s",
        "120",
    ];
    measured(&[&usual[..], words, &[&url]].concat())
}

fn deliveries(run: &Run, name: &str) -> u64 {
    run.document["deliveries"][name].as_u64().unwrap()
}

#[test]
#[ignore = "needs scripts/servers"]
fn a_broadcast_of_ws_reaches_everybody_its_sender_too() {
    let server = Server::start(Kind::WsBroadcast);
    for threads in ["1", "2"] {
        let run = broadcast(&server, &["-t", threads]);
        assert_eq!(run.exit, 0, "{}", run.story());
        let sent = run.sent("sent");
        assert_eq!(deliveries(&run, "received"), sent * 30);
        assert_eq!(run.document["senders_hear_themselves"], true);
        assert_eq!(run.document["errors"], serde_json::json!([]));
    }
}

#[test]
#[ignore = "needs scripts/servers"]
fn a_broadcast_of_websockets_within_json_spares_its_sender_and_is_verified() {
    let server = Server::start(Kind::WebsocketsBroadcast);
    let run = broadcast(&server, &[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(deliveries(&run, "received"), run.sent("sent") * 29);
    assert_eq!(deliveries(&run, "corrupted"), 0);
    assert_eq!(run.document["senders_hear_themselves"], false);
}

#[test]
#[ignore = "needs scripts/servers"]
fn broadcasts_and_rooms_of_aiohttp_reach_everybody_in_them() {
    let server = Server::start(Kind::AiohttpRooms);
    let run = broadcast(&server, &[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    let all = run.sent("sent");
    assert_eq!(deliveries(&run, "received"), all * 30);
    let url = server.url();
    let words = [
        "--mode",
        "pubsub",
        "-c",
        "30",
        "--rooms",
        "red,green,blue",
        "-R",
        "40",
        "-d",
        "2s",
        "--join",
        r#"{"join":"{room}"}"#,
        "--joined",
        "json:/joined={room}",
        &url,
    ];
    let run = measured(&words);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(deliveries(&run, "received"), run.sent("sent") * 10);
    assert_eq!(deliveries(&run, "out_of_room"), 0);
    assert_eq!(run.document["errors"], serde_json::json!([]));
    assert!(server.stats().messages > all);
}

fn requests(server: &Server, method: &str) -> Run {
    let template = format!(r#"{{"jsonrpc":"2.0","id":{{id}},"method":"{method}","params":[1,2]}}"#);
    let url = server.url();
    measured(&[
        "--mode",
        "request",
        "-c",
        "4",
        "-p",
        "4",
        "-n",
        "2k",
        "--template",
        &template,
        "--match",
        "json:/id",
        "--failed",
        "json:/error",
        &url,
    ])
}

#[test]
#[ignore = "needs scripts/servers"]
fn requests_of_json_rpc_are_answered_in_any_order() {
    let server = Server::start(Kind::WsRpc);
    let run = requests(&server, "sum");
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 2_000);
    assert!(run.sent("reordered") > 100, "{}", run.sent("reordered"));
    assert_eq!(server.stats().messages, 2_000);
}

#[test]
#[ignore = "needs scripts/servers"]
fn requests_that_fail_are_counted_with_the_servers_words() {
    let server = Server::start(Kind::WsRpc);
    let run = requests(&server, "nothing");
    assert_eq!(run.exit, 1, "{}", run.story());
    assert_eq!((run.sent("answered"), run.sent("failed")), (0, 2_000));
    let errors = run.document["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["kind"] == "error_answer");
    let example = error.and_then(|error| error["example"].as_str());
    assert!(
        example.unwrap().contains("no such method"),
        "{:?}",
        Value::from(errors.clone())
    );
}
