//! Certificates: the local authority, ACME, and reload without restart.
