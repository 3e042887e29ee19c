//! Signing in: LOGIN and AUTHENTICATE.

use std::time::Duration;

use env::Secret;
use identity::{AuthFailure, Principal};
use wire::imap::Code;
use wire::sasl::{self, ChannelBindings, Mechanism, ServerContext};

use crate::connection::Connection;
use crate::figures::count;

/// Wait before the answer to a failed sign-in, so that guessing is slow.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);

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
        let context = ServerContext {
            offers_plus: bindings.any(),
            bindings,
            pretence_secret: self.server.sign_in.pretence_secret(),
            pretence_iterations: self.server.sign_in.pretence_iterations(),
        };
        let mut exchange = sasl::Server::new(mechanism, context, &*self.server.store.context().entropy);
        let step = exchange.start(initial.as_ref().map(|initial| initial.expose().as_slice()));
        self.sasl = Some(exchange);
        self.continue_sasl(step).await;
    }

    /// The client's next line of the exchange.
    pub(crate) async fn respond(&mut self, response: &Secret<Vec<u8>>) {
        let Some(exchange) = &mut self.sasl else { return };
        let step = exchange.respond(response.expose());
        self.continue_sasl(step).await;
    }

    async fn continue_sasl(&mut self, mut step: sasl::Step) {
        let mut principal = None;
        loop {
            step = match step {
                sasl::Step::Challenge(challenge) => {
                    self.session.challenge(&mut self.out, &challenge);
                    return;
                }
                sasl::Step::CheckPassword(credentials) => {
                    let user = credentials.identity.user;
                    match self.server.sign_in.authenticate(&user, &credentials.password, &self.client()).await {
                        Ok(found) => self.decide(&mut principal, found),
                        Err(failure) => return self.finish_sign_in(Err(failure)).await,
                    }
                }
                sasl::Step::FetchKeys { user } => match self.server.sign_in.scram_keys(&user, &self.client()).await {
                    Ok(keys) => match &mut self.sasl {
                        Some(exchange) => exchange.keys(keys),
                        None => return,
                    },
                    Err(failure) => return self.finish_sign_in(Err(failure)).await,
                },
                sasl::Step::Authorize(identity) => {
                    match self.server.sign_in.scram_succeeded(&identity.user, &self.client()).await {
                        Ok(found) => self.decide(&mut principal, found),
                        Err(failure) => return self.finish_sign_in(Err(failure)).await,
                    }
                }
                sasl::Step::Success(_) => {
                    let outcome = principal.or_else(|| self.pending_principal.take()).ok_or(AuthFailure::Refused);
                    return self.finish_sign_in(outcome).await;
                }
                sasl::Step::Failure(_) => return self.finish_sign_in(Err(AuthFailure::Refused)).await,
            };
        }
    }

    /// Lets the exchange go on for `found`, who is kept until it ends: SCRAM has one message more to come.
    fn decide(&mut self, principal: &mut Option<Principal>, found: Principal) -> sasl::Step {
        self.pending_principal = Some(found.clone());
        *principal = Some(found);
        match &mut self.sasl {
            Some(exchange) => exchange.decide(true),
            None => sasl::Step::Failure(sasl::Failure::Credentials),
        }
    }

    async fn finish_sign_in(&mut self, outcome: Result<Principal, AuthFailure>) {
        self.sasl = None;
        self.pending_principal = None;
        let from = self.stream.peer().ip();
        match outcome {
            Ok(principal) => {
                count(&self.server.figures.sign_ins);
                tracing::info!(account = principal.account, %from, "signed in to read mail");
                self.principal = Some(principal);
                self.session.signed_in(&mut self.out, "signed in");
            }
            Err(failure) => {
                count(&self.server.figures.sign_in_failures);
                tracing::info!(%from, %failure, "sign-in to read mail failed");
                tokio::time::sleep(FAILURE_PAUSE).await;
                let (code, text) = match failure {
                    AuthFailure::Refused | AuthFailure::Disabled => {
                        (Code::AuthenticationFailed, "unknown user or wrong password")
                    }
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
