//! The echo server of `tokio-tungstenite`, at its defaults. The contract is in `../README.md`.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};

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
        // A thread of its own: tokio's standard input would keep the runtime from ending.
        std::thread::spawn(end_with_input);
    }
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(echo(stream));
    }
}

async fn echo(stream: TcpStream) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    CONNECTIONS.fetch_add(1, SeqCst);
    PEAK.fetch_max(ALIVE.fetch_add(1, SeqCst) + 1, SeqCst);
    let mut is_counted = true;
    // After a close frame the stream goes on until the closing handshake is through.
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() && std::mem::take(&mut is_counted) {
            ALIVE.fetch_sub(1, SeqCst);
        }
        if !(message.is_text() || message.is_binary()) {
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
