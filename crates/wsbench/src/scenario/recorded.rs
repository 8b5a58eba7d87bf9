//! What was said between clients and their server → the text of a scenario to start from.
//!
//! It is a function of the transcript and of nothing else. What it recognises becomes steps of a login,
//! heartbeats, messages with places in them, and how they are answered; what it does not stands in the
//! file as a comment. No credential is in it. What comes out is read by the reader of scenarios before
//! anybody sees it.

mod awaited;
mod har;
mod leaves;
mod login;
mod packets;
mod places;
mod protocols;
mod script;
mod secrets;
mod tables;
mod talks;
#[cfg(test)]
mod tests;
mod traffic;
mod upkeep;
mod write;

use std::path::Path;

use thiserror::Error;
use wsbench_drive::relay::transcript::{Conversation, Party, Transcript};
use wsbench_load::route::Target;
use wsbench_load::secret::{shown_subprotocols, shown_url};

use self::awaited::known;
use self::login::LoginGroup;
use self::places::{PlaceMap, Utterance};
use self::script::Script;
use self::secrets::Secrets;
use self::tables::Assignment;
use self::talks::{At, Intent, Talk};
use self::traffic::{Content, MainLoad, TrafficOutcome};
use self::upkeep::{Answered, Beats, line};
use self::write::{BeatTable, Draft, ReplyTable};
use super::Scenario;

pub use har::{Har, HarError};

/// Replies, and kinds of messages that are taken, at most.
const MOST_TAKEN: usize = 16;
/// Messages that are told in a comment because nobody knows what they are for.
const MOST_TOLD: usize = 12;
/// Letters of such a message.
const TOLD: usize = 120;
/// A value with the form of a token.
const SHAPE: &str = "eyJ0000000000000000000000";
/// Headers that a browser or a library sends by itself, by how they begin.
const USUAL_HEADERS: [&str; 14] = [
    "user-agent",
    "accept",
    "cache-control",
    "pragma",
    "sec-",
    "dnt",
    "content-",
    "keep-alive",
    "te",
    "priority",
    "upgrade-insecure",
    "proxy-",
    "referer",
    "via",
];

/// The reason why there is no scenario of what was said.
#[derive(Debug, Error)]
pub enum RecordedError {
    /// Nobody came.
    #[error("no connection was opened through it, so there is nothing to write down")]
    NoConnection,
    /// Nobody said anything.
    #[error("{connections} connections said nothing, so there is nothing to write down")]
    Silence {
        /// Connections that were there.
        connections: usize,
    },
    /// Credentials without end, which could not be told from what is none.
    #[error("more than a thousand different credentials were said; record fewer connections")]
    Credentials,
    /// What was written cannot be read.
    #[error("no scenario could be made of it: {0}")]
    Unreadable(String),
}

/// The text of a scenario of what was said to and by `server`, which is called `name` in its comments.
///
/// # Errors
/// [`RecordedError`]: nothing was said.
pub fn scenario_of(
    transcript: &Transcript,
    server: &Target,
    name: &str,
) -> Result<String, RecordedError> {
    let connections = transcript.conversations.len();
    if connections == 0 {
        return Err(RecordedError::NoConnection);
    }
    if transcript.conversations.iter().all(|it| it.said.is_empty()) {
        return Err(RecordedError::Silence { connections });
    }
    let text = draft(transcript, server)?.text();
    // The reader of scenarios has the last word. Variables are what they have to look like anywhere.
    let scenario = Scenario::parse(Path::new(name), &text, &|_: &str| Some(SHAPE.to_owned()));
    let scenario = scenario.map_err(|error| RecordedError::Unreadable(error.to_string()))?;
    let plan = scenario.spec().map(|spec| spec.check());
    match plan {
        Some(Err(error)) => Err(RecordedError::Unreadable(error.to_string())),
        _ => Ok(text),
    }
}

fn draft(transcript: &Transcript, server: &Target) -> Result<Draft, RecordedError> {
    let script = Script::of(transcript);
    let unit = script.unit;
    let secrets = Secrets::of(transcript, &script);
    if secrets.are_too_many {
        return Err(RecordedError::Credentials);
    }
    let mut talks = Talk::all(transcript, &script);
    let replies = upkeep::replies(&mut talks);
    let beats = upkeep::beats_of(&mut talks);
    let load = traffic::load(&mut talks);
    let content = load.as_ref().and_then(|load| match &load.outcome {
        TrafficOutcome::Delivered {
            content: Content::At(path),
            ..
        } => Some(path.as_str()),
        _ => None,
    });
    let mut places = PlaceMap::of(&talks, secrets, content);
    let can_name_rooms = load.as_ref().is_none_or(|load| {
        matches!(
            load.outcome,
            TrafficOutcome::Delivered { .. } | TrafficOutcome::Unseen { .. }
        )
    });
    if !can_name_rooms {
        places.forget_rooms();
    }
    let mut draft = Draft {
        unit,
        ..Draft::default()
    };
    head(&mut draft, &mut places, transcript, &talks, server);
    let ends: Vec<usize> = talks.iter().map(login::end).collect();
    let tasks = tables::tasks(&talks, &ends, load.as_ref());
    logins(&mut draft, &mut talks, &mut places, &tasks, &ends);
    for (task, table) in tasks.iter().zip(&mut draft.tables) {
        tables::fill(table, task, &talks, &mut places, load.as_ref());
    }
    draft.replies = replies
        .iter()
        .filter_map(|it| reply(&talks, &mut places, it))
        .take(MOST_TAKEN)
        .collect();
    draft.beats = beats
        .iter()
        .map(|it| beat(&talks, &mut places, it))
        .collect();
    protocols::add_heartbeats(&mut draft, &talks);
    if load.is_some() {
        taken(&mut draft, &mut talks, &mut places);
        protocols::take_acknowledgements(&mut draft, &talks);
    }
    protocols::tell_quality(&mut draft, &talks);
    draft.rooms = match draft.uses_rooms() {
        true => places.room_names(),
        false => Vec::new(),
    };
    for table in &mut draft.tables {
        table.set_audience(!draft.rooms.is_empty());
    }
    unrecognised(&mut draft, transcript, &talks, &places);
    comments(&mut draft, &places);
    Ok(draft)
}

/// The server, and what the handshake says.
fn head(
    draft: &mut Draft,
    places: &mut PlaceMap,
    transcript: &Transcript,
    talks: &[Talk<'_>],
    server: &Target,
) {
    let first = talks[0].conversation;
    let target = Target {
        resource: match first.resource.as_str() {
            "" => server.resource.clone(),
            resource => resource.to_owned(),
        },
        ..server.clone()
    };
    let url = target.revealed_url().replace("{env:", "%7Benv:");
    draft.url = places.secrets.masked(&url);
    let names = first.subprotocols.iter();
    let names = names.map(|it| {
        let place = places.secrets.place_of(it);
        place.unwrap_or_else(|| places.secrets.masked(it))
    });
    draft.subprotocols = names.collect();
    let (url, offers) = (
        filled(&draft.url),
        draft.subprotocols.iter().map(|it| filled(it)),
    );
    if shown_url(&url).contains(SHAPE) {
        draft.url = hidden(&draft.url);
    }
    if shown_subprotocols(&offers.collect::<Vec<_>>())
        .iter()
        .any(|it| it.contains(SHAPE))
    {
        draft.subprotocols = draft.subprotocols.iter().map(|it| hidden(it)).collect();
    }
    draft.origin = first.origin.clone().filter(|it| places.secrets.is_free(it));
    for (name, value) in &first.headers {
        let lower = name.to_ascii_lowercase();
        let is_usual = USUAL_HEADERS.iter().any(|it| lower.starts_with(it));
        let is_known = draft
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name));
        // What looks like a variable would be taken for one of ours.
        let is_plain = !value.contains("{env:");
        if is_plain
            && !is_usual
            && !is_known
            && crate::header::header(&format!("{name}: x")).is_ok()
        {
            let value = places.secrets.header(name, value);
            draft.headers.push((name.clone(), value));
        }
    }
    let said = |by| -> usize {
        let all = transcript.conversations.iter();
        all.map(|it: &Conversation| it.count(by)).sum()
    };
    let connections = transcript.conversations.len();
    draft.head.push(format!(
        "Recorded from {}: {connections} connection{}, {} messages of clients, {} of the server.",
        places.secrets.masked(&target.url()),
        if connections == 1 { "" } else { "s" },
        said(Party::Client),
        said(Party::Server),
    ));
    draft.head.push(
        "To start from: read it through, then let count, rate and size be those of the load."
            .to_owned(),
    );
}

/// The logins of all tasks: what they have in common, and of each what it says behind that.
fn logins(
    draft: &mut Draft,
    talks: &mut [Talk<'_>],
    places: &mut PlaceMap,
    tasks: &[Assignment],
    ends: &[usize],
) {
    let mut all = Vec::new();
    for task in tasks {
        let group = LoginGroup {
            members: &task.talks,
            ends,
        };
        // Who came last has seen least of others.
        let exemplar = task.exemplar(talks);
        all.push(login::steps(talks, exemplar, &group, places));
        login::mark(talks, &group, exemplar);
        draft.tables.push(write::TomlTable::default());
    }
    let first = all.first().cloned().unwrap_or_default();
    let common = match all.len() {
        0 | 1 => first.len(),
        _ => {
            let same = |at: usize| all.iter().all(|it| it.get(at) == first.get(at));
            (0..first.len()).take_while(|at| same(*at)).count()
        }
    };
    draft.login = first[..common].to_vec();
    for (table, steps) in draft.tables.iter_mut().zip(all) {
        table.join = steps[common.min(steps.len())..].to_vec();
    }
}

/// What is answered always the same; `None` where the answer is not.
fn reply(talks: &[Talk<'_>], places: &mut PlaceMap, it: &Answered) -> Option<ReplyTable> {
    let (on, send) = (line(talks, it.on), line(talks, it.send));
    let text = places.filled(it.send.talk, send, &[], Utterance::Words);
    Some(ReplyTable {
        comment: None,
        on: known(places, it.on.talk, on, None),
        send: Some(send.words(text)),
    })
}

/// What is said by the clock, with a number where two of them differ.
fn beat(talks: &[Talk<'_>], places: &mut PlaceMap, it: &Beats) -> BeatTable {
    let first = line(talks, it.said[0]);
    let second = it.said.get(1).map(|at| line(talks, *at));
    let mut own = Vec::new();
    let mut put = Vec::new();
    for leaf in &first.parts.leaves {
        let value = leaf.value(first.text());
        let other = second.and_then(|second| second.value_at(&leaf.path));
        let place = match other {
            Some(other) if other != value => tables::counted(leaf, &value, "h{n}"),
            _ => continue,
        };
        own.push((leaf.span.clone(), place.clone()));
        put.push((leaf.clone(), place));
    }
    let talk = it.said[0].talk;
    let send = first.words(places.filled(talk, first, &own, Utterance::Words));
    let asked = (first, put);
    let expect = it
        .expect
        .map(|at| known(places, talk, line(talks, at), Some(&asked)));
    BeatTable {
        comment: second.is_none().then(|| {
            "Said once, so the period is the time from the beginning of the connection.".to_owned()
        }),
        period: it.period,
        send,
        expect,
    }
}

/// Messages of the server's that are neither awaited nor deliveries: they are taken.
fn taken(draft: &mut Draft, talks: &mut [Talk<'_>], places: &mut PlaceMap) {
    let is_published = draft.tables.iter().any(|it| it.roles.contains(&"publish"));
    let mut forms: Vec<(String, At)> = Vec::new();
    for (talk, it) in talks.iter_mut().enumerate() {
        for (number, line) in it.lines.iter_mut().enumerate() {
            let is_answer = line.purpose == Intent::Answer && is_published;
            if !(line.is_open(Party::Server) || is_answer) {
                continue;
            }
            let is_new = !forms.iter().any(|(form, _)| *form == line.parts.form);
            if is_new && forms.len() == MOST_TAKEN {
                continue;
            }
            line.purpose = Intent::Answer;
            if is_new {
                forms.push((line.parts.form.clone(), At { talk, line: number }));
            }
        }
    }
    for (_, at) in forms {
        let on = known(places, at.talk, line(talks, at), None);
        let is_there = draft.replies.iter().any(|it| it.on == on);
        if !is_there {
            draft.replies.push(ReplyTable {
                comment: None,
                on,
                send: None,
            });
        }
    }
}

/// What could not be recognised, as comments.
fn unrecognised(draft: &mut Draft, transcript: &Transcript, talks: &[Talk<'_>], places: &PlaceMap) {
    let lines = talks.iter().flat_map(|it| &it.lines);
    let mut told: Vec<(Party, String, usize)> = Vec::new();
    let mut binary = [0_usize; 2];
    for line in lines {
        match (line.purpose, line.by) {
            (Intent::Unsaid, by) => binary[usize::from(by == Party::Server)] += 1,
            (Intent::Unknown, Party::Client) => {
                let form = &line.parts.form;
                match told.iter_mut().find(|(_, known, _)| known == form) {
                    Some((.., count)) => *count += 1,
                    None => {
                        told.push((line.by, form.clone(), 1));
                        let text = places.withheld(line);
                        let short: String = text.chars().take(TOLD).collect();
                        draft.foot.push(short);
                    }
                }
            }
            _ => {}
        }
    }
    let texts = std::mem::take(&mut draft.foot);
    if !told.is_empty() {
        let what = "Clients said this as well, and what it is for is not known:";
        draft.foot.push(what.to_owned());
    }
    for ((_, _, count), text) in told.iter().zip(texts).take(MOST_TOLD) {
        draft.foot.push(format!("  {count} × {text}"));
    }
    if told.len() > MOST_TOLD {
        let more = told.len() - MOST_TOLD;
        draft.foot.push(format!("  and {more} kinds more"));
    }
    let [of_clients, of_server] = binary;
    if of_clients + of_server > 0 {
        draft.foot.push(format!(
            "Left out, for they are very long, or binary and neither text nor packets of MQTT: {of_clients} \
             messages of clients, {of_server} of the server."
        ));
    }
    let elsewhere = transcript.conversations.len() - talks.len();
    if elsewhere > 0 {
        draft.foot.push(format!(
            "Left out: {elsewhere} connections, to other paths or beyond those that are looked at."
        ));
    }
    if transcript.left_out > 0 {
        let count = transcript.left_out;
        draft.foot.push(format!(
            "Left out: {count} messages for which there was no room."
        ));
    }
    if transcript.of_others > 0 {
        let count = transcript.of_others;
        draft
            .foot
            .push(format!("Left out: {count} messages of other servers."));
    }
}

/// A text with a token in the place of each variable.
fn filled(text: &str) -> String {
    without_variables(text, SHAPE)
}

/// A text from which variables are gone that would be shown, for their place does not say that they are
/// credentials.
fn hidden(text: &str) -> String {
    without_variables(text, "hidden")
}

fn without_variables(text: &str, in_place: &str) -> String {
    let mut parts = text.split("{env:");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let behind = part.split_once('}').map_or("", |(_, behind)| behind);
        whole.push_str(in_place);
        whole.push_str(behind);
    }
    whole
}

/// The comments that are known at last.
fn comments(draft: &mut Draft, places: &PlaceMap) {
    if places.is_parted {
        draft.head.push(
            "A blank stands behind some braces: without it, a name in braces would be a place."
                .to_owned(),
        );
    }
    let used = places.secrets.used();
    if !used.is_empty() {
        draft
            .head
            .push("To be exported, for no credential stands here:".to_owned());
        for (variable, place) in used {
            draft.head.push(format!("  {variable}: {place}"));
        }
    }
}
