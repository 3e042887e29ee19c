//! How suspicious a client is, and that suspicious ones must come back before their mail is taken.
//!
//! Points come from lists of clients in DNS (RFC 5782), from a host name that does not lead back, and from what no honest server calls
//! itself. They never refuse: they ask for a second attempt, which honest servers make and most others do not (RFC 6647).

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use identity::lists::Listing;
use identity::{Attempt, note_attempt};
use mail::Address;
use mailauth::{IprevResult, Question, SpfResult};
use wire::smtp::server::{Kind, Verdict};

use super::Receiver;
use super::conversation::Conversation;
use super::rates::network_of;
use super::recipients::trouble;

/// Points from which a client must come back.
pub(super) const SUSPICIOUS_POINTS: u32 = 4;

/// Points for an address without a host name that leads back.
const NO_NAME_POINTS: u32 = 2;

/// Points for a HELO that is neither a host name nor an address.
const HELO_NO_NAME_POINTS: u32 = 2;

/// Points for a HELO that is our own name: only a liar uses it.
const HELO_OURS_POINTS: u32 = 4;

/// Longest wait for what DNS says of a client; what is not there by then counts as nothing.
pub(super) const LOOK_WAIT: Duration = Duration::from_secs(2);

/// Points for what a client calls itself.
fn helo_points(helo: &str, hostname: &str) -> u32 {
    let name = helo.strip_suffix('.').unwrap_or(helo);
    if name.eq_ignore_ascii_case(hostname) {
        return HELO_OURS_POINTS;
    }
    let is_name = name.contains('.') && name.parse::<IpAddr>().is_err();
    let is_sound = mail::domain::canonical(name).is_ok() && (is_name || name.starts_with('['));
    if is_sound { 0 } else { HELO_NO_NAME_POINTS }
}

impl Receiver {
    /// Points of a client, whatever it calls itself.
    pub(super) async fn client_points(&self, client: IpAddr) -> u32 {
        let clock = &*self.store.context().clock;
        let lists = self.dns_lists.now();
        let connection = mailauth::Connection { client, helo: "", mail_from: "", receiver: &self.hostname };
        let (envelope, listed) = tokio::join!(
            tokio::time::timeout(LOOK_WAIT, self.checker.check_envelope(connection, &*self.dns, clock)),
            join_all(lists.iter().map(|list| list.points(client, &*self.dns, clock))),
        );
        let has_no_name =
            envelope.is_ok_and(|found| matches!(found.iprev.result, IprevResult::Fail | IprevResult::PermError));
        listed.into_iter().fold(if has_no_name { NO_NAME_POINTS } else { 0 }, u32::saturating_add)
    }
}

impl Conversation<'_> {
    /// RCPT TO of a stranger: a suspicious client must come back.
    pub(super) async fn check_greylist(&mut self, recipient: &Address, organisation: i64) -> Result<(), Verdict> {
        let (receiver, client) = (&self.door.receiver, self.peer());
        let wait = Duration::from_secs(receiver.settings.now().greylist_seconds);
        if self.door.config.kind != Kind::Mx || wait.is_zero() || receiver.rates.is_exempt(client) {
            return Ok(());
        }
        if self.suspicion().await < SUSPICIOUS_POINTS || self.is_spared(organisation).await? {
            return Ok(());
        }
        let attempt = Attempt {
            organisation,
            network: network_of(client),
            sender: self.sender.as_ref().map(Address::canonical).unwrap_or_default(),
            recipient: recipient.canonical(),
        };
        let receiver = &self.door.receiver;
        let noted = receiver.store.write(move |tx| note_attempt(tx, &attempt, wait)).await;
        if noted.map_err(|error| trouble(&error))? {
            return Ok(());
        }
        receiver.figures.greylisted.add(1);
        tracing::debug!(%client, "a suspicious client must come back");
        Err(Verdict::reject(451, (4, 7, 1), "Greylisted: try again later"))
    }

    /// Points of the client under its present name.
    async fn suspicion(&mut self) -> u32 {
        let of_client = match self.client.points {
            Some(points) => points,
            None => self.door.receiver.client_points(self.peer()).await,
        };
        self.client.points = Some(of_client);
        let helo = self.session.hello().map_or("", |hello| hello.name.as_str());
        of_client.saturating_add(helo_points(helo, &self.door.receiver.hostname))
    }

    /// Whether the organisation's lists spare the client or the sender.
    async fn is_spared(&self, organisation: i64) -> Result<bool, Verdict> {
        let receiver = &self.door.receiver;
        let rules = receiver.directory.lists().of(organisation).await.map_err(|error| trouble(&error))?;
        if rules.is_empty() {
            return Ok(false);
        }
        let now = receiver.store.context().clock.now();
        if matches!(rules.client(self.peer(), now), Listing::Allowed(_)) {
            return Ok(true);
        }
        let Some(sender) = &self.sender else { return Ok(false) };
        let question = Question {
            client: self.peer(),
            helo: self.session.hello().map_or("", |hello| hello.name.as_str()),
            mail_from: &sender.to_string(),
            receiver: &receiver.hostname,
            now,
        };
        let checked = tokio::time::timeout(LOOK_WAIT, mailauth::check_mail_from(question, &*receiver.dns)).await;
        let is_authenticated = checked.is_ok_and(|check| check.result == SpfResult::Pass);
        Ok(matches!(rules.announced(sender, is_authenticated, now), Listing::Allowed(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_calls_itself() {
        for (helo, expected) in [
            ("mx.partner.example", 0),
            ("[192.0.2.1]", 0),
            ("[IPv6:2001:db8::1]", 0),
            ("mail.trade.test", HELO_OURS_POINTS),
            ("MAIL.trade.test.", HELO_OURS_POINTS),
            ("localhost", HELO_NO_NAME_POINTS),
            ("192.0.2.1", HELO_NO_NAME_POINTS),
            ("a_b.example", HELO_NO_NAME_POINTS),
            ("", HELO_NO_NAME_POINTS),
        ] {
            assert_eq!(helo_points(helo, "mail.trade.test"), expected, "{helo}");
        }
    }
}
