use env::{Secret, SeededEntropy};

use super::*;

fn server(mechanism: Mechanism) -> Server {
    let context = ServerContext {
        offers_plus: false,
        bindings: ChannelBindings::default(),
        pretence_secret: [7; 32],
        pretence_iterations: ITERATIONS_MIN,
        openid_configuration: "https://mail.trade.test/.well-known/openid-configuration".to_owned(),
    };
    Server::new(mechanism, context, &SeededEntropy::new(1))
}

fn read(mechanism: Mechanism, message: &str) -> Result<(Option<String>, String), Failure> {
    match server(mechanism).start(Some(message.as_bytes())) {
        Step::CheckToken(given) => Ok((given.user, given.token.expose().clone())),
        Step::Failure(failure) => Err(failure),
        other => panic!("{other:?}"),
    }
}

/// RFC 7628 section 4.1.
#[test]
fn bearer_tokens_are_read() {
    let example = "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";
    let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".to_owned();
    assert_eq!(read(Mechanism::OAuthBearer, example), Ok((Some("user@example.com".to_owned()), token)));
    let alone = read(Mechanism::OAuthBearer, "n,,\u{1}auth=bearer abc\u{1}\u{1}");
    assert_eq!(alone, Ok((None, "abc".to_owned())));
    let older = read(Mechanism::XOAuth2, "user=li@trade.test\u{1}auth=Bearer abc\u{1}\u{1}");
    assert_eq!(older, Ok((Some("li@trade.test".to_owned()), "abc".to_owned())));
}

#[test]
fn other_messages_are_malformed() {
    for message in [
        "",
        "n,,",
        "n,,\u{1}auth=Bearer abc",
        "n,,\u{1}auth=Bearer abc\u{1}",
        "n,,\u{1}host=x\u{1}\u{1}",
        "n,,\u{1}auth=Basic abc\u{1}\u{1}",
        "n,,\u{1}auth=Bearer a b\u{1}\u{1}",
        "n,,\u{1}auth=Bearer \u{1}\u{1}",
        "p=tls-exporter,,\u{1}auth=Bearer abc\u{1}\u{1}",
        "n,b=x,\u{1}auth=Bearer abc\u{1}\u{1}",
        "user=li\u{1}auth=Bearer abc\u{1}\u{1}",
    ] {
        assert_eq!(read(Mechanism::OAuthBearer, message), Err(Failure::Malformed), "{message:?}");
    }
    for message in ["user=\u{1}auth=Bearer abc\u{1}\u{1}", "n,,\u{1}auth=Bearer abc\u{1}\u{1}", "user=li"] {
        assert_eq!(read(Mechanism::XOAuth2, message), Err(Failure::Malformed), "{message:?}");
    }
}

/// RFC 7628 section 3.2.3: the refusal is a challenge, the failure comes after the client's answer.
#[test]
fn a_refused_token_is_told_and_acknowledged() {
    for (mechanism, message, wanted) in [
        (
            Mechanism::OAuthBearer,
            "n,,\u{1}auth=Bearer abc\u{1}\u{1}",
            r#"{"status":"invalid_token","openid-configuration":"https://mail.trade.test/.well-known/openid-configuration"}"#,
        ),
        (
            Mechanism::XOAuth2,
            "user=li\u{1}auth=Bearer abc\u{1}\u{1}",
            r#"{"status":"401","schemes":"bearer","scope":"imap smtp"}"#,
        ),
    ] {
        let mut server = server(mechanism);
        assert!(matches!(server.start(Some(message.as_bytes())), Step::CheckToken(_)));
        let Step::Challenge(told) = server.decide(false) else { panic!("no challenge") };
        assert_eq!(String::from_utf8(told).unwrap(), wanted);
        assert!(matches!(server.decide(true), Step::Failure(_)), "nothing undoes a refusal");
        let mut server = self::server(mechanism);
        assert!(matches!(server.start(Some(message.as_bytes())), Step::CheckToken(_)));
        assert!(matches!(server.decide(false), Step::Challenge(_)));
        assert!(matches!(server.respond(b"\x01"), Step::Failure(Failure::Credentials)));
    }
}

/// RFC 4422 appendix A.
#[test]
fn external_names_whom_to_act_as_or_nobody() {
    let mut empty = server(Mechanism::External);
    assert!(matches!(empty.start(Some(b"")), Step::CheckCertificate { authzid: None }));
    assert!(matches!(empty.decide(true), Step::Success(_)));
    let mut asked = server(Mechanism::External);
    assert!(matches!(asked.start(None), Step::Challenge(bytes) if bytes.is_empty()));
    let step = asked.respond(b"li@trade.test");
    assert!(matches!(step, Step::CheckCertificate { authzid: Some(name) } if name == "li@trade.test"));
    assert!(matches!(asked.decide(false), Step::Failure(Failure::Credentials)));
}

/// Each of several passwords under one salt lets in, and the caller learns which it was; one under another salt does not.
#[test]
fn scram_finds_out_which_password_it_was() {
    let derive = |password, salt: &[u8]| StoredKeys::derive(password, salt, ITERATIONS_MIN).unwrap();
    let candidates = || {
        vec![
            Candidate { id: 1, keys: derive("first", b"one salt for all") },
            Candidate { id: 2, keys: derive("second", b"one salt for all") },
            Candidate { id: 3, keys: derive("third", b"a salt of its own") },
        ]
    };
    for (password, wanted) in [("first", Some(1)), ("second", Some(2)), ("third", None), ("fourth", None)] {
        let none = ChannelBindings::default();
        let entropy = SeededEntropy::new(1);
        let credentials = ClientCredentials { user: "ada".to_owned(), password: Secret::new(password.to_owned()) };
        let mut client = Client::new(Mechanism::ScramSha256, credentials, &none, &entropy).unwrap();
        let mut server = server(Mechanism::ScramSha256);
        let Step::FetchKeys { .. } = server.start(client.initial().as_deref()) else { panic!("no keys asked") };
        let Step::Challenge(challenge) = server.keys(candidates()) else { panic!("no challenge") };
        let found = match server.respond(&client.respond(&challenge).unwrap()) {
            Step::Authorize(proved) => Some(proved.candidate),
            Step::Failure(Failure::Credentials) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, wanted, "{password}");
        if let (Some(_), Step::Challenge(last)) = (wanted, server.decide(true)) {
            client.respond(&last).unwrap();
            assert!(client.is_complete(), "the server signs with the password's own key");
        }
    }
}
