//! What is known of protocols beside what was said: heartbeats that a recording is too short for, and what
//! the quality of service of MQTT wants.

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::MessageUnit;
use wsbench_wire::connection::MessageKind;

use super::awaited::{LeafValue, MessageForm};
use super::packets::PacketKind;
use super::script::SaidWords;
use super::talks::{SpokenLine, Talk};
use super::write::{BeatTable, Draft, ReplyTable};

/// The first octet of PUBACK.
const PUBACK: &str = "40";

/// Adds heartbeats of protocols that are known, where the recording was too short to have them.
pub(super) fn add_heartbeats(draft: &mut Draft, talks: &[Talk<'_>]) {
    let first = talks[0].conversation;
    if first.resource.contains("EIO=4") {
        let on = MessageForm::Equals("2".to_owned());
        add_reply(draft, on, SaidWords::Text("3".to_owned()), "Engine.IO");
    }
    if first
        .subprotocols
        .iter()
        .any(|it| it == "graphql-transport-ws")
    {
        let ping = LeafValue::Text("ping".to_owned());
        let on = MessageForm::Json(vec![("/type".to_owned(), ping)]);
        let pong = SaidWords::Text(r#"{"type":"pong"}"#.to_owned());
        add_reply(draft, on, pong, "graphql-transport-ws");
    }
    let is_phoenix = first.resource.contains("vsn=2.0.0");
    if is_phoenix && draft.beats.is_empty() {
        let number = LeafValue::Text("h{n}".to_owned());
        draft.beats.push(BeatTable {
            comment: Some("The heartbeat of Phoenix, which was not seen.".to_owned()),
            period: Nanos::from_secs(30),
            send: SaidWords::Text(r#"[null,"h{n}","phoenix","heartbeat",{}]"#.to_owned()),
            expect: Some(MessageForm::Json(vec![("/1".to_owned(), number)])),
        });
    }
    let lines = talks.iter().flat_map(|it| &it.lines);
    let connect = lines.clone().find(|it| it.text().starts_with("CONNECT {"));
    if let (MessageUnit::Lines, Some(connect)) = (draft.unit, connect) {
        let kind = match connect.is_binary() {
            true => MessageKind::Binary,
            false => MessageKind::Text,
        };
        let on = MessageForm::Equals("PING".to_owned());
        let pong = SaidWords::of_text("PONG\r\n".to_owned(), kind);
        add_reply(draft, on, pong, "NATS");
    }
    let promised = lines.filter_map(|it| it.packet).map(|it| it.heard_within);
    let heard_within = promised.filter(|it| *it > 0).min();
    if let (Some(seconds), true) = (heard_within, draft.beats.is_empty()) {
        draft.beats.push(BeatTable {
            comment: Some("The heartbeat of MQTT, which was not seen.".to_owned()),
            period: Nanos::from_millis(u64::from(seconds) * 500),
            send: SaidWords::Binary("c000".to_owned()),
            expect: Some(MessageForm::Hex("d000".to_owned(), true)),
        });
    }
}

fn add_reply(draft: &mut Draft, on: MessageForm, send: SaidWords, protocol: &str) {
    let mut replies = draft.replies.iter();
    if replies.any(|it| it.send.as_ref() == Some(&send)) {
        return;
    }
    draft.replies.push(ReplyTable {
        comment: Some(format!("The heartbeat of {protocol}, which was not seen.")),
        on,
        send: Some(send),
    });
}

/// Takes the acknowledgements of messages that are published at quality of service 1.
pub(super) fn take_acknowledgements(draft: &mut Draft, talks: &[Talk<'_>]) {
    let mut lines = talks.iter().flat_map(|it| &it.lines);
    let is_acknowledged = lines.any(|it| it.packet.is_some_and(|it| it.quality() > 0));
    let on = MessageForm::Hex(PUBACK.to_owned(), false);
    if is_acknowledged && !draft.replies.iter().any(|it| it.on == on) {
        draft.replies.push(ReplyTable {
            comment: None,
            on,
            send: None,
        });
    }
}

/// Tells in the first lines where less is asked for than the clients did.
pub(super) fn tell_quality(draft: &mut Draft, talks: &[Talk<'_>]) {
    let lines = talks.iter().flat_map(|it| &it.lines);
    let lowered = lines.filter(|it: &&SpokenLine<'_>| it.packet.is_some_and(|it| it.is_lowered));
    let kinds: Vec<_> = lowered
        .filter_map(|it| it.packet)
        .map(|it| it.kind)
        .collect();
    for (kind, what) in [
        (
            PacketKind::Subscribe,
            "Subscribed at quality of service 0, for a scenario acknowledges no single delivery.",
        ),
        (
            PacketKind::Publish,
            "Published at quality of service 1 in place of 2, for all messages have one packet id.",
        ),
    ] {
        if kinds.contains(&kind) {
            draft.head.push(what.to_owned());
        }
    }
}
