use super::{Account, MESSAGE, holds, outcome, outcome_of};

#[test]
fn what_no_rule_speaks_of_is_kept() {
    for (script, expected) in [
        ("", "keep"),
        ("stop;", "keep"),
        ("discard;", ""),
        ("keep; keep;", "keep"),
        ("if false { discard; }", "keep"),
        ("if true { stop; } discard;", "keep"),
        ("if false { discard; } elsif true { keep; } else { discard; }", "keep"),
        ("if false { keep; } elsif false { keep; } else { discard; }", ""),
        ("require \"fileinto\"; fileinto \"Work\";", "into Work"),
        ("require \"fileinto\"; fileinto \"Work\"; fileinto \"Work\"; keep;", "into Work; keep"),
        ("require [\"fileinto\", \"copy\"]; fileinto :copy \"Work\";", "into Work; keep"),
        ("redirect \"A@Other.example\";", "to a@other.example"),
        ("require \"copy\"; redirect :copy \"a@other.example\";", "to a@other.example; keep"),
        ("require [\"fileinto\", \"mailbox\"]; fileinto :create \"New\";", "into New new"),
        ("require [\"fileinto\", \"special-use\"]; fileinto :specialuse \"\\\\Junk\" \"J\";", "into J \\Junk"),
        ("require [\"fileinto\", \"mailboxid\"]; fileinto :mailboxid \"7\" \"INBOX\";", "into INBOX #7"),
        ("require \"reject\"; reject \"no\";", "reject no"),
        ("require \"ereject\"; ereject text:\nno\n..dot\n.\n;", "reject no\r\n.dot\r\n"),
    ] {
        assert_eq!(outcome(script), expected, "{script}");
    }
}

#[test]
fn header_fields_are_compared() {
    for (test, expected) in [
        ("header \"subject\" \"发票 Invoice 42\"", true),
        ("header :contains [\"x-none\", \"Subject\"] [\"offer\", \"INVOICE\"]", true),
        ("header :comparator \"i;octet\" :contains \"subject\" \"INVOICE\"", false),
        ("header :matches \"subject\" \"*invoice ??\"", true),
        ("header :matches \"subject\" \"*invoice ?\"", false),
        ("header :matches \"subject\" \"*\\\\*\"", false),
        ("header :contains \"x-ours\" \"yes\"", true),
        ("exists [\"from\", \"list-id\"]", true),
        ("exists [\"from\", \"x-none\"]", false),
        ("not header :contains \"subject\" \"x\"", true),
        ("size :over 1K", false),
        ("size :under 1M", true),
        ("allof (true, not false, anyof (false, true))", true),
        ("address \"from\" \"sales+cn@ACME.example\"", true),
        ("address :localpart \"from\" \"sales+cn\"", true),
        ("address :domain [\"to\", \"cc\"] \"other.example\"", true),
        ("address :contains \"from\" \"Wang\"", false),
        ("header :contains \"from\" \"Wang\"", true),
    ] {
        assert_eq!(holds("", test), expected, "{test}");
    }
}

#[test]
fn extensions_of_tests() {
    for (extensions, test, expected) in [
        ("envelope", "envelope \"from\" \"bounce@acme.example\"", true),
        ("envelope subaddress", "envelope :detail \"to\" \"shop\"", true),
        ("envelope subaddress", "envelope :user \"to\" \"li\"", true),
        ("subaddress", "address :detail \"from\" \"cn\"", true),
        ("subaddress", "address :detail \"cc\" \"\"", false),
        (
            "relational comparator-i;ascii-numeric",
            "header :value \"ge\" :comparator \"i;ascii-numeric\" \"x-spam-score\" \"5\"",
            true,
        ),
        (
            "relational comparator-i;ascii-numeric",
            "header :value \"gt\" :comparator \"i;ascii-numeric\" \"x-spam-score\" \"10\"",
            false,
        ),
        ("relational", "address :count \"ge\" [\"to\", \"cc\"] \"3\"", true),
        ("relational", "address :count \"gt\" [\"to\", \"cc\"] \"3\"", false),
        ("index", "header :index 2 \"keywords\" \"two\"", true),
        ("index", "header :index 1 :last \"keywords\" \"two\"", true),
        ("index", "header :index 3 \"keywords\" \"two\"", false),
        ("body", "body :contains \"pay now\"", true),
        ("body", "body :raw :contains \"<b>pay\"", true),
        ("body", "body :content \"application/pdf\" :is \"hello\"", true),
        ("body", "body :content \"text\" :contains \"hello\"", false),
        ("date", "date \"date\" \"date\" \"2026-11-27\"", true),
        ("date", "date :originalzone \"date\" \"date\" \"2026-11-26\"", true),
        ("date", "date :zone \"+0800\" \"date\" \"hour\" \"12\"", true),
        ("date", "date \"received\" \"iso8601\" \"2026-11-27T04:30:00+00:00\"", true),
        ("date relational", "currentdate :value \"ge\" \"date\" \"2026-11-27\"", true),
        ("date", "currentdate \"weekday\" \"5\"", true),
        ("date", "currentdate :zone \"-0500\" \"weekday\" \"4\"", true),
        ("date", "date \"x-none\" \"year\" \"2026\"", false),
        ("mailbox", "mailboxexists [\"INBOX\", \"Work\"]", true),
        ("mailbox", "mailboxexists [\"INBOX\", \"None\"]", false),
        ("mailboxid", "mailboxidexists \"7\"", true),
        ("special-use", "specialuse_exists \"\\\\Junk\"", true),
        ("special-use", "specialuse_exists \"Work\" \"\\\\Junk\"", false),
        ("encoded-character", "header :contains \"subject\" \"${unicode:53d1}${hex: e7 a5 a8}\"", true),
        (
            "comparator-i;unicode-casemap",
            "header :comparator \"i;unicode-casemap\" :contains \"subject\" \"invoice\"",
            true,
        ),
        ("vnd.tradewind.attachment", "attachment", true),
    ] {
        assert_eq!(holds(extensions, test), expected, "{test}");
    }
}

#[test]
fn variables_hold_what_wildcards_stood_for() {
    let run = |body: &str| outcome(&format!("require [\"variables\", \"fileinto\", \"imap4flags\"];\n{body}"));
    for (body, expected) in [
        ("set \"a\" \"x\"; fileinto \"${a}/${A}${none}\";", "into x/x"),
        ("if header :matches \"list-id\" \"*<*.lists.*>\" { fileinto \"Lists/${2}\"; }", "into Lists/valves"),
        ("if header :matches \"subject\" \"*Invoice*\" { fileinto \"${1}|${2}|${9}\"; }", "into 发票 | 42|"),
        ("set :upperfirst :lower \"a\" \"jOHN\"; fileinto \"${a}\";", "into John"),
        ("set :length \"a\" \"发票\"; fileinto \"${a}\";", "into 2"),
        ("set :quotewildcard \"a\" \"a*b\"; fileinto \"${a}\";", "into a\\*b"),
        ("fileinto \"${bad name} $x\";", "into ${bad name} $x"),
        ("set \"n\" \"7\"; if string :is \"${n}\" \"7\" { discard; }", ""),
        ("addflag \"\\\\Seen\"; addflag [\"$a $b\"]; removeflag \"$A\"; fileinto \"Work\";", "into Work $b \\Seen"),
        ("setflag \"f\" \"$x\"; keep :flags \"${f}\";", "keep $x"),
        ("addflag \"$x\"; if hasflag \"$X\" { discard; }", ""),
        ("addflag \"$x\"; keep :flags [];", "keep"),
        ("addflag \"$x\";", "keep $x"),
    ] {
        assert_eq!(run(body), expected, "{body}");
    }
    // Without the extension nothing is replaced.
    assert_eq!(outcome("require \"fileinto\"; fileinto \"${a}\";"), "into ${a}");
}

#[test]
fn replies_are_asked_for_once() {
    let run = |body: &str| outcome(&format!("require [\"vacation\", \"vacation-seconds\", \"reject\"];\n{body}"));
    assert_eq!(run("vacation :days 3 \"away\";"), "reply away every 259200; keep");
    assert_eq!(run("vacation :seconds 7200 :handle \"h\" \"away\";"), "reply away every 7200; keep");
    assert_eq!(run("vacation :seconds 0 \"away\";"), "reply away every 3600; keep");
    assert!(run("vacation \"a\";\nvacation \"b\";").starts_with("line 3: vacation cannot be combined with vacation"));
    assert!(run("keep;\nreject \"b\";").starts_with("line 3: reject cannot be combined with keep"));
}

#[test]
fn duplicates_are_known_by_what_was_seen() {
    let mut account = Account::default();
    let script = "require \"duplicate\"; if duplicate { discard; }";
    assert_eq!(outcome_of(script, MESSAGE, &mut account), "keep");
    assert_eq!(outcome_of(script, MESSAGE, &mut account), "");
    let other = "require \"duplicate\"; if duplicate :handle \"other\" { discard; }";
    assert_eq!(outcome_of(other, MESSAGE, &mut account), "keep");
    let without = "From: a@b.example\n\nx\n";
    assert_eq!(outcome_of(script, without, &mut account), "keep");
    assert_eq!(outcome_of(script, without, &mut account), "keep", "what has no name is no duplicate");
}

#[test]
fn what_grows_has_a_limit() {
    let redirects: String = (0..5).map(|n| format!("redirect \"a{n}@x.example\";\n")).collect();
    assert!(outcome(&redirects).starts_with("line 5: the script sends the message on to more than 4"));
    let files: String = (0..40).map(|n| format!("fileinto \"{n}\";")).collect();
    assert!(
        outcome(&format!("require \"fileinto\";\n{files}")).starts_with("line 2: the script asks for more than 32")
    );
    let letters = "a".repeat(1_000_000);
    let message = format!("From: a@b.example\nSubject: x\n\n{letters}\n");
    let heavy = "require \"body\"; if body :raw :matches \"*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*\" { keep; }";
    let told = outcome_of(heavy, &message, &mut Account::default());
    assert!(told.contains("too much work"), "{told}");
    let doubling = "set \"a\" \"${a}${a}xxxxxxxxxxxxxxxx\";\n".repeat(60);
    assert_eq!(outcome(&format!("require \"variables\";\n{doubling}")), "keep");
    assert!(
        outcome("require \"variables\"; set \"a\" \"b\"; redirect \"${a}\";").contains("\"b\" is no address"),
        "an address out of variables is looked at when it is known"
    );
}
