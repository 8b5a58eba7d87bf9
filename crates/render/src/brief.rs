//! The result of one run in eight lines: figures first, then what limited them, then in one sentence
//! how far they may be believed. Everything else is behind it, in [`summary`](crate::summary).
//!
//! At 80 columns each part has a line; where there are fewer columns, lines are broken between
//! figures and never within one.

mod attempts;
mod deliveries;
pub(crate) mod died;
mod items;
mod one_sided;
pub(crate) mod percentiles;
pub(crate) mod shape;
mod sheet;
pub(crate) mod trust;

use wsbench_judge::outcome::has_results;
use wsbench_load::plan::{Arrival, Audience, Flow, Matching, Population, Rooms, StopRule, Verify};
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Limit, Severity, Verdict};
use wsbench_record::document::{Document, Ended, Percentile};
use wsbench_record::units::{asked_rate, bytes, count, counted, percent, rate, seconds, span};

use crate::conditions;
use crate::mark;
use crate::parts::Parts;
use crate::pings;
use crate::plan_line;
use crate::style::{Style, Tone};
use crate::times::headline;

use sheet::{Piece, Sheet};

/// Columns before the second figure of a line, where it fits.
const SECOND: usize = 26;

/// The result in eight lines, ending with a line end; with the percentiles that were asked for, each
/// a share of one, else with those that people quote.
///
/// `more` says where the rest is to be found, the longest words first.
#[must_use]
pub fn render(document: &Document, style: Style, shares: Option<&[f64]>, more: &[&str]) -> String {
    lines(document, style, shares, more)
}

/// The same without the way to more, for it stands below: the head of the long form.
pub(crate) fn head(document: &Document, style: Style, shares: Option<&[f64]>) -> String {
    lines(document, style, shares, &[])
}

/// The lines that a result has at most where its doubts leave room for that.
const MOST: usize = 8;

/// Share of the window that a standstill has to take to be told with the figures.
const STANDSTILL: f64 = 0.05;

/// The lines that are left out where a doubt takes more than one: what the long form has as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LeftOut {
    Nothing,
    Server,
    Shape,
}

fn lines(document: &Document, style: Style, shares: Option<&[f64]>, more: &[&str]) -> String {
    let shares = shares.unwrap_or(&percentiles::QUOTED);
    let mut trusted = Sheet::new(style);
    trust::line(&mut trusted, document, more);
    let is_doubted = document.audit.verdict != Verdict::Ok && !more.is_empty();
    let mut sheet = Sheet::new(style);
    for left_out in [LeftOut::Nothing, LeftOut::Server, LeftOut::Shape] {
        sheet = Sheet::new(style);
        figures(&mut sheet, document, shares, left_out);
        let number = sheet.text.lines().count() + trusted.text.lines().count();
        if !is_doubted || number <= MOST {
            break;
        }
    }
    // Of the long form they stand below.
    for judgement in document.conditions.iter().filter(|_| !more.is_empty()) {
        let tone = conditions::tone(judgement.state);
        let pieces = Piece::toned_prose(&conditions::words(judgement), tone);
        sheet.put_hanging(0, 2, &pieces);
    }
    sheet.text + &trusted.text
}

fn figures(sheet: &mut Sheet, document: &Document, shares: &[f64], left_out: LeftOut) {
    title(sheet, document);
    if let Some(departure) = died::Departure::of(document) {
        departure.lines(sheet, document, shares);
        return;
    }
    if let Some(words) = nothing_words(document) {
        nothing(sheet, document, &words);
        return;
    }
    let is_answered = document.plan.clients.exchange.flow.is_answered();
    let has_times = is_answered || !headline(document).is_empty();
    throughput(sheet, document);
    if has_times {
        percentiles::line(sheet, document, shares);
    }
    if document.deliveries.is_some() {
        deliveries::whole(sheet, document);
        deliveries::between(sheet, document);
        deliveries::acks(sheet, document);
    }
    if let Some(counts) = &document.items {
        items::line(sheet, document, counts);
    }
    if has_times && left_out < LeftOut::Shape {
        shape::line(sheet, headline(document));
    }
    one_sided::sessions(sheet, document);
    one_sided::returns(sheet, document);
    one_sided::clock(sheet, document);
    one_sided::slow(sheet, document);
    application(sheet, document);
    if let Some(limit) = &document.audit.limit {
        limited(sheet, limit, document.audit.verdict == Verdict::Ok);
    }
    standstill(sheet, document);
    advice(sheet, document);
    if left_out < LeftOut::Server {
        server(sheet, document);
    }
}

/// Where to, and the plan as far as it is not what everybody runs.
fn title(sheet: &mut Sheet, document: &Document) {
    let plan = &document.plan;
    let clients = &plan.clients;
    let mut parts = Vec::new();
    let round_trips = clients.round_trips();
    let sessions = clients.sessions();
    match round_trips {
        _ if sessions.is_some() => parts.extend(sessions.as_ref().map(plan_line::come)),
        Some(round_trips) => {
            parts.push(format!("{} at a time", count(clients.connections.into())));
            parts.push(counted(round_trips.into(), "round trip"));
        }
        None => parts.push(counted(clients.connections.into(), "connection")),
    }
    let beside = clients.churn.as_ref().map(plan_line::beside);
    match &clients.arrival {
        Arrival::Closed { .. } if round_trips.is_some() => {}
        Arrival::Closed { .. } if !clients.exchange.flow.is_answered() => {
            parts.push(plan_line::flow(&clients.exchange.flow).to_owned());
        }
        Arrival::Closed { depth } => {
            parts.push(format!("{} in flight", count((*depth).into())));
            parts.push("closed loop".to_owned());
        }
        Arrival::Open { schedule, .. } => {
            parts.push(format!(
                "open loop {}",
                plan_line::rates(&schedule.stretches)
            ));
        }
    }
    parts.extend(whom(clients));
    if clients.exchange.flow == Flow::Oneway {
        parts.push(plan_line::flow(&clients.exchange.flow).to_owned());
    }
    parts.extend(beside);
    if !document.agents.is_empty() {
        parts.push(counted(document.agents.len() as u64, "agent"));
    }
    match plan.stop {
        StopRule::Duration(asked) => parts.push(length(document, asked.as_secs_f64())),
        StopRule::Messages(messages) => parts.push(counted(messages, "message")),
        // The number of clients, which goes first.
        _ => {}
    }
    if document.ended == Ended::Interrupted && !matches!(plan.stop, StopRule::Duration(_)) {
        parts.push(cut_short(document));
    }
    if let Some(number) = plan.clients_in_all() {
        parts.insert(0, counted(number, "client"));
    }
    if matches!(clients.exchange.flow, Flow::Answered | Flow::Oneway) {
        parts.push(plan_line::payload(&clients.exchange.payload.facts()));
    }
    let title = Piece::new(plan_line::title(plan)).toned(Tone::Heading);
    let is_answered = clients.exchange.flow.is_answered();
    let is_told_otherwise = round_trips.is_some() || sessions.is_some() || !is_answered;
    // `64 connections, 1 in flight` where it fits, else `64 × 1 in flight`.
    let room = sheet.width().saturating_sub(title.columns() + 2);
    let is_long = parts.join(", ").chars().count() > room;
    if let (Arrival::Closed { depth }, true, false) = (&clients.arrival, is_long, is_told_otherwise)
    {
        let (connections, depth) = (count(clients.connections.into()), count((*depth).into()));
        parts.splice(..2, [format!("{connections} × {depth} in flight")]);
    }
    let title = fitting(title, sheet.width()).into_iter();
    let mut pieces: Vec<_> = title.map(|piece| piece.toned(Tone::Heading)).collect();
    // Further lines stand further in.
    let room = sheet.width().saturating_sub(4);
    let listed = Piece::listed(&parts).into_iter();
    pieces.extend(listed.flat_map(|piece| fitting(piece, room)));
    sheet.put(0, &pieces);
}

/// The piece, or its words one by one where it is wider than a line.
fn fitting(piece: Piece, room: usize) -> Vec<Piece> {
    match piece.columns() <= room {
        true => vec![piece],
        false => Piece::prose(&piece.text),
    }
}

/// Numbers with what they are of, those above zero.
fn some(numbers: &[(u64, &str)]) -> Vec<String> {
    let numbers = numbers.iter().filter(|(number, _)| *number > 0);
    let words = numbers.map(|(number, word)| format!("{} {word}", count(*number)));
    words.collect()
}

/// The measured time, or the one that was asked for, where it was not cut short.
fn length(document: &Document, asked_s: f64) -> String {
    let is_short = document.ended == Ended::Interrupted || document.until.is_some();
    if is_short && document.duration_s < asked_s {
        format!("{} of {}", cut_short(document), seconds(asked_s))
    } else {
        seconds(asked_s)
    }
}

/// The time that was measured before the run was cut short, and by what if not by its own rule.
fn cut_short(document: &Document) -> String {
    let measured = seconds((document.duration_s * 10.0).round() / 10.0);
    match document.ended {
        Ended::Interrupted => format!("interrupted after {measured}"),
        _ => measured,
    }
}

/// The first figure of a run, and what became of the messages, the deliveries or the connections that it
/// is about.
pub(crate) struct Lead {
    /// Name of what the figure counts: `answered`.
    pub(crate) name: &'static str,
    /// The figure with its unit; `None` without samples.
    pub(crate) figure: Option<String>,
    /// What became of them: `2,723,948 sent`, `all answered`, `every byte verified`.
    pub(crate) fates: Vec<String>,
}

impl Lead {
    /// The one of a run, by what flows in it.
    pub(crate) fn of(document: &Document) -> Self {
        let per_s = |value: Option<f64>, unit: &str| Some(format!("{} {unit}", rate(value?)));
        match (&document.plan.clients.exchange.flow, &document.deliveries) {
            (Flow::Answered, Some(counts)) => Self {
                name: "delivered",
                figure: per_s(document.deliveries_per_s, "deliveries/s"),
                fates: deliveries::fates(document, counts),
            },
            (Flow::Answered, None) => Self {
                name: "answered",
                figure: per_s(document.messages_per_s, "msg/s"),
                fates: fates(document),
            },
            (Flow::Push(_), _) => Self {
                name: "received",
                figure: per_s(document.messages_per_s, "pushes/s"),
                fates: one_sided::pushes(document),
            },
            (Flow::Oneway, _) => Self {
                name: "sent",
                figure: per_s(one_sided::sent_per_s(document), "msg/s sent"),
                fates: one_sided::sent(document),
            },
            (Flow::Idle | Flow::Storm, _) => Self {
                name: "held",
                figure: Some(counted(document.connections.alive_at_end, "connection") + " held"),
                fates: one_sided::held(document),
            },
        }
    }
}

/// The receivers of messages for many: `to 20 rooms`.
fn whom(clients: &Population) -> Option<String> {
    let number = |rooms: &Rooms| counted(rooms.count.into(), "room");
    let words = match (clients.exchange.audience, &clients.exchange.rooms) {
        (Audience::Sender, _) => return None,
        (Audience::Room, Some(rooms)) if rooms.each > 1 => {
            let each = count(rooms.each.into());
            format!("to {}, {each} for each connection", number(rooms))
        }
        (Audience::Room, Some(rooms)) => format!("to {}", number(rooms)),
        (Audience::One, Some(rooms)) => format!("each to one of {}", number(rooms)),
        _ => "to all".to_owned(),
    };
    Some(words)
}

/// The first figure, and what became of what it is about.
fn throughput(sheet: &mut Sheet, document: &Document) {
    let Lead { figure, fates, .. } = Lead::of(document);
    let figure = figure.unwrap_or_else(|| mark::NO_SAMPLES.to_owned());
    let mut pieces = vec![Piece::new(figure).toned(Tone::Heading)];
    // How sure a rate is, and whether it is the one asked for, is known of answers.
    let is_of_answers =
        document.plan.clients.exchange.flow.is_answered() && document.deliveries.is_none();
    if let Some(half) = mark::rate_confidence(document).filter(|_| is_of_answers) {
        pieces.push(Piece::new(half).close());
    }
    if let (Some(asked), Some(per_s)) = (document.asked_messages_per_s, document.messages_per_s)
        && is_of_answers
        && wsbench_judge::limit::is_rate_missed(document)
    {
        let missed = format!("of {} asked, {}", asked_rate(asked), percent(per_s / asked));
        pieces.push(Piece::new(missed).close().toned(Tone::Doubt));
    }
    let mut fates = Piece::listed(&fates);
    if let Some(first) = fates.first_mut() {
        first.column = Some(SECOND);
    }
    pieces.extend(fates);
    sheet.put(2, &pieces);
}

/// The fate of what was sent: `2,723,948 sent`, `all answered`, `every byte verified`.
fn fates(document: &Document) -> Vec<String> {
    let messages = &document.messages;
    let due = messages.sent.saturating_add(messages.unsent);
    let mut fates = vec![if messages.unsent > 0 {
        format!("{} due", count(due))
    } else {
        format!("{} sent", count(messages.sent))
    }];
    if messages.answered == due {
        fates.push("all answered".to_owned());
    } else {
        fates.push(format!("{} answered", count(messages.answered)));
    }
    let cut = document.cut_messages();
    let wrong = some(&[
        (messages.unsent, "never sent"),
        (messages.timed_out, "timed out"),
        (messages.failed.saturating_sub(cut), "failed"),
        (cut, "out when they were cut"),
        (messages.in_flight_at_end, "in flight at the end"),
        (messages.corrupted, "corrupted"),
        (messages.lost, "lost"),
        (messages.duplicated, "duplicated"),
        (messages.reordered, "reordered"),
        (messages.unasked, "unasked"),
    ]);
    if wrong.is_empty() {
        let matching = document.plan.clients.exchange.matching();
        fates.push(
            match document.plan.clients.exchange.verify {
                _ if matching == Matching::Number => "each by its number",
                _ if matching == Matching::Turn => "each in its turn",
                _ if document.acks.is_some() => "each by its ack",
                Verify::Full => "every byte verified",
                Verify::Contains => "every byte verified within the answers",
                Verify::Length => "lengths verified",
                Verify::None => "not verified",
            }
            .to_owned(),
        );
    }
    fates.extend(wrong);
    fates
}

fn limited(sheet: &mut Sheet, limit: &Limit, is_fact: bool) {
    let words = format!("limited by {}", limit.by.words());
    let tone = if is_fact { Tone::Fact } else { Tone::Quiet };
    let colon = if limit.message.is_empty() { "" } else { ":" };
    let mut pieces = vec![Piece::new(format!("◆ {words}{colon}")).toned(tone)];
    pieces.extend(Piece::prose(&limit.message));
    sheet.put_hanging(2, 4, &pieces);
}

/// A standstill of no small part of the window, which percentiles of a closed loop hide: while nothing was
/// answered, nothing was sent either.
fn standstill(sheet: &mut Sheet, document: &Document) {
    let still_s: f64 = document.gaps.iter().map(|gap| gap.length_s).sum();
    let is_long = still_s >= STANDSTILL * document.duration_s;
    let mut told = document.audit.of_kind(Kind::Gaps);
    let told = told.find(|caveat| caveat.severity == Severity::Note);
    if let Some(caveat) = told.filter(|_| is_long && !document.plan.clients.is_open_loop()) {
        let words = format!("◆ {}: percentiles of a closed loop hide it", caveat.message);
        let pieces = Piece::toned_prose(&words, Tone::Fact);
        sheet.put_hanging(2, 4, &pieces);
    }
}

/// What to do next: about the gravest doubt where there is one, else to see more than the limit.
fn advice(sheet: &mut Sheet, document: &Document) {
    let doubt = document.audit.doubts().next();
    let limit = document.audit.limit.as_ref();
    let advice = match doubt {
        Some(caveat) => &caveat.advice,
        None => match limit {
            Some(limit) => &limit.advice,
            None => return,
        },
    };
    advise(sheet, advice);
}

fn advise(sheet: &mut Sheet, advice: &str) {
    if !advice.is_empty() {
        let pieces = Piece::prose(&format!("→ {advice}"));
        let quiet: Vec<Piece> = pieces
            .into_iter()
            .map(|piece| piece.toned(Tone::Quiet))
            .collect();
        sheet.put_hanging(2, 4, &quiet);
    }
}

/// The share of a round trip that the server's application takes, where pings tell its library's.
fn application(sheet: &mut Sheet, document: &Document) {
    let (Some(ns), Some(pings)) = (document.application_ns, &document.pings) else {
        return;
    };
    let mean = document.at(Series::Service).mean.unwrap_or(0.0);
    let share = if mean > 0.0 { ns / mean } else { 0.0 };
    if ns <= 0.0 {
        let words = format!(
            "a round trip takes no longer than a ping; pings {}",
            pings::words(document, pings)
        );
        sheet.put_hanging(2, 4, &Piece::prose(&words));
        return;
    }
    let mut pieces = vec![
        Piece::new(span(ns))
            .named("application mean")
            .toned(Tone::Heading),
        Piece::new(format!("{} of a round trip;", percent(share))).close(),
    ];
    let pings = format!("pings {}", pings::words(document, pings));
    pieces.extend(Piece::prose(&pings));
    sheet.put_hanging(2, 4, &pieces);
}

/// What the server used, and the part of the time that was not the generator's.
fn server(sheet: &mut Sheet, document: &Document) {
    let mut parts = Vec::new();
    if let Some(server) = &document.server {
        let cpu = server.cpu_us_per_message;
        parts.extend(cpu.map(|us| format!("{} CPU a message", span(us * 1e3))));
        parts.extend(
            server
                .cpu_share
                .map(|share| format!("{} of a core", percent(share))),
        );
        let memory = server.pss_bytes.or(server.rss_bytes);
        parts.extend(memory.map(|amount| bytes(amount as f64)));
        let connection = server.bytes_per_connection;
        parts.extend(connection.map(|each| format!("{} a connection", bytes(each))));
    }
    let mut pieces = Vec::new();
    if !parts.is_empty() {
        pieces.push(Piece::new("server".to_owned()));
        let mut listed = Piece::listed(&parts);
        if let Some(first) = listed.first_mut() {
            first.is_close = true;
        }
        pieces.extend(listed);
    }
    if let Some(outside) = Parts::of(document).and_then(|parts| parts.outside()) {
        let p50 = mark::percentile(outside, Percentile::P50);
        let words = format!("outside wsbench p50 {p50}");
        if let Some(last) = pieces.last_mut() {
            last.text.push(';');
        }
        pieces.push(Piece::new(words).close());
    }
    let quiet: Vec<Piece> = pieces
        .into_iter()
        .map(|piece| piece.toned(Tone::Quiet))
        .collect();
    if !quiet.is_empty() {
        sheet.put_hanging(2, 4, &quiet);
    }
}

/// What there is to say in place of figures where nothing was answered; `None` where something was.
pub(crate) fn nothing_words(document: &Document) -> Option<String> {
    let has_deliveries = document
        .deliveries
        .is_some_and(|counts| counts.received > 0);
    if has_results(document) || has_deliveries {
        return None;
    }
    let connections = &document.connections;
    Some(if connections.upgraded == 0 {
        format!(
            "nothing connected: 0 of {} upgraded",
            counted(connections.asked, "connection")
        )
    } else if document.error_answers() > 0 {
        format!(
            "nothing but errors came back: {} sent over {}, {} answered with an error",
            count(document.messages.sent),
            counted(connections.upgraded, "connection"),
            count(document.messages.failed)
        )
    } else {
        format!(
            "nothing answered: {} sent over {}",
            count(document.messages.sent),
            counted(connections.upgraded, "connection")
        )
    })
}

/// A run in which nothing was answered.
fn nothing(sheet: &mut Sheet, document: &Document, words: &str) {
    sheet.put(2, &Piece::toned_prose(words, Tone::Bad));
    died::causes(sheet, document);
    advice(sheet, document);
}
