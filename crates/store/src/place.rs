use std::path::PathBuf;
use std::str::FromStr;

use env::Secret;

use crate::StoreError;
use crate::postgres::Server;

/// Where the store keeps its tables and blobs.
///
/// As a setting it is one string: the path of a directory, or `postgres://...` with what libpq knows of `sslmode` and
/// `sslrootcert`, and `connections`, the most connections that this node opens.
#[derive(Debug, Clone)]
pub enum Place {
    /// SQLite and segment files in a directory, which one process at a time uses.
    Embedded(PathBuf),
    /// A PostgreSQL database, which several nodes may use.
    Postgres(Secret<String>),
}

impl FromStr for Place {
    type Err = StoreError;

    fn from_str(setting: &str) -> Result<Self, StoreError> {
        if setting.is_empty() {
            return Err(StoreError::Setup(
                "the place of the store is empty; give a directory or postgres://...".into(),
            ));
        }
        if !setting.starts_with("postgres://") && !setting.starts_with("postgresql://") {
            return Ok(Self::Embedded(setting.into()));
        }
        Server::parse(setting)?;
        Ok(Self::Postgres(Secret::new(setting.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_a_directory_or_a_database() {
        assert!(matches!("/var/lib/tradewind".parse(), Ok(Place::Embedded(_))));
        assert!(matches!("store".parse(), Ok(Place::Embedded(_))));
        let database: Place = "postgres://mail:geheim@db.example/mail?sslmode=verify-full".parse().unwrap();
        assert!(!format!("{database:?}").contains("geheim"), "no password in logs");
        assert!("".parse::<Place>().is_err());
        assert!("postgres://db.example:notaport/mail".parse::<Place>().is_err());
    }
}
