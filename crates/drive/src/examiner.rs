//! Carries conformance cases out against a server, one connection each.
//!
//! Blocking sockets with a limit on everything: nothing here is measured, so nothing has to be
//! fast. What is written and what is concluded is the case's affair (`wsbench-conformance`).

use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use wsbench_conformance::case::Case;
use wsbench_conformance::examination::{CallerTask, CaseExamination};
use wsbench_conformance::finding::{CaseVerdict, Finding};
use wsbench_dialogue::ConnectionEnd;
use wsbench_load::failure::FailureKind;
use wsbench_load::plan::{Http, Upgrade};
use wsbench_load::route::Target;
use wsbench_setting::text;
use wsbench_transport::blocking::Blocking;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, Utf8};
use wsbench_wire::excerpt::excerpt;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, Request};

use crate::blocking_client::BlockingClient;
use crate::loss;

/// The longest message of a greeting that is listened to, octets.
const LONGEST_GREETING: u64 = 1 << 20;
/// Between octets that each go in a segment of their own.
const APART: Duration = Duration::from_micros(100);
/// Between two attempts to reach a server that has gone.
const GLANCE: Duration = Duration::from_millis(50);
/// Time for which a greeting is listened for, once everything has come.
const LISTENED: Duration = Duration::from_millis(200);
/// One case takes at most this many times the patience, whatever the server keeps saying.
const AT_MOST: u32 = 5;

/// Examines one server.
#[derive(Clone, Debug)]
pub struct Examiner<'a> {
    /// Makes the connections; its patience is how long the server's silence is borne before it is
    /// taken for an answer.
    pub client: &'a BlockingClient,
    /// Target that the upgrade names.
    pub target: &'a Target,
    /// The greeting of the server, which each case passes over.
    pub greeting: ObservedGreeting,
}

/// Messages that a server sends of its own on each connection that has been opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedGreeting {
    /// Their number.
    pub count: u32,
    /// The beginning of the first.
    pub first: String,
}

impl Examiner<'_> {
    /// Carries all cases out in turn, but for those that the version of HTTP does not have; `told` hears of each finding, and says whether to go on.
    /// Where the first case finds no WebSocket server the others are skipped, and where the server has
    /// died, those behind it: the case that it died at has failed, and is told again.
    pub fn examine(
        &self,
        cases: &[Case],
        random: &mut fastrand::Rng,
        mut told: impl FnMut(&Finding) -> bool,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::with_capacity(cases.len());
        let mut goes_on = true;
        let mut died_at = None;
        for case in cases.iter().filter(|case| self.can_be_asked(case)) {
            let is_no_server = findings
                .first()
                .is_some_and(|first| first.verdict == CaseVerdict::Failed);
            let finding = if !goes_on {
                Finding::of(case, CaseVerdict::Skipped, "interrupted")
            } else if let Some(at) = died_at {
                not_run(case, at)
            } else if is_no_server {
                Finding::of(case, CaseVerdict::Skipped, "the plain upgrade had failed")
            } else {
                let mut nonce = [0; 16];
                random.fill(&mut nonce);
                let (connected, absence) = self.connect(&findings);
                if let (Some(absence), Some(last)) = (absence, findings.last_mut()) {
                    last.verdict = CaseVerdict::Failed;
                    last.seen = last.seen.clone().then(absence.words());
                    goes_on = told(last);
                    died_at = Some(last.id).filter(|_| absence == Absence::Dead);
                }
                match died_at {
                    Some(at) => not_run(case, at),
                    None => {
                        let finding = self.examine_one(case, connected, nonce);
                        goes_on &= told(&finding);
                        finding
                    }
                }
            };
            findings.push(finding);
        }
        findings
    }

    /// A connection for a case behind these, and where there was nobody to connect to at first, what
    /// became of that before the patience was at its end.
    fn connect(&self, before: &[Finding]) -> (io::Result<Blocking>, Option<Absence>) {
        let is_gone = |connected: &io::Result<Blocking>| match connected {
            Ok(_) => false,
            Err(error) => matches!(
                loss::name(error).kind,
                FailureKind::Refused | FailureKind::NoSocketFile
            ),
        };
        let mut connected = self.client.connect();
        if before.is_empty() || !is_gone(&connected) {
            return (connected, None);
        }
        let begun = Instant::now();
        while begun.elapsed() < self.client.patience() {
            thread::sleep(GLANCE);
            connected = self.client.connect();
            if !is_gone(&connected) {
                return (connected, Some(Absence::Gone));
            }
        }
        (connected, Some(Absence::Dead))
    }

    /// True if the version of HTTP that the server is asked over has what the case is about.
    fn can_be_asked(&self, case: &Case) -> bool {
        self.client.http() == Http::One || !case.opening.is_of_http1()
    }

    /// Carries one case out.
    fn examine_one(
        &self,
        case: &Case,
        connected: io::Result<Blocking>,
        nonce: [u8; 16],
    ) -> Finding {
        let mut stream = match connected {
            Ok(stream) => stream,
            Err(error) => {
                let seen = text!["no connection: "].then(loss::name(&error).words);
                return Finding::of(case, CaseVerdict::Failed, seen);
            }
        };
        let patience = self.client.patience();
        let authority = self.target.authority();
        let resource = &self.target.resource;
        let examination = CaseExamination::new(case, &authority, resource, nonce, patience);
        let mut examination = examination.passing_over(self.greeting.count);
        let deadline = Instant::now() + patience * AT_MOST;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match examination.turn() {
                CallerTask::Done(finding) => return finding,
                _ if Instant::now() >= deadline => {
                    let seen = format!("undecided after {:?}", patience * AT_MOST);
                    return Finding::of(case, CaseVerdict::Failed, seen);
                }
                // Where a write fails, what the server had said before is still to be read.
                CallerTask::Write(bytes) => {
                    let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
                }
                CallerTask::WriteSlowly(bytes) => drop(write_slowly(&mut stream, &bytes)),
                CallerTask::Read(patience) => {
                    read(&mut stream, &mut buffer, patience, &mut examination);
                }
            }
        }
    }
}

/// What became of a server behind a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Absence {
    /// It was there again before the patience was at its end.
    Gone,
    /// It was not.
    Dead,
}

impl Absence {
    fn words(self) -> &'static str {
        match self {
            Self::Gone => "; then the server was gone for a while",
            Self::Dead => "; then the server died",
        }
    }
}

/// The finding of a case behind the one at which the server has died.
fn not_run(case: &Case, at: &str) -> Finding {
    let seen = format!("not run: the server had died at {at}");
    Finding::of(case, CaseVerdict::Skipped, seen)
}

/// Listens for what the server at `target` sends of its own on a connection that it has upgraded. A
/// server that cannot be asked does not greet; the cases tell why.
#[must_use]
pub fn greeting(client: &BlockingClient, target: &Target, nonce: [u8; 16]) -> ObservedGreeting {
    heard(client, target, nonce).unwrap_or_default()
}

fn heard(client: &BlockingClient, target: &Target, nonce: [u8; 16]) -> Option<ObservedGreeting> {
    let mut stream = client.connect().ok()?;
    let handshake = ClientHandshake::new(nonce);
    let authority = target.authority();
    let headers = Upgrade::default().revealed();
    let origin = format!("http://{authority}");
    let request = Request {
        authority: &authority,
        resource: &target.resource,
        headers: &headers.of(0),
        subprotocols: &[],
        origin: Some(&origin),
    };
    let mut out = FrameBuffer::new();
    handshake.push_request(&request, &mut out);
    stream.write_all(out.as_slice()).ok()?;
    let limits = Limits {
        max_message: LONGEST_GREETING,
    };
    let mut wire = Connection::new(Endpoint::Client, limits, Utf8::Skip);
    let (mut head, mut upgraded) = (Vec::new(), false);
    let mut greeting = ObservedGreeting::default();
    let mut buffer = vec![0; 64 * 1024];
    let deadline = Instant::now() + client.patience();
    while Instant::now() < deadline {
        // What ends the connection, or is silence, ends the greeting.
        let Ok(len @ 1..) = stream.read(&mut buffer) else {
            break;
        };
        let mut bytes = buffer[..len].to_vec();
        if !upgraded {
            head.extend_from_slice(&bytes);
            let Some(answer) = handshake.read_response(&head, &[]).ok()? else {
                continue;
            };
            upgraded = true;
            stream.set_patience(LISTENED);
            bytes = head.split_off(answer.consumed);
        }
        let mut input = &mut bytes[..];
        while let Ok(Some(event)) = wire.receive(&mut input) {
            let Event::Data {
                bytes, first, last, ..
            } = event
            else {
                continue;
            };
            if first && greeting.count == 0 {
                greeting.first = excerpt(bytes);
            }
            greeting.count += u32::from(last);
        }
    }
    Some(greeting)
}

fn write_slowly(stream: &mut Blocking, bytes: &[u8]) -> io::Result<()> {
    for octet in bytes.chunks(1) {
        stream.write_all(octet)?;
        stream.flush()?;
        thread::sleep(APART);
    }
    Ok(())
}

/// Reads once, and tells the examination what came.
fn read(
    stream: &mut Blocking,
    buffer: &mut [u8],
    patience: Duration,
    examination: &mut CaseExamination<'_>,
) {
    stream.set_patience(patience);
    match stream.read(buffer) {
        Ok(0) => examination.on_end(ConnectionEnd::Fin),
        Ok(len) => examination.on_bytes(&mut buffer[..len]),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::TimedOut => examination.on_silence(),
            _ => examination.on_end(ConnectionEnd::Reset),
        },
    }
}
