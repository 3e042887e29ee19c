//! What was found of a message when it came: its signatures, how it was encrypted, and the connection that brought it. It is read from the fields
//! that we have put before the message; what came with it says nothing here.

use mail::header::{self, unfold};
use mail::seal_notes::{parts, unquoted};
use serde_json::{Value, json};
use store::Tx;

use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server};

/// Reasons for which a signature is not the author's.
const OTHER_AUTHOR: [&str; 2] = ["wrong-author", "other-address"];

/// A signature that was looked at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signature {
    kind: &'static str,
    result: String,
    reason: Option<String>,
    address: Option<String>,
    serial: Option<String>,
    key: Option<String>,
    by: Option<String>,
    issuer: Option<String>,
    until: Option<String>,
    /// Whether it was asked if the certificate was revoked: `checked` or `unchecked`.
    revocation: Option<String>,
}

/// How the content was encrypted.
#[derive(Debug, PartialEq, Eq)]
struct Encryption {
    kind: &'static str,
    cipher: Option<String>,
    /// Why it was not opened.
    trouble: Option<String>,
    may_be_altered: bool,
    has_other_author: bool,
    differing: Vec<String>,
}

/// What our fields say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    signatures: Vec<Signature>,
    encryption: Option<Encryption>,
    /// Version and cipher of the connection; none in clear.
    connection: Option<Option<(String, String)>>,
}

/// `MessageProtection/get`: by identifiers of messages.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name messages"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        match server.indexes.message(tx, &reach, &text)? {
            Some(message) => {
                let source = mailbox::source(tx, reach.account, message)?;
                list.push(shown(&text, &Found::read(source.trace())));
            }
            None => missing.push(text),
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

impl Found {
    fn read(trace: &[u8]) -> Self {
        let mut found = Self::default();
        for field in header::fields(trace) {
            let value = String::from_utf8_lossy(&unfold(&field.value())).into_owned();
            if field.is("Authentication-Results") {
                found.signatures.extend(result_of(&value));
            } else if field.is("X-Tradewind-Smime") {
                found.note("smime", &value);
            } else if field.is("X-Tradewind-OpenPGP") {
                found.note("openpgp", &value);
            } else if field.is("Received") && found.connection.is_none() {
                found.connection = Some(tls_of(&value));
            }
        }
        found
    }

    /// Takes what a field of ours tells: of the signature before it, or of the encryption.
    fn note(&mut self, kind: &'static str, value: &str) {
        let all: Vec<(&str, Option<&str>)> = parts(value).collect();
        let named = |name: &str| all.iter().find(|(it, _)| *it == name).and_then(|(_, value)| value.map(unquoted));
        let has = |word: &str| all.iter().any(|(it, value)| *it == word && value.is_none());
        match all.first() {
            Some(("signed", None)) => {
                if let Some(last) = self.signatures.last_mut().filter(|last| last.kind == kind) {
                    (last.by, last.issuer, last.until) = (named("by"), named("issuer"), named("until"));
                    last.revocation = named("revocation");
                }
            }
            Some((word @ ("decrypted" | "encrypted" | "not-opened"), None)) => {
                let reason = all.get(1).filter(|(_, value)| value.is_none()).map(|(word, _)| (*word).to_owned());
                let differing = named("differing").unwrap_or_default();
                self.encryption = Some(Encryption {
                    kind,
                    cipher: named("cipher").or_else(|| named("container")),
                    trouble: if *word == "decrypted" { None } else { reason },
                    may_be_altered: has("may-be-altered"),
                    has_other_author: has("other-author"),
                    differing: differing.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
                });
            }
            _ => {}
        }
    }
}

/// The signature that a field tells of, if it tells of one: the first method must be one of ours.
fn result_of(value: &str) -> Option<Signature> {
    let (_, results) = value.split_once(';')?;
    let mut words = results.split_whitespace();
    let (kind, result) = words.next()?.split_once('=')?;
    let kind = match kind {
        "smime" => "smime",
        "x-openpgp" => "openpgp",
        _ => return None,
    };
    let mut signature = Signature { kind, result: result.to_owned(), ..Signature::default() };
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        let value = Some(value.trim_matches('"').to_owned());
        match name {
            "reason" => signature.reason = value,
            "body.smime-identifier" => signature.address = value,
            "body.smime-serial" => signature.serial = value,
            "body.openpgp-key" => signature.key = value,
            _ => {}
        }
    }
    if results.contains("reason=\"a part alone\"") {
        signature.reason = Some("a-part-alone".to_owned());
    }
    Some(signature)
}

/// Version and cipher of the connection, of the field that we wrote.
fn tls_of(received: &str) -> Option<(String, String)> {
    let (_, rest) = received.split_once("(using ")?;
    let (version, rest) = rest.split_once(" with cipher ")?;
    let cipher = rest.split([')', ',']).next()?;
    Some((version.to_owned(), cipher.to_owned()))
}

/// In the words of RFC 9219 section 3.
fn smime_status(found: &Found) -> Option<&'static str> {
    let mut signatures = found.signatures.iter().filter(|it| it.kind == "smime").peekable();
    let is_encrypted = found.encryption.as_ref().is_some_and(|it| it.kind == "smime" && it.trouble.is_none());
    signatures.peek()?;
    Some(match (signatures.all(|it| it.result == "pass"), is_encrypted) {
        (true, false) => "signed/verified",
        (false, false) => "signed/failed",
        (true, true) => "encrypted+signed/verified",
        (false, true) => "encrypted+signed/failed",
    })
}

fn shown(id: &str, found: &Found) -> Value {
    let signatures = found.signatures.iter().map(|it| {
        let is_others = it.reason.as_deref().is_some_and(|reason| OTHER_AUTHOR.contains(&reason));
        json!({
            "kind": it.kind,
            "result": it.result,
            "reason": it.reason,
            "address": it.address,
            "serial": it.serial,
            "fingerprint": it.key,
            "signer": it.by,
            "issuer": it.issuer,
            "validUntil": it.until,
            "revocation": it.revocation,
            "fromMatches": if it.result == "pass" { Value::Bool(true) } else if is_others { Value::Bool(false) } else { Value::Null },
        })
    });
    json!({
        "id": id,
        "signatures": signatures.collect::<Vec<Value>>(),
        "smimeStatusAtDelivery": smime_status(found),
        "encryption": found.encryption.as_ref().map(|it| json!({
            "kind": it.kind,
            "isOpened": it.trouble.is_none(),
            "cipher": it.cipher,
            "trouble": it.trouble,
            "mayBeAltered": it.may_be_altered,
            "hasOtherAuthor": it.has_other_author,
            "differing": it.differing,
        })),
        "connection": found.connection.as_ref().map(|tls| json!({
            "tls": tls.as_ref().map(|(version, _)| version),
            "cipher": tls.as_ref().map(|(_, cipher)| cipher),
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "Return-Path: <li@far.test>\r\n\
        Received: from mx.far.test ([192.0.2.7])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n\tby mx.trade.test with ESMTPS id 1;\r\n\tFri, 27 Nov 2026 10:00:00 +0000\r\n\
        Authentication-Results: mx.trade.test; dmarc=pass header.from=smime=fail.test\r\n\
        Authentication-Results: mx.trade.test;\r\n\tsmime=fail reason=\"wrong-author\"\r\n\tbody.smime-identifier=bo@far.test\r\n\tbody.smime-serial=4D\r\n\
        X-Tradewind-Smime: signed; by=\"%E6%9D%8E%E4%BC%9F\";\r\n\tissuer=\"Far CA\";\r\n\tuntil=2027-01-01T00:00:00Z;\r\n\trevocation=unchecked\r\n\
        X-Tradewind-Smime: decrypted; cipher=AES-256-CBC; may-be-altered\r\n";

    #[test]
    fn what_our_fields_say_is_told() {
        let told = shown("k1", &Found::read(TRACE.as_bytes()));
        assert_eq!(told["connection"], json!({ "tls": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384" }));
        assert_eq!(told["smimeStatusAtDelivery"], "encrypted+signed/failed");
        assert_eq!(
            told["signatures"],
            json!([{
                "kind": "smime", "result": "fail", "reason": "wrong-author", "address": "bo@far.test", "serial": "4D",
                "fingerprint": null, "signer": "李伟", "issuer": "Far CA", "validUntil": "2027-01-01T00:00:00Z",
                "revocation": "unchecked", "fromMatches": false,
            }])
        );
        assert_eq!(
            (&told["encryption"]["mayBeAltered"], &told["encryption"]["isOpened"]),
            (&json!(true), &json!(true))
        );
        let pgp = "Authentication-Results: mx.trade.test;\r\n\tx-openpgp=neutral reason=\"a part alone\"\r\n\tbody.openpgp-key=AB\r\n\
            X-Tradewind-OpenPGP: not-opened; altered\r\n";
        let told = shown("k2", &Found::read(pgp.as_bytes()));
        assert_eq!(
            (&told["signatures"][0]["reason"], &told["encryption"]["trouble"]),
            (&json!("a-part-alone"), &json!("altered"))
        );
        let nothing = shown("k3", &Found::read(b"Return-Path: <>\r\n"));
        assert_eq!((&nothing["signatures"], &nothing["encryption"]), (&json!([]), &Value::Null));
    }
}
