//! The resolver against a real name server, signed zones included.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use env::Outlook;
use env::dns::{Mx, RecordKind, Resolver};
use harness::{Bind, Outcome, require};
use resolver::{HickoryResolver, ResolverSettings};

const RECORDS: &str = "\
mail.trade.test. A 192.0.2.1
mail.trade.test. AAAA 2001:db8::1
trade.test. MX 20 second.trade.test.
trade.test. MX 10 Mail.Trade.test.
trade.test. TXT \"v=spf1 \" \"-all\"
1.2.0.192.in-addr.arpa. PTR mail.trade.test.
null.test. MX 0 .
alias.test. CNAME mail.trade.test.
forged.test. A 192.0.2.66
_25._tcp.mail.trade.test. TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
";

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn settings(server: SocketAddr) -> ResolverSettings {
    let timeout = Duration::from_secs(2);
    ResolverSettings { servers: vec![server], validate: false, trust_anchor: None, timeout, cache_entries: 100 }
}

fn signed(bind: &Bind) -> ResolverSettings {
    ResolverSettings { validate: true, trust_anchor: Some(bind.trust_anchor()), ..settings(bind.address) }
}

#[test]
fn records_of_each_kind_from_a_signed_zone() -> Outcome {
    require!("bind9", "bind9-utils");
    let bind = Bind::start_signed(RECORDS, &[], &[])?;
    let resolver = HickoryResolver::new(&signed(&bind))?;
    runtime()?.block_on(async {
        assert!(resolver.dnssec_works().await?);
        assert_eq!(resolver.ipv4("mail.trade.test").await?, [Ipv4Addr::new(192, 0, 2, 1)]);
        assert_eq!(resolver.ipv6("mail.trade.test.").await?.len(), 1);
        assert_eq!(resolver.ipv4("alias.test").await?, [Ipv4Addr::new(192, 0, 2, 1)]);
        let mx = |preference, exchange: &str| Mx { preference, exchange: exchange.to_owned() };
        assert_eq!(resolver.mx("TRADE.test").await?, [mx(10, "mail.trade.test"), mx(20, "second.trade.test")]);
        assert_eq!(resolver.mx("null.test").await?, [mx(0, "")]);
        assert_eq!(resolver.txt("trade.test").await?, ["v=spf1 -all"]);
        assert_eq!(resolver.ptr(IpAddr::from([192, 0, 2, 1])).await?, ["mail.trade.test"]);
        Ok(())
    })
}

#[test]
fn what_is_not_there_is_told_from_what_cannot_be_known() -> Outcome {
    require!("bind9", "bind9-utils");
    let bind = Bind::start_signed(
        &format!("{RECORDS}\nlame.test. NS ns.invalid.\n"),
        &[("plain.test", "@ A 192.0.2.7")],
        &[("192.0.2.66", "192.0.2.67")],
    )?;
    let resolver = HickoryResolver::new(&signed(&bind))?;
    runtime()?.block_on(async {
        // No such name; a name without such a record: both proven.
        for name in ["nothing.test", "trade.test"] {
            let error = resolver.ipv4(name).await.expect_err(name);
            assert_eq!(error.outlook(), Outlook::Permanent, "{name}: {error}");
        }
        // Changed after it was signed.
        let error = resolver.ipv4("forged.test").await.expect_err("a forged answer is believed");
        assert_eq!(error.outlook(), Outlook::Temporary, "{error}");
        assert!(resolver.is_usable().await, "one wrong name does not mean that DNS is down");
        // A zone that is not signed, and is said to be so.
        assert_eq!(resolver.ipv4("plain.test").await?, [Ipv4Addr::new(192, 0, 2, 7)]);
        Ok(())
    })
}

#[test]
fn what_is_proven_is_told_from_what_is_only_said() -> Outcome {
    require!("bind9", "bind9-utils");
    let said = "@ MX 10 mail.trade.test.\nmail A 192.0.2.8\n_25._tcp.mail TLSA 3 1 1 0123";
    let records = format!("{RECORDS}\noutward.test. CNAME mail.plain.test.\n");
    let bind = Bind::start_signed(&records, &[("plain.test", said)], &[("192.0.2.66", "192.0.2.67")])?;
    let resolver = HickoryResolver::new(&signed(&bind))?;
    runtime()?.block_on(async {
        for (name, kind, expected) in [
            ("trade.test", RecordKind::Mx, true),
            ("mail.trade.test", RecordKind::Address, true),
            // That it has no exchanger is proven as well.
            ("mail.trade.test", RecordKind::Mx, true),
            ("nothing.test", RecordKind::Mx, true),
            ("alias.test", RecordKind::Address, true),
            ("plain.test", RecordKind::Mx, false),
            ("mail.plain.test", RecordKind::Address, false),
            ("outward.test", RecordKind::Address, false),
        ] {
            assert_eq!(resolver.is_proven(name, kind).await?, expected, "{name} {kind:?}");
        }
        assert!(resolver.is_proven("forged.test", RecordKind::Address).await.is_err());
        let found = resolver.tlsa("_25._tcp.mail.trade.test").await?;
        assert_eq!(
            found.iter().map(|it| (it.usage, it.selector, it.matching, it.data.len())).collect::<Vec<_>>(),
            [(3, 1, 1, 32)]
        );
        for name in ["_25._tcp.mail.plain.test", "_25._tcp.trade.test"] {
            assert_eq!(
                resolver.tlsa(name).await.err().map(|error| error.outlook()),
                Some(Outlook::Permanent),
                "{name}"
            );
        }
        assert_eq!(resolver.canonical_name("Alias.test.").await?, "mail.trade.test");
        assert_eq!(resolver.canonical_name("mail.trade.test").await?, "mail.trade.test");
        Ok(())
    })
}

#[test]
fn an_answer_that_does_not_fit_is_fetched_again_by_tcp() -> Outcome {
    require!("bind9");
    let long: String = (0..40).map(|_| format!("\"{}\" ", "x".repeat(250))).collect();
    let bind = Bind::start(&[("trade.test", &format!("@ TXT {long}"))])?;
    let resolver = HickoryResolver::new(&settings(bind.address))?;
    let found = runtime()?.block_on(resolver.txt("trade.test"))?;
    assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [10_000]);
    Ok(())
}

#[test]
fn what_was_asked_is_kept() -> Outcome {
    require!("bind9");
    let bind = Bind::start(&[("trade.test", "mail A 192.0.2.1")])?;
    let resolver = HickoryResolver::new(&settings(bind.address))?;
    runtime()?.block_on(async {
        resolver.ipv4("mail.trade.test").await?;
        drop(bind);
        assert_eq!(resolver.ipv4("mail.trade.test").await?, [Ipv4Addr::new(192, 0, 2, 1)]);
        assert!(resolver.ipv4("other.trade.test").await.is_err());
        Ok(())
    })
}

#[test]
fn a_silent_server_is_not_waited_for_long() -> Outcome {
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let timeout = Duration::from_millis(300);
    let resolver = HickoryResolver::new(&ResolverSettings { timeout, ..settings(silent.local_addr()?) })?;
    let begun = Instant::now();
    let error = runtime()?.block_on(resolver.ipv4("mail.trade.test")).expect_err("nobody answers");
    assert_eq!(error.outlook(), Outlook::Temporary);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // It is known to be down now: the next hundred names take no time.
    let begun = Instant::now();
    runtime()?.block_on(async {
        assert!(!resolver.is_usable().await);
        for number in 0..100 {
            assert!(resolver.ipv4(&format!("host{number}.trade.test")).await.is_err());
        }
    });
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_file_without_keys_is_named() {
    let settings =
        ResolverSettings { trust_anchor: Some("no-such-anchor".into()), ..settings(([127, 0, 0, 1], 53).into()) };
    let error = HickoryResolver::new(&settings).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("no-such-anchor") && error.contains("dns.trust_anchor"), "{error}");
}

/// RFC 7672 section 2.2.2: an alias of a host with addresses of one family alone.
#[test]
fn an_alias_without_one_family_is_proven() -> Outcome {
    require!("bind9", "bind9-utils");
    let records = format!(
        "{RECORDS}\nfour.test. A 192.0.2.4\ntofour.test. CNAME four.test.\nsix.test. AAAA 2001:db8::6\ntosix.test. CNAME six.test.\n"
    );
    let bind = Bind::start_signed(&records, &[], &[("192.0.2.66", "192.0.2.67")])?;
    let resolver = HickoryResolver::new(&signed(&bind))?;
    runtime()?.block_on(async {
        for (name, canonical) in [
            ("four.test", "four.test"),
            ("tofour.test", "four.test"),
            ("six.test", "six.test"),
            ("tosix.test", "six.test"),
        ] {
            assert!(resolver.is_proven(name, RecordKind::Address).await?, "{name}");
            assert_eq!(resolver.canonical_name(name).await?, canonical);
        }
        Ok(())
    })
}
