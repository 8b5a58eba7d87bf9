//! Connections that wait, over real sockets: what comes through, and how long a silent peer is borne
//! in each layer.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use wsbench_transport::blocking::{Blocking, Silence};
use wsbench_transport::dial::Dialer;
use wsbench_transport::openings::Layer;
use wsbench_transport::tls::TlsClient;
use wsbench_wire::proxy::{Destination, ProxyError, Tunnel};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(100);

/// A server that does this with its first connection.
fn serving(act: impl FnOnce(TcpStream) + Send + 'static) -> Dialer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || act(listener.accept().unwrap().0));
    Dialer::new(address.into())
}

/// Takes everything and says nothing, until the client has gone.
fn is_silent(mut stream: TcpStream) {
    let _ = io::copy(&mut stream, &mut io::sink());
}

fn tunnel() -> Tunnel {
    let host = "example.org".to_owned();
    Tunnel::http(&Destination::Name { host, port: 81 }, None)
}

/// TLS that trusts nobody: nothing here comes so far.
fn tls() -> TlsClient {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    TlsClient::new(Arc::new(config), "example.org".try_into().unwrap())
}

#[test]
fn what_is_written_comes_back_through_the_tunnel() {
    let mut dialer = serving(|mut stream| {
        let mut head = [0; 1024];
        let len = stream.read(&mut head).unwrap();
        assert!(head[..len].starts_with(b"CONNECT example.org:81 "));
        for octet in b"HTTP/1.1 200 OK\r\n\r\n" {
            stream.write_all(&[*octet]).unwrap();
        }
        let mut back = stream.try_clone().unwrap();
        let _ = io::copy(&mut stream, &mut back);
    })
    .through(Some(tunnel()));
    let mut connection = Blocking::connect(&mut dialer, LONG).unwrap();
    let sent: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
    let mut received = vec![0; sent.len()];
    for (sent, received) in sent.chunks(50_000).zip(received.chunks_mut(50_000)) {
        connection.write_all(sent).unwrap();
        connection.flush().unwrap();
        connection.read_exact(received).unwrap();
    }
    assert_eq!(received, sent);
}

#[test]
fn a_read_gives_up_after_its_patience_and_the_connection_lives_on() {
    let (says, said) = std::sync::mpsc::channel();
    let mut dialer = serving(move |mut stream| {
        said.recv().unwrap();
        stream.write_all(b"late").unwrap();
    });
    let mut connection = Blocking::connect(&mut dialer, LONG).unwrap();
    connection.set_patience(SHORT);
    let mut buffer = [0; 8];
    let given_up = connection.read(&mut buffer).unwrap_err();
    assert_eq!(given_up.kind(), ErrorKind::TimedOut);
    says.send(()).unwrap();
    connection.set_patience(LONG);
    assert_eq!(connection.read(&mut buffer).unwrap(), 4);
    assert_eq!(connection.read(&mut buffer).unwrap(), 0, "the end");
}

#[test]
fn silence_is_told_by_the_layer_that_it_is_in() {
    let silence = |connected: io::Result<Blocking>| {
        let error = connected.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let silence: &Silence = error.get_ref().unwrap().downcast_ref().unwrap();
        assert_eq!(silence.within, SHORT);
        silence.layer
    };
    let plain = serving(is_silent);
    let mut through = plain.through(Some(tunnel())).encrypted(Some(tls()));
    let layer = silence(Blocking::connect(&mut through, SHORT));
    assert_eq!(layer, Layer::Tunnel);
    let mut encrypted = serving(is_silent).encrypted(Some(tls()));
    let layer = silence(Blocking::connect(&mut encrypted, SHORT));
    assert_eq!(layer, Layer::Tls);
    #[cfg(feature = "http2")]
    {
        let layer = silence(Blocking::connect_http2(&mut serving(is_silent), SHORT));
        assert_eq!(layer, Layer::Http2);
    }
}

#[test]
fn a_proxy_that_nobody_listens_at_is_told_from_a_server() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut dialer = Dialer::new(address.into());
    let refused = Blocking::connect(&mut dialer, LONG).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let refused = Blocking::connect(&mut dialer.through(Some(tunnel())), LONG).unwrap_err();
    let inner = refused.get_ref().unwrap().downcast_ref();
    assert_eq!(inner, Some(&ProxyError::Refused));
}
