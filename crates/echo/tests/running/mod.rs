//! A server that runs while a test holds it, and clients to talk to it.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tungstenite::{Message, WebSocket};
use wsbench_echo::{Calibration, Config, Misbehaviour, Served, Server, ServerStats};

/// No step of a test waits longer than this for the server: long enough for a machine that is busy
/// otherwise, and only spent when the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A client of the reference implementation.
pub(crate) type Client = WebSocket<TcpStream>;

/// A server on a port of its own; stopped by [`Running::stop`], or when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Served>>,
}

impl Running {
    pub(crate) fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let server = Server::bind(&config).unwrap();
        let address = server.local_addr();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = Some(std::thread::spawn(move || server.serve(&flag)));
        Self {
            address,
            stop,
            thread,
        }
    }

    #[allow(
        dead_code,
        reason = "not every test file has use for a server without faults"
    )]
    pub(crate) fn plain() -> Self {
        Self::start(|_| {})
    }

    /// A server with faults, as the command line writes them.
    #[allow(dead_code, reason = "not every test file has use for faults")]
    pub(crate) fn with(faults: &[&str]) -> Self {
        let misbehave: Vec<Misbehaviour> = faults.iter().map(|f| f.parse().unwrap()).collect();
        Self::start(|config| {
            config.calibration = Calibration {
                misbehave,
                ..Calibration::default()
            };
        })
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    #[allow(clippy::result_large_err, reason = "the error is tungstenite's")]
    pub(crate) fn try_client(&self) -> Result<Client, tungstenite::Error> {
        let url = format!("ws://{}/", self.address);
        match tungstenite::client(url, self.connect()) {
            Ok((client, _)) => Ok(client),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(tungstenite::HandshakeError::Interrupted(_)) => panic!("the server is silent"),
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.try_client().unwrap()
    }

    #[allow(dead_code, reason = "not every test file has use for the counts")]
    pub(crate) fn stop(self) -> ServerStats {
        self.served().stats
    }

    pub(crate) fn served(mut self) -> Served {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Sends a message and takes the answer.
#[allow(dead_code, reason = "not every test file has use for it")]
pub(crate) fn round_trip(client: &mut Client, message: Message) -> Message {
    client.send(message).unwrap();
    client.read().unwrap()
}
