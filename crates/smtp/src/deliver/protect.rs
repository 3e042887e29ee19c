//! Signs and encrypts what goes to a partner, as the route to him says.

use std::error::Error;
use std::sync::Arc;

use certbook::CertbookError;
use env::Outlook;
use keybook::KeybookError;
use mail::dsn::Reason;
use mail::header;
use queue::Lease;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::route::Protection;
use super::settle::{Fate, Verdict};

impl Deliverer {
    /// What goes in place of the message, with fields of ours that fit it; `None` if it goes as it is. An error is what becomes of it
    /// where the route's rule cannot be kept.
    pub(super) async fn protect(&self, lease: &Lease, protection: Protection) -> Result<Option<Content>, Vec<Verdict>> {
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
        let Some(message) = self.made(lease, protection, raw).await? else { return Ok(None) };
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

    /// The message as the route's rule has it.
    async fn made(
        &self,
        lease: &Lease,
        protection: Protection,
        raw: Arc<[u8]>,
    ) -> Result<Option<Vec<u8>>, Vec<Verdict>> {
        let recipients = lease.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let (store, organisation, submitter) = (&self.store, lease.organisation, lease.envelope.submitter);
        match protection {
            Protection::Smime(wish) => {
                let made = certbook::protect(store, organisation, submitter, recipients, raw, wish).await;
                made.map_err(|error| without_certificate(lease, &error))
            }
            Protection::OpenPgp(rule) => {
                let made = keybook::protect(store, &self.keys, organisation, submitter, (recipients, raw), rule).await;
                made.map_err(|error| without_key(lease, &error))
            }
        }
    }
}

fn without_signatures(trace: &str) -> String {
    let raw = trace.as_bytes();
    let kept = header::fields(raw).filter(|field| !field.is("DKIM-Signature"));
    kept.filter_map(|field| trace.get(field.start..field.end)).collect()
}

/// What becomes of a message that the rule for S/MIME keeps here.
fn without_certificate(lease: &Lease, error: &CertbookError) -> Vec<Verdict> {
    let reason = match error {
        error if error.outlook() == Outlook::Temporary => return not_now(lease, error),
        CertbookError::NoKey(_) => &NO_KEY,
        CertbookError::NoCertificate(_) => &NO_CERTIFICATE,
        _ => &NOT_PROTECTED,
    };
    kept(lease, error, (550, 5), Fate::Barred(reason))
}

/// What becomes of a message that the rule for OpenPGP keeps here.
fn without_key(lease: &Lease, error: &KeybookError) -> Vec<Verdict> {
    match error {
        // A key may come, of itself or by what its sender does.
        KeybookError::NoPartnerKey { .. } | KeybookError::Lookup { .. } => {
            kept(lease, error, (451, 4), Fate::Held(&NO_PGP_KEY_OF_PARTNER))
        }
        error if error.outlook() == Outlook::Temporary => not_now(lease, error),
        KeybookError::NoOwnKey { .. } => kept(lease, error, (550, 5), Fate::Barred(&NO_PGP_KEY)),
        _ => kept(lease, error, (550, 5), Fate::Barred(&NOT_PROTECTED_BY_PGP)),
    }
}

fn not_now(lease: &Lease, error: &dyn Error) -> Vec<Verdict> {
    tracing::error!(message = lease.message, %error, "a message cannot be protected now");
    all(lease, "", &Answer::ours(451, (4, 7, 0), "the message cannot be signed or encrypted now"))
}

fn kept(lease: &Lease, error: &dyn Error, (code, class): (u16, u8), fate: Fate) -> Vec<Verdict> {
    tracing::info!(message = lease.message, %error, "not sent: it cannot be protected as the route demands");
    let mut verdicts = all(lease, "", &Answer::ours(code, (class, 7, 10), error.to_string()));
    verdicts.iter_mut().for_each(|verdict| verdict.fate = fate);
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

const NO_PGP_KEY: Reason = Reason {
    en: "Mail to this partner must be signed (OpenPGP), and no key is kept here for you. It was not sent. Make one, or ask your administrator, and send it again.",
    zh: "发往该合作伙伴的邮件必须签名（OpenPGP），而此处没有您的密钥，因此未发送。请生成密钥或联系管理员，然后重发。",
};

const NO_PGP_KEY_OF_PARTNER: Reason = Reason {
    en: "Mail to this partner must be encrypted (OpenPGP), and no key of the recipient is known that can be used. It is not sent before there is one. Ask the recipient for a message that carries the key (Autocrypt) or to publish it, or give the key to your administrator.",
    zh: "发往该合作伙伴的邮件必须加密（OpenPGP），但没有收件人的可用密钥，得到密钥之前不会发送。请让收件人发来附带密钥的邮件（Autocrypt）或公开其密钥，或将其密钥交给管理员。",
};

const NOT_PROTECTED_BY_PGP: Reason = Reason {
    en: "Mail to this partner must be signed or encrypted (OpenPGP), which was not possible with this message. It was not sent. Show the words below to your administrator.",
    zh: "发往该合作伙伴的邮件必须签名或加密（OpenPGP），但此邮件无法做到，因此未发送。请将下面的原文交给管理员。",
};
