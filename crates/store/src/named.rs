//! Rows that name sealed content, and the keys that open it.

use crypto::keys::MessageKey;
use crypto::record;

use crate::{StoreError, Tx, Value, params};

/// Under whose key the key of the content is wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Account,
    Organisation,
}

/// A kind of row that names content.
pub(crate) struct Kind {
    /// What it is called.
    pub(crate) name: &'static str,
    owner: Owner,
    /// Whether rows come in the order of owner and identifier, or of the identifier alone.
    by_owner: bool,
    /// A page of rows: owner, identifier, blob, wrapped key.
    page: &'static str,
    /// All rows: the same.
    all: &'static str,
}

/// All kinds.
pub(crate) const KINDS: [Kind; 7] = [
    Kind {
        name: "message",
        owner: Owner::Account,
        by_owner: true,
        page: "SELECT account, id, blob, key_wrapped FROM message
               WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
        all: "SELECT account, id, blob, key_wrapped FROM message",
    },
    Kind {
        name: "queued message",
        owner: Owner::Organisation,
        by_owner: false,
        page: "SELECT organisation, id, blob, key_wrapped FROM queue_message WHERE id > $1 ORDER BY id LIMIT $2",
        all: "SELECT organisation, id, blob, key_wrapped FROM queue_message",
    },
    Kind {
        name: "quarantined message",
        owner: Owner::Organisation,
        by_owner: false,
        page: "SELECT organisation, id, blob, key_wrapped FROM quarantine WHERE id > $1 ORDER BY id LIMIT $2",
        all: "SELECT organisation, id, blob, key_wrapped FROM quarantine",
    },
    Kind {
        name: "removed message",
        owner: Owner::Account,
        by_owner: true,
        page: "SELECT account, id, blob, key_wrapped FROM removed_message
               WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
        all: "SELECT account, id, blob, key_wrapped FROM removed_message",
    },
    Kind {
        name: "message in the journal",
        owner: Owner::Organisation,
        by_owner: false,
        page: "SELECT organisation, id, blob, key_wrapped FROM mail_journal WHERE id > $1 ORDER BY id LIMIT $2",
        all: "SELECT organisation, id, blob, key_wrapped FROM mail_journal",
    },
    Kind {
        name: "uploaded file",
        owner: Owner::Account,
        by_owner: true,
        page: "SELECT account, id, blob, key_wrapped FROM jmap_upload
               WHERE account > $1 OR (account = $1 AND id > $2) ORDER BY account, id LIMIT $3",
        all: "SELECT account, id, blob, key_wrapped FROM jmap_upload",
    },
    Kind {
        // One that two rows name is looked at once.
        name: "part of a portal delivery",
        owner: Owner::Account,
        by_owner: false,
        page: "SELECT account, blob, blob, key_wrapped FROM portal_chunk WHERE blob > $1 ORDER BY blob LIMIT $2",
        all: "SELECT account, blob, blob, key_wrapped FROM portal_chunk",
    },
];

/// A row that names sealed content.
#[derive(Clone)]
pub(crate) struct Named {
    /// Account or organisation under whose key the content's key is wrapped.
    pub(crate) owner: i64,
    pub(crate) id: i64,
    pub(crate) blob: i64,
    key_wrapped: Vec<u8>,
}

impl Kind {
    /// The next rows after those of `after`, at most `limit`.
    pub(crate) fn page(&self, tx: &mut Tx<'_>, after: (i64, i64), limit: i64) -> Result<Vec<Named>, StoreError> {
        let by_owner = [Value::Int(after.0), Value::Int(after.1), Value::Int(limit)];
        let params = if self.by_owner { by_owner.as_slice() } else { by_owner.get(1..).unwrap_or_default() };
        tx.rows(self.page, params, |row| {
            let (owner, id, blob) = (row.int(0)?, row.int(1)?, row.int(2)?);
            Ok(Named { owner, id, blob, key_wrapped: row.bytes(3)?.to_vec() })
        })
    }

    /// Those of all rows whose blob is `wanted`.
    pub(crate) fn naming(&self, tx: &mut Tx<'_>, wanted: impl Fn(i64) -> bool) -> Result<Vec<Named>, StoreError> {
        let mut found = Vec::new();
        tx.for_each(self.all, params![], |row| {
            let blob = row.int(2)?;
            if wanted(blob) {
                found.push(Named { owner: row.int(0)?, id: row.int(1)?, blob, key_wrapped: row.bytes(3)?.to_vec() });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The key of the content that `row` names.
    pub(crate) fn key(&self, tx: &mut Tx<'_>, row: &Named) -> Result<MessageKey, StoreError> {
        Ok(match self.owner {
            Owner::Account => tx.context().keys.account(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?,
            Owner::Organisation => {
                tx.context().keys.organisation(tx, row.owner)?.unwrap_message(&row.key_wrapped, row.blob)?
            }
        })
    }

    /// Whether the owner is an account.
    pub(crate) fn is_of_account(&self) -> bool {
        self.owner == Owner::Account
    }
}

/// Whether the sealed `bytes` open with `key`.
pub(crate) fn opens(key: &MessageKey, mut bytes: Vec<u8>) -> Result<(), StoreError> {
    record::open(key, &mut bytes)?;
    Ok(())
}
