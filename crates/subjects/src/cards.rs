//! People's address books, which this crate must not know: whoever keeps them says what is in them.

use store::Tx;

use crate::SubjectError;

/// Knows the cards in people's address books.
pub trait Cards: Send + Sync {
    /// How many cards of an account are about the person with one of `addresses`, in lowercase.
    ///
    /// # Errors
    /// [`SubjectError`] if the store fails.
    fn count(&self, tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, SubjectError>;

    /// Destroys them; gives how many.
    ///
    /// # Errors
    /// [`SubjectError`] if the store fails.
    fn forget(&self, tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, SubjectError>;
}

/// There are no address books.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCards;

impl Cards for NoCards {
    fn count(&self, _tx: &mut Tx<'_>, _account: i64, _addresses: &[String]) -> Result<u64, SubjectError> {
        Ok(0)
    }

    fn forget(&self, _tx: &mut Tx<'_>, _account: i64, _addresses: &[String]) -> Result<u64, SubjectError> {
        Ok(0)
    }
}
