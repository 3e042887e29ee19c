//! Signing in at an outside identity provider by OpenID Connect (Core 1.0, Discovery 1.0): authorization code with PKCE (RFC 7636).
//!
//! The sign-in page sends the browser to what [`begin`] gives, and calls [`finish`] with what the browser brings back. Between the two a row
//! holds the secrets of the attempt, sealed, for ten minutes and one use. The page binds the attempt to the browser by a cookie with
//! [`Begun::state`]: it must be the `state` that comes back.

mod fetch;
mod token;
mod user_info;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Timestamp;
use factors::FactorKind;
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

/// How long ago somebody may have proved there who they are, for the factors that they have shown then to count here.
const PROVED_WITHIN: Duration = Duration::from_secs(12 * 3_600);

/// How far the provider's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);

/// What is wanted of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// Where the attempt is to lead.
    pub go_on: String,
    /// The person is to prove anew who they are, however short ago they have.
    pub is_fresh: bool,
}

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
    /// Second factors that were shown there, as far as the settings take the provider's word for them.
    pub vouched: Vec<FactorKind>,
    /// When that was; factors count for nothing without.
    pub proved_at: Option<Timestamp>,
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
    /// Seconds since 1970 before which the person must not have proved who they are; none if it does not matter.
    fresh_since: Option<i64>,
}

/// What the provider publishes of itself (Discovery 1.0 section 3).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
}

/// Begins an attempt.
///
/// # Errors
/// [`ProvisionError::Source`] if the provider does not answer as it should, or the store's.
pub async fn begin(
    store: &Store,
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    wanted: &Wanted,
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
        redirect_uri: wanted.redirect_uri.clone(),
        go_on: wanted.go_on.clone(),
        fresh_since: wanted.is_fresh.then(|| store.context().clock.now().seconds()),
    };
    let hash = state_hash(&state);
    let kept = serde_json::to_vec(&attempt).map_err(|error| unexpected(provider, error.to_string()))?;
    store.write(move |tx| keep(tx, &hash, &kept)).await?;
    let scope = provider.scopes.join(" ");
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", &provider.client_id),
        ("redirect_uri", &wanted.redirect_uri),
        ("scope", &scope),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    // Core 1.0 section 3.1.2.1: who is asked for an age must tell when the person has proved who they are.
    let age = PROVED_WITHIN.as_secs().to_string();
    if wanted.is_fresh {
        fields.extend([("prompt", "login"), ("max_age", "0")]);
    } else if !provider.vouches.is_empty() {
        fields.push(("max_age", &age));
    }
    let query = form(&fields);
    let divider = if metadata.authorization_endpoint.contains('?') { '&' } else { '?' };
    Ok(Begun { location: format!("{}{divider}{query}", metadata.authorization_endpoint), state })
}

/// Ends an attempt with what the browser has brought back to `provider`'s page. `issuer` is the parameter `iss`, if there was one
/// (RFC 9207).
///
/// # Errors
/// [`ProvisionError::Over`] if there is no such attempt, [`ProvisionError::Refused`] if nobody here is meant, [`ProvisionError::Source`] if the provider does not
/// answer as it should: then nobody is let in.
pub async fn finish(
    store: &Store,
    fetch: &dyn Fetch,
    provider: &OidcProvider,
    state: &str,
    code: &str,
    issuer: Option<&str>,
) -> Result<SignedIn, ProvisionError> {
    let attempt = take_attempt(store, provider, state).await?;
    if issuer.is_some_and(|issuer| issuer != provider.issuer) {
        return Err(unexpected(provider, "the answer is another provider's".to_owned()));
    }
    let metadata = discover(fetch, provider).await?;
    let claims = exchange(store, fetch, provider, &metadata, &attempt, code).await?;
    let now = store.context().clock.now();
    let proved_at = proved_at(&claims, now);
    if let Some(since) = attempt.fresh_since.map(Timestamp::from_seconds)
        && proved_at.is_none_or(|at| at.plus(SKEW) < since)
    {
        return Err(unexpected(provider, "the person was to sign in anew and has not (auth_time)".to_owned()));
    }
    let vouched = vouched(provider, &claims, proved_at, now);
    let wanted = provider.clone();
    let account = store.write(move |tx| find_person(tx, &wanted, &claims)).await?;
    Ok(SignedIn { account, vouched, proved_at, go_on: attempt.go_on })
}

/// Names of the providers that know the account's person and whose word for second factors is taken.
///
/// # Errors
/// [`ProvisionError`] if the store fails.
pub fn vouching_for(tx: &mut Tx<'_>, providers: &[OidcProvider], account: i64) -> Result<Vec<String>, ProvisionError> {
    let mut found = Vec::new();
    for provider in providers.iter().filter(|provider| !provider.vouches.is_empty()) {
        if link::of_object(tx, &source_name(provider), Kind::Person, account)?.is_some() {
            found.push(provider.name.clone());
        }
    }
    Ok(found)
}

/// Forgets who at the provider of that name the account is, and ends what is signed in to it; says whether it was known. After that the account is
/// whoever comes from there first with its address.
///
/// # Errors
/// [`ProvisionError`] if the store fails.
pub fn unlink(tx: &mut Tx<'_>, provider: &str, account: i64) -> Result<bool, ProvisionError> {
    let was_linked = link::remove(tx, &format!("oidc:{provider}"), Kind::Person, account)?;
    if was_linked {
        identity::end_sign_ins(tx, account)?;
    }
    Ok(was_linked)
}

/// The attempt that `state` was given for, which is over with this: nobody uses it twice. What is no attempt costs a look alone.
async fn take_attempt(store: &Store, provider: &OidcProvider, state: &str) -> Result<Attempt, ProvisionError> {
    let hash = state_hash(state);
    let wanted = hash.clone();
    if !store.read(move |tx| is_kept(tx, &wanted)).await? {
        return Err(ProvisionError::Over);
    }
    let kept = store.write(move |tx| take(tx, &hash)).await?;
    let attempt: Option<Attempt> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    // RFC 9700 section 4.4: each provider has a way back of its own.
    attempt.filter(|attempt| attempt.provider == provider.name).ok_or(ProvisionError::Over)
}

/// When the person has proved to the provider who they are (`auth_time`), no later than now.
fn proved_at(claims: &Value, now: Timestamp) -> Option<Timestamp> {
    let seconds = claims.get("auth_time").and_then(Value::as_f64)? as i64;
    (seconds > 0).then(|| Timestamp::from_seconds(seconds).min(now))
}

/// Second factors that count by what the provider says of the sign-in there (`amr`, RFC 8176, and `acr`), if that was not too long ago.
fn vouched(provider: &OidcProvider, claims: &Value, at: Option<Timestamp>, now: Timestamp) -> Vec<FactorKind> {
    if at.is_none_or(|at| now.since(at) > PROVED_WITHIN + SKEW) {
        return Vec::new();
    }
    let ways = claims.get("amr").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let class = claims.get("acr").and_then(Value::as_str);
    let words = ways.chain(class).filter_map(|said| provider.vouches.get(said));
    words.filter_map(|word| word.parse().ok()).collect()
}

async fn discover(fetch: &dyn Fetch, provider: &OidcProvider) -> Result<Metadata, ProvisionError> {
    let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
    let body = fetch.get(provider, &address, None).await?;
    let metadata: Metadata = serde_json::from_slice(&body)
        .map_err(|error| unexpected(provider, format!("what it publishes of itself cannot be read: {error}")))?;
    // Discovery 1.0 section 4.3: exactly the issuer that was asked.
    if metadata.issuer != provider.issuer {
        return Err(unexpected(provider, format!("it calls itself {}", metadata.issuer)));
    }
    let all = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
    if all.into_iter().chain(&metadata.userinfo_endpoint).any(|address| !address.starts_with("https://")) {
        return Err(unexpected(provider, "one of its addresses is not https".to_owned()));
    }
    Ok(metadata)
}

/// Exchanges the code for an identity token and checks it; gives its claims, with what else the provider tells of the person.
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
    let keys = fetch.get(provider, &metadata.jwks_uri, None).await?;
    let expected = token::Expected {
        issuer: &provider.issuer,
        audience: &provider.client_id,
        nonce: &attempt.nonce,
        now: store.context().clock.now(),
    };
    let claims = token::verify(token, &keys, &expected).map_err(|cause| unexpected(provider, cause.to_string()))?;
    let access_token = answer.get("access_token").and_then(Value::as_str);
    match (claims.get(&provider.address_claim), &metadata.userinfo_endpoint, access_token) {
        (None | Some(Value::Null), Some(address), Some(access_token)) => {
            user_info::complete(fetch, provider, address, access_token, claims).await
        }
        _ => Ok(claims),
    }
}

/// The account of the person that the claims are about: linked before, else by its address, else made if that is wanted.
fn find_person(tx: &mut Tx<'_>, provider: &OidcProvider, claims: &Value) -> Result<i64, ProvisionError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let subject = text("sub").filter(|subject| subject.len() <= SUBJECT_BYTES_MAX);
    let subject = subject.ok_or_else(|| unexpected(provider, "the token names nobody".to_owned()))?;
    let source = source_name(provider);
    // Core 1.0 section 5.7: issuer and subject together name a person, for ever.
    let subject = format!("{} {subject}", provider.issuer);
    let organisation = organisation(tx, provider)?;
    if let Some(link) = link::find(tx, &source, Kind::Person, &subject)? {
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
            let account = in_use(tx, account, organisation)?;
            // An address is given to others in time; the mail behind it stays the first one's.
            if link::of_object(tx, &source, Kind::Person, account)?.is_some() {
                return Err(refused(
                    "the account is another person's at the provider; to have it be this one's: tradewind provision unlink",
                ));
            }
            account
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
        external: subject,
        object: account,
        is_present: true,
        fingerprint: Vec::new(),
    };
    link::put(tx, &link)?;
    Ok(account)
}

/// The account, if it is a person's of the provider's organisation and in use.
fn in_use(tx: &mut Tx<'_>, account: i64, organisation: i64) -> Result<i64, ProvisionError> {
    let found = identity::load_account(tx, account)?;
    if found.organisation != organisation {
        return Err(refused("the account is of another organisation"));
    }
    if found.kind != AccountKind::Person || found.state != AccountState::Active {
        return Err(refused("the account is no person's or not in use"));
    }
    // Whoever holds the provider must not thereby become whoever oversees others here.
    if !is_ordinary(found.role) {
        return Err(refused("accounts that oversee others sign in here"));
    }
    Ok(account)
}

fn source_name(provider: &OidcProvider) -> String {
    format!("oidc:{}", provider.name)
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

fn is_kept(tx: &mut Tx<'_>, hash: &[u8]) -> Result<bool, ProvisionError> {
    Ok(tx.row("SELECT 1 FROM outside_sign_in WHERE state_hash = $1", params![hash], |row| row.int(0))?.is_some())
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
