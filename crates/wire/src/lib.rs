//! Mail protocols as types, codecs and sessions without I/O.
