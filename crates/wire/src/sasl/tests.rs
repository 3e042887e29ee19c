use std::sync::Mutex;

use env::{Entropy, Secret, SeededEntropy};

use super::*;

/// Entropy that yields the bytes behind a nonce of an RFC's example.
struct Fixed(Mutex<Vec<u8>>);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        let bytes = self.0.lock().unwrap();
        buffer.copy_from_slice(&bytes[..buffer.len()]);
    }
}

fn context(bindings: ChannelBindings) -> ServerContext {
    ServerContext {
        offers_plus: bindings.any(),
        bindings,
        pretence_secret: [7; 32],
        pretence_iterations: ITERATIONS_MIN,
        openid_configuration: String::new(),
    }
}

fn credentials(user: &str, password: &str) -> ClientCredentials {
    ClientCredentials { user: user.to_owned(), password: Secret::new(password.to_owned()) }
}

fn exporter() -> ChannelBindings {
    ChannelBindings { tls_exporter: Some(vec![9; 32]), tls_server_end_point: Some(vec![8; 32]) }
}

/// RFC 7677 section 3.
#[test]
fn scram_sha_256_example_keys() {
    use base64::Engine;
    let salt = base64::engine::general_purpose::STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let keys = StoredKeys::derive("pencil", &salt, 4096).unwrap();
    let bare = "n=user,r=rOprNGfwEbeRWgbNEkqO";
    let server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    let without_proof = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    let message = format!("{bare},{server_first},{without_proof}");
    let salted = scram::salt_password("pencil", &salt, 4096).unwrap();
    let proof = scram::client_proof(&salted, message.as_bytes());
    assert_eq!(proof, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_eq!(keys.server_signature(message.as_bytes()), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    let proof = base64::engine::general_purpose::STANDARD.decode(proof).unwrap();
    assert!(keys.proves(message.as_bytes(), &proof));
    assert!(!keys.proves(b"another", &proof));
    assert!(!keys.proves(message.as_bytes(), &proof[1..]));
}

/// The whole exchange of our own two sides.
fn exchange(
    mechanism: Mechanism,
    client: (&str, &str),
    server: ServerContext,
    bindings: &ChannelBindings,
    known: Option<(&str, &str)>,
) -> Result<Identity, String> {
    let entropy = SeededEntropy::new(1);
    let mut client =
        Client::new(mechanism, credentials(client.0, client.1), bindings, &entropy).map_err(|e| e.to_string())?;
    let mut server = Server::new(mechanism, server, &entropy);
    let initial = client.initial();
    let mut step = server.start(initial.as_deref());
    for _ in 0..10 {
        step = match step {
            Step::Challenge(bytes) => match client.respond(&bytes) {
                Ok(response) => server.respond(&response),
                Err(error) => return Err(error.to_string()),
            },
            Step::CheckPassword(given) => {
                let right = known == Some((given.identity.user.as_str(), given.password.expose().as_str()));
                server.decide(right)
            }
            Step::FetchKeys { user } => {
                let known = known.filter(|known| known.0 == user);
                let derive = |password| StoredKeys::derive(password, b"salt of sixteen!", 4096).unwrap();
                server.keys(known.iter().map(|known| Candidate { id: 1, keys: derive(known.1) }).collect())
            }
            Step::Authorize(_) => server.decide(true),
            Step::CheckToken(_) | Step::CheckCertificate { .. } => panic!("not a password"),
            Step::Success(identity) => {
                assert!(client.is_complete());
                return Ok(identity);
            }
            Step::Failure(failure) => return Err(failure.to_string()),
        };
    }
    panic!("the exchange does not end");
}

#[test]
fn each_mechanism_lets_the_right_password_in() {
    for mechanism in Mechanism::WITH_PASSWORD {
        let bindings = exporter();
        let mut context = context(bindings.clone());
        context.offers_plus = mechanism == Mechanism::ScramSha256Plus;
        let known = Some(("ada@trade.test", "se,cr=et"));
        let found = exchange(mechanism, ("ada@trade.test", "se,cr=et"), context.clone(), &bindings, known).unwrap();
        assert_eq!(found, Identity { user: "ada@trade.test".to_owned(), authzid: None }, "{mechanism}");
        for wrong in [("ada@trade.test", "other"), ("bob@trade.test", "se,cr=et")] {
            let failed = exchange(mechanism, wrong, context.clone(), &bindings, known).unwrap_err();
            assert_eq!(failed, "invalid credentials", "{mechanism} {wrong:?}");
        }
    }
}

#[test]
fn names_with_comma_and_equals_survive() {
    let none = ChannelBindings::default();
    let known = Some(("a,b=c", "pw"));
    let found = exchange(Mechanism::ScramSha256, ("a,b=c", "pw"), context(none.clone()), &none, known).unwrap();
    assert_eq!(found.user, "a,b=c");
}

#[test]
fn another_channel_is_noticed() {
    let theirs = ChannelBindings { tls_exporter: Some(vec![1; 32]), tls_server_end_point: None };
    let known = Some(("ada", "pw"));
    let failed = exchange(Mechanism::ScramSha256Plus, ("ada", "pw"), context(exporter()), &theirs, known).unwrap_err();
    assert_eq!(failed, "channel binding does not match");
}

#[test]
fn a_taken_away_plus_is_noticed() {
    // The client could bind, saw no -PLUS and says `y`; we offered it.
    let known = Some(("ada", "pw"));
    let failed = exchange(Mechanism::ScramSha256, ("ada", "pw"), context(exporter()), &exporter(), known).unwrap_err();
    assert_eq!(failed, "channel binding does not match");
}

#[test]
fn unknown_users_get_steady_answers() {
    let ask = |user: &str| {
        let entropy = Fixed(Mutex::new(vec![3; 18]));
        let mut server = Server::new(Mechanism::ScramSha256, context(ChannelBindings::default()), &entropy);
        let step = server.start(Some(format!("n,,n={user},r=abc").as_bytes()));
        assert!(matches!(step, Step::FetchKeys { .. }));
        match server.keys(Vec::new()) {
            Step::Challenge(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask("eve"), ask("eve"));
    assert_ne!(ask("eve"), ask("eva"));
    assert!(ask("eve").ends_with(",i=4096"));
}

#[test]
fn plain_follows_its_grammar() {
    let check = |message: &str| {
        let mut server = Server::new(Mechanism::Plain, context(ChannelBindings::default()), &SeededEntropy::new(1));
        match server.start(Some(message.as_bytes())) {
            Step::CheckPassword(given) => {
                Ok((given.identity.authzid, given.identity.user, given.password.expose().clone()))
            }
            Step::Failure(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check("\0tim\0tanstaaftanstaaf"), Ok((None, "tim".to_owned(), "tanstaaftanstaaf".to_owned())));
    let acting = check("Ursel\0Kurt\0xipj3plmq");
    assert_eq!(acting, Ok((Some("Ursel".to_owned()), "Kurt".to_owned(), "xipj3plmq".to_owned())));
    for bad in ["", "tim", "\0tim", "\0tim\0", "\0\0pw", "\0tim\0pw\0more"] {
        assert_eq!(check(bad), Err(Failure::Malformed), "{bad:?}");
    }
}

#[test]
fn scram_messages_follow_their_grammar() {
    for (message, wanted) in [
        ("", Failure::Malformed),
        ("n,,", Failure::Malformed),
        ("n,,n=user", Failure::Malformed),
        ("n,,n=us=er,r=abc", Failure::Malformed),
        ("n,,n=user,r=", Failure::Malformed),
        ("n,,m=ext,n=user,r=abc", Failure::Malformed),
        ("x,,n=user,r=abc", Failure::Malformed),
        ("n,b=x,n=user,r=abc", Failure::Malformed),
        ("p=tls-exporter,,n=user,r=abc", Failure::Malformed),
        ("n,,n=,r=abc", Failure::Credentials),
    ] {
        let mut server =
            Server::new(Mechanism::ScramSha256, context(ChannelBindings::default()), &SeededEntropy::new(1));
        let step = server.start(Some(message.as_bytes()));
        assert!(matches!(step, Step::Failure(found) if found == wanted), "{message:?}: {step:?}");
    }
}

#[test]
fn answers_out_of_turn_fail() {
    let mut server = Server::new(Mechanism::Plain, context(ChannelBindings::default()), &SeededEntropy::new(1));
    assert!(matches!(server.decide(true), Step::Failure(_)));
    assert!(matches!(server.keys(Vec::new()), Step::Failure(_)));
    assert!(matches!(server.respond(b"\0a\0b"), Step::Failure(_)));
}

#[test]
fn a_server_without_the_password_is_noticed() {
    let none = ChannelBindings::default();
    let entropy = SeededEntropy::new(1);
    let mut client = Client::new(Mechanism::ScramSha256, credentials("ada", "pw"), &none, &entropy).unwrap();
    let first = String::from_utf8(client.initial().unwrap()).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1;
    client.respond(format!("r={nonce}x,s=c2FsdA==,i=4096").as_bytes()).unwrap();
    assert!(!client.is_complete());
    let found = client.respond(b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!(found, Err(ClientError::ServerSignature));
}

#[test]
fn a_server_cannot_make_us_work_forever() {
    let none = ChannelBindings::default();
    for (rest, wanted) in [
        ("x,s=c2FsdA==,i=4000000000", ClientError::Iterations),
        ("x,s=c2FsdA==,i=1", ClientError::Iterations),
        ("x,s=c2FsdA==,i=99999999999", ClientError::Malformed),
        (",s=c2FsdA==,i=4096", ClientError::Malformed),
        ("x,s=!,i=4096", ClientError::Malformed),
    ] {
        let mut client =
            Client::new(Mechanism::ScramSha256, credentials("ada", "pw"), &none, &SeededEntropy::new(1)).unwrap();
        let first = String::from_utf8(client.initial().unwrap()).unwrap();
        let nonce = first.rsplit_once("r=").unwrap().1;
        assert_eq!(client.respond(format!("r={nonce}{rest}").as_bytes()), Err(wanted), "{rest}");
    }
}

#[test]
fn passwords_are_prepared() {
    // RFC 4013 section 3, examples.
    assert_eq!(prepare("I\u{ad}X").unwrap(), "IX");
    assert_eq!(prepare("USER").unwrap(), "USER");
    assert_eq!(prepare("\u{aa}").unwrap(), "a");
    assert_eq!(prepare("\u{2168}").unwrap(), "IX");
    assert_eq!(prepare("\u{7}"), Err(Unpreparable));
    assert_eq!(prepare("\u{627}1"), Err(Unpreparable));
    assert_eq!(StoredKeys::derive("", b"salt", 4096), Err(StoredKeysError::Password));
    assert_eq!(StoredKeys::derive("pw", b"salt", 1), Err(StoredKeysError::Iterations));
}

#[test]
fn secrets_are_not_printed() {
    let shown = format!("{:?}", credentials("ada", "hidden"));
    assert!(!shown.contains("hidden"));
    let keys = StoredKeys::derive("hidden", b"salt", 4096).unwrap();
    assert_eq!(format!("{keys:?}"), "StoredKeys { iterations: 4096, .. }");
}
