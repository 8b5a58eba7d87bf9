//! The echo server of `axum` with its feature `http2`: WebSockets over HTTP/1.1, and over HTTP/2 on
//! the same port (RFC 8441). For tests; the contract is in `../README.md`.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use tokio::net::TcpListener;

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static ALIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);
static MESSAGES: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() -> io::Result<()> {
    let chosen = std::env::var("PORT").ok();
    let port = chosen.as_deref().unwrap_or("0");
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening {}", listener.local_addr()?);
    // Whoever chose the port ends the process; a test that left it free closes the input instead.
    if chosen.is_none() {
        std::thread::spawn(end_with_input);
    }
    // Over HTTP/2 a WebSocket is asked for by CONNECT, over HTTP/1.1 by GET.
    let router = Router::new().route(
        "/",
        any(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }),
    );
    axum::serve(listener, router).await
}

async fn echo(mut socket: WebSocket) {
    CONNECTIONS.fetch_add(1, SeqCst);
    PEAK.fetch_max(ALIVE.fetch_add(1, SeqCst) + 1, SeqCst);
    let mut is_counted = true;
    // After a close frame the stream goes on until the closing handshake is through.
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) && std::mem::take(&mut is_counted) {
            ALIVE.fetch_sub(1, SeqCst);
        }
        if !matches!(message, Message::Text(_) | Message::Binary(_)) {
            continue;
        }
        if socket.send(message).await.is_err() {
            break;
        }
        MESSAGES.fetch_add(1, SeqCst);
    }
    if is_counted {
        ALIVE.fetch_sub(1, SeqCst);
    }
}

/// Ends the process, with its figures, when whoever started it closes its input or dies.
fn end_with_input() {
    let mut ignored = Vec::new();
    let _ = io::stdin().read_to_end(&mut ignored);
    println!(
        r#"{{"connections": {}, "peak": {}, "messages": {}}}"#,
        CONNECTIONS.load(SeqCst),
        PEAK.load(SeqCst),
        MESSAGES.load(SeqCst)
    );
    std::process::exit(0);
}
