//! The broadcast server of `actix-ws`, at its defaults: a loop over the sessions, each of which has
//! a queue of the library's. The contract is in `../README.md`.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::{AggregatedMessage, Closed, MessageStream, Session};

/// Sessions that are open, by the number of their connection.
#[derive(Default)]
struct Clients {
    sessions: HashMap<u64, Session>,
    last: u64,
}

type Shared = web::Data<Mutex<Clients>>;

#[actix_web::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let clients = Shared::default();
    HttpServer::new(move || {
        App::new()
            .app_data(clients.clone())
            .route("/", web::get().to(accept))
    })
    .bind(format!("127.0.0.1:{port}"))?
    .run()
    .await
}

async fn accept(
    request: HttpRequest,
    body: web::Payload,
    clients: Shared,
) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(serve(session, messages, clients));
    Ok(response)
}

async fn serve(session: Session, messages: MessageStream, clients: Shared) -> Result<(), Closed> {
    let number = {
        let mut clients = lock(&clients);
        clients.last += 1;
        let number = clients.last;
        clients.sessions.insert(number, session.clone());
        number
    };
    let served = read(session, messages, &clients).await;
    lock(&clients).sessions.remove(&number);
    served
}

/// Pings and close frames are the program's to answer.
async fn read(
    mut session: Session,
    messages: MessageStream,
    clients: &Shared,
) -> Result<(), Closed> {
    let mut messages = messages.aggregate_continuations();
    while let Some(Ok(message)) = messages.recv().await {
        match message {
            AggregatedMessage::Text(_) | AggregatedMessage::Binary(_) => {
                send_to_all(&message, clients).await;
            }
            AggregatedMessage::Ping(bytes) => session.pong(&bytes).await?,
            AggregatedMessage::Pong(_) => {}
            AggregatedMessage::Close(reason) => return session.close(reason).await,
        }
    }
    session.close(None).await
}

async fn send_to_all(message: &AggregatedMessage, clients: &Shared) {
    // Copies of the sessions, for a full queue is waited for.
    let sessions: Vec<Session> = lock(clients).sessions.values().cloned().collect();
    for mut session in sessions {
        // A client that is going is not sent to any more.
        let _ = match message {
            AggregatedMessage::Text(text) => session.text(text.clone()).await,
            AggregatedMessage::Binary(bytes) => session.binary(bytes.clone()).await,
            _ => Ok(()),
        };
    }
}

fn lock(clients: &Shared) -> MutexGuard<'_, Clients> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
