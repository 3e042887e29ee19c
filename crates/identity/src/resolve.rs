//! Whose an address is.

use std::sync::Arc;

use mail::Address;
use store::{Row, StoreError, Tx, params};

use crate::address::without_detail;
use crate::{AccountState, IdentityError, Language, Level};

/// Local part that every hosted domain has (RFC 5321 section 4.5.1).
const POSTMASTER: &str = "postmaster";

/// Detail of a group's address to which failures of its messages are reported.
const BOUNCES: &str = "bounces";

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// An account here.
    Local(Arc<Recipient>),
    /// A group here.
    Group(Arc<GroupAddress>),
    /// The domain is hosted here, the address does not exist.
    UnknownLocal,
    /// A mailbox whose home is in another region. Nothing of its mail is kept here.
    Abroad(Arc<Abroad>),
    /// Somebody else's domain.
    NotOurs,
}

/// A mailbox whose home is in another region, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abroad {
    /// The region.
    pub region: String,
    /// Its country (ISO 3166-1, two letters).
    pub country: String,
    /// The server there that takes its mail; none in a region of partners, whose mail goes the usual way.
    pub server: Option<String>,
    /// Whose it is.
    pub organisation: i64,
    /// The organisation's protection level.
    pub level: Level,
    /// The domain of the address is hosted here too, so that mail of strangers for it comes here.
    pub is_hosted: bool,
}

/// An account as the receiver of mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The account.
    pub account: i64,
    /// Whose it is.
    pub organisation: i64,
    /// The organisation's protection level.
    pub level: Level,
    /// What stood after `+` in the address, which a delivery rule may look at.
    pub detail: Option<String>,
    /// Language of notices to its person.
    pub language: Language,
    /// Whether the account takes mail; a disabled one does not.
    pub active: bool,
    /// Whether its mail is forwarded, or was until lately; [`crate::forward::list`] says where.
    pub forwards: bool,
    /// Whether a script sorts its mail, or its person has an automatic reply; crate `scripts` says which.
    pub sorts: bool,
    /// Whether its mail is encrypted to a key of its owner before it is stored; crate `keycare` does it.
    pub encrypts: bool,
}

/// A group as the receiver of mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAddress {
    /// The group.
    pub group: i64,
    /// Whose it is.
    pub organisation: i64,
    /// The organisation's protection level.
    pub level: Level,
    /// Its canonical address.
    pub address: String,
    /// Shown name.
    pub name: String,
    /// Failures of its messages are reported here: for those who answer for it, not for its members.
    pub is_for_owners: bool,
}

impl GroupAddress {
    /// Where failures of the group's messages to members elsewhere are reported.
    #[must_use]
    pub fn bounces(&self) -> String {
        match self.address.rsplit_once('@') {
            Some((local, domain)) => format!("{local}{}{BOUNCES}@{domain}", crate::address::DETAIL_SEPARATOR),
            None => String::new(),
        }
    }
}

/// Whose `address` is: exactly, or a group's, else without its `+detail`, else as postmaster of a hosted domain, which is the organisation's
/// oldest active administrator.
///
/// # Errors
/// [`IdentityError`] if it is no address or the store fails.
pub fn resolve(tx: &mut Tx<'_>, address: &str) -> Result<Resolution, IdentityError> {
    let address = crate::address::parse(address)?;
    if let Some(recipient) = find(tx, &address)? {
        return Ok(Resolution::Local(Arc::new(recipient)));
    }
    if let Some(group) = find_group(tx, &address)? {
        return Ok(Resolution::Group(Arc::new(group)));
    }
    let domain = address.domain_ascii();
    let hosting = hosting_organisation(tx, &domain)?;
    if let Some(abroad) = find_abroad(tx, &address, hosting.is_some())? {
        return Ok(Resolution::Abroad(Arc::new(abroad)));
    }
    let Some(organisation) = hosting else { return Ok(Resolution::NotOurs) };
    if let Some(base) = without_detail(&address)
        && let Some(mut recipient) = find(tx, &base)?
    {
        recipient.detail = address.split_detail(crate::address::DETAIL_SEPARATOR).1.map(str::to_owned);
        return Ok(Resolution::Local(Arc::new(recipient)));
    }
    if let Some(base) = without_detail(&address)
        && let Some(mut group) = find_group(tx, &base)?
    {
        let detail = address.split_detail(crate::address::DETAIL_SEPARATOR).1;
        group.is_for_owners = detail.is_some_and(|detail| detail.eq_ignore_ascii_case(BOUNCES));
        return Ok(Resolution::Group(Arc::new(group)));
    }
    if address.local.eq_ignore_ascii_case(POSTMASTER)
        && let Some(recipient) = postmaster(tx, organisation)?
    {
        return Ok(Resolution::Local(Arc::new(recipient)));
    }
    Ok(Resolution::UnknownLocal)
}

/// Whether the domain, in any spelling, is hosted here.
///
/// # Errors
/// [`IdentityError`] if the store fails. What is no domain is not hosted.
pub fn is_local_domain(tx: &mut Tx<'_>, domain: &str) -> Result<bool, IdentityError> {
    match mail::domain::canonical(domain) {
        Ok(canonical) => Ok(hosting_organisation(tx, &canonical)?.is_some()),
        Err(_) => Ok(false),
    }
}

fn hosting_organisation(tx: &mut Tx<'_>, canonical: &str) -> Result<Option<i64>, IdentityError> {
    Ok(tx.row("SELECT organisation FROM domain WHERE name = $1", params![canonical], |row| row.int(0))?)
}

/// How many scripts and automatic replies are at work for an account, whose number the words `$account` stand for, as a part of a statement.
macro_rules! sorting {
    ($account:literal) => {
        concat!(
            "((SELECT COUNT(*) FROM script WHERE script.account = ",
            $account,
            " AND script.active = 1) + (SELECT COUNT(*) FROM auto_reply WHERE auto_reply.account = ",
            $account,
            " AND auto_reply.enabled = 1))"
        )
    };
}

/// A statement for rows of recipients: the account `a` in the organisation `o`, found as the words after it say.
macro_rules! recipient {
    ($found:literal) => {
        concat!(
            "SELECT a.id, a.organisation, a.language, a.state, o.level,
                (SELECT COUNT(*) FROM forward f WHERE f.account = a.id), ",
            sorting!("a.id"),
            ", (SELECT COUNT(*) FROM on_receipt r WHERE r.account = a.id)",
            $found
        )
    };
}

/// Whether a script sorts mail of the account, or its person has an automatic reply.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn sorts(tx: &mut Tx<'_>, account: i64) -> Result<bool, IdentityError> {
    let found = tx.row(concat!("SELECT ", sorting!("$1")), params![account], |row| row.int(0))?;
    Ok(found.unwrap_or(0) > 0)
}

/// Whether mail of the account is encrypted to a key of its owner before it is stored.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn encrypts(tx: &mut Tx<'_>, account: i64) -> Result<bool, IdentityError> {
    let found = tx.row("SELECT COUNT(*) FROM on_receipt WHERE account = $1", params![account], |row| row.int(0))?;
    Ok(found.unwrap_or(0) > 0)
}

fn find(tx: &mut Tx<'_>, address: &Address) -> Result<Option<Recipient>, IdentityError> {
    let canonical = address.canonical();
    let row = tx.row(
        recipient!(
            " FROM address d JOIN account a ON a.id = d.account
              JOIN organisation o ON o.id = a.organisation WHERE d.address = $1"
        ),
        params![&canonical],
        RecipientRow::read,
    )?;
    row.map(RecipientRow::open).transpose()
}

/// The region that is home to the address, with or without its `+detail`, or to its domain.
fn find_abroad(tx: &mut Tx<'_>, address: &Address, is_hosted: bool) -> Result<Option<Abroad>, IdentityError> {
    let exact = address.canonical();
    let base = without_detail(address).map_or_else(|| exact.clone(), |base| base.canonical());
    let row = tx.row(
        "SELECT r.name, r.country, r.server, h.organisation, o.level FROM region_home h JOIN region r ON r.name = h.region
         JOIN organisation o ON o.id = h.organisation WHERE h.name IN ($1, $2, $3) ORDER BY LENGTH(h.name) DESC LIMIT 1",
        params![&exact, &base, &address.domain_ascii()],
        |row| {
            let word = |index| Ok::<_, StoreError>(row.text(index)?.to_owned());
            Ok((word(0)?, word(1)?, word(2)?, row.int(3)?, word(4)?))
        },
    )?;
    let Some((region, country, server, organisation, level)) = row else { return Ok(None) };
    let server = Some(server).filter(|server| !server.is_empty());
    Ok(Some(Abroad { region, country, server, organisation, level: level.parse()?, is_hosted }))
}

/// Whether the home of this canonical address is in another region.
pub(crate) fn is_abroad(tx: &mut Tx<'_>, canonical: &str) -> Result<bool, IdentityError> {
    let found = tx.row("SELECT region FROM region_home WHERE name = $1", params![canonical], |_| Ok(()))?;
    Ok(found.is_some())
}

fn find_group(tx: &mut Tx<'_>, address: &Address) -> Result<Option<GroupAddress>, IdentityError> {
    let canonical = address.canonical();
    let row = tx.row(
        "SELECT g.id, g.organisation, g.name, o.level FROM address d JOIN mail_group g ON g.id = d.account
         JOIN organisation o ON o.id = g.organisation WHERE d.address = $1 AND d.kind = 'group'",
        params![&canonical],
        |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?.to_owned(), row.text(3)?.to_owned())),
    )?;
    let Some((group, organisation, name, level)) = row else { return Ok(None) };
    let level = level.parse()?;
    Ok(Some(GroupAddress { group, organisation, level, address: canonical, name, is_for_owners: false }))
}

/// The oldest active administrator of the organisation.
pub(crate) fn postmaster(tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Recipient>, IdentityError> {
    let row = tx.row(
        recipient!(
            " FROM account a JOIN organisation o ON o.id = a.organisation
              WHERE a.organisation = $1 AND a.role = 'admin' AND a.state <> 'disabled' ORDER BY a.id LIMIT 1"
        ),
        params![organisation],
        RecipientRow::read,
    )?;
    row.map(RecipientRow::open).transpose()
}

struct RecipientRow {
    account: i64,
    organisation: i64,
    language: String,
    state: String,
    level: String,
    forwards: i64,
    sorts: i64,
    encrypts: i64,
}

impl RecipientRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            account: row.int(0)?,
            organisation: row.int(1)?,
            language: row.text(2)?.to_owned(),
            state: row.text(3)?.to_owned(),
            level: row.text(4)?.to_owned(),
            forwards: row.int(5)?,
            sorts: row.int(6)?,
            encrypts: row.int(7)?,
        })
    }

    fn open(self) -> Result<Recipient, IdentityError> {
        Ok(Recipient {
            account: self.account,
            organisation: self.organisation,
            level: self.level.parse()?,
            detail: None,
            language: self.language.parse()?,
            active: self.state.parse::<AccountState>()? != AccountState::Disabled,
            forwards: self.forwards > 0,
            sorts: self.sorts > 0,
            encrypts: self.encrypts > 0,
        })
    }
}
