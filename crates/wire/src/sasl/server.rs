//! The server's side of each mechanism.

use env::{Entropy, Secret};

use super::scram::{self, StoredKeys};
use super::token::{self, TokenCredentials};
use super::{ChannelBindings, MESSAGE_BYTES_MAX, Mechanism, prepare};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the machine wants next.
#[derive(Debug)]
pub enum Step {
    /// Send these bytes; give the client's answer to [`Server::respond`].
    Challenge(Vec<u8>),
    /// Is this the user's password, and may the user act as `authzid`? Answer with [`Server::decide`].
    CheckPassword(Credentials),
    /// Which SCRAM keys has this user? Answer with [`Server::keys`].
    FetchKeys {
        /// The prepared user name.
        user: String,
    },
    /// The client proved to know one of the user's passwords. May it sign in? Answer with [`Server::decide`].
    Authorize(Proved),
    /// Is this access token good here, and does it belong to the user, if one is named? Answer with [`Server::decide`].
    CheckToken(TokenCredentials),
    /// Whose is the certificate of this TLS connection, and may its owner act as the one named, if any? Answer with
    /// [`Server::decide`].
    CheckCertificate {
        /// Whom the client wants to act as, prepared.
        authzid: Option<String>,
    },
    /// Done: the client is who it says.
    Success(Identity),
    /// Done: not authenticated.
    Failure(Failure),
}

/// Name and password as the client sent them.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Who it wants to be.
    pub identity: Identity,
    /// The password as received, before SASLprep: apply [`prepare`] before hashing and before comparing.
    pub password: Secret<String>,
}

/// Who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose password was used, prepared with SASLprep.
    pub user: String,
    /// Whom the user wants to act as, where that is said and another.
    pub authzid: Option<String>,
}

/// SCRAM keys of one of a user's passwords.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Names the password to the caller.
    pub id: i64,
    /// Its keys.
    pub keys: StoredKeys,
}

/// Who proved to know a password, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Who it is.
    pub identity: Identity,
    /// [`Candidate::id`] of the password.
    pub candidate: i64,
}

/// Why authentication ended without success. All of `Credentials` look alike to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The message does not follow the mechanism's grammar.
    #[error("malformed SASL message")]
    Malformed,
    /// Unknown user, wrong password, or not allowed.
    #[error("invalid credentials")]
    Credentials,
    /// The client's channel binding is not that of this connection, or it thinks that we offer none: someone may stand
    /// between (RFC 5802 section 6).
    #[error("channel binding does not match")]
    ChannelBinding,
}

/// What a server knows of the connection and of itself.
#[derive(Debug, Clone)]
pub struct ServerContext {
    /// Bindings of the TLS connection; empty without TLS.
    pub bindings: ChannelBindings,
    /// Whether `SCRAM-SHA-256-PLUS` was offered on this connection.
    pub offers_plus: bool,
    /// Keeps answers for unknown users steady, so that existence does not show. Random, the same on all nodes.
    pub pretence_secret: [u8; 32],
    /// Iterations shown for unknown users: those that real users have.
    pub pretence_iterations: u32,
    /// Where a client whose token is refused finds the authorization server (RFC 7628 section 3.2.2).
    pub openid_configuration: String,
}

/// One authentication from the server's side.
#[derive(Debug)]
pub struct Server {
    mechanism: Mechanism,
    context: ServerContext,
    nonce: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Initial,
    LoginPassword {
        user: String,
    },
    Deciding {
        identity: Identity,
        signature: Option<String>,
    },
    Fetching(FirstMessage),
    ClientFinal {
        first: FirstMessage,
        server_first: String,
        candidates: Vec<Candidate>,
        known: bool,
    },
    /// The refusal has been told; the client acknowledges it.
    TokenRefused,
    Acknowledge(Identity),
    Ended,
}

/// What the client's first SCRAM message said.
#[derive(Debug)]
struct FirstMessage {
    identity: Identity,
    /// `c=` that must come back: the GS2 header and the binding's bytes.
    binding: Vec<u8>,
    bare: String,
    nonce: String,
}

impl Server {
    /// Begins; `entropy` gives the nonce.
    #[must_use]
    pub fn new(mechanism: Mechanism, context: ServerContext, entropy: &dyn Entropy) -> Self {
        let nonce = if mechanism.is_scram() { scram::nonce(entropy) } else { String::new() };
        Self { mechanism, context, nonce, state: State::Initial }
    }

    /// The mechanism in use.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes the initial response, if the client sent one with the command.
    #[must_use]
    pub fn start(&mut self, initial: Option<&[u8]>) -> Step {
        match (initial, self.mechanism) {
            (Some(response), _) => self.respond(response),
            (None, Mechanism::Login) => Step::Challenge(b"Username:".to_vec()),
            (None, _) => Step::Challenge(Vec::new()),
        }
    }

    /// Takes the client's answer to a challenge.
    #[must_use]
    pub fn respond(&mut self, response: &[u8]) -> Step {
        let Some(text) = std::str::from_utf8(response).ok().filter(|text| text.len() <= MESSAGE_BYTES_MAX) else {
            return self.fail(Failure::Malformed);
        };
        match (std::mem::replace(&mut self.state, State::Ended), self.mechanism) {
            (State::Initial, Mechanism::Plain) => self.plain(text),
            (State::Initial, Mechanism::Login) => self.login_user(text),
            (State::LoginPassword { user }, _) => self.login_password(user, text),
            (State::Initial, Mechanism::OAuthBearer | Mechanism::XOAuth2) => self.token(text),
            (State::Initial, Mechanism::External) => self.external(text),
            (State::Initial, _) => self.scram_first(text),
            (State::ClientFinal { first, server_first, candidates, known }, _) => {
                self.scram_final(first, &server_first, &candidates, known, text)
            }
            (State::TokenRefused, _) => Step::Failure(Failure::Credentials),
            (State::Acknowledge(identity), _) if text.is_empty() => Step::Success(identity),
            _ => Step::Failure(Failure::Malformed),
        }
    }

    /// Answers [`Step::FetchKeys`] with the keys of each password that the user may sign in with; none for a user that does not
    /// exist or has no keys. Several passwords can be tried only under one salt: those whose salt or rounds differ from the
    /// first one's are left aside.
    #[must_use]
    pub fn keys(&mut self, mut candidates: Vec<Candidate>) -> Step {
        let State::Fetching(mut first) = std::mem::replace(&mut self.state, State::Ended) else {
            return Step::Failure(Failure::Malformed);
        };
        let known = !candidates.is_empty();
        if !known {
            let context = &self.context;
            let user = &first.identity.user;
            let keys = StoredKeys::pretended(user, &context.pretence_secret, context.pretence_iterations);
            candidates.push(Candidate { id: 0, keys });
        }
        let Some((salt, iterations)) = candidates.first().map(|it| (it.keys.salt.clone(), it.keys.iterations)) else {
            return Step::Failure(Failure::Credentials);
        };
        candidates.retain(|it| it.keys.salt == salt && it.keys.iterations == iterations);
        first.nonce.push_str(&self.nonce);
        let server_first = format!("r={},s={},i={iterations}", first.nonce, STANDARD.encode(&salt));
        let challenge = server_first.clone().into_bytes();
        self.state = State::ClientFinal { first, server_first, candidates, known };
        Step::Challenge(challenge)
    }

    /// Answers [`Step::CheckPassword`], [`Step::Authorize`], [`Step::CheckToken`] and [`Step::CheckCertificate`]. A refused token
    /// leads to one more challenge before the failure (RFC 7628 section 3.2.3).
    #[must_use]
    pub fn decide(&mut self, allowed: bool) -> Step {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Deciding { identity, signature: None } if allowed => Step::Success(identity),
            State::Deciding { identity, signature: Some(signature) } if allowed => {
                self.state = State::Acknowledge(identity);
                Step::Challenge(format!("v={signature}").into_bytes())
            }
            State::Deciding { .. } if matches!(self.mechanism, Mechanism::OAuthBearer | Mechanism::XOAuth2) => {
                self.state = State::TokenRefused;
                Step::Challenge(token::refusal(self.mechanism, &self.context.openid_configuration).into_bytes())
            }
            _ => Step::Failure(Failure::Credentials),
        }
    }

    fn fail(&mut self, failure: Failure) -> Step {
        self.state = State::Ended;
        Step::Failure(failure)
    }

    /// RFC 4616 section 2: `[authzid] NUL authcid NUL passwd`.
    fn plain(&mut self, text: &str) -> Step {
        let mut fields = text.split('\0');
        let (Some(authzid), Some(user), Some(password), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Step::Failure(Failure::Malformed);
        };
        self.check_password(authzid, user, password)
    }

    fn login_user(&mut self, text: &str) -> Step {
        self.state = State::LoginPassword { user: text.to_owned() };
        Step::Challenge(b"Password:".to_vec())
    }

    fn login_password(&mut self, user: String, password: &str) -> Step {
        let user = Secret::new(user);
        self.check_password("", user.expose(), password)
    }

    fn check_password(&mut self, authzid: &str, user: &str, password: &str) -> Step {
        if user.is_empty() || password.is_empty() || password.contains('\0') {
            return Step::Failure(Failure::Malformed);
        }
        let Some(identity) = identity(user, authzid) else {
            return Step::Failure(Failure::Credentials);
        };
        self.state = State::Deciding { identity: identity.clone(), signature: None };
        Step::CheckPassword(Credentials { identity, password: Secret::new(password.to_owned()) })
    }

    fn token(&mut self, text: &str) -> Step {
        let read =
            if self.mechanism == Mechanism::XOAuth2 { token::read_xoauth2(text) } else { token::read_bearer(text) };
        let credentials = match read {
            Ok(credentials) => credentials,
            Err(failure) => return Step::Failure(failure),
        };
        let identity = Identity { user: credentials.user.clone().unwrap_or_default(), authzid: None };
        self.state = State::Deciding { identity, signature: None };
        Step::CheckToken(credentials)
    }

    /// RFC 4422 appendix A: the message is the authorization identity, or nothing.
    fn external(&mut self, text: &str) -> Step {
        let authzid = match text {
            "" => None,
            name => match prepare(name) {
                Ok(prepared) => Some(prepared.into_owned()),
                Err(_) => return Step::Failure(Failure::Credentials),
            },
        };
        let identity = Identity { user: authzid.clone().unwrap_or_default(), authzid: None };
        self.state = State::Deciding { identity, signature: None };
        Step::CheckCertificate { authzid }
    }

    /// RFC 5802 section 7, `client-first-message`.
    fn scram_first(&mut self, text: &str) -> Step {
        let first = match self.read_first(text) {
            Ok(first) => first,
            Err(failure) => return Step::Failure(failure),
        };
        let user = first.identity.user.clone();
        self.state = State::Fetching(first);
        Step::FetchKeys { user }
    }

    fn read_first(&self, text: &str) -> Result<FirstMessage, Failure> {
        let malformed = || Failure::Malformed;
        let (flag, rest) = text.split_once(',').ok_or_else(malformed)?;
        let (authzid, bare) = rest.split_once(',').ok_or_else(malformed)?;
        let bound = self.bound_bytes(flag)?;
        let authzid = match authzid.strip_prefix("a=") {
            Some(name) => scram::decode_name(name).ok_or_else(malformed)?,
            None if authzid.is_empty() => String::new(),
            None => return Err(Failure::Malformed),
        };
        // A mandatory extension `m=` in the place of the name ends here as malformed, as section 5.1 asks.
        let (name, rest) = scram::attribute(bare, 'n').ok_or_else(malformed)?;
        let (nonce, _) = scram::attribute(rest, 'r').ok_or_else(malformed)?;
        let name = scram::decode_name(name).ok_or_else(malformed)?;
        if !scram::is_nonce(nonce) {
            return Err(Failure::Malformed);
        }
        let header = text.strip_suffix(bare).unwrap_or_default();
        let mut binding = header.as_bytes().to_vec();
        binding.extend_from_slice(bound);
        let identity = identity(&name, &authzid).ok_or(Failure::Credentials)?;
        Ok(FirstMessage { identity, binding, bare: bare.to_owned(), nonce: nonce.to_owned() })
    }

    /// The channel's bytes that the GS2 flag promises; RFC 5802 section 6 says which flags fit which mechanism.
    fn bound_bytes(&self, flag: &str) -> Result<&[u8], Failure> {
        let plus = self.mechanism == Mechanism::ScramSha256Plus;
        match (flag, flag.strip_prefix("p=")) {
            (_, Some(name)) if plus => self.context.bindings.of_type(name).ok_or(Failure::ChannelBinding),
            ("n", _) if !plus => Ok(&[]),
            // The client could bind and saw no -PLUS offered. If we offered it, someone took it away.
            ("y", _) if !plus && !self.context.offers_plus => Ok(&[]),
            ("y", _) => Err(Failure::ChannelBinding),
            _ => Err(Failure::Malformed),
        }
    }

    /// RFC 5802 section 7, `client-final-message`.
    fn scram_final(
        &mut self,
        first: FirstMessage,
        server_first: &str,
        candidates: &[Candidate],
        known: bool,
        text: &str,
    ) -> Step {
        let Some((without_proof, proof)) = text.rsplit_once(",p=") else {
            return Step::Failure(Failure::Malformed);
        };
        let parsed = scram::attribute(without_proof, 'c')
            .and_then(|(binding, rest)| Some((STANDARD.decode(binding).ok()?, scram::attribute(rest, 'r')?.0)));
        let (Some((binding, nonce)), Ok(proof)) = (parsed, STANDARD.decode(proof)) else {
            return Step::Failure(Failure::Malformed);
        };
        if binding != first.binding {
            return Step::Failure(Failure::ChannelBinding);
        }
        if nonce != first.nonce {
            return Step::Failure(Failure::Malformed);
        }
        let auth_message = format!("{},{server_first},{without_proof}", first.bare);
        // Each is tried, so that time does not tell which one fits.
        let mut proved = None;
        for candidate in candidates {
            if candidate.keys.proves(auth_message.as_bytes(), &proof) {
                proved = Some(candidate);
            }
        }
        let Some(proved) = proved.filter(|_| known) else {
            return Step::Failure(Failure::Credentials);
        };
        let signature = Some(proved.keys.server_signature(auth_message.as_bytes()));
        self.state = State::Deciding { identity: first.identity.clone(), signature };
        Step::Authorize(Proved { identity: first.identity, candidate: proved.id })
    }
}

/// Prepares both names; none if SASLprep prohibits them.
fn identity(user: &str, authzid: &str) -> Option<Identity> {
    let user = prepare(user).ok()?.into_owned();
    let authzid = match authzid {
        "" => None,
        other => Some(prepare(other).ok()?.into_owned()).filter(|authzid| *authzid != user),
    };
    Some(Identity { user, authzid })
}
