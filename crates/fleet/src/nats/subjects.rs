//! Subjects of a fleet, and the form of words on them.

use std::io;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bus::{EntryKey, Of, Said};
use crate::protocol::{Order, ProbeAnswer, Word};

/// Subjects of a fleet.
#[derive(Clone, Debug)]
pub(super) struct Subjects {
    prefix: String,
}

impl Subjects {
    pub(super) fn of(fleet: &str) -> Self {
        Self {
            prefix: format!("wsb.{fleet}"),
        }
    }

    /// Orders to an agent, or to all.
    pub(super) fn to(&self, agent: Option<&str>) -> String {
        format!("{}.to.{}", self.prefix, agent.unwrap_or("all"))
    }

    /// Words of an agent.
    pub(super) fn from(&self, agent: &str) -> String {
        format!("{}.from.{agent}", self.prefix)
    }

    /// Entries of all runs.
    pub(super) fn all_runs(&self) -> String {
        format!("{}.run.>", self.prefix)
    }

    /// Entries of a run.
    pub(super) fn run(&self, run: &str) -> String {
        format!("{}.run.{run}.>", self.prefix)
    }

    /// The subject of an entry, which is its id as well.
    pub(super) fn of_key(&self, key: &EntryKey) -> String {
        let Self { prefix } = self;
        let run = &key.run;
        match &key.of {
            Of::Task => format!("{prefix}.run.{run}.task"),
            Of::Part(agent, worker, number) => {
                format!("{prefix}.run.{run}.part.{agent}.{worker}.{number}")
            }
            Of::Final(agent) => format!("{prefix}.run.{run}.final.{agent}"),
        }
    }

    /// The entry of a subject; `None` of any other.
    pub(super) fn key(&self, subject: &str) -> Option<EntryKey> {
        let rest = subject.strip_prefix(&self.prefix)?.strip_prefix(".run.")?;
        let words: Vec<&str> = rest.split('.').collect();
        let (run, of) = match *words.as_slice() {
            [run, "task"] => (run, Of::Task),
            [run, "final", agent] => (run, Of::Final(agent.to_owned())),
            [run, "part", agent, worker, number] => {
                let (worker, number) = (worker.parse().ok()?, number.parse().ok()?);
                (run, Of::Part(agent.to_owned(), worker, number))
            }
            _ => return None,
        };
        Some(EntryKey {
            run: run.to_owned(),
            of,
        })
    }
}

/// Form of a word on the bus.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written {
    Word(Box<Word>),
    Echo(ProbeAnswer),
    Order(Box<Order>),
}

/// The bytes of a word.
///
/// # Errors
/// It has no form in JSON.
pub(super) fn written(said: &Said) -> io::Result<Bytes> {
    let form = match said.clone() {
        Said::Word(word) => Written::Word(word),
        Said::Echo(echo) => Written::Echo(echo),
        Said::Order(order) => Written::Order(order),
    };
    Ok(serde_json::to_vec(&form)?.into())
}

/// The word of these bytes.
///
/// # Errors
/// There is none: another version's, or somebody else's.
pub(super) fn said(bytes: &[u8]) -> io::Result<Said> {
    Ok(match serde_json::from_slice(bytes)? {
        Written::Word(word) => Said::Word(word),
        Written::Echo(echo) => Said::Echo(echo),
        Written::Order(order) => Said::Order(order),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::What;

    #[test]
    fn an_entrys_subject_tells_it_again_and_no_other_does() {
        let subjects = Subjects::of("f");
        let key = |of| EntryKey {
            run: "r-1".to_owned(),
            of,
        };
        let a = || "a".to_owned();
        for of in [Of::Task, Of::Final(a()), Of::Part(a(), 3, 17)] {
            let key = key(of);
            assert_eq!(subjects.key(&subjects.of_key(&key)), Some(key));
        }
        for other in [
            "wsb.g.run.r.task",
            "wsb.f.run.r",
            "wsb.f.run.r.part.a.x.1",
            "wsb.f.to.all",
        ] {
            assert_eq!(subjects.key(other), None, "{other}");
        }
    }

    #[test]
    fn words_are_read_as_they_were_written() {
        let order = Order {
            to: None,
            what: What::Hello,
        };
        let word = Said::Order(Box::new(order));
        assert_eq!(said(&written(&word).unwrap()).unwrap(), word);
        assert!(said(b"{\"unknown\":1}").is_err());
    }
}
