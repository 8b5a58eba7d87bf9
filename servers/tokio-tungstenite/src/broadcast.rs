//! The broadcast server of `tokio-tungstenite`, at its defaults, by a channel of tokio. The contract
//! is in `../README.md`.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::Sender;
use tokio_tungstenite::tungstenite::Message;

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
        tokio::spawn(serve(stream, all.clone()));
    }
}

async fn serve(stream: TcpStream, all: Sender<Message>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
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
