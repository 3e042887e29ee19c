//! Transactions on SQLite or PostgreSQL, schema, migrations, blobs, change notices.
