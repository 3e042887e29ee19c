//! Second factors of accounts: enrolled, shown, used up, removed; and what is asked of whom.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::factors::FactorKind;
use ::factors::ocsp::{OcspMode, Responder};
use ::factors::sms::{Provider, SmsError, SmsProvider, SmsRequest, SmsSettings};
use ::factors::totp::Totp;
use ::factors::webauthn::{Attestation, RelyingParty, UserVerification};
use env::{Clock as _, Secret};
use fixture::{Fixture, secret};
use identity::factors::{
    Answer, Answered, BegunAnswer, DeskError, Enrolment, FactorDesk, FactorRefusal, Means, OcspCarrier, Online, Parts,
    ShownEnrolment, SmsCarrier, count_recovery_codes, factor_demand, give_up_factor, list_factors, list_without_factor,
    make_recovery_codes, remove_factor,
};
use identity::{FactorDemand, FactorSettings, IdentityError, Level, Role};
use store::testing::TestStore;
use store::{Tx, params};

store::on_both_engines! {
    an_authenticator_app_is_enrolled_and_each_code_counts_once,
    guessing_codes_is_slowed_down_without_the_owner_waiting,
    codes_by_sms_are_few_and_short_lived,
    recovery_codes_open_once,
    a_certificate_opens_for_its_person_until_it_is_revoked,
    a_certificate_without_an_answer_of_its_authority_is_refused_where_one_is_required,
    the_last_factor_stays_with_its_owner_where_one_is_required,
    what_is_asked_follows_level_role_and_time,
    nothing_of_a_factor_rests_in_clear_or_stays_behind,
}

/// A provider of SMS that keeps what it was handed.
#[derive(Default)]
struct Outbox {
    sent: Mutex<Vec<String>>,
    broken: Mutex<bool>,
}

impl Outbox {
    /// The code in the last message.
    fn last_code(&self) -> String {
        let sent = self.sent.lock().unwrap();
        let body: String = sent.last().unwrap().split("Body=").nth(1).unwrap().to_owned();
        body.as_bytes()
            .windows(6)
            .find(|it| it.iter().all(u8::is_ascii_digit))
            .map(|it| String::from_utf8(it.to_vec()).unwrap())
            .unwrap()
    }
}

#[async_trait::async_trait]
impl SmsCarrier for Outbox {
    async fn carry(&self, request: SmsRequest) -> Result<(u16, Vec<u8>), SmsError> {
        if *self.broken.lock().unwrap() {
            return Err(SmsError::Unreachable("no route to host".to_owned()));
        }
        // English and Chinese text both encode the code's digits as themselves.
        self.sent.lock().unwrap().push(String::from_utf8(request.body).unwrap().replace("%20", " "));
        Ok((201, br#"{"status":"queued","error_code":null}"#.to_vec()))
    }
}

struct Desk {
    fixture: Fixture,
    desk: FactorDesk,
    outbox: Arc<Outbox>,
}

impl Desk {
    async fn new(store: TestStore) -> Self {
        let fixture = Fixture::new(store).await;
        let site = RelyingParty::new(
            "Tradewind",
            "mail.trade.test",
            "https://mail.trade.test",
            Attestation::none(),
            UserVerification::Preferred,
        );
        let sms = SmsSettings {
            provider: SmsProvider::Twilio,
            key_id: "AC1".to_owned(),
            sender: "+15005550006".to_owned(),
            ..SmsSettings::default()
        };
        let provider = Provider::new(sms.clone(), secret("token")).unwrap();
        let parts = Parts {
            settings: FactorSettings::default().into(),
            site: site.ok(),
            issuer: "Trade Test".to_owned(),
            sms: sms.into(),
            sends_sms: true,
        };
        let outbox = Arc::new(Outbox::default());
        let carrier: Arc<dyn SmsCarrier> = outbox.clone();
        let desk = FactorDesk::new(fixture.store.handle(), parts, Some((provider, carrier)));
        Self { fixture, desk, outbox }
    }

    async fn level(&self, level: Level) {
        let organisation = self.fixture.organisation;
        self.fixture.write(move |tx| identity::set_level(tx, organisation, level)).await.unwrap();
        self.fixture.write(|tx| identity::factors::note_demands(tx, &FactorSettings::default())).await.unwrap();
    }

    async fn demand(&self, account: i64) -> FactorDemand {
        self.fixture.write(move |tx| factor_demand(tx, &FactorSettings::default(), account)).await.unwrap()
    }

    fn code(&self, totp: &Totp) -> Answer {
        Answer::Code(Secret::new(totp.code_at(self.fixture.store.clock.now())))
    }

    async fn enrol_totp(&self, account: i64) -> Totp {
        let begun = self.desk.begin_enrolment(account, enrolment(FactorKind::Totp)).await.unwrap();
        let ShownEnrolment::Totp { secret, uri } = begun.shown else { panic!("an app is enrolled") };
        assert!(uri.expose().contains(secret.expose().as_str()));
        let totp = Totp::from_bytes(unbase32(secret.expose()));
        self.desk.finish_enrolment(account, FactorKind::Totp, begun.challenge, self.code(&totp)).await.unwrap();
        totp
    }

    async fn show(
        &self,
        account: i64,
        means: Means,
        challenge: Option<i64>,
        answer: Answer,
    ) -> Result<Answered, FactorRefusal> {
        match self.desk.finish_answer(account, means, challenge, answer, Vec::new()).await {
            Ok(answered) => Ok(answered),
            Err(DeskError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }
}

fn enrolment(kind: FactorKind) -> Enrolment {
    Enrolment { kind, label: "Mine".to_owned(), number: None }
}

/// Base32 as an app reads it.
fn unbase32(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let value = if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

async fn an_authenticator_app_is_enrolled_and_each_code_counts_once(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let wrong = desk.desk.begin_enrolment(li, enrolment(FactorKind::Totp)).await.unwrap();
    let refused =
        desk.desk.finish_enrolment(li, FactorKind::Totp, wrong.challenge, Answer::Code(secret("000000"))).await;
    assert!(
        matches!(refused, Err(DeskError::Refused(FactorRefusal::Totp(_)))),
        "an app that shows nothing is not enrolled"
    );
    let totp = desk.enrol_totp(li).await;
    let listed = desk.fixture.write(move |tx| list_factors(tx, li)).await.unwrap();
    assert_eq!((listed.len(), listed[0].kind, listed[0].label.as_str()), (1, FactorKind::Totp, "Mine"));
    // The code that confirmed the enrolment is used up.
    let replay = desk.show(li, Means::Totp, None, desk.code(&totp)).await;
    assert!(matches!(replay, Err(FactorRefusal::Totp(::factors::totp::TotpError::Replayed))));
    desk.fixture.store.clock.advance(Duration::from_secs(30));
    let answered = desk.show(li, Means::Totp, None, desk.code(&totp)).await.unwrap();
    assert_eq!((answered.kind, answered.counts), (Some(FactorKind::Totp), true));
    for _ in 0..2 {
        let replay = desk.show(li, Means::Totp, None, desk.code(&totp)).await;
        assert!(matches!(replay, Err(FactorRefusal::Totp(::factors::totp::TotpError::Replayed))));
    }
    let other = desk.fixture.add("wang@trade.test", Role::Sales).await;
    desk.fixture.store.clock.advance(Duration::from_secs(30));
    let foreign = desk.show(other, Means::Totp, None, desk.code(&totp)).await;
    assert!(matches!(foreign, Err(FactorRefusal::NotEnrolled)));
    let again = desk.desk.finish_enrolment(li, FactorKind::Totp, wrong.challenge, desk.code(&totp)).await;
    assert!(again.is_err(), "a challenge of before");
    desk.fixture.write(move |tx| remove_factor(tx, li, listed[0].id)).await.unwrap();
    assert_eq!(desk.demand(li).await, FactorDemand::Nothing);
}

async fn guessing_codes_is_slowed_down_without_the_owner_waiting(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let totp = desk.enrol_totp(li).await;
    let mut looked_at = 0;
    for _ in 0..24 * 60 {
        desk.fixture.store.clock.advance(Duration::from_secs(60));
        let refused = desk.show(li, Means::Totp, None, Answer::Code(secret("000000"))).await.unwrap_err();
        looked_at += u32::from(!matches!(refused, FactorRefusal::Wait(_)));
    }
    assert!(looked_at <= 5 + 6 + 24, "{looked_at} codes in a day");
    let waiting = desk.show(li, Means::Totp, None, desk.code(&totp)).await;
    assert!(matches!(waiting, Err(FactorRefusal::Wait(_))), "also the right one, from anywhere");
    let known = desk.desk.finish_answer(li, Means::Totp, None, desk.code(&totp), b"known client".to_vec()).await;
    assert!(known.unwrap().counts, "but not from a client that is known");
}

async fn codes_by_sms_are_few_and_short_lived(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let number = |number: &str| Enrolment { number: Some(number.to_owned()), ..enrolment(FactorKind::Sms) };
    let bad = desk.desk.begin_enrolment(li, number("13800138000")).await.unwrap_err();
    assert!(bad.to_string().contains("country code"), "{bad}");
    let begun = desk.desk.begin_enrolment(li, number("+8613800138000")).await.unwrap();
    let code = Answer::Code(Secret::new(desk.outbox.last_code()));
    desk.desk.finish_enrolment(li, FactorKind::Sms, begun.challenge, code).await.unwrap();
    let listed = desk.fixture.write(move |tx| list_factors(tx, li)).await.unwrap();
    assert_eq!(listed[0].hint, "+**********000", "masked");

    let early = desk.desk.begin_answer(li, Means::Sms).await.unwrap_err();
    assert!(matches!(early, DeskError::Refused(FactorRefusal::TooManyMessages)), "one in 30 seconds");
    let begin = async || {
        desk.fixture.store.clock.advance(Duration::from_secs(31));
        match desk.desk.begin_answer(li, Means::Sms).await {
            Ok(BegunAnswer::Sms { challenge, .. }) => Ok(challenge),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        }
    };
    let code = || Answer::Code(Secret::new(desk.outbox.last_code()));
    let challenge = begin().await.unwrap();
    assert!(desk.show(li, Means::Sms, Some(challenge), code()).await.unwrap().counts);
    let again = desk.show(li, Means::Sms, Some(challenge), code()).await;
    assert!(matches!(again, Err(FactorRefusal::Over)), "each code once");
    let challenge = begin().await.unwrap();
    desk.fixture.store.clock.advance(Duration::from_secs(301));
    assert!(
        matches!(desk.show(li, Means::Sms, Some(challenge), code()).await, Err(FactorRefusal::Over)),
        "five minutes"
    );
    let challenge = begin().await.unwrap();
    for _ in 0..2 {
        let wrong = desk.show(li, Means::Sms, Some(challenge), Answer::Code(secret("abc"))).await;
        assert!(matches!(wrong, Err(FactorRefusal::Code)), "{wrong:?}");
    }
    // Its code is not another challenge's.
    assert!(desk.show(li, Means::Sms, Some(challenge + 1), code()).await.is_err());
    // The fifth message in the hour, counted with the enrolment's, is the last.
    begin().await.unwrap();
    assert!(matches!(begin().await, Err(DeskError::Refused(FactorRefusal::TooManyMessages))));
    let wang = desk.fixture.add("wang@trade.test", Role::Sales).await;
    let flooded = desk.desk.begin_enrolment(wang, number("+86 138 0013 8000")).await.unwrap_err();
    assert!(matches!(flooded, DeskError::Refused(FactorRefusal::TooManyMessages)), "nor through another account");
    desk.fixture.store.clock.advance(Duration::from_secs(3_600));
    *desk.outbox.broken.lock().unwrap() = true;
    assert!(matches!(begin().await, Err(DeskError::Refused(FactorRefusal::Sms(_)))));
}

async fn recovery_codes_open_once(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let none = desk.fixture.write(move |tx| make_recovery_codes(tx, li)).await;
    assert!(none.is_err(), "nothing to recover");
    desk.enrol_totp(li).await;
    let first = desk.fixture.write(move |tx| make_recovery_codes(tx, li)).await.unwrap();
    let codes = desk.fixture.write(move |tx| make_recovery_codes(tx, li)).await.unwrap();
    let show = async |code: &str| desk.show(li, Means::Recovery, None, Answer::Code(secret(code))).await;
    assert!(show(first[0].expose()).await.is_err(), "an earlier sheet");
    let typed = codes[3].expose().to_uppercase().replace('-', " ");
    let answered = show(&typed).await.unwrap();
    assert_eq!((answered.kind, answered.codes_left, answered.counts), (None, Some(9), true));
    assert!(show(&typed).await.is_err(), "each once");
    assert!(show("not a code").await.is_err());
    let factor = desk.fixture.write(move |tx| list_factors(tx, li)).await.unwrap()[0].id;
    desk.fixture.write(move |tx| remove_factor(tx, li, factor)).await.unwrap();
    assert_eq!(desk.fixture.write(move |tx| count_recovery_codes(tx, li)).await.unwrap(), 0);
}

mod certificates {
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, ExtendedKeyUsagePurpose,
        IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
    };
    use rustls_pki_types::CertificateDer;

    pub(crate) type Issuer = CertifiedIssuer<'static, KeyPair>;

    pub(crate) fn authority() -> Issuer {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Trade Test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    pub(crate) fn issue(authority: &Issuer, serial: u64, email: Option<&str>) -> Vec<CertificateDer<'static>> {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(serial));
        params.subject_alt_names = email.map(|it| SanType::Rfc822Name(it.try_into().unwrap())).into_iter().collect();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        vec![params.signed_by(&KeyPair::generate().unwrap(), authority).unwrap().der().clone()]
    }

    pub(crate) fn crl(authority: &Issuer, serial: u64) -> Vec<u8> {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2021, 2, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2021, 2, 1),
            next_update: date_time_ymd(2039, 3, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(authority).unwrap().der().to_vec()
    }
}

async fn a_certificate_opens_for_its_person_until_it_is_revoked(store: TestStore) {
    use identity::factors::{add_authority, list_authorities, person_of_certificate, set_crl};
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let wang = desk.fixture.add("wang@trade.test", Role::Sales).await;
    let (ours, theirs) = (certificates::authority(), certificates::authority());
    let organisation = desk.fixture.organisation;
    let (nameless, named) = (certificates::issue(&ours, 1, None), certificates::issue(&ours, 2, Some("LI@trade.test")));
    let person = async |chain: &[rustls_pki_types::CertificateDer<'static>]| {
        let chain = chain.to_vec();
        desk.fixture.write(move |tx| person_of_certificate(tx, &chain)).await.unwrap()
    };
    assert!(matches!(person(&named).await, Err(FactorRefusal::Ukey(_))), "no authority is trusted");
    let der = ours.der().to_vec();
    let authority = desk.fixture.write(move |tx| add_authority(tx, organisation, &der)).await.unwrap();
    assert_eq!(person(&named).await.unwrap().account, li);
    assert!(matches!(person(&nameless).await, Err(FactorRefusal::NotEnrolled)));
    assert!(person(&certificates::issue(&theirs, 3, Some("li@trade.test"))).await.is_err(), "of another authority");

    let enrol = async |account, chain: &Vec<_>| {
        let begun = desk.desk.begin_enrolment(account, enrolment(FactorKind::Ukey)).await.unwrap();
        desk.desk.finish_enrolment(account, FactorKind::Ukey, begun.challenge, Answer::Certificate(chain.clone())).await
    };
    enrol(wang, &nameless).await.unwrap();
    assert_eq!(person(&nameless).await.unwrap().account, wang);
    assert!(matches!(enrol(li, &nameless).await, Err(DeskError::Refused(FactorRefusal::Taken))));
    assert!(matches!(enrol(wang, &named).await, Err(DeskError::Refused(FactorRefusal::OthersCertificate(_)))));
    let show = async |chain: &Vec<_>| desk.show(wang, Means::Ukey, None, Answer::Certificate(chain.clone())).await;
    assert_eq!(show(&nameless).await.unwrap().kind, Some(FactorKind::Ukey));
    assert!(matches!(show(&named).await, Err(FactorRefusal::OthersCertificate(_))));

    let list = certificates::crl(&ours, 1);
    desk.fixture.write(move |tx| set_crl(tx, organisation, authority, &list)).await.unwrap();
    assert!(matches!(show(&nameless).await, Err(FactorRefusal::Ukey(::factors::ukey::UkeyError::Revoked { .. }))));
    assert_eq!(person(&named).await.unwrap().account, li, "others stay good");
    let entries = desk.fixture.write(move |tx| list_authorities(tx, organisation)).await.unwrap();
    assert_eq!(entries[0].authority.subject, "CN=Trade Test CA");
    assert!(entries[0].crl.is_some());
    let foreign = desk.fixture.write(move |tx| set_crl(tx, organisation, authority, b"no list")).await.unwrap_err();
    assert!(foreign.to_string().contains("cannot be read"), "{foreign}");
}

/// A responder that nobody may ask here.
struct NoResponder;

#[async_trait::async_trait]
impl OcspCarrier for NoResponder {
    async fn ask(&self, responder: &Responder, _: Vec<u8>) -> Result<Vec<u8>, String> {
        panic!("{responder:?} is asked");
    }
}

async fn a_certificate_without_an_answer_of_its_authority_is_refused_where_one_is_required(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let (ours, organisation) = (certificates::authority(), desk.fixture.organisation);
    let chain = certificates::issue(&ours, 1, None);
    let der = ours.der().to_vec();
    desk.fixture.write(move |tx| identity::factors::add_authority(tx, organisation, &der)).await.unwrap();
    let asking = |mode| desk.desk.clone().with_online(Arc::new(Online::new(mode, Arc::new(NoResponder))));
    let enrol = async |mode| {
        let begun = desk.desk.begin_enrolment(li, enrolment(FactorKind::Ukey)).await.unwrap();
        let answer = Answer::Certificate(chain.clone());
        asking(mode).finish_enrolment(li, FactorKind::Ukey, begun.challenge, answer).await
    };
    let show = async |mode| {
        let answer = Answer::Certificate(chain.clone());
        asking(mode).finish_answer(li, Means::Ukey, None, answer, Vec::new()).await
    };
    let is_without_status =
        |error| matches!(error, DeskError::Refused(FactorRefusal::Ukey(::factors::ukey::UkeyError::NoStatus { .. })));
    assert!(is_without_status(enrol(OcspMode::Required).await.unwrap_err()));
    enrol(OcspMode::IfNamed).await.unwrap();
    assert!(is_without_status(show(OcspMode::Required).await.unwrap_err()));
    for mode in [OcspMode::IfNamed, OcspMode::Off] {
        assert_eq!(show(mode).await.unwrap().kind, Some(FactorKind::Ukey));
    }
}

async fn the_last_factor_stays_with_its_owner_where_one_is_required(store: TestStore) {
    let scene = Desk::new(store).await;
    let li = scene.fixture.add("li@trade.test", Role::Sales).await;
    let settings = FactorSettings::default();
    let missing = async |settings: FactorSettings| {
        let list = move |tx: &mut Tx<'_>| list_without_factor(tx, &settings, None);
        let all = scene.fixture.store.read(list).await.unwrap();
        all.into_iter().map(|it| it.account).collect::<Vec<_>>()
    };
    let give_up = async |id: i64| {
        let settings = settings.clone();
        scene.fixture.write(move |tx| give_up_factor(tx, &settings, li, id)).await
    };
    let ids = async || {
        let listed = scene.fixture.write(move |tx| list_factors(tx, li)).await.unwrap();
        listed.into_iter().map(|factor| factor.id).collect::<Vec<_>>()
    };
    assert!(missing(settings.clone()).await.is_empty(), "the level asks for none");
    scene.level(Level::Enhanced).await;
    assert!(missing(settings.clone()).await.contains(&li));
    scene.enrol_totp(li).await;
    assert!(!missing(settings.clone()).await.contains(&li));
    let first = ids().await[0];
    assert!(matches!(give_up(first).await, Err(IdentityError::LastFactor(id)) if id == first));
    scene.enrol_totp(li).await;
    give_up(first).await.unwrap();
    let second = ids().await[0];
    assert!(matches!(give_up(second).await, Err(IdentityError::LastFactor(_))));
    assert!(matches!(give_up(99).await, Err(IdentityError::NoFactor(99))));
    scene.level(Level::Basic).await;
    give_up(second).await.unwrap();
}

async fn what_is_asked_follows_level_role_and_time(store: TestStore) {
    let desk = Desk::new(store).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let chen = desk.fixture.add("chen@trade.test", Role::Finance).await;
    assert_eq!(desk.demand(li).await, FactorDemand::Nothing);
    desk.level(Level::Enhanced).await;
    let now = || desk.fixture.store.clock.now();
    let demand = desk.demand(li).await;
    assert!(matches!(&demand, FactorDemand::Enrol { weaker, .. } if weaker.is_empty()));
    assert!(demand.password_opens_mail(now()), "nobody is locked out by a change of level");
    desk.fixture.store.clock.advance(Duration::from_secs(15 * 86_400));
    assert!(!desk.demand(li).await.password_opens_mail(now()), "but not for ever");
    let refused = desk
        .desk
        .begin_enrolment(li, Enrolment { number: Some("+8613800138000".to_owned()), ..enrolment(FactorKind::Sms) })
        .await;
    assert!(matches!(refused, Err(DeskError::Refused(FactorRefusal::NotAllowed(FactorKind::Sms)))));
    let totp = desk.enrol_totp(chen).await;
    assert!(matches!(desk.demand(chen).await, FactorDemand::Show { .. }));
    desk.level(Level::Trade).await;
    // Finance needs a key now: the app opens the way to enrolling it, and counts for nothing else.
    assert!(
        matches!(desk.demand(chen).await, FactorDemand::Enrol { weaker, .. } if weaker.contains(&FactorKind::Totp))
    );
    desk.fixture.store.clock.advance(Duration::from_secs(30));
    let answered = desk.show(chen, Means::Totp, None, desk.code(&totp)).await.unwrap();
    assert!(!answered.counts);
    let app = desk.desk.begin_enrolment(chen, enrolment(FactorKind::Totp)).await;
    assert!(matches!(app, Err(DeskError::Refused(FactorRefusal::NotAllowed(FactorKind::Totp)))));
    let key = desk.desk.begin_enrolment(chen, enrolment(FactorKind::HardwareKey)).await.unwrap();
    let ShownEnrolment::Webauthn(options) = key.shown else { panic!("a key is enrolled") };
    assert_eq!(options["publicKey"]["rp"]["id"], "mail.trade.test");
}

async fn nothing_of_a_factor_rests_in_clear_or_stays_behind(store: TestStore) {
    let desk = Desk::new(store).await;
    desk.fixture.add("chen@trade.test", Role::Admin).await;
    let li = desk.fixture.add("li@trade.test", Role::Sales).await;
    let totp = desk.enrol_totp(li).await;
    desk.fixture.write(move |tx| make_recovery_codes(tx, li)).await.unwrap();
    desk.desk.begin_enrolment(li, enrolment(FactorKind::Totp)).await.unwrap();
    let _ = desk.show(li, Means::Totp, None, Answer::Code(secret("000000"))).await;
    let kept = desk
        .fixture
        .write(move |tx| {
            Ok(tx.row("SELECT label, detail FROM factor WHERE account = $1", params![li], |row| {
                Ok([row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec()].concat())
            })?)
        })
        .await
        .unwrap()
        .unwrap();
    for secret in [totp.bytes(), b"Mine"] {
        assert!(!kept.windows(secret.len()).any(|part| part == secret));
    }
    desk.fixture.write(move |tx| identity::delete_account(tx, li)).await.unwrap();
    for count in [
        "SELECT COUNT(*) FROM factor WHERE account = $1",
        "SELECT COUNT(*) FROM factor_challenge WHERE account = $1",
        "SELECT COUNT(*) FROM factor_failure WHERE account = $1",
        "SELECT COUNT(*) FROM recovery_code WHERE account = $1",
        "SELECT COUNT(*) FROM password_history WHERE account = $1",
        "SELECT COUNT(*) FROM known_client WHERE account = $1",
    ] {
        let left = desk.fixture.write(move |tx| Ok(tx.row(count, params![li], |row| row.int(0))?)).await.unwrap();
        assert_eq!(left, Some(0), "{count}");
    }
    desk.fixture.store.clock.advance(Duration::from_secs(100 * 86_400));
    desk.fixture.write(identity::factors::forget_expired).await.unwrap();
}
