//! TLS 1.3 with SM2, SM3 and SM4 (RFC 8998), as rustls wants it: one cipher suite, one group, one signature scheme.
//!
//! A server's or client's settings are made with [`provider`] alone, or with [`beside`] where a client offers both this and the
//! international algorithms. There is no TLS 1.2 and no QUIC with these.

mod group;
mod keys;
mod suite;
mod verify;

pub use keys::{Sm2SigningKey, certified_key};
pub use verify::{
    AnyClient, ClientVerifier, EitherServerVerifier, SM2_SM3, SM2_SM3_NULL, ServerVerifier, parse_chain, reason,
};

use std::sync::{Arc, LazyLock};

use env::{Entropy, SystemEntropy};
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::{CipherSuite, NamedGroup, SignatureScheme};

/// TLS_SM4_GCM_SM3 (RFC 8998 section 2).
pub const SUITE: CipherSuite = CipherSuite::Unknown(0x00c6);
/// curveSM2 (RFC 8998 section 2).
pub const GROUP: NamedGroup = NamedGroup::Unknown(0x0029);
/// sm2sig_sm3 (RFC 8998 section 2).
pub const SCHEME: SignatureScheme = SignatureScheme::Unknown(0x0708);

/// Identifier of who signs a handshake (RFC 8998 section 3.2.1). Certificates are signed with [`crate::sm2::DEFAULT_ID`].
pub const HANDSHAKE_ID: &str = "TLSv1.3+GM+Cipher+Suite";

/// Name of a suite or group of this module as IANA writes it; `None` for those of others.
#[must_use]
pub fn suite_name(suite: CipherSuite) -> Option<&'static str> {
    (suite == SUITE).then_some("TLS_SM4_GCM_SM3")
}

/// As [`suite_name`] for groups.
#[must_use]
pub fn group_name(group: NamedGroup) -> Option<&'static str> {
    (group == GROUP).then_some("curveSM2")
}

/// The algorithms of this module alone, with randomness of the operating system.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static SYSTEM: LazyLock<SystemEntropy> = LazyLock::new(SystemEntropy::default);
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(with_entropy(&*SYSTEM)));
    Arc::clone(&PROVIDER)
}

/// For a client: the algorithms of this module first, those of `others` after them.
///
/// Certificates must be judged by [`EitherServerVerifier`], which knows both.
#[must_use]
pub fn beside(others: &CryptoProvider) -> CryptoProvider {
    let mut both = (*provider()).clone();
    both.cipher_suites.extend(&others.cipher_suites);
    both.kx_groups.extend(&others.kx_groups);
    both.signature_verification_algorithms = others.signature_verification_algorithms;
    both
}

/// As [`provider`], with randomness from elsewhere. Leaks a few bytes at each call: for tests and for once at the start.
#[must_use]
pub fn with_entropy(entropy: &'static dyn Entropy) -> CryptoProvider {
    let source: &'static Source = Box::leak(Box::new(Source(entropy)));
    CryptoProvider {
        cipher_suites: vec![suite::TLS_SM4_GCM_SM3],
        kx_groups: vec![source],
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: verify::ON_CERTIFICATES, mapping: &[] },
        secure_random: source,
        key_provider: source,
    }
}

/// Where randomness comes from.
struct Source(&'static dyn Entropy);

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SM2")
    }
}

impl SecureRandom for Source {
    fn fill(&self, into: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.fill(into);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
