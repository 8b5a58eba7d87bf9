//! What is shipped does not contain simulated time.

use std::process::Command;

/// Asked of cargo: the crates that the binary is built from, with all of its features.
#[test]
fn the_binary_is_not_built_on_simulated_time() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "wsbench-cli"])
        .args(["--all-features", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs this test");
    let errors = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{errors}");
    let tree = String::from_utf8_lossy(&tree.stdout);
    let has = |name: &str| {
        tree.lines()
            .any(|line| line.split(' ').next() == Some(name))
    };
    assert!(has("wsbench-drive"), "{tree}");
    assert!(!has("wsbench-simulate"), "{tree}");
}
