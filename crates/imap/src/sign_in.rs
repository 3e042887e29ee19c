//! Signing in: LOGIN and AUTHENTICATE.

use std::sync::Arc;
use std::time::Duration;

use env::Secret;
use identity::{AuthFailure, Principal};
use wire::imap::Code;
use wire::sasl::{self, ChannelBindings, Mechanism, ServerContext};

use crate::connection::Connection;
use crate::figures::count;

/// Wait before the answer to a failed sign-in, so that guessing is slow.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);

/// All that a client learns that is refused. It says how to get in where a second factor is required, to everybody alike: whoever
/// guesses learns nothing of the guess.
const REFUSED: &str = "unknown user or wrong password; with a second factor, use an app password or OAuth in place of the account password";

/// A SASL exchange under way.
pub(crate) struct Exchange {
    sasl: sasl::Server,
    /// What was decided, while the mechanism has messages to come.
    outcome: Option<Result<Principal, AuthFailure>>,
}

impl Connection<'_> {
    /// LOGIN (RFC 9051 section 6.2.3).
    pub(crate) async fn login(&mut self, user: &str, password: &Secret<Vec<u8>>) {
        let outcome = match String::from_utf8(password.expose().clone()) {
            Ok(password) => self.server.sign_in.authenticate(user, &Secret::new(password), &self.client()).await,
            Err(_) => Err(AuthFailure::Refused),
        };
        self.finish_sign_in(outcome).await;
    }

    /// AUTHENTICATE (RFC 9051 section 6.2.2): begins the exchange.
    pub(crate) async fn authenticate(&mut self, mechanism: &str, initial: Option<Secret<Vec<u8>>>) {
        let Some(mechanism) = Mechanism::from_name(mechanism) else {
            self.session.sign_in_failed(&mut self.out, Code::Cannot, "mechanism not offered");
            return;
        };
        let bindings = self.channel_bindings();
        let sign_in = &self.server.sign_in;
        let context = ServerContext {
            offers_plus: bindings.any(),
            bindings,
            pretence_secret: sign_in.pretence_secret(),
            pretence_iterations: sign_in.pretence_iterations(),
            openid_configuration: sign_in.openid_configuration(),
        };
        let mut exchange = sasl::Server::new(mechanism, context, &*self.server.store.context().entropy);
        let step = exchange.start(initial.as_ref().map(|initial| initial.expose().as_slice()));
        self.exchange = Some(Exchange { sasl: exchange, outcome: None });
        self.continue_sasl(step).await;
    }

    /// The client's next line of the exchange.
    pub(crate) async fn respond(&mut self, response: &Secret<Vec<u8>>) {
        let Some(exchange) = &mut self.exchange else { return };
        let step = exchange.sasl.respond(response.expose());
        self.continue_sasl(step).await;
    }

    async fn continue_sasl(&mut self, mut step: sasl::Step) {
        let client = self.client();
        let sign_in = Arc::clone(&self.server.sign_in);
        loop {
            step = match step {
                sasl::Step::Challenge(challenge) => {
                    self.session.challenge(&mut self.out, &challenge);
                    return;
                }
                sasl::Step::CheckPassword(shown) => {
                    let found = sign_in.authenticate(&shown.identity.user, &shown.password, &client).await;
                    self.decide(found.and_then(|found| found.acting_as(shown.identity.authzid.as_deref())))
                }
                sasl::Step::FetchKeys { user } => match sign_in.scram_keys(&user, &client).await {
                    Ok(keys) => match &mut self.exchange {
                        Some(exchange) => exchange.sasl.keys(keys),
                        None => return,
                    },
                    Err(failure) => return self.finish_sign_in(Err(failure)).await,
                },
                sasl::Step::Authorize(proved) => {
                    let found = sign_in.scram_succeeded(&proved, &client).await;
                    self.decide(found.and_then(|found| found.acting_as(proved.identity.authzid.as_deref())))
                }
                sasl::Step::CheckToken(shown) => {
                    let found = sign_in.token(&shown, &client).await;
                    self.decide(found)
                }
                sasl::Step::CheckCertificate { authzid } => {
                    let chain = self.stream.peer_certificates().to_vec();
                    let found = sign_in.certificate(&chain, authzid.as_deref(), &client).await;
                    self.decide(found)
                }
                sasl::Step::Success(_) | sasl::Step::Failure(_) => {
                    let is_success = matches!(step, sasl::Step::Success(_));
                    let outcome = self.exchange.take().and_then(|exchange| exchange.outcome);
                    let outcome = outcome.filter(|outcome| outcome.is_ok() == is_success);
                    return self.finish_sign_in(outcome.unwrap_or(Err(AuthFailure::Refused))).await;
                }
            };
        }
    }

    /// Lets the exchange go on with `outcome`, which is kept until it ends: some mechanisms have one message more to come.
    fn decide(&mut self, outcome: Result<Principal, AuthFailure>) -> sasl::Step {
        match &mut self.exchange {
            Some(exchange) => {
                let step = exchange.sasl.decide(outcome.is_ok());
                exchange.outcome = Some(outcome);
                step
            }
            None => sasl::Step::Failure(sasl::Failure::Credentials),
        }
    }

    async fn finish_sign_in(&mut self, outcome: Result<Principal, AuthFailure>) {
        self.exchange = None;
        let from = self.stream.peer().ip();
        match outcome {
            Ok(principal) => {
                count(&self.server.figures.sign_ins);
                let method = principal.method.as_str();
                tracing::info!(account = principal.account, %from, method, "signed in to read mail");
                self.lasting = Some(self.server.sign_in.watch(&principal));
                self.principal = Some(principal);
                self.session.signed_in(&mut self.out, "signed in");
            }
            Err(failure) => {
                count(&self.server.figures.sign_in_failures);
                tracing::info!(%from, %failure, "sign-in to read mail failed");
                tokio::time::sleep(FAILURE_PAUSE).await;
                let (code, text) = match failure {
                    AuthFailure::Refused
                    | AuthFailure::Disabled
                    | AuthFailure::AppPasswordNeeded
                    | AuthFailure::PasswordTooOld
                    | AuthFailure::OutOfScope
                    | AuthFailure::Unusual
                    | AuthFailure::Frozen
                    | AuthFailure::Unasked(_) => (Code::AuthenticationFailed, REFUSED),
                    AuthFailure::Throttled { .. } => {
                        (Code::Limit, "too many failed sign-ins, wait before the next one")
                    }
                    AuthFailure::Temporary(_) => (Code::Unavailable, "sign-in does not work now, try again later"),
                };
                self.session.sign_in_failed(&mut self.out, code, text);
            }
        }
    }

    fn channel_bindings(&self) -> ChannelBindings {
        let exporter = self.stream.tls_info().and_then(|info| info.exporter);
        ChannelBindings { tls_exporter: exporter.map(|bytes| bytes.to_vec()), tls_server_end_point: None }
    }
}
