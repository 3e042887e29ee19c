//! Random secrets that we hand out: made here, kept as keyed hashes, found again by them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::{Entropy, Secret};
use store::Tx;
use zeroize::Zeroize;

/// Random octets of a token: nobody guesses one of 2^256.
const TOKEN_BYTES: usize = 32;

/// Longest token that is looked at.
const TOKEN_CHARS_MAX: usize = 128;

/// A fresh token in the letters of base64url.
pub(crate) fn make_token(entropy: &dyn Entropy) -> Secret<String> {
    let mut bytes = [0; TOKEN_BYTES];
    entropy.fill(&mut bytes);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
    bytes.zeroize();
    token
}

/// The hash under which a token rests, keyed by the region; `kind` keeps tokens of one kind from passing as another. Longer
/// input than any token has is cut: it matches nothing.
pub(crate) fn hash_token(tx: &Tx<'_>, kind: &str, token: &Secret<String>) -> [u8; 32] {
    let token = token.expose().as_bytes();
    let token = token.get(..TOKEN_CHARS_MAX).unwrap_or(token);
    let mut value = [kind.as_bytes(), b"\0", token].concat();
    let hash = tx.context().keys.region().hashing().hash(&value);
    value.zeroize();
    hash
}
