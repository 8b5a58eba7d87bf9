//! The echo server of `warp`, at its defaults. The contract is in `../README.md`.

use std::net::Ipv4Addr;

use futures_util::{SinkExt, StreamExt};
use warp::Filter;
use warp::ws::{WebSocket, Ws};

#[tokio::main]
async fn main() {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let route = warp::path::end()
        .and(warp::ws())
        .map(|upgrade: Ws| upgrade.on_upgrade(echo));
    warp::serve(route)
        .run((Ipv4Addr::LOCALHOST, port.unwrap_or(0u16)))
        .await;
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        if !(message.is_text() || message.is_binary()) {
            continue;
        }
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
