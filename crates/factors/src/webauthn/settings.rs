env::settings! {
    /// Hardware keys and passkeys.
    pub struct WebauthnSettings in "webauthn" {
        /// Name that keys and passkeys belong to; empty for the host name of the server. A change makes all enrolled ones useless.
        rp_id: String = String::new(),
        /// Address of the pages where people sign in, as https://mail.example; empty for the host name of the server, at its port for HTTPS.
        origin: String = String::new(),
        /// What a new key must show of its maker: "none", "any" (a statement of some maker), or "listed" (of the models in `aaguids`, by the authorities in `attestation_roots`).
        attestation: AttestationMode = AttestationMode::None,
        /// Models that may be enrolled, each by its AAGUID as its maker publishes it.
        aaguids: Vec<String> = Vec::new(),
        /// PEM files with the authorities of their makers.
        attestation_roots: Vec<String> = Vec::new(),
        /// Whether hardware keys must check PIN or finger: "required" or "preferred". Passkeys always must.
        user_verification: UserVerification = UserVerification::Preferred,
    }
}

/// What a new key must show of its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum AttestationMode {
    /// Nothing.
    None,
    /// A statement, whoever made it.
    Any,
    /// A statement of an authority that is trusted for this model.
    Listed,
}

/// Whether a hardware key must know who touches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum UserVerification {
    /// By PIN or finger.
    Required,
    /// If it can.
    Preferred,
}
