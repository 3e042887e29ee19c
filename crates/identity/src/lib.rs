//! Organisations, domains, accounts and their credentials.
