use super::*;

const SMIME: ContentEncryption = ContentEncryption::Smime;
const PGP: ContentEncryption = ContentEncryption::OpenPgp;

fn demand(words: &str) -> Demand {
    Demand::try_from(words.split(' ').map(str::to_owned).collect::<Vec<String>>()).unwrap()
}

fn terms(demands: &[&str], gateway: Option<Gateway>) -> Terms {
    Terms { demands: demands.iter().map(|words| demand(words)).collect(), gateway }
}

fn ours() -> Form {
    Form { is_of_ours: true, ..Form::default() }
}

fn without_keys() -> Keys {
    Keys { author: "ann@trade.test".to_owned(), lacking: Some(("bo@far.test".to_owned(), None)), ..Keys::default() }
}

#[test]
fn a_message_has_one_of_what_is_demanded_or_does_not_go() {
    let either = ["end-to-end portal verified-tls"];
    let encrypted = |kind| Form { encrypted: Some(kind), ..ours() };
    let portal = Form { calls_to_portal: true, ..Form::default() };
    // Demands, form: the content, and whether the connection must be proven; nothing if it does not go.
    for (demands, form, expected) in [
        (&[][..], ours(), Some((Content::Readable, false))),
        (&either[..], ours(), Some((Content::Readable, true))),
        (&either[..], encrypted(PGP), Some((Content::Author(PGP), false))),
        (&either[..], portal, Some((Content::Portal, false))),
        (&["end-to-end portal"], ours(), None),
        (&["end-to-end portal"], portal, Some((Content::Portal, false))),
        (&["smime"], encrypted(PGP), None),
        (&["smime"], portal, None),
        (&["smime openpgp"], encrypted(SMIME), Some((Content::Author(SMIME), false))),
        // The route's and the organisation's: both hold.
        (&["end-to-end portal", "verified-tls"], encrypted(PGP), Some((Content::Author(PGP), true))),
        (&["portal verified-tls", "smime"], ours(), None),
    ] {
        let made = plan(&terms(demands, None), form, &Keys::default());
        let shown = made.as_ref().ok().map(|plan| (plan.content, plan.verified_tls));
        assert_eq!(shown, expected, "{demands:?} {form:?}: {made:?}");
    }
}

#[test]
fn a_gateway_does_what_it_can_and_keeps_back_what_it_must() {
    let keyed = Keys { signs: true, ..Keys::default() };
    let smime = |rule| Some(Gateway::Smime(rule, Manner::default()));
    let planned = |demands: &[&str], gateway, form, keys: &Keys| plan(&terms(demands, gateway), form, keys);
    let both = planned(&["smime"], smime(Rule::Both), ours(), &keyed).unwrap();
    assert_eq!((both.content, both.signs, both.verified_tls), (Content::Server(SMIME, false), true, false));
    // What this server encrypts is not its author's encryption.
    assert!(planned(&["end-to-end"], smime(Rule::Both), ours(), &keyed).is_err());
    // As far as there are keys, else a proven connection: never less.
    let tries = Some(Gateway::OpenPgp(Rule::Try));
    let less = planned(&["openpgp verified-tls"], tries, ours(), &without_keys()).unwrap();
    assert_eq!((less.content, less.verified_tls), (Content::Readable, true));
    assert!(matches!(planned(&["openpgp"], tries, ours(), &without_keys()), Err(KeptBack::Demand(_))));
    let more = planned(&["openpgp verified-tls"], tries, ours(), &keyed).unwrap();
    assert_eq!((more.content, more.verified_tls), (Content::Server(PGP, false), false));
    let no_key = planned(&[], smime(Rule::Sign), ours(), &without_keys()).unwrap_err();
    assert!(no_key.refusal("far.test").contains("ann@trade.test has no S/MIME key that may sign") && !no_key.waits());
    // A notification has nobody who could sign; what is signed already is not signed again.
    assert!(planned(&[], smime(Rule::Sign), Form::default(), &without_keys()).is_ok());
    let again = planned(&[], smime(Rule::Sign), Form { is_smime: true, ..ours() }, &keyed).unwrap();
    assert!(!again.signs);
    let waits = planned(&[], Some(Gateway::OpenPgp(Rule::Encrypt)), ours(), &without_keys()).unwrap_err();
    assert!(waits.waits() && waits.refusal("far.test").contains("no key of bo@far.test is known; it waits"));
    assert!(!planned(&[], smime(Rule::Encrypt), ours(), &without_keys()).unwrap_err().waits());
    // A certificate that cannot be looked up or checked now may be there later.
    let silent = Keys { lacking: Some(("bo@far.test".to_owned(), Some("no answer".to_owned()))), ..without_keys() };
    let waits = planned(&[], smime(Rule::Encrypt), ours(), &silent).unwrap_err();
    assert!(waits.waits() && waits.refusal("far.test").contains("bo@far.test can be used now (no answer); it waits"));
    // What its author has encrypted, and letters of the portal, pass a gateway untouched.
    for form in [Form { encrypted: Some(PGP), ..ours() }, Form { calls_to_portal: true, ..ours() }] {
        let made = planned(&[], smime(Rule::Both), form, &without_keys()).unwrap();
        assert!(!made.signs && !made.encrypts());
    }
}

#[test]
fn senders_are_told_what_would_do() {
    for (words, says) in [
        ("openpgp", "Mail to far.test must be encrypted with OpenPGP; encrypt"),
        ("smime openpgp", "must be encrypted with OpenPGP or S/MIME; encrypt"),
        ("end-to-end", "from end to end, with OpenPGP or S/MIME in your own program; encrypt"),
        ("portal", "must go by the portal; send it in the webmail with Protection set to Portal"),
        ("smime openpgp portal", "set to Portal, or encrypt it with OpenPGP or S/MIME"),
    ] {
        let why = refused(&terms(&[words], None), ours()).unwrap();
        assert!(why.refusal("far.test").contains(says), "{}", why.refusal("far.test"));
        assert!(!why.reason().en.is_empty() && !why.reason().zh.is_empty());
    }
    assert_eq!(refused(&terms(&["portal verified-tls"], None), ours()), None);
}
