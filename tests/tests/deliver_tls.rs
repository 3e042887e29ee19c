//! TLS outward: taken where it is offered, insisted on where it must be, and REQUIRETLS (RFC 8689).

use std::net::SocketAddr;
use std::time::Duration;

use harness::{Options, Outcome, Outward, Scratch, ScriptedServer, SelfSigned, Trust, Visit, smtp};

const PATIENCE: Duration = Duration::from_secs(20);

const POLITE: &str = "< 220 tls.test\npolite";
const OFFER: &str = "< 220 tls.test\n> EHLO\n< 250-tls.test|250 STARTTLS\n> STARTTLS\n";
const REQUIRED: &str = ", tls = \"required\"";

/// Servers with a certificate of their own, which `options` trust or do not.
struct Authority {
    scratch: Scratch,
    certificate: SelfSigned,
}

impl Authority {
    fn new() -> Outcome<Self> {
        let scratch = Scratch::new("tls")?;
        Ok(Self { certificate: SelfSigned::write(&scratch)?, scratch })
    }

    fn server(&self, scripts: &[&str]) -> Outcome<ScriptedServer> {
        ScriptedServer::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), Some(&self.certificate), scripts)
    }

    fn trusted(&self) -> Options {
        Options::default().set("delivery", "roots", &format!("[\"{}\"]", self.certificate.certificate.display()))
    }
}

fn heard(visits: &[Visit], start: &str) -> bool {
    visits.iter().flat_map(|visit| &visit.heard).any(|line| line.starts_with(start))
}

fn letter(to: &str, field: &str) -> Vec<u8> {
    format!("From: <sales@trade.test>\r\nTo: <{to}>\r\nSubject: order\r\n{field}\r\nTen pieces, please.\r\n")
        .into_bytes()
}

#[test]
fn tls_is_taken_where_it_works_and_need_not() -> Outcome {
    let authority = Authority::new()?;
    let offered = authority.server(&[POLITE])?;
    let refused = authority.server(&[&format!("{OFFER}< 454 4.7.0 not now\npolite")])?;
    // No TLS at all behind the 220, and a handshake that breaks off: the second connection is in clear.
    let broken = authority.server(&[&format!("{OFFER}< 220 go\npart 10\n< what do you mean?\nhang"), POLITE])?;
    let cut = authority.server(&[&format!("{OFFER}< 220 go"), POLITE])?;
    let routes = [
        ("offered.test", offered.address, ""),
        ("refused.test", refused.address, ""),
        ("broken.test", broken.address, ""),
        ("cut.test", cut.address, ""),
    ];
    let outward = Outward::start(&routes, Options::default())?;
    for (server, (domain, ..)) in [&offered, &refused, &broken, &cut].into_iter().zip(routes) {
        outward.send(&[&format!("x@{domain}")])?;
        server.wait_for_messages(1, PATIENCE).map_err(|failure| failure.during(domain))?;
    }
    outward.wait_for_empty_queue()?;
    let visits = offered.visits();
    assert!(visits.len() == 1 && heard(&visits, "STARTTLS") && visits[0].heard.len() > 5, "{visits:?}");
    for (server, connections) in [(&refused, 1), (&broken, 2), (&cut, 2)] {
        assert_eq!(server.visits().len(), connections, "{:?}", server.visits());
        assert!(server.visits().last().is_some_and(|last| last.messages.len() == 1));
    }
    assert!(!heard(&broken.visits()[1..], "STARTTLS"));
    Ok(())
}

#[test]
fn a_route_that_demands_tls_never_sends_without() -> Outcome {
    let authority = Authority::new()?;
    let stranger = Authority::new()?;
    let good = authority.server(&[POLITE])?;
    let none = ScriptedServer::start(&["< 220 none.test\n> EHLO\n< 250 none.test\npolite"])?;
    let refused = authority.server(&[&format!("{OFFER}< 454 4.7.0 not now\npolite")])?;
    let broken = authority.server(&[&format!("{OFFER}< 220 go\npart 10\n< what do you mean?\nhang"), POLITE])?;
    let unknown = stranger.server(&[POLITE])?;
    let bad = [("none.test", &none), ("refused.test", &refused), ("broken.test", &broken), ("unknown.test", &unknown)];
    let mut routes = vec![("good.test", good.address, REQUIRED)];
    routes.extend(bad.iter().map(|(domain, server)| (*domain, server.address, REQUIRED)));
    let outward = Outward::start(&routes, authority.trusted())?;
    outward.send(&["x@good.test"])?;
    for (domain, _) in bad {
        // The wish of the sender does not loosen the route of the administrator.
        let to = format!("x@{domain}");
        outward.submit("", &[&to], "", &letter(&to, "TLS-Required: No\r\n"))?;
    }
    good.wait_for_messages(1, PATIENCE)?;
    assert!(heard(&good.visits(), "STARTTLS"));
    for (domain, server) in bad {
        let seen = outward.wait_for_deferral(&format!("x@{domain}"))?;
        assert!(seen["last_code"] == 450 && seen["last_status"] == "4.7.10", "{domain}: {seen}");
        assert!(server.messages().is_empty() && !heard(&server.visits(), "MAIL"), "{domain}: {:?}", server.visits());
    }
    Ok(())
}

/// What the administrator asks of a partner: a version of TLS, or one authority alone.
#[test]
fn a_partner_may_have_rules_of_its_own() -> Outcome {
    let authority = Authority::new()?;
    let partners = Authority::new()?;
    let pinned = format!(", ca = \"{}\"", partners.certificate.certificate.display());
    let new = authority.server(&[POLITE])?;
    let old = authority.server(&[&format!("{OFFER}< 220 go\ntls12\npolite")])?;
    let own = partners.server(&[POLITE])?;
    let other = authority.server(&[POLITE])?;
    let clear = ScriptedServer::start(&["< 220 none.test\n> EHLO\n< 250 none.test\npolite"])?;
    let routes = [
        ("new.test", new.address, ", tls_min = \"1.3\""),
        ("old.test", old.address, ", tls_min = \"1.3\""),
        ("own.test", own.address, pinned.as_str()),
        ("other.test", other.address, pinned.as_str()),
        ("clear.test", clear.address, pinned.as_str()),
        ("allowed.test", old.address, ", tls_min = \"1.2\""),
    ];
    let outward = Outward::start(&routes, authority.trusted())?;
    for (domain, ..) in routes {
        outward.send(&[&format!("x@{domain}")])?;
    }
    for server in [&new, &own] {
        server.wait_for_messages(1, PATIENCE)?;
    }
    // The old one has what may go by TLS 1.2, and nothing else; the partner's authority is not ours, nor ours the partner's.
    let has = old.wait_for_messages(1, PATIENCE)?;
    assert!(has[0].contains("x@allowed.test"), "{has:?}");
    for (domain, server) in [("old.test", &old), ("other.test", &other), ("clear.test", &clear)] {
        let seen = outward.wait_for_deferral(&format!("x@{domain}"))?;
        assert!(seen["last_code"] == 450 && seen["last_status"] == "4.7.10", "{domain}: {seen}");
        assert!(domain == "old.test" || server.messages().is_empty(), "{domain}: {:?}", server.visits());
    }
    assert_eq!(old.messages().len(), 1);
    Ok(())
}

/// RFC 3207 section 6: what came in clear behind the answer to STARTTLS must not count, and nothing goes in clear either.
#[test]
fn text_injected_behind_starttls_ends_the_attempt() -> Outcome {
    let authority = Authority::new()?;
    let server = authority.server(&[&format!("{OFFER}< 220 go|250 ok\ntls\npolite"), POLITE])?;
    let outward = Outward::start(&[("tls.test", server.address, "")], Options::default())?;
    outward.send(&["x@tls.test"])?;
    let seen = outward.wait_for_deferral("x@tls.test")?;
    assert!(seen["last_answer"].to_string().contains("injected"), "{seen}");
    assert!(server.visits().len() == 1 && server.messages().is_empty(), "{:?}", server.visits());
    Ok(())
}

#[test]
fn requiretls_is_kept_onward_or_the_sender_is_told() -> Outcome {
    let authority = Authority::new()?;
    let stranger = Authority::new()?;
    let good = authority.server(&[POLITE])?;
    let inner = "tls\n> EHLO\n< 250-tls.test|250 PIPELINING\npolite";
    let ignorant = authority.server(&[&format!("{OFFER}< 220 go\n{inner}")])?;
    let none = ScriptedServer::start(&["< 220 none.test\n> EHLO\n< 250-none.test|250 REQUIRETLS\npolite"])?;
    let unknown = stranger.server(&[POLITE])?;
    // Behind these there may be what the message asks for: they are tried again.
    let closed = ScriptedServer::start(&["< 421 4.3.2 later"])?;
    let cut = authority.server(&[&format!("{OFFER}< 220 go")])?;
    let routes = [
        ("good.test", good.address, ""),
        ("ignorant.test", ignorant.address, ""),
        ("none.test", none.address, ""),
        ("unknown.test", unknown.address, ""),
        ("closed.test", closed.address, ""),
        ("cut.test", cut.address, ""),
    ];
    let outward = Outward::start(&routes, authority.trusted())?;
    for (domain, ..) in routes {
        // RFC 8689 section 4.1: the option goes before the field that says the opposite.
        let to = format!("x@{domain}");
        outward.submit(" REQUIRETLS RET=FULL", &[&to], "", &letter(&to, "TLS-Required: No\r\n"))?;
    }
    good.wait_for_messages(1, PATIENCE)?;
    let mail = good.visits()[0].heard.iter().find(|line| line.starts_with("MAIL")).cloned().unwrap_or_default();
    assert!(mail.contains(" REQUIRETLS"), "{mail}");
    for (domain, status) in [("ignorant.test", "5.7.30"), ("none.test", "5.7.10"), ("unknown.test", "5.7.10")] {
        let report = outward.wait_for_report(&format!("x@{domain}"))?;
        assert!(report.contains(&format!("Status: {status}\r\n")), "{domain}: {report}");
        // RFC 8689 section 5: the header alone is sent back, whatever RET says.
        assert!(report.contains("Subject: order") && !report.contains("Ten pieces"), "{domain}: {report}");
    }
    for (domain, status) in [("closed.test", "4.3.2"), ("cut.test", "4.7.10")] {
        let seen = outward.wait_for_deferral(&format!("x@{domain}"))?;
        assert!(seen["last_status"] == status, "{domain}: {seen}");
    }
    for server in [&ignorant, &none, &unknown, &closed, &cut] {
        assert!(server.messages().is_empty() && !heard(&server.visits(), "MAIL"), "{:?}", server.visits());
    }
    // Other mail still goes where REQUIRETLS is not kept.
    outward.send(&["y@ignorant.test"])?;
    ignorant.wait_for_messages(1, PATIENCE).map(drop)
}

#[test]
fn forwarded_mail_keeps_requiretls() -> Outcome {
    let authority = Authority::new()?;
    let good = authority.server(&[POLITE])?;
    let none = ScriptedServer::start(&["< 220 none.test\n> EHLO\n< 250-none.test|250 REQUIRETLS\npolite"])?;
    let routes = [("good.test", good.address, ""), ("none.test", none.address, "")];
    let outward = Outward::start(&routes, authority.trusted())?;
    for target in ["x@good.test", "x@none.test"] {
        let add = ["user", "forward", "add", "finance@trade.test", target, "--no-copy"];
        outward.tradewind.command(&add)?.success()?;
    }
    outward.submit(" REQUIRETLS", &["finance@trade.test"], "", &letter("finance@trade.test", ""))?;
    good.wait_for_messages(1, PATIENCE)?;
    let mail = good.visits()[0].heard.iter().find(|line| line.starts_with("MAIL")).cloned().unwrap_or_default();
    assert!(mail.contains(" REQUIRETLS"), "{mail}");
    let report = outward.wait_for_report("x@none.test")?;
    assert!(report.contains("Status: 5.7.10\r\n") && !report.contains("Ten pieces"), "{report}");
    assert!(none.messages().is_empty() && !heard(&none.visits(), "MAIL"), "{:?}", none.visits());
    Ok(())
}

/// RFC 8689 sections 2 and 5: offered under TLS alone, and a report of such a message may travel only as it did.
#[test]
fn a_report_of_a_message_with_requiretls_keeps_it() -> Outcome {
    let authority = Authority::new()?;
    let home = authority.server(&[POLITE])?;
    let outward = Outward::start(&[("peer.test", home.address, "")], authority.trusted())?;
    let sales = outward.tradewind.account("sales")?.address;
    let mut client = outward.tradewind.smtp()?;
    assert!(!client.offers.contains("REQUIRETLS"), "{}", client.offers);
    client.command("MAIL FROM:<a@peer.test> REQUIRETLS")?.expect(555)?;
    client.start_tls(&Trust::Authority(outward.tradewind.ca()?))?;
    assert!(client.offers.contains("REQUIRETLS"), "{}", client.offers);
    client.command("MAIL FROM:<a@peer.test> REQUIRETLS")?.expect(250)?;
    client.command(&format!("RCPT TO:<{sales}> NOTIFY=SUCCESS"))?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.stream.send(&smtp::for_wire(&letter(&sales, "")))?;
    client.reply()?.expect(250)?;
    let report = &home.wait_for_messages(1, PATIENCE)?[0];
    assert!(report.contains("Action: delivered") && report.contains(&sales), "{report}");
    let mail = home.visits()[0].heard.iter().find(|line| line.starts_with("MAIL")).cloned().unwrap_or_default();
    assert!(mail.starts_with("MAIL FROM:<>") && mail.contains(" REQUIRETLS"), "{mail}");
    outward.wait_for_empty_queue()
}

#[test]
fn a_relay_gets_the_password_under_verified_tls_alone() -> Outcome {
    let authority = Authority::new()?;
    let password = authority.scratch.file("password", "pw\n")?;
    let sign_in = format!(", user = \"us\", password_file = \"{}\"", password.display());
    let country = authority.server(&[POLITE])?;
    let clear = ScriptedServer::start(&["< 220 r.test\n> EHLO\n< 250-r.test|250 AUTH PLAIN\npolite"])?;
    let inner = "tls\n> EHLO\n< 250-r.test|250 AUTH PLAIN\n> AUTH\n< 535 5.7.8 who are you?\n";
    let refusing = authority.server(&[&format!("{OFFER}< 220 go\n{inner}")])?;
    let partner = ScriptedServer::start(&[POLITE])?;
    let from = format!("{sign_in}, source = \"127.0.0.2\"");
    let routes = [
        ("shop.ir", partner.address, ""),
        ("*.ir", country.address, from.as_str()),
        ("clear.test", clear.address, sign_in.as_str()),
        ("refusing.test", refusing.address, sign_in.as_str()),
    ];
    let outward = Outward::start(&routes, authority.trusted())?;
    for to in ["x@mail.bazaar.ir", "x@shop.ir", "x@clear.test", "x@refusing.test"] {
        outward.send(&[to])?;
    }
    country.wait_for_messages(1, PATIENCE)?;
    let visit = &country.visits()[0];
    assert_eq!(visit.from.map(|from| from.to_string()).as_deref(), Some("127.0.0.2"));
    assert!(visit.heard.contains(&format!("AUTH PLAIN {}", smtp::base64(b"\0us\0pw"))), "{visit:?}");
    partner.wait_for_messages(1, PATIENCE)?;
    assert!(!heard(&partner.visits(), "AUTH"), "the domain's own route goes before the country's");
    assert_eq!(outward.wait_for_deferral("x@clear.test")?["last_status"], "4.7.10");
    assert!(!heard(&clear.visits(), "AUTH"), "a password in clear: {:?}", clear.visits());
    let seen = outward.wait_for_deferral("x@refusing.test")?;
    assert!(seen["last_status"] == "4.7.8" && seen["last_answer"].to_string().contains("535"), "{seen}");
    Ok(())
}
