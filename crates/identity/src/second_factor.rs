//! Whether an account's password alone is enough.

use store::Tx;

use crate::factors::factor_demand;
use crate::{FactorSettings, IdentityError};

/// Whether a second factor guards the account, so that its password alone opens no mail protocol.
pub(crate) fn is_required(tx: &mut Tx<'_>, settings: &FactorSettings, account: i64) -> Result<bool, IdentityError> {
    let now = tx.now();
    Ok(!factor_demand(tx, settings, account)?.password_opens_mail(now))
}
