//! Compression and fragments as a user asks for them, over real sockets: negotiated, compared, told.
#![cfg(unix)]

use std::process::{Command, Stdio};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

/// The document of a run against the embedded server.
fn measured(words: &[&str]) -> Value {
    let output = Command::new(cargo_bin!("wsbench"))
        .args([
            "--format", "json", "-n", "3000", "-c", "8", "-p", "4", "--seed", "4",
        ])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    let document: Value = document.unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(document["messages"]["answered"], 3000, "{errors}");
    assert_eq!(document["errors"], serde_json::json!([]));
    document
}

fn figure(document: &Value, path: &str) -> f64 {
    document.pointer(path).and_then(Value::as_f64).unwrap()
}

#[test]
fn a_changing_text_is_compressed_and_takeover_pays() {
    let remembering = measured(&["--compress", "--corpus", "builtin"]);
    let compression = &remembering["compression"];
    assert_eq!(
        compression["offered"],
        "permessage-deflate; client_max_window_bits"
    );
    assert_eq!(compression["accepted"]["permessage-deflate"], 8);
    for side in ["sent", "received"] {
        let of_side = |name: &str| figure(&remembering, &format!("/compression/{side}/{name}"));
        assert!((of_side("compressed") - 3000.0).abs() < 0.5);
        assert!(of_side("ratio") > 1.5, "{compression}");
        assert!(of_side("codec_ns_per_message") > 0.0, "a clock was read");
    }
    let forgetful = measured(&["--compress=no-takeover", "--corpus", "builtin"]);
    let terms = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(forgetful["compression"]["accepted"][terms], 8);
    let ratio = |document: &Value| figure(document, "/compression/sent/ratio");
    assert!(ratio(&remembering) > 1.5 * ratio(&forgetful));
    assert_eq!(forgetful["plan"]["payload"]["kind"], "corpus");
}

#[test]
fn fragments_compressed_or_not_are_answered_rightly() {
    let plain = measured(&["-s", "1000"]);
    let pieces = measured(&["-s", "1000", "--fragment", "100"]);
    // Nine more headers of 6 bytes, and the first is 2 bytes shorter than that of a long frame.
    let more = figure(&pieces, "/bytes/sent") - figure(&plain, "/bytes/sent");
    assert!((more - 3000.0 * (10.0 * 6.0 - 8.0)).abs() < 0.5, "{more}");
    let both = measured(&["--compress=12", "--fragment", "7", "-s", "64..4k"]);
    assert_eq!(both["plan"]["fragment_bytes"], 7);
    assert_eq!(both["compression"]["declined"], 0);
}
