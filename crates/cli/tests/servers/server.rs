//! A real server as a process: started, asked what it saw, killed.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use snapbox::cmd::cargo_bin;

use crate::running::{send_signal, workspace};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// wsbench's own.
    Embedded,
    /// Python's `websockets`.
    Websockets,
    /// Node's `ws`.
    Ws,
    /// The same as a broadcast server.
    WsBroadcast,
    /// The same as a JSON-RPC server.
    WsRpc,
    /// Python's `websockets` as a broadcast server that spares the sender and writes JSON.
    WebsocketsBroadcast,
    /// Python's `aiohttp`, with rooms.
    AiohttpRooms,
    /// Node's `socket.io`, with rooms.
    SocketIo,
    /// Python's `python-socketio`, with rooms.
    PythonSocketio,
    /// Node's `graphql-ws`, with subscriptions.
    GraphqlWs,
    /// Rust's `tokio-tungstenite`.
    TokioTungstenite,
    /// Rust's `axum`, with HTTP/2.
    AxumHttp2,
    /// A small hub that Microsoft's client of SignalR takes for one.
    SignalR,
    /// Small channels that Phoenix' client takes for its server's.
    Phoenix,
    /// Small channels that Centrifugo's client takes for its server's.
    Centrifugo,
    /// Small channels that Pusher's client takes for its server's.
    Pusher,
    /// Rails' ActionCable, on Puma.
    ActionCable,
}

/// A server under way, killed when the test fails.
pub(crate) struct Server {
    kind: Kind,
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    port: u16,
}

/// What a server saw of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Upgraded in all.
    pub(crate) connections: u64,
    /// Most of them at one time.
    pub(crate) peak: u64,
    /// Messages echoed.
    pub(crate) messages: u64,
}

impl Kind {
    fn command(self) -> Command {
        let folder = |name: &str| workspace().join("servers").join(name);
        match self {
            Self::Embedded => {
                let mut command = Command::new(cargo_bin!("wsbench"));
                command.arg("serve");
                command
            }
            Self::Websockets => {
                let mut command = Command::new(installed(folder("websockets/.venv/bin/python")));
                command.arg(folder("websockets/server.py"));
                command
            }
            Self::WebsocketsBroadcast => {
                let mut command = Command::new(installed(folder("websockets/.venv/bin/python")));
                command.arg(folder("websockets/broadcast.py"));
                command
            }
            Self::Ws => node("ws", "ws", "server.js"),
            Self::WsBroadcast => node("ws", "ws", "broadcast.js"),
            Self::WsRpc => node("ws", "ws", "rpc.js"),
            Self::SocketIo => node("socket.io", "socket.io", "rooms.js"),
            Self::GraphqlWs => node("graphql-ws", "graphql-ws", "rooms.js"),
            Self::SignalR => node("signalr", "ws", "hub.js"),
            Self::Phoenix => node("phoenix", "ws", "channels.js"),
            Self::Centrifugo => node("centrifugo", "ws", "channels.js"),
            Self::Pusher => node("pusher", "ws", "channels.js"),
            Self::ActionCable => {
                let mut command = Command::new("ruby");
                command.arg(folder("actioncable/cable.rb"));
                command
            }
            Self::PythonSocketio => {
                let python = folder("python-socketio/.venv/bin/python");
                let mut command = Command::new(installed(python));
                command.arg(folder("python-socketio/rooms.py"));
                command
            }
            Self::AiohttpRooms => {
                let mut command = Command::new(installed(folder("aiohttp/.venv/bin/python")));
                command.arg(folder("aiohttp/rooms.py"));
                command
            }
            Self::TokioTungstenite => {
                let program = "target/release/wsbench-server-tokio-tungstenite";
                Command::new(installed(folder("tokio-tungstenite").join(program)))
            }
            Self::AxumHttp2 => {
                let program = "target/release/wsbench-server-axum-http2";
                Command::new(installed(folder("axum-http2").join(program)))
            }
        }
    }
}

/// A program of Node in a server's folder, once the module that it needs is installed there.
pub(crate) fn node(folder: &str, module: &str, program: &str) -> Command {
    let folder = workspace().join("servers").join(folder);
    installed(folder.join("node_modules").join(module));
    let mut command = Command::new("node");
    command.arg(folder.join(program));
    command
}

pub(crate) fn installed(path: PathBuf) -> PathBuf {
    assert!(
        path.exists(),
        "{} is not installed; run scripts/servers",
        path.display()
    );
    path
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// The same with these in its environment, which turn on what is off by default.
    pub(crate) fn start_with(kind: Kind, environment: &[(&str, &str)]) -> Self {
        let mut child = kind
            .command()
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = said.next().unwrap().unwrap();
        let port = line.trim_end_matches('/').rsplit(':').next().unwrap();
        Self {
            kind,
            port: port.parse().unwrap(),
            said,
            child,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it in order, and tells what it saw.
    pub(crate) fn stats(mut self) -> Stats {
        if self.kind == Kind::Embedded {
            return self.stats_of_embedded();
        }
        drop(self.child.stdin.take());
        let line = self.said.next().unwrap().unwrap();
        assert!(self.child.wait().unwrap().success());
        let stats: Value = serde_json::from_str(&line).unwrap();
        let count = |name: &str| stats[name].as_u64().unwrap();
        Stats {
            connections: count("connections"),
            peak: count("peak"),
            messages: count("messages"),
        }
    }

    /// The embedded server tells people: `served 5 messages over 1 connection, 1 at most at a time`.
    fn stats_of_embedded(&mut self) -> Stats {
        send_signal("-TERM", self.child.id());
        assert!(self.child.wait().unwrap().success());
        let errors = self.child.stderr.take().unwrap();
        let line = BufReader::new(errors).lines().next().unwrap().unwrap();
        let numbers: Vec<u64> = line
            .split(' ')
            .filter_map(|word| word.replace(',', "").parse().ok())
            .collect();
        let [messages, connections, peak] = numbers[..] else {
            panic!("{line}");
        };
        Stats {
            connections,
            peak,
            messages,
        }
    }

    /// Kills it, as a crash or the kernel does (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
