//! One WebSocket on a carrier: a stream of HTTP/2 that is read and written like a socket that does
//! not block.

use std::future::Future as _;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes};
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};

use super::error::Http2Error;
use super::gateway;

/// One stream. Dropped before both ends have ended it, it is reset (CANCEL), as a TCP connection
/// would be.
#[derive(Debug)]
pub struct Socket {
    waker: Waker,
    /// Key from which the answer to the opening handshake is derived.
    key: Vec<u8>,
    /// While the server has not answered.
    response: Option<ResponseFuture>,
    sending: SendStream<Bytes>,
    receiving: Option<RecvStream>,
    /// Bytes that have come and have not been read.
    inbox: Bytes,
    failed: Option<Http2Error>,
    /// The end, or the failure, has been seen: nobody is rung for any more.
    is_over: bool,
}

impl Socket {
    pub(crate) fn new(
        waker: Waker,
        key: Vec<u8>,
        (response, sending): (ResponseFuture, SendStream<Bytes>),
    ) -> Self {
        let mut socket = Self {
            waker,
            key,
            response: Some(response),
            sending,
            receiving: None,
            inbox: Bytes::new(),
            failed: None,
            is_over: false,
        };
        // Asked once, so that its number is rung for when the answer is there.
        if let Poll::Ready(Some(Ok(piece))) = socket.next_piece() {
            socket.inbox = piece;
        }
        socket
    }

    /// Reads until the buffer is full or nothing is there; zero is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; its number is rung for when there is. Others are
    /// final, with an [`Http2Error`] within.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let read = fill(&mut inbox, buffer, || self.next_piece());
        self.inbox = inbox;
        read
    }

    /// The next piece; notes when none will follow.
    fn next_piece(&mut self) -> Poll<Option<Result<Bytes, Http2Error>>> {
        let piece = self.poll_piece();
        self.is_over |= matches!(piece, Poll::Ready(None | Some(Err(_))));
        piece
    }

    fn poll_piece(&mut self) -> Poll<Option<Result<Bytes, Http2Error>>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Some(Err(error.clone())));
        }
        let mut context = Context::from_waker(&self.waker);
        if let Some(response) = &mut self.response {
            return match Pin::new(response).poll(&mut context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(answer)) => {
                    let (parts, body) = answer.into_parts();
                    self.response = None;
                    self.receiving = Some(body);
                    Poll::Ready(Some(Ok(gateway::response(&parts, &self.key))))
                }
                Poll::Ready(Err(error)) => self.fail(error),
            };
        }
        let Some(receiving) = &mut self.receiving else {
            return Poll::Ready(None);
        };
        match receiving.poll_data(&mut context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(piece))) => {
                // It is ours now; a reader that is slow is slow with one piece in its inbox.
                match receiving.flow_control().release_capacity(piece.len()) {
                    Ok(()) => Poll::Ready(Some(Ok(piece))),
                    Err(error) => self.fail(error),
                }
            }
            Poll::Ready(Some(Err(error))) => self.fail(error),
        }
    }

    fn fail(&mut self, error: h2::Error) -> Poll<Option<Result<Bytes, Http2Error>>> {
        let error = Http2Error::from(error);
        self.failed = Some(error.clone());
        Poll::Ready(Some(Err(error)))
    }

    /// Hands over what the windows of HTTP/2 let through; the carrier takes its turn afterwards.
    ///
    /// # Errors
    /// `WouldBlock` when they let nothing through; its number is rung for when they do, or when the
    /// stream is over, which reading tells with its cause. Others are final, with an [`Http2Error`]
    /// within.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        push(&mut self.sending, &self.waker, bytes)
    }

    /// True if the end of the stream, or its failure, has come behind what was read last, so that
    /// it can be read and no number is rung for it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let receiving = self.receiving.as_ref();
        let is_over = self.is_over || receiving.is_some_and(RecvStream::is_end_stream);
        self.inbox.is_empty() && is_over
    }

    /// Ends it: in order where the server has ended its side (RFC 8441 section 5.1), else by a
    /// reset.
    pub fn close(mut self) {
        if self.has_ended() {
            // Whether that arrives is no matter.
            let _ = self.sending.send_data(Bytes::new(), true);
        }
    }
}

/// Reads into the buffer what is in the inbox and what follows, until it is full or nothing is there.
///
/// # Errors
/// `WouldBlock` when nothing is there now; others are final, with an [`Http2Error`] within.
pub(super) fn fill(
    inbox: &mut Bytes,
    buffer: &mut [u8],
    mut next: impl FnMut() -> Poll<Option<Result<Bytes, Http2Error>>>,
) -> io::Result<usize> {
    let mut filled = 0;
    loop {
        let len = inbox.len().min(buffer.len() - filled);
        inbox.copy_to_slice(&mut buffer[filled..filled + len]);
        filled += len;
        if filled == buffer.len() {
            return Ok(filled);
        }
        match next() {
            Poll::Ready(Some(Ok(piece))) => *inbox = piece,
            Poll::Pending if filled == 0 => return Err(ErrorKind::WouldBlock.into()),
            Poll::Ready(Some(Err(error))) if filled == 0 => {
                return Err(io::Error::other(error));
            }
            // What came before the end or the failure is the caller's; either shows again.
            _ => return Ok(filled),
        }
    }
}

/// Hands over what the windows let through.
///
/// # Errors
/// `WouldBlock` when they let nothing through; whoever is rung for is so when they do. Others are
/// final, with an [`Http2Error`] within.
pub(super) fn push(
    sending: &mut SendStream<Bytes>,
    waker: &Waker,
    bytes: &[u8],
) -> io::Result<usize> {
    sending.reserve_capacity(bytes.len());
    let mut context = Context::from_waker(waker);
    while sending.capacity() == 0 {
        match sending.poll_capacity(&mut context) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(_)) | None) | Poll::Pending => {
                return Err(ErrorKind::WouldBlock.into());
            }
        }
    }
    let len = bytes.len().min(sending.capacity());
    let piece = Bytes::copy_from_slice(&bytes[..len]);
    match sending.send_data(piece, false) {
        Ok(()) => Ok(len),
        Err(error) => Err(io::Error::other(Http2Error::from(error))),
    }
}
