//! The echo server of `web-socket` on hyper, at its defaults. The contract is in `../README.md`.
//!
//! The library has no handshake: it is made here. Nor does it put fragments together or check
//! text.

use std::convert::Infallible;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::io::BufReader;
use tokio::net::TcpListener;
use web_socket::{CloseCode, DataType, Event, MessageType, Stream, WebSocket};

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(accept))
            .with_upgrades();
        tokio::spawn(connection);
    }
}

async fn accept(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut response = Response::new(Empty::new());
    let upgrade = request.headers().get(UPGRADE);
    let is_upgrade = upgrade.is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let accept_key = match request.headers().get(SEC_WEBSOCKET_KEY) {
        Some(key) if is_upgrade => Sha1::new()
            .chain_update(key)
            .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
            .finalize(),
        _ => {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
    };
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, "Upgrade".parse().expect("a header value"));
    headers.insert(UPGRADE, "websocket".parse().expect("a header value"));
    let accept_key = BASE64_STANDARD.encode(accept_key);
    headers.insert(
        SEC_WEBSOCKET_ACCEPT,
        accept_key.parse().expect("base64 is a header value"),
    );
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(request)
            .await
            .map_err(io::Error::other)?;
        echo(upgraded).await
    });
    Ok(response)
}

async fn echo(upgraded: Upgraded) -> io::Result<()> {
    // The library reads a header in two bytes and more: without a buffer each were a system call.
    let mut socket = WebSocket::server(BufReader::new(TokioIo::new(upgraded)));
    let mut fragments = Vec::new();
    loop {
        let (kind, message) = match socket.recv().await? {
            Event::Data {
                ty: DataType::Complete(kind),
                data,
            } => (kind, data.into_vec()),
            Event::Data {
                ty: DataType::Stream(Stream::End(kind)),
                data,
            } => {
                fragments.extend_from_slice(&data);
                (kind, std::mem::take(&mut fragments))
            }
            Event::Data { data, .. } => {
                fragments.extend_from_slice(&data);
                continue;
            }
            Event::Ping(data) => {
                socket.send_pong(data).await?;
                continue;
            }
            Event::Pong(_) => continue,
            Event::Close { code, .. } => return socket.close(code).await,
            Event::Error(_) => return socket.close(CloseCode::ProtocolError).await,
        };
        match (kind, str::from_utf8(&message)) {
            (MessageType::Binary, _) => socket.send(&message[..]).await?,
            (MessageType::Text, Ok(text)) => socket.send(text).await?,
            (MessageType::Text, Err(_)) => return socket.close(CloseCode::InvalidPayload).await,
        }
    }
}
