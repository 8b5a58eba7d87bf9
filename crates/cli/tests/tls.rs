//! Servers behind TLS: what is measured of them, and what is wrong with their certificates by name.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::running::embedded::Embedded;
use crate::running::{Process, Run, measured, wsbench};
use rcgen::{CertificateParams, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a certificate, its key, and a server that shows them.
struct Shown {
    directory: TempDir,
    server: Embedded,
}

impl Shown {
    /// A server whose certificate is for `name`, changed as `change` says.
    fn new(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut parameters);
        let certificate = parameters.self_signed(&key).unwrap();
        let place = |file: &str| directory.path().join(file);
        fs::write(place("cert.pem"), certificate.pem()).unwrap();
        fs::write(place("key.pem"), key.serialize_pem()).unwrap();
        let (cert, key) = (place("cert.pem"), place("key.pem"));
        let server = Embedded::start(&["--cert", text(&cert), "--key", text(&key)]);
        Self { directory, server }
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    /// A short run that trusts the certificate, with these flags.
    fn measured(&self, flags: &[&str]) -> Run {
        let certificate = self.certificate();
        let words = ["-n", "200", "--cacert", text(&certificate)];
        let connections: &[&str] = if flags.contains(&"-c") {
            &[]
        } else {
            &["-c", "4"]
        };
        measured(&[&words, connections, flags, &[self.server.url.as_str()]].concat())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What was agreed upon, of all connections the same.
fn agreed(run: &Run) -> String {
    let agreed = run.document["tls_agreed"].as_object().unwrap();
    assert_eq!(agreed.len(), 1, "{agreed:?}");
    agreed.keys().next().unwrap().clone()
}

#[test]
fn a_server_that_is_trusted_is_measured_as_a_plain_one_is() {
    let shown = Shown::new("127.0.0.1", |_| {});
    assert!(shown.server.url.starts_with("wss://"));
    let run = shown.measured(&[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 200);
    let handshake = &run.document["handshake_ns"];
    assert_eq!(handshake["tls"]["count"], 4, "{handshake}");
    assert!(handshake["tls"]["max"].as_u64().unwrap() > 0);
    assert!(agreed(&run).starts_with("TLS 1.3, "));
    assert_eq!(run.document["close_codes"]["1000"], 4);
}

#[test]
fn large_messages_and_clients_that_are_replaced_go_through_tls() {
    let shown = Shown::new("127.0.0.1", |_| {});
    let run = shown.measured(&["-s", "200k", "-p", "4"]);
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 200),
        "{}",
        run.story()
    );
    let certificate = shown.certificate();
    let words = ["--clients", "20", "-c", "4", "--cacert", text(&certificate)];
    let run = measured(&[&words[..], &[shown.server.url.as_str()]].concat());
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 100),
        "{}",
        run.story()
    );
    assert_eq!(run.document["handshake_ns"]["tls"]["count"], 20);
}

#[test]
fn the_version_is_the_one_asked_for_and_sessions_are_resumed_on_request() {
    let shown = Shown::new("127.0.0.1", |_| {});
    let run = shown.measured(&["--tls", "1.2"]);
    assert!(agreed(&run).starts_with("TLS 1.2, "), "{}", run.story());
    let certificate = shown.certificate();
    let words = ["--clients", "20", "-c", "1", "--tls-resume", "--cacert"];
    let url = shown.server.url.as_str();
    let run = measured(&[&words[..], &[text(&certificate), url]].concat());
    let agreed = run.document["tls_agreed"].as_object().unwrap();
    let resumed = agreed.iter().find(|(name, _)| name.ends_with("resumed"));
    assert!(
        resumed.is_some_and(|(_, count)| count.as_u64() >= Some(10)),
        "{agreed:?}"
    );
}

#[test]
fn each_fault_of_a_certificate_has_a_name_and_an_end() {
    let good = Shown::new("127.0.0.1", |_| {});
    let untrusted = measured(&["-n", "10", "-c", "2", &good.server.url]);
    let expired = Shown::new("127.0.0.1", |parameters| {
        parameters.not_before = date_time_ymd(2019, 1, 1);
        parameters.not_after = date_time_ymd(2020, 1, 1);
    });
    let elsewhere = Shown::new("elsewhere.example", |_| {});
    for (kind, run) in [
        ("tls_untrusted", untrusted),
        ("tls_expired", expired.measured(&[])),
        ("tls_wrong_host", elsewhere.measured(&[])),
    ] {
        assert_eq!(run.exit, 1, "{kind}: {}", run.story());
        assert!(run.errors("tls", kind) > 0, "{kind}: {}", run.story());
        assert_eq!(run.document["handshake_ns"].get("tls"), None, "no samples");
    }
    for shown in [&expired, &elsewhere] {
        let run = measured(&["-k", "-n", "10", "-c", "2", &shown.server.url]);
        assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
    }
    let run = elsewhere.measured(&["--server-name", "elsewhere.example"]);
    assert_eq!(run.exit, 0, "the name asked for: {}", run.story());
}

#[test]
fn a_plain_server_on_wss_and_tls_on_ws_are_told_apart() {
    let plain = Embedded::start(&[]);
    let run = measured(&[
        "-k",
        "-n",
        "10",
        "-c",
        "2",
        &plain.url.replace("ws:", "wss:"),
    ]);
    assert_eq!(run.exit, 1);
    let told = run.errors("tls", "tls_plain_server") + run.errors("tls", "tls_cut");
    assert!(told > 0, "{}", run.story());
    let secure = Shown::new("127.0.0.1", |_| {});
    let run = measured(&[
        "-n",
        "10",
        "-c",
        "2",
        &secure.server.url.replace("wss:", "ws:"),
    ]);
    assert_eq!(run.exit, 1);
    assert!(
        run.example("handshake", "garbage").contains("wss://"),
        "{}",
        run.story()
    );
    assert_eq!(run.document["audit"]["verdict"], Value::from("invalid"));
}

#[test]
fn nobody_there_is_refused_at_once_as_without_tls() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("wss://{}/", listener.local_addr().unwrap())
    };
    let run = measured(&["-k", "-n", "10", "-c", "2", &url]);
    assert_eq!(run.exit, 1);
    assert!(run.errors("connect", "refused") >= 2, "{}", run.story());
    assert_eq!(run.errors("connect", "timed_out"), 0, "{}", run.story());
}

/// An authority with a certificate of a server and one of a client, as files.
struct Authority {
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = parameters.self_signed(&key).unwrap();
        fs::write(directory.path().join("ca.pem"), own.pem()).unwrap();
        let issuer = Issuer::new(parameters, key);
        let authority = Self { directory };
        for name in ["127.0.0.1", "client"] {
            let key = KeyPair::generate().unwrap();
            let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = parameters.signed_by(&key, &issuer).unwrap();
            fs::write(authority.file(name, "pem"), certificate.pem()).unwrap();
            fs::write(authority.file(name, "key"), key.serialize_pem()).unwrap();
        }
        authority
    }

    fn file(&self, name: &str, kind: &str) -> String {
        let path = self.directory.path().join(format!("{name}.{kind}"));
        text(&path).to_owned()
    }

    /// A server that wants a certificate of this authority from each client, and behind TLS passes
    /// everything on to the plain server at `behind`.
    fn demanding_server(&self, behind: String) -> String {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.file("ca", "pem")).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let chain = vec![CertificateDer::from_pem_file(self.file("127.0.0.1", "pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.file("127.0.0.1", "key")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("wss://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, behind) = (config.clone(), behind.clone());
                thread::spawn(move || pass_on(stream.unwrap(), config, &behind));
            }
        });
        url
    }
}

/// Takes turns of a closed loop with one message in flight: what the client says is passed on, then
/// what the server says.
fn pass_on(stream: std::net::TcpStream, config: Arc<ServerConfig>, behind: &str) {
    let mut near = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut far = std::net::TcpStream::connect(behind).unwrap();
    let mut buffer = [0; 4096];
    loop {
        let Ok(len @ 1..) = near.read(&mut buffer) else {
            // What is left unread would reset the connection, and the alert would be lost.
            let _ = near.sock.set_read_timeout(Some(Duration::from_secs(2)));
            while matches!(near.sock.read(&mut buffer), Ok(1..)) {}
            return;
        };
        far.write_all(&buffer[..len]).unwrap();
        let Ok(len @ 1..) = far.read(&mut buffer) else {
            return;
        };
        let is_close = buffer[0] == 0x88;
        if near.write_all(&buffer[..len]).is_err() || is_close {
            return;
        }
    }
}

#[test]
fn a_server_that_wants_to_know_its_clients_is_shown_a_certificate() {
    let authority = Authority::new();
    let plain = Embedded::start(&[]);
    let url = authority.demanding_server(plain.authority().to_owned());
    let ca = authority.file("ca", "pem");
    let words = ["-n", "50", "-c", "2", "--cacert", &ca];
    let (cert, key) = (
        authority.file("client", "pem"),
        authority.file("client", "key"),
    );
    for version in ["1.2", "1.3"] {
        let shown = ["--cert", &cert, "--key", &key, "--tls", version];
        let run = measured(&[&words[..], &shown, &[url.as_str()]].concat());
        assert_eq!((run.exit, run.sent("answered")), (0, 50), "{}", run.story());
    }
    // Without one, and with one that another authority has made.
    let stranger = Authority::new();
    let (other, other_key) = (
        stranger.file("client", "pem"),
        stranger.file("client", "key"),
    );
    for shown in [&[][..], &["--cert", &other, "--key", &other_key]] {
        let run = measured(&[&words[..], shown, &[url.as_str()]].concat());
        assert_eq!(run.exit, 1, "{}", run.story());
        assert_eq!(run.connections("upgraded"), 0);
        let errors = run.document["errors"].as_array().unwrap();
        let told = |error: &Value| error["kind"].as_str().unwrap().starts_with("tls_");
        assert!(errors.iter().any(told), "{}", run.story());
    }
}

#[test]
fn the_gate_examines_a_server_over_tls() {
    let shown = Shown::new("127.0.0.1", |_| {});
    let certificate = shown.certificate();
    let check = [
        "check",
        "--format",
        "json",
        "--cacert",
        text(&certificate),
        &shown.server.url,
    ];
    let checked = Process::start(&mut wsbench(&check)).ended();
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}{}",
        checked.stdout,
        checked.stderr
    );
    let document: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(document["url"], shown.server.url);
    assert!(
        document["counts"]["ok"].as_u64().unwrap() > 20,
        "{}",
        checked.stdout
    );
    assert_eq!(document["counts"]["failed"], 0, "{}", checked.stdout);
    let run = shown.measured(&["--gate"]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert!(run.document["conformance"].is_object());
    // A server with a fault does not pass because it is encrypted, nor one that is not trusted.
    let (cert, key) = (certificate, shown.directory.path().join("key.pem"));
    let faulty = Embedded::start(&[
        "--cert",
        text(&cert),
        "--key",
        text(&key),
        "--misbehave",
        "masked",
    ]);
    let check = ["check", "--cacert", text(&cert), &faulty.url];
    let checked = Process::start(&mut wsbench(&check)).ended();
    assert_eq!(checked.status.code(), Some(4), "{}", checked.stdout);
    let untrusted = Process::start(&mut wsbench(&["check", &shown.server.url])).ended();
    assert_eq!(untrusted.status.code(), Some(4), "{}", untrusted.stdout);
    assert!(
        untrusted.stdout.contains("no connection"),
        "{}",
        untrusted.stdout
    );
}

#[test]
fn the_floor_of_an_encrypted_run_is_encrypted() {
    let shown = Shown::new("127.0.0.1", |_| {});
    // Long enough for the floor to be measured before it.
    let certificate = shown.certificate();
    let words = ["-n", "1000", "-c", "1", "--cacert", text(&certificate)];
    let run = measured(&[&words[..], &[&shown.server.url]].concat());
    assert!(
        run.document["floor_ns"]["p50"].as_u64() > Some(0),
        "{}",
        run.story()
    );
    let certificate = shown.certificate();
    let words = [
        "-v",
        "-n",
        "1000",
        "-c",
        "1",
        "--cacert",
        text(&certificate),
        &shown.server.url,
    ];
    let told = Process::start(&mut wsbench(&words)).ended();
    let one_line = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        one_line.contains("embedded server over TLS, same payload"),
        "{}",
        told.stdout
    );
}

/// What `openssl req -x509` makes: a certificate that says of itself that it is an authority; and one
/// of an authority that is not given. Both are trusted by those who name them, for their names alone.
#[test]
fn a_servers_own_certificate_is_trusted_by_those_who_name_it() {
    use rcgen::{BasicConstraints, IsCa};

    let made = |is_ca: bool, issuer: Option<&Issuer<'_, KeyPair>>| {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        if is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = match issuer {
            Some(issuer) => parameters.signed_by(&key, issuer).unwrap(),
            None => parameters.self_signed(&key).unwrap(),
        };
        (certificate.pem(), key.serialize_pem())
    };
    let mut of_authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = Issuer::new(of_authority, KeyPair::generate().unwrap());
    for (what, (certificate, key)) in [
        ("self-signed", made(true, None)),
        ("of an authority", made(false, Some(&authority))),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let written = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (cert, key) = (written("cert.pem", &certificate), written("key.pem", &key));
        let server = Embedded::start(&["--cert", &cert, "--key", &key]);
        let run = |more: &[&str]| measured(&[&["-n", "20", "-c", "2", &server.url], more].concat());
        let named = run(&["--cacert", &cert]);
        assert_eq!(
            (named.exit, named.sent("answered")),
            (0, 20),
            "{what}: {}",
            named.story()
        );
        let other = run(&["--cacert", &cert, "--server-name", "elsewhere.example"]);
        assert_eq!(
            other.errors("tls", "tls_wrong_host"),
            2,
            "{what}: {}",
            other.story()
        );
        let (stranger, _) = made(true, None);
        let stranger = written("stranger.pem", &stranger);
        let stranger = run(&["--cacert", &stranger]);
        assert_eq!(stranger.exit, 1, "{what}: {}", stranger.story());
    }
}

/// A certificate that is refused is refused for good: each place asks once, however many clients are
/// to come and however long the run may last.
#[test]
fn a_certificate_that_is_refused_is_not_asked_for_again() {
    let expired = Shown::new("127.0.0.1", |parameters| {
        parameters.not_before = date_time_ymd(2019, 1, 1);
        parameters.not_after = date_time_ymd(2020, 1, 1);
    });
    for amount in [&["--clients", "100k"][..], &["-d", "30s"]] {
        let url = &[expired.server.url.as_str()];
        let run = measured(&[amount, &["-c", "8", "--connect-rate", "20"], url].concat());
        assert_eq!(run.exit, 1, "{}", run.story());
        assert_eq!(run.document["ended"], "nothing_connected");
        assert_eq!(run.errors("tls", "tls_expired"), 8, "{}", run.story());
    }
}

/// A server of Python's and OpenSSL's, with certificates as OpenSSL makes them: its first line is its
/// port. Its arguments are certificate, key, and what else there is to it.
const OTHER: &str = r#"
import base64, hashlib, socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.set_ciphers("ALL:@SECLEVEL=0")
context.load_cert_chain(sys.argv[1], sys.argv[2])
if "old" in sys.argv:
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
if "weak" in sys.argv:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA")
if "nobody" in sys.argv:
    def unknown(*_):
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    context.sni_callback = unknown
def serve(peer):
    try:
        peer = context.wrap_socket(peer, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.recv(4096)
        key = [l.split(b":", 1)[1].strip() for l in head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key")][0]
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while True:
            frame = peer.recv(4096)
            if not frame:
                return
            length, mask = frame[1] & 127, frame[2:6]
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(frame[6:6 + length]))
            peer.sendall(bytes([frame[0], length]) + payload)
    except (OSError, IndexError):
        pass
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"#;

/// A server of another library, ended when it is dropped.
struct Other {
    child: std::process::Child,
    url: String,
}

impl Other {
    fn start(directory: &Path, certificate: &str, what: &[&str]) -> Self {
        fs::write(directory.join("other.py"), OTHER).unwrap();
        let key = format!("{certificate}.key");
        let mut child = std::process::Command::new("python3")
            .args(["other.py", &format!("{certificate}.pem"), &key])
            .args(what)
            .current_dir(directory)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        let url = format!("wss://127.0.0.1:{}/", line.trim());
        Self { child, url }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes certificates with the `openssl` program: of an authority one in X.509 version 1, and one of an
/// intermediate that is not shown with it.
fn openssl_certificates(directory: &Path) {
    let script = "set -e
        exec 2>/dev/null
        printf 'subjectAltName=IP:127.0.0.1\\n' >san; printf 'basicConstraints=CA:TRUE\\n' >ca.ext
        new() { openssl req -newkey rsa:2048 -nodes -subj /CN=$1 -keyout $1.key -out $1.csr; }
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=test-ca -keyout ca.key -out ca.pem
        new v1; openssl x509 -req -in v1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out v1.pem
        new int; openssl x509 -req -in int.csr -CA ca.pem -CAkey ca.key -days 30 -extfile ca.ext -out int.pem
        new leaf; openssl x509 -req -in leaf.csr -CA int.pem -CAkey int.key -CAcreateserial -days 30 -extfile san -out leaf.pem
        new direct; openssl x509 -req -in direct.csr -CA ca.pem -CAkey ca.key -days 30 -extfile san -out direct.pem";
    let made = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(directory)
        .status();
    assert!(made.unwrap().success(), "openssl has to be there");
}

/// Keys and certificates in other forms than PEM are named, with what makes PEM of them.
#[test]
fn keys_in_other_forms_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    let script = "set -e
        exec 2>/dev/null
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=c -keyout c.key -out c.pem
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=d -keyout d.key -out d.pem
        openssl pkcs8 -topk8 -in c.key -passout pass:secret -out enc.key
        openssl pkcs12 -export -in c.pem -inkey c.key -passout pass:secret -out c.p12
        openssl x509 -in c.pem -outform der -out c.der";
    let made = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(place)
        .status();
    assert!(made.unwrap().success(), "openssl has to be there");
    for (flags, words) in [
        (
            &["--cert", "c.pem", "--key", "enc.key"][..],
            "openssl pkey -in",
        ),
        (&["--cert", "c.p12", "--key", "c.key"], "PKCS #12"),
        (
            &["--cert", "c.der", "--key", "c.key"],
            "openssl x509 -inform der",
        ),
        (&["--cacert", "c.der"], "openssl x509 -inform der"),
        (&["--cacert", "c.p12"], "PKCS #12"),
        (
            &["--cert", "c.pem", "--key", "d.key"],
            "make no client certificate: the key is not that of the certificate",
        ),
        (&["--cert", "c.pem", "--key", "none.key"], "none.key"),
    ] {
        let words_of = [&["-n", "1"], flags, &["wss://127.0.0.1:1/"]].concat();
        let ended = Process::start(wsbench(&words_of).current_dir(place)).ended();
        let said = ended.stderr.replace('\n', " ");
        assert_ne!(ended.status.code(), Some(0), "{said}");
        assert!(said.contains(words), "{flags:?}: {said}");
    }
}

#[test]
fn what_openssl_makes_is_taken_or_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    openssl_certificates(place);
    let ca = place.join("ca.pem");
    let trusting = ["--cacert", text(&ca)];
    let run = |server: &Other, flags: &[&str]| {
        let words = ["-n", "20", "-c", "2"];
        measured(&[&words[..], flags, &[server.url.as_str()]].concat())
    };
    // `-k` takes any, what the library cannot read included.
    let version_1 = Other::start(place, "v1", &[]);
    for version in ["1.2", "1.3"] {
        let taken = run(&version_1, &["-k", "--tls", version]);
        assert_eq!(
            (taken.exit, taken.sent("answered")),
            (0, 20),
            "{}",
            taken.story()
        );
    }
    let direct = Other::start(place, "direct", &[]);
    assert_eq!(run(&direct, &trusting).exit, 0);
    let told = |server: &Other, flags: &[&str], words: &[&str]| {
        let run = run(server, flags);
        assert_eq!(run.exit, 1, "{}", run.story());
        let example = run.document["errors"][0]["example"].as_str().unwrap();
        for word in words {
            assert!(example.contains(word), "{word}: {example}");
        }
        assert!(
            !example.contains("Error(") && !example.contains('{'),
            "{example}"
        );
    };
    told(&version_1, &trusting, &["version 1", "-k"]);
    let without_intermediate = Other::start(place, "leaf", &[]);
    told(
        &without_intermediate,
        &trusting,
        &[
            "'CN=leaf' was issued by 'CN=int'",
            "intermediate",
            "--cacert",
            "-k",
        ],
    );
    let self_signed = Other::start(place, "ca", &[]);
    told(
        &self_signed,
        &["--cacert", text(&place.join("int.pem"))],
        &["self-signed", "--cacert"],
    );
    // The whole of it in words, with the flag that helps, of a name that the server does not have.
    let unknown = Other::start(place, "direct", &["nobody"]);
    let by_name = unknown.url.replace("127.0.0.1", "localhost");
    let run_by_name = measured(&[&["-n", "20", "-c", "2"][..], &trusting, &[&by_name]].concat());
    let example = run_by_name.document["errors"][0]["example"]
        .as_str()
        .unwrap();
    let words =
        "the server refused: it does not know the host's name; --server-name asks for another";
    assert!(example.contains(words), "{example}");
    told(
        &Other::start(place, "direct", &["old"]),
        &trusting,
        &["1.2"],
    );
    told(
        &Other::start(place, "direct", &["weak"]),
        &trusting,
        &["cipher"],
    );
}
