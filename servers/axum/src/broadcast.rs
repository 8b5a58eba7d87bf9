//! The broadcast server of `axum`, at its defaults, by a channel of tokio. The contract is in
//! `../README.md`.

use std::io;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Sender;

/// How many messages a client may be behind. Beyond it has missed some, and its connection ends:
/// none is lost unseen.
const QUEUE_LENGTH: usize = 1024;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let router = Router::new()
        .route("/", any(accept))
        .with_state(Sender::new(QUEUE_LENGTH));
    axum::serve(listener, router).await
}

async fn accept(upgrade: WebSocketUpgrade, State(all): State<Sender<Message>>) -> Response {
    upgrade.on_upgrade(|socket| serve(socket, all))
}

async fn serve(mut socket: WebSocket, all: Sender<Message>) {
    let mut waiting = all.subscribe();
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
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
