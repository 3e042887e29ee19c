//! SPF as policyd-spf sees it, which Postfix asks on Debian: the same zone, the same questions, the same verdicts.

use std::time::Duration;

use env::Clock;
use harness::{Bind, Outcome, Port53, SpfQuestion, policyd_verdicts, require, skip};
use mailauth::Question;

/// The whole of DNS: what is not here does not exist.
const ROOT: &str = "\
ns.invalid. A 127.0.0.1
good.test. TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"
mx.good.test. A 192.0.2.1
soft.test. TXT \"v=spf1 ip4:192.0.2.1 ~all\"
neutral.test. TXT \"v=spf1 ip4:192.0.2.1 ?all\"
open.test. TXT \"v=spf1 ip4:192.0.2.1\"
nothing.test. TXT \"just a text\"
empty.test. TXT \"v=spf1\"
split.test. TXT \"v=spf1 ip4:192.\" \"0.2.1 -all\"
upper.test. TXT \"V=SPF1 IP4:192.0.2.1 -ALL\"
twice.test. TXT \"v=spf1 -all\"
twice.test. TXT \"v=spf1 +all\"
typo.test. TXT \"v=spf1 ipv4:192.0.2.1 -all\"
late.test. TXT \"v=spf1 ip4:192.0.2.1 nonsense:x -all\"
version.test. TXT \"v=spf10 -all\"
host.test. TXT \"v=spf1 a -all\"
host.test. A 192.0.2.1
near.test. TXT \"v=spf1 a:host.test/24 -all\"
exchanger.test. TXT \"v=spf1 mx -all\"
exchanger.test. MX 10 mx.good.test.
other.test. TXT \"v=spf1 mx:exchanger.test -all\"
include.test. TXT \"v=spf1 include:good.test ~all\"
nested.test. TXT \"v=spf1 include:include.test -all\"
nobody.test. TXT \"v=spf1 include:nothing.test -all\"
wrong.test. TXT \"v=spf1 include:typo.test -all\"
redirect.test. TXT \"v=spf1 redirect=good.test\"
astray.test. TXT \"v=spf1 redirect=nothing.test\"
both.test. TXT \"v=spf1 redirect=typo.test ?all\"
exists.test. TXT \"v=spf1 exists:%{ir}.%{l1r-}.users.test -all\"
1.2.0.192.ann.users.test. A 127.0.0.2
helo.test. TXT \"v=spf1 exists:%{h}.greets.test -all\"
mx.good.test.greets.test. A 127.0.0.2
macro.test. TXT \"v=spf1 include:%{d2}.policies.test -all\"
macro.test.policies.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"
broken-macro.test. TXT \"v=spf1 exists:%{x}.users.test -all\"
loop.test. TXT \"v=spf1 include:loop.test -all\"
many.test. TXT \"v=spf1 a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test -all\"
ten.test. TXT \"v=spf1 a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test a:host.test -all\"
void.test. TXT \"v=spf1 a:no1.test a:no2.test a:no3.test -all\"
voids.test. TXT \"v=spf1 a:no1.test a:no2.test -all\"
pointer.test. TXT \"v=spf1 ptr -all\"
1.2.0.192.in-addr.arpa. PTR mail.pointer.test.
2.2.0.192.in-addr.arpa. PTR mail.pointer.test.
mail.pointer.test. A 192.0.2.1
prefix.test. TXT \"v=spf1 ip4:192.0.2.1/33 -all\"
alias.test. CNAME good.test.
silent.test. TXT \"v=spf1 include:x.broken.test -all\"
broken.test. NS ns.invalid.
";

/// A zone that the server cannot load: it answers SERVFAIL.
const BROKEN: (&str, &str) = ("broken.test", "@ NONSENSE");

const HELO: &str = "mx.good.test";
/// The client that most policies name, and two that they do not.
const NAMED: &str = "192.0.2.1";
const NEAR: &str = "192.0.2.77";
const FAR: &str = "198.51.100.9";

const QUESTIONS: [(SpfQuestion<'static>, &str); 59] = [
    ((NAMED, HELO, "a@good.test"), "pass"),
    ((NEAR, HELO, "a@good.test"), "pass"),
    ((FAR, HELO, "a@good.test"), "fail"),
    (("2001:db8::1", HELO, "a@good.test"), "pass"),
    (("2001:db9::1", HELO, "a@good.test"), "fail"),
    ((NAMED, HELO, "a@soft.test"), "pass"),
    ((FAR, HELO, "a@soft.test"), "softfail"),
    ((FAR, HELO, "a@neutral.test"), "neutral"),
    ((FAR, HELO, "a@open.test"), "neutral"),
    ((FAR, HELO, "a@nothing.test"), "none"),
    ((FAR, HELO, "a@absent.test"), "none"),
    ((FAR, HELO, "a@empty.test"), "neutral"),
    ((NAMED, HELO, "a@split.test"), "pass"),
    ((FAR, HELO, "a@split.test"), "fail"),
    ((NAMED, HELO, "a@upper.test"), "pass"),
    ((FAR, HELO, "a@upper.test"), "fail"),
    ((NAMED, HELO, "a@twice.test"), "permerror"),
    ((NAMED, HELO, "a@typo.test"), "permerror"),
    ((NAMED, HELO, "a@late.test"), "permerror"),
    ((NAMED, HELO, "a@version.test"), "none"),
    ((NAMED, HELO, "a@host.test"), "pass"),
    ((NEAR, HELO, "a@host.test"), "fail"),
    (("2001:db8::1", HELO, "a@host.test"), "fail"),
    ((NEAR, HELO, "a@near.test"), "pass"),
    ((FAR, HELO, "a@near.test"), "fail"),
    ((NAMED, HELO, "a@exchanger.test"), "pass"),
    ((FAR, HELO, "a@exchanger.test"), "fail"),
    ((NAMED, HELO, "a@other.test"), "pass"),
    ((NAMED, HELO, "a@include.test"), "pass"),
    ((FAR, HELO, "a@include.test"), "softfail"),
    ((NAMED, HELO, "a@nested.test"), "pass"),
    ((FAR, HELO, "a@nested.test"), "fail"),
    ((NAMED, HELO, "a@nobody.test"), "permerror"),
    ((NAMED, HELO, "a@wrong.test"), "permerror"),
    ((NAMED, HELO, "a@redirect.test"), "pass"),
    ((FAR, HELO, "a@redirect.test"), "fail"),
    ((FAR, HELO, "a@astray.test"), "permerror"),
    ((FAR, HELO, "a@both.test"), "neutral"),
    ((NAMED, HELO, "ann@exists.test"), "pass"),
    ((NAMED, HELO, "sales-ann@exists.test"), "fail"),
    ((NAMED, HELO, "ann-sales@exists.test"), "pass"),
    ((NAMED, HELO, "bob@exists.test"), "fail"),
    ((FAR, HELO, "ann@exists.test"), "fail"),
    ((FAR, HELO, "a@helo.test"), "pass"),
    ((FAR, "mx.other.test", "a@helo.test"), "fail"),
    ((NAMED, HELO, "a@macro.test"), "pass"),
    ((FAR, HELO, "a@macro.test"), "fail"),
    ((NAMED, HELO, "a@broken-macro.test"), "permerror"),
    ((NAMED, HELO, "a@loop.test"), "permerror"),
    ((FAR, HELO, "a@many.test"), "permerror"),
    ((NAMED, HELO, "a@many.test"), "pass"),
    ((FAR, HELO, "a@ten.test"), "fail"),
    ((FAR, HELO, "a@void.test"), "permerror"),
    ((FAR, HELO, "a@voids.test"), "fail"),
    ((NAMED, HELO, "a@pointer.test"), "pass"),
    (("192.0.2.2", HELO, "a@pointer.test"), "fail"),
    ((NAMED, HELO, "a@prefix.test"), "permerror"),
    ((NAMED, HELO, "a@alias.test"), "pass"),
    ((NAMED, HELO, "a@silent.test"), "temperror"),
];

#[tokio::test]
async fn policyd_and_we_come_to_the_same_verdicts() -> Outcome {
    require!("bind9", "postfix-policyd-spf-python", "python3-dnspython", "util-linux");
    if let Some(why) = Port53::missing() {
        skip!("{why}");
    }
    let names = Bind::start(&[(".", ROOT), BROKEN])?;
    let resolver = resolver::HickoryResolver::new(&resolver::ResolverSettings {
        servers: vec![names.address],
        validate: false,
        trust_anchor: None,
        timeout: Duration::from_secs(5),
        cache_entries: 0,
    })?;
    let questions: Vec<SpfQuestion<'_>> = QUESTIONS.iter().map(|(question, _)| *question).collect();
    let theirs = policyd_verdicts(&names, &questions)?;
    let mut differences = Vec::new();
    for (((client, helo, mail_from), expected), theirs) in QUESTIONS.into_iter().zip(theirs) {
        let now = env::SystemClock.now();
        let question = Question { client: client.parse()?, helo, mail_from, receiver: "receiver.test", now };
        let ours = mailauth::check_mail_from(question, &resolver).await.result.word();
        if (ours, theirs.as_str()) != (expected, expected) {
            differences.push(format!("{client} {helo} {mail_from}: expected {expected}, we {ours}, policyd {theirs}"));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    Ok(())
}
