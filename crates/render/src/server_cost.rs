//! What the server used, in words, for whoever prints a result.

use wsbench_record::document::Server;
use wsbench_record::units::{bytes, counted, percent, rate};

/// One line for each kind of cost that is known; none without any.
pub(crate) fn lines(server: &Server) -> Vec<String> {
    [cpu(server), busy(server), switches(server), memory(server)]
        .into_iter()
        .filter(|parts| !parts.is_empty())
        .map(|parts| parts.join(", "))
        .collect()
}

/// `3.10 µs CPU a message (1.02 user, 2.08 system), 322k messages a second of CPU`
fn cpu(server: &Server) -> Vec<String> {
    let Some(us) = server.cpu_us_per_message else {
        return Vec::new();
    };
    let parts = server
        .cpu_user_us_per_message
        .zip(server.cpu_system_us_per_message);
    let parts = parts.map_or_else(String::new, |(user, system)| {
        format!(" ({user:.2} user, {system:.2} system)")
    });
    let mut line = vec![format!("{us:.2} µs CPU a message{parts}")];
    if let Some(per_cpu_s) = server.messages_per_cpu_s {
        line.push(format!("{} messages a second of CPU", rate(per_cpu_s)));
    }
    line
}

/// `97 % of a core, its busiest thread 96 %, 3 threads of 1 process`
fn busy(server: &Server) -> Vec<String> {
    let mut line = Vec::new();
    if let Some(share) = server.cpu_share {
        line.push(format!("{} of a core", percent(share)));
    }
    if let Some(share) = server.busiest_thread_share {
        line.push(format!("its busiest thread {}", percent(share)));
    }
    let processes = server
        .processes
        .map(|number| counted(number.into(), "process"));
    match (server.threads, processes) {
        (Some(threads), Some(processes)) => {
            line.push(format!(
                "{} of {processes}",
                counted(threads.into(), "thread")
            ));
        }
        (None, Some(processes)) => line.push(processes),
        (_, None) => {}
    }
    line
}

/// `0.12 switches a message to wait, 0.003 forced`
fn switches(server: &Server) -> Vec<String> {
    let mut line = Vec::new();
    if let Some(number) = server.voluntary_switches_per_message {
        line.push(format!("{number:.3} context switches a message to wait"));
    }
    if let Some(number) = server.involuntary_switches_per_message {
        line.push(format!("{number:.3} forced"));
    }
    line
}

/// `11.3 MB resident, 12.0 MB at most, 9.8 MB proportional, 2.1 kB a connection`
fn memory(server: &Server) -> Vec<String> {
    let words = |amount: Option<u64>, word: &str| {
        amount.map(|amount| format!("{} {word}", bytes(amount as f64)))
    };
    let connection = server.bytes_per_connection;
    [
        words(server.rss_bytes, "resident"),
        words(server.rss_peak_bytes, "at most"),
        words(server.pss_bytes, "with shared pages counted once"),
        connection.map(|each| format!("{} a connection", bytes(each))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
