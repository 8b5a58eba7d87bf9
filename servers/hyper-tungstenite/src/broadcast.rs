//! The broadcast server of `hyper-tungstenite`, at its defaults, by a channel of tokio. The contract
//! is in `../README.md`.

use std::io;

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::Message;
use hyper_tungstenite::tungstenite::error::ProtocolError;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Sender;

/// How many messages a client may be behind. Beyond it has missed some, and its connection ends:
/// none is lost unseen.
const QUEUE_LENGTH: usize = 1024;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let all = Sender::new(QUEUE_LENGTH);
    loop {
        let (stream, _) = listener.accept().await?;
        let all = all.clone();
        let service = service_fn(move |request| accept(request, all.clone()));
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(connection);
    }
}

async fn accept(
    mut request: Request<Incoming>,
    all: Sender<Message>,
) -> Result<Response<Full<Bytes>>, ProtocolError> {
    if !hyper_tungstenite::is_upgrade_request(&request) {
        let mut refusal = Response::default();
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    }
    let (response, socket) = hyper_tungstenite::upgrade(&mut request, None)?;
    tokio::spawn(serve(socket, all));
    Ok(response)
}

async fn serve(socket: HyperWebsocket, all: Sender<Message>) {
    let Ok(mut socket) = socket.await else {
        return;
    };
    let mut waiting = all.subscribe();
    loop {
        tokio::select! {
            received = socket.next() => match received {
                Some(Ok(message)) if message.is_text() || message.is_binary() => {
                    // There is one receiver at least: this client.
                    let _ = all.send(message);
                }
                Some(Ok(_)) => {}
                _ => return,
            },
            next = waiting.recv() => {
                let Ok(message) = next else { return };
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}
