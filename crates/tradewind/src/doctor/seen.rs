//! What evidence saw of DNS, with what to do.

use serde_json::Value;

use super::{Finding, State};

/// The rows of an answer to `evidence-look`, but for those of the machine, which are looked at here.
pub(super) fn findings(answer: &Value) -> Vec<Finding> {
    let sights = answer.get("sights").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    sights.iter().filter_map(finding).collect()
}

fn finding(sight: &Value) -> Option<Finding> {
    let text = |name: &str| sight.get(name).and_then(Value::as_str).unwrap_or_default();
    let (object, found) = (text("object"), text("found"));
    let (check, remedy) = match text("kind") {
        "address" => ("address", "remedy-address"),
        "reverse DNS" => ("reverse DNS", "remedy-ptr"),
        "MX" => ("MX", "remedy-mx"),
        "SPF" => ("SPF", "remedy-record"),
        "DMARC" => ("DMARC", "remedy-record"),
        "MTA-STS" => ("MTA-STS", "remedy-record"),
        "TLS-RPT" => ("TLS-RPT", "remedy-record"),
        "MTA-STS policy" => ("MTA-STS policy", "remedy-policy"),
        "DKIM" if !object.contains("._domainkey.") => ("DKIM", "remedy-dkim"),
        "DKIM" if found == "retired" => ("DKIM", "remedy-dkim-retired"),
        "DKIM" => ("DKIM", "remedy-record"),
        _ => return None,
    };
    let state = match text("state") {
        "sound" => State::Sound,
        "wrong" => State::Wrong,
        _ => State::Unknown,
    };
    Some(Finding::new(check, object, state, remedy).found(found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_sight_has_its_remedy() {
        let sight = |kind: &str, object: &str, state: &str, found: &str| json!({ "kind": kind, "object": object, "state": state, "found": found, "at": 0 });
        let answer = json!({ "sights": [
            sight("MX", "a.example", "wrong", ""),
            sight("DKIM", "a.example", "wrong", "no key signs"),
            sight("DKIM", "tw1._domainkey.a.example", "unknown", "retired"),
            sight("clock", "system", "sound", ""),
        ] });
        let told: Vec<_> = findings(&answer).into_iter().map(|it| (it.check, it.state, it.remedy)).collect();
        assert_eq!(
            told,
            [
                ("MX", State::Wrong, "remedy-mx"),
                ("DKIM", State::Wrong, "remedy-dkim"),
                ("DKIM", State::Unknown, "remedy-dkim-retired"),
            ]
        );
    }
}
