//! Mail protocols as types, codecs and sessions without I/O. Knows no sockets and no storage: a driver feeds bytes,
//! sends what comes out, and answers questions.

pub mod imap;
pub mod jmap;
pub mod sasl;
pub mod smtp;
