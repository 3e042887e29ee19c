//! Signing in: what a client shows goes in, [`Principal`] or reason comes out.

mod client;
mod elsewhere;
mod failure;
mod judge;
pub(crate) mod login;
mod principal;
mod turns;
mod vouched;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use ::watch::Watch;
use crypto::hash::HashKey;
use env::{Secret, Timestamp, Watched};
use parking_lot::Mutex;
use rustls_pki_types::CertificateDer;
use store::{Store, Tx, params};
use wire::sasl::{Candidate, Proved, TokenCredentials};

use crate::app_password::{is_use_due, note_use};
use crate::factors::Online;
use crate::known::{ClientMark, is_known, note_known};
use crate::password::{Hasher, SCRAM_ITERATIONS, is_outdated, open_scram, seal_scram};
use crate::recent::Recent;
use crate::throttle::Throttle;
use crate::{FactorSettings, IdentityError, Level, PasswordSettings, PreparedPassword, Protocol, oauth};

pub use client::{AGENT_BYTES_MAX, Client, DeviceId, TlsTraits, describe_agent};
use elsewhere::holder_for;
pub use elsewhere::{Holder, PasswordsElsewhere, Unasked};
pub use failure::AuthFailure;
use login::{
    Attempted, Credential, canonical_login, level_of, load_attempted, load_candidates, load_certified, load_proved,
};
pub use principal::{Method, Principal, Scope, Standing};
use turns::Turns;
pub use vouched::Vouched;
pub use watch::{SignInWatch, end_sign_ins};

/// How long a verified password is taken again without hashing it, or asking the directory that has it. Clients reconnect many times a
/// minute; the hash is made to be slow.
const VERIFIED_FOR: Duration = Duration::from_secs(60);

/// Verified passwords that are remembered at least.
const VERIFIED_REMEMBERED: usize = 8_192;

/// How long a noted client needs no noting again.
const NOTED_FOR: Duration = Duration::from_secs(86_400);

/// Under this name attempts with tokens are counted that name no user.
const NAMELESS: &str = "(token)";

/// The same for certificates.
const UNNAMED: &str = "(certificate)";

/// What a password alone opens.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// Who must show more.
    pub(crate) factors: Watched<FactorSettings>,
    /// How old it may be.
    pub(crate) passwords: Watched<PasswordSettings>,
    /// Which passwords are not here.
    pub(crate) elsewhere: Option<Arc<dyn PasswordsElsewhere>>,
}

/// Checks who signs in.
pub struct SignIn {
    store: Store,
    hasher: Hasher,
    throttle: Mutex<Throttle>,
    turns: Turns,
    /// When each client's sign-in to an account was last noted in the store.
    noted: Mutex<Recent<(i64, ClientMark), Timestamp>>,
    /// For whom the password alone is enough, and for how long.
    rules: Arc<Rules>,
    /// When each keyed hash of credential and password was verified. The key lives and dies with the process. A new password is
    /// a new credential, so what was verified with the old one is never found again.
    verified: Mutex<Recent<[u8; 32], Timestamp>>,
    verified_key: HashKey,
    /// Where the OAuth server is, as its clients know it.
    issuer: String,
    /// Looks at every attempt.
    watch: Option<Arc<Watch>>,
    /// Asks whether certificates are revoked.
    online: Option<Arc<Online>>,
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
            turns: Turns::default(),
            noted: Mutex::new(Recent::new(VERIFIED_REMEMBERED)),
            rules: Arc::default(),
            verified: Mutex::new(Recent::new(VERIFIED_REMEMBERED)),
            verified_key: HashKey::new(&key),
            issuer: String::new(),
            watch: None,
            online: None,
        }
    }

    /// Asks for second factors as `settings` say.
    #[must_use]
    pub fn with_factors(self, settings: impl Into<Watched<FactorSettings>>) -> Self {
        self.ruled(|rules| rules.factors = settings.into())
    }

    /// Takes no password that is older than `settings` and the level allow.
    #[must_use]
    pub fn with_passwords(self, settings: impl Into<Watched<PasswordSettings>>) -> Self {
        self.ruled(|rules| rules.passwords = settings.into())
    }

    fn ruled(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = (*self.rules).clone();
        change(&mut rules);
        Self { rules: Arc::new(rules), ..self }
    }

    /// Names the OAuth server (RFC 8414 section 2) to clients whose token is refused.
    #[must_use]
    pub fn with_issuer(self, issuer: String) -> Self {
        Self { issuer, ..self }
    }

    /// Has authorities asked whether certificates are revoked.
    #[must_use]
    pub fn with_online(self, online: Arc<Online>) -> Self {
        Self { online: Some(online), ..self }
    }

    /// Has every attempt looked at and recorded.
    #[must_use]
    pub fn with_watch(self, watch: Arc<Watch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Has directories elsewhere asked for the passwords that they have.
    #[must_use]
    pub fn with_passwords_elsewhere(self, elsewhere: Arc<dyn PasswordsElsewhere>) -> Self {
        self.ruled(|rules| rules.elsewhere = Some(elsewhere))
    }

    /// Where clients read what the OAuth server offers; empty if there is none.
    #[must_use]
    pub fn openid_configuration(&self) -> String {
        if self.issuer.is_empty() {
            return String::new();
        }
        format!("{}/.well-known/openid-configuration", self.issuer)
    }

    /// Checks a password that was shown to us: that of the account or, over mail protocols, an app password. `login` is an address of
    /// the account. An unknown user costs the same time as a wrong password. Over the web the password is the first step alone:
    /// what follows is up to the caller.
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
        let shown = [login.as_bytes(), password.expose().as_bytes()].join(&0);
        let _turn = self.turns.take(self.verified_key.hash(&shown)).await;
        self.admit(client, &login).await?;
        let outcome = self.check(&login, password, client).await;
        let outcome = self.bind_to_place(outcome, client).await;
        self.conclude(client, &login, outcome).await
    }

    /// Keys for the SCRAM mechanisms, of each password that would let in; none for a user that does not exist or has no such
    /// password here, for whom the mechanism pretends (see [`Self::pretence_secret`]). The client is yet to prove that it knows one:
    /// then call [`Self::scram_succeeded`].
    ///
    /// # Errors
    /// [`AuthFailure::Throttled`] or [`AuthFailure::Temporary`].
    pub async fn scram_keys(&self, login: &str, client: &Client) -> Result<Vec<Candidate>, AuthFailure> {
        let login = canonical_login(login);
        self.admit(client, &login).await?;
        let (wanted, protocol) = (login.clone(), client.protocol);
        let rules = Arc::clone(&self.rules);
        let keys = self.store.read(move |tx| load_candidates(tx, &rules, &wanted, protocol)).await;
        if keys.is_err() {
            self.throttle.lock().forgive(self.now(), client.address, self.mark_of(client), &login);
        }
        Ok(keys?)
    }

    /// The client has proved with the keys of [`Self::scram_keys`] that it knows a password.
    ///
    /// # Errors
    /// [`AuthFailure`] if the account or the password is out of use or gone meanwhile.
    pub async fn scram_succeeded(&self, proved: &Proved, client: &Client) -> Result<Principal, AuthFailure> {
        let login = canonical_login(&proved.identity.user);
        let (wanted, candidate, protocol) = (login.clone(), proved.candidate, client.protocol);
        let rules = Arc::clone(&self.rules);
        let found = self.store.read(move |tx| load_proved(tx, &rules, &wanted, candidate, protocol)).await;
        let outcome = found.unwrap_or_else(|error| Err(AuthFailure::Temporary(error)));
        let outcome = self.bind_to_place(outcome, client).await;
        self.conclude(client, &login, outcome).await
    }

    /// Checks an access token of our own OAuth server.
    ///
    /// # Errors
    /// [`AuthFailure`] with the reason.
    pub async fn token(&self, shown: &TokenCredentials, client: &Client) -> Result<Principal, AuthFailure> {
        let login = shown.user.as_deref().map_or_else(|| NAMELESS.to_owned(), canonical_login);
        self.admit(client, &login).await?;
        let (token, user, protocol) =
            (shown.token.clone(), shown.user.as_ref().map(|_| login.clone()), client.protocol);
        let found = self.store.read(move |tx| oauth::sign_in(tx, &token, user.as_deref(), protocol)).await;
        let outcome = found.unwrap_or_else(|error| Err(AuthFailure::Temporary(error)));
        let outcome = self.bind_to_place(outcome, client).await;
        if let Ok(Principal { account, method: Method::Token(grant), .. }) = &outcome {
            self.note(*account, *grant, client, oauth::note_use);
        }
        self.conclude(client, &login, outcome).await
    }

    /// Signs in by the client certificate that the connection showed, its own first (EXTERNAL, RFC 4422 appendix A). `authzid` is an address of the account,
    /// if the client names one.
    ///
    /// # Errors
    /// [`AuthFailure`] with the reason.
    pub async fn certificate(
        &self,
        chain: &[CertificateDer<'static>],
        authzid: Option<&str>,
        client: &Client,
    ) -> Result<Principal, AuthFailure> {
        let login = authzid.map_or_else(|| UNNAMED.to_owned(), canonical_login);
        self.admit(client, &login).await?;
        let (chain, rules) = (chain.to_vec(), Arc::clone(&self.rules));
        let wanted = authzid.map(|_| login.clone());
        let shown = chain.clone();
        let found =
            self.store.read(move |tx| load_certified(tx, &rules.factors.now(), &chain, wanted.as_deref())).await;
        let outcome = found.unwrap_or_else(|error| Err(AuthFailure::Temporary(error)));
        let outcome = match outcome {
            Ok(principal) => self.ask_authority(principal, &shown).await,
            refused => refused,
        };
        let outcome = self.bind_to_place(outcome, client).await;
        self.conclude(client, &login, outcome).await
    }

    /// Whether the authority still vouches for the certificate by which `principal` signs in.
    async fn ask_authority(
        &self,
        principal: Principal,
        chain: &[CertificateDer<'static>],
    ) -> Result<Principal, AuthFailure> {
        let Some(online) = &self.online else { return Ok(principal) };
        match online.check(&self.store, principal.account, chain).await.map_err(AuthFailure::Temporary)? {
            Ok(()) => Ok(principal),
            Err(refusal) => {
                tracing::info!(account = principal.account, cause = %refusal, "a client certificate was refused");
                Err(AuthFailure::Refused)
            }
        }
    }

    /// Tells when the sign-in of `principal` is over.
    #[must_use]
    pub fn watch(&self, principal: &Principal) -> SignInWatch {
        SignInWatch::new(self.store.clone(), principal.clone())
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

    async fn check(&self, login: &str, password: &Secret<String>, client: &Client) -> Result<Principal, AuthFailure> {
        let (wanted, shown, protocol) = (login.to_owned(), password.clone(), client.protocol);
        let rules = Arc::clone(&self.rules);
        let load = move |tx: &mut Tx<'_>| load_attempted(tx, &rules, &wanted, &shown, protocol);
        let Some(found) = self.store.read(load).await? else { return Err(self.refuse_nobody(login, password).await) };
        if let Some(app) = found.app_password {
            if !app.scope.covers(protocol) {
                return Err(AuthFailure::OutOfScope);
            }
            let account = found.login.account;
            let principal = found.login.principal(Method::AppPassword(app.id), app.id, app.scope)?;
            if is_use_due(&app, self.now()) {
                self.note(account, app.id, client, note_use);
            }
            return Ok(principal);
        }
        let method = match &found.holder {
            Some(holder) if self.ask_elsewhere(found.login.account, holder, password).await? => Method::Directory,
            None if self.fits_here(&found, password).await? => Method::Password,
            _ => return Err(AuthFailure::Refused),
        };
        if found.is_guarded && protocol != Protocol::Web {
            return Err(AuthFailure::AppPasswordNeeded);
        }
        let Some(credential) = found.credential.filter(|_| method == Method::Password) else {
            return found.login.principal(method, 0, Scope::ALL);
        };
        if credential.is_too_old && protocol != Protocol::Web {
            return Err(AuthFailure::PasswordTooOld);
        }
        if is_outdated(&credential.hash, found.login.level) {
            self.hash_again(found.login.account, credential.id, password, found.login.level).await;
        }
        found.login.principal(method, credential.id, Scope::ALL)
    }

    /// Refuses a user that does not exist, after as long as it takes to refuse one that does.
    async fn refuse_nobody(&self, login: &str, password: &Secret<String>) -> AuthFailure {
        let (wanted, rules) = (login.to_owned(), Arc::clone(&self.rules));
        let load = move |tx: &mut Tx<'_>| {
            Ok::<_, IdentityError>((level_of(tx, &wanted)?, holder_for(tx, rules.elsewhere.as_deref(), &wanted)?))
        };
        let outcome = match self.store.read(load).await {
            Ok((_, Some(holder))) => self.ask_elsewhere(0, &holder, password).await.map(|_| ()),
            Ok((level, None)) => self.hasher.pretend(level).await.map_err(Into::into),
            Err(error) => Err(error.into()),
        };
        outcome.err().unwrap_or(AuthFailure::Refused)
    }

    /// Whether the password is the one that the account has here.
    async fn fits_here(&self, found: &Attempted, password: &Secret<String>) -> Result<bool, AuthFailure> {
        match &found.credential {
            Some(credential) => self.fits(credential, password).await,
            None => {
                self.hasher.pretend(found.login.level).await?;
                Ok(false)
            }
        }
    }

    /// Refuses who is no person where only persons may be, and a program that is not where it lives.
    async fn bind_to_place(
        &self,
        outcome: Result<Principal, AuthFailure>,
        client: &Client,
    ) -> Result<Principal, AuthFailure> {
        let principal = outcome?;
        let (account, method, protocol, address) =
            (principal.account, principal.method, client.protocol, client.address);
        let may = move |tx: &mut Tx<'_>| crate::service::may_sign_in(tx, account, method, protocol, address);
        if self.store.read(may).await? {
            return Ok(principal);
        }
        tracing::warn!(account, %address, %protocol, "a shared mailbox or program may not sign in this way or from there");
        Err(AuthFailure::Refused)
    }

    /// Writes down a use without making the client wait for the disk: what is lost with a crash is a date.
    fn note(
        &self,
        account: i64,
        id: i64,
        client: &Client,
        write: fn(&mut Tx<'_>, i64, i64, &Client) -> Result<(), IdentityError>,
    ) {
        let (store, client) = (self.store.clone(), client.clone());
        tokio::spawn(async move {
            if let Err(error) = store.write(move |tx| write(tx, account, id, &client)).await {
                tracing::warn!(account, %error, "cannot write down a sign-in");
            }
        });
    }

    /// Whether the password fits, by a recent check or by its hash.
    async fn fits(&self, credential: &Credential, password: &Secret<String>) -> Result<bool, AuthFailure> {
        let mark = self.mark_verified(credential.id, &[password.expose().as_bytes()]);
        if self.is_verified(&mark) {
            return Ok(true);
        }
        let fits = self.hasher.verify(password, credential.hash.clone()).await?;
        if fits {
            self.note_verified(mark);
        }
        Ok(fits)
    }

    /// Keyed hash of a credential's number and what was shown for it, each part with its length before it.
    fn mark_verified(&self, number: i64, parts: &[&[u8]]) -> [u8; 32] {
        let mut value = Secret::new(number.to_le_bytes().to_vec());
        for part in parts {
            let length = part.len().to_le_bytes();
            value = Secret::new([value.expose().as_slice(), length.as_slice(), part].concat());
        }
        self.verified_key.hash(value.expose())
    }

    fn is_verified(&self, mark: &[u8; 32]) -> bool {
        let now = self.now();
        let before = self.verified.lock().get(mark).copied();
        before.is_some_and(|verified| verified <= now && now.since(verified) < VERIFIED_FOR)
    }

    fn note_verified(&self, mark: [u8; 32]) {
        self.verified.lock().insert(mark, self.now());
    }

    /// Replaces a hash made at another cost than the level asks for now, while the password is at hand. Failing to is no reason
    /// to refuse: the next sign-in tries again.
    async fn hash_again(&self, account: i64, credential: i64, password: &Secret<String>, level: Level) {
        let salt = match self.store.read(move |tx| salt_of(tx, account, credential)).await {
            Ok(salt) => salt,
            Err(error) => return tracing::warn!(account, %error, "cannot renew a password's hash"),
        };
        let prepared = match salt {
            Some(salt) => self.hasher.prepare_with_salt(password, level, salt).await,
            None => self.hasher.prepare(password, level).await,
        };
        let outcome = match prepared {
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
            return self.refuse_early(client, login, retry_after).await;
        }
        let refused = self.throttle.lock().admit_known(self.now(), mark, login).err();
        match refused {
            Some(retry_after) => self.refuse_early(client, login, retry_after).await,
            None => Ok(()),
        }
    }

    async fn record(&self, client: &Client, login: &str, outcome: &Result<Principal, AuthFailure>) {
        let mark = self.mark_of(client);
        match outcome {
            Ok(principal) => {
                self.throttle.lock().succeeded(self.now(), client.address, mark, login);
                self.remember(principal.account, mark).await;
            }
            // The right password in the wrong place is a setting to be changed, not a guess.
            Err(
                AuthFailure::Temporary(_)
                | AuthFailure::AppPasswordNeeded
                | AuthFailure::OutOfScope
                | AuthFailure::Unusual
                | AuthFailure::Unasked(_),
            ) => {
                self.throttle.lock().forgive(self.now(), client.address, mark, login);
            }
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

/// The salt of the credential's SCRAM keys, which its app passwords share.
fn salt_of(tx: &mut Tx<'_>, account: i64, credential: i64) -> Result<Option<Vec<u8>>, IdentityError> {
    let sealed =
        tx.row("SELECT scram FROM credential WHERE account = $1 AND id = $2", params![account, credential], |row| {
            Ok(row.bytes_opt(0)?.map(<[u8]>::to_vec))
        })?;
    match sealed.flatten() {
        Some(sealed) => Ok(Some(open_scram(tx, account, credential, &sealed)?.salt)),
        None => Ok(None),
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
