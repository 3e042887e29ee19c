//! The OAuth server: what is given once is good once, and what is copied ends everything.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Secret;
use fixture::{Fixture, secret};
use identity::oauth::{
    self, Authorization, FreshKey, Issued, NewOAuthClient, OAuthClient, OAuthError, OAuthScope, TokenAlgorithm,
};
use identity::{AuthFailure, Client, Hasher, Method, Principal, Protocol, Role, SignIn, Standing};
use store::Tx;
use store::testing::TestStore;
use wire::sasl::TokenCredentials;

store::on_both_engines! {
    a_code_becomes_tokens_that_open_mail,
    a_code_is_good_once_for_a_minute_and_for_its_client,
    a_refresh_token_is_good_once,
    scopes_are_kept,
    revoked_is_revoked,
    devices_wait_for_their_person,
    clients_are_registered_and_removed,
    identity_tokens_are_signed_with_keys_that_change,
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://localhost";

fn browser() -> Client {
    Client::new(IpAddr::from([192, 0, 2, 7]), Protocol::Web)
}

struct Scene {
    fixture: Fixture,
    principal: Principal,
    client: OAuthClient,
}

impl Scene {
    async fn new(store: TestStore) -> Self {
        let fixture = Fixture::new(store).await;
        let account = fixture.add("li@trade.test", Role::Sales).await;
        let principal = Principal {
            account,
            organisation: fixture.organisation,
            address: "li@trade.test".to_owned(),
            role: Role::Sales,
            language: identity::Language::Chinese,
            method: Method::Session,
            session: None,
            strong_at: None,
            scope: identity::Scope::ALL,
            standing: Standing::default(),
        };
        let client = fixture.write(|tx| oauth::find_client(tx, "thunderbird")).await.unwrap().unwrap();
        Self { fixture, principal, client }
    }

    async fn code(&self, scope: &str) -> Result<Secret<String>, OAuthError> {
        let wanted = Authorization {
            redirect_uri: BACK.to_owned(),
            scope: scope.parse().unwrap(),
            challenge: CHALLENGE.to_owned(),
            nonce: Some("n-1".to_owned()),
        };
        self.code_for(wanted).await
    }

    async fn code_for(&self, wanted: Authorization) -> Result<Secret<String>, OAuthError> {
        let (principal, client) = (self.principal.clone(), self.client.clone());
        let work = move |tx: &mut store::Tx<'_>| oauth::issue_code(tx, &principal, &client, &wanted, &browser());
        self.fixture.write(work).await.unwrap()
    }

    async fn exchange(&self, code: &Secret<String>, back: &str, verifier: &str) -> Result<Issued, OAuthError> {
        let (client, code) = (self.client.clone(), code.clone());
        let (back, verifier) = (back.to_owned(), secret(verifier));
        self.fixture.write(move |tx| oauth::exchange_code(tx, &client, &code, Some(&back), &verifier)).await.unwrap()
    }

    async fn tokens(&self, scope: &str) -> Issued {
        let code = self.code(scope).await.unwrap();
        self.exchange(&code, BACK, VERIFIER).await.unwrap()
    }

    async fn refresh(&self, token: &Secret<String>, scope: Option<&str>) -> Result<Issued, OAuthError> {
        let (client, token) = (self.client.clone(), token.clone());
        let scope: Option<OAuthScope> = scope.map(|scope| scope.parse().unwrap());
        self.fixture.write(move |tx| oauth::refresh(tx, &client, &token, scope)).await.unwrap()
    }

    async fn enter(
        &self,
        token: &Secret<String>,
        user: Option<&str>,
        protocol: Protocol,
    ) -> Result<Principal, AuthFailure> {
        let store = self.fixture.store.handle();
        let hasher = Hasher::new(store.context().entropy.clone());
        let shown = TokenCredentials { user: user.map(str::to_owned), token: token.clone() };
        SignIn::new(store, hasher).token(&shown, &Client::new(browser().address, protocol)).await
    }
}

async fn a_code_becomes_tokens_that_open_mail(store: TestStore) {
    let scene = Scene::new(store).await;
    let issued = scene.tokens("imap smtp openid").await;
    assert_eq!(issued.nonce.as_deref(), Some("n-1"));
    assert_eq!(issued.bearer.address, "li@trade.test");
    assert!(issued.refresh.is_some(), "mail programs run for months");
    for user in [None, Some("li@trade.test"), Some("LI@Trade.test")] {
        let found = scene.enter(&issued.access, user, Protocol::Imap).await.unwrap();
        assert!(matches!(found.method, Method::Token(_)));
    }
    let other = scene.enter(&issued.access, Some("wang@trade.test"), Protocol::Imap).await;
    assert!(matches!(other, Err(AuthFailure::Refused)), "another's name beside the token");
    scene.fixture.store.clock.advance(oauth::ACCESS_LIFE);
    let late = scene.enter(&issued.access, None, Protocol::Imap).await;
    assert!(matches!(late, Err(AuthFailure::Refused)), "expired");
    let fresh = scene.refresh(&issued.refresh.unwrap(), None).await.unwrap();
    scene.enter(&fresh.access, None, Protocol::Imap).await.unwrap();
}

async fn a_code_is_good_once_for_a_minute_and_for_its_client(store: TestStore) {
    let scene = Scene::new(store).await;
    // Reuse: the tokens of the first use end, too.
    let code = scene.code("imap").await.unwrap();
    let issued = scene.exchange(&code, BACK, VERIFIER).await.unwrap();
    assert_eq!(scene.exchange(&code, BACK, VERIFIER).await.unwrap_err(), OAuthError::InvalidGrant);
    assert!(scene.enter(&issued.access, None, Protocol::Imap).await.is_err(), "one of the two was a thief");
    assert_eq!(scene.refresh(&issued.refresh.unwrap(), None).await.unwrap_err(), OAuthError::InvalidGrant);

    // A wrong redirect URI or verifier spoils the code.
    for (back, verifier) in [("http://localhost", VERIFIER), (BACK, "wrong"), (BACK, CHALLENGE), (BACK, "")] {
        let code = scene.code("imap").await.unwrap();
        assert_eq!(scene.exchange(&code, back, verifier).await.unwrap_err(), OAuthError::InvalidGrant);
        assert_eq!(scene.exchange(&code, BACK, VERIFIER).await.unwrap_err(), OAuthError::InvalidGrant);
    }
    let code = scene.code("imap").await.unwrap();
    scene.fixture.store.clock.advance(Duration::from_secs(60));
    assert_eq!(scene.exchange(&code, BACK, VERIFIER).await.unwrap_err(), OAuthError::InvalidGrant, "a minute late");

    // Another client cannot use it, nor spoil it.
    let code = scene.code("imap").await.unwrap();
    let other = scene.fixture.write(|tx| oauth::find_client(tx, "mail-program")).await.unwrap().unwrap();
    let (shown, verifier) = (code.clone(), secret(VERIFIER));
    let stolen =
        scene.fixture.write(move |tx| oauth::exchange_code(tx, &other, &shown, Some(BACK), &verifier)).await.unwrap();
    assert_eq!(stolen.unwrap_err(), OAuthError::InvalidGrant);
    scene.exchange(&code, BACK, VERIFIER).await.unwrap();

    // What cannot be is refused before there is a code.
    let wanted = |redirect_uri: &str, challenge: &str| Authorization {
        redirect_uri: redirect_uri.to_owned(),
        scope: "imap".parse().unwrap(),
        challenge: challenge.to_owned(),
        nonce: None,
    };
    for (back, challenge) in
        [("https://evil.test", CHALLENGE), ("https://localhost/x", CHALLENGE), (BACK, ""), (BACK, VERIFIER)]
    {
        let refused = scene.code_for(wanted(back, challenge)).await;
        if challenge == VERIFIER {
            // 43 letters of base64url are a challenge as good as any: only its own verifier proves it.
            let code = refused.unwrap();
            assert!(scene.exchange(&code, BACK, VERIFIER).await.is_err(), "plain PKCE");
        } else {
            assert!(matches!(refused, Err(OAuthError::InvalidRequest(_))), "{back} {challenge}");
        }
    }
}

async fn a_refresh_token_is_good_once(store: TestStore) {
    let scene = Scene::new(store).await;
    let first = scene.tokens("imap").await;
    let old = first.refresh.unwrap();
    let second = scene.refresh(&old, None).await.unwrap();
    scene.enter(&second.access, None, Protocol::Imap).await.unwrap();
    assert_eq!(scene.refresh(&old, None).await.unwrap_err(), OAuthError::InvalidGrant);
    assert!(scene.enter(&second.access, None, Protocol::Imap).await.is_err(), "the whole family has ended");
    assert_eq!(scene.refresh(&second.refresh.unwrap(), None).await.unwrap_err(), OAuthError::InvalidGrant);
    let unused = scene.tokens("imap").await.refresh.unwrap();
    scene.fixture.store.clock.advance(Duration::from_secs(90 * 86_400));
    assert_eq!(scene.refresh(&unused, None).await.unwrap_err(), OAuthError::InvalidGrant, "not used for a quarter");
}

async fn scopes_are_kept(store: TestStore) {
    let scene = Scene::new(store).await;
    let reading = scene.tokens("imap").await;
    let sent = scene.enter(&reading.access, None, Protocol::Smtp).await;
    assert!(matches!(sent, Err(AuthFailure::OutOfScope)));
    assert_eq!(
        scene.refresh(&reading.refresh.unwrap(), Some("imap smtp")).await.unwrap_err(),
        OAuthError::InvalidScope
    );
    let both = scene.tokens("imap smtp").await;
    let less = scene.refresh(&both.refresh.unwrap(), Some("smtp")).await.unwrap();
    assert!(scene.enter(&less.access, None, Protocol::Imap).await.is_err());
    scene.enter(&less.access, None, Protocol::Smtp).await.unwrap();
    let who = scene.tokens("openid email").await;
    assert!(who.refresh.is_none());
    assert!(matches!(scene.enter(&who.access, None, Protocol::Imap).await, Err(AuthFailure::OutOfScope)));
    assert!("imap admin".parse::<OAuthScope>().is_err());
}

async fn revoked_is_revoked(store: TestStore) {
    let scene = Scene::new(store).await;
    let account = scene.principal.account;
    let issued = scene.tokens("imap").await;
    let (client, token) = (scene.client.clone(), issued.refresh.clone().unwrap());
    scene.fixture.write(move |tx| oauth::revoke_token(tx, &client, &token)).await.unwrap();
    assert!(
        scene.enter(&issued.access, None, Protocol::Imap).await.is_err(),
        "a refresh token takes its grant with it"
    );

    let issued = scene.tokens("imap").await;
    let (client, token) = (scene.client.clone(), issued.access.clone());
    scene.fixture.write(move |tx| oauth::revoke_token(tx, &client, &token)).await.unwrap();
    assert!(scene.enter(&issued.access, None, Protocol::Imap).await.is_err());
    let fresh = scene.refresh(&issued.refresh.unwrap(), None).await.unwrap();
    let listed = scene.fixture.write(move |tx| oauth::list_grants(tx, account)).await.unwrap();
    assert_eq!(listed.len(), 1);
    let id = listed[0].id;
    scene.fixture.write(move |tx| oauth::end_grant(tx, account, id)).await.unwrap();
    assert!(scene.enter(&fresh.access, None, Protocol::Imap).await.is_err());

    let issued = scene.tokens("imap").await;
    scene.fixture.write(move |tx| identity::end_sign_ins(tx, account)).await.unwrap();
    assert!(scene.enter(&issued.access, None, Protocol::Imap).await.is_err());
    let issued = scene.tokens("imap").await;
    let stranger = scene.fixture.write(|tx| oauth::find_client(tx, "mail-program")).await.unwrap().unwrap();
    let token = issued.access.clone();
    let seen = scene.fixture.write(move |tx| oauth::introspect(tx, &stranger, &token)).await.unwrap();
    assert_eq!(seen, None, "another client's token is none of its business");
}

async fn devices_wait_for_their_person(store: TestStore) {
    let scene = Scene::new(store).await;
    let client = scene.fixture.write(|tx| oauth::find_client(tx, "mail-device")).await.unwrap().unwrap();
    let begin = async || {
        let client = client.clone();
        scene.fixture.write(move |tx| oauth::begin_device(tx, &client, "imap".parse()?)).await.unwrap().unwrap()
    };
    let poll = async |code: &Secret<String>| {
        let (client, code) = (client.clone(), code.clone());
        scene.fixture.write(move |tx| oauth::poll_device(tx, &client, &code)).await.unwrap()
    };
    let decide = async |user_code: &str, allow: bool| {
        let (principal, user_code) = (scene.principal.clone(), user_code.to_owned());
        scene
            .fixture
            .write(move |tx| oauth::decide_device(tx, &principal, &user_code, allow, &browser()))
            .await
            .unwrap()
    };
    let codes = begin().await;
    assert_eq!(poll(&codes.device_code).await.unwrap_err(), OAuthError::AuthorizationPending);
    assert_eq!(poll(&codes.device_code).await.unwrap_err(), OAuthError::SlowDown);
    let typed = codes.user_code.to_lowercase().replace('-', " ");
    assert!(decide(&typed, true).await);
    assert!(!decide(&typed, true).await, "decided already");
    let issued = poll(&codes.device_code).await.unwrap();
    scene.enter(&issued.access, None, Protocol::Imap).await.unwrap();
    assert_eq!(poll(&codes.device_code).await.unwrap_err(), OAuthError::InvalidGrant, "once");

    let denied = begin().await;
    assert!(decide(&denied.user_code, false).await);
    assert_eq!(poll(&denied.device_code).await.unwrap_err(), OAuthError::AccessDenied);
    let late = begin().await;
    scene.fixture.store.clock.advance(Duration::from_secs(900));
    assert_eq!(poll(&late.device_code).await.unwrap_err(), OAuthError::ExpiredToken);
    assert!(!decide(&late.user_code, true).await);
}

async fn clients_are_registered_and_removed(store: TestStore) {
    let mut scene = Scene::new(store).await;
    let new = NewOAuthClient {
        organisation: scene.fixture.organisation,
        name: "Intranet".to_owned(),
        is_public: false,
        redirects: vec![BACK.to_owned()],
        scope: "openid email imap".parse().unwrap(),
        algorithm: TokenAlgorithm::Es256,
    };
    let wanted = new.clone();
    let made = scene.fixture.write(move |tx| oauth::register_client(tx, &wanted)).await.unwrap();
    let known = async |shown: Option<Secret<String>>| {
        let id = made.id.clone();
        scene.fixture.write(move |tx| oauth::authenticate_client(tx, &id, shown.as_ref())).await.unwrap()
    };
    let client = known(made.secret.clone()).await.unwrap();
    assert_eq!(known(None).await.unwrap_err(), OAuthError::InvalidClient);
    assert_eq!(known(Some(secret("wrong"))).await.unwrap_err(), OAuthError::InvalidClient);
    let public =
        scene.fixture.write(|tx| oauth::authenticate_client(tx, "thunderbird", Some(&secret("x")))).await.unwrap();
    assert_eq!(public.unwrap_err(), OAuthError::InvalidClient, "a public client has no secret");
    for bad in [
        NewOAuthClient { redirects: vec!["http://app.test/".to_owned()], ..new.clone() },
        NewOAuthClient { name: String::new(), ..new.clone() },
        NewOAuthClient { scope: OAuthScope::default(), ..new.clone() },
    ] {
        assert!(scene.fixture.write(move |tx| oauth::register_client(tx, &bad)).await.is_err());
    }
    scene.client = client;
    let issued = scene.tokens("imap").await;
    let foreign = Principal { organisation: 1, ..scene.principal.clone() };
    let ours = std::mem::replace(&mut scene.principal, foreign);
    assert_eq!(scene.code("imap").await.unwrap_err(), OAuthError::AccessDenied, "another organisation's client");
    scene.principal = ours;
    assert_eq!(scene.code("smtp").await.unwrap_err(), OAuthError::InvalidScope, "more than it may ask for");
    let id = scene.client.id.clone();
    scene.fixture.write(move |tx| oauth::remove_client(tx, &id)).await.unwrap();
    assert!(scene.enter(&issued.access, None, Protocol::Imap).await.is_err(), "what it was given ends with it");
    assert!(scene.fixture.write(|tx| oauth::remove_client(tx, "thunderbird")).await.is_err());
}

async fn identity_tokens_are_signed_with_keys_that_change(store: TestStore) {
    let scene = Scene::new(store).await;
    let sign = async |algorithm: TokenAlgorithm| {
        for missing in scene.fixture.write(oauth::missing_keys).await.unwrap() {
            let fresh = FreshKey::generate(missing).unwrap();
            scene.fixture.write(move |tx| oauth::keep_key(tx, &fresh)).await.unwrap();
        }
        let claims = serde_json::json!({ "sub": "1" });
        let work = move |tx: &mut Tx<'_>| {
            let key = oauth::signing_key(tx, algorithm)?;
            oauth::sign_identity_token(&key, &claims)
        };
        scene.fixture.write(work).await.unwrap()
    };
    let early = scene.fixture.write(|tx| oauth::signing_key(tx, TokenAlgorithm::Es256).map(drop)).await;
    assert!(early.is_err(), "no key has been made");
    for (algorithm, octets) in [(TokenAlgorithm::Es256, 64), (TokenAlgorithm::Rs256, 256)] {
        let first = sign(algorithm).await;
        let parts: Vec<&str> = first.split('.').collect();
        let header: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        let keys = scene.fixture.write(oauth::public_keys).await.unwrap();
        let key = keys.iter().find(|key| header["kid"] == key.id.as_str()).unwrap();
        assert_eq!((key.algorithm, &header["alg"]), (algorithm, &algorithm.as_str().into()));
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), octets);
        assert_eq!(parts[0], sign(algorithm).await.split('.').next().unwrap(), "the same key signs on");
    }
    let before = sign(TokenAlgorithm::Es256).await;
    assert_eq!(scene.fixture.write(oauth::public_keys).await.unwrap().len(), 2);
    let fresh = FreshKey::generate(TokenAlgorithm::Es256).unwrap();
    scene.fixture.write(move |tx| oauth::keep_key(tx, &fresh)).await.unwrap();
    assert_eq!(scene.fixture.write(oauth::public_keys).await.unwrap().len(), 2, "one at a time");
    scene.fixture.store.clock.advance(Duration::from_secs(91 * 86_400));
    let after = sign(TokenAlgorithm::Es256).await;
    assert_ne!(before.split('.').next(), after.split('.').next(), "until it is old");
    assert_eq!(scene.fixture.write(oauth::public_keys).await.unwrap().len(), 4, "those before are told on");
    scene.fixture.store.clock.advance(Duration::from_secs(91 * 86_400));
    sign(TokenAlgorithm::Es256).await;
    assert_eq!(scene.fixture.write(oauth::public_keys).await.unwrap().len(), 4);
}
