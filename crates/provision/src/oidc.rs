//! Signing in at an outside identity provider by OpenID Connect (Core 1.0, Discovery 1.0): authorization code with PKCE (RFC 7636).
//!
//! The sign-in page sends the browser to what [`begin`] gives, and calls [`finish`] with what the browser brings back. Between the two a row
//! holds the secrets of the attempt, sealed, for ten minutes and one use. The page binds the attempt to the browser by a cookie with
//! [`Begun::state`]: it must be the `state` that comes back.

mod fetch;
mod token;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{AccountKind, AccountState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Store, StoreError, Tx, params};

use crate::link::{self, Kind, Link};
use crate::people::{self, Person, is_ordinary};
use crate::{OidcProvider, ProvisionError};

pub use fetch::{Fetch, HttpsFetch};

/// How long somebody may take at the provider.
const ATTEMPT_KEPT: Duration = Duration::from_secs(600);

/// Bytes of what the provider calls a person.
const SUBJECT_BYTES_MAX: usize = 255;

/// An attempt that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where the browser is sent.
    pub location: String,
    /// What must come back with it.
    pub state: String,
}

/// Somebody whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Their account here, which is in use.
    pub account: i64,
    /// The provider says that a second factor was shown (RFC 8176: `mfa` or `hwk`).
    pub with_second_factor: bool,
    /// Where the attempt was to lead, as [`begin`] was told.
    pub go_on: String,
}

/// The secrets of an attempt.
#[derive(Serialize, Deserialize)]
struct Attempt {
    provider: String,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    go_on: String,
}

/// What the provider publishes of itself (Discovery 1.0 section 3).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// Begins an attempt that is to come back to `redirect_uri` and to lead to `go_on`.
///
/// # Errors
/// [`ProvisionError::Source`] if the provider does not answer as it should, or the store's.
pub async fn begin(
    store: &Store,
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    redirect_uri: &str,
    go_on: &str,
) -> Result<Begun, ProvisionError> {
    let metadata = discover(fetch, provider).await?;
    let random = || {
        let mut bytes = [0; 32];
        store.context().entropy.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let (state, nonce, verifier) = (random(), random(), random());
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
    let attempt = Attempt {
        provider: provider.name.clone(),
        nonce: nonce.clone(),
        verifier,
        redirect_uri: redirect_uri.to_owned(),
        go_on: go_on.to_owned(),
    };
    let hash = state_hash(&state);
    let kept = serde_json::to_vec(&attempt).map_err(|error| unexpected(provider, error.to_string()))?;
    store.write(move |tx| keep(tx, &hash, &kept)).await?;
    let scope = provider.scopes.join(" ");
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &provider.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &scope),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let divider = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
    Ok(Begun { location: format!("{}{divider}{query}", metadata.authorization_endpoint), state })
}

/// Ends an attempt with what the browser has brought back. `issuer` is the parameter `iss`, if there was one (RFC 9207).
///
/// # Errors
/// [`ProvisionError::Refused`] if there was no such attempt or nobody here is meant, [`ProvisionError::Source`] if the provider does not
/// answer as it should: then nobody is let in.
pub async fn finish(
    store: &Store,
    fetch: &dyn Fetch,
    providers: &[OidcProvider],
    state: &str,
    code: &str,
    issuer: Option<&str>,
) -> Result<SignedIn, ProvisionError> {
    let hash = state_hash(state);
    let kept = store.write(move |tx| take(tx, &hash)).await?;
    let attempt: Option<Attempt> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    let attempt = attempt.ok_or_else(|| refused("the sign-in took too long or was done already; begin again"))?;
    let provider = providers.iter().find(|known| known.name == attempt.provider);
    let provider = provider.ok_or_else(|| ProvisionError::NoSource(attempt.provider.clone()))?.clone();
    if issuer.is_some_and(|issuer| issuer != provider.issuer) {
        return Err(unexpected(&provider, "the answer is another provider's".to_owned()));
    }
    let metadata = discover(fetch, &provider).await?;
    let claims = exchange(store, fetch, &provider, &metadata, &attempt, code).await?;
    let factors = claims.get("amr").and_then(Value::as_array);
    let with_second_factor =
        factors.is_some_and(|all| all.iter().any(|one| matches!(one.as_str(), Some("mfa" | "hwk"))));
    let account = store.write(move |tx| find_person(tx, &provider, &claims)).await?;
    Ok(SignedIn { account, with_second_factor, go_on: attempt.go_on })
}

async fn discover(fetch: &dyn Fetch, provider: &OidcProvider) -> Result<Metadata, ProvisionError> {
    let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
    let body = fetch.get(provider, &address).await?;
    let metadata: Metadata = serde_json::from_slice(&body)
        .map_err(|error| unexpected(provider, format!("what it publishes of itself cannot be read: {error}")))?;
    // Discovery 1.0 section 4.3: exactly the issuer that was asked.
    if metadata.issuer != provider.issuer {
        return Err(unexpected(provider, format!("it calls itself {}", metadata.issuer)));
    }
    let all = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
    if all.iter().any(|address| !address.starts_with("https://")) {
        return Err(unexpected(provider, "one of its addresses is not https".to_owned()));
    }
    Ok(metadata)
}

/// Exchanges the code for an identity token and checks it; gives its claims.
async fn exchange(
    store: &Store,
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    metadata: &Metadata,
    attempt: &Attempt,
    code: &str,
) -> Result<Value, ProvisionError> {
    let secret = match &provider.client_secret_file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| unexpected(provider, format!("cannot read {}: {error}", file.display())))?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        None => None,
    };
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", attempt.redirect_uri.as_str()),
        ("client_id", provider.client_id.as_str()),
        ("code_verifier", attempt.verifier.as_str()),
    ];
    fields.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
    let body = fetch.post(provider, &metadata.token_endpoint, form(&fields)).await?;
    let answer: Value = serde_json::from_slice(&body)
        .map_err(|error| unexpected(provider, format!("its tokens cannot be read: {error}")))?;
    let token = answer.get("id_token").and_then(Value::as_str);
    let token = token.ok_or_else(|| unexpected(provider, "it gives no id_token".to_owned()))?;
    let keys = fetch.get(provider, &metadata.jwks_uri).await?;
    let expected = token::Expected {
        issuer: &provider.issuer,
        audience: &provider.client_id,
        nonce: &attempt.nonce,
        now: store.context().clock.now(),
    };
    token::verify(token, &keys, &expected).map_err(|cause| unexpected(provider, cause.to_string()))
}

/// The account of the person that the claims are about: linked before, else by its address, else made if that is wanted.
fn find_person(tx: &mut Tx<'_>, provider: &OidcProvider, claims: &Value) -> Result<i64, ProvisionError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let subject = text("sub").filter(|subject| subject.len() <= SUBJECT_BYTES_MAX);
    let subject = subject.ok_or_else(|| unexpected(provider, "the token names nobody".to_owned()))?;
    let source = format!("oidc:{}", provider.name);
    let organisation = organisation(tx, provider)?;
    if let Some(link) = link::find(tx, &source, Kind::Person, subject)? {
        return in_use(tx, link.object, organisation);
    }
    let address = text(&provider.address_claim).ok_or_else(|| refused("the provider names no mail address"))?;
    let is_verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    if provider.require_verified && !is_verified {
        return Err(refused("the provider has not proven the mail address"));
    }
    let account = match identity::find_by_address(tx, address)? {
        Some(account) => {
            // Whoever holds the provider must not thereby become whoever oversees others here.
            if !is_ordinary(identity::load_account(tx, account)?.role) {
                return Err(refused("accounts that oversee others sign in here"));
            }
            in_use(tx, account, organisation)?
        }
        None if provider.create_people => {
            let person = Person {
                address: address.to_owned(),
                name: text(&provider.name_claim).map(str::to_owned),
                ..Person::default()
            };
            people::create(tx, organisation, AccountKind::Person, &person)?.id
        }
        None => return Err(refused("nobody here has this mail address")),
    };
    let link = Link {
        source,
        kind: Kind::Person,
        external: subject.to_owned(),
        object: account,
        is_present: true,
        fingerprint: Vec::new(),
    };
    link::put(tx, &link)?;
    Ok(account)
}

fn in_use(tx: &mut Tx<'_>, account: i64, organisation: i64) -> Result<i64, ProvisionError> {
    let found = identity::load_account(tx, account)?;
    let fits =
        found.organisation == organisation && found.kind == AccountKind::Person && found.state == AccountState::Active;
    if fits { Ok(account) } else { Err(refused("the account is not in use")) }
}

fn organisation(tx: &mut Tx<'_>, provider: &OidcProvider) -> Result<i64, ProvisionError> {
    let all = identity::list_organisations(tx)?;
    let found = match (&provider.organisation, all.as_slice()) {
        (None, [only]) => Some(only.id),
        (None, _) => None,
        (Some(name), all) => all.iter().find(|it| it.name == *name).map(|it| it.id),
    };
    found.ok_or_else(|| unexpected(provider, "its organisation is not there; name one in the settings".to_owned()))
}

fn state_hash(state: &str) -> Vec<u8> {
    digest(&SHA256, state.as_bytes()).as_ref().to_vec()
}

fn place(hash: &[u8]) -> Vec<u8> {
    [b"outside_sign_in.detail".as_slice(), hash].concat()
}

fn keep(tx: &mut Tx<'_>, hash: &[u8], kept: &[u8]) -> Result<(), ProvisionError> {
    let now = tx.now();
    tx.execute("DELETE FROM outside_sign_in WHERE expires <= $1", params![now.millis()])?;
    let context = tx.context();
    let sealed = context.keys.region().sealing().seal(&*context.entropy, &place(hash), kept);
    tx.execute(
        "INSERT INTO outside_sign_in (state_hash, expires, detail) VALUES ($1, $2, $3)",
        params![hash, now.plus(ATTEMPT_KEPT).millis(), &sealed],
    )?;
    Ok(())
}

/// The secrets of the attempt, which is over with this: nobody gets them twice.
fn take(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<Vec<u8>>, ProvisionError> {
    let found =
        tx.row("DELETE FROM outside_sign_in WHERE state_hash = $1 RETURNING expires, detail", params![hash], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
    let Some((expires, sealed)) = found.filter(|(expires, _)| *expires > tx.now().millis()) else { return Ok(None) };
    let _ = expires;
    let opened = tx.context().keys.region().sealing().open("outside sign-in", &place(hash), &sealed);
    Ok(Some(opened.map_err(StoreError::from)?))
}

/// Fields as a form has them (`application/x-www-form-urlencoded`).
fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

fn refused(why: &str) -> ProvisionError {
    ProvisionError::Refused(why.to_owned())
}

fn unexpected(provider: &OidcProvider, cause: String) -> ProvisionError {
    ProvisionError::Source { place: format!("identity provider {} ({})", provider.name, provider.issuer), cause }
}
