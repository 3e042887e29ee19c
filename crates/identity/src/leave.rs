//! Somebody leaves the company: what was a person's account becomes a shared mailbox, which keeps its mail and its addresses.

use store::{Notice, Tx, params};

use crate::account::{keep_an_administrator, take_account};
use crate::{AccountKind, IdentityError, Role};

/// What only a person has: ways to sign in, roles, duties, places in groups, what others lent and what was passed on outside.
const DELETES: &[&str] = &[
    "DELETE FROM credential WHERE account = $1",
    "DELETE FROM password_history WHERE account = $1",
    "DELETE FROM app_password WHERE account = $1",
    "DELETE FROM factor WHERE account = $1",
    "DELETE FROM factor_challenge WHERE account = $1",
    "DELETE FROM recovery_code WHERE account = $1",
    "DELETE FROM known_client WHERE account = $1",
    "DELETE FROM role_given WHERE account = $1",
    "DELETE FROM duty_exception WHERE account = $1",
    "DELETE FROM group_member WHERE kind = 'account' AND target = $1",
    "DELETE FROM group_owner WHERE account = $1",
    "DELETE FROM delegation WHERE delegate = $1",
    "DELETE FROM forward WHERE account = $1",
    "DELETE FROM approval WHERE asker = $1 AND state = 'waiting'",
];

/// Makes a shared mailbox of a person's account: everything that was signed in to it ends on all nodes within a second, and nobody signs in
/// to it again; mail to its addresses still comes. Whoever is to read it is permitted to by a delegation.
///
/// # Errors
/// [`IdentityError`] if there is no such account, it is none of a person, or it is the organisation's last active administrator.
pub fn turn_into_shared(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    if crate::load_account(tx, account)?.kind != AccountKind::Person {
        return Err(IdentityError::Condition("only a person can leave; this account is none of a person"));
    }
    keep_an_administrator(tx, account)?;
    crate::sign_in::end_sign_ins(tx, account)?;
    for delete in DELETES {
        tx.execute(delete, params![account])?;
    }
    tx.execute(
        "UPDATE account SET kind = $1, role = $2, state = 'active' WHERE id = $3",
        params![AccountKind::Shared.as_str(), Role::Sales.as_str(), account],
    )?;
    tx.notify(Notice::SignIns(account));
    Ok(())
}
