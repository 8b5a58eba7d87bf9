//! Buses that are told from others by TLS, and that let in whom they know: a server with a certificate of our
//! own authority, and users by password and by credentials as `nsc` writes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fleet::{Bus, Fleet, command};
use crate::{by_agents, load, number};

/// An authority for certificates, and a configuration for a server with one of them.
struct Secured {
    folder: TempDir,
}

impl Secured {
    /// With `more` in the configuration.
    fn new(more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let place = |name: &str| folder.path().join(name);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(place("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let of_server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let issuer = Issuer::new(ca, ca_key);
        let certificate = of_server.signed_by(&key, &issuer).unwrap();
        fs::write(place("cert.pem"), certificate.pem()).unwrap();
        fs::write(place("key.pem"), key.serialize_pem()).unwrap();
        let configuration = format!(
            "tls {{ cert_file: {:?}, key_file: {:?} }}\n{more}\n",
            place("cert.pem"),
            place("key.pem")
        );
        fs::write(place("nats.conf"), configuration).unwrap();
        Self { folder }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn bus(&self) -> Bus {
        Bus::secured(&self.place("nats.conf"))
    }

    fn ca(&self) -> [String; 2] {
        [
            "--bus-ca".to_owned(),
            self.place("ca.pem").display().to_string(),
        ]
    }
}

/// What an agent says that comes to a bus with these flags and is not let in.
fn refused(url: &str, flags: &[String]) -> String {
    let mut agent = command(&["agent", "--name", "a", "--bus", url]);
    let output = agent.args(flags).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// A run over a bus, whose books add up.
fn measures(bus: Bus) {
    let fleet = Fleet::over(bus, &["a1", "a2"], &[]);
    let (document, said) = fleet.measured(2, &load(2));
    assert_eq!(document["agents"].as_array().unwrap().len(), 2, "{said}");
    let answered = number(&document, "/messages/answered");
    assert!(
        answered > 300 && answered == by_agents(&document),
        "{answered}"
    );
}

#[test]
#[ignore = "needs nats-server"]
fn a_bus_with_tls_and_a_password_is_used_and_others_are_told_why_not() {
    let secured = Secured::new("authorization { user: fleet, password: right }");
    let bus = secured.bus();
    let (url, ca) = (bus.url(), secured.ca());
    let with_login = |login: &str| url.replace("://", &format!("://{login}@"));

    // Of another authority, of none, and of the right one that knows another password.
    let other = Secured::new("");
    let untrusted = refused(&with_login("fleet:right"), &other.ca());
    assert!(untrusted.contains("is not trusted: "), "{untrusted}");
    let unknown = refused(&with_login("fleet:right"), &[]);
    assert!(unknown.contains("is not trusted: "), "{unknown}");
    let wrong = refused(&with_login("fleet:wrong"), &ca);
    assert!(wrong.contains("refuses us"), "{wrong}");
    let nobody = refused(&url, &ca);
    assert!(nobody.contains("refuses us"), "{nobody}");
    for said in [untrusted, unknown, wrong, nobody] {
        assert!(
            !said.contains(":right@") && !said.contains(":wrong@"),
            "{said}"
        );
    }
    drop(bus);
    measures(secured.bus().let_in_by(&ca).with_url_login("fleet:right"));
}

/// A token that an authority has signed.
fn token(issuer: &KeyPair, subject: &KeyPair, name: &str, claims: &Value) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let body = json!({
        "jti": name,
        "iat": now.unwrap().as_secs(),
        "iss": issuer.public_key(),
        "sub": subject.public_key(),
        "name": name,
        "nats": claims,
    });
    let head = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let [head, body] = [head, body].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
    let signed = format!("{head}.{body}");
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The account of fleets, and what its operator tells a server.
struct Operator {
    account: KeyPair,
    configuration: String,
}

impl Operator {
    fn new() -> Self {
        let operator = KeyPair::new_operator();
        let (account, system) = (KeyPair::new_account(), KeyPair::new_account());
        let unlimited = json!({
            "subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1,
            "wildcards": true, "mem_storage": -1, "disk_storage": -1,
        });
        let of_account = json!({"limits": unlimited, "type": "account", "version": 2});
        let no_streams = json!({
            "limits": {"subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1,
                       "payload": -1, "wildcards": true},
            "type": "account", "version": 2,
        });
        let of_operator = json!({
            "system_account": system.public_key(), "type": "operator", "version": 2,
        });
        let configuration = format!(
            "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{\n  {}: {}\n  {}: {}\n}}",
            token(&operator, &operator, "operator", &of_operator),
            system.public_key(),
            account.public_key(),
            token(&operator, &account, "fleets", &of_account),
            system.public_key(),
            token(&operator, &system, "system", &no_streams),
        );
        Self {
            account,
            configuration,
        }
    }

    /// The file of a user with the rights that the page of fleets names.
    fn user(account: &KeyPair, place: &Path) -> [String; 2] {
        let user = KeyPair::new_user();
        let rights = [
            "wsb.default.>",
            "$JS.API.>",
            "$KV.wsb_lease_default.>",
            "_INBOX.>",
        ];
        let claims = json!({
            "pub": {"allow": rights}, "sub": {"allow": rights},
            "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2,
        });
        let token = token(account, &user, "agent", &claims);
        let seed = user.seed().unwrap();
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        fs::write(place, text).unwrap();
        ["--creds".to_owned(), place.display().to_string()]
    }
}

#[test]
#[ignore = "needs nats-server"]
fn a_user_with_the_rights_of_the_page_runs_a_fleet_and_a_stranger_does_not() {
    let operator = Operator::new();
    let secured = Secured::new(&operator.configuration);
    let ca = secured.ca();
    let known = Operator::user(&operator.account, &secured.place("known.creds"));
    let stranger = Operator::user(&KeyPair::new_account(), &secured.place("stranger.creds"));
    let bus = secured.bus();
    let said = refused(&bus.url(), &[&stranger[..], &ca[..]].concat());
    assert!(said.contains("refuses us"), "{said}");
    let said = refused(&bus.url(), &ca);
    assert!(said.contains("refuses us"), "{said}");
    let broken = secured.place("broken.creds");
    fs::write(&broken, "no credentials").unwrap();
    let flags = ["--creds".to_owned(), broken.display().to_string()];
    let said = refused(&bus.url(), &[&flags[..], &ca[..]].concat());
    assert!(said.contains("broken.creds cannot be used"), "{said}");
    drop(bus);
    measures(secured.bus().let_in_by(&[&known[..], &ca[..]].concat()));
}
