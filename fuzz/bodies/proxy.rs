//! Answers of proxies: whatever they say, and however reads cut it, the tunnel opens or does not, and
//! what is kept is bounded.

use wsbench_wire::proxy::{Destination, Login, Tunnel};

/// The password of the login.
const PASSWORD: &str = "secret";

/// The first octet is the kind of proxy and whether there is a login, the second how long a read is;
/// the proxy's words follow.
pub(crate) fn attempt(data: &[u8]) {
    let [how, piece, words @ ..] = data else {
        return;
    };
    // A proxy that says the password itself is quoted here, and redacted where the plan's secrets are known.
    let is_said = words
        .windows(PASSWORD.len())
        .any(|part| part == PASSWORD.as_bytes());
    let whole = opened(*how, words, words.len().max(1));
    let cut = opened(*how, words, usize::from(*piece % 31) + 1);
    for told in [&whole, &cut]
        .into_iter()
        .filter_map(|it| it.as_ref().err())
    {
        assert!(!told.is_empty());
        assert!(is_said || !told.contains(PASSWORD), "{told}");
    }
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
        password: PASSWORD.to_owned(),
    });
    let mut tunnel = match how & 2 {
        0 => Tunnel::http(&to, login.as_ref()),
        _ => Tunnel::socks(to, login),
    };
    for read in words.chunks(piece) {
        let pending = tunnel.pending().len();
        tunnel.wrote(pending);
        if let Err(error) = tunnel.on_bytes(read) {
            return Err(error.to_string());
        }
        if tunnel.is_open() {
            break;
        }
    }
    let pending = tunnel.pending().len();
    tunnel.wrote(pending);
    Ok(tunnel.is_open())
}
