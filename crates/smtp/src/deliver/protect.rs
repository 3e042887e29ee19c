//! Signs and encrypts what goes to a partner, as the route to him says.

use std::sync::Arc;

use certbook::{CertbookError, Wish};
use env::Outlook;
use mail::dsn::Reason;
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
    let reason = match error {
        CertbookError::NoKey(_) => &NO_KEY,
        CertbookError::NoCertificate(_) => &NO_CERTIFICATE,
        _ => &NOT_PROTECTED,
    };
    verdicts.iter_mut().for_each(|verdict| verdict.fate = Fate::Barred(reason));
    verdicts
}

const NO_KEY: Reason = Reason {
    en: "Mail to this partner must be signed (S/MIME), and you have no key for that. It was not sent. Ask your administrator to make or import one, and send it again.",
    zh: "发往该合作伙伴的邮件必须签名（S/MIME），而您没有可用的密钥，因此未发送。请联系管理员生成或导入密钥后重发。",
};

const NO_CERTIFICATE: Reason = Reason {
    en: "Mail to this partner must be encrypted (S/MIME), and no valid certificate of the recipient is known. It was not sent. Ask the recipient for a signed message, or give his certificate to your administrator, and send it again.",
    zh: "发往该合作伙伴的邮件必须加密（S/MIME），但没有收件人的有效证书，因此未发送。请让收件人发来一封签名邮件，或将其证书交给管理员，然后重发。",
};

const NOT_PROTECTED: Reason = Reason {
    en: "Mail to this partner must be signed or encrypted (S/MIME), which was not possible with this message. It was not sent. Show the words below to your administrator.",
    zh: "发往该合作伙伴的邮件必须签名或加密（S/MIME），但此邮件无法做到，因此未发送。请将下面的原文交给管理员。",
};
