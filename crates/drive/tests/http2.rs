//! WebSockets over HTTP/2 (RFC 8441) through real sockets: the server is `h2` on a runtime of its own,
//! and counts what comes to it.
#![cfg(feature = "http2")]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, Builder};
use h2::{Reason, RecvStream, SendStream};
use http::{Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;
use wsbench_drive::blocking_client::{VisitError, try_upgrade};
use wsbench_drive::resolve;
use wsbench_drive::run::{self, RunObserver, StopSignal};
use wsbench_load::failure::FailureKind;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Connect, Http, Lifetime, PlanSpec, StopRule, Think};
use wsbench_load::result::{Progress, RunResult};
use wsbench_load::route::Target;
use wsbench_load::series::Series;
use wsbench_load::tally::LogRecord;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::HandshakeError;

/// What the server is told to do.
#[derive(Clone, Copy)]
struct Manners {
    takes_websockets: bool,
    /// Streams on one connection at a time.
    streams: u32,
    status: StatusCode,
    /// Where else to ask.
    location: Option<&'static str>,
    /// Ends each connection with a GOAWAY after so long.
    leaves_after: Option<Duration>,
    /// Takes no further streams on a connection after so long, and serves those that are there.
    drains_after: Option<Duration>,
    /// Says nothing on the first connection.
    is_silent_at_first: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            takes_websockets: true,
            streams: 100,
            status: StatusCode::OK,
            location: None,
            leaves_after: None,
            drains_after: None,
            is_silent_at_first: false,
        }
    }
}

/// What the server has seen.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    websockets: AtomicUsize,
    messages: AtomicUsize,
}

/// A server, which ends when this is dropped.
struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    _ends: oneshot::Sender<()>,
}

impl Server {
    fn start(manners: Manners) -> Self {
        let seen = Arc::<Seen>::default();
        let counts = seen.clone();
        let (ends, ended) = oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let serving = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        let before = counts.connections.fetch_add(1, Ordering::Relaxed);
                        if manners.is_silent_at_first && before == 0 {
                            std::mem::forget(stream);
                            continue;
                        }
                        tokio::spawn(serve(stream, manners, counts.clone()));
                    }
                };
                tokio::select! {
                    () = serving => {}
                    _ = ended => {}
                }
            });
        });
        Self {
            address,
            seen,
            _ends: ends,
        }
    }

    fn saw(&self) -> (usize, usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let seen = &self.seen;
        (
            of(&seen.connections),
            of(&seen.websockets),
            of(&seen.messages),
        )
    }

    fn plan(&self) -> PlanSpec {
        PlanSpec::against(Target {
            host: self.address.ip().to_string(),
            port: self.address.port(),
            resource: "/".into(),
            secure: false,
        })
        .with(|spec| {
            spec.clients.connections = 25;
            spec.stop = StopRule::Messages(2_000);
            spec.connect = Connect {
                http: Http::Two { streams: 100 },
                ..Connect::default()
            };
        })
    }

    fn measure(&self, change: impl FnOnce(&mut PlanSpec)) -> RunResult {
        let mut plan = self.plan();
        change(&mut plan);
        let plan = plan.check().unwrap();
        let resolved = resolve::find(&plan, &|| false).unwrap();
        run::run(&plan, &resolved, &StopSignal::new(), &mut Nobody).unwrap()
    }
}

struct Nobody;

impl RunObserver for Nobody {
    fn progress(&mut self, _: &Progress) {}

    fn log(&mut self, _: &[LogRecord]) {}
}

async fn serve(stream: TcpStream, manners: Manners, seen: Arc<Seen>) {
    stream.set_nodelay(true).unwrap();
    let mut builder = Builder::new();
    builder.max_concurrent_streams(manners.streams);
    if manners.takes_websockets {
        builder.enable_connect_protocol();
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    if let Some(span) = manners.drains_after {
        let accepting = accept(&mut connection, manners, seen.clone());
        let _ = tokio::time::timeout(span, accepting).await;
        connection.graceful_shutdown();
    }
    let accepting = accept(&mut connection, manners, seen);
    match manners.leaves_after {
        None => accepting.await,
        Some(span) => {
            let _ = tokio::time::timeout(span, accepting).await;
            connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            let _ = std::future::poll_fn(|context| connection.poll_closed(context)).await;
        }
    }
}

async fn accept(
    connection: &mut server::Connection<TcpStream, Bytes>,
    manners: Manners,
    seen: Arc<Seen>,
) {
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let refuses = manners.status != StatusCode::OK;
        let answer = Response::builder().status(manners.status);
        let answer = match manners.location {
            Some(location) => answer.header("location", location),
            None => answer,
        };
        let answer = answer.body(()).unwrap();
        let outgoing = respond.send_response(answer, refuses).unwrap();
        if !refuses {
            seen.websockets.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(echo(request.into_body(), outgoing, seen.clone()));
        }
    }
}

/// Echoes messages of one frame each until a close frame comes.
async fn echo(mut incoming: RecvStream, mut outgoing: SendStream<Bytes>, seen: Arc<Seen>) {
    let limits = Limits {
        max_message: 1 << 20,
    };
    let mut connection = Connection::new(Endpoint::Server, limits, Utf8::Check);
    let mut out = FrameBuffer::new();
    let mut message = Vec::new();
    while let Some(Ok(piece)) = incoming.data().await {
        let _ = incoming.flow_control().release_capacity(piece.len());
        let mut bytes = piece.to_vec();
        let mut input = &mut bytes[..];
        let mut is_over = false;
        while let Ok(Some(event)) = connection.receive(&mut input) {
            match event {
                Event::Data {
                    kind, bytes, last, ..
                } => {
                    message.extend_from_slice(bytes);
                    if last {
                        seen.messages.fetch_add(1, Ordering::Relaxed);
                        out.push_frame(true, kind.opcode(), None, &[&message]);
                        message.clear();
                    }
                }
                Event::Close { code } => {
                    push_close(&mut out, None, code, "");
                    is_over = true;
                }
                _ => {}
            }
        }
        if out.is_empty() {
            continue;
        }
        let answer = Bytes::copy_from_slice(out.as_slice());
        out.clear();
        if outgoing.send_data(answer, is_over).is_err() || is_over {
            return;
        }
    }
}

/// Everything was answered, and nothing went wrong.
fn assert_flawless(result: &RunResult) {
    assert!(result.failures.is_empty(), "{:?}", result.failures);
    assert_eq!(result.messages.answered, result.messages.sent);
    assert_eq!(result.connections.failed, 0);
}

#[test]
fn many_websockets_share_one_connection() {
    let server = Server::start(Manners::default());
    let result = server.measure(|_| {});
    assert_flawless(&result);
    assert_eq!(result.messages.answered, 2_000);
    assert_eq!(server.saw(), (1, 25, 2_000));
    assert_eq!(result.connections.upgraded, 25);
    assert_eq!(
        result.at(Series::Tcp).count(),
        1,
        "TCP was established once"
    );
    assert_eq!(result.at(Series::Upgrade).count(), 25);
}

#[test]
fn no_more_of_them_than_were_asked_for_and_than_the_server_allows() {
    let server = Server::start(Manners::default());
    let asked = server.measure(|plan| plan.connect.http = Http::Two { streams: 10 });
    assert_flawless(&asked);
    assert_eq!(server.saw().0, 3, "25 WebSockets, 10 on each");

    let server = Server::start(Manners {
        streams: 4,
        ..Manners::default()
    });
    let allowed = server.measure(|_| {});
    assert_flawless(&allowed);
    assert_eq!(server.saw().0, 7, "25 WebSockets, 4 on each");
    assert_eq!(allowed.at(Series::Tcp).count(), 7);
}

#[test]
fn each_thread_has_connections_of_its_own() {
    let server = Server::start(Manners::default());
    let result = server.measure(|plan| plan.threads = 2);
    assert_flawless(&result);
    assert_eq!(server.saw().0, 2);
}

#[test]
fn clients_that_are_replaced_take_streams_of_the_same_connection() {
    let server = Server::start(Manners::default());
    let result = server.measure(|plan| {
        plan.clients.connections = 8;
        plan.stop = StopRule::Clients(200);
        plan.clients.lifetime = Lifetime::Replaced { round_trips: 3 };
    });
    assert_flawless(&result);
    assert_eq!(result.connections.clients_completed, 200);
    assert_eq!(server.saw(), (1, 200, 600));
    assert!(
        result.total < Nanos::from_secs(20),
        "closing takes no time-out: {}",
        result.total
    );
}

#[test]
fn large_messages_come_through_the_windows() {
    let server = Server::start(Manners::default());
    let result = server.measure(|plan| {
        plan.stop = StopRule::Messages(60);
        plan.clients.connections = 3;
        plan.clients.exchange.payload = wsbench_load::plan::Payload::Generated {
            encoding: wsbench_load::plan::Encoding::Binary,
            min: 500_000,
            max: 500_000,
            ascii: false,
        };
    });
    assert_flawless(&result);
    assert_eq!(result.messages.answered, 60);
}

/// The kinds of what went wrong.
fn kinds(result: &RunResult) -> Vec<FailureKind> {
    result.failures.iter().map(|it| it.kind).collect()
}

fn no_longer_than_a_second(plan: &mut PlanSpec) {
    plan.stop = StopRule::Duration(Nanos::from_secs(1));
}

#[test]
fn a_server_that_takes_no_websockets_is_named() {
    let server = Server::start(Manners {
        takes_websockets: false,
        ..Manners::default()
    });
    let result = server.measure(no_longer_than_a_second);
    assert_eq!(kinds(&result), [FailureKind::Http2NoWebSockets]);
    assert_eq!(result.messages.sent, 0);
}

#[test]
fn a_refusal_is_told_with_its_status() {
    let server = Server::start(Manners {
        status: StatusCode::FORBIDDEN,
        ..Manners::default()
    });
    let result = server.measure(no_longer_than_a_second);
    let words = result.failures[0].example.to_string();
    assert!(words.contains("403"), "{words}");
}

#[test]
fn a_server_of_http_1_is_named() {
    // It answers everything as HTTP/1.1 does, and hangs up.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::{Read, Write};
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let server = Server {
        address,
        seen: Arc::default(),
        _ends: oneshot::channel().0,
    };
    let result = server.measure(no_longer_than_a_second);
    assert_eq!(kinds(&result), [FailureKind::Http2NotSpoken]);
}

#[test]
fn a_server_that_leaves_is_come_back_to() {
    let server = Server::start(Manners {
        leaves_after: Some(Duration::from_millis(300)),
        ..Manners::default()
    });
    let result = server.measure(no_longer_than_a_second);
    let (connections, websockets, messages) = server.saw();
    assert!(connections >= 2 && websockets >= 50, "{:?}", server.saw());
    assert!(messages as u64 >= result.messages.answered);
    assert_eq!(kinds(&result), [FailureKind::Http2GoAway]);
    let counted = &result.messages;
    let accounted = counted.answered + counted.failed + counted.timed_out;
    assert_eq!(
        counted.sent,
        accounted + counted.in_flight_at_end,
        "{counted:?}"
    );
}

#[test]
fn a_connection_that_takes_no_more_is_left_for_another() {
    let server = Server::start(Manners {
        drains_after: Some(Duration::from_millis(200)),
        ..Manners::default()
    });
    let result = server.measure(|plan| {
        plan.clients.connections = 8;
        plan.clients.think = Some(Think {
            least: Nanos::from_millis(1),
            most: Nanos::from_millis(1),
        });
        plan.stop = StopRule::Clients(2_000);
        plan.clients.lifetime = Lifetime::Replaced { round_trips: 3 };
    });
    let completed = result.connections.clients_completed;
    // A request may cross the farewell; whoever comes later is put on a connection that lasts.
    assert!(completed >= 1_900, "{completed}: {:?}", result.failures);
    assert!(server.saw().0 >= 3, "{:?}", server.saw());
}

#[test]
fn a_connection_that_never_comes_up_is_given_up() {
    let server = Server::start(Manners {
        is_silent_at_first: true,
        ..Manners::default()
    });
    let result = server.measure(|plan| {
        // One after the other, so that the first have failed before the last are opened.
        plan.connect.rate_per_s = Some(25.0);
        plan.connect.timeout = Nanos::from_millis(300);
        plan.stop = StopRule::Duration(Nanos::from_secs(2));
    });
    assert_eq!(kinds(&result), [FailureKind::TimedOut]);
    assert_eq!(result.connections.upgraded, 25, "over another connection");
    assert_eq!(server.saw().0, 2);
}

#[test]
fn the_probe_for_redirects_hears_of_one_over_http2() {
    let probe = |manners| {
        let server = Server::start(manners);
        let plan = server.plan().check().unwrap();
        try_upgrade(&plan, &resolve::find(&plan, &|| false).unwrap(), [7; 16])
    };
    let redirected = probe(Manners {
        status: StatusCode::TEMPORARY_REDIRECT,
        location: Some("/elsewhere"),
        ..Manners::default()
    });
    let Err(VisitError::Handshake(HandshakeError::Status { code, location, .. })) = redirected
    else {
        panic!("{redirected:?}");
    };
    assert_eq!((code, location.as_deref()), (307, Some("/elsewhere")));
    assert!(probe(Manners::default()).is_ok());
    let without = probe(Manners {
        takes_websockets: false,
        ..Manners::default()
    });
    let Err(VisitError::Connection(error)) = without else {
        panic!("{without:?}");
    };
    assert!(error.to_string().contains("RFC 8441"), "{error}");
}
