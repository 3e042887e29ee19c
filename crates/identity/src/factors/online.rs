//! Whether a client certificate is revoked, asked of its authority's responder. It is asked between transactions: a responder may be slow.

use std::sync::Arc;

use ::factors::ocsp::{NONCE_BYTES, OcspMode, Question, Responder, Status};
use ::factors::ukey::{self, UkeyError, Vouched};
use env::Timestamp;
use parking_lot::Mutex;
use rustls_pki_types::CertificateDer;
use store::Store;

use super::{FactorRefusal, authority};
use crate::recent::Recent;
use crate::{IdentityError, load_account};

/// Answers that are remembered at least.
const REMEMBERED: usize = 1_024;

/// How long an answer is gone by at most, in seconds, however long the responder says: so long a revocation may take to be noticed.
const REMEMBERED_SECONDS: i64 = 3_600;

/// Carries a question to a responder.
#[async_trait::async_trait]
pub trait OcspCarrier: Send + Sync {
    /// Hands `request` over; gives the answer.
    ///
    /// # Errors
    /// The cause, for the log.
    async fn ask(&self, responder: &Responder, request: Vec<u8>) -> Result<Vec<u8>, String>;
}

/// What the responder said of a certificate under one issuer.
type Key = ([u8; 32], [u8; 32]);

/// Asks authorities whether they have revoked a certificate (RFC 6960).
pub struct Online {
    mode: OcspMode,
    carrier: Arc<dyn OcspCarrier>,
    answers: Mutex<Recent<Key, (Status, Timestamp)>>,
}

impl Online {
    /// Asks as `mode` says, through the carrier.
    #[must_use]
    pub fn new(mode: OcspMode, carrier: Arc<dyn OcspCarrier>) -> Self {
        Self { mode, carrier, answers: Mutex::new(Recent::new(REMEMBERED)) }
    }

    /// Whether the authorities of the account's organisation vouch for the chain now. Where the responder gives no answer that counts, the
    /// certificate is refused, unless a current revocation list may stand in.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails; the refusal as value.
    pub async fn check(
        &self,
        store: &Store,
        account: i64,
        chain: &[CertificateDer<'static>],
    ) -> Result<Result<(), FactorRefusal>, IdentityError> {
        if self.mode == OcspMode::Off {
            return Ok(Ok(()));
        }
        let shown = chain.to_vec();
        let vouched = store
            .read(move |tx| {
                let organisation = load_account(tx, account)?.organisation;
                let authorities = authority::load(tx, organisation)?;
                Ok::<_, IdentityError>(ukey::vouch(&shown, &authorities, tx.now()))
            })
            .await?;
        Ok(match (vouched, chain.first()) {
            (Ok(vouched), Some(own)) => self.judge(store, &vouched, own).await.map_err(FactorRefusal::from),
            (Err(error), _) => Err(error.into()),
            (_, None) => Err(UkeyError::Missing.into()),
        })
    }

    async fn judge(&self, store: &Store, vouched: &Vouched, own: &CertificateDer<'_>) -> Result<(), UkeyError> {
        let subject = vouched.shown.subject.clone();
        let cause = match self.status(store, vouched, own).await {
            Ok(Some(Status::Good)) => return Ok(()),
            Ok(Some(Status::Revoked)) => {
                return Err(UkeyError::Revoked { subject, serial: ukey::serial_of(own)? });
            }
            Ok(None) if self.mode == OcspMode::IfNamed => return Ok(()),
            Ok(None) => "it names no responder and factors.ocsp asks for one".to_owned(),
            Err(cause) => cause,
        };
        if self.mode == OcspMode::IfNamed && vouched.is_listed {
            tracing::warn!(subject, cause, "no answer from OCSP; the revocation list stands in");
            return Ok(());
        }
        tracing::warn!(subject, cause, "no answer from OCSP; the certificate is refused");
        Err(UkeyError::NoStatus { subject, cause })
    }

    /// What the first responder that answers says; none if the certificate names none.
    async fn status(
        &self,
        store: &Store,
        vouched: &Vouched,
        own: &CertificateDer<'_>,
    ) -> Result<Option<Status>, String> {
        let context = store.context();
        let key = (vouched.shown.fingerprint, ukey::fingerprint(&vouched.issuer));
        let known = self.answers.lock().get(&key).copied();
        if let Some((status, _)) = known.filter(|(_, until)| context.clock.now() < *until) {
            return Ok(Some(status));
        }
        let question = Question::new(own, &vouched.issuer).map_err(|error| error.to_string())?;
        if question.responders().is_empty() {
            return Ok(None);
        }
        let mut cause = String::new();
        for address in question.responders() {
            let Some(responder) = Responder::parse(address) else {
                cause = format!("{address} is no address of plain HTTP");
                continue;
            };
            let mut nonce = [0; NONCE_BYTES];
            context.entropy.fill(&mut nonce);
            let request = question.request(&nonce).map_err(|error| error.to_string())?;
            let answer = self.carrier.ask(&responder, request).await;
            let now = context.clock.now();
            let read = answer.and_then(|it| question.read(&it, &nonce, now).map_err(|error| error.to_string()));
            match read {
                Ok(answer) => {
                    self.remember(key, answer.status, answer.until, now);
                    return Ok(Some(answer.status));
                }
                Err(error) => cause = format!("{address}: {error}"),
            }
        }
        Err(cause)
    }

    fn remember(&self, key: Key, status: Status, until: Option<Timestamp>, now: Timestamp) {
        let longest = Timestamp::from_seconds(now.seconds().saturating_add(REMEMBERED_SECONDS));
        if let Some(until) = until {
            self.answers.lock().insert(key, (status, until.min(longest)));
        }
    }
}
