//! Exchangers that are aliases of hosts in zones without signatures (RFC 7672 section 2.2.2).

use super::*;

#[test]
fn the_records_at_the_own_name_of_an_alias_count_those_of_the_host_do_not() -> Outcome {
    require!("bind9", "bind9-utils");
    let port = free_port()?.port;
    let scratch = Scratch::new("aliases")?;
    let own = SelfSigned::write_as(&scratch, "own", &["whatever.test"])?;
    let (good, zeros) = (own.digest.as_str(), "0".repeat(64));
    let (mut signed_records, mut plain) = (String::new(), String::new());
    for (domain, last, at_alias, at_host) in [
        ("away", 121, Some(good), zeros.as_str()),
        ("astray", 122, Some(zeros.as_str()), good),
        ("bare", 123, None, zeros.as_str()),
    ] {
        signed_records.push_str(&format!(
            "{domain}.test. MX 10 mx.{domain}.test.\nmx.{domain}.test. CNAME {domain}.plain.test.\n"
        ));
        if let Some(digest) = at_alias {
            signed_records.push_str(&format!("_{port}._tcp.mx.{domain}.test. TLSA 3 1 1 {digest}\n"));
        }
        plain.push_str(&format!("{domain} A 127.0.0.{last}\n_{port}._tcp.{domain} TLSA 3 1 1 {at_host}\n"));
    }
    let names = Bind::start_signed(&signed_records, &[("plain.test", &plain)], &[])?;
    let (away, astray, bare) = (server(121, port, &own)?, server(122, port, &own)?, clear_server(123, port)?);
    let outward = Outward::start(&[], signed(&names, port))?;
    for (server, domain) in [(&away, "away"), (&bare, "bare")] {
        outward.send(&[&format!("x@{domain}.test")])?;
        server.wait_for_messages(1, PATIENCE).map_err(|failure| failure.during(domain))?;
    }
    assert!(got_one_by_tls(&away), "{:?}", away.visits());
    outward.send(&["x@astray.test"])?;
    told_that_it_waits(&outward, "x@astray.test")?;
    assert!(got_nothing(&astray), "{:?}", astray.visits());
    Ok(())
}
