//! The echo server of `actix-ws`, at its defaults. The contract is in `../README.md`.

use std::io;

use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::{AggregatedMessage, Closed, MessageStream, Session};

#[actix_web::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    HttpServer::new(|| App::new().route("/", web::get().to(accept)))
        .bind(format!("127.0.0.1:{port}"))?
        .run()
        .await
}

async fn accept(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(echo(session, messages));
    Ok(response)
}

/// Pings and close frames are the program's to answer.
async fn echo(mut session: Session, messages: MessageStream) -> Result<(), Closed> {
    let mut messages = messages.aggregate_continuations();
    while let Some(Ok(message)) = messages.recv().await {
        match message {
            AggregatedMessage::Text(text) => session.text(text).await?,
            AggregatedMessage::Binary(bytes) => session.binary(bytes).await?,
            AggregatedMessage::Ping(bytes) => session.pong(&bytes).await?,
            AggregatedMessage::Pong(_) => {}
            AggregatedMessage::Close(reason) => return session.close(reason).await,
        }
    }
    session.close(None).await
}
