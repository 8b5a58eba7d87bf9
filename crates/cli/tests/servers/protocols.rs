//! Protocols whose messages are other than WebSocket messages, or whose servers are not to be had here: the
//! former against servers of the system, the latter against small ones that the official clients take for
//! theirs.

use crate::daemon::Daemon;
use crate::running::Process;
use crate::scenarios::{
    assert_acknowledged, assert_delivered, assert_logged_in, changed, preset, refused,
};
use crate::server::{Kind, Server, node};

/// The protocol's own client joins, publishes and is told of it.
fn assert_taken_for_one(server: &Server, folder: &str, module: &str) {
    let mut client = node(folder, module, "client.js");
    client.arg(server.port().to_string());
    let ended = Process::start(&mut client).ended();
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert_eq!(ended.stdout.trim(), "delivered grüße", "{said}");
}

/// A preset against a small server, whose rooms have so many members each that hear a message.
fn assert_rooms(name: &str, (kind, folder, module): (Kind, &str, &str), path: &str, hear: u64) {
    let server = Server::start(kind);
    assert_taken_for_one(&server, folder, module);
    let url = format!("{}{path}", server.url());
    let mut sent = 0;
    for threads in ["1", "2"] {
        let run = preset(name, &url, &["-t", threads]);
        assert_delivered(&run, hear);
        assert_logged_in(&run, 100);
        assert_ne!(run.document["audit"]["verdict"], "invalid");
        sent += run.sent("sent");
    }
    let seen = server.stats();
    // The official client's message, and those of the warm-up, are none of those that are counted.
    assert!(seen.messages > sent, "{seen:?}, {sent} sent");
}

#[test]
#[ignore = "needs scripts/servers"]
fn groups_of_signalr() {
    let server = (Kind::SignalR, "signalr", "@microsoft/signalr");
    assert_rooms("signalr", server, "hub", 10);
}

#[test]
#[ignore = "needs scripts/servers"]
fn topics_of_phoenix() {
    let server = (Kind::Phoenix, "phoenix", "phoenix");
    assert_rooms("phoenix", server, "socket/websocket?vsn=2.0.0", 10);
}

#[test]
#[ignore = "needs scripts/servers"]
fn channels_of_centrifugo() {
    let server = (Kind::Centrifugo, "centrifugo", "centrifuge");
    assert_rooms("centrifugo", server, "connection/websocket", 10);
}

#[test]
#[ignore = "needs scripts/servers"]
fn channels_of_pusher_spare_their_sender() {
    let server = (Kind::Pusher, "pusher", "pusher-js");
    assert_rooms("pusher", server, "app/key?protocol=7", 9);
}

#[test]
#[ignore = "needs scripts/servers"]
fn channels_of_actioncable() {
    let server = (Kind::ActionCable, "actioncable", "@rails/actioncable");
    assert_rooms("actioncable", server, "cable", 10);
}

#[test]
#[ignore = "needs scripts/servers"]
fn subjects_of_nats() {
    let server = Daemon::nats("");
    let run = preset("nats", &server.url("/"), &[]);
    assert_delivered(&run, 10);
    assert_logged_in(&run, 100);
}

#[test]
#[ignore = "needs scripts/servers"]
fn topics_of_mosquitto() {
    let server = Daemon::mosquitto();
    for threads in ["1", "2"] {
        let run = preset("mqtt", &server.url("/mqtt"), &["-t", threads]);
        assert_delivered(&run, 10);
        assert_logged_in(&run, 100);
        assert_eq!(run.document["plan"]["unit"], "mqtt");
    }
    // At quality of service 1 each is acknowledged (PUBACK), with the number that it was sent with.
    let text = include_str!("../../../wsbench/src/scenario/presets/mqtt.toml");
    let changes = [
        (
            "message_binary = '30 {var:",
            "ack = { hex = \"40020007\" }\nmessage_binary = '32 {var:",
        ),
        (r#"/{room}"} "{tag}"#, r#"/{room}"} 0007 "{tag}"#),
    ];
    let run = changed(text, &server.url("/mqtt"), &changes, &[]);
    assert_delivered(&run, 10);
    assert_acknowledged(&run);
    // One that answers otherwise than a login awaits is told of byte by byte.
    let directory = tempfile::tempdir().unwrap();
    let scenario = directory.path().join("mqtt.toml");
    std::fs::write(&scenario, text.replace("20020000", "20020005")).unwrap();
    let (scenario, url) = (scenario.to_str().unwrap(), server.url("/mqtt"));
    let document = refused(&[
        "--scenario",
        scenario,
        "-c",
        "10",
        "--rooms",
        "2",
        "-d",
        "1s",
        &url,
    ]);
    let error = &document["errors"][0];
    assert_eq!(error["kind"], "login_refused");
    let words = error["example"].as_str().unwrap();
    assert!(words.contains("not the bytes 20020005"), "{words}");
}

#[test]
#[ignore = "needs scripts/servers"]
fn topics_of_rabbitmq() {
    let server = Daemon::rabbitmq();
    let run = preset("stomp", &server.url("/ws"), &[]);
    assert_delivered(&run, 10);
    assert_logged_in(&run, 100);
    assert_eq!(run.document["plan"]["unit"], "nul");
    // A receipt says that the server has a message.
    let text = include_str!("../../../wsbench/src/scenario/presets/stomp.toml");
    let changes = [(
        "message = \"SEND\\n",
        "ack = { contains = \"receipt-id:m{seq}\\n\" }\nmessage = \"SEND\\nreceipt:m{seq}\\n",
    )];
    let run = changed(text, &server.url("/ws"), &changes, &[]);
    assert_delivered(&run, 10);
    assert_acknowledged(&run);
}
