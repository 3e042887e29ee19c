use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Failure, Outcome, Scratch, run};

/// What one run may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says of each signature, or of the chain, whether it is good, with keys from the name server at the port given. Mailboxes of some
/// peers keep bare line feeds, mail has CRLF.
const SCRIPT: &str = r#"
import json, re, sys
import dkim, dns.resolver
what, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 5
def txt(name, timeout=5):
    try:
        answer = resolver.resolve(name.decode() if isinstance(name, bytes) else name, "TXT")
    except Exception:
        return None
    return b"".join(answer[0].strings)
message = re.sub(b"\r?\n", b"\r\n", open(path, "rb").read())
if what == "arc":
    state, results, reason = dkim.arc_verify(message, dnsfunc=txt)
    print(json.dumps({"state": (state or b"none").decode(), "reason": str(reason)}))
else:
    found = []
    count = len([name for name, _ in dkim.DKIM(message).headers if name.lower() == b"dkim-signature"])
    for place in range(count):
        checked = dkim.DKIM(message)
        try:
            good = checked.verify(idx=place, dnsfunc=txt)
            why = ""
        except Exception as error:
            good, why = False, repr(error)
        fields = checked.signature_fields
        found.append({"good": bool(good), "why": why, "domain": fields.get(b"d", b"").decode(),
                      "selector": fields.get(b"s", b"").decode(), "algorithm": fields.get(b"a", b"").decode()})
    print(json.dumps(found))
"#;

/// dkimpy's verdict on each signature of `message`, with keys from the name server at `names`: a list of `good`, `why`, `domain`,
/// `selector` and `algorithm`.
///
/// # Errors
/// If it cannot be run.
pub fn dkim_verdicts(message: &[u8], names: SocketAddr) -> Outcome<Vec<Value>> {
    let verdicts = ask("dkim", message, names)?;
    verdicts.as_array().cloned().ok_or_else(|| Failure::new(format!("no list: {verdicts}")))
}

/// dkimpy's verdict on the ARC chain of `message`: `state` and `reason`.
///
/// # Errors
/// If it cannot be run.
pub fn arc_verdict(message: &[u8], names: SocketAddr) -> Outcome<Value> {
    ask("arc", message, names)
}

fn ask(what: &str, message: &[u8], names: SocketAddr) -> Outcome<Value> {
    let scratch = Scratch::new("dkimpy")?;
    let script = scratch.file("verify.py", SCRIPT)?;
    let file = scratch.join("message");
    fs::write(&file, message)?;
    // Debian's packages are for Debian's interpreter.
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).args([what, &names.port().to_string()]).arg(file);
    Ok(serde_json::from_str(run(command, PATIENCE)?.success()?.stdout.trim())?)
}

/// Seals and verifies many messages at once, with keys from the records that come with each.
const ARC_SCRIPT: &str = r#"
import json, sys
import dkim
def txt_of(records):
    def txt(name, timeout=5):
        name = (name.decode() if isinstance(name, bytes) else name).rstrip(".").lower()
        return records[name].encode() if name in records else None
    return txt
answers = []
for task in json.load(open(sys.argv[1])):
    message = task["message"].encode()
    try:
        if "private" in task:
            found = b"Authentication-Results: peer.test; arc=" + task["state"].encode() + b"; spf=pass smtp.mailfrom=a.test\r\n"
            sealed = dkim.arc_sign(found + message, b"s1", task["domain"].encode(), task["private"].encode(), b"peer.test",
                                   include_headers=[b"from", b"to", b"subject"], timestamp=task["now"])
            fields = b"".join(field.rstrip() + b"\r\n" for field in sealed)
            answers.append((fields + message).decode())
        else:
            state, _, reason = dkim.arc_verify(message, dnsfunc=txt_of(task["records"]))
            answers.append([(state or b"none").decode(), str(reason)])
    except Exception as error:
        answers.append(["raises", repr(error)])
json.dump(answers, sys.stdout)
"#;

/// dkimpy's answers to `tasks`, each with a `message`. One with `private`, a key in PEM, and `domain`, `state` and `now` is sealed with the
/// selector `s1`: the answer is the message. One with `records`, a map from name to text, is verified: the answer is the state of the chain, or
/// `raises` if dkimpy did not handle an exception of its own, and the reason.
///
/// # Errors
/// If it cannot be run.
pub fn arc_answers(tasks: &Value) -> Outcome<Vec<Value>> {
    let scratch = Scratch::new("dkimpy-arc")?;
    let script = scratch.file("arc.py", ARC_SCRIPT)?;
    let file = scratch.file("tasks.json", tasks.to_string())?;
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).arg(file);
    Ok(serde_json::from_str(run(command, PATIENCE * 4)?.success()?.stdout.trim())?)
}
