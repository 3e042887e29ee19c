//! Mail to those whose home is in another region. What may go there is decided by the organisation's rules of crossings and entered in the
//! register; what may goes to the server there over a connection whose other end is proven, and comes into no mailbox here.

use std::sync::Arc;

use crypto::keys::MessageKey;
use identity::{Abroad, IdentityError, Resolution};
use mail::dsn::Reason;
use mail::message::{ContentEncryption, Structure};
use mail::protection::{Demand, DemandError, Means};
use queue::{Lease, LeasedRecipient, NewRecipient};
use residence::{
    Crossing, Decision, Denial, Kind, Passage, Place, RegionSettings, ResidenceError, Shield, class_of, cross, decide,
};
use store::Tx;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::link::Sent;
use super::route::{Relay, Way, host_and_port};
use super::settle::{Fate, Verdict};
use crate::settings::TlsDemand;

/// Where the mailbox of a recipient is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Home {
    Here,
    Abroad(Arc<Abroad>),
    Away,
}

impl Home {
    fn of(found: Resolution) -> Self {
        match found {
            Resolution::NotOurs => Self::Away,
            Resolution::Abroad(abroad) => Self::Abroad(abroad),
            Resolution::Local(_) | Resolution::Group(_) | Resolution::UnknownLocal => Self::Here,
        }
    }
}

/// A message of a stranger for somebody abroad, which is passed on while its sender waits, and kept nowhere.
pub(crate) struct Passing {
    /// Names it in the register.
    pub(crate) number: i64,
    pub(crate) recipient: NewRecipient,
    pub(crate) abroad: Arc<Abroad>,
    pub(crate) envelope: queue::Envelope,
    pub(crate) body: Vec<u8>,
}

impl Deliverer {
    /// The lease by the homes of its recipients.
    pub(super) async fn parts(&self, lease: &Lease) -> Result<Vec<(Home, Lease)>, IdentityError> {
        let mut parts: Vec<(Home, Lease)> = Vec::new();
        for recipient in &lease.recipients {
            let home = match parts.first() {
                // Without regions all recipients at a domain are where the first one is.
                Some((home, _)) if !self.region.is_set() => home.clone(),
                _ => Home::of(self.directory.resolve(&recipient.address).await?),
            };
            match parts.iter_mut().find(|(known, _)| *known == home) {
                Some((_, part)) => part.recipients.push(recipient.clone()),
                None => {
                    let part = part_of(lease, &home, recipient);
                    parts.push((home, part));
                }
            }
        }
        Ok(parts)
    }

    /// Delivers to the region that is home to the recipients.
    pub(super) async fn send_abroad(&self, lease: &Lease, sent: &Sent, abroad: &Abroad) -> Vec<Verdict> {
        let head = async { Content::open(&self.store, lease).await?.head().await };
        let class = match head.await {
            Ok(head) => class_of(&head),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                return all(lease, "", &unreadable());
            }
        };
        let domain = mail::domain::canonical(&lease.domain).unwrap_or_else(|_| lease.domain.clone());
        let crossings = crossings(lease, abroad, &domain, class);
        let passage = match self.decided(crossings.clone(), false).await {
            Ok(Decision::Allowed(passage)) => passage,
            Ok(Decision::Denied(denial)) => return self.barred(lease, crossings, &denial).await,
            Ok(Decision::Within) | Err(_) => return all(lease, "", &undecided()),
        };
        let mut way = self.way_abroad(&domain, abroad);
        match demand_of(&passage) {
            Ok(demand) => way.terms.demands.extend(demand),
            Err(_) => return all(lease, "", &undecided()),
        }
        let made = match self.protect(lease, &domain, &mut way).await {
            Ok(made) => made,
            Err(mut verdicts) => {
                for verdict in &mut verdicts {
                    verdict.answer.text = format!("{} (rule {} of crossings)", verdict.answer.text, passage.rule);
                }
                return verdicts;
            }
        };
        match self.decided(crossings, true).await {
            Ok(Decision::Allowed(_)) => self.send_content(lease, sent, &domain, &way, made).await,
            // The rules have changed meanwhile: it is tried again under those that hold then.
            Ok(_) | Err(_) => all(lease, "", &undecided()),
        }
    }

    /// The way of mail to a region: to its server, or as to any partner, and proven.
    pub(super) fn way_abroad(&self, domain: &str, abroad: &Abroad) -> Way {
        let mut way = self.way(domain);
        way.tls = TlsDemand::Required;
        let server = abroad.server.as_deref().and_then(|server| host_and_port(server, self.settings.now().port));
        if let Some((host, port)) = server {
            way.relay = Some(Relay { host, port, credentials: None });
        }
        way
    }

    /// Passes a stranger's message on to the region of its recipient; gives what the server there says, which has the message then or not.
    pub(crate) async fn pass_on(&self, passing: Passing) -> Answer {
        let Passing { number, recipient, abroad, envelope, body } = passing;
        let raw: Arc<[u8]> = body.into();
        let domain = recipient.address.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        let domain = mail::domain::canonical(&domain).unwrap_or(domain);
        let lease =
            self.lease_in_passing(number, recipient, &domain, abroad.organisation, (envelope, raw.len() as u64));
        let looked = Arc::clone(&raw);
        let looking = tokio::task::spawn_blocking(move || {
            (class_of(&looked), ContentEncryption::of(&looked, &Structure::parse(&looked)).is_some())
        });
        let Ok((class, is_sealed)) = looking.await else { return unreadable() };
        let crossings: Vec<Crossing> = crossings(&lease, &abroad, &domain, class)
            .into_iter()
            .map(|crossing| Crossing { is_sealed: Some(is_sealed), ..crossing })
            .collect();
        match self.decided(crossings, true).await {
            Ok(Decision::Allowed(_)) => {}
            Ok(Decision::Denied(denial)) => return Answer::ours(550, (5, 7, 1), denial.why),
            Ok(Decision::Within) | Err(_) => return undecided(),
        }
        let now = self.store.context().clock.now();
        let seal = self.seal(&lease, &domain, &raw, now).await.unwrap_or_else(|error| {
            tracing::warn!(message = lease.message, %error, "a message is passed on unsealed");
            None
        });
        let trace = seal.unwrap_or_default() + &lease.envelope.trace;
        let content = Content::Made { message: raw.to_vec(), trace };
        let way = self.way_abroad(&domain, &abroad);
        let verdicts = self.send_content(&lease, &Sent::default(), &domain, &way, Some(content)).await;
        verdicts.into_iter().next().map_or_else(undecided, |verdict| verdict.answer)
    }

    fn lease_in_passing(
        &self,
        number: i64,
        recipient: NewRecipient,
        domain: &str,
        organisation: i64,
        (envelope, size): (queue::Envelope, u64),
    ) -> Lease {
        let context = self.store.context();
        let now = context.clock.now();
        let NewRecipient { address, notify, orcpt, .. } = recipient;
        let recipient =
            LeasedRecipient { number: 0, address, notify, orcpt, attempts: 1, delay_notified: false, last: None };
        Lease {
            message: number,
            fence: 0,
            until: now,
            organisation,
            destination: 0,
            domain: domain.to_owned(),
            blob: 0,
            key: MessageKey::generate(&*context.entropy),
            envelope,
            size,
            created: now,
            expires: now,
            recipients: vec![recipient],
        }
    }

    /// What becomes of all the crossings: they are of one message to one region, so they are decided alike. `enters` them, too.
    pub(crate) async fn decided(&self, crossings: Vec<Crossing>, enters: bool) -> Result<Decision, ResidenceError> {
        let region = self.region.clone();
        let decided = if enters {
            self.store.write(move |tx| each(tx, &region, &crossings, cross)).await
        } else {
            self.store.read(move |tx| each(tx, &region, &crossings, decide)).await
        };
        decided.inspect_err(|error| tracing::error!(%error, "what may go to another region cannot be decided now"))
    }

    /// It does not go, which is entered; its sender is told why and what would let it.
    async fn barred(&self, lease: &Lease, crossings: Vec<Crossing>, denial: &Denial) -> Vec<Verdict> {
        if self.decided(crossings, true).await.is_err() {
            return all(lease, "", &undecided());
        }
        tracing::info!(message = lease.message, why = denial.why, "not sent: it may not go to that region");
        let mut verdicts = all(lease, "", &Answer::ours(550, (5, 7, 1), denial.why.clone()));
        verdicts.iter_mut().for_each(|verdict| verdict.fate = Fate::Barred(&NOT_ABROAD));
        verdicts
    }
}

type Deciding = fn(&mut Tx<'_>, &RegionSettings, &Crossing) -> Result<Decision, ResidenceError>;

fn each(
    tx: &mut Tx<'_>,
    region: &RegionSettings,
    crossings: &[Crossing],
    deciding: Deciding,
) -> Result<Decision, ResidenceError> {
    let mut last = Decision::Within;
    for crossing in crossings {
        last = deciding(tx, region, crossing)?;
    }
    Ok(last)
}

/// One crossing for each recipient.
pub(crate) fn crossing_of(
    organisation: i64,
    (abroad, domain): (&Abroad, &str),
    class: residence::Class,
    account: Option<i64>,
    (message, address): (i64, &str),
) -> Crossing {
    let subject = [b"mail:", message.to_le_bytes().as_slice(), address.as_bytes()].concat();
    Crossing {
        organisation,
        kind: Kind::Delivery,
        to: Place {
            region: Some(abroad.region.clone()),
            country: abroad.country.clone(),
            domain: Some(domain.to_owned()),
        },
        class,
        is_sealed: None,
        account,
        what: format!("mail to {address}"),
        subject,
    }
}

fn crossings(lease: &Lease, abroad: &Abroad, domain: &str, class: residence::Class) -> Vec<Crossing> {
    let one = |recipient: &LeasedRecipient| {
        let what = (lease.message, recipient.address.as_str());
        crossing_of(lease.organisation, (abroad, domain), class, lease.envelope.submitter, what)
    };
    lease.recipients.iter().map(one).collect()
}

/// What the rule asks for beside the connection.
fn demand_of(passage: &Passage) -> Result<Option<Demand>, DemandError> {
    match passage.encryption {
        Shield::Tls => Ok(None),
        Shield::Content => Demand::new(&[Means::EndToEnd, Means::OpenPgp, Means::Smime]).map(Some),
    }
}

/// What of the lease is for recipients at one home. That a region cannot be reached says nothing of the domain.
fn part_of(lease: &Lease, home: &Home, first: &LeasedRecipient) -> Lease {
    Lease {
        message: lease.message,
        fence: lease.fence,
        until: lease.until,
        organisation: lease.organisation,
        destination: if matches!(home, Home::Abroad(_)) { 0 } else { lease.destination },
        domain: lease.domain.clone(),
        blob: lease.blob,
        key: lease.key.same(),
        envelope: lease.envelope.clone(),
        size: lease.size,
        created: lease.created,
        expires: lease.expires,
        recipients: vec![first.clone()],
    }
}

fn undecided() -> Answer {
    Answer::ours(451, (4, 3, 0), "whether the message may go to that region cannot be decided now")
}

const NOT_ABROAD: Reason = Reason {
    en: "The recipient's mailbox is in another region, and no rule lets this message go there. It was not sent. The words below name the rule and what would let it go; show them to your administrator.",
    zh: "收件人的邮箱在另一个地区，没有规则允许此邮件传往该地区，因此未发送。下面的原文说明了相关规则及解决办法，请交给管理员。",
};
