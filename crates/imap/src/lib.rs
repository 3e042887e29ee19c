//! IMAP server: a thin driver over wire::imap.
