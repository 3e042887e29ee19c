//! One connection from greeting to farewell (RFC 9051 section 3), without I/O.
//!
//! The driver feeds bytes, asks [`Session::next`] what to do, does it, and reports. Replies that the session gives by
//! itself are put into the driver's output buffer in order. One command is under way at a time; what the client sent
//! ahead waits in the input buffer, and the driver reads no more until the session asks: that is the back-pressure.

mod capability;
mod rules;
mod sign_in;

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

use std::sync::Arc;

use env::Secret;

use super::command::{Command, Tagged};
use super::frame::{Frame, FrameError, Framed, Framer, Line};
use super::limits::Limits;
use super::parse::{ParseError, parse};
use super::response::{Code, Reply, Status, write_status};

/// The longest line that may end IDLE, in bytes.
const IDLE_LINE_BYTES_MAX: usize = 1024;

/// What all sessions of a listener have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name in the greeting.
    pub host: String,
    /// SASL mechanisms in capitals, best first, offered under TLS only.
    pub mechanisms: Vec<String>,
    /// Whether STARTTLS is offered on a connection without TLS.
    pub starttls: bool,
    /// Whether COMPRESS=DEFLATE is offered.
    pub compress: bool,
    /// The bounds.
    pub limits: Limits,
}

/// What the driver does next.
#[derive(Debug)]
pub enum Step {
    /// Send what is in the output buffer, read, and [`Session::feed`].
    Read,
    /// A call is due from the driver before anything else: it has not reported on the last step.
    Busy,
    /// Execute this, then [`Session::complete`].
    Command(Tagged),
    /// Check these, then [`Session::signed_in`] or [`Session::sign_in_failed`].
    Login {
        /// The name.
        user: String,
        /// The password.
        password: Secret<Vec<u8>>,
    },
    /// Begin a SASL exchange, then [`Session::challenge`], [`Session::signed_in`] or [`Session::sign_in_failed`].
    Authenticate {
        /// One of [`Settings::mechanisms`].
        mechanism: String,
        /// The initial response, decoded.
        initial: Option<Secret<Vec<u8>>>,
    },
    /// The client's answer to the challenge; then as with [`Step::Authenticate`].
    SaslResponse(Secret<Vec<u8>>),
    /// The client gave up: forget the exchange and ask for the next step. The answer is written.
    SaslCancelled,
    /// Send the output, do the TLS handshake, then [`Session::tls_started`].
    StartTls,
    /// Send the output, compress both directions from here on, then [`Session::compress_started`].
    StartCompress,
    /// Report changes while reading, until [`Step::IdleDone`]. Asking for the next step is allowed at any time.
    IdleStart,
    /// The client ended IDLE: [`Session::complete`].
    IdleDone,
    /// Send the output and close.
    Close(CloseReason),
}

/// Why the session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// LOGOUT.
    Logout,
    /// The input cannot be followed any more.
    Unframed,
    /// Too many refused commands in a row.
    Errors,
    /// Too many failed sign-ins.
    SignIns,
    /// Bytes in clear after STARTTLS or COMPRESS (RFC 9051 section 11.1: never to be taken for commands).
    Injection,
    /// [`Session::bye`] was called.
    Driver,
}

/// Where the session stands (RFC 9051 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has signed in.
    NotAuthenticated,
    /// Signed in, no mailbox selected.
    Authenticated,
    /// A mailbox is selected.
    Selected {
        /// By EXAMINE.
        read_only: bool,
    },
}

/// What the client has enabled (RFC 9051 section 6.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enabled {
    /// CONDSTORE, also by a command that implies it (RFC 7162 section 3.1).
    pub condstore: bool,
    /// QRESYNC, which implies CONDSTORE: expunges are told by VANISHED.
    pub qresync: bool,
    /// UTF8=ACCEPT (RFC 6855).
    pub utf8_accept: bool,
    /// IMAP4rev2.
    pub imap4rev2: bool,
}

impl Enabled {
    /// Whether strings and mailbox names are UTF-8 in both directions.
    pub const fn utf8(self) -> bool {
        self.utf8_accept || self.imap4rev2
    }
}

/// What is under way.
#[derive(Debug)]
enum Doing {
    Ready,
    Command { tag: String, after: After },
    SignIn { tag: String, awaits_line: bool },
    Idle { tag: String },
    StartTls,
    StartCompress,
    Closed(CloseReason),
}

/// What a command's success or failure does to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Select {
        read_only: bool,
    },
    Deselect,
    /// IDLE ended by something else than DONE.
    BadIdle,
}

/// The session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    framer: Framer,
    state: State,
    doing: Doing,
    enabled: Enabled,
    is_tls: bool,
    is_compressed: bool,
    errors_in_a_row: u32,
    sign_in_failures: u32,
    withheld: &'static [&'static str],
}

impl Session {
    /// A connection just accepted, under TLS already or not. Its first output is [`Session::greet`].
    pub fn new(settings: Arc<Settings>, is_tls: bool) -> Self {
        Self {
            settings,
            framer: Framer::default(),
            state: State::NotAuthenticated,
            doing: Doing::Ready,
            enabled: Enabled::default(),
            is_tls,
            is_compressed: false,
            errors_in_a_row: 0,
            sign_in_failures: 0,
            withheld: &[],
        }
    }

    /// Offers all mechanisms but these, which cannot work on this connection.
    pub fn withhold(&mut self, mechanisms: &'static [&'static str]) {
        self.withheld = mechanisms;
    }

    /// Writes the greeting.
    pub fn greet(&self, out: &mut Vec<u8>) {
        let capabilities = self.capabilities();
        let text = format!("{} ready", self.settings.host);
        write_status(out, None, &Reply::ok(&text).with(Code::Capability(&capabilities)));
    }

    /// Takes bytes from the client, after [`Step::Read`] or while idling.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.doing, Doing::Closed(_)) {
            self.framer.feed(bytes);
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What the client has enabled.
    pub fn enabled(&self) -> Enabled {
        self.enabled
    }

    /// Whether TLS protects the connection.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether the client is in the middle of a command, which bounds how long to wait for it.
    pub fn is_inside_command(&self) -> bool {
        self.framer.is_inside_command()
    }

    /// What to do next. Own answers go to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Step {
        loop {
            let step = match &self.doing {
                Doing::Closed(reason) => Some(Step::Close(*reason)),
                Doing::Idle { .. } => Some(self.next_idle(out)),
                Doing::SignIn { awaits_line: true, .. } => self.next_sasl(out),
                Doing::Ready => self.next_command(out),
                _ => Some(Step::Busy),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Reports how the command of [`Step::Command`] or [`Step::IdleDone`] ended, and writes its answer.
    pub fn complete(&mut self, out: &mut Vec<u8>, reply: &Reply<'_>) {
        let Doing::Command { tag, after } = &mut self.doing else { return };
        let (tag, after) = (std::mem::take(tag), *after);
        self.doing = Doing::Ready;
        let is_ok = reply.status == Status::Ok;
        match after {
            // A mailbox may be readable only, whatever the client asked for.
            After::Select { read_only } if is_ok => {
                self.state = State::Selected { read_only: read_only || matches!(reply.code, Code::ReadOnly) };
            }
            // A SELECT that fails leaves nothing selected (RFC 9051 section 6.3.2).
            After::Select { .. } => self.state = State::Authenticated,
            After::Deselect if is_ok => self.state = State::Authenticated,
            After::BadIdle => {
                self.refuse(out, Some(&tag), &Reply::bad("expected DONE"));
                return;
            }
            _ => {}
        }
        if reply.status == Status::Bad {
            self.refuse(out, Some(&tag), reply);
        } else {
            self.errors_in_a_row = 0;
            write_status(out, Some(&tag), reply);
        }
    }

    /// The TLS handshake is done. Whatever was known before is forgotten (RFC 9051 section 6.2.1).
    pub fn tls_started(&mut self) {
        if matches!(self.doing, Doing::StartTls) {
            self.doing = Doing::Ready;
            self.is_tls = true;
            self.enabled = Enabled::default();
            self.framer.clear();
        }
    }

    /// Both directions are compressed.
    pub fn compress_started(&mut self) {
        if matches!(self.doing, Doing::StartCompress) {
            self.doing = Doing::Ready;
            self.is_compressed = true;
        }
    }

    /// Ends the session from the driver's side: idle too long, shutting down, account closed.
    pub fn bye(&mut self, out: &mut Vec<u8>, code: Code<'_>, text: &str) {
        if !matches!(self.doing, Doing::Closed(_)) {
            self.close(out, CloseReason::Driver, &Reply { status: Status::Bye, code, text });
        }
    }

    fn close(&mut self, out: &mut Vec<u8>, reason: CloseReason, bye: &Reply<'_>) {
        write_status(out, None, bye);
        self.framer.clear();
        self.doing = Doing::Closed(reason);
    }

    fn end_with(&mut self, out: &mut Vec<u8>, reason: CloseReason, text: &str) {
        self.close(out, reason, &Reply { status: Status::Bye, code: Code::None, text });
    }

    /// Writes a refusal. BAD is counted, and the last one allowed ends the session.
    fn refuse(&mut self, out: &mut Vec<u8>, tag: Option<&str>, reply: &Reply<'_>) {
        write_status(out, tag, reply);
        self.errors_in_a_row += u32::from(reply.status == Status::Bad);
        if self.errors_in_a_row >= self.settings.limits.errors_in_a_row_max {
            self.end_with(out, CloseReason::Errors, "too many errors");
        }
    }

    fn next_idle(&mut self, out: &mut Vec<u8>) -> Step {
        let line = match self.framer.next_line(IDLE_LINE_BYTES_MAX) {
            Line::NeedInput => return Step::Read,
            Line::Whole(line) => line,
            Line::Refused(FrameError::LineTooLong) => {
                self.end_with(out, CloseReason::Unframed, "expected DONE");
                return Step::Close(CloseReason::Unframed);
            }
            Line::Refused(_) => Vec::new(),
        };
        let Doing::Idle { tag } = &mut self.doing else { return Step::Busy };
        let after = if line.eq_ignore_ascii_case(b"DONE") { After::Nothing } else { After::BadIdle };
        self.doing = Doing::Command { tag: std::mem::take(tag), after };
        Step::IdleDone
    }

    fn next_command(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        let signed_in = self.state != State::NotAuthenticated;
        match self.framer.next(&self.settings.limits, signed_in) {
            Framed::NeedInput => Some(Step::Read),
            Framed::Continue => {
                out.extend_from_slice(b"+ ready for literal\r\n");
                None
            }
            Framed::Command(frame) => self.take_frame(out, frame),
            Framed::Refused { tag, error, fatal } => {
                self.refuse_frame(out, tag.as_deref(), error, fatal);
                None
            }
        }
    }

    fn refuse_frame(&mut self, out: &mut Vec<u8>, tag: Option<&str>, error: FrameError, fatal: bool) {
        let text = error.to_string();
        let reply = match error {
            // RFC 7889 section 4
            FrameError::MessageTooLarge => Reply::no(&text).with(Code::TooBig),
            _ => Reply::bad(&text),
        };
        if fatal {
            write_status(out, tag, &reply);
            self.end_with(out, CloseReason::Unframed, &text);
        } else {
            self.refuse(out, tag, &reply);
        }
    }

    fn take_frame(&mut self, out: &mut Vec<u8>, frame: Frame) -> Option<Step> {
        let parsed = parse(frame, self.enabled.utf8());
        match (parsed.tag, parsed.result) {
            (Some(tag), Ok(command)) => match self.check(&command) {
                Ok(()) => self.take_command(out, tag, command),
                Err(reply) => {
                    self.refuse(out, Some(&tag), &reply);
                    None
                }
            },
            (tag, Err(error)) => {
                let text = error.to_string();
                let reply = match error {
                    ParseError::Charset => Reply::no(&text).with(Code::BadCharset),
                    ParseError::Compression => Reply::no(&text),
                    _ => Reply::bad(&text),
                };
                self.refuse(out, tag.as_deref(), &reply);
                None
            }
            (None, Ok(_)) => None,
        }
    }

    /// Answers what the session answers itself, and hands on the rest.
    fn take_command(&mut self, out: &mut Vec<u8>, tag: String, command: Command) -> Option<Step> {
        match command {
            Command::Capability => {
                let capabilities = self.capabilities();
                out.extend_from_slice(b"* CAPABILITY ");
                out.extend_from_slice(capabilities.as_bytes());
                out.extend_from_slice(b"\r\n");
                self.accept(out, &tag, "that is what I can");
                None
            }
            Command::Noop if self.state == State::NotAuthenticated => {
                self.accept(out, &tag, "done");
                None
            }
            Command::Logout => {
                self.end_with(out, CloseReason::Logout, "good bye");
                write_status(out, Some(&tag), &Reply::ok("signed off"));
                None
            }
            Command::Enable(names) => {
                self.enable(out, &names);
                self.accept(out, &tag, "enabled");
                None
            }
            Command::StartTls => Some(self.start_over(out, &tag, Doing::StartTls, Step::StartTls)),
            Command::Compress => Some(self.start_over(out, &tag, Doing::StartCompress, Step::StartCompress)),
            Command::Login { user, password } => {
                self.doing = Doing::SignIn { tag, awaits_line: false };
                Some(Step::Login { user, password })
            }
            Command::Authenticate { mechanism, initial } => self.begin_sasl(out, tag, mechanism, initial),
            Command::Idle => {
                out.extend_from_slice(b"+ idling\r\n");
                self.doing = Doing::Idle { tag };
                Some(Step::IdleStart)
            }
            command => Some(self.hand_on(out, tag, command)),
        }
    }

    fn accept(&mut self, out: &mut Vec<u8>, tag: &str, text: &str) {
        self.errors_in_a_row = 0;
        write_status(out, Some(tag), &Reply::ok(text));
    }

    /// STARTTLS and COMPRESS: what follows in the input was sent before the new layer and is not to be believed.
    fn start_over(&mut self, out: &mut Vec<u8>, tag: &str, doing: Doing, step: Step) -> Step {
        if self.framer.has_input() {
            write_status(out, Some(tag), &Reply::bad("nothing may follow this command before its answer"));
            self.end_with(out, CloseReason::Injection, "input after the last command");
            return Step::Close(CloseReason::Injection);
        }
        self.accept(out, tag, "begin now");
        self.doing = doing;
        step
    }

    fn hand_on(&mut self, out: &mut Vec<u8>, tag: String, command: Command) -> Step {
        self.enabled.condstore |= rules::implies_condstore(&command);
        let after = match &command {
            Command::Select(select) => {
                if matches!(self.state, State::Selected { .. }) {
                    // RFC 9051 section 7.1: what follows is about the new mailbox.
                    write_status(out, None, &Reply::ok("previous mailbox is closed").with(Code::Closed));
                }
                After::Select { read_only: select.read_only }
            }
            Command::Close | Command::Unselect => After::Deselect,
            _ => After::Nothing,
        };
        self.doing = Doing::Command { tag: tag.clone(), after };
        Step::Command(Tagged { tag, command })
    }
}
