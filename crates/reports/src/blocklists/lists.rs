//! Lists as the settings name them.

use std::net::IpAddr;

/// Lists of each kind.
const LISTS_MAX: usize = 20;

/// Further addresses of ours.
const ADDRESSES_MAX: usize = 50;

env::settings! {
    /// Lists in DNS on which our own addresses and domains must not stand. Other servers ask such lists about us. None is named at first: each has terms of
    /// its own, and some answer resolvers of large providers with nonsense. See the manual's page on mail from and to the world for those that are widely asked.
    pub struct BlocklistSettings in "blocklists" {
        /// Lists of addresses (RFC 5782 section 2.1): "zone", or "zone=link" with the page where one has oneself taken off.
        address_lists: Vec<String> = Vec::new(),
        /// Lists of domains (RFC 5782 section 2.2), written the same way.
        domain_lists: Vec<String> = Vec::new(),
        /// Addresses that mail leaves from, beside those of the server's own name and of routes: of a network behind one address, as others see it.
        addresses: Vec<String> = Vec::new(),
        /// Hours between two looks.
        every_hours: u32 = 24,
    }
}

impl BlocklistSettings {
    /// What cannot hold: the setting, its value, and what to do.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut wrong = Vec::new();
        for (setting, texts) in
            [("blocklists.address_lists", &self.address_lists), ("blocklists.domain_lists", &self.domain_lists)]
        {
            if Blocklist::parse_all(texts, ListKind::Addresses).is_err() {
                wrong.push((setting, texts.join(", "), "must be at most 20 zones, each as zone or zone=https://link"));
            }
        }
        let unread = self.addresses.iter().any(|text| text.trim().parse::<IpAddr>().is_err());
        if unread || self.addresses.len() > ADDRESSES_MAX {
            wrong.push((
                "blocklists.addresses",
                self.addresses.join(", "),
                "must be at most 50 addresses of IPv4 or IPv6",
            ));
        }
        if !(1..=24 * 7).contains(&self.every_hours) {
            wrong.push(("blocklists.every_hours", self.every_hours.to_string(), "give 1 to 168"));
        }
        wrong
    }

    /// The lists, those of addresses first.
    ///
    /// # Errors
    /// [`ListError`] for the first that cannot be read.
    pub fn lists(&self) -> Result<Vec<Blocklist>, ListError> {
        let mut all = Blocklist::parse_all(&self.address_lists, ListKind::Addresses)?;
        all.extend(Blocklist::parse_all(&self.domain_lists, ListKind::Domains)?);
        Ok(all)
    }

    /// The further addresses.
    #[must_use]
    pub fn own_addresses(&self) -> Vec<IpAddr> {
        self.addresses.iter().filter_map(|text| text.trim().parse().ok()).collect()
    }
}

/// Text that names no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It has not the form.
    #[error("{0:?} names no list; write it as zone or zone=https://link")]
    Malformed(String),
    /// There are too many.
    #[error("there are more than {LISTS_MAX} lists")]
    TooMany,
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Addresses.
    Addresses,
    /// Domains.
    Domains,
}

/// A list in DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocklist {
    /// Its zone, in A-labels.
    pub zone: String,
    /// What it is of.
    pub kind: ListKind,
    /// Where one has oneself taken off, if the setting says so or the list is known.
    pub link: Option<String>,
}

/// Pages of lists that are widely asked, where one has oneself taken off.
const KNOWN: &[(&str, &str)] = &[
    ("spamhaus.org", "https://check.spamhaus.org/"),
    ("spamcop.net", "https://www.spamcop.net/bl.shtml"),
    ("barracudacentral.org", "https://www.barracudacentral.org/rbl/removal-request"),
    ("mailspike.net", "https://www.mailspike.net/iplookup.html"),
    ("psbl.surriel.com", "https://psbl.org/remove"),
    ("dronebl.org", "https://dronebl.org/lookup"),
    ("uceprotect.net", "https://www.uceprotect.net/en/rblcheck.php"),
    ("surbl.org", "https://surbl.org/surbl-analysis"),
    ("uribl.com", "https://lookup.uribl.com/"),
];

impl Blocklist {
    fn parse_all(texts: &[String], kind: ListKind) -> Result<Vec<Self>, ListError> {
        if texts.len() > LISTS_MAX {
            return Err(ListError::TooMany);
        }
        let read = |text: &String| Self::parse(text, kind).ok_or_else(|| ListError::Malformed(text.clone()));
        texts.iter().map(read).collect()
    }

    fn parse(text: &str, kind: ListKind) -> Option<Self> {
        let (zone, link) = match text.split_once('=') {
            Some((zone, link)) if link.trim().starts_with("https://") => (zone, Some(link.trim().to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let zone = mail::domain::canonical(zone.trim()).ok().filter(|zone| !zone.starts_with('['))?;
        let known = KNOWN.iter().find(|(known, _)| is_below(&zone, known)).map(|(_, link)| (*link).to_owned());
        Some(Self { zone, kind, link: link.or(known) })
    }
}

fn is_below(zone: &str, above: &str) -> bool {
    zone.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(list: &str) -> BlocklistSettings {
        BlocklistSettings { address_lists: vec![list.to_owned()], ..BlocklistSettings::default() }
    }

    #[test]
    fn lists_have_the_page_where_one_is_taken_off() {
        let link = |text: &str| settings(text).lists().map(|lists| (lists[0].zone.clone(), lists[0].link.clone()));
        assert_eq!(link("BL.example."), Ok(("bl.example".to_owned(), None)));
        assert_eq!(
            link("zen.spamhaus.org"),
            Ok(("zen.spamhaus.org".to_owned(), Some("https://check.spamhaus.org/".to_owned())))
        );
        assert_eq!(link("notspamhaus.org").map(|(_, link)| link), Ok(None));
        let own = link("zen.spamhaus.org = https://bl.example/off").map(|(_, link)| link);
        assert_eq!(own, Ok(Some("https://bl.example/off".to_owned())));
        for wrong in ["", "a b", "bl.example=javascript:1", "bl.example=http://bl.example", "[192.0.2.1]"] {
            assert_eq!(link(wrong), Err(ListError::Malformed(wrong.to_owned())));
            assert_eq!(settings(wrong).faults().len(), 1, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_hold_is_told() {
        assert_eq!(BlocklistSettings::default().faults(), []);
        let wrong = BlocklistSettings {
            addresses: vec!["mail.example".to_owned()],
            every_hours: 0,
            ..BlocklistSettings::default()
        };
        let names: Vec<&str> = wrong.faults().iter().map(|(setting, ..)| *setting).collect();
        assert_eq!(names, ["blocklists.addresses", "blocklists.every_hours"]);
    }
}
