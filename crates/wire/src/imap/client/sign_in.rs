//! From the greeting to a session that is signed in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use env::Secret;

use super::{Client, ClientError, Event, Part, Response, Status, StatusKind};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsUse {
    /// TLS from the first octet, which the driver has begun.
    Implicit,
    /// TLS by STARTTLS, without which nothing goes on.
    StartTls,
    /// None: everything goes in clear, the password too.
    DangerousNone,
}

/// The form in which a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// RFC 7628.
    Bearer,
    /// What large providers used before.
    XOAuth2,
}

/// What is signed in with.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A password of the user, or of one who may act for others.
    Password {
        /// Whose mail it is.
        user: String,
        /// Who signs in, if another (a master user of Dovecot).
        master: Option<String>,
        /// The password.
        password: Secret<String>,
    },
    /// An access token of OAuth 2.0.
    Token {
        /// Whose mail it is.
        user: String,
        /// The token.
        token: Secret<String>,
    },
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The words cannot be followed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server refuses or goes at the greeting.
    #[error("the server does not let anybody in now: {}", .0.text)]
    Greeting(Status),
    /// No TLS is to be had.
    #[error("the server offers no STARTTLS on this port")]
    NoStartTls,
    /// Something came in clear behind the answer to STARTTLS: somebody may stand in between (RFC 3501 section 11.1).
    #[error("something came in clear after STARTTLS, as if somebody stood in between")]
    Injected,
    /// None of the ways is offered.
    #[error("the server takes neither of {wanted}; it offers {offered}")]
    NoMechanism {
        /// What was wanted.
        wanted: &'static str,
        /// What it offers.
        offered: String,
    },
    /// The server says no.
    #[error("the server refuses to sign in: {}", .0.text)]
    Refused(Status),
    /// It says no to the token, and why.
    #[error("the server refuses the token: {0}")]
    RefusedToken(String),
}

/// What a server can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Whether it is able to `name` (in capitals).
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|one| one == name)
    }

    fn from_code(status: &Status) -> Option<Self> {
        let code = status.code.as_ref().filter(|code| code.name == "CAPABILITY")?;
        Some(Self(code.rest.split_whitespace().map(str::to_ascii_uppercase).collect()))
    }

    fn mechanisms(&self) -> String {
        let all: Vec<&str> = self.0.iter().filter_map(|one| one.strip_prefix("AUTH=")).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }
}

/// What the driver does next.
#[derive(Debug)]
pub enum SignInStep {
    /// Send the output, read, [`SignIn::feed`].
    Read,
    /// Send the output, do the TLS handshake, then [`SignIn::tls_started`].
    StartTls,
    /// Signed in: [`SignIn::into_client`].
    Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    StartTls,
    Handshake,
    Capability,
    Secret,
    CapabilityAgain,
    Name,
    Ready,
}

/// The way there.
#[derive(Debug)]
pub struct SignIn {
    client: Client,
    tls: TlsUse,
    credentials: Credentials,
    capabilities: Capabilities,
    /// The response that is sent when the server waits for it.
    pending: Option<String>,
    /// What the server said of a token that it refuses.
    token_refusal: Option<String>,
    token_form: TokenForm,
    stage: Stage,
}

impl SignIn {
    /// Begins with the greeting.
    #[must_use]
    pub fn new(client: Client, tls: TlsUse, credentials: Credentials) -> Self {
        Self {
            client,
            tls,
            credentials,
            capabilities: Capabilities::default(),
            pending: None,
            token_refusal: None,
            token_form: TokenForm::Bearer,
            stage: Stage::Greeting,
        }
    }

    /// Takes what the server sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.client.feed(bytes);
    }

    /// What is to be sent; it is taken.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.client.take_output()
    }

    /// The handshake is done.
    pub fn tls_started(&mut self) {
        self.ask(Stage::Capability, "CAPABILITY");
    }

    /// The connection, signed in, and what the server can do.
    #[must_use]
    pub fn into_client(self) -> (Client, Capabilities) {
        (self.client, self.capabilities)
    }

    /// What is next.
    ///
    /// # Errors
    /// [`SignInError`] if it ends here.
    pub fn next_step(&mut self) -> Result<SignInStep, SignInError> {
        loop {
            match self.stage {
                Stage::Ready => return Ok(SignInStep::Ready),
                Stage::Handshake if self.client.has_input() => return Err(SignInError::Injected),
                Stage::Handshake => return Ok(SignInStep::StartTls),
                _ => {}
            }
            match self.client.next_event()? {
                None => return Ok(SignInStep::Read),
                Some(Event::Untagged(response)) => self.untagged(response)?,
                Some(Event::Continue(challenge)) => self.answer(&challenge),
                Some(Event::Done(status)) => self.done(status)?,
            }
        }
    }

    fn ask(&mut self, stage: Stage, command: &str) {
        self.stage = stage;
        self.client.begin(&[Part::Text(command)]);
    }

    fn untagged(&mut self, response: Response) -> Result<(), SignInError> {
        match response {
            Response::Capability(all) => self.capabilities = Capabilities(all),
            Response::Status(status) if status.kind == StatusKind::Bye => return Err(SignInError::Greeting(status)),
            Response::Status(status) if self.stage == Stage::Greeting => match status.kind {
                StatusKind::Ok if self.tls == TlsUse::StartTls => self.ask(Stage::StartTls, "STARTTLS"),
                StatusKind::Ok => self.ask(Stage::Capability, "CAPABILITY"),
                // Whoever is let in without a word may not be whom he takes himself for, and has no TLS.
                _ => return Err(SignInError::Greeting(status)),
            },
            _ => {}
        }
        Ok(())
    }

    fn done(&mut self, status: Status) -> Result<(), SignInError> {
        match self.stage {
            Stage::StartTls if status.is_ok() => {
                // What was said in clear counts for nothing.
                self.capabilities = Capabilities::default();
                self.stage = Stage::Handshake;
            }
            Stage::StartTls => return Err(SignInError::NoStartTls),
            Stage::Capability => self.show()?,
            Stage::Secret if status.is_ok() => match Capabilities::from_code(&status) {
                Some(all) => {
                    self.capabilities = all;
                    self.tell_name();
                }
                None => self.ask(Stage::CapabilityAgain, "CAPABILITY"),
            },
            Stage::Secret => {
                return Err(match self.token_refusal.take() {
                    Some(why) => SignInError::RefusedToken(why),
                    None => SignInError::Refused(status),
                });
            }
            Stage::CapabilityAgain => self.tell_name(),
            Stage::Name => self.stage = Stage::Ready,
            Stage::Greeting | Stage::Handshake | Stage::Ready => {}
        }
        Ok(())
    }

    /// Some providers show no mailbox to a program that has not said what it is (RFC 2971).
    fn tell_name(&mut self) {
        if self.capabilities.has("ID") {
            self.ask(Stage::Name, "ID (\"name\" \"tradewind\" \"vendor\" \"tradewind\")");
        } else {
            self.stage = Stage::Ready;
        }
    }

    fn show(&mut self) -> Result<(), SignInError> {
        let no_mechanism = |all: &Capabilities, wanted| SignInError::NoMechanism { wanted, offered: all.mechanisms() };
        let has = |name| self.capabilities.has(name);
        match self.credentials.clone() {
            Credentials::Token { user, token } => {
                let (form, name, message) = if has("AUTH=OAUTHBEARER") {
                    let message = format!("n,a={user},\u{1}auth=Bearer {}\u{1}\u{1}", token.expose());
                    (TokenForm::Bearer, "OAUTHBEARER", message)
                } else if has("AUTH=XOAUTH2") {
                    let message = format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose());
                    (TokenForm::XOAuth2, "XOAUTH2", message)
                } else {
                    return Err(no_mechanism(&self.capabilities, "OAUTHBEARER, XOAUTH2"));
                };
                self.token_form = form;
                self.authenticate(name, &message);
            }
            Credentials::Password { user, master, password } => {
                let password = password.expose();
                if has("AUTH=PLAIN") {
                    let (acts_for, signs_in) = match &master {
                        Some(master) => (user.as_str(), master.as_str()),
                        None => ("", user.as_str()),
                    };
                    self.authenticate("PLAIN", &format!("{acts_for}\0{signs_in}\0{password}"));
                } else if has("LOGINDISABLED") {
                    return Err(no_mechanism(&self.capabilities, "PLAIN, LOGIN"));
                } else {
                    // The form that Dovecot has for master users.
                    let name = master.map_or(user.clone(), |master| format!("{user}*{master}"));
                    self.stage = Stage::Secret;
                    self.client.begin(&[
                        Part::Text("LOGIN "),
                        Part::Bytes(name.as_bytes()),
                        Part::Text(" "),
                        Part::Bytes(password.as_bytes()),
                    ]);
                }
            }
        }
        Ok(())
    }

    fn authenticate(&mut self, mechanism: &str, message: &str) {
        let encoded = STANDARD.encode(message);
        if self.capabilities.has("SASL-IR") {
            self.ask(Stage::Secret, &format!("AUTHENTICATE {mechanism} {encoded}"));
        } else {
            self.pending = Some(encoded);
            self.ask(Stage::Secret, &format!("AUTHENTICATE {mechanism}"));
        }
    }

    fn answer(&mut self, challenge: &[u8]) {
        if self.stage != Stage::Secret {
            return;
        }
        if let Some(message) = self.pending.take() {
            self.client.send_line(message.as_bytes());
            return;
        }
        // The only other thing that a server says here is why it refuses a token; the rest of a literal has gone already.
        if matches!(self.credentials, Credentials::Token { .. }) {
            let told = STANDARD.decode(challenge).unwrap_or_default();
            let told = String::from_utf8_lossy(&told);
            self.token_refusal = Some(told.chars().filter(|char| !char.is_control()).take(300).collect());
            let farewell = if self.token_form == TokenForm::Bearer { &b"AQ=="[..] } else { b"" };
            self.client.send_line(farewell);
        }
    }
}
