//! From the greeting to the first transaction: EHLO, STARTTLS, AUTH.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Entropy;

use super::{Answer, Awaited, CloseCause, Offers, Session, Stage};
use crate::sasl::{self, Mechanism};
use crate::smtp::TlsInfo;

impl Session {
    pub(super) fn take_opening(&mut self, awaited: Awaited, answer: Answer) {
        match (awaited, answer.code) {
            (Awaited::Greeting, 220) => self.say_ehlo(),
            (Awaited::Ehlo, 250) => {
                self.offers = parse_offers(&answer.text);
                self.after_ehlo();
            }
            // RFC 5321 section 3.2: a server that does not know EHLO is greeted in the old way, whatever it calls its ignorance.
            (Awaited::Ehlo, 500..=599) => {
                let line = format!("HELO {}", self.config.hello);
                self.command(&line, Awaited::Helo);
            }
            (Awaited::Helo, 250) => self.after_ehlo(),
            (Awaited::StartTls, 220) if self.replies.is_empty() => self.stage = Stage::Handshake,
            (Awaited::StartTls, 220) => self.close(CloseCause::Injection),
            // The offer was none; what that means is for the driver to decide, as the connection stays in clear.
            (Awaited::StartTls, _) => {
                self.offers.starttls = false;
                self.after_ehlo();
            }
            (Awaited::Auth, 334) => self.answer_challenge(&answer),
            (Awaited::Auth, 235) => self.take_success(),
            (_, 421) => self.close(CloseCause::Leaving(answer)),
            _ => self.close(CloseCause::Refused(answer)),
        }
    }

    fn say_ehlo(&mut self) {
        let line = format!("EHLO {}", self.config.hello);
        self.command(&line, Awaited::Ehlo);
    }

    fn after_ehlo(&mut self) {
        if self.tls.is_none() && self.config.starttls && self.offers.starttls {
            self.command("STARTTLS", Awaited::StartTls);
        } else {
            self.stage = Stage::Ready;
        }
    }

    /// The handshake is done: everything that was said in clear is forgotten (RFC 3207 section 4.2).
    pub fn tls_started(&mut self, info: TlsInfo) {
        if matches!(self.stage, Stage::Handshake) {
            self.tls = Some(info);
            self.offers = Offers::default();
            self.stage = Stage::Greeting;
            self.say_ehlo();
        }
    }

    /// Whether the session still has to sign in: there are credentials, and nobody has.
    #[must_use]
    pub const fn needs_sign_in(&self) -> bool {
        self.config.credentials.is_some() && !self.signed_in
    }

    /// Signs in with the strongest mechanism that both sides know; call at [`super::Step::Ready`]. Without TLS, or without a
    /// common mechanism, the session closes instead.
    pub fn sign_in(&mut self, entropy: &dyn Entropy) {
        let Some(credentials) = self.config.credentials.clone() else { return };
        let Some(tls) = &self.tls else {
            let refusal = Answer::ours(523, (5, 7, 10), "signing in needs TLS, which the relay does not offer");
            return self.close(CloseCause::Refused(refusal));
        };
        let offered =
            |mechanism: &&Mechanism| self.offers.auth.iter().any(|name| name.eq_ignore_ascii_case(mechanism.name()));
        let usable = Mechanism::WITH_PASSWORD
            .iter()
            .filter(offered)
            .find_map(|mechanism| sasl::Client::new(*mechanism, credentials.clone(), &tls.bindings, entropy).ok());
        let Some(mut client) = usable else {
            let refusal = Answer::ours(504, (5, 5, 4), "the relay offers no way to sign in that we know");
            return self.close(CloseCause::Refused(refusal));
        };
        let line = match client.initial() {
            // RFC 4954 section 4: an empty initial response is an equals sign.
            Some(initial) if initial.is_empty() => format!("AUTH {} =", client.mechanism()),
            Some(initial) => format!("AUTH {} {}", client.mechanism(), STANDARD.encode(initial)),
            None => format!("AUTH {}", client.mechanism()),
        };
        self.sasl = Some(client);
        self.command(&line, Awaited::Auth);
    }

    /// The server says that we are signed in. With SCRAM it must have proved by now that it knows the password too
    /// (RFC 5802 section 5.1); one that skips its proof, or lets us in after we cancelled, is an impostor.
    fn take_success(&mut self) {
        if self.sasl.take().is_some_and(|client| client.is_complete()) {
            self.signed_in = true;
            self.after_ehlo();
        } else {
            self.close(CloseCause::Protocol("the relay let us in without proving that it knows the password"));
        }
    }

    fn answer_challenge(&mut self, answer: &Answer) {
        let challenge = STANDARD.decode(answer.text.trim()).ok();
        let response = challenge.zip(self.sasl.as_mut()).map(|(challenge, client)| client.respond(&challenge));
        match response {
            Some(Ok(response)) => {
                let line = STANDARD.encode(response);
                self.command(&line, Awaited::Auth);
            }
            // RFC 4954 section 4: an asterisk cancels.
            _ => {
                self.sasl = None;
                self.command("*", Awaited::Auth);
            }
        }
    }
}

/// The extensions in a reply to EHLO, whose first line is the server's name.
fn parse_offers(text: &str) -> Offers {
    let mut offers = Offers::default();
    for line in text.lines().skip(1) {
        let mut words = line.split_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PIPELINING" => offers.pipelining = true,
            "8BITMIME" => offers.eight_bit_mime = true,
            "SMTPUTF8" => offers.smtputf8 = true,
            "DSN" => offers.dsn = true,
            "STARTTLS" => offers.starttls = true,
            "REQUIRETLS" => offers.require_tls = true,
            "SIZE" => offers.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
            "AUTH" => offers.auth.extend(words.map(str::to_owned)),
            // Old servers write `AUTH=LOGIN`.
            other if other.starts_with("AUTH=") => offers.auth.extend(other.get(5..).map(str::to_owned)),
            _ => {}
        }
    }
    offers
}
