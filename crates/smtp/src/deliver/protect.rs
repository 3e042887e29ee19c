//! Signs and encrypts what goes to a partner, as the route to him says.

use std::sync::Arc;

use certbook::{CertbookError, Wish};
use env::Outlook;
use mail::header;
use queue::Lease;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::settle::{Fate, Verdict};

impl Deliverer {
    /// What goes in place of the message, with fields of ours that fit it; `None` if it goes as it is. An error is what becomes of it
    /// where the route's rule cannot be kept.
    pub(super) async fn protect(&self, lease: &Lease, wish: Wish) -> Result<Option<Content>, Vec<Verdict>> {
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
        let recipients = lease.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let submitter = lease.envelope.submitter;
        let made =
            certbook::protect(&self.store, lease.organisation, submitter, recipients, Arc::clone(&raw), wish).await;
        let message = match made {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(None),
            Err(error) => return Err(barred(lease, &error)),
        };
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
