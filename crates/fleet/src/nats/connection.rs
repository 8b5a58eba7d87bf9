//! The connection to the bus: made once, and made again by itself whenever it is lost.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use thiserror::Error;
use tokio::sync::watch;

use super::place::BusPlace;
use crate::bus::Heard;

/// The first connection is there within this, or there is none.
const CONNECTING: Duration = Duration::from_secs(5);
/// A silent connection is found to be dead within a few of these.
const PING: Duration = Duration::from_secs(2);
/// Between two attempts to have it back.
const AGAIN: Duration = Duration::from_millis(250);

/// The reason why there is no bus.
#[derive(Debug, Error)]
pub enum BusError {
    /// Nobody answers there.
    #[error("no bus answers at {0}: {1}; is nats-server running there, and is the way to it open?")]
    Unreachable(String, String),
    /// Somebody answers, and not to us.
    #[error("the bus at {0} refuses us: {1}; give the credentials that it knows")]
    Denied(String, String),
    /// It is not known to be who it says.
    #[error(
        "the bus at {0} is not trusted: {1}; name the authority that its certificate comes from, and the \
         bus as the certificate does"
    )]
    Untrusted(String, String),
    /// The file of credentials cannot be used.
    #[error("the credentials in {0} cannot be used: {1}")]
    Credentials(String, io::Error),
    /// It refuses what is needed.
    #[error("the bus refuses: {0}")]
    Refused(String),
    /// It keeps nothing.
    #[error(
        "the bus keeps no streams for us: {0}; nats-server needs -js and 4 GiB of room, and this user the right to it"
    )]
    NoStreams(String),
    /// The system gave no thread.
    #[error("cannot start a thread for the bus: {0}")]
    NoThread(io::Error),
    /// The thread has ended at once.
    #[error("the thread of the bus has ended; this is a fault in wsbench, please report it")]
    Ended,
}

/// A connection, whose loss and return `heard` hears of; `up` says whether it is there.
///
/// # Errors
/// [`BusError`].
pub async fn connected(
    place: &BusPlace,
    heard: &Sender<Heard>,
    up: watch::Sender<bool>,
) -> Result<Client, BusError> {
    let heard = Arc::new(std::sync::Mutex::new(heard.clone()));
    let shown = place.shown();
    let mut options = ConnectOptions::new()
        .name("wsbench")
        .connection_timeout(CONNECTING)
        .ping_interval(PING)
        .max_reconnects(None)
        .reconnect_delay_callback(|_| AGAIN)
        .event_callback(move |event| {
            let news = match event {
                // The first connection changes nothing, and nothing is made again for it.
                Event::Connected => up
                    .send_if_modified(|is_up| !std::mem::replace(is_up, true))
                    .then_some(Heard::Up),
                Event::Disconnected | Event::Closed => up
                    .send_if_modified(|is_up| std::mem::replace(is_up, false))
                    .then(|| Heard::Down(format!("the connection to {shown} is lost"))),
                _ => None,
            };
            if let (Some(news), Ok(heard)) = (news, heard.lock()) {
                let _ = heard.send(news);
            }
            async {}
        });
    // The client takes no login from a URL.
    options = match place.login() {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    };
    if let Some(file) = &place.creds {
        let shown = file.display().to_string();
        let with = options.credentials_file(file).await;
        options = with.map_err(|error| BusError::Credentials(shown, error))?;
    }
    if let Some(file) = &place.cacert {
        options = options.add_root_certificates(file.clone());
    }
    let client = tokio::time::timeout(CONNECTING * 2, options.connect(place.url.as_str())).await;
    match client {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => {
            let words = error.to_string();
            let is_denied = matches!(
                error.kind(),
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation
            );
            let is_denied = is_denied || words.to_lowercase().contains("authorization");
            // A handshake that fails is one of reading, or of TLS, by when it does.
            let is_untrusted = error.kind() == ConnectErrorKind::Tls
                || words.to_lowercase().contains("certificate");
            Err(match (is_denied, is_untrusted) {
                (true, _) => BusError::Denied(place.shown(), words),
                (_, true) => BusError::Untrusted(place.shown(), words),
                _ => BusError::Unreachable(place.shown(), words),
            })
        }
        Err(_) => Err(BusError::Unreachable(
            place.shown(),
            "no answer in time".to_owned(),
        )),
    }
}
