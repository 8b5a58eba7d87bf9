//! Checks of the server: was it there all the time; and of its process, where it was watched: was it
//! the same to the end, and was all of its cost counted.

use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Record, Server};
use wsbench_record::units::{counted, percent, seconds};

use super::doubt::Doubt;

/// The readings may be apart from the window's ends by this share of it.
const SPAN_TOLERANCE: f64 = 0.02;

/// Every doubt about the server's process.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    let mut found = Vec::from_iter(gone(record));
    if let Some(server) = &record.server {
        let of_process = [replaced(server), ended(server), span(record, server)];
        found.extend(of_process.into_iter().flatten());
    }
    found
}

/// Doubt about what the figures are of: a server that was there, and the time in which it was not.
fn gone(record: &Record) -> Option<Doubt> {
    let gone = record.server_gone.as_ref()?;
    Some(Doubt::new(
        Kind::ServerGone,
        Severity::Doubtful,
        format!(
            "the server was {}: no connection was open, the longest time from {} after the run \
             began",
            gone.words(),
            seconds(gone.longest_start_s)
        ),
        "look into its log; what was due meanwhile waited, or was not asked",
    ))
}

fn replaced(server: &Server) -> Option<Doubt> {
    server.replaced.filter(|replaced| *replaced)?;
    let pid = server.pid.map_or_else(String::new, |pid| format!(" {pid}"));
    Some(Doubt::new(
        Kind::ServerReplaced,
        Severity::Invalid,
        format!("the server's process{pid} was no longer there when the window closed"),
        "see why it ended or restarted; figures of two processes are of neither",
    ))
}

/// Doubt about processes that ended: what a process used is lost when nobody waits for it.
fn ended(server: &Server) -> Option<Doubt> {
    let ended = server.processes_ended?;
    Some(Doubt::new(
        Kind::ServerCost,
        Severity::Note,
        format!(
            "{} of the server ended during the run",
            counted(ended.into(), "process")
        ),
        "their CPU time is counted only where their parent has waited for them",
    ))
}

/// Doubt about late readings: time of another span was divided by the window's messages.
fn span(record: &Record, server: &Server) -> Option<Doubt> {
    let watched = server.watched_s?;
    let off = (watched - record.duration_s).abs() / record.duration_s.max(f64::MIN_POSITIVE);
    (off > SPAN_TOLERANCE && server.cpu_us_per_message.is_some()).then(|| {
        Doubt::new(
            Kind::ServerCost,
            Severity::Note,
            format!(
                "the server's CPU time was read {} of the window beside its ends",
                percent(off)
            ),
            "its cost a message may be off by as much; run longer, on a quieter machine",
        )
    })
}
