use super::*;
use crate::lists::{NewEntry, canonical};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn rules(entries: &[&str]) -> Rules {
    let entry = |(id, text): (i64, &&str)| {
        let mut words = text.split(' ');
        let mut next = || words.next().unwrap_or_default();
        let (effect, kind): (Effect, EntryKind) = (next().parse().unwrap(), next().parse().unwrap());
        let value = canonical(kind, next()).unwrap();
        let condition = next();
        let what = NewEntry {
            effect,
            kind,
            value,
            owner: "li".to_owned(),
            reason: "known".to_owned(),
            expires: (condition == "expired").then_some(NOW),
            unauthenticated: condition == "unauthenticated",
            despite_policy: false,
        };
        Entry { id, created: NOW, what }
    };
    Rules::new((1..).zip(entries).map(entry).collect())
}

fn word(listing: &Listing) -> &'static str {
    match listing {
        Listing::Unlisted => "-",
        Listing::Allowed(_) => "allow",
        Listing::Denied(_) => "deny",
    }
}

#[test]
fn the_longest_prefix_decides() {
    for (entries, client, expected) in [
        (&["deny network 192.0.2.0/24"][..], "192.0.2.9", "deny"),
        (&["deny network 192.0.2.0/24"], "::ffff:192.0.2.9", "deny"),
        (&["deny network 192.0.2.0/24"], "192.0.3.9", "-"),
        (&["deny network 192.0.2.77/24"], "192.0.2.9", "deny"),
        (&["deny network 192.0.0.0/16", "allow network 192.0.2.0/24"], "192.0.2.9", "allow"),
        (&["allow network 192.0.0.0/16", "deny network 192.0.2.9"], "192.0.2.9", "deny"),
        (&["allow network 192.0.2.9", "deny network 192.0.2.9"], "192.0.2.9", "deny"),
        (&["deny network 192.0.2.9 expired"], "192.0.2.9", "-"),
        (&["deny network 192.0.2.9 expired", "allow network 192.0.0.0/16"], "192.0.2.9", "allow"),
        (&["deny network 2001:db8::/32"], "2001:db8:1::9", "deny"),
        (&["deny network 2001:db8::/32"], "192.0.2.9", "-"),
    ] {
        assert_eq!(word(&rules(entries).client(client.parse().unwrap(), NOW)), expected, "{entries:?} {client}");
    }
}

/// Author, address in MAIL FROM, authenticated domain, signer as selector and domain.
type Case<'a> = (&'a [&'a str], &'a str, &'a str, Option<&'a str>, Option<(&'a str, &'a str)>, &'a str);

#[test]
fn an_allowed_author_counts_only_when_authenticated_and_precision_decides() {
    let (li, other) = ("li@partner.example", "a@other.example");
    let own = Some("partner.example");
    let cases: &[Case<'_>] = &[
        (&[], li, li, own, None, "-"),
        (&["allow domain partner.example"], li, li, own, None, "allow"),
        (&["allow domain partner.example"], li, li, None, None, "-"),
        (&["allow domain partner.example"], li, li, Some("other.example"), None, "-"),
        // Its own envelope address is not its author.
        (&["allow domain partner.example"], other, li, Some("other.example"), None, "-"),
        (&["allow domain partner.example unauthenticated"], li, li, None, None, "allow"),
        (&["allow domain partner.example expired"], li, li, own, None, "-"),
        (&["allow domain example"], li, li, own, None, "allow"),
        (&["allow domain artner.example"], li, li, own, None, "-"),
        (&["deny domain PARTNER.example."], li, li, own, None, "deny"),
        (&["deny domain partner.example"], other, li, None, None, "deny"),
        (&["deny domain partner.example"], li, other, None, None, "deny"),
        (&["deny domain partner.example", "allow address Li@partner.example"], li, li, own, None, "allow"),
        // What claims to be the allowed sender is denied with the others.
        (&["deny domain partner.example", "allow address li@partner.example"], li, li, None, None, "deny"),
        (&["allow domain partner.example", "deny address li@partner.example"], li, li, own, None, "deny"),
        (&["allow domain partner.example", "deny domain partner.example"], li, li, own, None, "deny"),
        (&["deny domain example", "allow domain partner.example"], li, li, own, None, "allow"),
        (&["deny key k1._domainkey.bulk.example"], li, li, own, Some(("bulk.example", "K1")), "deny"),
        (&["deny key k1._domainkey.bulk.example"], li, li, own, Some(("bulk.example", "k2")), "-"),
        (&["deny key bulk.example"], li, li, own, Some(("Bulk.example", "k2")), "deny"),
        (
            &["deny key bulk.example", "allow key k2._domainkey.bulk.example"],
            li,
            li,
            None,
            Some(("bulk.example", "k2")),
            "allow",
        ),
        (
            &["deny key bulk.example", "allow address li@partner.example"],
            li,
            li,
            own,
            Some(("bulk.example", "k2")),
            "allow",
        ),
        (&["allow domain partner.example", "deny key bulk.example"], li, li, own, Some(("bulk.example", "k2")), "deny"),
    ];
    for (entries, author, envelope, authenticated, signer, expected) in cases {
        let (authors, envelope) = ([Address::parse(author).unwrap()], Address::parse(envelope).unwrap());
        let signers: Vec<_> =
            signer.iter().map(|(domain, selector)| (domain.to_string(), selector.to_string())).collect();
        let sender =
            Sender { envelope: Some(&envelope), authors: &authors, authenticated: *authenticated, signers: &signers };
        assert_eq!(word(&rules(entries).message(sender, NOW)), *expected, "{entries:?} {author} {envelope}");
    }
}

#[test]
fn several_authors_are_denied_together_and_never_allowed() {
    let authors = ["li@partner.example", "a@other.example"].map(|author| Address::parse(author).unwrap());
    let sender = Sender { envelope: None, authors: &authors, authenticated: Some("partner.example"), signers: &[] };
    assert_eq!(word(&rules(&["allow domain partner.example"]).message(sender, NOW)), "-");
    assert_eq!(word(&rules(&["deny domain other.example"]).message(sender, NOW)), "deny");
}

#[test]
fn an_announced_sender_is_denied_only_if_nothing_can_allow_it() {
    let li = Address::parse("li@partner.example").unwrap();
    for (entries, is_authenticated, expected) in [
        (&["deny domain partner.example"][..], true, "deny"),
        (&["deny address li@partner.example"], true, "deny"),
        (&["deny domain partner.example", "allow address li@partner.example"], true, "allow"),
        (&["deny domain partner.example", "allow address li@partner.example"], false, "-"),
        (&["allow domain partner.example", "deny address li@partner.example"], true, "deny"),
        (&["allow domain partner.example unauthenticated"], false, "allow"),
        (&["allow domain partner.example"], false, "-"),
    ] {
        assert_eq!(word(&rules(entries).announced(&li, is_authenticated, NOW)), expected, "{entries:?}");
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for (kind, value) in [
        (EntryKind::Address, "partner.example"),
        (EntryKind::Domain, "[192.0.2.1]"),
        (EntryKind::Domain, "a b"),
        (EntryKind::Network, "0.0.0.0/0"),
        (EntryKind::Network, "10.0.0.0/7"),
        (EntryKind::Network, "::/15"),
        (EntryKind::Key, "._domainkey.x.example"),
    ] {
        assert!(canonical(kind, value).is_err(), "{kind} {value}");
    }
}
