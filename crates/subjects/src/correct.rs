//! Setting right what is held: fields of an account of ours, the name that partners' records have.

use store::Tx;

use crate::SubjectError;
use crate::request::{change, check_address, check_text, load};
use crate::step::{self, By};
use crate::words::Kind;

/// What is set right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// The shown name: of somebody of ours that of the account, of somebody outside that on file at the partner.
    Name(String),
    /// Another address of the account.
    AddAddress(String),
    /// An address of the account that is not the person's any more.
    RemoveAddress(String),
}

/// Sets something right that a request names.
///
/// # Errors
/// [`SubjectError`] if the request asks for something else or is closed, it is not known who asks, or what is to be set right is not there.
pub fn correct(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    correction: &Correction,
    by: &By,
) -> Result<(), SubjectError> {
    let request = load(tx, organisation, id)?;
    request.check_open()?;
    request.check_kind(&[Kind::Correction])?;
    request.check_identified()?;
    let note = match (correction, request.account) {
        (Correction::Name(name), Some(account)) => {
            check_text("the name", name)?;
            let before = identity::load_account(tx, account)?.name;
            identity::set_name(tx, account, name)?;
            format!("name: {before} -> {name}")
        }
        (Correction::Name(name), None) => {
            check_text("the name", name)?;
            let mut changed = false;
            for address in &request.addresses {
                changed |= guard::person::rename(tx, organisation, address, name)?;
            }
            if !changed {
                let cause = "stands nowhere: no partner has this person on file".to_owned();
                return Err(SubjectError::Part { part: "the name", cause });
            }
            format!("name: {name}")
        }
        (Correction::AddAddress(address), Some(account)) => {
            let address = check_address("the address", address)?;
            identity::add_alias(tx, account, &address)?;
            format!("address: {address}")
        }
        (Correction::RemoveAddress(address), Some(account)) => {
            let address = check_address("the address", address)?;
            identity::remove_alias(tx, account, &address)?;
            format!("without address: {address}")
        }
        (_, None) => {
            let cause = "is of nobody here: only people of ours have addresses".to_owned();
            return Err(SubjectError::Part { part: "the address", cause });
        }
    };
    change(tx, organisation, id, |detail| detail.carried_out = true)?;
    step::note(tx, request.of(), "corrected", by, &note).map(drop)
}
