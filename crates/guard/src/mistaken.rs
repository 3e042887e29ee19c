//! Recipients who are taken for others: whoever writes to `acrne.example` meant `acme.example`, or answers somebody who poses as it.
//!
//! A recipient with a history of its own is nobody's look-alike. What a name is compared with are partners with whom letters went both ways, our own
//! domains, and the people at the same partner, each by [`crate::signals::lookalike`].

use store::Tx;

use crate::knowledge::{Address, COMPANY_MESSAGES_MIN, Contact};
use crate::learn::root;
use crate::live::Guard;
use crate::rows::{PartnerRow, Rows};
use crate::shelf::Shelf;
use crate::signals::lookalike::{Trick, likeness, mailbox_likeness, misspelt_mailboxes};
use crate::{GuardError, Mailbox};

/// From this closeness on somebody is told: names that are like by chance are not.
const CLOSENESS_MIN: f32 = 0.7;

/// The same for a free mail service, as somebody is known there by the same name.
const SERVICE_CLOSENESS_MIN: f32 = 0.4;

/// Known domains that one recipient is compared with.
const NEAR_MAX: usize = 8;

/// Free mail services whose names are mistyped; who is meant is a correspondent there with the same name of a mailbox.
const SERVICES: [&str; 14] = [
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "live.com",
    "foxmail.com",
    "naver.com",
    "protonmail.com",
    "yandex.ru",
    "mail.ru",
    "web.de",
    "gmx.de",
    "aol.com",
];

/// A recipient who looks like another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistaken {
    /// The recipient.
    pub address: String,
    /// Whom, or whose domain, it looks like.
    pub known: String,
    /// That is one of our own domains.
    pub is_own: bool,
    /// By what.
    pub trick: Trick,
}

impl Guard {
    /// Whether a recipient outside the organisation looks like somebody else who is known; none if it does not.
    ///
    /// # Errors
    /// [`GuardError`] if the store fails.
    pub fn mistaken(&self, tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Option<Mistaken>, GuardError> {
        let asked = of_address(address);
        if asked.host.is_empty() {
            return Ok(None);
        }
        let Some(near) = self.near(tx, organisation, &asked.host)? else { return Ok(None) };
        let mut shelf = Shelf::open(tx, organisation)?;
        look(&mut shelf, &asked, &near)
    }
}

/// A domain that is near to the recipient's, and whether it is ours.
pub(crate) type NearDomain = (String, bool);

fn look<R: Rows>(rows: &mut R, asked: &Mailbox, near: &[NearDomain]) -> Result<Option<Mistaken>, R::Error> {
    let contact = rows.get::<Address>(&asked.address)?.map(|known| known.contact).unwrap_or_default();
    if contact.is_company() {
        return Ok(None);
    }
    let is_free = filter::is_free_mail(&asked.domain);
    if !is_free && let Some(found) = by_domain(rows, asked, near)? {
        return Ok(Some(found));
    }
    // To whom somebody has written before is no slip of the finger.
    if contact.messages() > 0 {
        return Ok(None);
    }
    if !is_free && let Some(found) = by_service(rows, asked)? {
        return Ok(Some(found));
    }
    by_mailbox(rows, asked, is_free)
}

/// The domain looks like a partner's, or ours.
fn by_domain<R: Rows>(rows: &mut R, asked: &Mailbox, near: &[NearDomain]) -> Result<Option<Mistaken>, R::Error> {
    let home = root(rows, &asked.domain)?;
    if contact_of(rows, &home)?.is_company() {
        return Ok(None);
    }
    for (known, is_own) in near.iter().filter(|(known, _)| *known != asked.domain).take(NEAR_MAX) {
        let Some(like) = likeness(&asked.host, known).filter(|like| like.closeness >= CLOSENESS_MIN) else { continue };
        let name = root(rows, known)?;
        // One company may have several domains.
        let is_counted = *is_own || (name != home && contact_of(rows, &name)?.is_company());
        if is_counted {
            let (address, known, is_own) = (asked.address.clone(), known.clone(), *is_own);
            return Ok(Some(Mistaken { address, known, is_own, trick: like.trick }));
        }
    }
    Ok(None)
}

/// The domain is a free mail service's, misspelt: a correspondent has the same mailbox there.
fn by_service<R: Rows>(rows: &mut R, asked: &Mailbox) -> Result<Option<Mistaken>, R::Error> {
    let local = local_part(&asked.address);
    for service in SERVICES {
        if let Some(like) = likeness(&asked.host, service).filter(|like| like.closeness >= SERVICE_CLOSENESS_MIN) {
            let known = format!("{local}@{service}");
            if is_correspondent(rows, &known)? {
                return Ok(Some(Mistaken { address: asked.address.clone(), known, is_own: false, trick: like.trick }));
            }
        }
    }
    Ok(None)
}

/// The mailbox looks like that of a correspondent at the same domain.
fn by_mailbox<R: Rows>(rows: &mut R, asked: &Mailbox, is_free: bool) -> Result<Option<Mistaken>, R::Error> {
    let (local, host) = (local_part(&asked.address), asked.host.as_str());
    let mistaken =
        |known: String, trick: Trick| Some(Mistaken { address: asked.address.clone(), known, is_own: false, trick });
    if is_free {
        for other in misspelt_mailboxes(local) {
            let known = format!("{other}@{host}");
            let like = mailbox_likeness(local, &other).filter(|like| like.closeness >= CLOSENESS_MIN);
            if let Some(like) = like
                && is_correspondent(rows, &known)?
            {
                return Ok(mistaken(known, like.trick));
            }
        }
        return Ok(None);
    }
    let home = root(rows, &asked.domain)?;
    let people = rows.get::<PartnerRow>(&home)?.map(|row| row.partner.people).unwrap_or_default();
    for person in people.into_iter().filter(|person| person.messages >= COMPANY_MESSAGES_MIN) {
        let is_there = person.address.rsplit_once('@').is_some_and(|(_, at)| at == host);
        let like = mailbox_likeness(local, local_part(&person.address));
        if let Some(like) = like.filter(|like| is_there && like.closeness >= CLOSENESS_MIN)
            && is_correspondent(rows, &person.address)?
        {
            return Ok(mistaken(person.address, like.trick));
        }
    }
    Ok(None)
}

fn contact_of<R: Rows>(rows: &mut R, name: &str) -> Result<Contact, R::Error> {
    Ok(rows.get::<PartnerRow>(name)?.map(|row| row.partner.contact).unwrap_or_default())
}

/// Letters went both ways often enough.
fn is_correspondent<R: Rows>(rows: &mut R, address: &str) -> Result<bool, R::Error> {
    Ok(rows.get::<Address>(address)?.is_some_and(|known| known.contact.is_company()))
}

fn local_part(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(local, _)| local)
}

fn of_address(address: &str) -> Mailbox {
    let address = address.trim().to_lowercase();
    let host = address.rsplit_once('@').map_or("", |(_, host)| host).to_owned();
    let domain = filter::facts::registered_domain(&host);
    Mailbox { name: String::new(), address, host, domain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{Partner, PartnerPerson};
    use crate::partner_name;
    use crate::rows::Memory;

    const BUSY: Contact = Contact { first: 1, last: 2, received: 5, sent: 5 };

    /// Partners with a person each, and a directory of what is near by comparing with all.
    struct Office {
        rows: Memory,
        domains: Vec<NearDomain>,
    }

    impl Office {
        fn open() -> Self {
            let mut office =
                Self { rows: Memory::default(), domains: vec![("xinfeng-trade.example".to_owned(), true)] };
            for address in [
                "anna.schmidt@acme-valves.example",
                "bo@hanse-logistik.example",
                "chen.wei@hanse-logistic-asia.example",
                "sales1@nordpump.example",
                "maria.garcia@gmail.com",
            ] {
                office.know(address, BUSY);
            }
            office
        }

        fn know(&mut self, address: &str, contact: Contact) {
            let mailbox = of_address(address);
            let name = partner_name(&mailbox);
            let person =
                PartnerPerson { address: address.to_owned(), messages: contact.messages(), ..PartnerPerson::default() };
            let partner = Partner { name: name.clone(), contact, people: vec![person], ..Partner::default() };
            self.rows.update::<PartnerRow, _>(&name, |row| row.partner = partner).unwrap();
            self.rows.update::<Address, _>(address, |row| row.contact = contact).unwrap();
            if name == mailbox.domain {
                self.domains.push((name, false));
            }
        }

        fn mistaken(&mut self, address: &str) -> Option<(String, Trick)> {
            look(&mut self.rows, &of_address(address), &self.domains).unwrap().map(|it| (it.known, it.trick))
        }
    }

    #[test]
    fn who_looks_like_a_partner_or_us_is_told() {
        let mut office = Office::open();
        for (address, known, trick) in [
            ("anna.schmidt@acrne-valves.example", "acme-valves.example", Trick::LooksSame),
            ("anna.schmidt@acme-valves.test", "acme-valves.example", Trick::Suffix),
            ("anna.schmidt@acme-vavles.example", "acme-valves.example", Trick::Misspelt),
            ("anna.schmidt@acmevalves.example", "acme-valves.example", Trick::Hyphen),
            ("boss@xinfeng-tarde.example", "xinfeng-trade.example", Trick::Misspelt),
            ("boss@\u{0445}infeng-trade.example", "xinfeng-trade.example", Trick::LooksSame),
            ("ana.schmidt@acme-valves.example", "anna.schmidt@acme-valves.example", Trick::Misspelt),
            ("maria.garcia@gmial.com", "maria.garcia@gmail.com", Trick::Misspelt),
            ("maria.gracia@gmail.com", "maria.garcia@gmail.com", Trick::Misspelt),
        ] {
            assert_eq!(office.mistaken(address), Some((known.to_owned(), trick)), "{address}");
        }
    }

    #[test]
    fn partners_of_like_names_and_colleagues_are_not() {
        let mut office = Office::open();
        for address in [
            // Both trade with us.
            "bo@hanse-logistik.example",
            "chen.wei@hanse-logistic-asia.example",
            // The partner itself, and others there.
            "anna.schmidt@acme-valves.example",
            "peter.mueller@acme-valves.example",
            "sales2@nordpump.example",
            "sales@nordpump.example",
            // Others.
            "new@quite-another.example",
            "info@valves.example",
            "maria.garcia@yahoo.com",
            "mario.garcia.lopez@gmail.com",
            "",
            "no-address",
        ] {
            assert_eq!(office.mistaken(address), None, "{address}");
        }
        // Once letters went both ways it is a company by itself.
        assert!(office.mistaken("x@acme-valves-group.example").is_some());
        office.know("x@acme-valves-group.example", BUSY);
        assert_eq!(office.mistaken("x@acme-valves-group.example"), None);
        // Whoever only wrote to us is not.
        office.know("x@acme-vavles.example", Contact { received: 4, ..Contact::default() });
        assert!(office.mistaken("x@acme-vavles.example").is_some());
    }

    #[test]
    fn domains_of_one_company_are_one() {
        let mut office = Office::open();
        let into = |row: &mut PartnerRow| row.merged_into = Some("acme-valves.example".to_owned());
        office.rows.update::<PartnerRow, _>("acme-valves.test", into).unwrap();
        assert_eq!(office.mistaken("anna.schmidt@acme-valves.test"), None);
    }
}
