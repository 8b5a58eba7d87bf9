//! Transcripts of clients that speak in binary messages.

use wsbench_load::template::from_hex;

use super::*;

/// One connection of MQTT: its packets in digits, with texts in quotation marks.
fn mqtt(said: &[(u64, &str)]) -> Conversation {
    let octets = |packet: &str| -> Vec<u8> {
        let parts = packet.split('"').enumerate();
        let parts = parts.map(|(number, part)| match number % 2 {
            0 => from_hex(part).unwrap(),
            _ => part.replace('\'', "\"").into_bytes(),
        });
        parts.flatten().collect()
    };
    let mut talk = in_binary(talk("/mqtt", said));
    for (said, (_, packet)) in talk.said.iter_mut().zip(said) {
        said.content = octets(&packet[1..]);
    }
    talk.subprotocols = vec!["mqtt".to_owned()];
    talk
}

fn in_binary(mut talk: Conversation) -> Conversation {
    for said in &mut talk.said {
        said.kind = MessageKind::Binary;
    }
    talk
}

/// A client of a broker, on a topic of three letters: these are its first words and those of its messages.
fn on_topic(
    at: u64,
    topic: &str,
    connect: &str,
    publish: &str,
    more: &[(u64, &str)],
) -> Conversation {
    let mut said = vec![
        (at, connect.to_owned()),
        (at + 1, "<20020000".to_owned()),
        (at + 2, format!(">82 08 0001 0003 \"{topic}\" 01")),
        (at + 3, "<90 03 0001 01".to_owned()),
    ];
    for number in 1..4_u64 {
        let at = at + 500 + 100 * number;
        let text = format!("words {number} {topic}");
        let id = match publish {
            "30" => String::new(),
            _ => format!("00{number:02x}"),
        };
        let length = 16 + id.len() / 2;
        said.push((
            at,
            format!(">{publish} {length:02x} 0003 \"{topic}\" {id} \"{text}\""),
        ));
        said.push((
            at + 1,
            format!("<32 12 0003 \"{topic}\" 00{number:02x} \"{text}\""),
        ));
        said.push((at + 2, format!(">40 02 00{number:02x}")));
        if publish == "32" {
            said.push((at + 3, format!("<40 02 00{number:02x}")));
        }
    }
    said.extend(more.iter().map(|(at, text)| (*at, (*text).to_owned())));
    said.push((at + 5_000, ">e000".to_owned()));
    let said: Vec<_> = said.iter().map(|(at, text)| (*at, text.as_str())).collect();
    mqtt(&said)
}

const CONNECT: &str = ">10 11 0004 \"MQTT\" 04 02 003c 0005 \"ab-17\"";

#[test]
fn topics_of_mqtt_at_quality_of_service_1() {
    let text = written(vec![
        on_topic(0, "red", CONNECT, "32", &[]),
        on_topic(9, "sky", CONNECT, "32", &[]),
    ]);
    let table = read(&text);
    assert_eq!(value(&table, "unit"), "mqtt");
    assert_eq!(value(&table, "subprotocol"), "mqtt");
    assert_eq!(value(&table, "rooms"), "{names: [red; sky]}");
    assert_eq!(
        value(&table, "login"),
        "[{binary: 10 {var: {u16: \"MQTT\"} 04 02 003c {u16: \"ab-{run}-{conn}\"}}, expect: {hex: 20020000}}; \
         {binary: 82 {var: 0001 {u16: \"{room}\"} 00}, expect: {hex: 9003000100}}]"
    );
    // Half of the time that the client promises to be heard within.
    assert_eq!(
        value(&table, "every"),
        "[{binary: c000, expect: {hex: d000}, period: 30s}]"
    );
    assert_eq!(value(&table, "reply"), "[{on: {hex_prefix: 40}}]");
    let clients = clients(&table, 0);
    assert_eq!(value(clients, "roles"), "[publish; subscribe]");
    assert_eq!(
        value(clients, "message_binary"),
        "32 {var: {u16: \"{room}\"} 0001 \"{tag}{fill}\"}"
    );
    assert!(
        text.contains("Subscribed at quality of service 0"),
        "{text}"
    );
    assert!(
        !text.contains("is not known") && !text.contains("Left out"),
        "{text}"
    );
    assert!(spec(&text).check().is_ok());
}

#[test]
fn a_client_of_mqtt_that_hears_itself_alone_is_no_echo() {
    let text = written(vec![on_topic(
        0,
        "red",
        CONNECT,
        "30",
        &[(3_000, ">c000"), (3_001, "<d000")],
    )]);
    let table = read(&text);
    assert_eq!(value(clients(&table, 0), "roles"), "[publish; subscribe]");
    assert_eq!(
        value(&table, "every"),
        "[{binary: c000, expect: {hex: d000}, period: 3s}]"
    );
    assert!(table.get("reply").is_none(), "{text}");
}

/// However short they are, and wherever they stand.
#[test]
fn no_credential_of_mqtt_is_left() {
    let named = ">10 1b 0004 \"MQTT\" 04 c2 003c 0005 \"ab-17\" 0003 \"ann\" 0003 \"xq1\"";
    let token = ">10 17 0004 \"MQTT\" 04 82 003c 0005 \"ab-18\" 0004 \"xq2!\"";
    let will = ">10 21 0004 \"MQTT\" 04 06 003c 0005 \"ab-19\" 0001 \"w\" 000b \"{'pin':'x'}\"";
    let retained = ">31 15 0001 \"s\" \"{'passcode':'xq4'}\"";
    let quoted = ">31 1e 0001 \"s\" \"{'password':'xq5\\'planted'}\"";
    let text = written(vec![
        on_topic(0, "red", named, "30", &[(400, retained)]),
        on_topic(9, "sky", token, "30", &[(400, quoted)]),
        on_topic(9, "dim", will, "30", &[]),
    ]);
    assert!(!text.contains("Left out"), "{text}");
    for secret in ["xq1", "xq2", "xq4", "xq5", "planted", "'x'", "\\\"x\\\""] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("\\\"passcode\\\":"), "{text}");
    for (connect, variables) in [
        (named, "{u16: \"ann\"} {u16: \"{env:PASSWORD}\"}"),
        (token, "{u16: \"{env:TOKEN}\"}"),
        (will, "{u16: \"{\\\"pin\\\":\\\"{env:PIN}\\\"}\"}"),
    ] {
        let text = written(vec![on_topic(0, "red", connect, "30", &[])]);
        assert!(text.contains(variables), "{variables} in {text}");
    }
}

/// A value of JSON that serde would not read, in a property that is a credential: one within the other.
#[test]
fn credentials_within_each_other_are_withheld_in_comments() {
    let connect = ">10 12 0004 \"MQTT\" 05 02 003c 00 0005 \"ab-17\"";
    let retained = ">31 1f 0001 \"s\" 16 26 0005 \"token\" 000c \"{'token':0\" 31 7d \"hello\"";
    let said = [
        (0, connect),
        (1, "<20 03 000000"),
        (2, ">30 06 0001 \"a\" 00 \"ab\""),
        (3, ">30 06 0001 \"a\" 00 \"cd\""),
        (4, retained),
    ];
    let text = written(vec![mqtt(&said)]);
    assert!(text.contains("Clients said this as well"), "{text}");
    assert!(!text.contains("01}"), "{text}");
}

#[test]
fn publishing_exactly_once_becomes_at_least_once() {
    let more = [(700, "<50020001"), (701, ">62020001"), (702, "<70020001")];
    let text = written(vec![on_topic(0, "red", CONNECT, "34", &more)]);
    let table = read(&text);
    assert_eq!(
        value(clients(&table, 0), "message_binary"),
        "32 {var: {u16: \"{room}\"} 0001 \"{tag}{fill}\"}"
    );
    assert_eq!(value(&table, "reply"), "[{on: {hex_prefix: 40}}]");
    assert!(
        text.contains("Published at quality of service 1 in place of 2"),
        "{text}"
    );
}

#[test]
fn payloads_that_are_no_texts_are_replaced_by_the_tag() {
    let mut said = vec![(0, CONNECT.to_owned()), (1, "<20020000".to_owned())];
    said.push((2, ">82 08 0001 0003 \"red\" 00".to_owned()));
    said.push((3, "<90 03 0001 00".to_owned()));
    for number in 1..5_u64 {
        let packet = format!("30 0a 0003 \"red\" ff00fe00{number:02x}");
        said.push((500 + 100 * number, format!(">{packet}")));
        said.push((501 + 100 * number, format!("<{packet}")));
    }
    let said: Vec<_> = said.iter().map(|(at, text)| (*at, text.as_str())).collect();
    let table = read(&written(vec![mqtt(&said)]));
    assert_eq!(
        value(clients(&table, 0), "message_binary"),
        "30 {var: {u16: \"{room}\"} \"{tag}{fill}\"}"
    );
    assert_eq!(value(clients(&table, 0), "size"), "30");
}

/// The first words of NATS' server and client.
fn of_nats(lines: &[(u64, String)]) -> Conversation {
    let begins = [
        (0, "<INFO {\"server_id\":\"X\"} \r\n"),
        (1, ">CONNECT {\"verbose\":false}\r\nPING\r\n"),
        (2, "<PONG\r\n"),
        (3, ">SUB news 1\r\n"),
    ];
    let lines = lines.iter().map(|(at, text)| (*at, text.as_str()));
    in_binary(talk(
        "/",
        &begins.into_iter().chain(lines).collect::<Vec<_>>(),
    ))
}

#[test]
fn commands_of_nats_in_binary_messages() {
    let mut lines = Vec::new();
    for number in 0..4 {
        // A payload of several lines, and two commands in one message.
        let text = format!("text {number}\r\n\r\nPING");
        let at = 500 + 100 * number;
        lines.push((at, format!(">PUB news {}\r\n{text}\r\n", text.len())));
        lines.push((
            at + 1,
            format!("<MSG news 1 {}\r\n{text}\r\nPING\r\n", text.len()),
        ));
        lines.push((at + 2, ">PONG\r\n".to_owned()));
    }
    let text = written(vec![of_nats(&lines)]);
    let table = read(&text);
    assert_eq!(value(&table, "unit"), "lines");
    let login = value(&table, "login");
    assert!(
        login.contains("{binary: \"PING\\r\\n\", expect: {equals: PONG}}"),
        "{login}"
    );
    assert!(login.contains("binary: \"SUB {room} 1\\r\\n\""), "{login}");
    assert_eq!(
        value(clients(&table, 0), "message_binary"),
        "\"PUB {room} 30\\r\\n{tag}{fill}\\r\\n\""
    );
    let replies = value(&table, "reply");
    assert!(
        replies.contains("{binary: \"PONG\\r\\n\", on: {equals: PING}}"),
        "{replies}"
    );
    assert!(spec(&text).check().is_ok());
}

#[test]
fn headers_of_nats_count_in_the_length() {
    let mut lines = Vec::new();
    for number in 0..4 {
        let text = format!("text number {number}");
        let front = "NATS/1.0\r\nk: v\r\n\r\n";
        let lengths = format!("{} {}", front.len(), front.len() + text.len());
        let at = 500 + 100 * number;
        lines.push((at, format!(">HPUB news {lengths}\r\n{front}{text}\r\n")));
        lines.push((
            at + 1,
            format!("<HMSG news 1 {lengths}\r\n{front}{text}\r\n"),
        ));
    }
    let table = read(&written(vec![of_nats(&lines)]));
    assert_eq!(
        value(clients(&table, 0), "message_binary"),
        "\"HPUB {room} 18 48\\r\\nNATS/1.0\\r\\nk: v\\r\\n\\r\\n{tag}{fill}\\r\\n\""
    );
}

#[test]
fn texts_in_binary_messages_are_said_in_such() {
    let client = |at: u64, room: &str| {
        let mut lines = vec![
            (
                at,
                format!(">{{\"join\":\"{room}\",\"token\":\"planted\"}}"),
            ),
            (at + 1, "<{\"joined\":true}".to_owned()),
        ];
        for number in 0..3 {
            let text = format!("words {number} in {room}");
            let at = at + 400 + 100 * number;
            lines.push((at, format!(">{{\"room\":\"{room}\",\"text\":\"{text}\"}}")));
            lines.push((at + 1, format!("<{{\"text\":\"{text}\"}}")));
        }
        let lines: Vec<_> = lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        in_binary(talk("/", &lines))
    };
    let text = written(vec![client(0, "red"), client(9, "blue")]);
    let table = read(&text);
    assert_eq!(
        value(&table, "login"),
        "[{binary: \"{\\\"join\\\":\\\"{room}\\\",\\\"token\\\":\\\"{env:TOKEN}\\\"}\", \
         expect: \"joined\"}]"
    );
    assert_eq!(
        value(clients(&table, 0), "message_binary"),
        "\"{\\\"room\\\":\\\"{room}\\\",\\\"text\\\":\\\"{tag}{fill}\\\"}\""
    );
    // What is answered has no binary form in a scenario.
    let said = [
        (0, ">hello 1"),
        (1, "<hello 1"),
        (9, ">hello 2"),
        (11, "<hello 2"),
    ];
    let text = written(vec![in_binary(talk("/", &said))]);
    assert!(text.contains("# These were binary messages;"), "{text}");
    assert_eq!(value(clients(&read(&text), 0), "roles"), "[echo]");
}

/// What is neither is left out, and the file says so; packets count as such only of who offers the protocol.
#[test]
fn other_binary_messages_are_left_out() {
    let mut talk = on_topic(0, "red", CONNECT, "30", &[]);
    talk.subprotocols.clear();
    let count = talk.said.len();
    let text = written(vec![talk]);
    assert!(
        text.contains("binary and neither text nor packets of MQTT"),
        "{text}"
    );
    assert!(read(&text).get("unit").is_none() && count > 10, "{text}");
}

/// A brace that begins no place, a topic that ends within one, and a message that says nothing.
#[test]
fn what_looks_like_a_place_is_none() {
    let text = written(vec![in_binary(talk("/", &[(0, "<{A"), (1, ">{b")]))]);
    assert!(text.contains("{ b"), "{text}");
    let begins = [(0, CONNECT), (1, "<20020000")];
    let odd = [(2, ">30 08 0003 \"a{r\" \"oom\"")];
    let text = written(vec![mqtt(&[&begins[..], &odd].concat())]);
    assert!(text.contains("{u16: \"a{ r\"} \"{tag}{fill}\""), "{text}");
    let empty = [(2, ">30 05 0003 \"red\"")];
    let text = written(vec![mqtt(&[&begins[..], &empty].concat())]);
    assert_eq!(value(clients(&read(&text), 0), "roles"), "[subscribe]");
}
