//! Answers of the server, one to each message or several.

use wsbench_load::nanos::Nanos;
use wsbench_wire::connection::MessageKind;

use super::{Act, Conn, Life, Server, Work};
use crate::scenario::Streaming;

impl Server {
    /// Answers a request with items and an end.
    pub(super) fn stream(
        &mut self,
        now: Nanos,
        conn: Conn,
        kind: MessageKind,
        request: &[u8],
        orders: Streaming,
    ) {
        self.streams += 1;
        let is_whole = !orders
            .stops
            .is_some_and(|nth| self.streams.is_multiple_of(nth));
        let items = if is_whole {
            orders.items
        } else {
            orders.items / 2
        };
        let mut at = now;
        for number in 1..=items {
            self.send_part(at, conn, kind, &format!(r#""item":{number}"#), request);
            at += orders.each;
        }
        if is_whole {
            self.send_part(at, conn, kind, r#""end":true"#, request);
        }
    }

    /// Sends a request back with a member more, at that time.
    fn send_part(
        &mut self,
        at: Nanos,
        conn: Conn,
        kind: MessageKind,
        member: &str,
        request: &[u8],
    ) {
        let parts: [&[u8]; 4] = [b"{", member.as_bytes(), b",", &request[1..]];
        let part = Work {
            conn,
            kind,
            bytes: parts.concat(),
            fault: None,
            is_delivery: true,
        };
        self.acts.push(Act::Work(at, part));
    }

    /// The next connection that is open and upgraded, if there is another one.
    pub(super) fn another(&self, conn: Conn) -> Option<Conn> {
        let takes = |&other: &Conn| {
            self.peers[other]
                .as_ref()
                .is_some_and(|peer| peer.life == Life::Open && peer.wire.is_some() && !peer.closing)
        };
        (conn + 1..self.peers.len()).chain(0..conn).find(takes)
    }
}
