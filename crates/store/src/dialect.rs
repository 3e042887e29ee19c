//! The few differences between the engines' SQL.

/// A statement in the shared dialect as SQLite takes it: `$1` becomes `?1`, so that a parameter may be used twice and in any order.
pub(crate) fn sqlite_statement(sql: &str) -> String {
    sql.replace('$', "?")
}

/// A migration in the shared dialect as SQLite takes it.
pub(crate) fn sqlite_migration(sql: &str) -> String {
    // Only INTEGER PRIMARY KEY is the row's own number; BIGINT would cost a second tree.
    without_lines(sql, "-- postgres").replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
}

/// A migration in the shared dialect as PostgreSQL takes it.
pub(crate) fn postgres_migration(sql: &str) -> String {
    without_lines(sql, "-- sqlite").replace(" BLOB", " BYTEA").replace(") WITHOUT ROWID;", ");")
}

/// `sql` without the lines that end with `mark`.
fn without_lines(sql: &str, mark: &str) -> String {
    sql.lines().filter(|line| !line.ends_with(mark)).flat_map(|line| [line, "\n"]).collect()
}
