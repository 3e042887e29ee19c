//! Values that go into statements and come out of rows.

use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use crate::StoreError;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A number; both engines hold 64 bits.
    Int(i64),
    /// A string.
    Text(&'a str),
    /// A byte string.
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Parameters of a statement, in the order of `$1`, `$2`, ...: `params![account, name, &bytes]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] as &[$crate::Value<'_>] };
}

/// One row of an answer, for as long as the callback that sees it runs.
pub enum Row<'r> {
    #[doc(hidden)]
    Sqlite(&'r rusqlite::Row<'r>),
    #[doc(hidden)]
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The number in column `index`, counted from 0.
    ///
    /// # Errors
    /// [`StoreError`] if the column is missing, null or of another type.
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(index)?),
            Self::Postgres(row) => match row.columns().get(index).map(tokio_postgres::Column::type_) {
                // What the dialect's expressions give besides BIGINT: literals, lengths, comparisons, EXISTS.
                Some(&Type::INT4) => Ok(row.try_get::<_, i32>(index)?.into()),
                Some(&Type::BOOL) => Ok(row.try_get::<_, bool>(index)?.into()),
                _ => Ok(row.try_get(index)?),
            },
        }
    }

    /// The flag in column `index`: any number but 0.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn flag(&self, index: usize) -> Result<bool, StoreError> {
        Ok(self.int(index)? != 0)
    }

    /// The number in column `index` as an unsigned 32-bit one (UIDs).
    ///
    /// # Errors
    /// As [`Self::int`], and if it does not fit.
    pub fn uint32(&self, index: usize) -> Result<u32, StoreError> {
        let number = self.int(index)?;
        u32::try_from(number).map_err(|_| StoreError::Corrupt { what: format!("column {index} holds {number}") })
    }

    /// The number in column `index`, if it is not null.
    ///
    /// # Errors
    /// As [`Self::int`], null allowed.
    pub fn int_opt(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.get(index)?),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    /// The string in column `index`.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn text(&self, index: usize) -> Result<&str, StoreError> {
        match self {
            Self::Sqlite(row) => {
                let value = row.get_ref(index)?;
                value.as_str().map_err(|_| StoreError::Corrupt { what: format!("column {index} is no text") })
            }
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    /// The value in column `index`, whatever kind it is.
    ///
    /// # Errors
    /// [`StoreError`] if the column is missing or of a kind that no table has.
    pub(crate) fn value(&self, index: usize) -> Result<Value<'_>, StoreError> {
        let unknown = || StoreError::Corrupt { what: format!("column {index} is of no known kind") };
        match self {
            Self::Sqlite(row) => Ok(match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).map_err(|_| unknown())?),
                ValueRef::Blob(bytes) => Value::Bytes(bytes),
                ValueRef::Real(_) => return Err(unknown()),
            }),
            Self::Postgres(row) => {
                let kind = row.columns().get(index).map(tokio_postgres::Column::type_).ok_or_else(unknown)?;
                Ok(match *kind {
                    Type::INT8 => Value::from(row.try_get::<_, Option<i64>>(index)?),
                    Type::INT4 => Value::from(row.try_get::<_, Option<i32>>(index)?.map(i64::from)),
                    Type::TEXT => Value::from(row.try_get::<_, Option<&str>>(index)?),
                    Type::BYTEA => Value::from(row.try_get::<_, Option<&[u8]>>(index)?),
                    _ => return Err(unknown()),
                })
            }
        }
    }

    /// The byte string in column `index`.
    ///
    /// # Errors
    /// As [`Self::int`].
    pub fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        self.bytes_opt(index)?.ok_or_else(|| StoreError::Corrupt { what: format!("column {index} is null") })
    }

    /// The byte string in column `index`, if it is not null.
    ///
    /// # Errors
    /// As [`Self::int`], null allowed.
    pub fn bytes_opt(&self, index: usize) -> Result<Option<&[u8]>, StoreError> {
        match self {
            Self::Sqlite(row) => {
                let value = row.get_ref(index)?;
                value
                    .as_blob_or_null()
                    .map_err(|_| StoreError::Corrupt { what: format!("column {index} is no byte string") })
            }
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }
}
