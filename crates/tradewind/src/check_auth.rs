//! `tradewind check-auth`: all checks of sender authentication on one message, without a server.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use env::SystemClock;
use mailauth::zone::ZoneFile;
use mailauth::{ArcResult, AuthenticationSettings, Checker, Connection, EnvelopeFacts, Facts, SpfCheck};
use serde_json::{Value, json};

use crate::cli::CheckAuth;
use crate::print;
use crate::texts::Texts;
use api::actions::Refused;

/// Octets of a message or zone file that are read.
const FILE_OCTETS_MAX: u64 = 128 << 20;

/// What there is to show.
enum Found {
    Envelope(EnvelopeFacts),
    Message(Box<Facts>),
}

/// Checks what the options name, and prints it.
pub(crate) async fn run(options: &CheckAuth, json: bool) -> Result<ExitCode, Refused> {
    let file = options.zone.display().to_string();
    let text = String::from_utf8(read(&options.zone)?)
        .map_err(|_| Refused(format!("{file}: is no UTF-8; save it as UTF-8")))?;
    let zone = ZoneFile::parse(&file, &text).map_err(Refused::because)?;
    let settings =
        AuthenticationSettings { trusted_sealers: options.trusted_sealer.clone(), ..AuthenticationSettings::default() };
    let checker = Checker::new(&settings).map_err(Refused::because)?;
    let mail_from = options.mail_from.trim();
    let connection = Connection {
        client: options.client_ip,
        helo: &options.helo,
        mail_from: mail_from.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(mail_from),
        receiver: &options.receiver,
    };
    let found = match &options.message {
        None => Found::Envelope(checker.check_envelope(connection, &zone, &SystemClock).await),
        Some(path) => {
            let message = with_line_breaks_of_mail(read(path)?);
            Found::Message(Box::new(checker.check(&message, connection, &zone, &SystemClock).await))
        }
    };
    if json {
        print::print(&as_json(&found), true);
    } else {
        print!("{}", as_text(&found, &Texts::from_environment()));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Vec<u8>, Refused> {
    let failed = |error: std::io::Error| Refused(format!("{}: {error}", path.display()));
    let mut octets = Vec::new();
    let count = if path == Path::new("-") {
        std::io::stdin().take(FILE_OCTETS_MAX).read_to_end(&mut octets).map_err(failed)?
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(FILE_OCTETS_MAX).read_to_end(&mut octets).map_err(failed)?
    };
    if count as u64 == FILE_OCTETS_MAX {
        return Err(Refused(format!("{}: is larger than {FILE_OCTETS_MAX} octets", path.display())));
    }
    Ok(octets)
}

/// Files end their lines in LF, mail travels with CRLF, and signatures are over what travels (RFC 5322 section 2.3).
fn with_line_breaks_of_mail(file: Vec<u8>) -> Vec<u8> {
    let mut message = Vec::with_capacity(file.len() + file.len() / 32);
    for (at, byte) in file.iter().enumerate() {
        if *byte == b'\n' && at.checked_sub(1).and_then(|before| file.get(before)) != Some(&b'\r') {
            message.push(b'\r');
        }
        message.push(*byte);
    }
    message
}

fn spf_json(check: &SpfCheck) -> Value {
    json!({ "result": check.result.word(), "explanation": check.explanation, "domain": check.domain })
}

fn as_json(found: &Found) -> Value {
    let (iprev, spf_helo, spf) = match found {
        Found::Envelope(facts) => (&facts.iprev, &facts.spf_helo, &facts.spf),
        Found::Message(facts) => (&facts.iprev, &facts.spf_helo, &facts.spf),
    };
    let (dkim, dmarc, arc) = match found {
        Found::Envelope(_) => (
            json!([]),
            json!({ "result": "none", "policy": null, "from_domain": null, "reason": null }),
            json!({ "result": "none", "sealers": [], "trusted": false, "reason": null }),
        ),
        Found::Message(facts) => message_json(facts),
    };
    json!({
        "spf": spf_json(spf),
        "spf_helo": spf_json(spf_helo),
        "iprev": iprev.result.word(),
        "dkim": dkim,
        "dmarc": dmarc,
        "arc": arc,
    })
}

/// What the message itself came to: signatures, policy, chain.
fn message_json(facts: &Facts) -> (Value, Value, Value) {
    let signatures = facts.dkim.iter().map(|check| {
        json!({
            "result": check.result.word(),
            "domain": check.domain,
            "selector": check.selector,
            "reason": check.reason,
        })
    });
    let dmarc = json!({
        "result": facts.dmarc.result.word(),
        "policy": facts.dmarc.policy.map(|policy| policy.word()),
        "from_domain": facts.dmarc.from_domain,
        "reason": facts.dmarc.reason,
    });
    // A chain has three states only (RFC 8617 section 4.4); one that could not be verified is not passed on as whole.
    let state = if facts.arc.result == ArcResult::TempError { ArcResult::Fail } else { facts.arc.result };
    let arc = json!({
        "result": state.word(),
        "sealers": facts.arc.sealers,
        "trusted": facts.arc.is_trusted,
        "reason": facts.arc.reason,
    });
    (signatures.collect(), dmarc, arc)
}

fn as_text(found: &Found, texts: &Texts) -> String {
    let (iprev, spf_helo, spf) = match found {
        Found::Envelope(facts) => (&facts.iprev, &facts.spf_helo, &facts.spf),
        Found::Message(facts) => (&facts.iprev, &facts.spf_helo, &facts.spf),
    };
    let mut lines = vec![
        texts.say("check-iprev", &[("result", iprev.result.word())]),
        texts.say("check-spf-helo", &[("result", spf_helo.result.word()), ("domain", &shown(&spf_helo.domain))]),
        texts.say("check-spf", &[("result", spf.result.word()), ("domain", &shown(&spf.domain))]),
    ];
    if let Some(explanation) = &spf.explanation {
        lines.push(texts.say("check-explanation", &[("text", &shown(explanation))]));
    }
    if let Found::Message(facts) = found {
        lines.extend(message_lines(facts, texts));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn message_lines(facts: &Facts, texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    let why = |reason: Option<&String>| reason.map(|reason| texts.say("check-reason", &[("text", &shown(reason))]));
    if facts.dkim.is_empty() {
        lines.push(texts.say("check-dkim-none", &[]));
    }
    for check in &facts.dkim {
        let values =
            [("result", check.result.word()), ("domain", &shown(&check.domain)), ("selector", &shown(&check.selector))];
        lines.push(texts.say("check-dkim", &values));
        lines.extend(why(check.reason.as_ref()));
    }
    let sealers = if facts.arc.sealers.is_empty() {
        texts.say("check-nothing", &[])
    } else {
        shown(&facts.arc.sealers.join(", "))
    };
    lines.push(texts.say("check-arc", &[("result", facts.arc.result.word()), ("sealers", &sealers)]));
    lines.extend(why(facts.arc.reason.as_ref()));
    let domain = facts.dmarc.from_domain.clone().unwrap_or_else(|| texts.say("check-unnamed", &[]));
    let policy = facts.dmarc.policy.map_or_else(|| texts.say("check-nothing", &[]), |policy| policy.word().to_owned());
    let values = [("result", facts.dmarc.result.word()), ("domain", &shown(&domain)), ("policy", &policy)];
    lines.push(texts.say("check-dmarc", &values));
    lines.extend(why(facts.dmarc.reason.as_ref()));
    lines.push(match facts.authenticated_domain() {
        Some(domain) => texts.say("check-authenticated", &[("domain", domain)]),
        None => texts.say("check-not-authenticated", &[]),
    });
    lines
}

/// A stranger's text for a terminal: control characters would steer it.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_become_those_of_mail() {
        assert_eq!(with_line_breaks_of_mail(b"\na\nb\r\nc\r".to_vec()), b"\r\na\r\nb\r\nc\r");
    }

    #[test]
    fn strangers_do_not_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\u{9b}c\nd"), "a?[2Jb?c?d");
    }
}
