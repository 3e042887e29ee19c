//! Mailboxes and messages of an account: append, flags, threads, quota, search.
