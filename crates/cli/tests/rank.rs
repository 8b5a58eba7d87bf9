//! Rankings of real processes: what they print, keep and leave behind, whatever servers do.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::embedded::Embedded;
use crate::running::{Ended, Process, running_with, workspace, wsbench};
use serde_json::Value;
use snapbox::cmd::cargo_bin;

/// Longer than any ranking here takes on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(180);

/// Two workloads, each short; what a figure is does not matter here.
const WORKLOADS: &str = r#"
[[workload]]
name = "closed"
kind = "closed"
connections = 2
duration = "400ms"
warmup = "100ms"

[[workload]]
name = "storm"
kind = "storm"
connections = 2
clients = 10
"#;

/// A folder with a suite in it, and servers whose processes can be told from all others.
struct Place {
    directory: tempfile::TempDir,
    /// Stands in the command line of every server.
    mark: String,
}

impl Place {
    /// A suite with these lines at its head.
    fn with(head: &str, servers: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // No two tests of one machine have the same; a backlog is any number.
        let mark = format!("--backlog {}", 100 + fastrand_of(directory.path()));
        let serve = format!(
            "'{}' serve --port $PORT {mark}",
            cargo_bin!("wsbench").display()
        );
        let mut suite = format!(
            "schema = \"wsbench.suite/1\"\nname = \"test\"\npause = \"0s\"\n{head}\n{WORKLOADS}"
        );
        for (name, lines) in servers {
            let lines = lines.replace("SERVE", &serve);
            suite.push_str(&format!(
                "\n[[server]]\nname = \"{name}\"\nlibrary = \"{name}\"\nlanguage = \"Rust\"\n\
                 cores = \"one\"\nurl = \"ws://127.0.0.1:{{port}}/\"\n{lines}\n"
            ));
        }
        fs::write(directory.path().join("suite.toml"), suite).unwrap();
        Self { directory, mark }
    }

    /// Writes the suite anew.
    fn rewrite(&self, change: impl FnOnce(String) -> String) {
        let path = self.path("suite.toml");
        let suite = change(fs::read_to_string(&path).unwrap());
        fs::write(path, suite).unwrap();
    }

    fn start(&self, further: &[&str]) -> Process {
        let words = [&["rank", "suite.toml", "-o", "ranking.json"], further].concat();
        Process::start(wsbench(&words).current_dir(self.directory.path()))
    }

    fn rank(&self, further: &[&str]) -> Ended {
        self.start(further).ended_within(LIMIT)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn ranking(&self) -> Value {
        let text = fs::read_to_string(self.path("ranking.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Lines of the state; none where there is none.
    fn state(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("ranking.json.runs"));
        text.map_or_else(
            |_| Vec::new(),
            |text| text.lines().map(str::to_owned).collect(),
        )
    }

    /// Awaits that so many runs are kept.
    fn await_runs(&self, runs: usize) {
        let begun = Instant::now();
        let made = || {
            self.state()
                .iter()
                .filter(|line| line.contains("\"entry\":\"run\""))
                .count()
        };
        while made() < runs {
            assert!(begun.elapsed() < LIMIT, "{:?}", self.state());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Awaits that none of the servers is left.
    fn assert_gone(&self) {
        let begun = Instant::now();
        loop {
            let left = running_with(&self.mark);
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "left: {left:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A number of a path, such that two paths hardly have the same.
fn fastrand_of(path: &Path) -> u32 {
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes
        .iter()
        .fold(0u32, |hash, byte| hash.wrapping_mul(31) + u32::from(*byte));
    hash % 1_000_000
}

fn row<'a>(ranking: &'a Value, name: &str) -> &'a Value {
    let servers = ranking["servers"].as_array().unwrap();
    servers.iter().find(|it| it["name"] == name).unwrap()
}

fn runs<'a>(row: &'a Value, workload: &str) -> &'a [Value] {
    let cells = row["cells"].as_array().unwrap();
    let cell = cells.iter().find(|it| it["workload"] == workload).unwrap();
    cell["runs"].as_array().unwrap()
}

/// The stages of a row's failures, and their words.
fn failures(row: &Value) -> Vec<(String, String)> {
    let failures = row["failures"].as_array().unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    failures
        .iter()
        .map(|it| (text(&it["stage"]), text(&it["words"])))
        .collect()
}

/// Servers of which the first two are good, by name, and what their table says.
const GOOD_AND_BAD: [(&str, &str); 5] = [
    (
        "one",
        "start = \"exec SERVE\"\nversion = \"echo noise >&2; echo 1.2.3\"",
    ),
    (
        "two",
        "start = \"exec $PROGRAM serve --port $PORT $FURTHER\"\nenv.PROGRAM = \"WSBENCH\"",
    ),
    // It serves its examination, and dies under load.
    (
        "dies",
        "start = \"if [ -e seen ]; then SERVE & sleep 0.2; kill $!; else touch seen; exec \
         SERVE; fi\"",
    ),
    (
        "deaf",
        "start = \"echo listening to nobody; exec sleep 1000\"",
    ),
    (
        "absent",
        "start = \"true\"\ninstalled = \"false\"\ninstall = \"echo no compiler; exit 3\"",
    ),
];

#[test]
fn good_servers_are_ranked_and_bad_ones_have_a_row_that_says_so() {
    let place = Place::with(
        "rounds = 2\nlimits.start = \"3s\"\nlimits.install = \"10s\"",
        &GOOD_AND_BAD,
    );
    let suite = fs::read_to_string(place.path("suite.toml")).unwrap();
    let program = cargo_bin!("wsbench").display().to_string();
    let suite = suite
        .replace("WSBENCH", &program)
        .replace("$FURTHER", &place.mark);
    fs::write(place.path("suite.toml"), suite).unwrap();
    let ended = place.rank(&[]);
    let story = format!("{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{story}");
    let told = &ended.stderr;
    let without = told
        .lines()
        .find(|line| line.starts_with("error: no figures of "))
        .unwrap();
    for name in ["absent", "deaf"] {
        assert!(without.contains(name), "{without}");
    }
    let ranking = place.ranking();
    for name in ["one", "two", "wsbench serve"] {
        let row = row(&ranking, name);
        assert_eq!(failures(row), [], "{story}");
        assert_eq!(row["gate"]["counts"]["failed"], 0, "{story}");
        assert!(row["ready_s"].as_f64().unwrap() > 0.0);
        for workload in ["closed", "storm"] {
            let runs = runs(row, workload);
            assert_eq!(runs.len(), 2, "{story}");
            assert!(runs.iter().all(|run| run["failed"].is_null()), "{runs:#?}");
        }
        let accounts = &runs(row, "closed")[0]["accounts"]["messages"];
        assert!(accounts["answered"].as_u64().unwrap() > 0);
    }
    assert_eq!(row(&ranking, "one")["version"], "1.2.3");
    assert_eq!(row(&ranking, "wsbench serve")["is_control"], true);
    let dies = row(&ranking, "dies");
    let has_died = runs(dies, "closed")
        .iter()
        .any(|run| run["failed"].is_string());
    assert!(has_died || !failures(dies).is_empty(), "{dies:#}");
    let deaf = failures(row(&ranking, "deaf"));
    let stages: Vec<&str> = deaf.iter().map(|(stage, _)| stage.as_str()).collect();
    assert_eq!(stages, ["start", "start", "start", "left_out"], "{story}");
    assert!(
        deaf[0].1.contains("did not listen on port"),
        "{}",
        deaf[0].1
    );
    assert!(deaf[0].1.contains("listening to nobody"), "{}", deaf[0].1);
    let absent = failures(row(&ranking, "absent"));
    assert_eq!(absent.len(), 1);
    assert!(absent[0].1.contains("exit code 3"), "{}", absent[0].1);
    assert!(absent[0].1.contains("no compiler"), "{}", absent[0].1);
    assert!(ended.stderr.contains("absent: FAILED"), "{story}");
    assert!(place.state().is_empty(), "the result holds all of it");
    place.assert_gone();
    let again = wsbench(&["report", "ranking.json"])
        .current_dir(place.directory.path())
        .output();
    let again = String::from_utf8(again.unwrap().stdout).unwrap();
    assert_eq!(again, ended.stdout, "a stored ranking prints the same");
}

#[test]
fn an_interrupted_ranking_reports_what_it_has_and_continues_where_it_stood() {
    let servers = [
        ("one", "start = \"exec SERVE\""),
        ("two", "start = \"exec SERVE\""),
    ];
    let place = Place::with("rounds = 4\nembedded = false", &servers);
    let mut first = place.start(&["--seed", "7"]);
    place.await_runs(3);
    assert!(first.is_running());
    first.signal("-INT");
    let ended = first.ended_within(LIMIT);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("it was interrupted"),
        "{}",
        ended.stderr
    );
    let partial = place.ranking();
    assert_eq!(partial["cut_short"], "it was interrupted");
    assert!(ended.stderr.contains("continues there"), "{}", ended.stderr);
    place.assert_gone();
    let kept = place.state();
    // Killed in the middle of the next session: no report, and nothing left running.
    let second = place.start(&[]);
    place.await_runs(6);
    second.signal("-KILL");
    let ended = second.ended_within(LIMIT);
    assert_eq!(ended.status.code(), None, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("are made already"),
        "{}",
        ended.stderr
    );
    place.assert_gone();
    assert_eq!(place.state()[..kept.len()], kept);
    // Cut off in the middle of a line.
    let mut text = fs::read_to_string(place.path("ranking.json.runs")).unwrap();
    text.push_str("{\"entry\":\"run\",\"rec");
    fs::write(place.path("ranking.json.runs"), text).unwrap();
    let ended = place.rank(&[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let whole = place.ranking();
    assert!(whole["cut_short"].is_null());
    assert_eq!(whole["seed"], 7);
    assert_eq!(whole["started_at"], partial["started_at"]);
    let mut numbers = Vec::new();
    for server in ["one", "two"] {
        for workload in ["closed", "storm"] {
            let runs = runs(row(&whole, server), workload);
            let rounds: Vec<u64> = runs
                .iter()
                .map(|it| it["round"].as_u64().unwrap())
                .collect();
            assert_eq!(rounds, [1, 2, 3, 4]);
            numbers.extend(runs.iter().map(|it| it["number"].as_u64().unwrap()));
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    assert!(!place.path("ranking.json.runs").exists());
}

/// The file is as the first version that ranked left it, before plans and the library had their
/// shape: its digest is of the suite in that version's words, its runs are of the ranking that was
/// published.
#[test]
fn what_an_older_version_left_is_continued() {
    let directory = tempfile::tempdir().unwrap();
    let left = workspace().join("crates/cli/tests/left");
    for name in ["suite.toml", "ranking.json.runs"] {
        fs::copy(left.join(name), directory.path().join(name)).unwrap();
    }
    let program = cargo_bin!("wsbench");
    let folders = std::env::var_os("PATH").unwrap();
    let folders = std::env::split_paths(&folders);
    let ours = program.parent().unwrap().to_owned();
    let folders = std::iter::once(ours).chain(folders);
    let mut rank = wsbench(&["rank", "suite.toml", "-o", "ranking.json"]);
    rank.current_dir(directory.path());
    rank.env("PATH", std::env::join_paths(folders).unwrap());
    let ended = Process::start(&mut rank).ended_within(LIMIT);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let kept = "3 of 4 runs are made already, and kept";
    assert!(ended.stderr.contains(kept), "{}", ended.stderr);
    let ranking = fs::read_to_string(directory.path().join("ranking.json")).unwrap();
    let ranking: Value = serde_json::from_str(&ranking).unwrap();
    assert_eq!(ranking["seed"], 7);
    assert_eq!(ranking["started_at"], "2026-11-25T16:32:42.867Z");
    let row = row(&ranking, "one");
    assert_eq!(
        row["gate"]["counts"]["failed"], 1,
        "it is not examined again"
    );
    assert_eq!(runs(row, "closed-1")[0]["figures"]["service.p50"], 64_991.0);
    let storms = runs(row, "storm");
    assert_eq!(storms.len(), 2);
    assert_eq!(storms[1]["number"], 4, "the one that was missing");
    assert!(storms[1]["failed"].is_null(), "{storms:#?}");
    assert!(!directory.path().join("ranking.json.runs").exists());
}

#[test]
fn what_was_left_by_another_suite_is_not_continued() {
    let servers = [("one", "start = \"exec SERVE\"")];
    let place = Place::with("rounds = 3\nembedded = false", &servers);
    let first = place.start(&[]);
    place.await_runs(1);
    first.signal("-INT");
    first.ended_within(LIMIT);
    let kept = place.state();
    let refused = place.rank(&["--rounds", "2"]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("--fresh"), "{}", refused.stderr);
    assert_eq!(place.state(), kept, "nothing is lost by it");
    let fresh = place.rank(&["--rounds", "1", "--fresh"]);
    assert_eq!(fresh.status.code(), Some(0), "{}", fresh.stderr);
    assert_eq!(place.ranking()["rounds"], 1);
    // What is finished is not written over by the same command once more.
    let finished = fs::read_to_string(place.path("ranking.json")).unwrap();
    let again = place.rank(&["--rounds", "1"]);
    assert_eq!(again.status.code(), Some(2), "{}", again.stderr);
    assert!(
        again.stderr.contains("finished ranking"),
        "{}",
        again.stderr
    );
    let kept = fs::read_to_string(place.path("ranking.json")).unwrap();
    assert_eq!(kept, finished);
}

#[test]
fn where_no_server_could_be_measured_the_exit_code_is_1_and_the_rows_are_there() {
    let place = Place::with(
        "rounds = 1\nembedded = false\nlimits.start = \"1s\"",
        &[
            ("deaf", "start = \"exec sleep 1000\""),
            (
                "absent",
                "start = \"true\"\ninstalled = \"false\"\ninstall = \"touch installed\"",
            ),
        ],
    );
    let ended = place.rank(&["--no-install"]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let absent = failures(row(&place.ranking(), "absent"));
    assert!(absent[0].1.contains("--no-install"), "{absent:?}");
    assert!(!place.path("installed").exists());
}

#[test]
fn an_installation_that_hangs_is_ended_with_all_that_it_started() {
    let place = Place::with(
        "rounds = 1\nembedded = false\nlimits.install = \"1s\"",
        &[(
            "slow",
            "start = \"true\"\ninstall = \"SERVE & echo waiting; wait\"\nenv.PORT = \"0\"",
        )],
    );
    let ended = place.rank(&[]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let slow = failures(row(&place.ranking(), "slow"));
    assert!(slow[0].1.contains("not over after 1 s"), "{slow:?}");
    assert!(slow[0].1.contains("waiting"), "{slow:?}");
    place.assert_gone();
}

#[test]
fn a_plan_is_told_and_nothing_is_done() {
    let place = Place::with("rounds = 10", &[("one", "start = \"touch started\"")]);
    let ended = place.rank(&["--plan"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    for part in [
        "one",
        "closed",
        "10 of 10 rounds",
        "wsbench -c 2",
        "40 runs",
        "duration",
    ] {
        assert!(ended.stdout.contains(part), "{part}:\n{}", ended.stdout);
    }
    assert!(!place.path("started").exists());
    assert!(!place.path("ranking.json").exists());
}

#[test]
fn of_the_servers_those_alone_that_are_named() {
    let servers = [("one", "start = \"true\""), ("two", "start = \"true\"")];
    let place = Place::with("rounds = 2", &servers);
    let ended = place.rank(&["--plan", "--servers", "two"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let planned = &ended.stdout;
    assert!(
        planned.contains(" two\n") && !planned.contains(" one\n"),
        "{planned}"
    );
    let refused = place.rank(&["--plan", "--servers", "three"]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
}

/// Lines at the head and at the end of a suite that is wrong, and what is said of it.
const WRONG: &[(&str, &str, &[&str])] = &[
    ("rounds = 0", "", &["suite.toml:4: rounds: 0 rounds"]),
    (
        "roundz = 3",
        "",
        &["suite.toml:4: unknown field `roundz`", "schema suite"],
    ),
    ("pause2 = ", "", &["suite.toml:4"]),
    (
        "server_cores = \"8000\"",
        "",
        &["suite.toml:4: server_cores", "no core"],
    ),
    (
        "slo = \"p99>5ms\"",
        "",
        &["suite.toml:4: slo:", "'>' cannot stand here, only < or <="],
    ),
    ("limits.run = \"5\"", "", &["suite.toml:4: run:", "unit"]),
    (
        "servers_from = \".\"\nservers = [\"nobody\"]",
        "",
        &[
            "nobody/server.toml cannot be read",
            "a folder with a server.toml",
        ],
    ),
    ("", "depth = 0", &["suite.toml:12: depth: 0 is too few"]),
    (
        "",
        "clients = 5",
        &["suite.toml:12: clients: a workload of kind \"closed\" has none"],
    ),
    ("", "size = \"3x\"", &["suite.toml:12: size:", "no unit"]),
    (
        "",
        "[weights]\n\"closed/speed\" = 1.0",
        &["suite.toml:13: closed/speed:", "closed/messages_per_s"],
    ),
    (
        "",
        "[[workload]]\nname = \"o\"\nkind = \"open\"",
        &["kind \"open\" needs a rate"],
    ),
    (
        "",
        "[[workload]]\nname = \"l\"\nkind = \"limit\"",
        &["suite.toml:14: kind:", "slo"],
    ),
    (
        "",
        "[[workload]]\nname = \"storm\"\nkind = \"storm\"",
        &["suite.toml:17: name: two workloads"],
    ),
    (
        "",
        "[[server]]\nname = \"a,b\"\nlibrary = \"x\"\nlanguage = \"C\"\ncores = \"one\"\n\
             start = \"true\"\nurl = \"ws://127.0.0.1:{port}/\"",
        &["suite.toml:13: name: 'a,b' is no name"],
    ),
    (
        "",
        "[[server]]\nname = \"a\"\nlibrary = \"x\"\nlanguage = \"C\"\ncores = \"two\"\n\
             start = \"true\"\nurl = \"ws://127.0.0.1:{port}/\"",
        &["suite.toml:16: cores: unknown variant `two`"],
    ),
    (
        "",
        "[[server]]\nname = \"a\"\nlibrary = \"x\"\nlanguage = \"C\"\ncores = \"one\"\n\
             start = \"true\"\nurl = \"ws://127.0.0.1:80/\"",
        &["suite.toml:18: url:", "{port}"],
    ),
];

#[test]
fn a_suite_that_is_wrong_is_refused_with_its_line_and_key() {
    for (head, tail, parts) in WRONG {
        let place = Place::with(head, &[]);
        // The last workload's table goes on with the tail, but for one that begins another.
        let path = place.path("suite.toml");
        let suite = fs::read_to_string(&path).unwrap();
        let suite = suite.replace(
            "\n[[workload]]\nname = \"storm\"\nkind = \"storm\"\nconnections = 2\nclients = 10\n",
            "",
        );
        let of_storm = tail.contains("\"storm\"");
        let tail = if of_storm {
            format!("{tail}\n\n[[workload]]\nname = \"storm\"\nkind = \"storm\"")
        } else {
            (*tail).to_owned()
        };
        fs::write(&path, format!("{}{tail}\n", suite.trim_start())).unwrap();
        let ended = place.rank(&[]);
        let said = &ended.stderr;
        let suite = fs::read_to_string(&path).unwrap();
        assert_eq!(
            ended.status.code(),
            Some(2),
            "{head}{tail}: {said}\n{suite}"
        );
        for part in *parts {
            assert!(said.contains(part), "'{part}' is not in: {said}\n{suite}");
        }
        assert!(!place.path("ranking.json").exists());
    }
}

/// A workload of its own kind of suite.
const TO_ALL: &str = "
[[workload]]
name = \"all-5\"
kind = \"broadcast\"
connections = 5
rate = 100
duration = \"500ms\"
warmup = \"100ms\"
";

#[test]
fn servers_of_broadcasts_are_ranked_by_when_the_last_receiver_has_a_message() {
    let both = "start = \"exec SERVE\"\nbroadcast = \"exec SERVE --broadcast\"";
    let lossy = "start = \"exec SERVE\"\nbroadcast = \"exec SERVE --broadcast --misbehave \
                 drop:every=10\"";
    let place = Place::with("rounds = 1", &[("one", both), ("lossy", lossy)]);
    place.rewrite(|suite| suite.replace(WORKLOADS, TO_ALL));
    let ended = place.rank(&[]);
    // The server that loses deliveries has no figures.
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    let ranking = place.ranking();
    for name in ["one", "wsbench serve"] {
        let row = row(&ranking, name);
        let figures = &runs(row, "all-5")[0]["figures"];
        for key in [
            "delivery.last.p50",
            "deliveries_per_s",
            "server.cpu_us_per_delivery",
        ] {
            let value = figures[key].as_f64();
            assert!(
                value.is_some_and(|value| value > 0.0),
                "{name}: {key} in {figures}"
            );
        }
    }
    assert!(
        row(&ranking, "one")["start"]
            .as_str()
            .unwrap()
            .ends_with("--broadcast")
    );
    let lost = runs(row(&ranking, "lossy"), "all-5")[0]["failed"].as_str();
    assert!(
        lost.is_some_and(|words| words.contains("of the deliveries did not come")),
        "{lost:?}"
    );
    let leagues = ranking["leagues"].as_array().unwrap();
    let is_last = |league: &&Value| league["key"] == "all-5/delivery.last.p50";
    let last = leagues.iter().find(is_last).unwrap();
    assert_eq!(last["places"][0]["server"], "one");
    place.assert_gone();
}

#[test]
fn a_suite_has_servers_of_one_kind() {
    let echo = "start = \"exec SERVE\"";
    let place = Place::with("rounds = 1", &[("one", echo)]);
    place.rewrite(|suite| format!("{suite}{TO_ALL}"));
    let refused = |words: &str| {
        let ended = place.rank(&[]);
        assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    };
    refused(
        "it is for servers of 'broadcast', and the workloads before it are for those of 'echo'",
    );
    place.rewrite(|suite| suite.replace(WORKLOADS, ""));
    refused("it has no `broadcast`");
}

/// Rooms of the embedded server, whom a credential is shown in the handshake.
const ROOMS: &str = r#"rooms = { count = 3 }
login = [{ send = '{"join":"{room}"}', expect = { json = { "/joined" = "{room}" } } }]
[headers]
Authorization = "Bearer {env:WSBENCH_TEST_TOKEN}"
[[clients]]
count = 6
roles = ["publish", "subscribe"]
rate = "50/s"
message = '{"room":"{room}","text":"{tag}{fill}"}'
"#;

/// Requests of the same server: whoever is alone in a room hears what it says, with its number.
const REQUESTS: &str = r#"rooms = { count = 4 }
login = [{ send = '{"join":"{room}"}', expect = { json = { "/joined" = "{room}" } } }]
[[clients]]
count = 4
roles = ["request"]
message = '{"room":"{room}","id":{id}}'
"#;

const BY_SCENARIO: &str = r#"
[[workload]]
name = "rooms"
kind = "scenario"
scenario = "rooms.toml"
protocol = "wsbench"
rate = 200
size = 60
duration = "500ms"
warmup = "100ms"

[[workload]]
name = "asked"
kind = "scenario"
scenario = "requests.toml"
protocol = "wsbench"
duration = "400ms"
warmup = "100ms"

[[workload]]
name = "asked-100"
kind = "scenario"
scenario = "requests.toml"
protocol = "wsbench"
rate = 100
duration = "500ms"
warmup = "100ms"
"#;

/// What a server of these scenarios says of how it is started.
const SPEAKS: &str = "protocols = { wsbench = \"exec SERVE --broadcast\" }";

/// A suite whose workloads are scenarios, in a folder with these.
fn by_scenario(head: &str, servers: &[(&str, &str)]) -> Place {
    let place = Place::with(head, servers);
    place.rewrite(|suite| suite.replace(WORKLOADS, BY_SCENARIO));
    fs::write(place.path("rooms.toml"), ROOMS).unwrap();
    fs::write(place.path("requests.toml"), REQUESTS).unwrap();
    place
}

/// A ranking of it with this credential in the environment.
fn start_with(place: &Place, token: &str, further: &[&str]) -> Process {
    let words = [&["rank", "suite.toml", "-o", "ranking.json"], further].concat();
    let mut rank = wsbench(&words);
    rank.current_dir(place.directory.path());
    Process::start(rank.env("WSBENCH_TEST_TOKEN", token))
}

/// Figures of the first run of each of those workloads.
const OF_SCENARIOS: [(&str, &[&str]); 3] = [
    (
        "rooms",
        &[
            "delivery.p50",
            "delivery.last.p50",
            "deliveries_per_s",
            "server.cpu_us_per_delivery",
        ],
    ),
    ("asked", &["messages_per_s"]),
    ("asked-100", &["response.p50", "server.cpu_us_per_message"]),
];

#[test]
fn servers_of_a_protocol_are_ranked_under_scenarios() {
    let place = by_scenario("rounds = 1", &[("one", SPEAKS)]);
    let ended = start_with(&place, "open-sesame", &["--html", "page.html"]).ended_within(LIMIT);
    let story = format!("{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{story}");
    let ranking = place.ranking();
    for name in ["one", "wsbench serve"] {
        let row = row(&ranking, name);
        assert_eq!(failures(row), [], "{story}");
        assert!(row["gate"].is_null(), "nobody knows what it has to answer");
        for (workload, keys) in OF_SCENARIOS {
            let run = &runs(row, workload)[0];
            assert!(run["failed"].is_null(), "{run:#}");
            let value = |key: &&str| run["figures"][*key].as_f64().unwrap_or_default();
            let all = keys.iter().map(value).all(|value| value > 0.0);
            assert!(all, "{name}: {keys:?} in {run:#}");
        }
    }
    let leagues = ranking["leagues"].as_array().unwrap().iter();
    let keys: Vec<&str> = leagues.map(|it| it["key"].as_str().unwrap()).collect();
    for key in [
        "rooms/delivery.p99",
        "rooms/delivery.last.p50",
        "asked/messages_per_s",
        "asked-100/response.p99",
    ] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    let rooms = &ranking["suite"]["workloads"][0];
    assert_eq!(rooms["scenario"]["file"], "rooms.toml");
    assert_eq!(rooms["scenario"]["contest"], "deliveries");
    assert_eq!(
        (rooms["connections"].as_u64(), rooms["rate_per_s"].as_f64()),
        (Some(6), Some(200.0))
    );
    let by_hand = rooms["command"].as_str().unwrap();
    assert!(
        by_hand.starts_with("wsbench --scenario rooms.toml -c 6 -s 60"),
        "{by_hand}"
    );
    for name in ["ranking.json", "page.html"] {
        let text = fs::read_to_string(place.path(name)).unwrap();
        assert!(
            text.contains("rooms.toml") && !text.contains("sesame"),
            "{name}"
        );
    }
    assert!(!story.contains("sesame"), "{story}");
    let report = wsbench(&["report", "ranking.json", "--format", "markdown"])
        .current_dir(place.directory.path())
        .output();
    let report = String::from_utf8(report.unwrap().stdout).unwrap();
    let words =
        "200 messages/s to many, Poisson, by rooms.toml for servers of wsbench, 60 B a message";
    assert!(
        report.contains(words) && report.contains("not asked"),
        "{report}"
    );
    place.assert_gone();
}

#[test]
fn a_workload_by_a_scenario_is_run_by_hand_as_its_command_says() {
    let place = by_scenario("rounds = 1", &[]);
    let planned = start_with(&place, "open-sesame", &["--plan"]).ended_within(LIMIT);
    assert_eq!(planned.status.code(), Some(0), "{}", planned.stderr);
    assert!(!planned.stdout.contains("sesame"), "{}", planned.stdout);
    let line = planned
        .stdout
        .lines()
        .find(|it| it.contains("requests.toml"));
    let (_, command) = line.unwrap().split_once("each: wsbench ").unwrap();
    let server = Embedded::start(&["--broadcast"]);
    let words = command.replace("URL", &server.url);
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut run = wsbench(&[&words[..], &["--format", "json", "--no-tui"]].concat());
    let run = Process::start(run.current_dir(place.directory.path())).ended_within(LIMIT);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let run: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run["plan"]["scenario"], "requests.toml");
    assert_eq!(run["plan"]["connections"], 4);
}

#[test]
fn a_ranking_is_not_continued_by_another_scenario() {
    let place = by_scenario("rounds = 3\nembedded = false", &[("one", SPEAKS)]);
    // Without the credential nothing is begun.
    let refused = place.rank(&[]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    let words = "rooms.toml:4: Authorization: the environment has no WSBENCH_TEST_TOKEN";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    let first = start_with(&place, "one", &[]);
    place.await_runs(1);
    first.signal("-INT");
    first.ended_within(LIMIT);
    let kept = place.state();
    let changed = ROOMS.replace("count = 3", "count = 2");
    fs::write(place.path("rooms.toml"), changed).unwrap();
    let refused = start_with(&place, "one", &[]).ended_within(LIMIT);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    assert_eq!(place.state(), kept, "nothing is lost by it");
    fs::write(place.path("rooms.toml"), ROOMS).unwrap();
    let ended = start_with(&place, "another", &[]).ended_within(LIMIT);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let kept = "are made already";
    assert!(ended.stderr.contains(kept), "{}", ended.stderr);
    place.assert_gone();
}

/// The suite that is for this, against what `scripts/servers` installs: one round of it.
#[test]
#[ignore = "needs scripts/servers"]
fn the_quick_suite_measures_real_servers_and_its_accounts_add_up() {
    let directory = tempfile::tempdir().unwrap();
    let suite = workspace().join("suites/quick.toml");
    let output = directory.path().join("ranking.json");
    let words = [
        "rank",
        suite.to_str().unwrap(),
        "--servers",
        "tokio-tungstenite,ws,websockets",
        "--rounds",
        "1",
        "--no-install",
        "-o",
        output.to_str().unwrap(),
    ];
    let ended = Process::start(&mut wsbench(&words)).ended_within(LIMIT);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let ranking: Value = serde_json::from_str(&fs::read_to_string(output).unwrap()).unwrap();
    for name in ["tokio-tungstenite", "ws", "websockets", "wsbench serve"] {
        let row = row(&ranking, name);
        assert_eq!(failures(row), [], "{name}");
        assert!(row["version"].is_string(), "{name}");
        for workload in ["closed-1", "closed-64"] {
            let run = &runs(row, workload)[0];
            assert!(run["failed"].is_null(), "{name}: {run:#}");
            let accounts = &run["accounts"];
            let count = |key: &str| accounts["messages"][key].as_u64().unwrap();
            let became = ["answered", "timed_out", "failed", "in_flight_at_end"];
            assert_eq!(
                count("sent"),
                became.map(count).iter().sum::<u64>(),
                "{name}"
            );
            // Little's law, but for messages that straddle the window's edges: of a short run on a
            // busy machine a stall there is many of them.
            let out = accounts["in_flight_mean"].as_f64().unwrap();
            let per_s =
                count("received_in_window") as f64 / accounts["duration_s"].as_f64().unwrap();
            let service_s = accounts["service_mean_ns"].as_f64().unwrap() / 1e9;
            let ratio = per_s * service_s / out;
            assert!((0.5..2.0).contains(&ratio), "{name} {workload}: {ratio}");
        }
    }
}
