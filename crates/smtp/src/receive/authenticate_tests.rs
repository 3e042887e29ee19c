use mailauth::{ArcCheck, ArcResult, DkimCheck, DkimResult, DmarcCheck, IprevCheck, IprevResult, SpfCheck};

use super::*;

const AUTHOR: &str = "partner.example";

fn facts(dmarc: DmarcResult, policy: Option<DmarcPolicy>, spf: SpfResult) -> Facts {
    let spf = SpfCheck { result: spf, domain: AUTHOR.to_owned(), explanation: None };
    Facts {
        iprev: IprevCheck { result: IprevResult::Fail, name: None },
        spf_helo: spf.clone(),
        spf,
        dkim: Vec::new(),
        arc: ArcCheck {
            result: ArcResult::None,
            sealers: vec![],
            is_trusted: false,
            first_results: None,
            reason: None,
        },
        author: AuthorIdentity::Domain(AUTHOR.to_owned()),
        dmarc: DmarcCheck {
            result: dmarc,
            policy,
            from_domain: Some(AUTHOR.to_owned()),
            is_spf_aligned: false,
            is_dkim_aligned: false,
            published: None,
            reason: None,
        },
    }
}

#[test]
fn policy_and_level_decide() {
    use DmarcPolicy::{None as Ask, Quarantine, Reject};
    let refuse = Treatment::Refuse(Reason::Policy);
    for (dmarc, policy, spf, basic, above) in [
        (DmarcResult::Pass, Some(Reject), SpfResult::Pass, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::Pass, Some(Reject), SpfResult::Fail, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::Fail, Some(Reject), SpfResult::Pass, refuse, refuse),
        (DmarcResult::Fail, Some(Quarantine), SpfResult::None, Treatment::Junk, Treatment::Junk),
        (DmarcResult::Fail, Some(Ask), SpfResult::SoftFail, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::Fail, Some(Ask), SpfResult::Fail, Treatment::Deliver, Treatment::Junk),
        (DmarcResult::None, None, SpfResult::Fail, Treatment::Deliver, Treatment::Junk),
        (DmarcResult::None, None, SpfResult::None, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::PermError, None, SpfResult::PermError, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::TempError, None, SpfResult::TempError, Treatment::Defer, Treatment::Defer),
    ] {
        let facts = facts(dmarc, policy, spf);
        assert_eq!(treat(&facts, false, Spared::Nothing), basic, "{dmarc:?} {policy:?} {spf:?}");
        assert_eq!(treat(&facts, true, Spared::Nothing), above, "{dmarc:?} {policy:?} {spf:?}, strict");
    }
}

#[test]
fn lists_spare_suspicion_but_policy_only_where_the_entry_says_so() {
    use DmarcPolicy::{None as Ask, Quarantine, Reject};
    let refuse = Treatment::Refuse(Reason::Policy);
    for (dmarc, policy, suspicion, despite_policy) in [
        (DmarcResult::None, None, Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::Fail, Some(Ask), Treatment::Deliver, Treatment::Deliver),
        (DmarcResult::Fail, Some(Quarantine), Treatment::Junk, Treatment::Deliver),
        (DmarcResult::Fail, Some(Reject), refuse, Treatment::Deliver),
        (DmarcResult::TempError, None, Treatment::Defer, Treatment::Defer),
    ] {
        let facts = facts(dmarc, policy, SpfResult::Fail);
        assert_eq!(treat(&facts, true, Spared::Suspicion), suspicion, "{dmarc:?} {policy:?}");
        assert_eq!(treat(&facts, true, Spared::Policy), despite_policy, "{dmarc:?} {policy:?}");
    }
    let author = AuthorIdentity::Ambiguous(Ambiguity::SeveralFields);
    let facts = Facts { author, ..facts(DmarcResult::Fail, None, SpfResult::Pass) };
    assert_eq!(treat(&facts, true, Spared::Policy), Treatment::Refuse(Reason::NoAuthor));
    assert_eq!(treat(&facts, false, Spared::Policy), Treatment::Junk);
}

#[test]
fn without_an_author_nothing_counts() {
    for (why, above) in [
        (Ambiguity::SeveralFields, Treatment::Refuse(Reason::NoAuthor)),
        (Ambiguity::Undecodable, Treatment::Junk),
        (Ambiguity::SeveralAddresses, Treatment::Junk),
    ] {
        // Whatever a library says of one of the authors.
        for dmarc in [DmarcResult::Pass, DmarcResult::Fail, DmarcResult::PermError, DmarcResult::TempError] {
            let facts = Facts { author: AuthorIdentity::Ambiguous(why), ..facts(dmarc, None, SpfResult::Pass) };
            assert_eq!(treat(&facts, false, Spared::Nothing), Treatment::Junk);
            assert_eq!(treat(&facts, true, Spared::Nothing), above);
        }
    }
    let facts = facts(DmarcResult::PermError, None, SpfResult::None);
    let facts = Facts { author: AuthorIdentity::Ambiguous(Ambiguity::Missing), ..facts };
    assert_eq!(treat(&facts, true, Spared::Nothing), Treatment::Deliver);
}

#[test]
fn a_trusted_forwarder_saves_a_message_from_its_policy() {
    let arc = ArcCheck {
        result: ArcResult::Pass,
        sealers: vec!["lists.example".to_owned()],
        is_trusted: true,
        first_results: Some(format!("i=1; lists.example; dmarc=pass header.from={AUTHOR}")),
        reason: None,
    };
    let broken = facts(DmarcResult::Fail, Some(DmarcPolicy::Reject), SpfResult::Pass);
    assert_eq!(treat(&Facts { arc: arc.clone(), ..broken.clone() }, true, Spared::Nothing), Treatment::Deliver);
    let stranger = ArcCheck { is_trusted: false, ..arc };
    assert_eq!(treat(&Facts { arc: stranger, ..broken }, true, Spared::Nothing), Treatment::Refuse(Reason::Policy));
}

#[test]
fn a_signature_outweighs_spf() {
    let signed = DkimCheck {
        result: DkimResult::Pass,
        domain: "sender.example".to_owned(),
        selector: "s".to_owned(),
        signature_start: String::new(),
        reason: None,
    };
    let facts = Facts { dkim: vec![signed], ..facts(DmarcResult::None, None, SpfResult::Fail) };
    assert_eq!(treat(&facts, true, Spared::Nothing), Treatment::Deliver);
}

#[test]
fn fields_in_our_name_go() {
    let message = b"Authentication-Results: mx.us.example; dmarc=pass\r\nSubject: a\r\nauthentication-results: MX.us.example.\r\n 1; spf=pass\r\nAuthentication-Results: other.example; spf=fail\r\n\r\nbody\r\n";
    let kept = without_claims(message.to_vec(), "mx.us.example");
    assert_eq!(kept, b"Subject: a\r\nAuthentication-Results: other.example; spf=fail\r\n\r\nbody\r\n");
    let other = b"Subject: a\r\n\r\nAuthentication-Results: mx.us.example; in the body\r\n".to_vec();
    assert_eq!(without_claims(other.clone(), "mx.us.example"), other);
}
