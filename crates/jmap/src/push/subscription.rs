//! Push subscriptions (RFC 8620 section 7.2): clients that are told of changes through a push service (RFC 8030).

mod identify;
mod post;
mod rows;
mod run;
mod set;

pub(crate) use identify::public as public_key;
pub(crate) use post::Poster;
pub(crate) use set::{get, set};

/// The one who tells: what it needs beside the server.
pub(crate) struct Pushing {
    /// None where this machine trusts no authority.
    poster: Option<Poster>,
    /// By which push services know us, once it was read or made.
    key: tokio::sync::OnceCell<crypto::signature::Es256Key>,
    /// There is a subscription that nobody serves yet.
    added: tokio::sync::Notify,
}

impl Pushing {
    pub(crate) fn new(poster: Option<Poster>) -> Self {
        Self { poster, key: tokio::sync::OnceCell::new(), added: tokio::sync::Notify::new() }
    }
}
