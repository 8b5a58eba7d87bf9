//! MQTT packets of a conversation (3.1, 3.1.1 and 5.0), each in the notation in which a scenario writes binary
//! messages, with the values in it.
//!
//! A transcript is foreign: what is no packet by the rules of MQTT makes the whole conversation none of it.

use std::ops::Range;

use wsbench_drive::relay::transcript::{Conversation, Party};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::MessageUnit;
use wsbench_load::splitter::Splitter;
use wsbench_wire::connection::MessageKind;

use super::leaves::{Leaf, LeafKind, LeafParts, leaves_within};

/// Path of the identifier of a client.
pub(super) const CLIENT_ID: &str = "client_id";
/// Path of what a PUBLISH says.
pub(super) const PAYLOAD: &str = "payload";
/// Octets of the longest packet: the head, and what its length can say (MQTT 3.1.1 section 2.2.3).
const LONGEST: usize = 5 + 0x0fff_ffff;
/// Octets of the longest answer that is awaited whole.
const LONGEST_AWAITED: usize = 64;
/// Topics of one subscription that are looked at; a client that has more is none to start from.
const MOST_TOPICS: usize = 100;
/// Properties of one packet at most.
const MOST_PROPERTIES: usize = 100;
/// Bits of the first octet of a PUBLISH (MQTT 3.1.1 section 3.3.1).
const RETAIN: u8 = 0x01;
const QUALITY: u8 = 0x06;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) kind: PacketKind,
    /// The packet in the notation of bytes.
    pub(super) text: String,
    /// Values in that text.
    pub(super) parts: LeafParts,
    /// Octets by which packets like it are known, and whether that is all of them.
    pub(super) known: (Vec<u8>, bool),
    /// The quality of service that was asked for is more than what is written.
    pub(super) is_lowered: bool,
    /// Seconds that a CONNECT promises to be heard within.
    pub(super) heard_within: u16,
}

/// Kind of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketKind {
    Connect,
    Connack,
    Publish,
    /// PUBACK.
    Received,
    /// PUBREC, PUBREL and PUBCOMP.
    Handshake,
    Subscribe,
    Suback,
    Unsubscribe,
    Unsuback,
    PingRequest,
    PingResponse,
    Disconnect,
}

/// A packet, by whom and when.
pub(super) struct SpokenPacket {
    pub(super) at: Nanos,
    pub(super) by: Party,
    pub(super) packet: Packet,
}

/// All packets of a conversation; `None` where it is none of MQTT.
pub(super) fn packets(conversation: &Conversation) -> Option<Vec<SpokenPacket>> {
    let mut offers = conversation.subprotocols.iter();
    if !offers.any(|it| it.starts_with("mqtt")) {
        return None;
    }
    let splitter = Splitter::new(MessageUnit::Mqtt, LONGEST);
    let mut splitters = [splitter.clone(), splitter];
    let mut level = None;
    let mut packets = Vec::new();
    for said in &conversation.said {
        if said.is_cut || said.kind != MessageKind::Binary {
            return None;
        }
        let splitter = &mut splitters[usize::from(said.by == Party::Server)];
        let mut rest = &said.content[..];
        while let Some(bytes) = splitter.next(&mut rest, true).ok()? {
            let packet = match level {
                Some(level) => Packet::of(bytes, said.by, level)?,
                None => {
                    level = Some(level_of(bytes)?);
                    Packet::of(bytes, said.by, level?)
                        .filter(|it| it.kind == PacketKind::Connect)?
                }
            };
            let (at, by) = (said.at, said.by);
            packets.push(SpokenPacket { at, by, packet });
        }
    }
    Some(packets)
}

/// The level of the protocol that a CONNECT names: 3 of MQTT 3.1, 4 of 3.1.1, 5 of 5.0.
fn level_of(connect: &[u8]) -> Option<u8> {
    let mut octets = Octets::body(connect)?;
    let (name, level) = (octets.string()?, octets.u8()?);
    let is_known = match name {
        b"MQTT" => level == 4 || level == 5,
        b"MQIsdp" => level == 3,
        _ => false,
    };
    is_known.then_some(level)
}

impl Packet {
    /// The packet that these octets are; `None` of what MQTT does not allow, and of AUTH, which is of nobody
    /// else's login.
    fn of(bytes: &[u8], by: Party, level: u8) -> Option<Self> {
        let first = *bytes.first()?;
        let mut packet = Writing::new(bytes, level)?;
        let is_client = by == Party::Client;
        let kind = match (first, is_client) {
            (0x10, true) => packet.connect()?,
            (0x20, false) => packet.connack()?,
            (0x30..=0x3f, _) => packet.publish(is_client)?,
            (0x40, _) => packet.acknowledgement(PacketKind::Received)?,
            (0x50 | 0x62 | 0x70, _) => packet.acknowledgement(PacketKind::Handshake)?,
            (0x82, true) => packet.subscribe()?,
            (0x90, false) => packet.answer(PacketKind::Suback)?,
            (0xa2, true) => packet.unsubscribe()?,
            (0xb0, false) => packet.answer(PacketKind::Unsuback)?,
            (0xc0, true) => PacketKind::PingRequest,
            (0xd0, false) => packet.ping_response(),
            (0xe0, _) => packet.disconnect()?,
            _ => return None,
        };
        packet.ended(kind)
    }

    /// True of what belongs to the course of the protocol, and is said again by nobody: farewells, and
    /// acknowledgements but for those that a server sends of what was published.
    pub(super) fn is_of_course(&self, by: Party) -> bool {
        match self.kind {
            PacketKind::Disconnect | PacketKind::Handshake => true,
            PacketKind::Received => by == Party::Client,
            _ => false,
        }
    }

    /// True of PINGREQ and PINGRESP.
    pub(super) fn is_beat(&self) -> bool {
        matches!(
            self.kind,
            PacketKind::PingRequest | PacketKind::PingResponse
        )
    }

    /// The quality of service of a PUBLISH, as it is written.
    pub(super) fn quality(&self) -> u8 {
        let first = self.known.0.first().copied().unwrap_or(0);
        match self.kind {
            PacketKind::Publish => (first & QUALITY) >> 1,
            _ => 0,
        }
    }
}

/// Octets that are read from the front; nothing is read beyond their end.
struct Octets<'b>(&'b [u8]);

impl<'b> Octets<'b> {
    /// Those of a whole packet behind its head.
    fn body(packet: &'b [u8]) -> Option<Self> {
        let mut octets = Self(packet.get(1..)?);
        let length = octets.length()?;
        (octets.0.len() == length).then_some(octets)
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|it| it[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|it| u16::from_be_bytes([it[0], it[1]]))
    }

    /// Octets behind their length of two octets.
    fn string(&mut self) -> Option<&'b [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A length of one to four octets of seven bits.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for at in 0..4 {
            let byte = self.u8()?;
            length |= usize::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }
}

/// A packet that is read, and written down as far as it was read.
struct Writing<'b> {
    bytes: &'b [u8],
    octets: Octets<'b>,
    level: u8,
    /// First octet as it is written.
    first: u8,
    text: String,
    leaves: Vec<Leaf>,
    is_lowered: bool,
    heard_within: u16,
    known: Option<(Vec<u8>, bool)>,
}

impl<'b> Writing<'b> {
    fn new(bytes: &'b [u8], level: u8) -> Option<Self> {
        Some(Self {
            bytes,
            octets: Octets::body(bytes)?,
            level,
            first: *bytes.first()?,
            text: String::new(),
            leaves: Vec::new(),
            is_lowered: false,
            heard_within: 0,
            known: None,
        })
    }

    /// The packet, if nothing is left of its octets.
    fn ended(self, kind: PacketKind) -> Option<Packet> {
        if !self.octets.0.is_empty() {
            return None;
        }
        let body = match (kind, self.text.is_empty()) {
            // As everybody writes it, without a length that could not be another.
            (_, true) => "00".to_owned(),
            (_, false) => format!(" {{var: {}}}", self.text),
        };
        let front = format!("{:02x}", self.first);
        let moved = front.len() + " {var: ".len();
        let text = front + &body;
        let mut leaves = self.leaves;
        for leaf in &mut leaves {
            leaf.span = leaf.span.start + moved..leaf.span.end + moved;
        }
        let inner: Vec<Leaf> = leaves
            .iter()
            .flat_map(|leaf| leaves_within(&text, leaf.span.clone(), &leaf.path))
            .collect();
        leaves.extend(inner);
        let known = self.known.unwrap_or((vec![self.first], false));
        Some(Packet {
            kind,
            parts: LeafParts {
                json: None,
                form: format!("mqtt {:02x}", self.first),
                leaves,
            },
            text,
            known,
            is_lowered: self.is_lowered,
            heard_within: self.heard_within,
        })
    }

    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Octets in pairs of digits; where they stand.
    fn hex(&mut self, bytes: &[u8]) -> Range<usize> {
        self.gap();
        let from = self.text.len();
        for byte in bytes {
            self.text.push_str(&format!("{byte:02x}"));
        }
        from..self.text.len()
    }

    /// Octets as a text where they are one, else in digits; where they stand.
    fn words(&mut self, bytes: &[u8]) -> Range<usize> {
        match str::from_utf8(bytes).ok().filter(|it| is_printable(it)) {
            None => self.hex(bytes),
            Some(text) => {
                self.gap();
                self.text.push('"');
                let from = self.text.len();
                self.text.push_str(&escaped(text));
                let span = from..self.text.len();
                self.text.push('"');
                span
            }
        }
    }

    /// A value that goes by a name.
    fn named(&mut self, bytes: &[u8], path: &str, name: &str) {
        let span = self.words(bytes);
        self.leaves.push(Leaf {
            span,
            path: path.to_owned(),
            name: name.to_owned(),
            kind: LeafKind::Text,
            is_kind: false,
        });
    }

    /// A text behind its length, which goes by a name.
    fn string(&mut self, path: &str, name: &str) -> Option<&'b [u8]> {
        let bytes = self.octets.string()?;
        self.gap();
        self.text.push_str("{u16: ");
        self.named(bytes, path, name);
        self.text.push('}');
        Some(bytes)
    }

    /// So many octets as they are.
    fn plain(&mut self, count: usize) -> Option<&'b [u8]> {
        let bytes = self.octets.take(count)?;
        self.hex(bytes);
        Some(bytes)
    }

    /// A packet's number, which is never 0.
    fn number(&mut self) -> Option<()> {
        let bytes = self.plain(2)?;
        (bytes != [0, 0]).then_some(())
    }

    fn connect(&mut self) -> Option<PacketKind> {
        self.string("protocol", "")?;
        self.leaves.clear();
        self.plain(1)?;
        let flags = self.plain(1)?[0];
        let heard_within = self.plain(2)?;
        self.heard_within = u16::from_be_bytes([heard_within[0], heard_within[1]]);
        let (has_will, has_name, has_password) =
            (flags & 0x04 != 0, flags & 0x80 != 0, flags & 0x40 != 0);
        let will = flags & 0x38;
        if flags & 0x01 != 0 || !has_will && will != 0 || will & 0x18 == 0x18 {
            return None;
        }
        self.properties()?;
        self.string(CLIENT_ID, "client_id")?;
        if has_will {
            self.properties()?;
            self.string("will_topic", "topic")?;
            self.string("will", "will")?;
        }
        if has_name {
            // Without a password the name is all that a client has to show.
            let name = if has_password { "username" } else { "token" };
            self.string("username", name)?;
        }
        if has_password {
            self.string("password", "password")?;
        }
        Some(PacketKind::Connect)
    }

    fn ping_response(&mut self) -> PacketKind {
        self.known = Some((self.bytes.to_vec(), true));
        PacketKind::PingResponse
    }

    fn connack(&mut self) -> Option<PacketKind> {
        self.plain(2)?;
        let head = self.bytes.len() - self.octets.0.len();
        // What stands behind the code are properties, of which a server may give each client its own.
        let is_whole = self.octets.0.is_empty();
        self.known = Some((self.bytes[..head].to_vec(), is_whole));
        self.properties_if_any()?;
        Some(PacketKind::Connack)
    }

    /// A message. What is received is acknowledged by nobody in a scenario, and of what is sent each has one
    /// and the same number, which a server takes for a message that it has had where each is to arrive
    /// exactly once: so quality of service is 0 there, and 1 at most here.
    fn publish(&mut self, is_client: bool) -> Option<PacketKind> {
        let quality = (self.first & QUALITY) >> 1;
        if quality > 2 {
            return None;
        }
        let written = quality.min(u8::from(is_client));
        self.is_lowered = is_client && written < quality;
        self.first = 0x30 | (self.first & RETAIN) | (written << 1);
        let topic = self.string("topic", "topic")?;
        if topic.iter().any(|it| matches!(it, b'+' | b'#' | 0)) {
            return None;
        }
        match (quality, written) {
            (0, _) => {}
            (_, 0) => (self.octets.u16()? != 0).then_some(())?,
            _ => self.number()?,
        }
        self.properties()?;
        let payload = std::mem::take(&mut self.octets.0);
        if !payload.is_empty() {
            self.named(payload, PAYLOAD, "payload");
        }
        Some(PacketKind::Publish)
    }

    fn acknowledgement(&mut self, kind: PacketKind) -> Option<PacketKind> {
        self.number()?;
        self.reason()?;
        Some(kind)
    }

    fn disconnect(&mut self) -> Option<PacketKind> {
        self.reason()?;
        Some(PacketKind::Disconnect)
    }

    /// A reason with its properties, both of which may be left out (MQTT 5.0 section 3.4.2.1).
    fn reason(&mut self) -> Option<()> {
        if self.level == 5 && !self.octets.0.is_empty() {
            self.plain(1)?;
            self.properties_if_any()?;
        }
        Some(())
    }

    fn subscribe(&mut self) -> Option<PacketKind> {
        self.number()?;
        self.properties()?;
        let mut count = 0;
        while !self.octets.0.is_empty() {
            self.filter(count)?;
            let options = self.octets.u8()?;
            let reserved = if self.level == 5 { 0xc0 } else { 0xfc };
            if options & reserved != 0 || options & 0x03 == 0x03 {
                return None;
            }
            self.is_lowered |= options & 0x03 != 0;
            self.hex(&[options & !0x03]);
            count += 1;
        }
        (count > 0).then_some(PacketKind::Subscribe)
    }

    fn unsubscribe(&mut self) -> Option<PacketKind> {
        self.number()?;
        self.properties()?;
        let mut count = 0;
        while !self.octets.0.is_empty() {
            self.filter(count)?;
            count += 1;
        }
        (count > 0).then_some(PacketKind::Unsubscribe)
    }

    /// A topic, or a pattern of several, which is no room.
    fn filter(&mut self, place: usize) -> Option<()> {
        let mut ahead = Octets(self.octets.0);
        let filter = ahead.string()?;
        let is_pattern = filter.iter().any(|it| matches!(it, b'+' | b'#'));
        let name = if is_pattern { "filter" } else { "topic" };
        self.string(&format!("filter:{place}"), name)?;
        (!filter.is_empty() && place < MOST_TOPICS).then_some(())
    }

    /// Answer of a server to a subscription or its end: the number again, and a code for each topic.
    fn answer(&mut self, kind: PacketKind) -> Option<PacketKind> {
        self.number()?;
        let head = self.bytes.len() - self.octets.0.len();
        let has_more = self.level == 5 && self.octets.0.first() != Some(&0);
        self.properties()?;
        let codes = std::mem::take(&mut self.octets.0);
        if kind == PacketKind::Suback && codes.is_empty() {
            return None;
        }
        self.hex(codes);
        self.known = Some(match has_more || self.bytes.len() > LONGEST_AWAITED {
            true => (self.bytes[..head].to_vec(), false),
            false => {
                let mut bytes = self.bytes.to_vec();
                let from = bytes.len() - codes.len();
                // As what is asked for is written: at quality of service 0.
                for code in &mut bytes[from..] {
                    let is_granted = kind == PacketKind::Suback && matches!(code, 1 | 2);
                    *code = if is_granted { 0 } else { *code };
                }
                (bytes, true)
            }
        });
        Some(kind)
    }

    fn properties_if_any(&mut self) -> Option<()> {
        match self.octets.0.is_empty() {
            true => Some(()),
            false => self.properties(),
        }
    }

    /// Properties, which MQTT 5.0 has (section 2.2.2).
    fn properties(&mut self) -> Option<()> {
        if self.level < 5 {
            return Some(());
        }
        let length = self.octets.length()?;
        let all = self.octets.take(length)?;
        if all.is_empty() {
            self.hex(&[0]);
            return Some(());
        }
        let behind = std::mem::replace(&mut self.octets.0, all);
        self.gap();
        self.text.push_str("{var: ");
        let mut count = 0;
        while !self.octets.0.is_empty() {
            self.property(count)?;
            count += 1;
            if count > MOST_PROPERTIES {
                return None;
            }
        }
        self.text.push('}');
        self.octets.0 = behind;
        Some(())
    }

    fn property(&mut self, place: usize) -> Option<()> {
        let path = format!("property:{place}");
        match self.plain(1)?[0] {
            0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28..=0x2a => self.plain(1).map(|_| ()),
            0x13 | 0x21..=0x23 => self.plain(2).map(|_| ()),
            0x02 | 0x11 | 0x18 | 0x27 => self.plain(4).map(|_| ()),
            0x0b => {
                let before = self.octets.0;
                self.octets.length()?;
                let used = before.len() - self.octets.0.len();
                self.hex(&before[..used]);
                Some(())
            }
            0x16 => self.string(&path, "auth_token").map(|_| ()),
            0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x1a | 0x1c | 0x1f => {
                self.string(&path, "property").map(|_| ())
            }
            0x26 => {
                let key = self.string(&path, "property")?;
                let key = String::from_utf8_lossy(key).into_owned();
                self.string(&format!("{path}:value"), &key).map(|_| ())
            }
            _ => None,
        }
    }
}

/// True of a text that can stand between quotation marks and be read there by people.
fn is_printable(text: &str) -> bool {
    let is_fine = |it: char| !it.is_control() || matches!(it, '\n' | '\r' | '\t' | '\0');
    text.chars().all(is_fine)
}

/// A text as it stands between the quotation marks of the notation of bytes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\\' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\0' => escaped.push_str("\\0"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wsbench_drive::relay::transcript::{Transcribed, Transcript};
    use wsbench_load::route::Target;
    use wsbench_load::template::{Template, from_hex};

    use super::super::scenario_of;
    use super::*;

    const CLIENT: Party = Party::Client;
    const SERVER: Party = Party::Server;

    /// Octets that are given in digits, with texts in quotation marks.
    fn octets(packet: &str) -> Vec<u8> {
        let parts = packet.split('"').enumerate();
        let parts = parts.map(|(number, part)| match number % 2 {
            0 => from_hex(part).unwrap(),
            _ => part.as_bytes().to_vec(),
        });
        parts.flatten().collect()
    }

    /// A packet, who says it, the level of the protocol, its text, and the values in it.
    type Case = (&'static str, Party, u8, &'static str, &'static str);

    /// The octets are those of MQTT 3.1.1 and MQTT 5.0, of both in section 3.
    const PACKETS: &[Case] = &[
        (
            r#"10 10 0004 "MQTT" 04 02 003c 0004 "ab-1""#,
            CLIENT,
            4,
            r#"10 {var: {u16: "MQTT"} 04 02 003c {u16: "ab-1"}}"#,
            "client_id=ab-1",
        ),
        // A will, a name and a password.
        (
            r#"10 1a 0004 "MQTT" 04 c6 000a 0001 "c" 0001 "w" 0001 "x" 0001 "u" 0002 "pw""#,
            CLIENT,
            4,
            r#"10 {var: {u16: "MQTT"} 04 c6 000a {u16: "c"} {u16: "w"} {u16: "x"} {u16: "u"} {u16: "pw"}}"#,
            "client_id=c topic=w will=x username=u password=pw",
        ),
        // A name alone, and no identifier.
        (
            r#"10 0f 0004 "MQTT" 04 82 0000 0000 0001 "u""#,
            CLIENT,
            4,
            r#"10 {var: {u16: "MQTT"} 04 82 0000 {u16: ""} {u16: "u"}}"#,
            "client_id= token=u",
        ),
        // Properties: when the session expires, and one of the user's.
        (
            r#"10 1a 0004 "MQTT" 05 02 003c 0c 11 0000000a 26 0001 "k" 0001 "v" 0001 "c""#,
            CLIENT,
            5,
            r#"10 {var: {u16: "MQTT"} 05 02 003c {var: 11 0000000a 26 {u16: "k"} {u16: "v"}} {u16: "c"}}"#,
            "property=k k=v client_id=c",
        ),
        (
            r#"30 07 0003 "a/b" "hi""#,
            CLIENT,
            4,
            r#"30 {var: {u16: "a/b"} "hi"}"#,
            "topic=a/b payload=hi",
        ),
        // What is no text is in digits; what was sent again is sent once.
        (
            r#"3a 08 0001 "a" 0007 ff0041"#,
            CLIENT,
            4,
            r#"32 {var: {u16: "a"} 0007 ff0041}"#,
            "topic=a payload=ff0041",
        ),
        // Quality of service is 1 at most, and 0 of what is received.
        (
            r#"34 06 0001 "a" 0007 "x""#,
            CLIENT,
            4,
            r#"32 {var: {u16: "a"} 0007 "x"}"#,
            "topic=a payload=x",
        ),
        (
            r#"33 07 0001 "a" 0007 00 "x""#,
            SERVER,
            5,
            r#"31 {var: {u16: "a"} 00 "x"}"#,
            "topic=a payload=x",
        ),
        (
            r#"82 0c 0001 0001 "a" 01 0003 "b/#" 00"#,
            CLIENT,
            4,
            r#"82 {var: 0001 {u16: "a"} 00 {u16: "b/#"} 00}"#,
            "topic=a filter=b/#",
        ),
        (
            r#"a2 05 0002 0001 "a""#,
            CLIENT,
            4,
            r#"a2 {var: 0002 {u16: "a"}}"#,
            "topic=a",
        ),
        ("c000", CLIENT, 4, "c000", ""),
        ("e000", CLIENT, 4, "e000", ""),
        ("e0020400", CLIENT, 5, "e0 {var: 04 00}", ""),
    ];

    #[test]
    fn packets_are_written_as_scenarios_say_them() {
        for (packet, by, level, text, values) in PACKETS.iter().copied() {
            let read = Packet::of(&octets(packet), by, level);
            let read = read.unwrap_or_else(|| panic!("{packet}"));
            assert_eq!(read.text, text, "{packet}");
            let leaves = read.parts.leaves.iter();
            let told = leaves.map(|it| format!("{}={}", it.name, it.value(&read.text)));
            assert_eq!(told.collect::<Vec<_>>().join(" "), values, "{packet}");
            assert!(Template::for_bytes(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn json_in_a_payload_has_its_values() {
        let payload = br#"{"pin":"12","to":["b"]}"#;
        let packet = [&[0x30, 26, 0, 1, b'a'], &payload[..]].concat();
        let packet = Packet::of(&packet, CLIENT, 4).unwrap();
        let text = r#"30 {var: {u16: "a"} "{\"pin\":\"12\",\"to\":[\"b\"]}"}"#;
        assert_eq!(packet.text, text);
        let leaves = packet.parts.leaves.iter();
        let told: Vec<_> = leaves
            .map(|it| format!("{}={}", it.path, &text[it.span.clone()]))
            .collect();
        assert_eq!(told[2..], ["payload!/pin=12", "payload!/to/0=b"]);
    }

    /// Answers by their octets: of those that say more than whether it is done, the beginning.
    #[test]
    fn answers_are_known_by_what_stays() {
        for (packet, level, known, is_whole) in [
            ("20 02 00 00", 4, "20 02 00 00", true),
            ("20 03 00 00 00", 5, "20 03 00 00", false),
            ("20 06 00 00 03 21 0014", 5, "20 06 00 00", false),
            ("90 03 9e7b 00", 4, "90 03 9e7b 00", true),
            // Granted is what is asked for when it is said again.
            ("90 04 0001 01 80", 4, "90 04 0001 00 80", true),
            ("90 04 0001 00 02", 5, "90 04 0001 00 00", true),
            (r#"90 08 0001 04 1f 0001 "r" 00"#, 5, "90 08 0001", false),
            ("b0 02 0001", 4, "b0 02 0001", true),
            ("40 02 0007", 4, "40", false),
            ("d0 00", 4, "d000", true),
        ] {
            let read = Packet::of(&octets(packet), SERVER, level).unwrap();
            assert_eq!(read.known, (octets(known), is_whole), "{packet}");
        }
    }

    #[test]
    fn what_mqtt_does_not_allow_is_no_packet() {
        for (packet, by, level) in [
            ("", CLIENT, 4),
            ("10", CLIENT, 4),
            ("10 00", CLIENT, 4),
            // A length that is another, and one of five octets.
            ("c0 01", CLIENT, 4),
            ("c0 00 00", CLIENT, 4),
            ("c0 80808080 00", CLIENT, 4),
            ("c1 00", CLIENT, 4),
            ("c0 00", SERVER, 4),
            ("20 02 00 00", CLIENT, 4),
            ("00 00", CLIENT, 4),
            ("f0 00", CLIENT, 5),
            // Quality of service 3, a topic that is a pattern, number 0.
            (r#"36 05 0001 "a" 0001"#, CLIENT, 4),
            (r##"30 03 0001 "#""##, CLIENT, 4),
            (r#"32 05 0001 "a" 0000"#, CLIENT, 4),
            // No topic, a topic of no length, options that there are not.
            ("82 02 0001", CLIENT, 4),
            ("82 05 0001 0000 00", CLIENT, 4),
            (r#"82 06 0001 0001 "a" 03"#, CLIENT, 4),
            (r#"82 06 0001 0001 "a" 04"#, CLIENT, 4),
            ("90 02 0001", SERVER, 4),
            // A reserved flag, the quality of a will that there is not, more than there should be.
            (r#"10 0d 0004 "MQTT" 04 03 003c 0001 "c""#, CLIENT, 4),
            (r#"10 0d 0004 "MQTT" 04 08 003c 0001 "c""#, CLIENT, 4),
            (r#"10 0e 0004 "MQTT" 04 02 003c 0001 "c" 00"#, CLIENT, 4),
            // A property that there is not.
            (r#"30 05 0001 "a" 01 7f"#, CLIENT, 5),
        ] {
            let read = Packet::of(&octets(packet), by, level);
            assert_eq!(read, None, "{packet}");
        }
        for (connect, level) in [
            (r#"10 0d 0004 "MQTT" 04 02 003c 0001 "c""#, Some(4)),
            (r#"10 0f 0006 "MQIsdp" 03 02 003c 0001 "c""#, Some(3)),
            (r#"10 0d 0004 "MQTT" 06 02 003c 0001 "c""#, None),
            (r#"10 0d 0004 "NOTT" 04 02 003c 0001 "c""#, None),
        ] {
            assert_eq!(level_of(&octets(connect)), level, "{connect}");
        }
    }

    fn conversation(said: Vec<(Party, Vec<u8>)>) -> Conversation {
        let said = said.into_iter().enumerate();
        let said = said.map(|(number, (by, content))| Transcribed {
            at: Nanos::from_millis(number as u64 * 10),
            by,
            kind: MessageKind::Binary,
            content,
            is_cut: false,
        });
        Conversation {
            resource: "/mqtt".to_owned(),
            subprotocols: vec!["mqtt".to_owned()],
            said: said.collect(),
            ..Conversation::default()
        }
    }

    #[test]
    fn packets_lie_in_messages_in_any_way() {
        let connect = octets(r#"10 0d 0004 "MQTT" 04 02 003c 0001 "c""#);
        let answers = octets("20020000 d000");
        let said = vec![
            (CLIENT, connect[..1].to_vec()),
            (CLIENT, connect[1..].to_vec()),
            (SERVER, answers),
            (CLIENT, octets("c000 c0")),
            (SERVER, octets("d0")),
            (CLIENT, octets("00")),
        ];
        let all = packets(&conversation(said.clone())).unwrap();
        let kinds: Vec<_> = all.iter().map(|it| it.packet.kind).collect();
        let (ping, pong) = (PacketKind::PingRequest, PacketKind::PingResponse);
        let begins = [PacketKind::Connect, PacketKind::Connack];
        assert_eq!(kinds, [&begins[..], &[pong, ping, ping]].concat());
        assert_eq!(all[0].at, Nanos::from_millis(10));
        // Nothing is told of what does not begin so, or is no such protocol.
        assert!(packets(&conversation(said[2..].to_vec())).is_none());
        let mut other = conversation(said);
        other.subprotocols.clear();
        assert!(packets(&other).is_none());
    }

    /// Something that a party may have said: any octets, or a packet of which some were changed.
    fn something() -> impl Strategy<Value = (Party, Vec<u8>)> {
        let packets: Vec<Vec<u8>> = [
            r#"10 17 0004 "MQTT" 04 c2 003c 0001 "c" 0001 "u" 0005 "secrt""#,
            r#"10 1a 0004 "MQTT" 05 02 003c 0c 11 0000000a 26 0001 "k" 0001 "v" 0001 "c""#,
            "20020000",
            r#"82 06 0001 0001 "a" 01"#,
            "9003000101",
            r#"30 08 0001 "a" "{room}""#,
            r#"30 09 0001 "a" "{'a':"#,
            "c000",
            "d000",
        ]
        .map(octets)
        .into();
        let changed = (
            prop::sample::select(packets),
            any::<prop::sample::Index>(),
            any::<Option<u8>>(),
        );
        let changed = changed.prop_map(|(mut packet, at, value)| {
            let at = at.index(packet.len());
            packet[at] = value.unwrap_or(packet[at]);
            packet
        });
        let content = prop_oneof![
            4 => changed,
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ];
        (any::<bool>(), content).prop_map(|(is_client, content)| {
            let by = if is_client { CLIENT } else { SERVER };
            (by, content)
        })
    }

    proptest! {
        /// Whatever comes is packets or none, and what is written of it is read.
        #[test]
        fn anything_is_packets_or_not(
            said in prop::collection::vec(something(), 0..24), has_connect in any::<bool>(),
        ) {
            let connect = octets(r#"10 0d 0004 "MQTT" 04 02 003c 0001 "c""#);
            let mut all = Vec::new();
            all.extend(has_connect.then_some((CLIENT, connect)));
            all.extend(said);
            let conversation = conversation(all);
            for it in packets(&conversation).into_iter().flatten() {
                let SpokenPacket { packet, .. } = it;
                prop_assert!(packet.parts.leaves.iter().all(|it| packet.text.get(it.span.clone()).is_some()));
            }
            let transcript = Transcript { conversations: vec![conversation], ..Transcript::default() };
            let server: Target = "ws://localhost:1883/".parse().unwrap();
            match scenario_of(&transcript, &server, "app.toml") {
                Ok(text) => prop_assert!(text.contains("[[clients]]"), "{}", text),
                Err(error) => {
                    let words = error.to_string();
                    prop_assert!(words.contains("said nothing"), "{}", words);
                }
            }
        }
    }
}
