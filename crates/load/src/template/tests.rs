use super::*;

fn filled(text: &str, connection: u32, sequence: u64) -> String {
    let identity = MessageId {
        connection,
        sequence,
    };
    let mut out = Vec::new();
    let template = Template::parse(text).unwrap();
    template.fill(identity, 7, 1_700_000_000_000_000_001, &mut out);
    assert!(out.len() <= template.longest());
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_put_in_is_put_where_it_belongs() {
    let text = r#"{"id":{id},"seq":{seq},"at":{now_ns},"ü":{}}"#;
    let expected = r#"{"id":3,"seq":0,"at":1700000000000000001,"ü":{}}"#;
    assert_eq!(filled(text, 3, 0), expected);
    assert_eq!(
        filled("{seq}/{id}", u32::MAX, u64::MAX),
        format!("{}/{}", u64::MAX, u32::MAX)
    );
    assert_eq!(
        filled("1{id}", 5, 0),
        "15",
        "digits before a number are no trouble"
    );
    let hex = filled("{rand:hex:40}", 1, 1);
    assert!(
        hex.len() == 40 && hex.bytes().all(|it| HEX.contains(&it)),
        "{hex}"
    );
    assert_eq!(
        hex,
        filled("{rand:hex:40}", 1, 1),
        "made again it is the same"
    );
    assert_ne!(hex, filled("{rand:hex:40}", 1, 2));
    assert_ne!(hex, filled("{rand:hex:40}", 2, 1));
}

#[test]
fn in_a_request_the_id_is_its_number_counted_from_one() {
    let template = Template::for_requests(r#"{"id":{id},"of":{conn}}"#).unwrap();
    let mut out = Vec::new();
    let identity = MessageId {
        connection: 9,
        sequence: 0,
    };
    template.fill(identity, 7, 0, &mut out);
    assert_eq!(out, br#"{"id":1,"of":9}"#);
    assert!(template.has_request_number() && !template.is_unique());
    assert!(!Template::parse("{id}").unwrap().has_request_number());
}

#[test]
fn words_are_said_with_the_values_of_their_connection() {
    let text = r#"{cap.sid}/{room}#{n}{conn}:{tag}{fill} {now_ms} {env:TOKEN} {run} {"a"}"#;
    let mut words = Template::for_words(text).unwrap();
    assert!(words.is_withheld() && words.is_envelope());
    let unset = words.look_up(&|_: &str| None);
    assert_eq!(unset, Err(NotFound::Variable("TOKEN".to_owned())));
    let found = words.look_up(&|name: &str| Some(format!("the {name}")));
    found.unwrap();
    let captures = [Captured {
        name: "sid".to_owned(),
        bytes: b"s7".to_vec(),
    }];
    let values = Values {
        connection: 4,
        sequence: 1,
        message: 0,
        run: 9,
        room: "blue",
        now_ns: 1_700_000_000_123_000_001,
        parts: [b"TAG", b"fill"],
        captures: &captures,
    };
    let mut said = Vec::new();
    words.say(&values, &mut said);
    let expected = r#"s7/blue#24:TAGfill 1700000000123 the TOKEN 9 {"a"}"#;
    assert_eq!(String::from_utf8(said).unwrap(), expected);
    assert_eq!(words.captures(), ["sid"]);
    assert_eq!(words.secrets().collect::<Vec<_>>(), ["the TOKEN"]);
    let shown = format!("{words:?}");
    assert!(!shown.contains("the TOKEN"), "{shown}");
    assert!(words.redacted(false).is_withheld());
    let literal = Template::for_words(r#"{"room":"{room}","token":"hidden"}"#).unwrap();
    let shown = literal.redacted(false);
    assert_eq!(shown.text(), r#"{"room":"{room}","token":"(withheld)"}"#);
    assert!(shown.is_withheld() && !literal.is_withheld());
    assert_eq!(literal.redacted(true), literal);
}

#[test]
fn filling_stands_behind_its_tag_or_the_text_is_no_envelope() {
    let is = |text: &str| Template::for_words(text).unwrap().is_envelope();
    assert!(is("{tag}") && is("a{tag}{fill}b") && is("{seq}{tag}"));
    assert!(!is("{fill}") && !is("{tag}{tag}") && !is("{tag}-{fill}") && !is("{room}"));
    let error = Template::for_words("ab{rom}").unwrap_err();
    assert!(matches!(error, TemplateError::UnknownWord { at: 2, .. }));
    assert!(error.to_string().contains("{room}"), "{error}");
    assert!(is("{said(room:1){ text }} {tag}"), "as GraphQL writes it");
    assert!(Template::parse("{room}").is_err() && Template::for_words("{cap.}").is_err());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let error = |text: &str| Template::parse(text).unwrap_err();
    let name = "sequence".to_owned();
    assert_eq!(
        error("ab{sequence}"),
        TemplateError::Unknown { at: 2, name }
    );
    assert_eq!(error("a{seq"), TemplateError::Unclosed { at: 1 });
    for digits in ["0", "x", "1025", ""] {
        let text = format!("{{rand:hex:{digits}}}");
        assert!(
            matches!(error(&text), TemplateError::Digits { at: 0, .. }),
            "{text}"
        );
    }
    assert_eq!(error("{id}{seq}"), TemplateError::Joined { at: 4 });
    assert_eq!(error("{id}7"), TemplateError::Joined { at: 4 });
    assert_eq!(error("{seq}{rand:hex:4}"), TemplateError::Joined { at: 5 });
    assert!(Template::parse("{rand:hex:4}{seq}").is_ok());
}

#[test]
fn a_message_tells_whose_it_is_unless_it_is_cut() {
    let text = r#"{"a":"{rand:hex:4}","id":{id},"t":{now_ns},"seq":{seq},"end":1}"#;
    let template = Template::parse(text).unwrap();
    assert!(template.is_unique());
    let message = filled(text, 12, 345);
    let expected = Some(MessageId {
        connection: 12,
        sequence: 345,
    });
    assert_eq!(template.identify(message.as_bytes()), expected);
    let shown = message.find(",\"end").unwrap();
    for cut in 0..message.len() {
        let identity = template.identify(&message.as_bytes()[..cut]);
        assert_eq!(identity, expected.filter(|_| cut > shown), "cut at {cut}");
    }
    assert_eq!(template.identify(b"something else"), None);
    assert!(!Template::parse("{seq}").unwrap().is_unique());
    assert!(!Template::parse("{id}").unwrap().is_unique());
}
