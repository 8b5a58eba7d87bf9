//! No connection: refused, swallowed, unknown, unreachable, taken and dropped, taken and ignored.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::raw::Raw;
use crate::running::nobody::Nobody;
use crate::running::{Process, wsbench};
use crate::{assert_failed, assert_nothing_connected, short_run};

#[test]
fn refused() {
    let nobody = Nobody::anywhere();
    let run = short_run(&nobody.url("ws"), &[]);
    assert_nothing_connected(&run, "connect", "refused", "is the server listening");
    assert_eq!(run.connections("attempted"), 2, "no storm of attempts");
}

#[test]
fn refused_in_the_replacement_model() {
    let nobody = Nobody::anywhere();
    let run = crate::measured(&["--clients", "1m", "-c", "8", &nobody.url("ws")]);
    assert_nothing_connected(&run, "connect", "refused", "is the server listening");
    assert!(run.connections("attempted") < 100, "no storm of attempts");
}

/// Where nothing was measured the older command line says so; it never prints a zero.
#[test]
fn refused_on_the_older_command_line() {
    let nobody = Nobody::anywhere();
    let authority = nobody.authority();
    let directory = tempfile::tempdir().unwrap();
    let mut command = wsbench(&["--h", &authority, "--n", "1000", "--no-tui"]);
    let ended = Process::start(command.current_dir(directory.path())).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    for line in ["Min: no samples", "Mean: no samples", "Max: no samples"] {
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
    assert!(ended.stdout.contains("refused"), "{}", ended.stdout);
    let log = std::fs::read_to_string(directory.path().join("log.txt")).unwrap();
    assert_eq!(log, "", "no client, no line");
}

/// A queue for one connection that nobody takes: once it is full the kernel drops further SYNs.
pub(crate) struct Swallowing {
    listener: Socket,
    _taken: Vec<Socket>,
}

impl Swallowing {
    pub(crate) fn start() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut taken = Vec::new();
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            let patience = Duration::from_millis(500);
            if socket.connect_timeout(&address, patience).is_err() {
                break;
            }
            taken.push(socket);
        }
        Self {
            listener,
            _taken: taken,
        }
    }

    pub(crate) fn url(&self) -> String {
        let address = self.listener.local_addr().unwrap();
        format!("ws://{}/", address.as_socket().unwrap())
    }
}

#[test]
fn the_syn_is_swallowed() {
    let swallowing = Swallowing::start();
    let run = short_run(&swallowing.url(), &["--connect-timeout", "300ms"]);
    assert_nothing_connected(&run, "connect", "timed_out", "--connect-timeout");
}

/// Without a route the kernel says so at once; where there is one, it leads nowhere.
#[test]
fn unreachable() {
    let url = "ws://[2001:db8::1]:3000/";
    let run = short_run(url, &["--connect-timeout", "300ms"]);
    assert_failed(&run, "nothing connected");
    let found = run.errors("connect", "unreachable") + run.errors("connect", "timed_out");
    let no_ipv6 = run.errors("local", "out_of_ports");
    assert_eq!(found + no_ipv6, 2, "{}", run.story());
}

#[test]
fn an_unknown_host() {
    let ended = Process::start(&mut wsbench(&["-n", "5", "ws://no-such-host.invalid/"])).ended();
    assert_eq!(ended.status.code(), Some(1));
    let said = "error: cannot resolve host 'no-such-host.invalid'";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("check the spelling"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "", "there is no result");
}

#[test]
fn accepted_then_closed() {
    let server = Raw::start(|mut peer| {
        peer.request();
    });
    let run = short_run(&server.url(), &[]);
    let words = "closed the connection after 0 bytes of its answer";
    assert_nothing_connected(&run, "handshake", "closed", words);
}

#[test]
fn accepted_then_reset() {
    let server = Raw::start(|mut peer| {
        peer.request();
        peer.reset();
    });
    let run = short_run(&server.url(), &[]);
    assert_nothing_connected(&run, "handshake", "reset", "reset the connection");
}

#[test]
fn accepted_then_silent() {
    let server = Raw::start(|mut peer| peer.drain());
    let run = short_run(&server.url(), &["--connect-timeout", "300ms"]);
    let words = "no upgrade within 300ms (--connect-timeout); 0 bytes had come";
    assert_nothing_connected(&run, "handshake", "timed_out", words);
}
