//! A proxy of the tests' own, on loopback.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::embedded::Embedded;

/// A proxy that speaks HTTP CONNECT or SOCKS 5, and notes what it was asked for.
pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What one of its connections is answered.
pub type Dialogue = fn(&mut TcpStream, &str) -> io::Result<String>;

impl Proxy {
    /// A proxy that leads every tunnel to `server`, whatever it is asked for.
    pub fn leading_to(server: &Embedded, dialogue: Dialogue, login: &'static str) -> Self {
        let port = server.port().parse().unwrap();
        Self::leading(move |_| port, dialogue, login)
    }

    /// A proxy that leads each tunnel to the port of this machine that `route` makes of what it is
    /// asked for, `HOST:PORT`.
    pub fn leading(
        route: impl Fn(&str) -> u16 + Copy + Send + 'static,
        dialogue: Dialogue,
        login: &'static str,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut near, notes) = (stream.unwrap(), notes.clone());
                thread::spawn(move || {
                    near.set_nodelay(true).unwrap();
                    let Ok(asked) = dialogue(&mut near, login) else {
                        return;
                    };
                    let port = route(&asked);
                    notes.lock().unwrap().push(asked);
                    let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    far.set_nodelay(true).unwrap();
                    let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                    thread::spawn(move || pass_on(from, to));
                    pass_on(far, near);
                });
            }
        });
        Self { address, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Reads a head, checks the credentials, and answers; returns what was asked for.
pub fn http(stream: &mut TcpStream, login: &str) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    if !login.is_empty() && !head.contains(&format!("Proxy-Authorization: Basic {login}\r\n")) {
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let asked = head.split(' ').nth(1).unwrap().to_owned();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    Ok(asked)
}

/// The dialogue of RFC 1928 and RFC 1929, a byte of each answer at a time.
pub fn socks(stream: &mut TcpStream, login: &str) -> io::Result<String> {
    fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        stream.read_exact(&mut bytes).map(|()| bytes)
    }
    let field = |stream: &mut TcpStream| -> io::Result<String> {
        let [len] = read(stream)?;
        let mut bytes = vec![0; len.into()];
        stream.read_exact(&mut bytes)?;
        Ok(String::from_utf8(bytes).unwrap())
    };
    let answer = |stream: &mut TcpStream, bytes: &[u8]| -> io::Result<()> {
        bytes.chunks(1).try_for_each(|byte| stream.write_all(byte))
    };
    let [5, methods] = read(stream)? else {
        panic!("not SOCKS 5");
    };
    let mut offered = vec![0; methods.into()];
    stream.read_exact(&mut offered)?;
    let wanted = if login.is_empty() { 0 } else { 2 };
    if !offered.contains(&wanted) {
        answer(stream, &[5, 0xff])?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    answer(stream, &[5, wanted])?;
    if wanted == 2 {
        let [1] = read(stream)? else {
            panic!("not RFC 1929")
        };
        let given = format!("{}:{}", field(stream)?, field(stream)?);
        let is_right = given == login;
        answer(stream, &[1, u8::from(!is_right)])?;
        if !is_right {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
    }
    let [5, 1, 0, kind] = read(stream)? else {
        panic!("not CONNECT");
    };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(stream)?).to_string(),
        3 => field(stream)?,
        _ => panic!("address of type {kind}"),
    };
    let port = u16::from_be_bytes(read(stream)?);
    answer(stream, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("{host}:{port}"))
}
