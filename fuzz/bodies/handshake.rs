//! Heads of requests and responses: what is read from the whole is read from what it consumed, and
//! offers of compression survive being written.

use wsbench_wire::deflate::{AgreedParameters, Offer, Wish};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, push_rejection, push_response_with, read_request};

/// The nonce of every handshake: what it is does not matter, and the corpus knows its accept key.
const NONCE: [u8; 16] = [7; 16];

/// A head.
pub(crate) fn attempt(data: &[u8]) {
    request(data);
    response(data);
    if let Ok(text) = str::from_utf8(data) {
        if let Ok(offer) = text.parse::<Offer>() {
            assert_eq!(offer.to_string().parse(), Ok(offer), "{text}");
            let terms = Wish::default().accept(&offer);
            assert_eq!(terms.check_against(&offer), Ok(()), "{text}");
        }
        if let Ok(terms) = text.parse::<AgreedParameters>() {
            assert_eq!(terms.to_string().parse(), Ok(terms), "{text}");
        }
    }
}

fn request(data: &[u8]) {
    match read_request(data) {
        Ok(Some(request)) => {
            assert!(request.consumed <= data.len());
            let again = read_request(&data[..request.consumed]);
            assert_eq!(again.as_ref(), Ok(&Some(request.clone())));
            let terms = request.compression(&Wish::default());
            let mut out = FrameBuffer::new();
            push_response_with(&mut out, &request, None, terms.as_ref());
            assert!(out.as_slice().ends_with(b"\r\n\r\n"));
        }
        Ok(None) => {}
        Err(error) => {
            let mut out = FrameBuffer::new();
            push_rejection(&mut out, error.rejection());
            assert!(!out.is_empty() && !error.to_string().is_empty());
        }
    }
}

fn response(data: &[u8]) {
    let subprotocols = ["chat".to_owned()];
    for handshake in [
        ClientHandshake::new(NONCE),
        ClientHandshake::new(NONCE).offering(Wish::default().offer()),
    ] {
        match handshake.read_response(data, &subprotocols) {
            Ok(Some(upgraded)) => {
                assert!(upgraded.consumed <= data.len());
                let again = handshake.read_response(&data[..upgraded.consumed], &subprotocols);
                assert_eq!(again.as_ref(), Ok(&Some(upgraded)));
            }
            Ok(None) => {}
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
