//! Heartbeats: what is answered always the same, and what is said by the clock.

use std::collections::BTreeMap;

use wsbench_drive::relay::transcript::Party;
use wsbench_load::nanos::Nanos;

use super::leaves::{Leaf, is_heartbeat_word};
use super::talks::{At, Intent, SpokenLine, Talk, repeated};

/// Time within which an answer is one.
const SOON: Nanos = Nanos::from_secs(2);
/// The shortest time between two beats.
const SHORTEST_PERIOD: Nanos = Nanos::from_millis(400);

/// A message of the server's, and what the client says to it.
pub(super) struct Answered {
    pub(super) on: At,
    pub(super) send: At,
}

/// Words of the client's by the clock.
pub(super) struct Beats {
    pub(super) period: Nanos,
    /// The first and the second, where there are two: what differs in them is a number.
    pub(super) said: Vec<At>,
    /// Answer to the first.
    pub(super) expect: Option<At>,
}

/// Finds what is answered always the same, and marks it.
pub(super) fn replies(talks: &mut [Talk<'_>]) -> Vec<Answered> {
    let mut pairs: BTreeMap<(String, String), Vec<[At; 2]>> = BTreeMap::new();
    let mut heard: BTreeMap<String, usize> = BTreeMap::new();
    for (talk, it) in talks.iter().enumerate() {
        for (place, line) in it.lines.iter().enumerate() {
            // Of packets none is a question of the server's.
            if !line.is_open(Party::Server) || line.packet.is_some() {
                continue;
            }
            *heard.entry(key(line)).or_default() += 1;
            let Some(next) = it.lines.get(place + 1) else {
                continue;
            };
            if next.is_open(Party::Client) && next.at - line.at <= SOON {
                let at = |line| At { talk, line };
                let pair = (key(line), next.text().to_owned());
                pairs
                    .entry(pair)
                    .or_default()
                    .push([at(place), at(place + 1)]);
            }
        }
    }
    let mut found = Vec::new();
    for ((on, _), all) in pairs {
        let [first, answer] = all[0];
        let (asked, said) = (line(talks, first), line(talks, answer));
        let is_beat = beats(asked) && beats(said);
        let mut often = 0;
        for place in 0..talks.len() {
            let here = all.iter().filter(|[on, _]| on.talk == place).count();
            often = often.max(here);
        }
        let all_heard = heard.get(&on).copied().unwrap_or(0);
        // The last of a connection may have come too late to be answered.
        let is_usual =
            often >= 2 && all.len() + talks.len() >= all_heard && all.len() * 5 >= all_heard * 4;
        if !(is_beat || is_usual && !says_more(talks, &all)) {
            continue;
        }
        for at in all.iter().flatten() {
            talks[at.talk].lines[at.line].purpose = Intent::ReplyTable;
        }
        for talk in talks.iter_mut() {
            for line in &mut talk.lines {
                if line.is_open(Party::Server) && key(line) == on {
                    line.purpose = Intent::ReplyTable;
                }
            }
        }
        found.push(Answered {
            on: first,
            send: answer,
        });
    }
    found
}

/// True if the same is said elsewhere as well, to nothing: then it is no answer.
fn says_more(talks: &[Talk<'_>], pairs: &[[At; 2]]) -> bool {
    let text = line(talks, pairs[0][1]).text();
    let all = talks.iter().flat_map(|it| &it.lines);
    let said = all.filter(|it| it.by == Party::Client && it.text == Some(text));
    said.count() > pairs.len()
}

/// The same for messages that are answered alike: of JSON the form, of any other the text.
fn key(line: &SpokenLine<'_>) -> String {
    let has_kind = line.parts.leaves.iter().any(|it| it.is_kind);
    match has_kind {
        true => line.parts.form.clone(),
        false => line.text().to_owned(),
    }
}

/// True of a message that has the looks of a heartbeat.
fn beats(line: &SpokenLine<'_>) -> bool {
    if let Some(packet) = line.packet {
        return packet.is_beat();
    }
    let text = line.text().trim();
    if text.len() <= 2 || is_heartbeat_word(text) {
        return true;
    }
    let is_telling = |it: &&Leaf| {
        let of_list = it.name.is_empty() && it.path.len() == 2;
        it.is_kind || of_list || line.parts.json.is_none() && text.len() <= 16
    };
    let mut leaves = line.parts.leaves.iter().filter(is_telling);
    leaves.any(|it| is_heartbeat_word(&it.value(line.text())))
}

/// Finds what is said by the clock, and marks it.
pub(super) fn beats_of(talks: &mut [Talk<'_>]) -> Vec<Beats> {
    let mut groups: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (talk, it) in talks.iter().enumerate() {
        for (place, line) in it.lines.iter().enumerate() {
            if line.is_open(Party::Client) {
                groups
                    .entry((talk, without_digits(line)))
                    .or_default()
                    .push(place);
            }
        }
    }
    // Whatever is said most is the load, and no heartbeat because it is regular.
    let most = groups.iter().max_by_key(|(_, places)| places.len());
    let most = most.map(|((talk, _), places)| {
        (
            places.len(),
            talks[*talk].lines[places[0]].parts.form.clone(),
        )
    });
    let (most, of_most) = most.unwrap_or_default();
    let mut found: Vec<(String, Beats)> = Vec::new();
    for ((talk, form), places) in groups {
        let lines = &talks[talk].lines;
        let first = &lines[places[0]];
        // What is short is a heartbeat once it is said again.
        let is_named = beats(first) && (places.len() > 1 || first.text().trim().len() > 2);
        let period = period(&talks[talk], &places, is_named);
        let is_rare = places.len() >= 3 && places.len() < most;
        let is_other = is_rare && lines[places[0]].parts.form != of_most && is_even(lines, &places);
        let Some(period) = period.filter(|_| is_named || is_other) else {
            continue;
        };
        let at = |line| At { talk, line };
        let answers = answers(lines, &places);
        for line in places.iter().chain(&answers) {
            talks[talk].lines[*line].purpose = Intent::BeatTable;
        }
        if !found.iter().any(|(known, _)| *known == form) {
            let beats = Beats {
                period,
                said: places.iter().take(2).map(|line| at(*line)).collect(),
                expect: answers.first().map(|line| at(*line)),
            };
            found.push((form, beats));
        }
    }
    found.into_iter().map(|(_, beats)| beats).collect()
}

/// Time from one to the next; of one that was said once, the time from the beginning, where that is long
/// enough.
fn period(talk: &Talk<'_>, places: &[usize], is_named: bool) -> Option<Nanos> {
    let at = |place: &usize| talk.lines[*place].at;
    let (first, last) = (at(places.first()?), at(places.last()?));
    let period = match places.len() {
        1 if is_named => first - talk.conversation.opened.min(first),
        1 => return None,
        count => Nanos((last - first).0 / (count as u64 - 1)),
    };
    (period >= SHORTEST_PERIOD).then_some(period)
}

/// True of times that are evenly apart.
fn is_even(lines: &[SpokenLine<'_>], places: &[usize]) -> bool {
    let gaps = places
        .windows(2)
        .map(|two| (lines[two[1]].at - lines[two[0]].at).0);
    let (least, most) = gaps.fold((u64::MAX, 0), |(least, most), gap| {
        (least.min(gap), most.max(gap))
    });
    most <= least + least / 4 + 50_000_000
}

/// The answers to words by the clock: messages right behind each of them, all of one form.
fn answers(lines: &[SpokenLine<'_>], places: &[usize]) -> Vec<usize> {
    let mut answers = Vec::new();
    for &place in places {
        let behind = lines.iter().enumerate().skip(place + 1).take(50);
        let mut soon = behind.take_while(|(_, it)| it.at - lines[place].at <= SOON);
        let is_answer = |it: &SpokenLine<'_>| beats(it) || repeated(&lines[place], it).is_some();
        let found = soon.find(|(_, it)| it.is_open(Party::Server) && is_answer(it));
        answers.extend(found.map(|(number, _)| number));
    }
    let form = answers.first().map(|it| lines[*it].parts.form.clone());
    let is_one = answers
        .iter()
        .all(|it| Some(&lines[*it].parts.form) == form.as_ref());
    // The last one's may not have come any more.
    match is_one && answers.len() + 1 >= places.len() {
        true => answers,
        false => Vec::new(),
    }
}

/// The text with one sign for each row of digits, where it is more than a code of them.
fn without_digits(line: &SpokenLine<'_>) -> String {
    if line.text().len() <= 3 {
        return line.text().to_owned();
    }
    let mut text = String::new();
    for letter in line.text().chars() {
        let is_digit = letter.is_ascii_digit();
        if !is_digit || !text.ends_with('#') {
            text.push(if is_digit { '#' } else { letter });
        }
    }
    text
}

pub(super) fn line<'t, 'a>(talks: &'t [Talk<'a>], at: At) -> &'t SpokenLine<'a> {
    &talks[at.talk].lines[at.line]
}
