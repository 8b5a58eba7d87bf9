//! A browser's HAR export → what was said on its WebSockets.
//!
//! Chromium writes the messages of a WebSocket into `_webSocketMessages` of its entry: who said each
//! (`send`, `receive`), when (seconds, with a fraction), and what, binary ones in base64. Nothing of a
//! file is trusted: it has bounds in size, in depth (serde_json's) and in numbers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use thiserror::Error;
use wsbench_drive::relay::transcript::{Conversation, Party, Transcribed, Transcript};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{PlanSpec, RESERVED_HEADERS};
use wsbench_load::route::Target;
use wsbench_wire::connection::MessageKind;

/// WebSockets and messages that are taken of a file.
const MOST_CONVERSATIONS: usize = 4_096;
const MOST_MESSAGES: usize = 200_000;
/// Octets of a message that are taken.
const LONGEST: usize = 64 << 10;
/// Opcodes of text and of binary messages (RFC 6455 section 5.2).
const TEXT: i64 = 1;
const BINARY: i64 = 2;

/// WebSockets of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Har {
    /// The server of most of the messages.
    pub server: Target,
    /// Messages that were said with it.
    pub transcript: Transcript,
}

/// The reason why a file tells nothing.
#[derive(Debug, Error)]
pub enum HarError {
    /// It is larger than what is read.
    #[error("it has more than {limit} bytes; export the tab of the WebSocket alone")]
    TooLarge {
        /// Bytes that are read.
        limit: usize,
    },
    /// It is no HAR.
    #[error("it is no HAR: {0}; export it from the browser's network panel")]
    NoHar(serde_json::Error),
    /// It tells of no WebSocket.
    #[error(
        "it tells of no WebSocket with messages (_webSocketMessages); Chromium's export does, when the \
         panel was open while they were said"
    )]
    NoMessages,
}

#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
struct HarEntry {
    request: HarRequest,
    #[serde(default, rename = "_webSocketMessages")]
    messages: Option<Vec<HarMessage>>,
}

#[derive(Deserialize)]
struct HarRequest {
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Vec<HarHeader>,
}

#[derive(Deserialize)]
struct HarHeader {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

/// Of a connection that broke a browser notes what it has, and leaves out the rest.
#[derive(Deserialize)]
struct HarMessage {
    /// `send` or `receive`; of a connection that broke a browser says `error`.
    #[serde(default, rename = "type")]
    by: String,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    time: Option<f64>,
    #[serde(default)]
    opcode: Option<i64>,
    #[serde(default)]
    data: Option<String>,
}

/// True of a URL that a handshake can ask for; a file may say anything.
fn can_be_asked_for(target: &Target) -> bool {
    PlanSpec::against(target.clone()).check().is_ok()
}

impl Har {
    /// Bytes of the largest file that is read.
    pub const LARGEST: usize = 256 << 20;

    /// Reads a file.
    ///
    /// # Errors
    /// [`HarError`]: it is too large, no HAR, or tells of no WebSocket.
    pub fn read(file: &[u8]) -> Result<Self, HarError> {
        if file.len() > Self::LARGEST {
            let limit = Self::LARGEST;
            return Err(HarError::TooLarge { limit });
        }
        let file: File = serde_json::from_slice(file).map_err(HarError::NoHar)?;
        let mut talked: Vec<(Target, Vec<HarMessage>, HarRequest)> = Vec::new();
        for entry in file.log.entries {
            let mut messages = entry.messages.unwrap_or_default();
            messages.retain(HarMessage::is_one);
            let target = entry.request.url.parse::<Target>();
            if let Some(target) = target.ok().filter(can_be_asked_for)
                && !messages.is_empty()
            {
                talked.push((target, messages, entry.request));
            }
        }
        let place = |it: &Target| (it.secure, it.authority());
        let mut weights: BTreeMap<(bool, String), usize> = BTreeMap::new();
        for (target, messages, _) in &talked {
            *weights.entry(place(target)).or_default() += messages.len();
        }
        let servers = talked
            .iter()
            .take(MOST_CONVERSATIONS)
            .map(|(server, ..)| server);
        let Some(server) = servers.max_by_key(|it| weights.get(&place(it))).cloned() else {
            return Err(HarError::NoMessages);
        };
        let all: usize = weights.values().sum();
        let of_server = weights.get(&place(&server)).copied().unwrap_or(0);
        talked.retain(|(it, ..)| place(it) == place(&server));
        talked.truncate(MOST_CONVERSATIONS);
        let times = talked.iter().flat_map(|(_, messages, _)| messages);
        let first = times.filter_map(|it| it.time).filter(|it| it.is_finite());
        let first = first.fold(f64::INFINITY, f64::min);
        let mut room = MOST_MESSAGES;
        let mut transcript = Transcript::default();
        for (target, messages, request) in talked {
            let conversation = request.conversation(target.resource, messages, first, &mut room);
            transcript.conversations.push(conversation);
        }
        transcript.left_out = (of_server - (MOST_MESSAGES - room)) as u64;
        transcript.of_others = (all - of_server) as u64;
        transcript.conversations.sort_by_key(|it| it.opened);
        Ok(Self { server, transcript })
    }
}

impl HarRequest {
    fn conversation(
        self,
        resource: String,
        messages: Vec<HarMessage>,
        first: f64,
        room: &mut usize,
    ) -> Conversation {
        let header = |name: &str| {
            let mut headers = self.headers.iter();
            let found = headers.find(|it| it.name.eq_ignore_ascii_case(name));
            found.map(|it| it.value.clone())
        };
        let is_own = |it: &&HarHeader| {
            let mut reserved = RESERVED_HEADERS.iter();
            !it.name.starts_with(':') && !reserved.any(|name| it.name.eq_ignore_ascii_case(name))
        };
        let headers = self.headers.iter().filter(is_own);
        let names = header("Sec-WebSocket-Protocol").unwrap_or_default();
        let names = names.split(',').map(|name| name.trim().to_owned());
        let mut conversation = Conversation {
            opened: Nanos(0),
            resource,
            headers: headers
                .map(|it| (it.name.clone(), it.value.trim().to_owned()))
                .collect(),
            origin: header("Origin"),
            subprotocols: names.filter(|name| !name.is_empty()).collect(),
            said: Vec::new(),
        };
        for message in messages.into_iter().take(*room) {
            *room -= 1;
            conversation.said.push(message.said(first));
        }
        // Times of one connection go forward.
        conversation.said.sort_by_key(|it| it.at);
        conversation.opened = conversation.said.first().map_or(Nanos(0), |it| it.at);
        conversation
    }
}

impl HarMessage {
    /// True of a message, and not of what a browser notes beside them.
    fn is_one(&self) -> bool {
        let is_kind = self.opcode.is_some_and(|it| [TEXT, BINARY].contains(&it));
        ["send", "receive"].contains(&self.by.as_str()) && is_kind && self.data.is_some()
    }

    fn said(self, first: f64) -> Transcribed {
        let since = (self.time.unwrap_or(first) - first).clamp(0.0, 1e9);
        // Of what is no number at all nothing is left.
        let at = Nanos((since * 1e9) as u64);
        let is_binary = self.opcode == Some(BINARY);
        let data = self.data.unwrap_or_default();
        let mut content = match is_binary {
            true => STANDARD.decode(&data).unwrap_or_default(),
            false => data.into_bytes(),
        };
        let is_cut = content.len() > LONGEST;
        content.truncate(LONGEST);
        Transcribed {
            at,
            by: match self.by.as_str() {
                "send" => Party::Client,
                _ => Party::Server,
            },
            kind: match is_binary {
                true => MessageKind::Binary,
                false => MessageKind::Text,
            },
            content,
            is_cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_with_who_said_them_and_when() {
        let file = r#"{"log":{"version":"1.2","entries":[
            {"request":{"url":"https://h/page","headers":[]}},
            {"request":{"url":"ws://other/","headers":[]},
             "_webSocketMessages":[{"type":"send","time":1.0,"opcode":1,"data":"x"},
                {"type":"receive","time":1.0,"opcode":1,"data":"x"}]},
            {"request":{"url":"wss://h:444/broken"},"_webSocketMessages":null},
            {"request":{"url":"wss://h:444/chat?x=1","headers":[
                {"name":"Host","value":"h"},{"name":"X-Tenant","value":"7"},
                {"name":"Origin","value":"https://h"},
                {"name":"Sec-WebSocket-Protocol","value":"a, b"}]},
             "_webSocketMessages":[
                {"type":"send","time":1700000000.5,"opcode":1,"data":"hello"},
                {"type":"receive","time":1700000000.75,"opcode":2,"data":"AQI="},
                {"type":"receive","time":1700000000.9,"opcode":8},
                {"type":"send","time":1700000001.0,"opcode":1,"data":"more"},
                {"type":"error"},
                {"type":"error","time":1700000000.8,"opcode":-1,"data":"closed"}]}]}}"#;
        let har = Har::read(file.as_bytes()).unwrap();
        assert_eq!(har.server.revealed_url(), "wss://h:444/chat?x=1");
        assert_eq!((har.transcript.left_out, har.transcript.of_others), (0, 2));
        let [conversation] = &har.transcript.conversations[..] else {
            panic!("{har:?}");
        };
        assert_eq!(conversation.resource, "/chat?x=1");
        assert_eq!(
            conversation.headers,
            [("X-Tenant".to_owned(), "7".to_owned())]
        );
        assert_eq!(conversation.origin.as_deref(), Some("https://h"));
        assert_eq!(conversation.subprotocols, ["a", "b"]);
        let said: Vec<_> = conversation
            .said
            .iter()
            .map(|it| (it.by, it.kind, &it.content[..]))
            .collect();
        assert_eq!(
            said,
            [
                (Party::Client, MessageKind::Text, &b"hello"[..]),
                (Party::Server, MessageKind::Binary, &[1, 2]),
                (Party::Client, MessageKind::Text, &b"more"[..]),
            ]
        );
        let apart = conversation.said[1].at - conversation.said[0].at;
        assert_eq!(apart, Nanos::from_millis(250));
    }

    /// Messages beyond those that are taken are counted, and not the connections that had them.
    #[test]
    fn messages_that_are_not_taken_are_counted() {
        let message = r#"{"type":"send","time":1.0,"opcode":1,"data":"x"}"#;
        let entry = |path: &str, messages: usize| {
            let said = vec![message; messages].join(",");
            format!(r#"{{"request":{{"url":"ws://h/{path}"}},"_webSocketMessages":[{said}]}}"#)
        };
        let entries = [entry("a", MOST_MESSAGES), entry("b", 7)].join(",");
        let file = format!(r#"{{"log":{{"entries":[{entries}]}}}}"#);
        let transcript = Har::read(file.as_bytes()).unwrap().transcript;
        assert_eq!((transcript.left_out, transcript.of_others), (7, 0));
    }

    #[test]
    fn what_is_no_har_is_refused_and_says_why() {
        for (file, told) in [
            ("{}", "missing field `log`"),
            ("nothing", "it is no HAR: expected"),
            (r#"{"log":{"entries":[]}}"#, "no WebSocket with messages"),
            (
                r#"{"log":{"entries":[{"request":{"url":"ws://h/"}}]}}"#,
                "no WebSocket with messages",
            ),
        ] {
            let error = Har::read(file.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        let deep = format!("{{\"log\":{}", "[".repeat(100_000));
        let error = Har::read(deep.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("it is no HAR"), "{error}");
    }
}
