//! The client's side of each mechanism, for smart hosts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Entropy, Secret};
use zeroize::Zeroize;

use super::scram::{self, ITERATIONS_MAX};
use super::{ChannelBindings, MESSAGE_BYTES_MAX, Mechanism, prepare};

/// What we sign in with.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// User name.
    pub user: String,
    /// Its password.
    pub password: Secret<String>,
}

/// Why the exchange cannot go on. The cause lies with server or settings: trying again as is will not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// SASLprep (RFC 4013) prohibits the name or the password.
    #[error("user name or password holds characters that SASL does not allow")]
    Unpreparable,
    /// The server's message does not follow the mechanism's grammar.
    #[error("malformed SASL challenge from the server")]
    Malformed,
    /// Iterations or salt out of bounds.
    #[error("the server asks for more than {ITERATIONS_MAX} iterations, or for too few")]
    Iterations,
    /// The server does not know the password either: it may be an impostor.
    #[error("the server did not prove that it knows the password")]
    ServerSignature,
    /// The mechanism takes no password.
    #[error("the mechanism takes no user name and password")]
    WithoutPassword,
    /// No binding of the connection is at hand, which `-PLUS` needs.
    #[error("no channel binding for a -PLUS mechanism")]
    NoBinding,
}

/// One authentication from the client's side.
#[derive(Debug)]
pub struct Client {
    mechanism: Mechanism,
    credentials: ClientCredentials,
    state: State,
}

#[derive(Debug)]
enum State {
    Plain,
    LoginUser,
    LoginPassword,
    ScramFirst { binding: Vec<u8>, header: String, bare: String, nonce: String },
    ScramServerFirst { binding: Vec<u8>, bare: String, nonce: String },
    ScramServerFinal { salted: Secret<[u8; 32]>, auth_message: String },
    Done,
}

impl Client {
    /// Prepares the exchange.
    ///
    /// # Errors
    /// If the credentials cannot be prepared, or `-PLUS` is asked for without a binding.
    pub fn new(
        mechanism: Mechanism,
        credentials: ClientCredentials,
        bindings: &ChannelBindings,
        entropy: &dyn Entropy,
    ) -> Result<Self, ClientError> {
        let state = match mechanism {
            Mechanism::Plain => State::Plain,
            Mechanism::Login => State::LoginUser,
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                let (header, bound) = gs2(mechanism, bindings)?;
                let user = prepare(&credentials.user).map_err(|_| ClientError::Unpreparable)?;
                let nonce = scram::nonce(entropy);
                let bare = format!("n={},r={nonce}", scram::encode_name(&user));
                let mut binding = header.clone().into_bytes();
                binding.extend_from_slice(bound);
                State::ScramFirst { binding, header, bare, nonce }
            }
            Mechanism::OAuthBearer | Mechanism::XOAuth2 | Mechanism::External => {
                return Err(ClientError::WithoutPassword);
            }
        };
        Ok(Self { mechanism, credentials, state })
    }

    /// The mechanism in use.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The response to send along with the command, for mechanisms in which the client speaks first.
    pub fn initial(&mut self) -> Option<Vec<u8>> {
        (self.mechanism != Mechanism::Login).then(|| self.respond(b"").unwrap_or_default())
    }

    /// The answer to a challenge.
    ///
    /// # Errors
    /// If the challenge is malformed, or the server fails to prove itself; cancel the exchange then.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, ClientError> {
        let text = std::str::from_utf8(challenge).ok().filter(|text| text.len() <= MESSAGE_BYTES_MAX);
        let text = text.ok_or(ClientError::Malformed)?;
        match std::mem::replace(&mut self.state, State::Done) {
            State::Plain => {
                let ClientCredentials { user, password } = &self.credentials;
                Ok(format!("\0{user}\0{}", password.expose()).into_bytes())
            }
            State::LoginUser => {
                self.state = State::LoginPassword;
                Ok(self.credentials.user.clone().into_bytes())
            }
            State::LoginPassword => Ok(self.credentials.password.expose().clone().into_bytes()),
            State::ScramFirst { binding, header, bare, nonce } => {
                let message = format!("{header}{bare}").into_bytes();
                self.state = State::ScramServerFirst { binding, bare, nonce };
                Ok(message)
            }
            State::ScramServerFirst { binding, bare, nonce } => self.finish(&binding, &bare, &nonce, text),
            State::ScramServerFinal { salted, auth_message } => {
                let signature = scram::attribute(text, 'v').and_then(|(value, _)| STANDARD.decode(value).ok());
                let signature = signature.ok_or(ClientError::ServerSignature)?;
                if !scram::server_proves(salted.expose(), auth_message.as_bytes(), &signature) {
                    return Err(ClientError::ServerSignature);
                }
                Ok(Vec::new())
            }
            State::Done => Err(ClientError::Malformed),
        }
    }

    /// Whether the server has proved all that the mechanism asks of it; a success that comes earlier is a fraud.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn finish(&mut self, binding: &[u8], bare: &str, nonce: &str, text: &str) -> Result<Vec<u8>, ClientError> {
        let malformed = ClientError::Malformed;
        let (full_nonce, rest) = scram::attribute(text, 'r').ok_or(malformed)?;
        let (salt, rest) = scram::attribute(rest, 's').ok_or(malformed)?;
        let (iterations, _) = scram::attribute(rest, 'i').ok_or(malformed)?;
        let salt = STANDARD.decode(salt).map_err(|_| malformed)?;
        let iterations: u32 = iterations.parse().map_err(|_| malformed)?;
        if !full_nonce.starts_with(nonce) || full_nonce.len() == nonce.len() || !scram::is_nonce(full_nonce) {
            return Err(malformed);
        }
        let password = prepare(self.credentials.password.expose()).map_err(|_| ClientError::Unpreparable)?;
        let mut salted = scram::salt_password(&password, &salt, iterations).ok_or(ClientError::Iterations)?;
        let without_proof = format!("c={},r={full_nonce}", STANDARD.encode(binding));
        let auth_message = format!("{bare},{text},{without_proof}");
        let proof = scram::client_proof(&salted, auth_message.as_bytes());
        self.state = State::ScramServerFinal { salted: Secret::new(salted), auth_message };
        salted.zeroize();
        Ok(format!("{without_proof},p={proof}").into_bytes())
    }
}

/// The GS2 header and the bytes that it binds (RFC 5802 section 6). `y` would say that the server lacks `-PLUS`; we say
/// `n` without a binding, `y` where we have one and the server offered none.
fn gs2(mechanism: Mechanism, bindings: &ChannelBindings) -> Result<(String, &[u8]), ClientError> {
    if mechanism == Mechanism::ScramSha256 {
        let flag = if bindings.any() { 'y' } else { 'n' };
        return Ok((format!("{flag},,"), &[]));
    }
    for name in ["tls-exporter", "tls-server-end-point"] {
        if let Some(bytes) = bindings.of_type(name) {
            return Ok((format!("p={name},,"), bytes));
        }
    }
    Err(ClientError::NoBinding)
}
