//! The broadcast server of `fastwebsockets` on hyper, at its defaults, by a channel of tokio. The
//! contract is in `../README.md`.
//!
//! A frame whose reading is given up half way is lost to the library: reading and writing go on side
//! by side, and what the reader has to answer goes to the writer through a queue.

use std::future;
use std::io;

use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, WebSocketRead, WebSocketWrite,
    upgrade,
};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{Receiver, Sender};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// How many messages a client may be behind. Beyond it has missed some, and its connection ends:
/// none is lost unseen.
const QUEUE_LENGTH: usize = 1024;

type Message = (OpCode, Bytes);
type Reader = WebSocketRead<ReadHalf<TokioIo<Upgraded>>>;
type Writer = WebSocketWrite<WriteHalf<TokioIo<Upgraded>>>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "0".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let all = Sender::new(QUEUE_LENGTH);
    loop {
        let (stream, _) = listener.accept().await?;
        let all = all.clone();
        let service = service_fn(move |request| accept(request, all.clone()));
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(connection);
    }
}

async fn accept(
    mut request: Request<Incoming>,
    all: Sender<Message>,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade::upgrade(&mut request)?;
    tokio::spawn(serve(upgraded, all));
    Ok(response)
}

async fn serve(upgraded: upgrade::UpgradeFut, all: Sender<Message>) -> Result<(), WebSocketError> {
    let (reader, writer) = upgraded.await?.split(tokio::io::split);
    let waiting = all.subscribe();
    let (replies, due) = mpsc::unbounded_channel();
    tokio::try_join!(read(reader, all, replies), write(writer, waiting, due))?;
    Ok(())
}

async fn read(
    reader: Reader,
    all: Sender<Message>,
    replies: UnboundedSender<Frame<'static>>,
) -> Result<(), WebSocketError> {
    let mut reader = FragmentCollectorRead::new(reader);
    let mut reply = |frame| future::ready(replies.send(frame));
    loop {
        let frame = reader.read_frame(&mut reply).await?;
        match frame.opcode {
            OpCode::Text | OpCode::Binary => {
                // There is one receiver at least: this client.
                let _ = all.send((frame.opcode, Bytes::copy_from_slice(&frame.payload)));
            }
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}

/// Writes until the reader has gone and its last reply is written.
async fn write(
    mut writer: Writer,
    mut waiting: Receiver<Message>,
    mut due: UnboundedReceiver<Frame<'static>>,
) -> Result<(), WebSocketError> {
    loop {
        tokio::select! {
            reply = due.recv() => match reply {
                Some(frame) => writer.write_frame(frame).await?,
                None => return Ok(()),
            },
            next = waiting.recv() => {
                let Ok((opcode, bytes)) = next else {
                    return Err(WebSocketError::ConnectionClosed);
                };
                let frame = Frame::new(true, opcode, None, Payload::Borrowed(&bytes));
                writer.write_frame(frame).await?;
            }
        }
    }
}
