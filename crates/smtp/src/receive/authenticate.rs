//! A stranger's message: who vouches for it, and what is done because of that.

use std::net::IpAddr;
use std::sync::Arc;

use identity::Level;
use judgement::outbound::Sent;
use mailauth::{
    Ambiguity, AuthorIdentity, Connection, DmarcPolicy, DmarcResult, Facts, SpfResult, WithoutDns, results,
};
use outbound::waiting::Handed;
use reports::{Disposition, Fact, FailureFact};
use tokio::runtime::Handle;
use wire::smtp::Envelope;
use wire::smtp::server::Verdict;

use super::accept::INLINE_BYTES_MAX;
use super::conversation::Conversation;
use super::judge::Judged;
use super::lists::Spared;
use super::recipients::Home;
use super::{Receiver, traced};

/// A message that somebody vouches for, or that is taken all the same.
pub(super) struct Vouched {
    /// The message, without fields that claim to be ours.
    pub(super) body: Vec<u8>,
    /// What was found, as a header field of ours; empty for mail of our own people.
    pub(super) results: String,
    /// It goes where junk goes.
    pub(super) junk: bool,
    /// What was found of who sent it; none for mail of our own people.
    pub(super) origin: Option<queue::Origin>,
    /// All that was found of that.
    pub(super) authentication: Option<Arc<Facts>>,
    /// A list of the organisation allows it.
    pub(super) is_allowed: bool,
    /// What was decided of it because of what it is.
    pub(super) judged: Option<Judged>,
    /// What was found of what one of our people sends.
    pub(super) sent: Option<Sent>,
    /// What rules for outbound mail say of that.
    pub(super) handed: Option<Handed>,
    /// The message as it came, if it was encrypted and is delivered as people read it.
    pub(super) original: Option<Vec<u8>>,
}

impl Vouched {
    /// Mail of our own people.
    pub(super) fn submitted(body: Vec<u8>, sent: Option<Sent>, handed: Option<Handed>) -> Self {
        let results = String::new();
        Self {
            body,
            results,
            junk: false,
            origin: None,
            authentication: None,
            is_allowed: false,
            judged: None,
            sent,
            handed,
            original: None,
        }
    }
}

/// What is done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    Deliver,
    Junk,
    Refuse(Reason),
    /// The sender tries again.
    Defer,
}

impl Treatment {
    /// Its word in traces.
    const fn word(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Junk => "junk",
            Self::Refuse(_) => "refuse",
            Self::Defer => "defer",
        }
    }
}

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// Its author's domain asks for that.
    Policy,
    /// It does not say who its author is.
    NoAuthor,
}

impl Conversation<'_> {
    /// Checks who sent the message. The domain's policy and the recipients' level decide what is done if nobody vouches for it.
    pub(super) async fn authenticate_message(
        &self,
        envelope: &Envelope,
        body: Vec<u8>,
        id: &str,
    ) -> Result<Vouched, Verdict> {
        let receiver = &self.door.receiver;
        let stranger = Stranger {
            client: self.peer(),
            helo: self.session.hello().map(|hello| hello.name.clone()).unwrap_or_default(),
            mail_from: envelope.from.mailbox().map(ToString::to_string).unwrap_or_default(),
        };
        let (facts, body) = find_out(Arc::clone(receiver), stranger.clone(), body).await?;
        let connection = stranger.connection(&receiver.hostname);
        let spared = self.check_lists_for_message(&body, &facts).await?;
        let mut treatment = treat(&facts, self.is_strict(), spared);
        if treatment == Treatment::Defer
            && receiver.without_dns == WithoutDns::Accept
            && !receiver.dns.is_usable().await
        {
            treatment = Treatment::Deliver;
        }
        match treatment {
            Treatment::Deliver => self.learn_forwarder(&facts),
            // It stays unauthenticated, but nobody loses it.
            Treatment::Refuse(Reason::Policy) if self.is_from_known_forwarder(&facts).await => {
                treatment = Treatment::Junk;
            }
            _ => {}
        }
        tracing::debug!(
            id,
            dmarc = facts.dmarc.result.word(),
            spf = facts.spf.result.word(),
            ?treatment,
            "authenticated"
        );
        self.tell(traced::authenticated(&facts, treatment.word()));
        self.count(&facts, connection, treatment, &body);
        let junk = match treatment {
            Treatment::Deliver => false,
            Treatment::Junk => true,
            Treatment::Refuse(reason) => return Err(refusal(reason, &facts)),
            Treatment::Defer => {
                let text = "The sender cannot be authenticated now, its name servers do not answer; try again later";
                return Err(Verdict::reject(451, (4, 4, 3), text));
            }
        };
        let results = results::field(&receiver.hostname, connection, &facts);
        let author = facts.authenticated_domain().map(str::to_owned);
        let origin = Some(queue::Origin { author, chain: facts.arc.result.word().to_owned() });
        let body = without_claims(body, &receiver.hostname);
        let is_allowed = spared != Spared::Nothing;
        Ok(Vouched {
            body,
            results,
            junk,
            origin,
            authentication: Some(Arc::new(facts)),
            is_allowed,
            judged: None,
            sent: None,
            handed: None,
            original: None,
        })
    }

    /// Counts the message for the owner of its author's domain, and lets it be reported by itself if that is wanted.
    fn count(&self, facts: &Facts, connection: Connection<'_>, treatment: Treatment, body: &[u8]) {
        let receiver = &self.door.receiver;
        let disposition = match treatment {
            Treatment::Deliver => Disposition::None,
            Treatment::Junk => Disposition::Quarantine,
            Treatment::Refuse(_) => Disposition::Reject,
            // It comes again.
            Treatment::Defer => return,
        };
        let now = receiver.store.context().clock.now();
        if let Some(tally) = &receiver.reporting.tally
            && let Some(fact) = Fact::of(facts, connection, disposition, now)
        {
            tally.note(fact);
        }
        // A report of a failure has the header of the message, which is not kept here if its home is elsewhere.
        if let Some(failures) = &receiver.reporting.failures
            && self.passes_on().is_none()
            && let Some(fact) = FailureFact::of(facts, connection, self.peer_port(), disposition, body, now)
            && failures.try_send(fact).is_err()
        {
            tracing::info!("too many failures at once, one is not reported");
        }
    }

    /// Whether one of those who are to get the message has a level above `basic`.
    fn is_strict(&self) -> bool {
        let above_basic = |home| match home {
            Home::Here { level, .. } | Home::Group { level, .. } | Home::Abroad { level, .. } => level != Level::Basic,
            Home::Returning { .. } | Home::Elsewhere => false,
        };
        self.taken.iter().any(|taken| above_basic(taken.home))
    }
}

/// A client, and what it says of itself.
#[derive(Clone)]
struct Stranger {
    client: IpAddr,
    helo: String,
    mail_from: String,
}

impl Stranger {
    fn connection<'a>(&'a self, receiver: &'a str) -> Connection<'a> {
        Connection { client: self.client, helo: &self.helo, mail_from: &self.mail_from, receiver }
    }
}

/// Checks the message; a long one on a thread that may block, as its hashes take a while.
async fn find_out(receiver: Arc<Receiver>, stranger: Stranger, body: Vec<u8>) -> Result<(Facts, Vec<u8>), Verdict> {
    let is_short = body.len() <= INLINE_BYTES_MAX;
    let checking = async move {
        let clock = &*receiver.store.context().clock;
        let connection = stranger.connection(&receiver.hostname);
        let facts = receiver.checker.check(&body, connection, &*receiver.dns, clock).await;
        (facts, body)
    };
    if is_short {
        return Ok(checking.await);
    }
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(checking)).await.map_err(|_| {
        tracing::error!("checking who sent a message panicked");
        Verdict::reject(451, (4, 3, 0), "The message could not be checked, try again later")
    })
}

/// The message without fields in our name, which only we may write: Authentication-Results (RFC 8601 section 5), and those that tell
/// what was found of a message.
pub(super) fn without_claims(body: Vec<u8>, hostname: &str) -> Vec<u8> {
    let mut claims = results::claims(&body, &[hostname]);
    claims.extend(judgement::claims(&body));
    claims.sort_unstable_by_key(|claim| claim.start);
    if claims.is_empty() {
        return body;
    }
    let mut kept = Vec::with_capacity(body.len());
    let mut next = 0;
    for claim in claims {
        kept.extend_from_slice(body.get(next..claim.start).unwrap_or_default());
        next = claim.end;
    }
    kept.extend_from_slice(body.get(next..).unwrap_or_default());
    kept
}

/// What facts mean; `is_strict` above level `basic`, `spared` by lists. Nothing here makes a message more trusted than DMARC found it,
/// and no list says who the author is of a message that leaves it open.
fn treat(facts: &Facts, is_strict: bool, spared: Spared) -> Treatment {
    if let AuthorIdentity::Ambiguous(why) = facts.author {
        // A message that leaves open who its author is cannot be held to anybody's policy.
        return match why {
            // It pretends to be from nobody.
            Ambiguity::Missing => without_policy(facts, is_strict),
            why if is_strict && is_trick(why) => Treatment::Refuse(Reason::NoAuthor),
            _ => Treatment::Junk,
        };
    }
    let is_strict = is_strict && spared == Spared::Nothing;
    match facts.dmarc.result {
        DmarcResult::Fail if spared == Spared::Policy => Treatment::Deliver,
        DmarcResult::Pass => Treatment::Deliver,
        DmarcResult::TempError => Treatment::Defer,
        // A forwarder that we trust saw it pass before the forwarding broke it (RFC 8617 section 7.2.1).
        DmarcResult::Fail if facts.arc.vouches_for(&facts.author) => Treatment::Deliver,
        DmarcResult::Fail => match facts.dmarc.policy {
            Some(DmarcPolicy::Reject) => Treatment::Refuse(Reason::Policy),
            Some(DmarcPolicy::Quarantine) => Treatment::Junk,
            Some(DmarcPolicy::None) | None => without_policy(facts, is_strict),
        },
        DmarcResult::None | DmarcResult::PermError => without_policy(facts, is_strict),
    }
}

/// No honest program writes a header like this; old ones write others that are ambiguous too.
fn is_trick(why: Ambiguity) -> bool {
    matches!(why, Ambiguity::SeveralFields | Ambiguity::FieldName | Ambiguity::Control)
}

/// Nobody asked for anything; SPF may still say that the client had no business with the envelope's domain.
fn without_policy(facts: &Facts, is_strict: bool) -> Treatment {
    let is_signed = facts.dkim.iter().any(|check| check.result == mailauth::DkimResult::Pass);
    match facts.spf.result {
        SpfResult::Fail if is_strict && !is_signed => Treatment::Junk,
        _ => Treatment::Deliver,
    }
}

fn refusal(reason: Reason, facts: &Facts) -> Verdict {
    match reason {
        // RFC 7372 section 3.3.
        Reason::Policy => {
            let domain = facts.dmarc.from_domain.as_deref().unwrap_or_default();
            let text = format!("The message is not authenticated for {domain}, whose DMARC policy asks to refuse it");
            Verdict::reject(550, (5, 7, 26), text)
        }
        Reason::NoAuthor => Verdict::reject(
            550,
            (5, 7, 1),
            "The From field does not name exactly one author; correct it and send again",
        ),
    }
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
