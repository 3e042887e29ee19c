//! Who in another directory an account or group is.

use store::{Row, StoreError, Tx, params};

/// Links of one source and kind.
const LINKS_MAX: i64 = 1_000_000;

/// What is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An account.
    Person,
    /// A group.
    Group,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Group => "group",
        }
    }
}

/// An account or group with its identifier elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which source: `ldap:NAME`, `scim:NUMBER`, `oidc:NAME`.
    pub source: String,
    /// What it is.
    pub kind: Kind,
    /// Its identifier there.
    pub external: String,
    /// The account or group here.
    pub object: i64,
    /// Whether the source still has it.
    pub is_present: bool,
    /// Hash of what was taken over last; empty before.
    pub fingerprint: Vec<u8>,
}

/// The link of what the source calls `external`.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn find(tx: &mut Tx<'_>, source: &str, kind: Kind, external: &str) -> Result<Option<Link>, StoreError> {
    tx.row(
        "SELECT external, object, state, fingerprint FROM provisioned WHERE source = $1 AND kind = $2 AND external = $3",
        params![source, kind.as_str(), external],
        |row| read(row, source, kind),
    )
}

/// The source's link of an account or group here.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn of_object(tx: &mut Tx<'_>, source: &str, kind: Kind, object: i64) -> Result<Option<Link>, StoreError> {
    tx.row(
        "SELECT external, object, state, fingerprint FROM provisioned WHERE object = $1 AND source = $2 AND kind = $3",
        params![object, source, kind.as_str()],
        |row| read(row, source, kind),
    )
}

/// All links of a source.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, source: &str, kind: Kind) -> Result<Vec<Link>, StoreError> {
    tx.rows(
        "SELECT external, object, state, fingerprint FROM provisioned WHERE source = $1 AND kind = $2 LIMIT $3",
        params![source, kind.as_str(), LINKS_MAX],
        |row| read(row, source, kind),
    )
}

fn read(row: &Row<'_>, source: &str, kind: Kind) -> Result<Link, StoreError> {
    Ok(Link {
        source: source.to_owned(),
        kind,
        external: row.text(0)?.to_owned(),
        object: row.int(1)?,
        is_present: row.text(2)? == "present",
        fingerprint: row.bytes(3)?.to_vec(),
    })
}

/// Writes a link, in place of one of the same identifier or the same object.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn put(tx: &mut Tx<'_>, link: &Link) -> Result<(), StoreError> {
    let state = if link.is_present { "present" } else { "gone" };
    tx.execute(
        "DELETE FROM provisioned WHERE source = $1 AND kind = $2 AND object = $3 AND external <> $4",
        params![&link.source, link.kind.as_str(), link.object, &link.external],
    )?;
    tx.execute(
        "INSERT INTO provisioned (source, kind, external, object, state, fingerprint, changed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (source, kind, external) DO UPDATE SET object = $4, state = $5, fingerprint = $6, changed = $7",
        params![
            &link.source,
            link.kind.as_str(),
            &link.external,
            link.object,
            state,
            &link.fingerprint,
            tx.now().millis()
        ],
    )?;
    Ok(())
}

/// Takes the source's link of an account or group away; says whether there was one.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn remove(tx: &mut Tx<'_>, source: &str, kind: Kind, object: i64) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM provisioned WHERE source = $1 AND kind = $2 AND object = $3",
        params![source, kind.as_str(), object],
    )?;
    Ok(removed > 0)
}
