//! TLS for servers and clients: one set of algorithms, certificates that change without a restart, and a plain
//! account of what a connection agreed on.
//!
//! Servers and clients take TLS 1.3, and 1.2 only with ECDHE and AEAD suites (RFC 9325 section 4.2). The hybrid
//! group X25519MLKEM768 is preferred; peers that lack it use X25519 or a NIST curve. Beside these, on the same port, a server that has a
//! certificate of SM2 takes the suite of RFC 8998 from clients that ask for it.

mod client;
mod client_auth;
mod dane;
mod gm_client;
mod gm_server;
mod hello;
mod info;
mod pem;
mod server;

pub use client::{CertificateFault, ClientTls, PeerVerdict, Roots};
pub use dane::association;
pub use gm_client::{GmClient, GmRoots};
pub use gm_server::{GmPreference, GmServer};
pub use info::{ConnectionState, TlsInfo};
pub use pem::{KeyExposure, PemError, key_exposure, load_certificates, load_chain, load_gm_chain, parse_chain};
pub use server::{
    ACME_TLS_ALPN, CertifiedChains, HTTP_ALPN, MinimumVersion, ServerChoice, ServerTls, Service, TlsSettings,
    TlsSetupError,
};

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::{SupportedProtocolVersion, version};

/// The algorithms that every connection uses: those of `aws-lc-rs`, post-quantum group first.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}

/// Makes [`provider`] the default of the process, for libraries that build their own TLS settings. Call it once at
/// start; later calls change nothing.
pub fn install_provider() {
    // An error says that a default is set already, which is what was wanted.
    let _ = CryptoProvider::install_default((*provider()).clone());
}

const TLS12_AND_LATER: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const TLS13_ALONE: &[&SupportedProtocolVersion] = &[&version::TLS13];

#[cfg(test)]
mod tests;
