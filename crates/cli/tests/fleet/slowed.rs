//! An agent whose machine does not keep up: by its CPU quota where control groups may be made, and else by
//! being stopped over and over.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::{agent, load};

/// A control group with five milliseconds of CPU in a hundred; it ends with this value.
struct Quota(PathBuf);

impl Quota {
    /// `None` where no group can be made here.
    fn of(pid: u32) -> Option<Self> {
        let name = format!("wsbench-test-{pid}");
        let (first, second) = (
            PathBuf::from("/sys/fs/cgroup/cpu").join(&name),
            PathBuf::from("/sys/fs/cgroup").join(&name),
        );
        let is_first = fs::create_dir(&first).is_ok();
        if !is_first && fs::create_dir(&second).is_err() {
            return None;
        }
        let group = Self(if is_first { first } else { second });
        let limits: &[(&str, &str)] = if is_first {
            &[
                ("cpu.cfs_period_us", "100000"),
                ("cpu.cfs_quota_us", "5000"),
            ]
        } else {
            &[("cpu.max", "5000 100000")]
        };
        let mut writes = limits.iter();
        let is_limited = writes.all(|(file, text)| fs::write(group.0.join(file), text).is_ok())
            && fs::write(group.0.join("cgroup.procs"), pid.to_string()).is_ok();
        is_limited.then_some(group)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // Whoever is still in it goes to the group above.
        if let Some(above) = self.0.parent()
            && let Ok(inside) = fs::read_to_string(self.0.join("cgroup.procs"))
        {
            for pid in inside.lines() {
                let _ = fs::write(above.join("cgroup.procs"), pid);
            }
        }
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
#[ignore = "needs nats-server"]
fn an_agent_whose_machine_does_not_keep_up_is_named_and_its_share_is_doubtful() {
    let (fleet, run) = Fleet::of(&["a1", "a2", "a3"]).under(&load(9));
    let quota = Quota::of(fleet.pid("a2"));
    if quota.is_none() {
        println!("no control group can be made here: stopped over and over instead");
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        if quota.is_none() {
            fleet.signal("a2", "STOP");
        }
        sleep(Duration::from_millis(95));
        if quota.is_none() {
            fleet.signal("a2", "CONT");
        }
        sleep(Duration::from_millis(5));
    }
    drop(quota);
    let (document, _) = run.end().with_code(0);
    let of_a2 = &agent(&document, "a2")["audit"];
    assert_eq!(of_a2["verdict"], "doubtful", "{of_a2}");
    let caveats = document["audit"]["caveats"].as_array().unwrap();
    let named = caveats.iter().find(|it| it["kind"] == "agent_doubtful");
    let named = named.unwrap()["message"].as_str().unwrap();
    assert!(named.contains("a2"), "{named}");
    assert!(document["fleet"].get("missing_parts").is_none());
}
