//! Orders of messages: what SORT compares and how THREAD groups (RFC 5256).

mod keys;
mod threads;

pub use keys::{OrderKey, order_keys};
pub use threads::{ThreadNode, by_references, by_subject};

#[cfg(test)]
mod tests;
