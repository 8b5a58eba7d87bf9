//! What scenarios say of the lives of clients, over the kernel: slow readers, sessions by a schedule, clients
//! that come back; and that flags outweigh it.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::{assert_refused, count, documented};

/// The document of a run of a scenario, of which nothing is doubted but its times.
fn ran(server: &Embedded, scenario: &str, words: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.toml");
    fs::write(&file, scenario).unwrap();
    let usual = [
        "-d",
        "1s",
        "--seed",
        "5",
        "--scenario",
        file.to_str().unwrap(),
    ];
    let (code, document) = documented(&[&usual[..], words, &[&server.url]].concat());
    assert_eq!(
        code,
        Some(0),
        "{:#} {:#}",
        document["audit"],
        document["errors"]
    );
    document
}

const CHAT: &str = r#"
[[clients]]
count = 2
roles = ["publish"]
rate = "100/s"
message = '{"text":"{tag}{fill}"}'
size = 200
[[clients]]
count = 10
roles = ["subscribe"]
[[clients]]
count = 3
roles = ["subscribe"]
read = { rate = 1000 }
"#;

/// Each reads a thousand bytes a second, which is less than five of the hundred messages.
fn assert_slow(document: &Value, receivers: u64, slow: u64) {
    let sent = count(&document["messages"], "sent");
    assert!(sent > 50, "{sent}");
    assert_eq!(count(&document["deliveries"], "expected"), sent * receivers);
    assert_eq!(count(&document["deliveries"], "received"), sent * receivers);
    let received = document["slow"]["received"].as_u64().unwrap();
    assert!(
        received > 0 && received < sent * slow / 4,
        "{received} of {sent}"
    );
}

#[test]
fn clients_of_a_scenario_that_read_slowly_are_in_no_figure_of_the_others() {
    let server = Embedded::start(&["--broadcast", "--to-others"]);
    for threads in ["1", "2"] {
        let document = ran(&server, CHAT, &["-t", threads]);
        assert_slow(&document, 10, 3);
        assert_eq!(document["plan"]["roles"][2]["reads"]["bytes_per_s"], 1000);
    }
    // Of all that subscribe, in place of what the file says.
    let document = ran(&server, CHAT, &["--mix", "slow=4,rate=1k", "-t", "2"]);
    assert_slow(&document, 9, 4);
    assert!(document["plan"]["roles"][2]["reads"].is_null());
}

const COMING: &str = r#"
[[clients]]
arrive = "50/s"
live = "100ms"
roles = ["echo"]
"#;

#[test]
fn clients_of_a_scenario_come_by_its_schedule_unless_flags_have_another() {
    let server = Embedded::start(&[]);
    let document = ran(&server, COMING, &[]);
    assert_eq!(document["plan"]["sessions"]["per_s"], 50.0);
    assert_eq!(document["plan"]["sessions"]["stay"]["live_s"], 0.1);
    let opened = count(&document["sessions"], "opened");
    assert!(opened > 10, "{opened}");
    let document = ran(
        &server,
        COMING,
        &["--arrive", "20/s", "-r", "2", "--max-sessions", "7"],
    );
    assert_eq!(document["plan"]["sessions"]["per_s"], 20.0);
    assert_eq!(document["plan"]["sessions"]["stay"]["round_trips"], 2);
    assert_eq!(document["plan"]["connections"], 7);
    // A number of connections gives way to a schedule.
    let held = COMING.replace("arrive = \"50/s\"\nlive = \"100ms\"", "count = 5");
    let document = ran(&server, &held, &["--arrive", "20/s", "--live", "50ms"]);
    assert_eq!(document["plan"]["sessions"]["per_s"], 20.0);
}

#[test]
fn clients_of_a_scenario_are_cut_off_and_come_back_as_it_says() {
    let server = Embedded::start(&[]);
    let scenario = r#"
        drill = "cut 50% at 300ms"
        reconnect = "fixed:50ms"
        [[clients]]
        count = 10
        roles = ["echo"]
    "#;
    let document = ran(&server, scenario, &[]);
    let told =
        |document: &Value| ["lost", "cut", "back"].map(|name| count(&document["returns"], name));
    assert_eq!(told(&document), [5, 5, 5]);
    let policy = |document: &Value| document["plan"]["returns"]["policy"]["kind"].clone();
    assert_eq!(policy(&document), "fixed");
    let words = ["--drill", "cut 100% at 300ms", "--reconnect", "immediate"];
    let document = ran(&server, scenario, &words);
    assert_eq!(
        (told(&document), policy(&document)),
        ([10, 10, 10], "immediate".into())
    );
}

#[test]
fn lives_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (coming, chat) = (write("coming.toml", COMING), write("chat.toml", CHAT));
    assert_refused(&["--scenario", &coming, "-c", "5"], "--connections");
    assert_refused(&["--scenario", &chat, "--mix", "slow=13"], "--mix");
    assert_refused(
        &["--scenario", &chat, "--arrive", "5/s"],
        "clients that come by --arrive are of one",
    );
}
