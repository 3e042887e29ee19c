//! What authorities said of certificates, as long as it is gone by, within bounds.

use std::time::Duration;

use env::Timestamp;
use smime::{Certificate, Link, Trust};
use store::{Context, StoreError, Tx, params};

/// Answers that are kept; those that end first go.
const STATUSES_MAX: i64 = 100_000;

/// Octets of lists that are kept; those that end first go.
const LISTS_OCTETS_MAX: i64 = 256 << 20;

/// How long an authority that does not answer is left alone.
const SILENT_FOR: Duration = Duration::from_mins(5);

const COLUMN: &str = "smime_list.detail";

env::words! {
    /// What an authority said.
    State "state of a certificate" allowed "good, revoked, silent" {
        /// Not revoked.
        Good = "good",
        /// Revoked.
        Revoked = "revoked",
        /// It could not be asked.
        Silent = "silent",
    }
}

/// Whether a certificate, or one above it, was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// None was, as their authorities say.
    Good,
    /// One was.
    Revoked,
    /// A certificate names nobody who could be asked, and no list that somebody has added tells.
    Unnamed,
    /// Who is named could not be asked, or gave no answer that counts.
    Unknown(String),
}

impl Standing {
    /// The worse of two.
    fn and(self, other: Self) -> Self {
        let rank = |it: &Self| match it {
            Self::Good => 0,
            Self::Unnamed => 1,
            Self::Unknown(_) => 2,
            Self::Revoked => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }

    /// Of the whole way up, by what is said of each certificate on it.
    pub(crate) fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::Good, Self::and)
    }

    pub(crate) fn of(state: State) -> Self {
        match state {
            State::Good => Self::Good,
            State::Revoked => Self::Revoked,
            State::Silent => Self::Unknown("its authority gave no answer a moment ago".to_owned()),
        }
    }
}

/// Whether anybody can be asked about the certificate of the link.
pub(crate) fn is_named(link: &Link) -> bool {
    link.names_responder() || !link.lists().is_empty()
}

/// What is known of the certificate without asking; nothing is known of one whose authority was not asked lately.
pub(crate) fn known(
    tx: &mut Tx<'_>,
    trust: &Trust,
    certificate: &Certificate,
    others: &[Certificate],
) -> Result<Option<Standing>, StoreError> {
    let now = tx.now();
    let Ok(links) = trust.links(certificate, others, now) else { return Ok(Some(Standing::Unnamed)) };
    let mut all = Vec::with_capacity(links.len());
    for link in links.iter().filter(|link| is_named(link)) {
        all.push(kept(tx, link)?);
    }
    if all.iter().flatten().any(|it| *it == State::Revoked) {
        return Ok(Some(Standing::Revoked));
    }
    if trust.is_listed(certificate, others, now) {
        return Ok(Some(Standing::Good));
    }
    let has_unnamed = all.len() < links.len();
    let all: Option<Vec<Standing>> = all.into_iter().map(|state| state.map(Standing::of)).collect();
    Ok(all.map(|all| Standing::of_all(all.into_iter().chain(has_unnamed.then_some(Standing::Unnamed)))))
}

fn link_name(context: &Context, link: &Link) -> [u8; 32] {
    let (certificate, issuer) = (smime::fingerprint(link.certificate()), smime::fingerprint(link.issuer()));
    context.keys.region().hashing().hash(&[b"smime_status ".as_slice(), &certificate, &issuer].concat())
}

fn list_name(context: &Context, link: &Link, address: &str) -> [u8; 32] {
    let issuer = smime::fingerprint(link.issuer());
    context.keys.region().hashing().hash(&[b"smime_list ".as_slice(), &issuer, address.as_bytes()].concat())
}

/// What is kept of the link's certificate.
pub(crate) fn kept(tx: &mut Tx<'_>, link: &Link) -> Result<Option<State>, StoreError> {
    let (name, now) = (link_name(tx.context(), link), tx.now());
    let state = tx.row(
        "SELECT state FROM smime_status WHERE name = $1 AND until > $2",
        params![&name[..], now.millis()],
        |row| Ok(row.text(0)?.parse::<State>().ok()),
    )?;
    Ok(state.flatten())
}

/// Keeps what was said of the link's certificate, until then.
pub(crate) fn keep(tx: &mut Tx<'_>, link: &Link, state: State, until: Timestamp) -> Result<(), StoreError> {
    let (name, now) = (link_name(tx.context(), link), tx.now());
    let until = if state == State::Silent { now.plus(SILENT_FOR) } else { until };
    tx.execute("DELETE FROM smime_status WHERE until <= $1", params![now.millis()])?;
    tx.execute(
        "INSERT INTO smime_status (name, state, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET state = excluded.state, until = excluded.until",
        params![&name[..], state.as_str(), until.millis()],
    )?;
    tx.execute(
        "DELETE FROM smime_status WHERE until <= (SELECT until FROM smime_status ORDER BY until DESC LIMIT 1 OFFSET $1)",
        params![STATUSES_MAX],
    )?;
    Ok(())
}

/// The list that was fetched from `address`, and when.
pub(crate) fn kept_list(
    tx: &mut Tx<'_>,
    link: &Link,
    address: &str,
) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
    let (name, now) = (list_name(tx.context(), link, address), tx.now());
    let found = tx.row(
        "SELECT asked, detail FROM smime_list WHERE name = $1 AND until > $2",
        params![&name[..], now.millis()],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let Some((asked, sealed)) = found else { return Ok(None) };
    let list = tx.context().keys.region().sealing().open(COLUMN, &name, &sealed)?;
    Ok(Some((list, Timestamp::from_millis(asked))))
}

/// A list as it is kept.
pub(crate) struct SealedList {
    name: [u8; 32],
    octets: i64,
    until: Timestamp,
    detail: Vec<u8>,
}

impl SealedList {
    pub(crate) fn new(context: &Context, link: &Link, address: &str, list: &[u8], until: Timestamp) -> Self {
        let name = list_name(context, link, address);
        let detail = context.keys.region().sealing().seal(&*context.entropy, &name, list);
        Self { name, octets: i64::try_from(list.len()).unwrap_or(i64::MAX), until, detail }
    }

    pub(crate) fn keep(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let now = tx.now();
        tx.execute("DELETE FROM smime_list WHERE until <= $1", params![now.millis()])?;
        tx.execute(
            "INSERT INTO smime_list (name, asked, until, octets, detail) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (name) DO UPDATE
                 SET asked = excluded.asked, until = excluded.until, octets = excluded.octets, detail = excluded.detail",
            params![&self.name[..], now.millis(), self.until.millis(), self.octets, &self.detail],
        )?;
        loop {
            let octets =
                tx.row("SELECT CAST(COALESCE(SUM(octets), 0) AS BIGINT) FROM smime_list", params![], |row| row.int(0))?;
            if octets.unwrap_or_default() <= LISTS_OCTETS_MAX {
                return Ok(());
            }
            tx.execute(
                "DELETE FROM smime_list WHERE until <= (SELECT until FROM smime_list ORDER BY until LIMIT 1)",
                params![],
            )?;
        }
    }
}
