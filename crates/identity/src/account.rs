//! Accounts: each owns mail, under a key of its own.

use crypto::keys::{Account as AccountKey, Key};
use env::Timestamp;
use store::{Row, StoreError, Tx, params};

use crate::address::{insert, list_addresses, parse};
use crate::organisation::check_name;
use crate::password::policy::HISTORY_MAX;
use crate::password::{PreparedPassword, seal_scram};
use crate::{AccountKind, AccountState, IdentityError, Language, Level, Role};

/// Accounts on one page of a list.
pub const PAGE_MAX: usize = 1_000;

/// An account to be created.
#[derive(Debug, Clone)]
pub struct NewAccount<'a> {
    /// Whose it is.
    pub organisation: i64,
    /// Its main address, at a domain of the organisation.
    pub address: &'a str,
    /// Shown name.
    pub name: &'a str,
    /// What the person does.
    pub role: Role,
    /// Language of notices.
    pub language: Language,
    /// Person, shared or service.
    pub kind: AccountKind,
    /// Bytes of mail allowed; 0 for no limit.
    pub quota_bytes: u64,
    /// What it signs in with; none for an account that cannot sign in yet.
    pub password: Option<&'a PreparedPassword>,
}

/// An account as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: i64,
    /// Whose it is.
    pub organisation: i64,
    /// Person, shared or service.
    pub kind: AccountKind,
    /// Shown name.
    pub name: String,
    /// What the person does.
    pub role: Role,
    /// Language of notices.
    pub language: Language,
    /// Whether it is in use.
    pub state: AccountState,
    /// Bytes of mail.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
    /// Bytes of mail allowed; 0 for no limit.
    pub quota_bytes: u64,
    /// When it was created.
    pub created: Timestamp,
    /// Its addresses in canonical form, the main one first.
    pub addresses: Vec<String>,
}

/// Creates an account with a fresh key; gives its identifier. Its mailboxes are the caller's to create, in the same transaction.
///
/// # Errors
/// [`IdentityError`] if there is no such organisation, the address is wrong, taken or at a domain that the organisation does not
/// host, or the name is unusable.
pub fn create_account(tx: &mut Tx<'_>, new: &NewAccount<'_>) -> Result<i64, IdentityError> {
    check_name("the name of an account", new.name)?;
    let address = parse(new.address)?;
    let context = tx.context();
    let organisation_key = match context.keys.organisation(tx, new.organisation) {
        Err(StoreError::Missing { .. }) => return Err(IdentityError::NoOrganisation(new.organisation)),
        found => found?,
    };
    let id = tx.next_id();
    insert(tx, new.organisation, id, &address, "primary")?;
    let key = Key::<AccountKey>::generate(&*context.entropy);
    let wrapped = organisation_key.wrap(&*context.entropy, &key, id);
    let quota_bytes = i64::try_from(new.quota_bytes).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
                              messages, quota_bytes, created)
         VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, 1, 0, 0, 0, $8, $9)",
        params![
            id,
            new.organisation,
            new.kind.as_str(),
            new.name,
            new.role.as_str(),
            new.language.as_str(),
            &wrapped,
            quota_bytes,
            tx.now().millis()
        ],
    )?;
    if let Some(password) = new.password {
        set_password(tx, id, password)?;
    }
    Ok(id)
}

/// Replaces the account's password. What was verified with the old one no longer counts, and what is signed in with it ends:
/// connections and web sessions. App passwords and OAuth grants stay.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn set_password(tx: &mut Tx<'_>, account: i64, password: &PreparedPassword) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    let kind = tx.row("SELECT kind FROM account WHERE id = $1", params![account], |row| Ok(row.text(0)?.to_owned()))?;
    match kind.unwrap_or_default().parse()? {
        AccountKind::Person => {}
        AccountKind::Shared => {
            return Err(IdentityError::Condition(
                "nobody signs in as a shared mailbox; let people use it: tradewind shared permit",
            ));
        }
        AccountKind::Service => {
            return Err(IdentityError::Condition("a service account has no password; make an app password for it"));
        }
    }
    keep_for_history(tx, account)?;
    let id = tx.next_id();
    let scram = seal_scram(tx, account, id, password.scram())?;
    tx.execute("DELETE FROM credential WHERE account = $1 AND kind = 'password'", params![account])?;
    tx.execute(
        "INSERT INTO credential (account, id, kind, label, hash, scram, created) VALUES ($1, $2, 'password', '', $3, $4, $5)",
        params![account, id, password.hash(), &scram, tx.now().millis()],
    )?;
    crate::session::end_other_sessions(tx, account, None)?;
    Ok(())
}

/// Keeps the hash of the present password, so that it is not chosen again soon.
fn keep_for_history(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    tx.execute(
        "INSERT INTO password_history (account, id, hash, replaced)
         SELECT account, $2, hash, $3 FROM credential WHERE account = $1 AND kind = 'password'",
        params![account, tx.next_id(), tx.now().millis()],
    )?;
    let beyond = tx.row(
        "SELECT id FROM password_history WHERE account = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
        params![account, i64::try_from(HISTORY_MAX).unwrap_or(0)],
        |row| row.int(0),
    )?;
    if let Some(beyond) = beyond {
        tx.execute("DELETE FROM password_history WHERE account = $1 AND id <= $2", params![account, beyond])?;
    }
    Ok(())
}

/// The protection level that holds for the account.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn level_of_account(tx: &mut Tx<'_>, account: i64) -> Result<Level, IdentityError> {
    let level = tx.row(
        "SELECT o.level FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = $1",
        params![account],
        |row| Ok(row.text(0)?.to_owned()),
    )?;
    Ok(level.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?.parse()?)
}

/// When the account's password was chosen; none if it has none.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn password_chosen(tx: &mut Tx<'_>, account: i64) -> Result<Option<Timestamp>, IdentityError> {
    let chosen =
        tx.row("SELECT created FROM credential WHERE account = $1 AND kind = 'password'", params![account], |row| {
            row.int(0)
        })?;
    Ok(chosen.map(Timestamp::from_millis))
}

/// Puts the account in or out of use. Out of use, everything that is signed in to it ends.
///
/// # Errors
/// [`IdentityError`] if there is no such account, it is frozen, or it is the organisation's last active administrator.
pub fn set_state(tx: &mut Tx<'_>, account: i64, state: AccountState) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    let frozen =
        tx.row("SELECT id FROM account WHERE id = $1 AND state = 'frozen'", params![account], |row| row.int(0))?;
    if frozen.is_some() {
        return Err(IdentityError::Frozen(account));
    }
    if state == AccountState::Disabled {
        keep_an_administrator(tx, account)?;
        crate::sign_in::end_sign_ins(tx, account)?;
    }
    tx.execute("UPDATE account SET state = $1 WHERE id = $2", params![state.as_str(), account])?;
    Ok(())
}

/// Freezes the account: nobody signs in, and everything that is signed in to it ends on all nodes within a second. It may be the
/// organisation's last administrator: better none than a thief.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn freeze(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    tx.execute("UPDATE account SET state = 'frozen' WHERE id = $1 AND state = 'active'", params![account])?;
    crate::sign_in::end_sign_ins(tx, account)
}

/// Thaws a frozen account; gives whether it was frozen. Unless it was a false alarm, give it another password before, and let its app
/// passwords go (`keeps_app_passwords`).
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn unfreeze(tx: &mut Tx<'_>, account: i64, keeps_app_passwords: bool) -> Result<bool, IdentityError> {
    take_account(tx, account)?;
    if !keeps_app_passwords {
        tx.execute("DELETE FROM app_password WHERE account = $1", params![account])?;
    }
    Ok(tx.execute("UPDATE account SET state = 'active' WHERE id = $1 AND state = 'frozen'", params![account])? == 1)
}

/// Sets how many bytes of mail the account may have; 0 for no limit. Mail that exceeds a lower limit stays.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn set_quota(tx: &mut Tx<'_>, account: i64, quota_bytes: u64) -> Result<(), IdentityError> {
    let quota_bytes = i64::try_from(quota_bytes).unwrap_or(i64::MAX);
    let changed = tx.execute("UPDATE account SET quota_bytes = $1 WHERE id = $2", params![quota_bytes, account])?;
    if changed == 1 { Ok(()) } else { Err(IdentityError::NoAccount(account.to_string())) }
}

/// Gives the account another shown name.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the name is unusable.
pub fn set_name(tx: &mut Tx<'_>, account: i64, name: &str) -> Result<(), IdentityError> {
    check_name("the name of an account", name)?;
    let changed = tx.execute("UPDATE account SET name = $1 WHERE id = $2", params![name, account])?;
    if changed == 1 { Ok(()) } else { Err(IdentityError::NoAccount(account.to_string())) }
}

/// Sets the language of notices to the account's person.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn set_language(tx: &mut Tx<'_>, account: i64, language: Language) -> Result<(), IdentityError> {
    let changed = tx.execute("UPDATE account SET language = $1 WHERE id = $2", params![language.as_str(), account])?;
    if changed == 1 { Ok(()) } else { Err(IdentityError::NoAccount(account.to_string())) }
}

/// Moves a person between the jobs that oversee nobody.
///
/// # Errors
/// [`IdentityError`] if there is no such account, or one of the roles oversees others.
pub fn set_ordinary_role(tx: &mut Tx<'_>, account: i64, role: Role) -> Result<(), IdentityError> {
    let is_ordinary = |role| matches!(role, Role::Sales | Role::Finance | Role::Management | Role::It);
    if !is_ordinary(role) || !is_ordinary(load_account(tx, account)?.role) {
        return Err(IdentityError::Condition(
            "roles that oversee others are given and taken by tradewind access alone",
        ));
    }
    tx.execute("UPDATE account SET role = $1 WHERE id = $2", params![role.as_str(), account])?;
    Ok(())
}

/// The account with this identifier.
///
/// # Errors
/// [`IdentityError::NoAccount`], or the store's.
pub fn load_account(tx: &mut Tx<'_>, account: i64) -> Result<Account, IdentityError> {
    let row = tx.row(
        "SELECT id, organisation, kind, name, role, language, state, bytes, messages, quota_bytes, created
         FROM account WHERE id = $1",
        params![account],
        AccountRow::read,
    )?;
    row.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?.open(tx)
}

/// A page of accounts, oldest first: of one organisation or of all, those after the account `after` (0 to begin), at most `limit` and
/// [`PAGE_MAX`].
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_accounts(
    tx: &mut Tx<'_>,
    organisation: Option<i64>,
    after: i64,
    limit: usize,
) -> Result<Vec<Account>, IdentityError> {
    let limit = i64::try_from(limit.min(PAGE_MAX)).unwrap_or(0);
    let rows = match organisation {
        Some(organisation) => tx.rows(
            "SELECT id, organisation, kind, name, role, language, state, bytes, messages, quota_bytes, created
             FROM account WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
            params![organisation, after, limit],
            AccountRow::read,
        )?,
        None => tx.rows(
            "SELECT id, organisation, kind, name, role, language, state, bytes, messages, quota_bytes, created
             FROM account WHERE id > $1 ORDER BY id LIMIT $2",
            params![after, limit],
            AccountRow::read,
        )?,
    };
    rows.into_iter().map(|row| row.open(tx)).collect()
}

/// Takes the account's row, which serialises changes of the account.
pub(crate) fn take_account(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    match store::account::next_modseq(tx, account) {
        Err(StoreError::Missing { .. }) => Err(IdentityError::NoAccount(account.to_string())),
        taken => Ok(taken.map(drop)?),
    }
}

/// Refuses if `account` is the only active administrator of its organisation: mail to postmaster must reach somebody
/// (RFC 5321 section 4.5.1).
pub(crate) fn keep_an_administrator(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    let concerned = tx.row(
        "SELECT organisation FROM account WHERE id = $1 AND role = 'admin' AND state = 'active'",
        params![account],
        |row| row.int(0),
    )?;
    let Some(organisation) = concerned else { return Ok(()) };
    // The organisation's row, so that two administrators do not take each other out of use at once.
    tx.execute("UPDATE organisation SET created = created WHERE id = $1", params![organisation])?;
    let other = tx.row(
        "SELECT id FROM account WHERE organisation = $1 AND role = 'admin' AND state = 'active' AND id <> $2 LIMIT 1",
        params![organisation, account],
        |row| row.int(0),
    )?;
    other.map(drop).ok_or(IdentityError::LastAdministrator)
}

struct AccountRow {
    words: [String; 4],
    name: String,
    numbers: [i64; 5],
    id: i64,
}

impl AccountRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let word = |index| Ok::<_, StoreError>(row.text(index)?.to_owned());
        Ok(Self {
            id: row.int(0)?,
            words: [word(2)?, word(4)?, word(5)?, word(6)?],
            name: word(3)?,
            numbers: [row.int(1)?, row.int(7)?, row.int(8)?, row.int(9)?, row.int(10)?],
        })
    }

    fn open(self, tx: &mut Tx<'_>) -> Result<Account, IdentityError> {
        let [kind, role, language, state] = self.words;
        let [organisation, bytes, messages, quota_bytes, created] = self.numbers;
        Ok(Account {
            id: self.id,
            organisation,
            kind: kind.parse()?,
            name: self.name,
            role: role.parse()?,
            language: language.parse()?,
            state: state.parse()?,
            bytes: bytes.unsigned_abs(),
            messages: messages.unsigned_abs(),
            quota_bytes: quota_bytes.unsigned_abs(),
            created: Timestamp::from_millis(created),
            addresses: list_addresses(tx, self.id)?,
        })
    }
}
