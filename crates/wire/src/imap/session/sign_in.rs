//! LOGIN and the lines of a SASL exchange (RFC 9051 section 6.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{CloseReason, Code, Doing, FrameError, Line, Reply, Secret, Session, State, Step, write_status};

impl Session {
    /// Writes a challenge; the next step is [`Step::SaslResponse`] or [`Step::SaslCancelled`].
    pub fn challenge(&mut self, out: &mut Vec<u8>, challenge: &[u8]) {
        let Doing::SignIn { awaits_line, .. } = &mut self.doing else { return };
        *awaits_line = true;
        out.extend_from_slice(b"+ ");
        out.extend_from_slice(STANDARD.encode(challenge).as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Somebody has signed in. The answer carries the new capabilities.
    pub fn signed_in(&mut self, out: &mut Vec<u8>, text: &str) {
        let Some(tag) = self.end_sign_in() else { return };
        self.state = State::Authenticated;
        self.errors_in_a_row = 0;
        let capabilities = self.capabilities();
        write_status(out, Some(&tag), &Reply::ok(text).with(Code::Capability(&capabilities)));
    }

    /// Nobody has signed in: AUTHENTICATIONFAILED for wrong credentials, UNAVAILABLE where nothing could be checked,
    /// and so on (RFC 5530). Only failures with the first of these count against the connection. Slowing guesses down
    /// is the driver's part.
    pub fn sign_in_failed(&mut self, out: &mut Vec<u8>, code: Code<'_>, text: &str) {
        let Some(tag) = self.end_sign_in() else { return };
        let counts = matches!(code, Code::AuthenticationFailed);
        write_status(out, Some(&tag), &Reply::no(text).with(code));
        self.sign_in_failures += u32::from(counts);
        if self.sign_in_failures >= self.settings.limits.sign_in_failures_max {
            self.end_with(out, CloseReason::SignIns, "too many failed sign-ins");
        }
    }

    fn end_sign_in(&mut self) -> Option<String> {
        let Doing::SignIn { tag, .. } = &mut self.doing else { return None };
        let tag = std::mem::take(tag);
        self.doing = Doing::Ready;
        Some(tag)
    }

    pub(super) fn begin_sasl(
        &mut self,
        out: &mut Vec<u8>,
        tag: String,
        mechanism: String,
        initial: Option<Secret<Vec<u8>>>,
    ) -> Option<Step> {
        let initial = match initial.map(|initial| decode_initial(initial.expose())) {
            None => None,
            Some(Some(initial)) => Some(initial),
            Some(None) => {
                self.refuse(out, Some(&tag), &Reply::bad("initial response is not base64"));
                return None;
            }
        };
        self.doing = Doing::SignIn { tag, awaits_line: false };
        Some(Step::Authenticate { mechanism, initial })
    }

    /// Reads the client's line; `None` when the exchange ended with an answer of our own.
    pub(super) fn next_sasl(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        let bytes_max = self.settings.limits.sasl_line_bytes_max;
        let (response, why) = match self.framer.next_line(bytes_max) {
            Line::NeedInput => return Some(Step::Read),
            Line::Refused(FrameError::LineTooLong) => {
                self.end_with(out, CloseReason::Unframed, "response too long");
                return None;
            }
            Line::Refused(_) => (None, "lines end in CR LF"),
            Line::Whole(line) if line == b"*" => (None, "cancelled"),
            Line::Whole(line) => (STANDARD.decode(Secret::new(line).expose()).ok(), "response is not base64"),
        };
        if let Some(response) = response {
            if let Doing::SignIn { awaits_line, .. } = &mut self.doing {
                *awaits_line = false;
            }
            return Some(Step::SaslResponse(Secret::new(response)));
        }
        let tag = self.end_sign_in()?;
        self.refuse(out, Some(&tag), &Reply::bad(why));
        Some(Step::SaslCancelled)
    }
}

/// RFC 4959 section 3: `=` is an empty response.
fn decode_initial(initial: &[u8]) -> Option<Secret<Vec<u8>>> {
    if initial == b"=" {
        return Some(Secret::new(Vec::new()));
    }
    STANDARD.decode(initial).ok().map(Secret::new)
}
