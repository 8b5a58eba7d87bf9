//! Answers of proxies: whatever they say, and however reads cut it, the tunnel opens or does not, and
//! what is kept is bounded.

use wsbench_wire::proxy::{Destination, Login, Tunnel};

/// The first octet is the kind of proxy and whether there is a login, the second how long a read is;
/// the proxy's words follow.
pub(crate) fn attempt(data: &[u8]) {
    let [how, piece, words @ ..] = data else {
        return;
    };
    let whole = opened(*how, words, words.len().max(1));
    let cut = opened(*how, words, usize::from(*piece % 31) + 1);
    // Words behind the opening are an error only where they come with it.
    if whole.is_ok() {
        assert_eq!(whole, cut, "reads of {} octets", piece % 31 + 1);
    }
}

/// True if the tunnel is open behind these words; in words, why it is not.
fn opened(how: u8, words: &[u8], piece: usize) -> Result<bool, String> {
    let to = Destination::Name {
        host: "example.com".to_owned(),
        port: 80,
    };
    let login = (how & 1 != 0).then(|| Login {
        user: "user".to_owned(),
        password: "secret".to_owned(),
    });
    let mut tunnel = match how & 2 {
        0 => Tunnel::http(&to, login.as_ref()),
        _ => Tunnel::socks(to, login),
    };
    for read in words.chunks(piece) {
        let pending = tunnel.pending().len();
        tunnel.wrote(pending);
        if let Err(error) = tunnel.on_bytes(read) {
            let words = error.to_string();
            assert!(!words.is_empty() && !words.contains("secret"));
            return Err(words);
        }
        if tunnel.is_open() {
            break;
        }
    }
    let pending = tunnel.pending().len();
    tunnel.wrote(pending);
    Ok(tunnel.is_open())
}
