//! Carries conformance cases out against a server, one connection each.
//!
//! Blocking sockets with a limit on everything: nothing here is measured, so nothing has to be
//! fast. What is written and what is concluded is the case's affair (`wsbench-conformance`).

use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use wsbench_conformance::case::Case;
use wsbench_conformance::examination::{Examination, Turn};
use wsbench_conformance::finding::{Finding, Verdict};
use wsbench_dialogue::End;
use wsbench_load::plan::Http;
use wsbench_load::route::Target;
use wsbench_setting::text;
use wsbench_transport::blocking::Blocking;

use crate::blocking_client::BlockingClient;
use crate::loss;

/// Between octets that each go in a segment of their own.
const APART: Duration = Duration::from_micros(100);
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
}

impl Examiner<'_> {
    /// Carries all cases out in turn, but for those that the version of HTTP does not have; `told` hears of each finding, and says whether to go on.
    /// Where the first case finds no WebSocket server the others are skipped.
    pub fn examine(
        &self,
        cases: &[Case],
        random: &mut fastrand::Rng,
        mut told: impl FnMut(&Finding) -> bool,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::with_capacity(cases.len());
        let mut goes_on = true;
        for case in cases.iter().filter(|case| self.can_be_asked(case)) {
            let is_no_server = findings
                .first()
                .is_some_and(|first| first.verdict == Verdict::Failed);
            let finding = if !goes_on {
                Finding::of(case, Verdict::Skipped, "interrupted")
            } else if is_no_server {
                Finding::of(case, Verdict::Skipped, "the plain upgrade had failed")
            } else {
                let mut nonce = [0; 16];
                random.fill(&mut nonce);
                let finding = self.examine_one(case, nonce);
                goes_on = told(&finding);
                finding
            };
            findings.push(finding);
        }
        findings
    }

    /// True if the version of HTTP that the server is asked over has what the case is about.
    fn can_be_asked(&self, case: &Case) -> bool {
        self.client.http() == Http::One || !case.opening.is_of_http1()
    }

    /// Carries one case out.
    fn examine_one(&self, case: &Case, nonce: [u8; 16]) -> Finding {
        let mut stream = match self.client.connect() {
            Ok(stream) => stream,
            Err(error) => {
                let seen = text!["no connection: "].then(loss::name(&error).words);
                return Finding::of(case, Verdict::Failed, seen);
            }
        };
        let patience = self.client.patience();
        let authority = self.target.authority();
        let resource = &self.target.resource;
        let mut examination = Examination::new(case, &authority, resource, nonce, patience);
        let deadline = Instant::now() + patience * AT_MOST;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match examination.turn() {
                Turn::Done(finding) => return finding,
                _ if Instant::now() >= deadline => {
                    let seen = format!("undecided after {:?}", patience * AT_MOST);
                    return Finding::of(case, Verdict::Failed, seen);
                }
                // Where a write fails, what the server had said before is still to be read.
                Turn::Write(bytes) => {
                    let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
                }
                Turn::WriteSlowly(bytes) => drop(write_slowly(&mut stream, &bytes)),
                Turn::Read(patience) => read(&mut stream, &mut buffer, patience, &mut examination),
            }
        }
    }
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
    examination: &mut Examination<'_>,
) {
    stream.set_patience(patience);
    match stream.read(buffer) {
        Ok(0) => examination.on_end(End::Fin),
        Ok(len) => examination.on_bytes(&mut buffer[..len]),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::TimedOut => examination.on_silence(),
            _ => examination.on_end(End::Reset),
        },
    }
}
