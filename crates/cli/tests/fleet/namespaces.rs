//! The same on machines that are apart: network namespaces with a bridge between them. Who may not make any
//! is told so, and nothing is tested.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

fn ip(words: &str) -> bool {
    let output = Command::new("ip").args(words.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

/// Namespaces that end with this value, each with an address of 10.98.0.0/24: the first is 1.
pub(crate) struct Machines {
    prefix: String,
    names: Vec<String>,
}

impl Machines {
    /// Machines of these names; `None` where none can be made here.
    pub(crate) fn of(names: &[&str]) -> Option<Self> {
        // Several tests of one process have machines at a time, each its own.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("w{}-{number}", std::process::id() % 100_000);
        let machines = Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            prefix,
        };
        let bridge = machines.bridge();
        let mut is_made =
            ip(&format!("link add {bridge} type bridge")) && ip(&format!("link set {bridge} up"));
        for (at, name) in names.iter().enumerate() {
            let space = machines.space(name);
            let steps = [
                format!("netns add {space}"),
                format!("link add {space} type veth peer name eth0 netns {space}"),
                format!("link set {space} master {bridge} up"),
                format!("-n {space} addr add 10.98.0.{}/24 dev eth0", at + 1),
                format!("-n {space} link set eth0 up"),
                format!("-n {space} link set lo up"),
            ];
            is_made = is_made && steps.iter().all(|step| ip(step));
        }
        is_made.then_some(machines)
    }

    fn bridge(&self) -> String {
        format!("{}br", self.prefix)
    }

    fn space(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The address of a machine.
    pub(crate) fn address(&self, name: &str) -> String {
        let at = self.names.iter().position(|known| known == name).unwrap();
        format!("10.98.0.{}", at + 1)
    }

    /// A program on a machine.
    pub(crate) fn command(&self, name: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.space(name), program]);
        command
    }

    /// The cable of a machine is pulled, or put in again.
    pub(crate) fn plug(&self, name: &str, is_in: bool) {
        let state = if is_in { "up" } else { "down" };
        assert!(ip(&format!("link set {} {state}", self.space(name))));
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {}", self.space(name)));
        }
        ip(&format!("link del {}", self.bridge()));
    }
}
