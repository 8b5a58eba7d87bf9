//! Presets: scenarios inside of the program, to run as they are or to begin one's own from.

/// A scenario inside of the program.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in a line.
    pub title: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal: $title:literal,)+) => {
        /// All of them.
        pub const PRESETS: &[Preset] = &[$(Preset {
            name: $name,
            title: $title,
            text: include_str!(concat!("presets/", $name, ".toml")),
        }),+];
    };
}

presets! {
    "actioncable": "Ruby on Rails' ActionCable: a channel a room",
    "centrifugo": "Centrifugo (JSON): a channel a room",
    "graphql": "GraphQL over WebSocket (graphql-transport-ws): a subscription, and mutations",
    "jsonrpc": "JSON-RPC 2.0: requests and answers",
    "mqtt": "MQTT 3.1.1 over WebSocket, at quality of service 0: a topic a room",
    "nats": "NATS over WebSocket: a subject a room",
    "phoenix": "Phoenix channels: a topic a room",
    "pusher": "Pusher's protocol: public channels, client events",
    "signalr": "ASP.NET SignalR (JSON): a hub method that sends to a group",
    "socket.io": "Socket.IO 4: rooms, and an event that the server sends to a room",
    "stomp": "STOMP 1.2 over WebSocket, as RabbitMQ speaks it: a topic a room",
}

impl Preset {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|it| it.name == name)
    }
}

/// Their names, one after the other.
pub(super) fn names() -> String {
    let names: Vec<&str> = PRESETS.iter().map(|it| it.name).collect();
    names.join(", ")
}
