//! The page that Prometheus asks for: one thread, one request after the other.
//!
//! It answers `GET /metrics` and nothing else, over HTTP/1.1 with a close behind each answer. That is
//! so little that the standard library and the parser of heads that is here already do it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::metric::table;
use crate::prometheus;
use crate::snapshot::Snapshot;

/// The time that one who asks has for a request, and for taking the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a request's head, at most.
const MOST: usize = 8 << 10;

/// The newest snapshot, for whoever asks.
#[derive(Clone, Default)]
pub(crate) struct Newest(Arc<Mutex<Option<Arc<Snapshot>>>>);

impl Newest {
    /// Puts a newer one in its place.
    pub(crate) fn put(&self, snapshot: &Arc<Snapshot>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(snapshot));
    }

    fn get(&self) -> Option<Arc<Snapshot>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Begins to answer at an address, for as long as the process lives; gives the address, whose port
/// the system may have chosen.
///
/// # Errors
/// The system's: the address is taken, or is none of this machine.
pub(crate) fn serve(address: SocketAddr, newest: Newest) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let table = table();
        let page = || {
            let snapshot = newest.get();
            snapshot.map_or_else(String::new, |it| prometheus::text(&table, &it))
        };
        for stream in listener.incoming() {
            match stream {
                // One who goes away in the middle is no concern of ours.
                Ok(stream) => drop(answer(stream, page)),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, page: impl Fn() -> String) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let (status, body) = match request(&mut stream)? {
        Some((method, path)) if method == "GET" || method == "HEAD" => {
            match path.split('?').next() {
                Some("/metrics") => ("200 OK", page()),
                _ => ("404 Not Found", "look at /metrics\n".to_owned()),
            }
        }
        Some(_) => ("405 Method Not Allowed", String::new()),
        None => ("400 Bad Request", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        prometheus::CONTENT_TYPE,
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// The method and the path of a request; `None` of what is none, is too long or too slow.
fn request(stream: &mut TcpStream) -> io::Result<Option<(String, String)>> {
    let ends = Instant::now() + PATIENCE;
    let mut head = Vec::new();
    let mut piece = [0; 1 << 10];
    while head.len() < MOST {
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(None);
        }
        head.extend_from_slice(&piece[..read]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                let words = request.method.zip(request.path);
                return Ok(words.map(|(method, path)| (method.to_owned(), path.to_owned())));
            }
            Ok(httparse::Status::Partial) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: SocketAddr, words: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(words).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn only_the_page_is_answered_and_nothing_ends_the_thread() {
        let address = serve(([127, 0, 0, 1], 0).into(), Newest::default()).unwrap();
        for (words, status) in [
            (
                &b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"[..],
                "HTTP/1.1 200 OK",
            ),
            (b"GET /metrics?a=b HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"),
            (b"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
            (
                b"POST /metrics HTTP/1.1\r\n\r\n",
                "HTTP/1.1 405 Method Not Allowed",
            ),
            (
                b"\x16\x03\x01\x00 nonsense\r\n\r\n",
                "HTTP/1.1 400 Bad Request",
            ),
        ] {
            assert_eq!(asked(address, words), status);
        }
        let endless = vec![b'a'; MOST];
        assert_eq!(asked(address, &endless), "HTTP/1.1 400 Bad Request");
        assert_eq!(
            asked(address, b"GET /metrics HTTP/1.1\r\n\r\n"),
            "HTTP/1.1 200 OK"
        );
    }
}
