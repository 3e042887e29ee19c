//! Signing in: password or SCRAM proof in, [`Principal`] or reason out.

mod client;
mod principal;

use std::time::Duration;

use crypto::hash::HashKey;
use env::{Outlook, Secret, Timestamp};
use mail::Address;
use parking_lot::Mutex;
use store::{Store, Tx, params};
use wire::sasl::StoredKeys;

use crate::known::{ClientMark, is_known, note_known};
use crate::password::{Hasher, PasswordError, SCRAM_ITERATIONS, is_outdated, open_scram, seal_scram};
use crate::recent::Recent;
use crate::throttle::Throttle;
use crate::{AccountState, IdentityError, Language, Level, PreparedPassword, Role};

pub use client::{AGENT_BYTES_MAX, Client, DeviceId, TlsTraits, describe_agent};
pub use principal::{Method, Principal, Scope};

/// How long a verified password is taken again without hashing it. Clients reconnect many times a minute; the hash is made to
/// be slow.
const VERIFIED_FOR: Duration = Duration::from_secs(60);

/// Verified passwords that are remembered at least.
const VERIFIED_REMEMBERED: usize = 8_192;

/// How long a noted client needs no noting again.
const NOTED_FOR: Duration = Duration::from_secs(86_400);

/// Credentials of one account that a password is tried against.
const CREDENTIALS_MAX: i64 = 16;

/// Why somebody may not sign in. What goes to the client is one thing, what is logged another: say no more than
/// "refused" for [`Self::Refused`] and [`Self::Disabled`].
#[derive(Debug, thiserror::Error)]
pub enum AuthFailure {
    /// Unknown user or wrong password.
    #[error("unknown user or wrong password")]
    Refused,
    /// The password is right, but the account is out of use.
    #[error("the account is disabled")]
    Disabled,
    /// Too many failures; the password was not looked at.
    #[error("too many failed attempts; try again in {} s", .retry_after.as_secs().max(1))]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It cannot be decided now.
    #[error("signing in does not work at the moment: {0}")]
    Temporary(IdentityError),
}

impl AuthFailure {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Refused | Self::Disabled => Outlook::Permanent,
            Self::Throttled { .. } | Self::Temporary(_) => Outlook::Temporary,
        }
    }
}

impl From<IdentityError> for AuthFailure {
    fn from(error: IdentityError) -> Self {
        Self::Temporary(error)
    }
}

impl From<PasswordError> for AuthFailure {
    fn from(error: PasswordError) -> Self {
        Self::Temporary(error.into())
    }
}

/// Checks who signs in.
pub struct SignIn {
    store: Store,
    hasher: Hasher,
    throttle: Mutex<Throttle>,
    /// When each client's sign-in to an account was last noted in the store.
    noted: Mutex<Recent<(i64, ClientMark), Timestamp>>,
    /// When each keyed hash of credential and password was verified. The key lives and dies with the process. A new password is
    /// a new credential, so what was verified with the old one is never found again.
    verified: Mutex<Recent<[u8; 32], Timestamp>>,
    verified_key: HashKey,
}

impl SignIn {
    /// Checks against the accounts of `store`, hashing with `hasher`.
    #[must_use]
    pub fn new(store: Store, hasher: Hasher) -> Self {
        let mut key = [0; 32];
        store.context().entropy.fill(&mut key);
        Self {
            store,
            hasher,
            throttle: Mutex::default(),
            noted: Mutex::new(Recent::new(VERIFIED_REMEMBERED)),
            verified: Mutex::new(Recent::new(VERIFIED_REMEMBERED)),
            verified_key: HashKey::new(&key),
        }
    }

    /// Checks a password that was shown to us. `login` is an address of the account. An unknown user costs the same time as a wrong password.
    ///
    /// # Errors
    /// [`AuthFailure`] with the reason.
    pub async fn authenticate(
        &self,
        login: &str,
        password: &Secret<String>,
        client: &Client,
    ) -> Result<Principal, AuthFailure> {
        let login = canonical_login(login);
        self.admit(client, &login).await?;
        let outcome = self.check(&login, password).await;
        self.record(client, &login, &outcome).await;
        outcome
    }

    /// Keys for the SCRAM mechanisms; none for a user that does not exist or has no password, for whom the mechanism pretends
    /// (see [`Self::pretence_secret`]). The client is yet to prove that it knows the password: then call [`Self::scram_succeeded`].
    ///
    /// # Errors
    /// [`AuthFailure::Throttled`] or [`AuthFailure::Temporary`].
    pub async fn scram_keys(&self, login: &str, client: &Client) -> Result<Option<StoredKeys>, AuthFailure> {
        let login = canonical_login(login);
        self.admit(client, &login).await?;
        let wanted = login.clone();
        let keys = self.store.read(move |tx| load_scram(tx, &wanted)).await;
        if keys.is_err() {
            self.throttle.lock().forgive(self.now(), client.address, self.mark_of(client), &login);
        }
        Ok(keys?)
    }

    /// The client has proved with the keys of [`Self::scram_keys`] that it knows the password of `login`.
    ///
    /// # Errors
    /// [`AuthFailure`] if the account is out of use or gone meanwhile.
    pub async fn scram_succeeded(&self, login: &str, client: &Client) -> Result<Principal, AuthFailure> {
        let login = canonical_login(login);
        let wanted = login.clone();
        let outcome = match self.store.read(move |tx| load_login(tx, &wanted)).await {
            Ok(Some(found)) => found.into_principal(),
            Ok(None) => Err(AuthFailure::Refused),
            Err(error) => Err(AuthFailure::Temporary(error)),
        };
        self.record(client, &login, &outcome).await;
        outcome
    }

    /// What SCRAM answers for users that do not exist are made from: the same on every node and after every start.
    #[must_use]
    pub fn pretence_secret(&self) -> [u8; 32] {
        self.store.context().keys.region().hashing().hash(b"scram pretence")
    }

    /// Rounds that SCRAM pretends for users that do not exist: those of all others.
    #[must_use]
    pub fn pretence_iterations(&self) -> u32 {
        SCRAM_ITERATIONS
    }

    async fn check(&self, login: &str, password: &Secret<String>) -> Result<Principal, AuthFailure> {
        let wanted = login.to_owned();
        let found = self.store.read(move |tx| load_login(tx, &wanted)).await?;
        let Some(found) = found else {
            let wanted = login.to_owned();
            let level = self.store.read(move |tx| level_of(tx, &wanted)).await?;
            self.hasher.pretend(level).await?;
            return Err(AuthFailure::Refused);
        };
        if found.credentials.is_empty() {
            self.hasher.pretend(found.level).await?;
            return Err(AuthFailure::Refused);
        }
        for credential in &found.credentials {
            if self.fits(credential, password).await? {
                if credential.is_password && is_outdated(&credential.hash, found.level) {
                    self.hash_again(found.account, credential.id, password, found.level).await;
                }
                return found.into_principal();
            }
        }
        Err(AuthFailure::Refused)
    }

    /// Whether the password fits, by a recent check or by its hash.
    async fn fits(&self, credential: &Credential, password: &Secret<String>) -> Result<bool, AuthFailure> {
        let now = self.now();
        let mut value = Secret::new(credential.id.to_le_bytes().to_vec());
        value = Secret::new([value.expose().as_slice(), password.expose().as_bytes()].concat());
        let mark = self.verified_key.hash(value.expose());
        let before = self.verified.lock().get(&mark).copied();
        if before.is_some_and(|verified| verified <= now && now.since(verified) < VERIFIED_FOR) {
            return Ok(true);
        }
        let fits = self.hasher.verify(password, credential.hash.clone()).await?;
        if fits {
            self.verified.lock().insert(mark, now);
        }
        Ok(fits)
    }

    /// Replaces a hash made at another cost than the level asks for now, while the password is at hand. Failing to is no reason
    /// to refuse: the next sign-in tries again.
    async fn hash_again(&self, account: i64, credential: i64, password: &Secret<String>, level: Level) {
        let outcome = match self.hasher.prepare(password, level).await {
            Ok(prepared) => self.store.write(move |tx| replace_hash(tx, account, credential, &prepared)).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            tracing::warn!(account, %error, "cannot renew a password's hash");
        }
    }

    /// Lets an attempt be looked at, or says how long it must wait. Who would have to wait for others' guesses is looked up among the clients
    /// that have signed in to the account before.
    async fn admit(&self, client: &Client, login: &str) -> Result<(), AuthFailure> {
        let refused = self.throttle.lock().admit(self.now(), client.address, login).err();
        let Some(retry_after) = refused else { return Ok(()) };
        let (mark, wanted) = (self.mark_of(client), login.to_owned());
        if !self.store.read(move |tx| is_known(tx, &wanted, &mark)).await? {
            return Err(AuthFailure::Throttled { retry_after });
        }
        let admitted = self.throttle.lock().admit_known(self.now(), mark, login);
        admitted.map_err(|retry_after| AuthFailure::Throttled { retry_after })
    }

    async fn record(&self, client: &Client, login: &str, outcome: &Result<Principal, AuthFailure>) {
        let mark = self.mark_of(client);
        match outcome {
            Ok(principal) => {
                self.throttle.lock().succeeded(self.now(), client.address, mark, login);
                self.remember(principal.account, mark).await;
            }
            Err(AuthFailure::Temporary(_)) => self.throttle.lock().forgive(self.now(), client.address, mark, login),
            Err(_) => {}
        }
    }

    /// Notes that the client has signed in to the account, not more than once in [`NOTED_FOR`]. Failing to is no reason to refuse.
    async fn remember(&self, account: i64, mark: ClientMark) {
        let now = self.now();
        let noted = self.noted.lock().get(&(account, mark)).copied();
        if noted.is_some_and(|noted| now.since(noted) < NOTED_FOR) {
            return;
        }
        match self.store.write(move |tx| note_known(tx, account, &mark)).await {
            Ok(()) => self.noted.lock().insert((account, mark), now),
            Err(error) => tracing::warn!(account, %error, "cannot note a client that signed in"),
        }
    }

    fn mark_of(&self, client: &Client) -> ClientMark {
        ClientMark::of(&self.store.context().keys, client)
    }

    fn now(&self) -> Timestamp {
        self.store.context().clock.now()
    }
}

/// An account as sign-in sees it.
struct Login {
    account: i64,
    organisation: i64,
    state: AccountState,
    role: Role,
    language: Language,
    level: Level,
    address: String,
    credentials: Vec<Credential>,
}

struct Credential {
    id: i64,
    is_password: bool,
    hash: String,
}

impl Login {
    fn into_principal(self) -> Result<Principal, AuthFailure> {
        match self.state {
            AccountState::Disabled => Err(AuthFailure::Disabled),
            AccountState::Active => Ok(Principal {
                account: self.account,
                organisation: self.organisation,
                address: self.address,
                role: self.role,
                language: self.language,
                method: Method::Password,
                session: None,
                strong_at: None,
                scope: Scope::ALL,
            }),
        }
    }
}

/// The name that attempts are counted under and accounts are found by.
fn canonical_login(login: &str) -> String {
    match Address::parse(login) {
        Ok(address) => address.canonical(),
        Err(_) => login.chars().take(mail::address::ADDRESS_OCTETS_MAX).flat_map(char::to_lowercase).collect(),
    }
}

fn load_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<Login>, IdentityError> {
    let row = tx.row(
        "SELECT a.id, a.organisation, a.state, a.role, a.language, o.level, p.address
         FROM address d JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation
              JOIN address p ON p.account = a.id AND p.kind = 'primary'
         WHERE d.address = $1",
        params![login],
        |row| {
            let word = |index| Ok::<_, store::StoreError>(row.text(index)?.to_owned());
            Ok((row.int(0)?, row.int(1)?, [word(2)?, word(3)?, word(4)?, word(5)?], word(6)?))
        },
    )?;
    let Some((account, organisation, [state, role, language, level], address)) = row else { return Ok(None) };
    let credentials = tx.rows(
        "SELECT id, kind, hash FROM credential WHERE account = $1 ORDER BY kind DESC, id LIMIT $2",
        params![account, CREDENTIALS_MAX],
        |row| {
            Ok(Credential { id: row.int(0)?, is_password: row.text(1)? == "password", hash: row.text(2)?.to_owned() })
        },
    )?;
    Ok(Some(Login {
        account,
        organisation,
        state: state.parse()?,
        role: role.parse()?,
        language: language.parse()?,
        level: level.parse()?,
        address,
        credentials,
    }))
}

/// The level that a user of that name would have, so that a check of nobody's password takes as long.
fn level_of(tx: &mut Tx<'_>, login: &str) -> Result<Level, IdentityError> {
    let domain = login.rsplit_once('@').map_or("", |(_, domain)| domain);
    let level = tx.row(
        "SELECT o.level FROM domain d JOIN organisation o ON o.id = d.organisation WHERE d.name = $1",
        params![domain],
        |row| Ok(row.text(0)?.to_owned()),
    )?;
    Ok(level.map_or(Ok(Level::Basic), |level| level.parse())?)
}

fn load_scram(tx: &mut Tx<'_>, login: &str) -> Result<Option<StoredKeys>, IdentityError> {
    let row = tx.row(
        "SELECT c.account, c.id, c.scram FROM address d JOIN credential c ON c.account = d.account
         WHERE d.address = $1 AND c.kind = 'password'",
        params![login],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes_opt(2)?.map(<[u8]>::to_vec))),
    )?;
    match row {
        Some((account, id, Some(sealed))) => open_scram(tx, account, id, &sealed).map(Some),
        _ => Ok(None),
    }
}

fn replace_hash(
    tx: &mut Tx<'_>,
    account: i64,
    credential: i64,
    prepared: &PreparedPassword,
) -> Result<(), IdentityError> {
    let scram = seal_scram(tx, account, credential, prepared.scram())?;
    tx.execute(
        "UPDATE credential SET hash = $1, scram = $2 WHERE account = $3 AND id = $4",
        params![prepared.hash(), &scram, account, credential],
    )?;
    Ok(())
}
