//! What a new key must show of its maker.

use std::collections::BTreeMap;

use uuid::Uuid;
use webauthn_rs_core::proto::{AttestationCaList, AttestationCaListBuilder, Credential, ParsedAttestationData};

use super::AttestationMode;

/// Why the policy cannot be used, or a key does not meet it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// Not an AAGUID.
    #[error("{0:?} in webauthn.aaguids is no AAGUID; write it as cb69481e-8ff7-4039-93ec-0a2729a154a8")]
    Aaguid(String),
    /// Nothing is listed.
    #[error("webauthn.attestation is \"listed\", but aaguids or attestation_roots is empty; nobody could enrol a key")]
    NothingListed,
    /// An authority cannot be used.
    #[error("a certificate in webauthn.attestation_roots cannot be used: {0}")]
    Authority(String),
    /// The key says nothing of its maker.
    #[error("the key shows no statement of its maker, which webauthn.attestation asks for")]
    Missing,
}

/// What a new key must show of its maker.
#[derive(Debug, Clone)]
pub struct Attestation(Asked);

#[derive(Debug, Clone)]
enum Asked {
    Nothing,
    Anything,
    Listed(AttestationCaList),
}

impl Attestation {
    /// The policy that the settings name; `roots` are the certificates of `attestation_roots` (DER).
    ///
    /// # Errors
    /// [`AttestationError`] that names the setting.
    pub fn new<'a>(
        mode: AttestationMode,
        aaguids: &[String],
        roots: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, AttestationError> {
        match mode {
            AttestationMode::None => Ok(Self(Asked::Nothing)),
            AttestationMode::Any => Ok(Self(Asked::Anything)),
            AttestationMode::Listed => {
                let listed = list(aaguids, roots)?;
                if listed.is_empty() { Err(AttestationError::NothingListed) } else { Ok(Self(Asked::Listed(listed))) }
            }
        }
    }

    /// Nothing is asked for.
    #[must_use]
    pub fn none() -> Self {
        Self(Asked::Nothing)
    }

    pub(super) fn is_asked(&self) -> bool {
        !matches!(self.0, Asked::Nothing)
    }

    pub(super) fn authorities(&self) -> Option<&AttestationCaList> {
        match &self.0 {
            Asked::Listed(list) => Some(list),
            Asked::Nothing | Asked::Anything => None,
        }
    }

    /// What the library does not check: that there is a statement at all.
    pub(super) fn check(&self, made: &Credential) -> Result<(), AttestationError> {
        let missing = matches!(made.attestation.data, ParsedAttestationData::None | ParsedAttestationData::Self_);
        if self.is_asked() && missing { Err(AttestationError::Missing) } else { Ok(()) }
    }
}

/// Every authority is trusted for every listed model: a model is attested by its maker alone.
fn list<'a>(
    aaguids: &[String],
    roots: impl IntoIterator<Item = &'a [u8]>,
) -> Result<AttestationCaList, AttestationError> {
    let parse = |text: &String| Uuid::parse_str(text).map_err(|_| AttestationError::Aaguid(text.clone()));
    let models = aaguids.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let mut builder = AttestationCaListBuilder::new();
    for root in roots {
        for model in &models {
            builder
                .insert_device_der(root, *model, model.to_string(), BTreeMap::new())
                .map_err(|error| AttestationError::Authority(error.to_string()))?;
        }
    }
    Ok(builder.build())
}
