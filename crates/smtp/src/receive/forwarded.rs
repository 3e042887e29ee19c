//! Relays that forward: learned from messages whose signature survived them, asked about where nothing did.

use mailauth::{DmarcResult, Facts, IprevResult, SpfResult};

use super::conversation::Conversation;

impl Conversation<'_> {
    /// Notes the relay of a message that was forwarded: its signature is the author's, SPF is another's.
    pub(super) fn learn_forwarder(&self, facts: &Facts) {
        let Some((relay, author)) = survived(facts) else { return };
        if let Some(organisation) = self.first_organisation() {
            self.door.receiver.directory.forwarders().note(organisation, relay, author);
        }
    }

    /// Whether a message that fails its author's policy comes through a relay that forwards honest mail to this organisation.
    pub(super) async fn is_from_known_forwarder(&self, facts: &Facts) -> bool {
        let (Some(relay), Some(organisation)) = (relay(facts), self.first_organisation()) else { return false };
        match self.door.receiver.directory.forwarders().is_known(organisation, relay).await {
            Ok(is_known) => is_known,
            Err(error) => {
                tracing::error!(%error, "cannot look up whether a relay forwards");
                false
            }
        }
    }
}

/// Relay and author's domain of a message that came whole through somebody else's relay.
fn survived(facts: &Facts) -> Option<(&str, &str)> {
    let dmarc = &facts.dmarc;
    if dmarc.result != DmarcResult::Pass || !dmarc.is_dkim_aligned || dmarc.is_spf_aligned {
        return None;
    }
    Some((relay(facts)?, facts.author.domain()?))
}

/// The relay's authenticated name: the domain for which SPF passes, else the host name that leads back to its address. Nothing that
/// a client only says of itself.
fn relay(facts: &Facts) -> Option<&str> {
    if facts.spf.result == SpfResult::Pass {
        return Some(&facts.spf.domain);
    }
    match facts.iprev.result {
        IprevResult::Pass => facts.iprev.name.as_deref().map(|name| name.strip_suffix('.').unwrap_or(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mailauth::{ArcCheck, ArcResult, AuthorIdentity, DmarcCheck, IprevCheck, SpfCheck};

    use super::*;

    fn facts(dmarc: DmarcResult, aligned: (bool, bool), spf: SpfResult, iprev: IprevResult) -> Facts {
        let spf = SpfCheck { result: spf, domain: "relay.example".to_owned(), explanation: None };
        Facts {
            iprev: IprevCheck { result: iprev, name: Some("mx.relay.example.".to_owned()) },
            spf_helo: spf.clone(),
            spf,
            dkim: Vec::new(),
            arc: ArcCheck {
                result: ArcResult::None,
                sealers: vec![],
                is_trusted: false,
                first_results: None,
                reason: None,
            },
            author: AuthorIdentity::Domain("partner.example".to_owned()),
            dmarc: DmarcCheck {
                result: dmarc,
                policy: None,
                from_domain: Some("partner.example".to_owned()),
                is_dkim_aligned: aligned.0,
                is_spf_aligned: aligned.1,
                reason: None,
                published: None,
            },
        }
    }

    #[test]
    fn only_authenticated_relays_of_whole_messages_are_learned() {
        use IprevResult::{Fail, Pass as Back};
        use SpfResult::{Pass, SoftFail};
        let (whole, own, neither) = ((true, false), (true, true), (false, false));
        for (dmarc, aligned, spf, iprev, expected) in [
            (DmarcResult::Pass, whole, Pass, Fail, Some("relay.example")),
            (DmarcResult::Pass, whole, SoftFail, Back, Some("mx.relay.example")),
            (DmarcResult::Pass, whole, SoftFail, Fail, None),
            // Its author's own server.
            (DmarcResult::Pass, own, Pass, Back, None),
            (DmarcResult::Pass, (false, true), Pass, Back, None),
            (DmarcResult::Fail, neither, Pass, Back, None),
            (DmarcResult::None, whole, Pass, Back, None),
        ] {
            let facts = facts(dmarc, aligned, spf, iprev);
            let learned = survived(&facts).map(|(relay, _)| relay);
            assert_eq!(learned, expected, "{dmarc:?} {aligned:?} {spf:?} {iprev:?}");
        }
    }
}
