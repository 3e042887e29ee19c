//! Signs and encrypts what goes to a partner, as the route to him says.

use std::sync::Arc;

use certbook::CertbookError;
use env::Outlook;
use keybook::KeybookError;
use mail::header;
use queue::Lease;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::route::Way;
use super::settle::{Fate, Verdict};

impl Deliverer {
    /// What goes in place of the message, with fields of ours that fit it; `None` if it goes as it is. An error is what becomes of it
    /// where the route's rule cannot be kept.
    pub(super) async fn protect(&self, lease: &Lease, way: &Way) -> Result<Option<Content>, Vec<Verdict>> {
        if way.smime.is_none() && way.openpgp.is_none() {
            return Ok(None);
        }
        // Never closed, so there is always a place in the end. Each message is held whole.
        let _place = self.looks.place().await;
        let raw = async { Content::open(&self.store, lease).await?.whole().await };
        let raw: Arc<[u8]> = match raw.await {
            Ok(raw) => raw.into(),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                return Err(all(lease, "", &unreadable()));
            }
        };
        let submitter = lease.envelope.submitter;
        let Some(message) = self.made(lease, way, raw).await? else { return Ok(None) };
        // The signature of our domain was over the message as it was.
        let signed = match submitter {
            Some(_) => self.signer.sign(&message, self.store.context().clock.now()).await,
            None => Ok(String::new()),
        };
        let fields = signed.map_err(|error| {
            tracing::error!(message = lease.message, %error, "a message cannot be signed");
            all(lease, "", &unreadable())
        })?;
        let trace = without_signatures(&lease.envelope.trace) + &fields;
        Ok(Some(Content::Made { message, trace }))
    }
}

impl Deliverer {
    /// The message as the route's rule has it.
    async fn made(&self, lease: &Lease, way: &Way, raw: Arc<[u8]>) -> Result<Option<Vec<u8>>, Vec<Verdict>> {
        let recipients: Vec<String> = lease.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let (store, submitter) = (&self.store, lease.envelope.submitter);
        if let Some(wish) = way.smime {
            let made = certbook::protect(store, lease.organisation, submitter, recipients, raw, wish).await;
            return made.map_err(|error| barred(lease, &error));
        }
        let Some(rule) = way.openpgp else { return Ok(None) };
        let made = keybook::protect(store, &self.keys, lease.organisation, submitter, (recipients, raw), rule).await;
        made.map_err(|error| held(lease, &error))
    }
}

/// What becomes of a message that waits for a key. Its sender hears of it at once, and what to do.
fn held(lease: &Lease, error: &KeybookError) -> Vec<Verdict> {
    tracing::info!(message = lease.message, %error, "not sent: it cannot be protected as the route demands");
    let (answer, fate) = match error {
        KeybookError::NoPartnerKey { .. } | KeybookError::Lookup { .. } => {
            (Answer::ours(451, (4, 7, 10), error.to_string()), Fate::Unprotected)
        }
        other if other.outlook() == Outlook::Temporary => {
            (Answer::ours(451, (4, 7, 0), "the message cannot be signed or encrypted now"), Fate::Deferred)
        }
        _ => (Answer::ours(550, (5, 7, 10), error.to_string()), Fate::Unencrypted),
    };
    let mut verdicts = all(lease, "", &answer);
    verdicts.iter_mut().for_each(|verdict| verdict.fate = fate);
    verdicts
}

fn without_signatures(trace: &str) -> String {
    let raw = trace.as_bytes();
    let kept = header::fields(raw).filter(|field| !field.is("DKIM-Signature"));
    kept.filter_map(|field| trace.get(field.start..field.end)).collect()
}

/// What becomes of a message that the rule keeps here.
fn barred(lease: &Lease, error: &CertbookError) -> Vec<Verdict> {
    if error.outlook() == Outlook::Temporary {
        tracing::error!(message = lease.message, %error, "a message cannot be protected now");
        return all(lease, "", &Answer::ours(451, (4, 7, 0), "the message cannot be signed or encrypted now"));
    }
    tracing::info!(message = lease.message, %error, "not sent: it cannot be protected as the route demands");
    let mut verdicts = all(lease, "", &Answer::ours(550, (5, 7, 10), error.to_string()));
    verdicts.iter_mut().for_each(|verdict| verdict.fate = Fate::Unencrypted);
    verdicts
}
