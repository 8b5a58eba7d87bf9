//! The bus over NATS with JetStream, on a thread of its own.
//!
//! | what | where |
//! |---|---|
//! | orders | `wsb.FLEET.to.all`, `wsb.FLEET.to.AGENT` |
//! | words and times of agents | `wsb.FLEET.from.AGENT` |
//! | task, parts, finals | stream `wsb_FLEET` on `wsb.FLEET.run.RUN.>`, each with its subject as message id |
//! | leases | bucket `wsb_lease_FLEET`, entries of five seconds |

mod connection;
mod place;
mod subjects;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, kv, stream};
use async_nats::{Client, Message};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

pub use self::connection::{BusError, connected};
pub use self::place::{BusPlace, NoName, name};
use self::subjects::Subjects;
use crate::bus::{Bus, BusEntry, Heard, LEASE, LeaseAsk, LeaseTaken, Said};
use crate::service::Line;

/// Entries are kept for so long, for whoever collects a run later.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// An entry that comes again within this is known by its id.
const KNOWN_FOR: Duration = Duration::from_secs(10 * 60);
/// Bytes of entries that the stream keeps at most; the oldest go first.
const KEPT_BYTES: i64 = 4 << 30;
/// What is asked of the bus and not answered within this is asked again by whoever wants it.
const ANSWER: Duration = Duration::from_secs(3);
/// What was said is sent within this.
const FAREWELL: Duration = Duration::from_secs(2);
/// Between two attempts to have something of the bus that it does not give now.
const AGAIN: Duration = Duration::from_millis(200);

/// Speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusClient {
    /// The agent of this name.
    Agent(String),
    /// The coordinator of this run.
    Coordinator(String),
    /// Somebody who looks at who is there.
    Onlooker,
}

/// Opens a way to the bus. Blocks until it is there, or is known not to be.
///
/// # Errors
/// [`BusError`]: nobody answers, or not to us; the bus keeps no streams.
pub fn open(place: &BusPlace, role: BusClient) -> Result<Line, BusError> {
    let (commands, asked) = unbounded_channel();
    let (heard, line) = channel();
    let (opened, outcome) = channel();
    let place = place.clone();
    let spoken = thread::Builder::new()
        .name("bus".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => {
                    // What is dropped at the end takes its leave of the server by this runtime.
                    let _entered = runtime.enter();
                    let local = tokio::task::LocalSet::new();
                    local.block_on(&runtime, speak(&place, role, asked, heard, &opened));
                }
                Err(error) => {
                    let _ = opened.send(Err(BusError::NoThread(error)));
                }
            }
        });
    let thread = spoken.map_err(BusError::NoThread)?;
    match outcome.recv() {
        Ok(Ok(())) => Ok(Line {
            bus: Box::new(Nats {
                commands: Some(commands),
                thread: Some(thread),
            }),
            heard: line,
        }),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(BusError::Ended),
    }
}

/// Wish of the thread.
#[derive(Debug)]
enum BusCommand {
    Say(Said),
    Keep(BusEntry),
    Lease(LeaseAsk),
}

/// The end of the bus that a state machine speaks into.
struct Nats {
    commands: Option<UnboundedSender<BusCommand>>,
    thread: Option<JoinHandle<()>>,
}

impl Nats {
    fn ask(&self, command: BusCommand) {
        if let Some(commands) = &self.commands {
            // With the thread gone there is nobody to tell; the other end hears of it.
            let _ = commands.send(command);
        }
    }
}

impl Bus for Nats {
    fn say(&mut self, said: Said) {
        self.ask(BusCommand::Say(said));
    }

    fn keep(&mut self, entry: &BusEntry) {
        self.ask(BusCommand::Keep(entry.clone()));
    }

    fn lease(&mut self, ask: LeaseAsk) {
        self.ask(BusCommand::Lease(ask));
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The streams and buckets of a fleet.
struct Stores {
    jetstream: jetstream::Context,
    leases: kv::Store,
}

/// Everything that the thread does, until nobody asks anything of it any more.
async fn speak(
    place: &BusPlace,
    role: BusClient,
    mut asked: UnboundedReceiver<BusCommand>,
    heard: Sender<Heard>,
    opened: &Sender<Result<(), BusError>>,
) {
    let (says_up, mut up) = watch::channel(true);
    let subjects = Subjects::of(&place.fleet);
    let ready = async {
        let client = connected(place, &heard, says_up).await?;
        let stores = Arc::new(stores(&client, place).await?);
        let words = subscriptions(&client, &subjects, &role).await?;
        let entries = match &role {
            BusClient::Coordinator(run) => {
                let entries = Entries {
                    stores: Arc::clone(&stores),
                    stream: place.stream(),
                    subjects: subjects.clone(),
                    run: run.clone(),
                };
                let first = entries.behind(0).await?;
                Some((entries, first))
            }
            BusClient::Agent(_) | BusClient::Onlooker => None,
        };
        Ok::<_, BusError>((client, stores, words, entries))
    };
    let (client, stores, mut words, entries) = match ready.await {
        Ok(ready) => ready,
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    let _ = opened.send(Ok(()));
    if let Some((entries, first)) = entries {
        tokio::task::spawn_local(entries.pass_on(first, up.clone(), heard.clone()));
    }
    loop {
        tokio::select! {
            // A server that was started again has lost what was in its memory: the bucket of leases, and
            // all of it where its folder is another.
            Ok(()) = up.changed() => if *up.borrow_and_update() {
                tokio::task::spawn_local(made_again(client.clone(), place.clone()));
            },
            command = asked.recv() => match command {
                None => break,
                Some(command) if !*up.borrow() => drop(command),
                Some(command) => {
                    obey(command, &client, &stores, &subjects, &heard).await;
                }
            },
            word = words.next() => match word {
                None => break,
                Some(word) => {
                    if let Ok(said) = subjects::said(&word.payload)
                        && heard.send(Heard::Said(said)).is_err()
                    {
                        break;
                    }
                }
            },
        }
    }
    let _ = tokio::time::timeout(FAREWELL, client.flush()).await;
}

type Words = futures_util::stream::SelectAll<async_nats::Subscriber>;

async fn subscriptions(
    client: &Client,
    subjects: &Subjects,
    role: &BusClient,
) -> Result<Words, BusError> {
    let all = match role {
        BusClient::Agent(name) => vec![subjects.to(None), subjects.to(Some(name))],
        BusClient::Coordinator(_) | BusClient::Onlooker => vec![subjects.from("*")],
    };
    let mut words = Words::new();
    for subject in all {
        let subscribed = client.subscribe(subject).await;
        words.push(subscribed.map_err(|error| BusError::Refused(error.to_string()))?);
    }
    // What is said from now on is heard: the subscriptions have reached the server.
    let flushed = client.flush().await;
    flushed.map_err(|error| BusError::Refused(error.to_string()))?;
    Ok(words)
}

/// The stream and the bucket of the fleet, made where they are not there yet.
async fn stores(client: &Client, place: &BusPlace) -> Result<Stores, BusError> {
    let mut jetstream = jetstream::new(client.clone());
    jetstream.set_timeout(ANSWER);
    let subjects = Subjects::of(&place.fleet);
    let stream = jetstream.get_or_create_stream(stream::Config {
        name: place.stream(),
        subjects: vec![subjects.all_runs()],
        max_age: KEPT_FOR,
        max_bytes: KEPT_BYTES,
        duplicate_window: KNOWN_FOR,
        storage: stream::StorageType::File,
        discard: stream::DiscardPolicy::Old,
        ..stream::Config::default()
    });
    stream
        .await
        .map_err(|error| BusError::NoStreams(error.to_string()))?;
    let bucket = format!("wsb_lease_{}", place.fleet);
    let leases = match jetstream.get_key_value(&bucket).await {
        Ok(leases) => leases,
        Err(_) => {
            // A bucket is a stream (ADR-8 of NATS). `create_key_value` asks for the account first, and
            // takes no answer of servers before 2.10.
            let made = jetstream.get_or_create_stream(stream::Config {
                name: format!("KV_{bucket}"),
                subjects: vec![format!("$KV.{bucket}.>")],
                max_messages_per_subject: 1,
                max_age: Duration::from(LEASE),
                storage: stream::StorageType::Memory,
                discard: stream::DiscardPolicy::New,
                allow_rollup: true,
                deny_delete: true,
                allow_direct: true,
                ..stream::Config::default()
            });
            made.await
                .map_err(|error| BusError::NoStreams(error.to_string()))?;
            let bucket = jetstream.get_key_value(&bucket).await;
            bucket.map_err(|error| BusError::NoStreams(error.to_string()))?
        }
    };
    Ok(Stores { jetstream, leases })
}

/// Makes the stream and the bucket again where they are gone, as soon as the bus takes it.
async fn made_again(client: Client, place: BusPlace) {
    while stores(&client, &place).await.is_err() {
        tokio::time::sleep(AGAIN).await;
    }
}

/// All that is kept of a run, in order.
struct Entries {
    stores: Arc<Stores>,
    /// Name of the stream.
    stream: String,
    subjects: Subjects,
    run: String,
}

impl Entries {
    /// What is kept behind number `last` of the stream; all of it behind 0.
    async fn behind(&self, last: u64) -> Result<pull::Ordered, BusError> {
        let no_streams = |error: &dyn ToString| BusError::NoStreams(error.to_string());
        let stream = self.stores.jetstream.get_stream(&self.stream).await;
        let stream = stream.map_err(|error| no_streams(&error))?;
        // A stream that was made anew begins to count anew.
        let is_known = last > 0 && stream.cached_info().state.last_sequence >= last;
        let consumer = stream.create_consumer(pull::OrderedConfig {
            filter_subject: self.subjects.run(&self.run),
            deliver_policy: match is_known {
                true => DeliverPolicy::ByStartSequence {
                    start_sequence: last + 1,
                },
                false => DeliverPolicy::All,
            },
            ..pull::OrderedConfig::default()
        });
        let consumer = consumer.await.map_err(|error| no_streams(&error))?;
        let messages = consumer.messages().await;
        messages.map_err(|error| no_streams(&error))
    }

    /// Passes on what is kept, until nobody listens. The consumer of an ordered stream is in the server's
    /// memory: where the server was away it is made anew here, for by itself it would be missed for more
    /// than a minute.
    async fn pass_on(
        self,
        first: pull::Ordered,
        mut up: watch::Receiver<bool>,
        heard: Sender<Heard>,
    ) {
        let (mut consumer, mut last) = (Some(first), 0);
        loop {
            if consumer.is_none() {
                consumer = self.behind(last).await.ok();
            }
            let Some(entries) = &mut consumer else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            tokio::select! {
                changed = up.changed() => match changed {
                    Err(_) => return,
                    Ok(()) if *up.borrow_and_update() => consumer = None,
                    Ok(()) => {}
                },
                next = entries.next() => match next {
                    None | Some(Err(_)) => {
                        consumer = None;
                        tokio::time::sleep(AGAIN).await;
                    }
                    Some(Ok(message)) => {
                        last = message.info().map_or(last, |info| info.stream_sequence);
                        if !self.pass(&message.message, &heard) {
                            return;
                        }
                    }
                },
            }
        }
    }

    /// Passes one entry on; false where nobody listens any more.
    fn pass(&self, message: &Message, heard: &Sender<Heard>) -> bool {
        let Some(key) = self.subjects.key(&message.subject) else {
            return true;
        };
        let bytes = Arc::from(message.payload.as_ref());
        heard.send(Heard::Stored(BusEntry { key, bytes })).is_ok()
    }
}

/// Does what is asked; what takes an answer is awaited apart.
async fn obey(
    command: BusCommand,
    client: &Client,
    stores: &Arc<Stores>,
    subjects: &Subjects,
    heard: &Sender<Heard>,
) {
    match command {
        BusCommand::Say(said) => {
            let subject = match &said {
                Said::Order(order) => subjects.to(order.to.as_deref()),
                Said::Word(word) => subjects.from(&word.agent),
                Said::Echo(echo) => subjects.from(&echo.agent),
            };
            if let Ok(bytes) = subjects::written(&said) {
                // A word that is lost is said again.
                let _ = client.publish(subject, bytes).await;
            }
            // Words are of now: none of them is to wait for others. While the connection is being made again
            // no flush is answered.
            let _ = tokio::time::timeout(FAREWELL, client.flush()).await;
        }
        BusCommand::Keep(entry) => {
            let (stores, heard) = (Arc::clone(stores), heard.clone());
            let subject = subjects.of_key(&entry.key);
            tokio::task::spawn_local(async move {
                let message = PublishMessage::build()
                    .payload(Bytes::from_owner(entry.bytes))
                    .message_id(&subject);
                let sent = stores.jetstream.send_publish(subject, message).await;
                let kept = match sent {
                    Ok(kept) => kept.await,
                    Err(error) => Err(error),
                };
                let _ = heard.send(match kept {
                    Ok(_) => Heard::Kept(entry.key),
                    Err(error) => Heard::NotKept(entry.key, error.to_string()),
                });
            });
        }
        BusCommand::Lease(ask) => {
            let (stores, heard) = (Arc::clone(stores), heard.clone());
            tokio::task::spawn_local(async move {
                if let Some(answer) = lease(&stores.leases, &ask).await {
                    let _ = heard.send(Heard::Lease(ask, answer));
                }
            });
        }
    }
}

/// The lease for whoever holds it already, or for anybody where nobody does; `None` where that could not
/// be found out now.
async fn lease(leases: &kv::Store, ask: &LeaseAsk) -> Option<Result<(), LeaseTaken>> {
    let key = format!("{}.{}", ask.run, ask.agent);
    let holder = Bytes::from(ask.holder.to_string());
    let entry = leases.entry(&key).await.ok()?;
    match entry.filter(|entry| entry.operation == kv::Operation::Put) {
        // Somebody else may be faster: then it is found out the next time.
        None => leases.create(&key, holder).await.ok().map(|_| Ok(())),
        Some(entry) if entry.value == holder => {
            let renewed = leases.update(&key, holder, entry.revision).await;
            renewed.ok().map(|_| Ok(()))
        }
        Some(_) => Some(Err(LeaseTaken)),
    }
}
