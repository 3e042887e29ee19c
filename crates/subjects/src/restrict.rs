//! Restriction and objection: from then on nothing is learned from mail of or to the person, and nobody searches his mailbox for others.

use store::Tx;
use store::restrictions::{self, Person};

use crate::SubjectError;
use crate::request::{change, load};
use crate::step::{self, By};
use crate::words::Kind;

/// Restricts what is done with the data of the person of a request, or with `lift` ends that; also of a request that is closed by then.
///
/// # Errors
/// [`SubjectError`] if the request asks for something else, it is not known who asks, or the store fails.
pub fn restrict(tx: &mut Tx<'_>, organisation: i64, id: i64, lift: bool, by: &By) -> Result<(), SubjectError> {
    let request = load(tx, organisation, id)?;
    request.check_kind(&[Kind::Restriction, Kind::Objection])?;
    if lift {
        if restrictions::lift(tx, organisation, id)? == 0 {
            return Err(SubjectError::NotCarriedOut { id, remedy: "nothing is restricted by it" });
        }
        return step::note(tx, request.of(), "lifted", by, "").map(drop);
    }
    request.check_open()?;
    request.check_identified()?;
    match request.account {
        Some(account) => restrictions::add(tx, organisation, Person::Account(account), id)?,
        None => {
            for address in &request.addresses {
                restrictions::add(tx, organisation, Person::Address(address), id)?;
            }
        }
    }
    change(tx, organisation, id, |detail| detail.carried_out = true)?;
    step::note(tx, request.of(), "restricted", by, "").map(drop)
}
