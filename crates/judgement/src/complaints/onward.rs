//! A complaint of ours about a judged message, sent to whoever answers for its sender or for its pages.
//!
//! It tells what the message says of itself, and neither for whom it was nor what it says: who reads it may be the sender.

use env::Timestamp;
use filter::Facts;
use letters::{Letter, Mailer};
use mail::{Address, date};
use mailauth::complaint::Complaint;
use store::{Store, Tx, params};

use super::{DAY_MILLIS, Detail, Row, insert};
use crate::{Judged, JudgementError, kept};

/// Complaints that one organisation sends in a day.
pub const SENT_IN_A_DAY_MAX: i64 = 50;

/// Pages of a message that are named.
const URIS_MAX: usize = 10;

/// Name of the program in reports.
const AGENT: &str = concat!("Tradewind/", env!("CARGO_PKG_VERSION"));

/// A complaint that somebody wants to be sent.
#[derive(Debug, Clone)]
pub struct Onward {
    /// The judged message.
    pub judged: i64,
    /// To whom, such as the abuse address of a provider.
    pub to: String,
    /// Who wants it; none for the operator.
    pub by: Option<i64>,
}

impl Onward {
    /// Sends it, and keeps that it was sent.
    ///
    /// # Errors
    /// [`JudgementError`] if the message is not kept, the address is none or one of ours, too many went in a day, the same went to the same
    /// address before, or the store fails.
    pub async fn send(self, store: &Store, mailer: &Mailer) -> Result<(), JudgementError> {
        let (judged, to) = (self.judged, self.to.clone());
        let look = move |tx: &mut Tx<'_>| {
            let message = kept::load(tx, judged)?;
            let address = Address::parse(&to).map_err(|_| JudgementError::Onward(to.clone(), "it is no address"))?;
            if identity::find_domain(tx, &address.domain_ascii())?.is_some() {
                return Err(JudgementError::Onward(to.clone(), "it is one of ours; complaints go to others"));
            }
            let domains = identity::list_domains(tx, Some(message.organisation))?;
            let Some(domain) = domains.into_iter().next() else {
                return Err(JudgementError::Onward(to.clone(), "the organisation has no domain to write from"));
            };
            check_room(tx, message.organisation, &to)?;
            Ok((message, domain.name))
        };
        let (message, domain) = store.read(look).await?;
        let Some(facts) = &message.detail.facts else { return Err(JudgementError::NotKept(judged)) };
        let complaint = complaint_of(&message, facts);
        let now = store.context().clock.now();
        let raw = written(&complaint, facts, &Frame { domain: &domain, to: &self.to, id: &mailer.message_id(), now });
        let ready = mailer.ready(Letter::new(message.organisation, vec![self.to.clone()], raw)).await?;
        let detail = Detail {
            kind: complaint.kind,
            reporter: Some(domain),
            to: Some(self.to.clone()),
            mail_from: complaint.mail_from,
            source: complaint.source,
            arrival: complaint.arrival,
            subject: facts.subject.chars().take(200).collect(),
            incidents: 1,
        };
        let (organisation, by, to) = (message.organisation, self.by.unwrap_or(0), self.to);
        let origin = format!("{judged:x} {}", to.to_lowercase());
        let work = move |tx: &mut Tx<'_>| {
            check_room(tx, organisation, &to)?;
            let row = Row { direction: "out", origin: &origin, account: by, told: super::NOBODY_TOLD };
            if !insert(tx, organisation, &row, &detail)? {
                return Err(JudgementError::Onward(to.clone(), "it has had this complaint before"));
            }
            ready.post(tx)?;
            Ok(())
        };
        store.write(work).await
    }
}

/// Whether the day has room for another.
fn check_room(tx: &mut Tx<'_>, organisation: i64, to: &str) -> Result<(), JudgementError> {
    let sent = tx.row(
        "SELECT COUNT(*) FROM complaint WHERE organisation = $1 AND direction = 'out' AND at > $2",
        params![organisation, tx.now().millis() - DAY_MILLIS],
        |row| row.int(0),
    )?;
    if sent.unwrap_or(0) >= SENT_IN_A_DAY_MAX {
        return Err(JudgementError::Onward(to.to_owned(), "50 complaints went within a day; try again tomorrow"));
    }
    Ok(())
}

fn complaint_of(message: &Judged, facts: &Facts) -> Complaint {
    let verdict = &message.detail.verdict;
    let is_phish = verdict.probability_phish > verdict.probability_spam;
    let uris: std::collections::BTreeSet<&str> = facts.links.iter().map(|link| link.url.as_str()).collect();
    let domain = facts.from.as_ref().map(|from| from.host.clone()).filter(|host| !host.is_empty());
    Complaint {
        kind: if is_phish { "fraud" } else { "abuse" }.to_owned(),
        mail_from: Some(message.detail.envelope_from.clone()),
        recipients: Vec::new(),
        arrival: Some(date::format_rfc5322(message.at)),
        source: message.detail.client,
        domains: domain.into_iter().collect(),
        uris: uris.into_iter().take(URIS_MAX).map(str::to_owned).collect(),
        incidents: 1,
    }
}

/// What stands around the complaint.
struct Frame<'a> {
    domain: &'a str,
    to: &'a str,
    id: &'a str,
    now: Timestamp,
}

/// RFC 5965 section 2: words for people, fields for programs, the header of the message.
fn written(complaint: &Complaint, facts: &Facts, frame: &Frame<'_>) -> Vec<u8> {
    let Frame { domain, to, id, now } = *frame;
    let boundary = format!("=_complaint_{}", id.split('@').next().unwrap_or_default());
    let source = complaint.source.map_or_else(|| "an unknown host".to_owned(), |source| source.to_string());
    let author = facts.from.as_ref().map(|from| header_text(&from.address)).unwrap_or_default();
    format!(
        "From: <postmaster@{domain}>\r\nTo: <{to}>\r\nDate: {date}\r\nMessage-ID: <{id}>\r\n\
         Subject: Abuse report: a message from {source}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report;\r\n\tboundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         This is an abuse report of {domain} on a message from {source}, received on\r\n{arrival}.\r\n\
         For whom it was is left out.\r\n\r\n\
         --{boundary}\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\r\n\
         --{boundary}\r\nContent-Type: text/rfc822-headers; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         From: <{author}>\r\nSubject: {subject}\r\n\r\n--{boundary}--\r\n",
        date = date::format_rfc5322(now),
        arrival = complaint.arrival.as_deref().unwrap_or_default(),
        fields = complaint.write(AGENT),
        subject = header_text(&facts.subject),
    )
    .into_bytes()
}

/// One line of bounded length.
fn header_text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
