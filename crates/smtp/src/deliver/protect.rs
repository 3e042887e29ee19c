//! Does with what goes to a partner what the rules for him say, and keeps back what they keep back.

use std::error::Error;
use std::sync::Arc;

use env::Outlook;
use identity::rights::Occasion;
use mail::dsn::Reason;
use mail::header;
use mail::message::{ContentEncryption, Structure, sole_author};
use queue::{Lease, QueueError};
use store::{StoreError, Tx};
use tokio::sync::{Semaphore, SemaphorePermit};
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::route::Way;
use super::settle::{Fate, Verdict};
use crate::protection::{Form, Gateway, KeptBack, Keys, Plan, Terms, plan};
use crate::settings::TlsDemand;

/// Messages that are looked at at the same time, as each is held whole.
const LOOKS_MAX: usize = 2;

/// Places for messages that are looked at.
pub(super) struct Looks(Semaphore);

impl Default for Looks {
    fn default() -> Self {
        Self(Semaphore::new(LOOKS_MAX))
    }
}

impl Looks {
    /// A place, as soon as there is one. Never closed, so there is always one in the end.
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.0.acquire().await.ok()
    }
}

/// Keys for a message, by kind.
enum Found {
    Smime(Box<certbook::Means>),
    OpenPgp(Box<keybook::Means>),
    None,
}

/// What was not possible.
enum Trouble {
    /// The same message can go later.
    Later(Box<dyn Error + Send + Sync>),
    /// It cannot be made.
    Never(Box<dyn Error + Send + Sync>, &'static Reason),
}

impl Deliverer {
    /// What goes in place of the message, with fields of ours that fit it; `None` if it goes as it is. `way` has then what the connection must have.
    /// An error is what becomes of the message where the rules cannot be kept.
    pub(super) async fn protect(
        &self,
        lease: &Lease,
        domain: &str,
        way: &mut Way,
    ) -> Result<Option<Content>, Vec<Verdict>> {
        let terms = self.terms(lease, way).await?;
        if !terms.look_inside() {
            // The rule asks for a proven connection, or for nothing.
            let outside = plan(&terms, Form::default(), &Keys::default());
            return self.planned(lease, domain, way, outside).map(|_| None);
        }
        let _place = self.looks.place().await;
        let raw = async { Content::open(&self.store, lease).await?.whole().await };
        let raw: Arc<[u8]> = match raw.await {
            Ok(raw) => raw.into(),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                return Err(all(lease, "", &unreadable()));
            }
        };
        let (form, author) = self.form(lease, &raw).await?;
        let recipients: Vec<String> = lease.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let is_done = form.calls_to_portal || form.encrypted.is_some();
        let gateway = terms.gateway.filter(|_| !is_done);
        let found = self.keys(lease, gateway, &author, &recipients).await.map_err(|error| not_now(lease, &*error))?;
        let keys = match &found {
            Found::Smime(means) => Keys::of_certificates(&author, means),
            Found::OpenPgp(means) => Keys::of_keys(&author, means),
            Found::None => Keys::default(),
        };
        let plan = self.planned(lease, domain, way, plan(&terms, form, &keys))?;
        if !plan.signs && !plan.encrypts() {
            return Ok(None);
        }
        let message =
            self.made(lease, plan, (terms.gateway, found), (&recipients, raw)).await.map_err(
                |trouble| match trouble {
                    Trouble::Later(error) => not_now(lease, &*error),
                    Trouble::Never(error, reason) => kept(lease, &error.to_string(), reason, false),
                },
            )?;
        self.signed_anew(lease, message).await.map(Some)
    }

    /// The rules for the message: the route's, and those of the organisation that sends it.
    async fn terms(&self, lease: &Lease, way: &Way) -> Result<Terms, Vec<Verdict>> {
        let (organisation, mut terms) = (lease.organisation, way.terms.clone());
        let recipients: Vec<String> = lease.recipients.iter().map(|recipient| recipient.address.clone()).collect();
        let own = self.store.read(move |tx: &mut Tx<'_>| queue::demands::of(tx, organisation, &recipients)).await;
        let own = own.map_err(|error: QueueError| not_now(lease, &error))?;
        terms.demands.extend(own);
        terms.demands.extend_from_slice(&lease.envelope.demands);
        Ok(terms)
    }

    async fn form(&self, lease: &Lease, raw: &Arc<[u8]>) -> Result<(Form, String), Vec<Verdict>> {
        let (raw, is_of_ours) = (Arc::clone(raw), lease.envelope.submitter.is_some());
        let looking =
            tokio::task::spawn_blocking(move || (Form::of(&raw, is_of_ours), sole_author(&raw).unwrap_or_default()));
        let (form, author) = looking.await.map_err(|_| {
            tracing::error!(message = lease.message, "looking whether a message is encrypted panicked");
            all(lease, "", &unreadable())
        })?;
        Ok((Form { calls_to_portal: lease.envelope.calls_to_portal, ..form }, author))
    }

    async fn keys(
        &self,
        lease: &Lease,
        gateway: Option<Gateway>,
        author: &str,
        recipients: &[String],
    ) -> Result<Found, Box<dyn Error + Send + Sync>> {
        let Some(gateway) = gateway else { return Ok(Found::None) };
        let (organisation, submitter) = (lease.organisation, lease.envelope.submitter);
        let to = if gateway.rule().encrypts() { recipients } else { &[] };
        Ok(match gateway {
            Gateway::Smime(_, manner) => {
                let to = (to, manner.status);
                let means = certbook::Means::find(&self.inquirer, organisation, submitter, author, to).await?;
                Found::Smime(Box::new(means))
            }
            Gateway::OpenPgp(_) => Found::OpenPgp(Box::new(
                keybook::Means::find(&self.store, &self.keys, organisation, submitter, author, to).await?,
            )),
        })
    }

    /// What is done, and what the connection must have for it.
    fn planned(
        &self,
        lease: &Lease,
        domain: &str,
        way: &mut Way,
        planned: Result<Plan, KeptBack>,
    ) -> Result<Plan, Vec<Verdict>> {
        let plan = planned.map_err(|why| kept(lease, &why.refusal(domain), why.reason(), why.waits()))?;
        if plan.verified_tls {
            way.tls = TlsDemand::Required;
        }
        Ok(plan)
    }

    /// The message as it was planned.
    async fn made(
        &self,
        lease: &Lease,
        plan: Plan,
        (gateway, found): (Option<Gateway>, Found),
        (recipients, raw): (&[String], Arc<[u8]>),
    ) -> Result<Vec<u8>, Trouble> {
        let occasion = Occasion {
            organisation: lease.organisation,
            account: lease.envelope.submitter,
            message: Some(lease.message),
        };
        let message = match (found, gateway) {
            (Found::Smime(means), Some(Gateway::Smime(_, manner))) => {
                let (sign, encrypt) = (plan.signs, plan.encrypts());
                let wish = certbook::Wish { occasion, sign, encrypt, names: manner.names };
                let made = certbook::protect(&self.store, (recipients, raw), *means, wish).await;
                made.map_err(|error| trouble(error.outlook(), error, &NOT_PROTECTED))?
            }
            (Found::OpenPgp(means), _) => {
                let wish = (plan.signs, plan.encrypts());
                let made = keybook::protect(&self.store, (recipients, raw), *means, wish, occasion).await;
                made.map_err(|error| trouble(error.outlook(), error, &NOT_PROTECTED_BY_PGP))?
            }
            _ => return Ok(raw.to_vec()),
        };
        // A second look at what leaves, as nothing may that was to be encrypted and is not.
        let wanted = gateway.filter(|_| plan.encrypts()).map(Gateway::kind);
        let looking = tokio::task::spawn_blocking(move || {
            let is_as_planned =
                wanted.is_none_or(|kind| ContentEncryption::of(&message, &Structure::parse(&message)) == Some(kind));
            (message, is_as_planned)
        });
        match looking.await {
            Ok((message, true)) => Ok(message),
            Ok((_, false)) => {
                Err(Trouble::Never("what was made is not encrypted as it must be".into(), &NOT_PROTECTED))
            }
            Err(_) => Err(Trouble::Later(Box::new(StoreError::Abandoned("looking at a message panicked")))),
        }
    }

    /// The signature of our domain was over the message as it was.
    async fn signed_anew(&self, lease: &Lease, message: Vec<u8>) -> Result<Content, Vec<Verdict>> {
        let signed = match lease.envelope.submitter {
            Some(_) => self.signer.sign(&message, self.store.context().clock.now()).await,
            None => Ok(String::new()),
        };
        let fields = signed.map_err(|error| {
            tracing::error!(message = lease.message, %error, "a message cannot be signed");
            all(lease, "", &unreadable())
        })?;
        let trace = without_signatures(&lease.envelope.trace) + &fields;
        Ok(Content::Made { message, trace })
    }
}

impl Keys {
    /// Of S/MIME.
    pub(super) fn of_certificates(author: &str, means: &certbook::Means) -> Self {
        let lacking = means.lacking().map(|it| (it.address.clone(), it.cause.clone()));
        Self { signs: means.signs(), author: author.to_owned(), lacking, is_gm: means.is_gm() }
    }

    /// Of OpenPGP.
    pub(super) fn of_keys(author: &str, means: &keybook::Means) -> Self {
        let lacking = means.lacking().map(|it| (it.address.clone(), it.cause.clone()));
        Self { signs: means.signs(), author: author.to_owned(), lacking, is_gm: false }
    }
}

fn trouble<E: Error + Send + Sync + 'static>(outlook: Outlook, error: E, reason: &'static Reason) -> Trouble {
    match outlook {
        Outlook::Temporary => Trouble::Later(Box::new(error)),
        Outlook::Permanent => Trouble::Never(Box::new(error), reason),
    }
}

fn without_signatures(trace: &str) -> String {
    let raw = trace.as_bytes();
    let kept = header::fields(raw).filter(|field| !field.is("DKIM-Signature"));
    kept.filter_map(|field| trace.get(field.start..field.end)).collect()
}

fn not_now(lease: &Lease, error: &dyn Error) -> Vec<Verdict> {
    tracing::error!(message = lease.message, %error, "a message cannot be protected now");
    all(lease, "", &Answer::ours(451, (4, 7, 0), "the message cannot be signed or encrypted now"))
}

fn kept(lease: &Lease, why: &str, reason: &'static Reason, waits: bool) -> Vec<Verdict> {
    tracing::info!(message = lease.message, why, "not sent: it cannot be protected as the rules demand");
    let (code, class, fate) = if waits { (451, 4, Fate::Held(reason)) } else { (550, 5, Fate::Barred(reason)) };
    let mut verdicts = all(lease, "", &Answer::ours(code, (class, 7, 10), why));
    verdicts.iter_mut().for_each(|verdict| verdict.fate = fate);
    verdicts
}

const NOT_PROTECTED: Reason = Reason {
    en: "Mail to this partner must be signed or encrypted (S/MIME), which was not possible with this message. It was not sent. Show the words below to your administrator.",
    zh: "发往该合作伙伴的邮件必须签名或加密（S/MIME），但此邮件无法做到，因此未发送。请将下面的原文交给管理员。",
};

const NOT_PROTECTED_BY_PGP: Reason = Reason {
    en: "Mail to this partner must be signed or encrypted (OpenPGP), which was not possible with this message. It was not sent. Show the words below to your administrator.",
    zh: "发往该合作伙伴的邮件必须签名或加密（OpenPGP），但此邮件无法做到，因此未发送。请将下面的原文交给管理员。",
};
