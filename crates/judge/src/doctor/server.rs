//! Rules on the server's side, where it is on this machine.

use wsbench_record::doctor::{Asked, Level, ServerSide, Subject};
use wsbench_record::document::Host;
use wsbench_record::units::{count, counted};
use wsbench_setting::{Field, text};

use super::finding::Finding;

/// Descriptors that a server needs beside its connections, at the least.
const BESIDE_CONNECTIONS: u64 = 64;

/// Every check that is possible.
pub(super) fn checks(server: &ServerSide, host: &Host, asked: &Asked) -> Vec<Finding> {
    [
        Some(presence(server)),
        descriptors(server, asked),
        backlog(server, asked),
        cores(server, host),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn presence(server: &ServerSide) -> Finding {
    let process = match (&server.name, server.pid) {
        (Some(name), Some(pid)) => format!("{name} (process {pid})"),
        (_, Some(pid)) => format!("process {pid}"),
        (_, None) => "a process that we may not look at".to_owned(),
    };
    if server.listens {
        let seen = format!("{process} listens on this machine");
        return Finding::new(Subject::Server, Level::Ok, seen, "");
    }
    let seen = "nothing on this machine listens where the URL leads";
    let rule = "a server has to be there before the run";
    Finding::new(Subject::Server, Level::Error, seen, rule).fix("start the server, or mend the URL")
}

fn descriptors(server: &ServerSide, asked: &Asked) -> Option<Finding> {
    let limit = server.descriptors?;
    let needed = u64::from(asked.connections) + BESIDE_CONNECTIONS;
    let level = if limit < needed {
        Level::Error
    } else {
        Level::Ok
    };
    let seen = format!(
        "{} may be open, {} needed by {}",
        count(limit),
        count(needed),
        counted(asked.connections.into(), "connection")
    );
    let rule = "a server without a descriptor to spare accepts no connection";
    let pid = server
        .pid
        .map_or_else(|| "PID".to_owned(), |pid| pid.to_string());
    let fix = format!("prlimit --pid {pid} --nofile={needed}:{needed} as root");
    Some(Finding::new(Subject::ServerDescriptors, level, seen, rule).fix(fix))
}

fn backlog(server: &ServerSide, asked: &Asked) -> Option<Finding> {
    let backlog = server.backlog?;
    let connections = asked.connections;
    let level = if backlog < connections {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!(
        "{} may wait to be accepted",
        counted(backlog.into(), "connection")
    );
    let rule = "connections opened at once wait to be accepted; where they cannot, they connect \
                1, 3 or 7 s late";
    let fix = text![
        format!(
            "have the server call listen with a backlog of {connections} or more; or spread them: "
        ),
        Field::ConnectRate.with((backlog.max(10) * 10).to_string()),
    ];
    Some(Finding::new(Subject::ServerBacklog, level, seen, rule).fix(fix))
}

/// Cores that both may use.
fn cores(server: &ServerSide, host: &Host) -> Option<Finding> {
    let all = host.cpus? as usize;
    if server.cpus.is_empty() {
        return None;
    }
    let may_use =
        |cpu: &usize| server.generator_cpus.is_empty() || server.generator_cpus.contains(cpu);
    let shared: Vec<String> = server
        .cpus
        .iter()
        .filter(|cpu| may_use(cpu))
        .map(ToString::to_string)
        .collect();
    if shared.is_empty() {
        let seen = "none shared with the generator";
        return Some(Finding::new(Subject::ServerCores, Level::Ok, seen, ""));
    }
    let seen = format!("shared with the generator: {}", shared.join(", "));
    let rule = "on a shared core the generator's work is seen as the server's latency";
    let check = Finding::new(Subject::ServerCores, Level::Warning, seen, rule);
    let half = (all / 2).max(1);
    let pid = server
        .pid
        .map_or_else(|| "PID".to_owned(), |pid| pid.to_string());
    Some(if all < 2 {
        check.fix("a machine with more cores, or the server on another machine")
    } else {
        check.fix(text![
            format!("taskset -acp {} {pid}, and wsbench with ", range(half, all)),
            Field::Cpus.with(range(0, half)),
        ])
    })
}

/// Cores from the first to before the last, as flags and `taskset` take them.
fn range(first: usize, end: usize) -> String {
    match end - first {
        1 => first.to_string(),
        _ => format!("{first}-{}", end - 1),
    }
}
