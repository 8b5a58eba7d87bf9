//! Servers that are programs of the system, with a configuration of the test's own.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far beyond what any of them needs to listen, also where the cores are busy with something else:
/// RabbitMQ takes seven seconds of a core.
const PATIENCE: Duration = Duration::from_secs(300);

/// One under way with whatever it starts, killed when the test fails.
pub(crate) struct Daemon {
    /// The programs; each is the first of a group of processes.
    children: Vec<Child>,
    port: u16,
    folder: TempDir,
}

impl Daemon {
    /// Starts a program, before whose path to a configuration this word stands, and which listens for
    /// WebSockets on the port that the configuration is made with. It may keep files in the folder.
    pub(crate) fn start(
        program: &str,
        before: &str,
        configuration: impl Fn(u16, &Path) -> String,
    ) -> Self {
        let mut daemon = Self::nothing();
        let path = daemon.write(
            "server.conf",
            &configuration(daemon.port, daemon.folder.path()),
        );
        daemon.run(Command::new(program).arg(before).arg(path));
        daemon.await_port();
        daemon
    }

    /// nats-server with WebSockets, and with this in its configuration.
    pub(crate) fn nats(more: &str) -> Self {
        Self::start("nats-server", "--config", |port, _| {
            format!(
                "listen: 127.0.0.1:-1\nwebsocket {{ listen: \"127.0.0.1:{port}\", no_tls: true }}\n{more}\n"
            )
        })
    }

    /// mosquitto with MQTT over WebSocket, for anybody.
    pub(crate) fn mosquitto() -> Self {
        Self::start("mosquitto", "-c", |port, folder| {
            // It ends where it has no plain listener; this one is in the test's own folder, to which root
            // alone has access where root runs the test.
            format!(
                "user root\nallow_anonymous true\nlistener {port} 127.0.0.1\nprotocol websockets\n\
                 listener 0 {}/plain\n",
                folder.display()
            )
        })
    }

    /// RabbitMQ with STOMP over WebSocket and nothing else, and the registry of Erlang's nodes that it
    /// wants, which it would leave behind if it had to start that itself.
    pub(crate) fn rabbitmq() -> Self {
        let mut daemon = Self::nothing();
        let port = daemon.port;
        let configuration = format!(
            "listeners.tcp = none\nstomp.listeners.tcp = none\nlog.console = true\nlog.file = false\n\
             web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = {port}\n"
        );
        let configuration = daemon.write("rabbitmq.conf", &configuration);
        let plugins = daemon.write("enabled_plugins", "[rabbitmq_web_stomp].\n");
        let (registry, nodes) = (free_port().to_string(), free_port().to_string());
        daemon.run(Command::new("epmd").args(["-address", "127.0.0.1", "-port", &registry]));
        let folder = daemon.folder.path().to_owned();
        let mut command = Command::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
        command
            .env("HOME", &folder)
            .env("ERL_EPMD_PORT", &registry)
            .env("RABBITMQ_DIST_PORT", &nodes)
            .env("RABBITMQ_NODENAME", "wsbench@localhost")
            .env("RABBITMQ_CONFIG_FILE", configuration)
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", plugins)
            .env("RABBITMQ_MNESIA_BASE", folder.join("db"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"));
        daemon.run(&mut command);
        daemon.await_port();
        daemon
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// A folder and a port, and nobody there yet.
    fn nothing() -> Self {
        Self {
            children: Vec::new(),
            port: free_port(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&mut self, command: &mut Command) {
        let search = std::env::var("PATH").unwrap_or_default();
        let child = command
            // Where Debian puts servers, which an ordinary user has no path to.
            .env("PATH", format!("{search}:/usr/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        self.children.push(child.unwrap_or_else(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            panic!("{program}: {error}; run scripts/servers")
        }));
    }

    fn await_port(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "it does not listen");
            for child in &mut self.children {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none(), "it has ended: {ended:?}");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port that is free when it is looked for; nobody else here takes ports by number.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for child in &mut self.children {
            // A server that is a script has the true one for a child.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = child.wait();
        }
    }
}
