use serde_json::json;

use super::authenticator::{Authenticator, BACKUP_ELIGIBLE, USER_PRESENT};
use super::*;

const HOST: &str = "mail.trade.test";
const ORIGIN: &str = "https://mail.trade.test";
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HANDLE: &[u8] = b"account7";

fn site() -> RelyingParty {
    RelyingParty::new("Tradewind", HOST, ORIGIN, Attestation::none(), UserVerification::Preferred).unwrap()
}

fn user() -> User<'static> {
    User { handle: HANDLE, name: "li@trade.test", display_name: "Li" }
}

fn key() -> Authenticator {
    Authenticator::new(HOST, ORIGIN, 1)
}

fn register(site: &RelyingParty, key: &mut Authenticator) -> Credential {
    let (options, ceremony) = site.begin_registration(user(), &[], false, NOW).unwrap();
    site.finish_registration(&ceremony, &key.create(&options), NOW).unwrap()
}

/// Why an assertion is refused, after `change` to the authenticator.
fn refusal(change: impl FnOnce(&mut Authenticator)) -> WebauthnError {
    let (site, mut key) = (site(), key());
    let credential = register(&site, &mut key);
    let (options, ceremony) = site.begin_assertion(HANDLE, std::slice::from_ref(&credential), NOW).unwrap();
    change(&mut key);
    site.finish_assertion(&ceremony, &[credential], &key.get(&options), NOW).unwrap_err()
}

#[test]
fn a_key_registers_and_proves_itself() {
    let (site, mut key) = (site(), key());
    let credential = register(&site, &mut key);
    assert_eq!((credential.kind(), credential.counter()), (FactorKind::HardwareKey, 1));
    let kept = serde_json::to_vec(&credential).unwrap();
    let credential: Credential = serde_json::from_slice(&kept).unwrap();
    let (options, ceremony) = site.begin_assertion(HANDLE, std::slice::from_ref(&credential), NOW).unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"][0]["id"], encode(credential.id()));
    let kept = serde_json::to_vec(&ceremony).unwrap();
    let ceremony: Ceremony = serde_json::from_slice(&kept).unwrap();
    key.user_handle = HANDLE.to_vec();
    let used = site.finish_assertion(&ceremony, &[credential], &key.get(&options), NOW).unwrap();
    assert_eq!(used.counter(), 2);
}

#[test]
fn a_counter_that_does_not_grow_is_refused() {
    for counter in [0, 1] {
        let error = refusal(|key| key.counter = counter);
        assert!(matches!(error, WebauthnError::CounterRollback { kept: 1 }), "{error}");
    }
    // One that never counts is taken.
    let (site, mut key) = (site(), key());
    key.counter = 0;
    let credential = register(&site, &mut key);
    let (options, ceremony) = site.begin_assertion(HANDLE, std::slice::from_ref(&credential), NOW).unwrap();
    site.finish_assertion(&ceremony, &[credential], &key.get(&options), NOW).unwrap();
}

#[test]
fn answers_of_others_are_refused() {
    let text = |error: WebauthnError| error.to_string();
    assert!(text(refusal(|key| key.origin = "https://mail.trade.example".to_owned())).contains("InvalidRPOrigin"));
    assert!(text(refusal(|key| key.origin = "http://mail.trade.test".to_owned())).contains("InvalidRPOrigin"));
    assert!(text(refusal(|key| key.rp_id = "trade.test".to_owned())).contains("InvalidRPIDHash"));
    assert!(text(refusal(|key| key.flags = 0)).contains("UserNotPresent"));
    assert!(matches!(refusal(|key| key.cross_origin = true), WebauthnError::CrossOrigin));
    assert!(matches!(refusal(|key| key.user_handle = b"account8".to_vec()), WebauthnError::Unknown));
    assert!(matches!(refusal(|key| key.id = vec![2; 16]), WebauthnError::Unknown));
    // Another key under the same identifier.
    let error = refusal(|key| {
        *key = Authenticator::new(HOST, ORIGIN, 1);
        key.counter = 9;
    });
    assert!(text(error).contains("AuthenticationFailure"));
    // A key that verified its user once must do so always.
    assert!(text(refusal(|key| key.flags = USER_PRESENT)).contains("UserNotVerified"));
}

#[test]
fn an_answer_fits_its_own_ceremony_in_its_time() {
    let (site, mut key) = (site(), key());
    let credential = register(&site, &mut key);
    let all = [credential.clone()];
    let (options, ceremony) = site.begin_assertion(HANDLE, &all, NOW).unwrap();
    let (_, other) = site.begin_assertion(HANDLE, &all, NOW).unwrap();
    let answer = key.get(&options);
    assert!(site.finish_assertion(&other, &all, &answer, NOW).is_err(), "another challenge");
    let late = NOW.plus(CEREMONY_LASTS + Duration::from_secs(1));
    assert!(matches!(site.finish_assertion(&ceremony, &all, &answer, late), Err(WebauthnError::Expired)));
    assert!(
        matches!(site.finish_assertion(&ceremony, &[], &answer, NOW), Err(WebauthnError::Unknown)),
        "removed since"
    );
    assert!(site.finish_registration(&ceremony, &answer, NOW).is_err());
    assert!(site.finish_assertion(&ceremony, &all, &answer, NOW).is_ok());
}

#[test]
fn malformed_answers_are_refused_without_harm() {
    let (site, mut key) = (site(), key());
    let credential = register(&site, &mut key);
    let (options, ceremony) = site.begin_assertion(HANDLE, std::slice::from_ref(&credential), NOW).unwrap();
    let good = key.get(&options);
    for name in ["clientDataJSON", "authenticatorData", "signature"] {
        for bad in [json!(""), json!("!!!"), json!(encode(b"{}")), json!(encode(&[0xff; 500])), json!(7), Value::Null] {
            let mut answer = good.clone();
            answer["response"][name] = bad;
            let refused = site.finish_assertion(&ceremony, std::slice::from_ref(&credential), &answer, NOW);
            assert!(refused.is_err(), "{name}");
        }
    }
    for answer in [json!(null), json!([]), json!({}), json!({ "id": "x" }), json!("text")] {
        assert!(matches!(
            site.finish_assertion(&ceremony, std::slice::from_ref(&credential), &answer, NOW),
            Err(WebauthnError::Malformed(_))
        ));
        let (_, ceremony) = site.begin_registration(user(), &[], false, NOW).unwrap();
        assert!(matches!(site.finish_registration(&ceremony, &answer, NOW), Err(WebauthnError::Malformed(_))));
    }
}

#[test]
fn a_credential_that_may_be_copied_is_a_passkey_and_no_hardware_key() {
    let (site, mut key) = (site(), key());
    key.flags |= BACKUP_ELIGIBLE;
    let (options, ceremony) = site.begin_registration(user(), &[], false, NOW).unwrap();
    assert!(site.finish_registration(&ceremony, &key.create(&options), NOW).is_err());
    let (options, ceremony) = site.begin_registration(user(), &[], true, NOW).unwrap();
    let credential = site.finish_registration(&ceremony, &key.create(&options), NOW).unwrap();
    assert_eq!(credential.kind(), FactorKind::Passkey);
    key.flags = USER_PRESENT | BACKUP_ELIGIBLE;
    let (options, ceremony) = site.begin_registration(user(), &[], true, NOW).unwrap();
    let unverified = site.finish_registration(&ceremony, &key.create(&options), NOW).unwrap_err();
    assert!(unverified.to_string().contains("UserNotVerified"), "{unverified}");
}

#[test]
fn the_attestation_policy_is_kept() {
    let new = |mode, aaguids: &[&str], roots: &[&[u8]]| {
        let aaguids: Vec<String> = aaguids.iter().map(|&it| it.to_owned()).collect();
        Attestation::new(mode, &aaguids, roots.iter().copied())
    };
    let any = new(AttestationMode::Any, &[], &[]).unwrap();
    let site = RelyingParty::new("Tradewind", HOST, ORIGIN, any, UserVerification::Preferred).unwrap();
    let (options, ceremony) = site.begin_registration(user(), &[], false, NOW).unwrap();
    assert_eq!(options["publicKey"]["attestation"], "direct");
    let error = site.finish_registration(&ceremony, &key().create(&options), NOW).unwrap_err();
    assert!(matches!(error, WebauthnError::Attestation(AttestationError::Missing)), "{error}");

    let root = rcgen::generate_simple_self_signed(vec!["maker".to_owned()]).unwrap();
    let model = "cb69481e-8ff7-4039-93ec-0a2729a154a8";
    let listed = new(AttestationMode::Listed, &[model], &[root.cert.der()]).unwrap();
    let site = RelyingParty::new("Tradewind", HOST, ORIGIN, listed, UserVerification::Preferred).unwrap();
    let (options, ceremony) = site.begin_registration(user(), &[], false, NOW).unwrap();
    assert!(site.finish_registration(&ceremony, &key().create(&options), NOW).is_err());

    assert_eq!(new(AttestationMode::Listed, &[model], &[]).err(), Some(AttestationError::NothingListed));
    assert!(matches!(new(AttestationMode::Listed, &["x"], &[root.cert.der()]), Err(AttestationError::Aaguid(_))));
    assert!(matches!(new(AttestationMode::Listed, &[model], &[b"x"]), Err(AttestationError::Authority(_))));
}

#[test]
fn the_site_must_be_a_secure_address_at_its_host() {
    let new = |host, origin| {
        RelyingParty::new("Tradewind", host, origin, Attestation::none(), UserVerification::Required).is_ok()
    };
    assert!(new("trade.test", "https://mail.trade.test:8443"));
    assert!(!new("trade.test", "https://mailtrade.test"));
    assert!(!new("trade.test", "http://trade.test"));
    assert!(!new("trade.test", "trade.test"));
}
