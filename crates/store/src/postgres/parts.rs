use std::ops::Range;
use std::sync::Arc;

use super::pool::Pool;
use super::session::Session;
use crate::engine::Engine;
use crate::{StoreError, params};

/// Reads parts of long blobs, each by a statement of its own. The column is stored as it is, uncompressed (STORAGE EXTERNAL), so that the
/// server fetches only the pieces of it that the part lies in.
pub(crate) struct RowParts(Arc<Pool>);

impl RowParts {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self(pool)
    }

    /// Reads the bytes `range` of the blob `id` onto `out`. Blocks. May be called within a transaction: the places for this are others.
    pub(crate) fn read_onto(&self, id: i64, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let beyond = || StoreError::Corrupt { what: format!("bytes {range:?} lie beyond the end of blob {id}") };
        let length = usize::try_from(range.end - range.start).map_err(|_| beyond())?;
        // The server's numbers here have 32 bits and count from 1.
        let first = i32::try_from(range.start + 1).map_err(|_| beyond())?;
        let count = i32::try_from(length).map_err(|_| beyond())?;
        let _place = self.0.part_place()?;
        let mut session = self.0.begin(Session::begin_read)?;
        let before = out.len();
        let read = session.for_each(
            "SELECT SUBSTRING(data FROM CAST($2 AS INTEGER) FOR CAST($3 AS INTEGER)) FROM blob WHERE id = $1",
            params![id, i64::from(first), i64::from(count)],
            &mut |row| {
                out.extend_from_slice(row.bytes(0)?);
                Ok(())
            },
        );
        if session.commit().is_ok() {
            self.0.give_back(session);
        }
        read?;
        match out.len() - before {
            0 if length > 0 => Err(StoreError::Corrupt { what: format!("blob {id} is missing") }),
            found if found == length => Ok(()),
            _ => Err(beyond()),
        }
    }
}
