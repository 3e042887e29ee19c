//! Signing in at an identity provider, which here is a small one of our own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use factors::FactorKind;
use identity::{AccountKind, AccountState, IdentityError, Language, Level, NewAccount, Role};
use provision::oidc::{self, Begun, Fetch, SignedIn, Wanted};
use provision::{OidcProvider, ProvisionError};
use serde_json::{Value, json};
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    a_person_signs_in_and_is_known_again_by_subject,
    an_attempt_is_used_once_and_by_its_own_secrets,
    nobody_is_let_in_by_failure,
    second_factors_count_as_the_settings_say,
    what_is_told_beside_the_token_is_about_the_same_person,
    who_is_let_in_is_decided_here,
}

const ISSUER: &str = "https://idp.example";

fn provider() -> OidcProvider {
    OidcProvider {
        name: "idp".to_owned(),
        issuer: ISSUER.to_owned(),
        client_id: "mail".to_owned(),
        ..OidcProvider::default()
    }
}

/// A provider that keeps to the rules, but where it is told otherwise.
struct Provider {
    key: Ed25519KeyPair,
    now: i64,
    claims: Mutex<Value>,
    /// What it tells beside the token.
    apart: Mutex<Value>,
    /// What the browser was sent with: challenge and nonce.
    asked: Mutex<(String, String)>,
    is_down: Mutex<bool>,
}

impl Provider {
    fn new(store: &TestStore) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self {
            key: Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap(),
            now: store.context().clock.now().seconds(),
            claims: Mutex::new(
                json!({ "sub": "7", "email": "li@trade.test", "email_verified": true, "name": "Li Na" }),
            ),
            apart: Mutex::default(),
            asked: Mutex::default(),
            is_down: Mutex::new(false),
        }
    }

    fn says(&self, name: &str, value: Value) {
        self.claims.lock().unwrap()[name] = value;
    }

    /// The person signs in there: the browser comes back with a code.
    fn visit(&self, location: &str) {
        let query = location.strip_prefix("https://idp.example/authorize?").unwrap();
        let field = |name: &str| {
            let start = format!("{name}=");
            query.split('&').find_map(|part| part.strip_prefix(start.as_str())).unwrap().to_owned()
        };
        assert_eq!((field("response_type"), field("code_challenge_method")), ("code".to_owned(), "S256".to_owned()));
        assert_eq!(field("redirect_uri"), "https%3A%2F%2Fmail.trade.test%2Fback");
        *self.asked.lock().unwrap() = (field("code_challenge"), field("nonce"));
    }

    fn token(&self) -> String {
        let mut claims = self.claims.lock().unwrap().clone();
        for (name, value) in [
            ("iss", json!(ISSUER)),
            ("aud", json!("mail")),
            ("nonce", json!(self.asked.lock().unwrap().1)),
            ("iat", json!(self.now)),
            ("exp", json!(self.now + 300)),
        ] {
            if claims.get(name).is_none() {
                claims[name] = value;
            }
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&json!({ "alg": "EdDSA", "kid": "k" })), encode(&claims));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes())))
    }

    fn down(&self) -> Result<(), ProvisionError> {
        if *self.is_down.lock().unwrap() {
            return Err(ProvisionError::Source { place: ISSUER.to_owned(), cause: "nobody answers".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Fetch for Provider {
    async fn get(&self, _: &OidcProvider, address: &str, bearer: Option<&str>) -> Result<Vec<u8>, ProvisionError> {
        self.down()?;
        assert_eq!(bearer, address.ends_with("/person").then_some("opens-the-person"), "{address}");
        let body = match address {
            "https://idp.example/.well-known/openid-configuration" => json!({
                "issuer": ISSUER,
                "authorization_endpoint": "https://idp.example/authorize",
                "token_endpoint": "https://idp.example/token",
                "jwks_uri": "https://idp.example/keys",
                "userinfo_endpoint": "https://idp.example/person",
            }),
            "https://idp.example/person" => self.apart.lock().unwrap().clone(),
            "https://idp.example/keys" => {
                let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x }] })
            }
            other => panic!("asked for {other}"),
        };
        Ok(body.to_string().into_bytes())
    }

    async fn post(&self, _: &OidcProvider, address: &str, form: String) -> Result<Vec<u8>, ProvisionError> {
        self.down()?;
        assert_eq!(address, "https://idp.example/token");
        let verifier = form.split('&').find_map(|part| part.strip_prefix("code_verifier=")).unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        assert_eq!(challenge, self.asked.lock().unwrap().0, "RFC 7636 section 4.6");
        assert!(form.contains("grant_type=authorization_code") && form.contains("code=c%2F1"), "{form}");
        let answer = json!({ "id_token": self.token(), "access_token": "opens-the-person" });
        Ok(answer.to_string().into_bytes())
    }
}

async fn people(store: &TestStore) -> i64 {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut add = |address: &str, role| {
            let new = NewAccount {
                organisation,
                address,
                name: "Name",
                role,
                language: Language::Chinese,
                kind: AccountKind::Person,
                quota_bytes: 0,
                password: None,
            };
            identity::create_account(tx, &new)
        };
        add("admin@trade.test", Role::Admin)?;
        add("li@trade.test", Role::Sales)
    };
    store.write(make).await.map_err(|error: IdentityError| error).unwrap()
}

async fn begin(store: &TestStore, there: &Provider, provider: &OidcProvider, is_fresh: bool) -> Begun {
    let redirect_uri = "https://mail.trade.test/back".to_owned();
    let wanted = Wanted { redirect_uri, go_on: "/inbox".to_owned(), is_fresh };
    let begun = oidc::begin(store, there, provider, &wanted).await.unwrap();
    there.visit(&begun.location);
    begun
}

async fn sign_in(store: &TestStore, there: &Provider, provider: &OidcProvider) -> Result<SignedIn, ProvisionError> {
    let begun = begin(store, there, provider, false).await;
    oidc::finish(store, there, provider, &begun.state, "c/1", Some(ISSUER)).await
}

async fn a_person_signs_in_and_is_known_again_by_subject(store: TestStore) {
    let li = people(&store).await;
    let there = Provider::new(&store);
    let found = sign_in(&store, &there, &provider()).await.unwrap();
    let plain = SignedIn { account: li, vouched: Vec::new(), proved_at: None, go_on: "/inbox".to_owned() };
    assert_eq!(found, plain);
    there.says("email", json!("another@trade.test"));
    let found = sign_in(&store, &there, &provider()).await.unwrap();
    assert_eq!(found.account, li, "known by what never changes");
    there.says("email", json!("li@trade.test"));
    there.says("sub", json!("8"));
    let successor = sign_in(&store, &there, &provider()).await;
    assert!(matches!(successor, Err(ProvisionError::Refused(_))), "an address that another has now: {successor:?}");
    assert!(store.write(move |tx| oidc::unlink(tx, "idp", li)).await.unwrap());
    assert_eq!(sign_in(&store, &there, &provider()).await.unwrap().account, li, "somebody has said so");
    there.says("sub", json!("7"));
    there.says("email", json!("another@trade.test"));
    let former = sign_in(&store, &there, &provider()).await;
    assert!(matches!(former, Err(ProvisionError::Refused(_))), "{former:?}");
    there.says("sub", json!("8"));
    store.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    let refused = sign_in(&store, &there, &provider()).await;
    assert!(matches!(refused, Err(ProvisionError::Refused(_))), "{refused:?}");
}

async fn an_attempt_is_used_once_and_by_its_own_secrets(store: TestStore) {
    people(&store).await;
    let (there, provider) = (Provider::new(&store), provider());
    let other = OidcProvider { name: "other".to_owned(), ..provider.clone() };
    let finish = |state: &str, provider: &OidcProvider, issuer: Option<&'static str>| {
        let (store, there, provider, state) = (&store, &there, provider.clone(), state.to_owned());
        async move { oidc::finish(store, there, &provider, &state, "c/1", issuer).await }
    };
    assert!(matches!(finish("guessed", &provider, None).await, Err(ProvisionError::Over)));
    let begun = begin(&store, &there, &provider, false).await;
    finish(&begun.state, &provider, None).await.unwrap();
    assert!(matches!(finish(&begun.state, &provider, None).await, Err(ProvisionError::Over)), "a second time");
    let begun = begin(&store, &there, &provider, false).await;
    assert!(matches!(finish(&begun.state, &other, None).await, Err(ProvisionError::Over)), "another's way back");
    let begun = begin(&store, &there, &provider, false).await;
    let mixed_up = finish(&begun.state, &provider, Some("https://evil.example")).await;
    assert!(matches!(mixed_up, Err(ProvisionError::Source { .. })), "RFC 9207: {mixed_up:?}");
    let begun = begin(&store, &there, &provider, false).await;
    store.clock.advance(Duration::from_secs(601));
    assert!(matches!(finish(&begun.state, &provider, None).await, Err(ProvisionError::Over)), "too late");
}

/// What was shown there counts by the settings alone, and only if it is known when.
async fn second_factors_count_as_the_settings_say(store: TestStore) {
    people(&store).await;
    let there = Provider::new(&store);
    there.says("amr", json!(["pwd", "hwk"]));
    there.says("acr", json!("urn:example:gold"));
    there.says("auth_time", json!(there.now - 3_600));
    let vouched = |vouches: &[(&str, &str)]| {
        let pairs = vouches.iter().map(|(said, kind)| ((*said).to_owned(), (*kind).to_owned()));
        let provider = OidcProvider { vouches: pairs.collect(), ..provider() };
        let (store, there) = (&store, &there);
        async move { sign_in(store, there, &provider).await.unwrap().vouched }
    };
    assert_eq!(vouched(&[]).await, [], "nothing, if nobody has said so");
    assert_eq!(vouched(&[("mfa", "totp"), ("urn:example:silver", "ukey")]).await, []);
    assert_eq!(vouched(&[("hwk", "hardware-key")]).await, [FactorKind::HardwareKey]);
    assert_eq!(vouched(&[("urn:example:gold", "totp")]).await, [FactorKind::Totp]);
    there.says("auth_time", json!(there.now - 13 * 3_600));
    assert_eq!(vouched(&[("hwk", "hardware-key")]).await, [], "too long ago");
    there.says("auth_time", Value::Null);
    assert_eq!(vouched(&[("hwk", "hardware-key")]).await, [], "nobody knows when");
    for (auth_time, is_fresh) in [(json!(there.now), true), (json!(there.now - 3_600), false), (Value::Null, false)] {
        there.says("auth_time", auth_time.clone());
        let begun = begin(&store, &there, &provider(), true).await;
        assert!(begun.location.contains("prompt=login&max_age=0"), "{}", begun.location);
        let finished = oidc::finish(&store, &there, &provider(), &begun.state, "c/1", None).await;
        assert_eq!(finished.is_ok(), is_fresh, "{auth_time}: {finished:?}");
    }
}

async fn nobody_is_let_in_by_failure(store: TestStore) {
    people(&store).await;
    let (there, provider) = (Provider::new(&store), provider());
    for (name, value) in [
        ("nonce", json!("another")),
        ("aud", json!("another")),
        ("iss", json!("https://evil.example")),
        ("exp", json!(there.now - 3_600)),
    ] {
        let there = Provider::new(&store);
        there.says(name, value);
        let refused = sign_in(&store, &there, &provider).await;
        assert!(matches!(refused, Err(ProvisionError::Source { .. })), "{name}: {refused:?}");
    }
    let begun = begin(&store, &there, &provider, false).await;
    *there.is_down.lock().unwrap() = true;
    let refused = oidc::finish(&store, &there, &provider, &begun.state, "c/1", None).await;
    assert!(matches!(refused, Err(ProvisionError::Source { .. })), "{refused:?}");
}

/// Some providers keep the token thin.
async fn what_is_told_beside_the_token_is_about_the_same_person(store: TestStore) {
    let li = people(&store).await;
    let there = Provider::new(&store);
    there.says("email", Value::Null);
    let told = |sub: &str, address: &str, is_verified: bool| json!({ "sub": sub, "email": address, "email_verified": is_verified, "amr": ["mfa"] });
    for (apart, is_source) in [
        (told("8", "li@trade.test", true), true),
        (json!({ "email": "li@trade.test", "email_verified": true }), true),
        (json!("nonsense"), true),
        // The token's word for another address is none for this one.
        (told("7", "li@trade.test", false), false),
        (json!({ "sub": "7", "email": "li@trade.test" }), false),
    ] {
        *there.apart.lock().unwrap() = apart.clone();
        let refused = sign_in(&store, &there, &provider()).await;
        let as_wanted = match &refused {
            Err(ProvisionError::Source { .. }) => is_source,
            Err(ProvisionError::Refused(_)) => !is_source,
            _ => false,
        };
        assert!(as_wanted, "{apart}: {refused:?}");
    }
    *there.apart.lock().unwrap() = told("7", "li@trade.test", true);
    let vouching = OidcProvider { vouches: [("mfa".to_owned(), "totp".to_owned())].into(), ..provider() };
    let found = sign_in(&store, &there, &vouching).await.unwrap();
    assert_eq!((found.account, found.vouched), (li, Vec::new()), "who it is, and nothing of how it was shown");
}

async fn who_is_let_in_is_decided_here(store: TestStore) {
    people(&store).await;
    let there = Provider::new(&store);
    there.says("email_verified", json!(false));
    let unproven = sign_in(&store, &there, &provider()).await;
    assert!(matches!(unproven, Err(ProvisionError::Refused(_))), "{unproven:?}");
    there.says("email_verified", json!(true));
    there.says("email", json!("admin@trade.test"));
    let oversees = sign_in(&store, &there, &provider()).await;
    assert!(matches!(oversees, Err(ProvisionError::Refused(_))), "the provider is not above the administrator");
    there.says("email", json!("new@trade.test"));
    let stranger = sign_in(&store, &there, &provider()).await;
    assert!(matches!(stranger, Err(ProvisionError::Refused(_))), "{stranger:?}");
    let generous = OidcProvider { create_people: true, ..provider() };
    let made = sign_in(&store, &there, &generous).await.unwrap().account;
    let made = store.read(move |tx| identity::load_account(tx, made)).await.unwrap();
    assert_eq!((made.addresses[0].as_str(), made.name.as_str(), made.role), ("new@trade.test", "Li Na", Role::Sales));
    // Nor anybody of another organisation, by whatever address and however linked.
    let other = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Other", Level::Basic)?;
        identity::create_domain(tx, organisation, "other.test")?;
        let new = NewAccount {
            organisation,
            address: "zhou@other.test",
            name: "Zhou",
            role: Role::Sales,
            language: Language::Chinese,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        };
        identity::create_account(tx, &new)
    };
    store.write(other).await.unwrap();
    let of = |name: &str| OidcProvider { organisation: Some(name.to_owned()), ..generous.clone() };
    there.says("sub", json!("9"));
    there.says("email", json!("zhou@other.test"));
    let foreign = sign_in(&store, &there, &of("Trade Test")).await;
    assert!(matches!(foreign, Err(ProvisionError::Refused(_))), "{foreign:?}");
    let unnamed = sign_in(&store, &there, &generous).await;
    assert!(matches!(unnamed, Err(ProvisionError::Source { .. })), "there are two organisations: {unnamed:?}");
    sign_in(&store, &there, &of("Other")).await.unwrap();
    let foreign = sign_in(&store, &there, &of("Trade Test")).await;
    assert!(matches!(foreign, Err(ProvisionError::Refused(_))), "linked before the settings changed: {foreign:?}");
    let generous = of("Trade Test");
    there.says("sub", json!("8"));
    there.says("email", json!("spy@elsewhere.example"));
    let elsewhere = sign_in(&store, &there, &generous).await;
    assert!(elsewhere.is_err(), "at domains of the organisation only");
}
