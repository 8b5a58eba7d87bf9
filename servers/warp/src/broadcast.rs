//! The broadcast server of `warp`, at its defaults, by a channel of tokio. The contract is in
//! `../README.md`.

use std::net::Ipv4Addr;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast::Sender;
use warp::Filter;
use warp::ws::{Message, WebSocket, Ws};

/// How many messages a client may be behind. Beyond it has missed some, and its connection ends:
/// none is lost unseen.
const QUEUE_LENGTH: usize = 1024;

#[tokio::main]
async fn main() {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let all = Sender::new(QUEUE_LENGTH);
    let route = warp::path::end().and(warp::ws()).map(move |upgrade: Ws| {
        let all = all.clone();
        upgrade.on_upgrade(|socket| serve(socket, all))
    });
    warp::serve(route)
        .run((Ipv4Addr::LOCALHOST, port.unwrap_or(0u16)))
        .await;
}

async fn serve(mut socket: WebSocket, all: Sender<Message>) {
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
