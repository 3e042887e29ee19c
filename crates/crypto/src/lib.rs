//! Keys that wrap keys, sealed columns and records, and TLS settings.
