//! Hardware keys and passkeys (Web Authentication, level 3), on `webauthn-rs-core`.
//!
//! A ceremony has two halves. The first makes options for the browser and a [`Ceremony`] to be kept, sealed, for the second, which
//! judges the browser's answer. Whoever keeps it gives it out once: an answer is judged once.

mod attestation;
mod settings;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError as CoreError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationState, AuthenticatorAttachment, COSEAlgorithm,
    Credential as CoreCredential, PublicKeyCredential, RegisterPublicKeyCredential, RegistrationState,
    UserVerificationPolicy,
};

pub use attestation::{Attestation, AttestationError};
pub use settings::{AttestationMode, UserVerification, WebauthnSettings};

use crate::FactorKind;

/// How long a person may take.
pub const CEREMONY_LASTS: Duration = Duration::from_secs(300);

/// Bytes of a browser's answer that are looked at.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why a ceremony failed; for the log. The person is told that it did not work.
#[derive(Debug, thiserror::Error)]
pub enum WebauthnError {
    /// The server's name or address cannot be used.
    #[error("{given:?} cannot be the address of the pages where people sign in: {cause}")]
    Origin {
        /// What was given.
        given: String,
        /// What is wrong.
        cause: String,
    },
    /// The attestation policy cannot be used.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// The answer is not of the standard's form.
    #[error("the browser's answer is malformed: {0}")]
    Malformed(String),
    /// What was kept of the first half cannot be read.
    #[error("the kept ceremony cannot be read: {0}")]
    Ceremony(String),
    /// The person took too long.
    #[error("the ceremony began more than {} s ago", CEREMONY_LASTS.as_secs())]
    Expired,
    /// The credential is not one of this account, or of another person.
    #[error("the credential is not one of this account")]
    Unknown,
    /// The counter did not grow: the credential has been copied.
    #[error("the signature counter went back from {kept}: the key may have been copied")]
    CounterRollback {
        /// Counter at the last use.
        kept: u32,
    },
    /// The page was embedded in another.
    #[error("the answer comes from a page inside a page of another site")]
    CrossOrigin,
    /// Signature, origin, challenge, user verification or attestation is wrong.
    #[error("refused: {0}")]
    Refused(String),
}

/// The first half of a ceremony, to be kept sealed for the second.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ceremony {
    began: i64,
    state: State,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum State {
    Registration { state: RegistrationState, passkey: bool },
    Assertion { state: AuthenticationState, handle: Vec<u8> },
}

/// Whom a credential is for.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// Identifies the account; nothing personal (Web Authentication section 14.6.1).
    pub handle: &'a [u8],
    /// Its address.
    pub name: &'a str,
    /// The shown name.
    pub display_name: &'a str,
}

/// A registered credential, to be kept sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credential(CoreCredential);

impl Credential {
    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.0.cred_id
    }

    /// How often it was used, as it says; 0 if it does not count.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.0.counter
    }

    /// Hardware key or passkey, by whether its maker may copy it.
    #[must_use]
    pub fn kind(&self) -> FactorKind {
        if self.0.backup_eligible { FactorKind::Passkey } else { FactorKind::HardwareKey }
    }
}

/// Who asks: our site, and what it asks of credentials.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    core: WebauthnCore,
    attestation: Attestation,
    verification: UserVerificationPolicy,
}

impl RelyingParty {
    /// The site `host` whose pages people see at `origin`, as `https://mail.example`.
    ///
    /// # Errors
    /// [`WebauthnError::Origin`] if `origin` is no https address at `host` or below it.
    pub fn new(
        name: &str,
        host: &str,
        origin: &str,
        attestation: Attestation,
        verification: UserVerification,
    ) -> Result<Self, WebauthnError> {
        let refuse = |cause: &str| WebauthnError::Origin { given: origin.to_owned(), cause: cause.to_owned() };
        let url = Url::parse(origin).map_err(|error| refuse(&error.to_string()))?;
        let at = url.host_str().unwrap_or_default();
        if url.scheme() != "https" {
            return Err(refuse("it does not begin with https://"));
        }
        if at != host && !at.ends_with(&format!(".{host}")) {
            return Err(refuse(&format!("it is not at {host}")));
        }
        let core = WebauthnCore::new_unsafe_experts_only(name, host, vec![url], CEREMONY_LASTS, None, None);
        let verification = match verification {
            UserVerification::Required => UserVerificationPolicy::Required,
            UserVerification::Preferred => UserVerificationPolicy::Preferred,
        };
        Ok(Self { core, attestation, verification })
    }

    /// Options with which a browser makes a new credential. A passkey verifies its user and is found without the account's name.
    ///
    /// # Errors
    /// [`WebauthnError`] if the user has no name.
    pub fn begin_registration(
        &self,
        user: User<'_>,
        existing: &[Credential],
        passkey: bool,
        now: Timestamp,
    ) -> Result<(Value, Ceremony), WebauthnError> {
        let exclude = existing.iter().map(|it| it.0.cred_id.clone()).collect();
        let conveyance = if self.attestation.is_asked() {
            AttestationConveyancePreference::Direct
        } else {
            AttestationConveyancePreference::None
        };
        let builder = self
            .core
            .new_challenge_register_builder(user.handle, user.name, user.display_name)
            .map_err(refused)?
            .attestation(conveyance)
            .user_verification_policy(if passkey { UserVerificationPolicy::Required } else { self.verification })
            .exclude_credentials(Some(exclude))
            .credential_algorithms(vec![COSEAlgorithm::ES256, COSEAlgorithm::EDDSA, COSEAlgorithm::RS256])
            .require_resident_key(passkey)
            .authenticator_attachment((!passkey).then_some(AuthenticatorAttachment::CrossPlatform))
            .reject_synchronised_authenticators(!passkey);
        let (options, state) = self.core.generate_challenge_register(builder).map_err(refused)?;
        let options = serde_json::to_value(&options).map_err(|error| WebauthnError::Ceremony(error.to_string()))?;
        Ok((options, Ceremony { began: now.millis(), state: State::Registration { state, passkey } }))
    }

    /// The credential that a browser made.
    ///
    /// # Errors
    /// [`WebauthnError`] with the reason.
    pub fn finish_registration(
        &self,
        ceremony: &Ceremony,
        answer: &Value,
        now: Timestamp,
    ) -> Result<Credential, WebauthnError> {
        ceremony.check_age(now)?;
        let State::Registration { state, .. } = &ceremony.state else {
            return Err(WebauthnError::Ceremony("it is not a registration".to_owned()));
        };
        let answer: RegisterPublicKeyCredential =
            Deserialize::deserialize(answer).map_err(|error| WebauthnError::Malformed(error.to_string()))?;
        let made = self.core.register_credential(&answer, state, self.attestation.authorities()).map_err(refused)?;
        self.attestation.check(&made)?;
        Ok(Credential(made))
    }

    /// Options with which a browser proves that it has one of `credentials`, of the user with `handle`.
    ///
    /// # Errors
    /// [`WebauthnError::Unknown`] if there are none.
    pub fn begin_assertion(
        &self,
        handle: &[u8],
        credentials: &[Credential],
        now: Timestamp,
    ) -> Result<(Value, Ceremony), WebauthnError> {
        if credentials.is_empty() {
            return Err(WebauthnError::Unknown);
        }
        let credentials = credentials.iter().map(|it| it.0.clone()).collect();
        let builder =
            self.core.new_challenge_authenticate_builder(credentials, Some(self.verification)).map_err(refused)?;
        let (options, state) = self.core.generate_challenge_authenticate(builder).map_err(refused)?;
        let options = serde_json::to_value(&options).map_err(|error| WebauthnError::Ceremony(error.to_string()))?;
        let state = State::Assertion { state, handle: handle.to_vec() };
        Ok((options, Ceremony { began: now.millis(), state }))
    }

    /// The credential that was used, as it is to be kept from now on. `credentials` are those of the account now: what has been removed
    /// since the ceremony began no longer counts, and the counter is that of the last use.
    ///
    /// # Errors
    /// [`WebauthnError`] with the reason.
    pub fn finish_assertion(
        &self,
        ceremony: &Ceremony,
        credentials: &[Credential],
        answer: &Value,
        now: Timestamp,
    ) -> Result<Credential, WebauthnError> {
        ceremony.check_age(now)?;
        let State::Assertion { state, handle } = &ceremony.state else {
            return Err(WebauthnError::Ceremony("it is not an assertion".to_owned()));
        };
        let answer: PublicKeyCredential =
            Deserialize::deserialize(answer).map_err(|error| WebauthnError::Malformed(error.to_string()))?;
        check_page_and_user(&answer, handle)?;
        let found = credentials.iter().find(|it| it.id() == answer.raw_id).ok_or(WebauthnError::Unknown)?;
        let result =
            self.core.authenticate_single_credential(&answer, state, &found.0).map_err(|error| match error {
                CoreError::CredentialPossibleCompromise => WebauthnError::CounterRollback { kept: found.counter() },
                other => refused(other),
            })?;
        let mut used = found.clone();
        used.0.counter = result.counter();
        used.0.backup_state = result.backup_state();
        Ok(used)
    }
}

impl Ceremony {
    /// Whether it makes a passkey; `None` if it makes nothing.
    #[must_use]
    pub fn makes_passkey(&self) -> Option<bool> {
        match self.state {
            State::Registration { passkey, .. } => Some(passkey),
            State::Assertion { .. } => None,
        }
    }

    fn check_age(&self, now: Timestamp) -> Result<(), WebauthnError> {
        let fresh = now.since(Timestamp::from_millis(self.began)) <= CEREMONY_LASTS;
        if fresh { Ok(()) } else { Err(WebauthnError::Expired) }
    }
}

/// What the library leaves to its caller: the page must not be inside another site's (Web Authentication section 7.2), and the credential,
/// if it says whose it is, must be this user's.
fn check_page_and_user(answer: &PublicKeyCredential, handle: &[u8]) -> Result<(), WebauthnError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ClientData {
        #[serde(default)]
        cross_origin: bool,
    }
    let data: ClientData = serde_json::from_slice(answer.response.client_data_json.as_slice())
        .map_err(|error| WebauthnError::Malformed(error.to_string()))?;
    if data.cross_origin {
        return Err(WebauthnError::CrossOrigin);
    }
    let is_other = answer.response.user_handle.as_ref().is_some_and(|it| !it.is_empty() && it.as_slice() != handle);
    if is_other { Err(WebauthnError::Unknown) } else { Ok(()) }
}

fn refused(error: CoreError) -> WebauthnError {
    match error {
        CoreError::ParseBase64Failure(_)
        | CoreError::ParseCBORFailure(_)
        | CoreError::ParseJSONFailure(_)
        | CoreError::ParseNOMFailure
        | CoreError::ParseInsufficientBytesAvailable => WebauthnError::Malformed(format!("{error:?}")),
        other => WebauthnError::Refused(format!("{other:?}")),
    }
}

/// Bytes in the text form that browsers' JSON has (base64url without padding).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod tests;
