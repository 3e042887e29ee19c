//! Asks authorities whether they have revoked certificates (RFC 6960, RFC 5280), and directories for those of partners.

mod look_up;

use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use env::dns::Resolver;
use env::{Timestamp, Watched};
use factors::ocsp::{self, NONCE_BYTES, Question, Status};
use net::TrustedNetworks;
use smime::{Certificate, Link, Listed, Trust, UnusableList};
use store::{Store, StoreError, Tx};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::directory::{HttpStore, Ldap};
use crate::outside::{Outside, Request};
use crate::standing::{self, SealedList, Standing, State};
use crate::{CertbookError, SmimeSettings};

pub use look_up::{Lacking, LookedUp};

/// Octets of a list of revoked certificates.
const LIST_OCTETS_MAX: usize = 16 << 20;

/// Look-ups that nobody waits for, at the same time; others are left for when they are needed.
const SOON_AT_ONCE: usize = 4;

/// Asks authorities and directories, and remembers what they said.
pub struct Inquirer {
    store: Store,
    outside: Outside,
    tls: ClientTls,
    settings: Watched<SmimeSettings>,
    /// Each directory over HTTP, with what it is trusted by.
    stores: Vec<HttpStore>,
    ldap: Arc<dyn Ldap>,
    /// Where look-ups that nobody waits for run.
    runtime: Option<Handle>,
    /// Places for them.
    soon: Arc<Semaphore>,
}

impl Inquirer {
    /// One over `store`; `tls` says which hosts are trusted, `ldap` asks directories of that kind.
    ///
    /// # Errors
    /// [`CertbookError::Settings`] if the networks or the authority of a directory cannot be read.
    pub fn new(
        store: Store,
        dns: Arc<dyn Resolver>,
        tls: ClientTls,
        settings: impl Into<Watched<SmimeSettings>>,
        ldap: Arc<dyn Ldap>,
    ) -> Result<Self, CertbookError> {
        let settings = settings.into();
        let present = settings.now();
        let networks = TrustedNetworks::parse(&present.networks);
        let networks = networks.map_err(|error| CertbookError::Settings(format!("smime.networks: {error}")))?;
        let over_http = present.directory.iter().filter(|directory| !directory.is_ldap());
        let stores = over_http.map(|directory| HttpStore::new(directory, &tls)).collect::<Result<_, _>>()?;
        let (outside, runtime) = (Outside::new(dns, networks), Handle::try_current().ok());
        Ok(Self { store, outside, tls, settings, stores, ldap, runtime, soon: Arc::new(Semaphore::new(SOON_AT_ONCE)) })
    }

    /// The store that it works on.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Whether the certificate or one above it was revoked. `others` may lie between it and its root.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn standing(
        &self,
        trust: &Trust,
        certificate: &Certificate,
        others: &[Certificate],
    ) -> Result<Standing, StoreError> {
        let now = self.store.context().clock.now();
        let links = match trust.links(certificate, others, now) {
            Ok(links) if self.settings.now().revocation => links,
            _ => return Ok(Standing::Unnamed),
        };
        let wait = Duration::from_secs(self.settings.now().revocation_seconds);
        let asking = async {
            let mut all = Vec::with_capacity(links.len());
            for link in &links {
                all.push(self.standing_of(link).await?);
            }
            Ok::<_, StoreError>(Standing::of_all(all))
        };
        let standing = match timeout(wait, asking).await {
            Ok(standing) => standing?,
            Err(_) => {
                self.note_silence(links).await?;
                Standing::Unknown(format!("no answer within {} s", wait.as_secs()))
            }
        };
        let is_open = matches!(standing, Standing::Unnamed | Standing::Unknown(_));
        if is_open && trust.is_listed(certificate, others, now) {
            return Ok(Standing::Good);
        }
        if let Standing::Unknown(cause) = &standing {
            tracing::info!(subject = certificate.subject, cause, "whether a certificate was revoked cannot be checked");
        }
        Ok(standing)
    }

    /// Remembers that nobody answered for those of which nothing is known.
    async fn note_silence(&self, links: Vec<Link>) -> Result<(), StoreError> {
        let work = move |tx: &mut Tx<'_>| {
            for link in links.iter().filter(|link| standing::is_named(link)) {
                if standing::kept(tx, link)?.is_none() {
                    standing::keep(tx, link, State::Silent, tx.now())?;
                }
            }
            Ok::<_, StoreError>(())
        };
        self.store.write(work).await
    }

    /// Of one certificate alone.
    async fn standing_of(&self, link: &Link) -> Result<Standing, StoreError> {
        if !standing::is_named(link) {
            return Ok(Standing::Unnamed);
        }
        let asked = link.clone();
        if let Some(state) = self.store.read(move |tx| standing::kept(tx, &asked)).await? {
            return Ok(Standing::of(state));
        }
        let (state, until, standing) = match self.ask(link).await? {
            Ok((is_revoked, until)) => {
                let state = if is_revoked { State::Revoked } else { State::Good };
                (state, until, Standing::of(state))
            }
            Err(cause) => (State::Silent, Timestamp::from_seconds(0), Standing::Unknown(cause)),
        };
        let now = self.store.context().clock.now();
        let until = until.min(now.plus(self.fresh()));
        // An answer that holds for this moment alone is not kept.
        if until > now || state == State::Silent {
            let asked = link.clone();
            self.store.write(move |tx: &mut Tx<'_>| standing::keep(tx, &asked, state, until)).await?;
        }
        Ok(standing)
    }

    /// How long an answer is gone by.
    fn fresh(&self) -> Duration {
        Duration::from_secs(self.settings.now().revocation_minutes.saturating_mul(60))
    }

    /// Asks those that the certificate names, responders first: whether it was revoked, and how long the answer holds; or why nobody said.
    async fn ask(&self, link: &Link) -> Result<Result<(bool, Timestamp), String>, StoreError> {
        let mut causes = Vec::new();
        if link.names_responder() {
            match self.ask_responders(link).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(cause) => causes.push(cause),
            }
        }
        for address in link.lists() {
            match self.read_list(link, address).await? {
                Ok(Listed { is_revoked, until }) => return Ok(Ok((is_revoked, until))),
                Err(cause) => causes.push(cause),
            }
        }
        Ok(Err(causes.join("; ")))
    }

    async fn ask_responders(&self, link: &Link) -> Result<(bool, Timestamp), String> {
        let context = self.store.context();
        let question = Question::new(link.certificate(), link.issuer()).map_err(|error| error.to_string())?;
        let mut cause = "the address of its responder cannot be read".to_owned();
        for url in question.responders() {
            let mut nonce = [0; NONCE_BYTES];
            context.entropy.fill(&mut nonce);
            let body = question.request(&nonce).map_err(|error| error.to_string())?;
            let body = Some((ocsp::REQUEST_TYPE, body));
            let request = Request { url, body, octets_max: ocsp::ANSWER_BYTES_MAX, wait: self.wait() };
            let answer = match self.outside.ask(&self.tls, request).await {
                Ok(answer) if answer.media_type != ocsp::ANSWER_TYPE => {
                    cause = format!("{url} answers with {:?}, not {}", answer.media_type, ocsp::ANSWER_TYPE);
                    continue;
                }
                Ok(answer) => answer,
                Err(error) => {
                    cause = error;
                    continue;
                }
            };
            let now = context.clock.now();
            match question.read(&answer.body, &nonce, now) {
                Ok(answer) => return Ok((answer.status == Status::Revoked, answer.until.unwrap_or(now))),
                Err(error) => cause = format!("{url}: {error}"),
            }
        }
        Err(cause)
    }

    /// What the list at `address` says: the one that is kept while it is fresh, else a new one, else the one that is kept while it holds.
    async fn read_list(&self, link: &Link, address: &str) -> Result<Result<Listed, String>, StoreError> {
        let (asked, url) = (link.clone(), address.to_owned());
        let kept = self.store.read(move |tx| standing::kept_list(tx, &asked, &url)).await?;
        let now = self.store.context().clock.now();
        let stale = match kept {
            Some((list, asked)) => {
                let (listed, _) = self.listed(link, address, list).await?;
                match listed {
                    Ok(listed) if asked.plus(self.fresh()) > now => return Ok(Ok(listed)),
                    other => other.ok(),
                }
            }
            None => None,
        };
        let request = Request { url: address, body: None, octets_max: LIST_OCTETS_MAX, wait: self.wait() };
        let cause = match self.outside.ask(&self.tls, request).await {
            Ok(answer) => {
                let (listed, list) = self.listed(link, address, answer.body.to_vec()).await?;
                match listed {
                    Ok(listed) => {
                        let context = self.store.context();
                        let sealed = SealedList::new(context, link, address, &list, listed.until);
                        self.store.write(move |tx: &mut Tx<'_>| sealed.keep(tx)).await?;
                        return Ok(Ok(listed));
                    }
                    Err(error) => format!("{address}: {error}"),
                }
            }
            Err(cause) => cause,
        };
        Ok(stale.ok_or(cause))
    }

    /// Lists may be long, so they are read aside.
    async fn listed(
        &self,
        link: &Link,
        address: &str,
        list: Vec<u8>,
    ) -> Result<(Result<Listed, UnusableList>, Vec<u8>), StoreError> {
        let (link, address, now) = (link.clone(), address.to_owned(), self.store.context().clock.now());
        let reading = tokio::task::spawn_blocking(move || (link.read_list(&list, &address, now), list));
        reading.await.map_err(|_| StoreError::Abandoned("reading a list of revoked certificates panicked"))
    }

    fn wait(&self) -> Duration {
        Duration::from_secs(self.settings.now().revocation_seconds)
    }
}
