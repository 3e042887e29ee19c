//! What others are told of our own encryption: TLSA records and the policy's identifier.

use harness::Tradewind;

use super::*;

/// What `tradewind check` says of `object`: state and what was found.
fn checked(tradewind: &Tradewind, check: &str) -> Outcome<Option<String>> {
    let rows = tradewind.command(&["--json", "check"])?.stdout;
    let rows: serde_json::Value = serde_json::from_str(&rows)?;
    let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["check"] == check)).cloned();
    Ok(row.and_then(|row| row["state"].as_str().map(str::to_owned)))
}

#[test]
fn the_zone_names_our_certificate_and_check_tells_if_it_does_not() -> Outcome {
    require!("bind9", "bind9-utils", "openssl");
    let scratch = Scratch::new("own")?;
    let place = scratch.join("site");
    let mut tradewind = Tradewind::start(Options::default().place(&place))?;
    let record = tradewind.command(&["dns", "tlsa"])?.success()?.stdout.trim().to_owned();
    let zone = tradewind.command(&["dns", "zone", "trade.test"])?.success()?.stdout;
    assert!(zone.contains(&format!("\n{record}\n")), "{record} is missing in {zone}");
    // The second opinion on the digest.
    let mut openssl = std::process::Command::new("sh");
    openssl.args([
        "-c",
        "openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r",
    ]);
    openssl.arg(place.join("tls/server.pem"));
    let digest = harness::run(openssl, PATIENCE)?.success()?.stdout;
    let digest = digest.split(' ').next().unwrap_or_default();
    assert_eq!(record, format!("_25._tcp.mail.trade.test. IN TLSA 3 1 1 {digest}"));
    // The policy's identifier is in the zone as long as the policy is the same.
    let announced = zone.lines().find(|line| line.starts_with("_mta-sts ")).unwrap_or_default().to_owned();
    assert!(tradewind.command(&["dns", "zone", "trade.test"])?.success()?.stdout.contains(&announced));
    let announced = announced.replace("_mta-sts ", "_mta-sts.trade.test. ");
    tradewind.stop()?;
    for (record, mode, tlsa, policy) in [
        (record.clone(), "testing", Some("sound"), Some("sound")),
        (record.replace(digest, &"0".repeat(64)), "enforce", Some("wrong"), Some("wrong")),
        (String::new(), "testing", None, Some("sound")),
    ] {
        let names = Bind::start_signed(&format!("mail.trade.test. A 192.0.2.1\n{announced}\n{record}\n"), &[], &[])?;
        let options = signed(&names, 25).place(&place).set("http", "mta_sts_mode", &format!("\"{mode}\""));
        let tradewind = Tradewind::start(options)?;
        let states = (checked(&tradewind, "TLSA")?, checked(&tradewind, "MTA-STS policy")?);
        assert_eq!((states.0.as_deref(), states.1.as_deref()), (tlsa, policy), "{record} {mode}");
    }
    Ok(())
}
