//! Accounts, a page at a time, by main address.

use store::page::Page;
use store::{Tx, params};

use crate::account::{Account, load_account};
use crate::{AccountKind, AccountState, IdentityError};

/// Which accounts are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default)]
pub struct WantedAccounts {
    /// Of this organisation alone.
    pub organisation: Option<i64>,
    /// Whose name or one of whose addresses has this in it, in upper or lower case.
    pub text: Option<String>,
    /// Whose main address is at this domain.
    pub domain: Option<String>,
    /// In this state.
    pub state: Option<AccountState>,
    /// Of this kind.
    pub kind: Option<AccountKind>,
    /// With this role, as the job or beside it: a shipped one's word, or `custom:NUMBER`.
    pub role: Option<String>,
    /// Behind this main address; empty to begin.
    pub after: String,
    /// At most so many.
    pub limit: usize,
}

/// A page of accounts, by main address.
///
/// # Errors
/// [`IdentityError`] if the domain is none or the store fails.
pub fn page_accounts(tx: &mut Tx<'_>, wanted: &WantedAccounts) -> Result<Page<Account>, IdentityError> {
    let text = wanted.text.as_deref().map_or_else(String::new, |text| within(&text.to_lowercase()));
    let domain = match wanted.domain.as_deref() {
        Some(domain) => {
            let canonical = mail::domain::canonical(domain).unwrap_or_else(|_| domain.to_lowercase());
            format!("%@{}", escaped(&canonical))
        }
        None => String::new(),
    };
    let mut found = tx.rows(
        // The addresses first, in their order; both engines stop once the page is full.
        "SELECT c.id, a.address FROM address a CROSS JOIN account c
         WHERE c.id = a.account AND a.kind = 'primary' AND a.address > $1
           AND (CAST($2 AS BIGINT) = 0 OR c.organisation = CAST($2 AS BIGINT))
           AND ($3 = '' OR a.address LIKE $3 ESCAPE '!')
           AND ($4 = '' OR c.state = $4)
           AND ($5 = '' OR c.role = $5 OR c.id IN (SELECT g.account FROM role_given g WHERE g.role = $5))
           AND ($6 = '' OR a.address LIKE $6 ESCAPE '!' OR LOWER(c.name) LIKE $6 ESCAPE '!'
               OR c.id IN (SELECT b.account FROM address b WHERE b.kind = 'alias' AND b.address LIKE $6 ESCAPE '!'))
           AND ($7 = '' OR c.kind = $7)
         ORDER BY a.address LIMIT $8",
        params![
            &wanted.after,
            wanted.organisation.unwrap_or(0),
            &domain,
            wanted.state.map_or("", AccountState::as_str),
            wanted.role.as_deref().unwrap_or_default(),
            &text,
            wanted.kind.map_or("", AccountKind::as_str),
            i64::try_from(wanted.limit).unwrap_or(i64::MAX).saturating_add(1)
        ],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned())),
    )?;
    let is_more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let next = found.last().filter(|_| is_more).map(|(_, address)| address.clone());
    let items = found.into_iter().map(|(account, _)| load_account(tx, account)).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

/// A pattern for text that has `part` in it.
fn within(part: &str) -> String {
    format!("%{}%", escaped(part))
}

/// `text` as it stands in a pattern.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_no_pattern() {
        assert_eq!(within("50%_off!"), "%50!%!_off!!%");
    }
}
