use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Failure, Outcome, Scratch, run};

/// What all cases together may take.
const PATIENCE: Duration = Duration::from_secs(500);

const SCRIPT: &str = include_str!("pyspf.py");

/// The verdicts of Debian's pyspf on `cases`, each with its `client`, `helo`, `mail_from`, `receiver`, `now`, its `zone`, which is a map from
/// name to records as `mailauth::zone` reads it, and the `expected` result (RFC 7208 section 2.6) and explanation. Besides, a name under
/// `coin.test` has the address 127.0.0.2 if the sum of its octets, in lowercase, is even: so a macro that is expanded otherwise is noticed.
///
/// Each is an object: the `result`, or `raises` if pyspf did not handle an exception of its own; the `text` to it; and `departures`. That is
/// empty where it agrees, null where nothing explains the difference, and else a list of its departures from the RFC that does, none to spare:
/// with all of them corrected, pyspf says what is expected.
///
/// # Errors
/// If it cannot be run.
pub fn pyspf_verdicts(cases: &Value) -> Outcome<Vec<Value>> {
    let scratch = Scratch::new("pyspf")?;
    let script = scratch.file("judge.py", SCRIPT)?;
    let file = scratch.file("cases.json", cases.to_string())?;
    // Debian's packages are for Debian's interpreter.
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).arg(file);
    let found: Vec<Value> = serde_json::from_str(&run(command, PATIENCE)?.success()?.stdout)?;
    if Some(found.len()) == cases.as_array().map(Vec::len) {
        Ok(found)
    } else {
        Err(Failure::new(format!("{} verdicts", found.len())))
    }
}
