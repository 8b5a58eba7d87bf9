//! The echo server of `hyper-tungstenite`, at its defaults. The contract is in `../README.md`.

use std::io;

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::error::ProtocolError;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

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

async fn accept(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, ProtocolError> {
    if !hyper_tungstenite::is_upgrade_request(&request) {
        let mut refusal = Response::default();
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    }
    let (response, socket) = hyper_tungstenite::upgrade(&mut request, None)?;
    tokio::spawn(echo(socket));
    Ok(response)
}

async fn echo(socket: HyperWebsocket) {
    let Ok(mut socket) = socket.await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if !(message.is_text() || message.is_binary()) {
            continue;
        }
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
