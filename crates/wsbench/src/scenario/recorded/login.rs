//! What is said and awaited on a connection before its load.

use std::collections::BTreeMap;

use wsbench_drive::relay::transcript::Party;
use wsbench_load::nanos::Nanos;

use super::awaited::{MessageForm, known};
use super::places::{PlaceMap, Utterance};
use super::script::SaidWords;
use super::talks::{At, Intent, SpokenLine, Talk, repeated};

/// Steps of a login at most.
const MOST_STEPS: usize = 40;
/// Messages of a login that are looked at.
const MOST_LINES: usize = 300;
/// Time behind the last word of a client's within which its answer is a part of the login.
const SOON: Nanos = Nanos::from_secs(2);
/// Bounds of a pause where the server confirms nothing.
const LEAST_PAUSE: Nanos = Nanos::from_millis(200);
const MOST_PAUSE: Nanos = Nanos::from_secs(1);

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SentStep {
    pub(super) send: Option<SaidWords>,
    pub(super) expect: Option<MessageForm>,
    /// Values that are taken from it: name and place.
    pub(super) take: Vec<(String, String)>,
    pub(super) settle: Option<Nanos>,
}

/// Connections with one task.
pub(super) struct LoginGroup<'g> {
    pub(super) members: &'g [usize],
    /// The end of the login of each connection, of all there are.
    pub(super) ends: &'g [usize],
}

/// The end of the login of a connection: behind its last message before the load, or where it has none
/// behind the answer to the last message of all.
pub(super) fn end(talk: &Talk<'_>) -> usize {
    let load = talk
        .lines
        .iter()
        .position(|it| it.purpose == Intent::MainLoad);
    if let Some(load) = load {
        return load;
    }
    // Who only listens has logged in when what it listens to begins.
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    for line in talk.lines.iter().filter(|it| it.by == Party::Server) {
        *often.entry(&line.parts.form).or_default() += 1;
    }
    let begins = (0..talk.lines.len()).find(|at| is_heard(talk, *at, &often));
    let before = &talk.lines[..begins.unwrap_or(talk.lines.len())];
    let said = before.iter().rposition(|it| it.is_open(Party::Client));
    let (from, begun) = match said {
        Some(said) => (said + 1, talk.lines[said].at),
        None => (0, talk.conversation.opened),
    };
    let is_soon = |line: &&SpokenLine<'_>| line.at - begun.min(line.at) <= SOON;
    from + before[from..].iter().take_while(is_soon).count()
}

/// True of a delivery, and of a message of the server's as there are many that answer nothing.
fn is_heard(talk: &Talk<'_>, at: usize, often: &BTreeMap<&str, usize>) -> bool {
    let line = &talk.lines[at];
    if line.purpose == Intent::Delivery || !line.is_open(Party::Server) {
        return line.purpose == Intent::Delivery;
    }
    let is_often = often
        .get(line.parts.form.as_str())
        .is_some_and(|count| *count > 2);
    let asked = talk.lines[..at].iter().rfind(|it| it.by == Party::Client);
    is_often && asked.is_none_or(|asked| repeated(asked, line).is_none())
}

/// Forms of what a client says in its login: those who say the same have the same task.
pub(super) fn forms(talk: &Talk<'_>, end: usize) -> Vec<String> {
    let said = talk.lines[..end].iter();
    let said = said.filter(|it| it.by == Party::Client);
    said.filter(|it| matches!(it.purpose, Intent::Unknown | Intent::Login))
        .map(|it| it.parts.form.clone())
        .collect()
}

/// The steps of a connection's login, which stands for those of `group`; marks what is a part of it.
pub(super) fn steps(
    talks: &mut [Talk<'_>],
    talk: usize,
    group: &LoginGroup<'_>,
    places: &mut PlaceMap,
) -> Vec<SentStep> {
    let end = group.ends[talk];
    let mut steps: Vec<SentStep> = Vec::new();
    let mut asked: Option<usize> = None;
    let mut parts = Vec::new();
    for number in 0..end.min(MOST_LINES) {
        let line = &talks[talk].lines[number];
        if steps.len() == MOST_STEPS {
            break;
        }
        if line.is_open(Party::Client) {
            let text = places.filled(talk, line, &[], Utterance::Words);
            steps.push(SentStep {
                send: Some(line.words(text)),
                ..SentStep::default()
            });
            asked = Some(number);
            parts.push(number);
            continue;
        }
        if !line.is_open(Party::Server) {
            continue;
        }
        let at = At { talk, line: number };
        let take: Vec<_> = places
            .given
            .iter()
            .filter(|it| it.at == at)
            .map(|it| (it.name.clone(), it.locator.clone()))
            .collect();
        let asked = asked.map(|number| &talks[talk].lines[number]);
        let answers = asked.filter(|asked| repeated(asked, line).is_some());
        let is_one = take.is_empty() && answers.is_none();
        if is_one && !is_of_all(talks, talk, group, line) {
            continue;
        }
        let asked = asked.map(|asked| (asked, Vec::new()));
        let expect = Some(known(places, talk, line, asked.as_ref()));
        parts.push(number);
        match steps.last_mut() {
            Some(last) if last.expect.is_none() => (last.expect, last.take) = (expect, take),
            _ => steps.push(SentStep {
                expect,
                take,
                ..SentStep::default()
            }),
        }
    }
    settle(&talks[talk], &mut steps, asked, end);
    for line in parts {
        talks[talk].lines[line].purpose = Intent::Login;
    }
    steps
}

/// True of a message of the server's that comes in each login of a group, and behind none of them.
fn is_of_all(
    talks: &[Talk<'_>],
    talk: usize,
    group: &LoginGroup<'_>,
    line: &SpokenLine<'_>,
) -> bool {
    let is_same = |it: &SpokenLine<'_>| it.by == Party::Server && it.parts.form == line.parts.form;
    let mut all = group.members.iter();
    let is_later = all.any(|it| talks[*it].lines[group.ends[*it]..].iter().any(is_same));
    let mut others = group.members.iter().filter(|it| **it != talk);
    !is_later && others.all(|it| talks[*it].lines[..group.ends[*it]].iter().any(is_same))
}

/// A pause behind a last word that the server does not confirm.
fn settle(talk: &Talk<'_>, steps: &mut [SentStep], asked: Option<usize>, end: usize) {
    let Some(last) = steps.last_mut().filter(|it| it.expect.is_none()) else {
        return;
    };
    let said = asked.map_or(Nanos(0), |number| talk.lines[number].at);
    let next = talk.lines.get(end).map_or(MOST_PAUSE + said, |it| it.at);
    let pause = next - said.min(next);
    last.settle = Some(pause.max(LEAST_PAUSE).min(MOST_PAUSE));
}

/// Marks in the other connections of a group what is the same as in the login that stands for theirs.
pub(super) fn mark(talks: &mut [Talk<'_>], group: &LoginGroup<'_>, exemplar: usize) {
    let lines = talks[exemplar].lines.iter();
    let of_server = lines.filter(|it| it.by == Party::Server && it.purpose == Intent::Login);
    let awaited: Vec<String> = of_server.map(|it| it.parts.form.clone()).collect();
    for talk in group.members {
        for line in &mut talks[*talk].lines[..group.ends[*talk]] {
            let is_awaited = line.is_open(Party::Server) && awaited.contains(&line.parts.form);
            if line.is_open(Party::Client) || is_awaited {
                line.purpose = Intent::Login;
            }
        }
    }
}
