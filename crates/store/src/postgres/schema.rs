use env::Timestamp;

use super::Session;
use crate::migrate::{MIGRATIONS, VERSION_TABLE, newest};
use crate::{StoreError, dialect};

/// Names the lock under which one node at a time changes the schema; the digits spell "twschema".
const SCHEMA_LOCK: i64 = 0x7477_7363_6865_6d61;

/// Brings the schema to the newest version, each step in a transaction of its own. Nodes that start together wait here
/// for the first of them.
pub(super) fn migrate(session: &mut Session, now: Timestamp) -> Result<(), StoreError> {
    session.client().execute("SELECT pg_advisory_lock($1)", &[&SCHEMA_LOCK])?;
    let outcome = apply(session, now);
    session.client().execute("SELECT pg_advisory_unlock($1)", &[&SCHEMA_LOCK])?;
    outcome
}

fn apply(session: &mut Session, now: Timestamp) -> Result<(), StoreError> {
    let client = session.client();
    client.batch_execute(VERSION_TABLE)?;
    let found: i64 = client.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version", &[])?.try_get(0)?;
    if found > newest() {
        return Err(StoreError::TooNew { found, known: newest() });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        let mut step = client.transaction()?;
        step.batch_execute(&dialect::postgres_migration(migration.sql))?;
        step.execute(
            "INSERT INTO schema_version (version, name, applied) VALUES ($1, $2, $3)",
            &[&migration.version, &migration.name, &now.millis()],
        )?;
        step.commit()?;
    }
    Ok(())
}
