//! Second factors for those who serve people: transactions, and messages that go out between their halves.

use std::sync::Arc;

use ::factors::FactorKind;
use ::factors::sms::{PhoneNumber, Provider, SmsError, SmsMessage, SmsRequest, SmsSettings};
use ::factors::webauthn::{RelyingParty, WebauthnError};
use env::{Secret, Watched};
use store::{Store, Tx};

use super::enrol::ShownEnrolment;
use super::texting;
use super::{
    Answer, Answered, BegunAnswer, BegunEnrolment, Enrolment, FactorRefusal, Means, Online, begin_answer,
    begin_enrolment, finish_answer, finish_enrolment,
};
use crate::factor_policy::FactorSettings;
use crate::{AuthFailure, IdentityError, Language, load_account};

/// Carries a request to a provider of SMS; gives status and body of the answer.
#[async_trait::async_trait]
pub trait SmsCarrier: Send + Sync {
    /// Hands `request` over.
    ///
    /// # Errors
    /// [`SmsError::Unreachable`] with the cause.
    async fn carry(&self, request: SmsRequest) -> Result<(u16, Vec<u8>), SmsError>;
}

/// A provider of SMS and the way to it.
pub type Texting = (Provider, Arc<dyn SmsCarrier>);

/// What judging factors needs to know beside the store.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Who must have one, and which count.
    pub settings: Watched<FactorSettings>,
    /// Our site, for WebAuthn; none if it cannot be used.
    pub site: Option<RelyingParty>,
    /// Name of this service in authenticator apps.
    pub issuer: String,
    /// How many messages a number gets.
    pub sms: Watched<SmsSettings>,
    /// Whether there is a provider.
    pub sends_sms: bool,
}

impl Parts {
    /// What names an account to authenticators: nothing that says whose it is, nor the same elsewhere.
    pub(super) fn handle(&self, tx: &Tx<'_>, account: i64) -> [u8; 32] {
        tx.context().keys.region().hashing().hash(&[&b"webauthn user "[..], &account.to_le_bytes()].concat())
    }
}

/// Why a factor could not be enrolled or shown.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] FactorRefusal),
    /// It cannot be decided now.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl DeskError {
    /// What the person is told.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        match (self, language) {
            (Self::Refused(refusal), _) => refusal.say(language),
            (Self::Identity(_), Language::English) => "That does not work at the moment. Try again later.".to_owned(),
            (Self::Identity(_), Language::Chinese) => "暂时无法处理，请稍后重试。".to_owned(),
        }
    }
}

impl From<DeskError> for AuthFailure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Refused(_) => Self::Refused,
            DeskError::Identity(error) => Self::Temporary(error),
        }
    }
}

/// Enrols and judges second factors.
#[derive(Clone)]
pub struct FactorDesk {
    store: Store,
    parts: Arc<Parts>,
    texting: Option<(Arc<Provider>, Arc<dyn SmsCarrier>)>,
    online: Option<Arc<Online>>,
}

impl FactorDesk {
    /// A desk over `store`. Codes go out by `provider` through the carrier, if there is one.
    #[must_use]
    pub fn new(store: Store, mut parts: Parts, texting: Option<Texting>) -> Self {
        parts.sends_sms = texting.is_some();
        let texting = texting.map(|(provider, carrier)| (Arc::new(provider), carrier));
        Self { store, parts: Arc::new(parts), texting, online: None }
    }

    /// Has authorities asked whether certificates are revoked.
    #[must_use]
    pub fn with_online(self, online: Arc<Online>) -> Self {
        Self { online: Some(online), ..self }
    }

    /// Who asks authorities, if they are asked.
    #[must_use]
    pub fn online(&self) -> Option<Arc<Online>> {
        self.online.clone()
    }

    /// Who must have a factor, and which count.
    #[must_use]
    pub fn settings(&self) -> Arc<FactorSettings> {
        self.parts.settings.now()
    }

    /// Whether factors of this kind can be enrolled on this server.
    #[must_use]
    pub fn offers(&self, kind: FactorKind) -> bool {
        match kind {
            FactorKind::Sms => self.parts.sends_sms,
            FactorKind::Passkey | FactorKind::HardwareKey => self.parts.site.is_some(),
            FactorKind::Totp | FactorKind::Ukey => true,
        }
    }

    /// As [`begin_enrolment`]; a code by SMS is on its way when this returns.
    ///
    /// # Errors
    /// [`DeskError`] with the reason.
    pub async fn begin_enrolment(&self, account: i64, wanted: Enrolment) -> Result<BegunEnrolment, DeskError> {
        let parts = Arc::clone(&self.parts);
        let begun = self.store.write(move |tx| begin_enrolment(tx, &parts, account, &wanted)).await??;
        if let ShownEnrolment::Sms { number, code } = &begun.shown {
            self.send(account, number, code).await?;
        }
        Ok(begun)
    }

    /// As [`finish_enrolment`].
    ///
    /// # Errors
    /// [`DeskError`] with the reason.
    pub async fn finish_enrolment(
        &self,
        account: i64,
        kind: FactorKind,
        challenge: i64,
        answer: Answer,
    ) -> Result<i64, DeskError> {
        self.ask_authority(account, &answer).await?;
        let parts = Arc::clone(&self.parts);
        let work = move |tx: &mut Tx<'_>| finish_enrolment(tx, &parts, account, kind, challenge, &answer);
        Ok(self.store.write(work).await??)
    }

    /// As [`begin_answer`]; a code by SMS is on its way when this returns.
    ///
    /// # Errors
    /// [`DeskError`] with the reason.
    pub async fn begin_answer(&self, account: i64, means: Means) -> Result<BegunAnswer, DeskError> {
        let parts = Arc::clone(&self.parts);
        let begun = self.store.write(move |tx| begin_answer(tx, &parts, account, means)).await??;
        if let BegunAnswer::Sms { number, code, .. } = &begun {
            self.send(account, number, code).await?;
        }
        Ok(begun)
    }

    /// As [`finish_answer`].
    ///
    /// # Errors
    /// [`DeskError`] with the reason.
    pub async fn finish_answer(
        &self,
        account: i64,
        means: Means,
        challenge: Option<i64>,
        answer: Answer,
        mark: Vec<u8>,
    ) -> Result<Answered, DeskError> {
        self.ask_authority(account, &answer).await?;
        let parts = Arc::clone(&self.parts);
        let work = move |tx: &mut Tx<'_>| finish_answer(tx, &parts, account, means, challenge, &answer, &mark);
        let answered = self.store.write(work).await?;
        match &answered {
            Err(refusal @ FactorRefusal::Webauthn(WebauthnError::CounterRollback { .. })) => {
                tracing::warn!(account, cause = %refusal, "a second factor may be in other hands");
            }
            Err(refusal) => tracing::info!(account, means = means.as_str(), cause = %refusal, "second factor refused"),
            Ok(Answered { kind: None, codes_left, .. }) => {
                tracing::warn!(account, codes_left, "a recovery code was used");
            }
            Ok(_) => {}
        }
        Ok(answered?)
    }

    /// Before the transaction that judges a certificate: whether it is revoked is asked over the network.
    async fn ask_authority(&self, account: i64, answer: &Answer) -> Result<(), DeskError> {
        let (Some(online), Answer::Certificate(chain)) = (&self.online, answer) else { return Ok(()) };
        online.check(&self.store, account, chain).await?.map_err(|refusal| {
            tracing::info!(account, cause = %refusal, "a client certificate was refused");
            refusal.into()
        })
    }

    /// Counts one message to `number`, which is no account's, if it may have one.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub fn may_text(&self, tx: &mut Tx<'_>, number: &PhoneNumber) -> Result<bool, IdentityError> {
        texting::count(tx, &self.parts.sms.now(), number)
    }

    /// Sends a partner, whose number is no account's, the code that opens what waits for him. It has been counted by [`Self::may_text`].
    ///
    /// # Errors
    /// [`DeskError`] if it cannot be sent.
    pub async fn text_partner(
        &self,
        number: &PhoneNumber,
        language: Language,
        code: &Secret<String>,
    ) -> Result<(), DeskError> {
        let service = &self.parts.issuer;
        let digits = code.expose();
        let text = Secret::new(match language {
            Language::English => {
                format!("{digits} opens the message that waits for you at {service}. It is valid for 10 minutes.")
            }
            Language::Chinese => format!("【{service}】查看加密邮件的验证码 {digits}，10 分钟内有效。"),
        });
        self.carry(number, code, &text).await.map_err(|error| {
            tracing::warn!(number = number.masked(), %error, "a code for a partner could not be sent");
            FactorRefusal::from(error).into()
        })
    }

    async fn send(&self, account: i64, number: &PhoneNumber, code: &Secret<String>) -> Result<(), DeskError> {
        if self.texting.is_none() {
            return Err(FactorRefusal::NotOffered(FactorKind::Sms).into());
        }
        let owner = self.store.read(move |tx| load_account(tx, account)).await?;
        let text = message(owner.language, &self.parts.issuer, code);
        self.carry(number, code, &text).await.map_err(|error| {
            tracing::warn!(account, number = number.masked(), %error, "a code could not be sent");
            FactorRefusal::from(error).into()
        })
    }

    /// Hands a message to the provider.
    async fn carry(&self, number: &PhoneNumber, code: &Secret<String>, text: &Secret<String>) -> Result<(), SmsError> {
        let Some((provider, carrier)) = &self.texting else { return Err(SmsError::NoProvider) };
        let context = self.store.context();
        let message = SmsMessage { to: number, code, text };
        let request = provider.request(message, context.clock.now(), &*context.entropy)?;
        let (status, body) = carrier.carry(request).await?;
        provider.read_answer(status, &body)
    }
}

/// The whole text of a message, for providers without a template.
fn message(language: Language, service: &str, code: &Secret<String>) -> Secret<String> {
    let code = code.expose();
    Secret::new(match language {
        Language::English => {
            format!("{code} is your sign-in code for {service}. It is valid for 5 minutes. Tell nobody.")
        }
        Language::Chinese => format!("【{service}】登录验证码 {code}，5 分钟内有效，请勿告诉任何人。"),
    })
}
