use env::Secret;

use super::*;

/// Everything that comes of `bytes`, fed in pieces of `at_once` octets.
fn all(bytes: &[u8], at_once: usize) -> Vec<Event> {
    let mut client = Client::new(1_000);
    client.begin(&[Part::Text("NOOP")]);
    let mut events = Vec::new();
    for piece in bytes.chunks(at_once) {
        client.feed(piece);
        while let Some(event) = client.next_event().unwrap() {
            events.push(event);
        }
    }
    events
}

fn fetched(bytes: &[u8]) -> Fetched {
    let events = all(bytes, bytes.len());
    match events.into_iter().next() {
        Some(Event::Untagged(Response::Fetch(fetched))) => *fetched,
        other => panic!("{other:?}"),
    }
}

fn listed(bytes: &[u8]) -> Listed {
    match all(bytes, bytes.len()).into_iter().next() {
        Some(Event::Untagged(Response::List(listed))) => listed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_comes_however_it_is_cut() {
    let bytes = b"* 7 FETCH (UID 12 FLAGS (\\Seen $Work) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" X-GM-MSGID 1278455344230334865 \
                  X-GM-LABELS (\"\\\\Inbox\" {3}\r\na b) BODY[] {9}\r\na\0b\r\n)*\r\n) MODSEQ (12)\r\n* OK see {5}\r\nt1 OK [X y] done\r\n";
    let whole = all(bytes, bytes.len());
    let Event::Untagged(Response::Fetch(fetched)) = &whole[0] else { panic!("{whole:?}") };
    assert_eq!((fetched.uid, &fetched.body), (Some(12), &Some(Body::Whole(b"a\0b\r\n)*\r\n".to_vec()))));
    assert_eq!(fetched.flags.as_deref(), Some(&["\\Seen".to_owned(), "$Work".to_owned()][..]));
    assert_eq!(fetched.received.unwrap().unix_seconds, 837_596_665);
    assert_eq!(fetched.gmail_message, Some(1_278_455_344_230_334_865));
    assert_eq!(fetched.gmail_labels, [b"\\Inbox".to_vec(), b"a b".to_vec()]);
    assert!(matches!(&whole[2], Event::Done(status) if status.is_ok() && status.has_code("X")), "{whole:?}");
    for at_once in 1..bytes.len() {
        assert_eq!(all(bytes, at_once), whole, "{at_once} octets at once");
    }
}

#[test]
fn what_is_too_long_is_read_past() {
    let mut bytes = b"* 1 FETCH (UID 3 BODY[] {1001}\r\n".to_vec();
    bytes.extend([b'x'; 1001]);
    bytes.extend(b" FLAGS ())\r\nt1 OK\r\n");
    let found = fetched(&bytes);
    assert_eq!((found.uid, found.body, found.flags), (Some(3), Some(Body::TooLong(1001)), Some(Vec::new())));
    let mut client = Client::new(1_000);
    client.feed(b"* 1 FETCH (BODY[] {99999999999999}\r\n");
    assert_eq!(client.next_event(), Err(ClientError::LiteralTooLong(99_999_999_999_999)));
    let mut client = Client::new(1_000);
    client.feed(&[b'x'; RESPONSE_BYTES_MAX + 1]);
    assert_eq!(client.next_event(), Err(ClientError::LineTooLong));
}

#[test]
fn odd_servers_are_understood() {
    // No CR, a name in GBK that ends like an escape, an atom of raw octets, a date without padding.
    assert_eq!(
        listed(b"* LIST (\\HasNoChildren \\Sent) \"/\" \"\xd2\xd1\xb7\xa2\"\nt1 OK\n").name,
        b"\xd2\xd1\xb7\xa2"
    );
    assert_eq!(listed(b"* LIST () \"/\" \"\x95\x5c\"\r\n").name, b"\x95\x5c");
    assert_eq!(listed(b"* LIST () \"/\" \"a\\\"b\"\r\n").name, b"a\"b");
    assert_eq!(
        listed(b"* LIST () NIL &V4NXPpCuTvY-\r\n"),
        Listed { attributes: Vec::new(), delimiter: None, name: b"&V4NXPpCuTvY-".to_vec() }
    );
    assert!(listed(b"* XLIST (\\HasChildren \\Trash) \".\" {5}\r\nTrash\r\n").is("TRASH"));
    let dated = fetched(
        b"* 1 FETCH (INTERNALDATE \"7-Jul-1996 02:44:25 +0800\" RFC822 {2}\r\nab ENVELOPE (NIL (() \"x\")) UID 4)\r\n",
    );
    assert_eq!((dated.received.is_some(), dated.body, dated.uid), (true, Some(Body::Whole(b"ab".to_vec())), Some(4)));
    // Nothing of this is worth more than being passed over.
    for odd in [
        &b"* 1 FETCH\r\n"[..],
        b"* FETCH (((\r\n",
        b"* 1 FETCH (UID\r\n",
        b"* \r\n",
        b"* LIST\r\n",
        b"* 1 FETCH )(\r\n",
    ] {
        let mut bytes = odd.to_vec();
        bytes.extend(b"t1 OK\r\n");
        assert!(matches!(all(&bytes, 3).last(), Some(Event::Done(_))), "{}", String::from_utf8_lossy(odd));
    }
    let mut client = Client::new(1_000);
    client.feed(b"HTTP/1.1 400 Bad Request\r\n");
    assert!(matches!(client.next_event(), Err(ClientError::NotImap(_))));
}

#[test]
fn names_of_any_octets_are_sent_as_literals() {
    let mut client = Client::new(1_000);
    client.begin(&[Part::Text("EXAMINE "), Part::Bytes(b"a b")]);
    assert_eq!(client.take_output(), b"t1 EXAMINE \"a b\"\r\n");
    client.begin(&[Part::Text("EXAMINE "), Part::Bytes(b"\xd2\xd1")]);
    assert_eq!(client.take_output(), b"t2 EXAMINE {2}\r\n");
    client.feed(b"+ go\r\n");
    assert_eq!(client.next_event(), Ok(None));
    assert_eq!(client.take_output(), b"\xd2\xd1\r\n");
}

fn password(master: Option<&str>) -> Credentials {
    Credentials::Password {
        user: "u".to_owned(),
        master: master.map(str::to_owned),
        password: Secret::new("p\"w".to_owned()),
    }
}

fn token() -> Credentials {
    Credentials::Token { user: "u@x".to_owned(), token: Secret::new("tok".to_owned()) }
}

/// Plays a dialog: lines of the server begin with `S`, what the client must say with `C`, a handshake is `TLS`. Gives what it ends with.
fn play(tls: TlsUse, credentials: Credentials, dialog: &str) -> Result<Capabilities, SignInError> {
    let mut machine = SignIn::new(Client::new(1_000), tls, credentials);
    let mut said: Vec<u8> = Vec::new();
    for line in dialog.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(line) = line.strip_prefix("S ") {
            machine.feed(format!("{line}\r\n").as_bytes());
        } else if line == "TLS" {
            assert!(matches!(machine.next_step()?, SignInStep::StartTls));
            machine.tls_started();
        } else {
            let expected = format!("{}\r\n", line.strip_prefix('C').unwrap().trim_start());
            while said.is_empty() {
                assert!(matches!(machine.next_step()?, SignInStep::Read), "before {line}");
                said = machine.take_output();
            }
            let (now, rest) = said.split_at(said.iter().position(|byte| *byte == b'\n').unwrap() + 1);
            assert_eq!(String::from_utf8_lossy(now), expected);
            said = rest.to_vec();
        }
    }
    assert!(matches!(machine.next_step()?, SignInStep::Ready));
    Ok(machine.into_client().1)
}

#[test]
fn signing_in_by_password() {
    let found = play(
        TlsUse::StartTls,
        password(None),
        "S * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN X-FORGED] hello
         C t1 STARTTLS
         S t1 OK go
         TLS
         C t2 CAPABILITY
         S * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
         S t2 OK
         C t3 AUTHENTICATE PLAIN AHUAcCJ3
         S t3 OK [CAPABILITY IMAP4rev1 ID X-GM-EXT-1] welcome
         C t4 ID (\"name\" \"tradewind\" \"vendor\" \"tradewind\")
         S * ID NIL
         S t4 OK",
    );
    assert!(found.unwrap().has("X-GM-EXT-1"));
    let by_login = "S * OK hello
         C t1 CAPABILITY
         S * CAPABILITY IMAP4 AUTH=LOGIN
         S t1 OK
         C t2 LOGIN \"u*boss\" {3}
         S + go
         C p\"w
         S t2 OK
         C t3 CAPABILITY
         S * CAPABILITY IMAP4
         S t3 OK";
    assert!(play(TlsUse::Implicit, password(Some("boss")), by_login).unwrap().has("IMAP4"));
    let by_master = "S * OK hello
         C t1 CAPABILITY
         S * CAPABILITY IMAP4 AUTH=PLAIN
         S t1 OK
         C t2 AUTHENTICATE PLAIN
         S +
         C dQBib3NzAHAidw==
         S t2 NO [AUTHENTICATIONFAILED] wrong";
    assert!(matches!(
        play(TlsUse::Implicit, password(Some("boss")), by_master),
        Err(SignInError::Refused(status)) if status.has_code("AUTHENTICATIONFAILED")
    ));
}

#[test]
fn signing_in_by_token() {
    let refused = "S * OK hello
         C t1 CAPABILITY
         S * CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2
         S t1 OK
         C t2 AUTHENTICATE XOAUTH2 dXNlcj11QHgBYXV0aD1CZWFyZXIgdG9rAQE=
         S + eyJzdGF0dXMiOiI0MDAifQ==
         C
         S t2 NO failed";
    assert_eq!(
        play(TlsUse::Implicit, token(), refused),
        Err(SignInError::RefusedToken("{\"status\":\"400\"}".to_owned()))
    );
    let taken = "S * OK hello
         C t1 CAPABILITY
         S * CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER
         S t1 OK
         C t2 AUTHENTICATE OAUTHBEARER bixhPXVAeCwBYXV0aD1CZWFyZXIgdG9rAQE=
         S t2 OK [CAPABILITY IMAP4rev1] fine";
    assert!(play(TlsUse::Implicit, token(), taken).is_ok());
}

#[test]
fn no_session_without_what_is_wanted() {
    let offers = |more: &str| format!("S * OK hello\nC t1 CAPABILITY\nS * CAPABILITY IMAP4rev1 {more}\nS t1 OK");
    let none = play(TlsUse::Implicit, password(None), &offers("LOGINDISABLED AUTH=GSSAPI"));
    assert!(matches!(none, Err(SignInError::NoMechanism { ref offered, .. }) if offered == "GSSAPI"), "{none:?}");
    assert!(matches!(play(TlsUse::Implicit, token(), &offers("")), Err(SignInError::NoMechanism { .. })));
    let without = "S * OK hello\nC t1 STARTTLS\nS t1 BAD what";
    assert_eq!(play(TlsUse::StartTls, password(None), without), Err(SignInError::NoStartTls));
    let injected = "S * OK hello\nC t1 STARTTLS\nS t1 OK go\nS * CAPABILITY IMAP4rev1";
    assert_eq!(play(TlsUse::StartTls, password(None), injected), Err(SignInError::Injected));
    assert!(matches!(play(TlsUse::Implicit, password(None), "S * PREAUTH hello"), Err(SignInError::Greeting(_))));
    assert!(matches!(play(TlsUse::Implicit, password(None), "S * BYE too many"), Err(SignInError::Greeting(_))));
}

proptest::proptest! {
    /// Whatever comes, it ends: nothing panics, and no input is looked at for ever.
    #[test]
    fn any_octets_end(lines in proptest::collection::vec("[ -~\\r\\n\u{80}-\u{ff}]{0,40}", 0..20), at_once in 1_usize..60) {
        let mut client = Client::new(100);
        client.begin(&[Part::Text("NOOP")]);
        let start = ["* 1 FETCH (UID 1 BODY[] ", "* LIST (", "", "t1 OK ", "+ ", "* OK [", "* NAMESPACE (("];
        let bytes: Vec<u8> =
            lines.iter().enumerate().flat_map(|(number, line)| format!("{}{line}\r\n", start[number % start.len()]).into_bytes()).collect();
        for piece in bytes.chunks(at_once) {
            client.feed(piece);
            while let Ok(Some(_)) = client.next_event() {}
        }
    }
}
