//! What evidence, requests about data and provisioning are tried out with in the console: somebody to be erased, a hold, a directory.

use harness::{Options, Outcome, Slapd, Tradewind};
use serde_json::Value;

/// What the settings call the directory.
pub(crate) const SOURCE: &str = "hq";

/// Its entries: one person.
pub(crate) const DIRECTORY: &str = "dn: dc=trade,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Trade\ndc: trade\n\n\
    dn: ou=people,dc=trade,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
    dn: uid=berta,ou=people,dc=trade,dc=test\nobjectClass: inetOrgPerson\nuid: berta\nsn: Berg\ncn: Berta Berg\n\
    mail: berta@trade.test\npreferredLanguage: en\n\n";

/// People come from the directory, when somebody says so.
pub(crate) fn set(slapd: &Slapd, options: Options) -> Options {
    let source = format!(
        "[{{ name = \"{SOURCE}\", url = \"{}\", ca = \"{}\", bind_dn = \"{}\", password_file = \"{}\", \
         people_base = \"ou=people,dc=trade,dc=test\", people_filter = \"(objectClass=inetOrgPerson)\", every_minutes = 0 }}]",
        slapd.url,
        slapd.ca.display(),
        Slapd::ROOT,
        slapd.password_file.display()
    );
    options.set("provision", "ldap", &source)
}

/// Makes somebody who is erased, and a hold on somebody who may not be.
pub(crate) fn prepare(tradewind: &Tradewind) -> Outcome {
    tradewind.new_account("eva", 0)?;
    let finance = tradewind.account("finance")?.address;
    let hold = ["hold", "begin", "Far v. Trade", &finance, "--reason", "claim of 2 November"];
    tradewind.command(&hold)?.success()?;
    tradewind.command(&["audit", "seal"])?.success()?;
    Ok(())
}

/// The proof of the erasure that a browser has saved holds without the server.
pub(crate) fn look(tradewind: &Tradewind, proof: &str) -> Outcome {
    let head = tradewind.command(&["--json", "audit", "head"])?.success()?.stdout;
    let head: Value = serde_json::from_str(head.trim())?;
    let key = head["key"].as_str().unwrap_or_default();
    tradewind.command(&["subject", "verify", proof, "--key", key])?.success()?;
    Ok(())
}
