use super::*;

const LANGUAGES: [&str; 13] = ["en", "zh", "es", "pt", "fr", "de", "it", "ru", "ar", "tr", "ja", "ko", "vi"];

#[track_caller]
fn wanted(want: Want, texts: &[&str]) {
    for text in texts {
        assert!(wants("", text).has(want), "{want:?} in: {text}\nfound {:?}", wants("", text));
    }
}

#[track_caller]
fn not_wanted(want: Want, texts: &[&str]) {
    for text in texts {
        assert!(!wants("", text).has(want), "{want:?} in: {text}\nfound {:?}", wants("", text));
    }
}

#[test]
fn the_table_can_be_read_and_knows_each_group_in_each_language() {
    Phrases::read(SOURCE, NAMES).unwrap();
    for name in NAMES {
        for language in LANGUAGES {
            assert!(SOURCE.contains(&format!("\n{name}\t{language}\t")), "{name} in {language}");
        }
    }
}

#[test]
fn another_account() {
    wanted(
        Want::BankChange,
        &[
            "Our bank account has changed.",
            "Please note the new bank details below.",
            "The usual account is under audit; use the one below.",
            "We can no longer receive payments in our account at this bank.",
            "我们的银行账户已变更。",
            "请将货款汇到我司新账户。",
            "原账户正在审计，暂停收款。",
            "Nuestra cuenta bancaria ha cambiado.",
            "Estos son nuestros nuevos datos bancarios.",
            "A nossa conta bancária mudou.",
            "Seguem os novos dados bancários.",
            "Nos coordonnées bancaires ont changé.",
            "Voici notre nouveau RIB.",
            "Unsere Bankverbindung hat sich geändert.",
            "Bitte überweisen Sie auf unser neues Konto.",
            "Le nostre coordinate bancarie sono cambiate.",
            "Ecco il nostro nuovo conto corrente.",
            "Наши банковские реквизиты изменились.",
            "Оплатите по новым реквизитам.",
            "لقد تم تغيير حسابنا البنكي.",
            "يرجى استخدام الحساب الجديد.",
            "Banka hesabımız değişti.",
            "Yeni banka bilgilerimiz aşağıdadır.",
            "弊社の銀行口座が変更になりました。",
            "新しい振込先は下記のとおりです。",
            "저희 은행 계좌가 변경되었습니다.",
            "새로운 계좌 정보는 아래와 같습니다.",
            "Tài khoản ngân hàng của chúng tôi đã thay đổi.",
            "Vui lòng chuyển khoản vào tài khoản mới.",
        ],
    );
}

#[test]
fn the_same_account_as_ever() {
    not_wanted(
        Want::BankChange,
        &[
            "Our bank details have NOT changed.",
            "Please use the same bank account as before.",
            "Please find our bank details on the attached invoice.",
            "Please find attached the new proforma invoice with our bank details.",
            "Your account manager has changed: Anna will be your new contact.",
            "我们的银行账户没有变更。",
            "银行账户不变，请照旧汇款。",
            "附件是新的形式发票，请查收。",
            "Nuestra cuenta bancaria no ha cambiado.",
            "Os nossos dados bancários não mudaram.",
            "Nos coordonnées bancaires n'ont pas changé.",
            "Unsere Bankverbindung hat sich nicht geändert.",
            "Die Bankverbindung bleibt unverändert.",
            "Le nostre coordinate bancarie non sono cambiate.",
            "Наши реквизиты не изменились.",
            "لم تتغير بياناتنا البنكية.",
            "Banka hesabımız değişmedi.",
            "振込先の変更はございません。",
            "저희 계좌는 변경되지 않았습니다.",
            "Tài khoản ngân hàng của chúng tôi không thay đổi.",
        ],
    );
}

#[test]
fn warnings_of_fraud_want_nothing() {
    not_wanted(
        Want::BankChange,
        &[
            "If you receive an e-mail that our bank account has changed, call us.",
            "Beware of fraud! Our bank account has changed, criminals write. Do not pay.",
            "We will never tell you by e-mail of a change of bank details.",
            "Please confirm any change of our bank details by phone.",
            "谨防诈骗：如收到我司银行账户变更的邮件，请电话确认。",
            "Si recibe un correo sobre un cambio de cuenta bancaria, llámenos.",
            "Se receber um e-mail sobre alteração da conta bancária, ligue para nós.",
            "Si vous recevez un message sur un changement de nos coordonnées bancaires, appelez-nous.",
            "Sollten Sie eine Mail über eine geänderte Bankverbindung erhalten, rufen Sie uns an.",
            "Se riceve una e-mail su un cambio di coordinate bancarie, ci chiami telefonicamente.",
            "Если вы получили письмо об изменении реквизитов, позвоните нам.",
            "إذا تلقيت رسالة عن تغيير حسابنا البنكي فاتصل بنا هاتفيا.",
            "Banka hesabımızın değiştiğine dair bir e-posta alırsanız bizi arayın.",
            "口座変更のメールを受け取った場合は、お電話で確認してください。",
            "계좌 변경 메일을 받으시면 전화로 확인해 주세요.",
            "Nếu nhận được email về thay đổi tài khoản ngân hàng, hãy gọi cho chúng tôi.",
        ],
    );
    not_wanted(Want::GiftCards, &["We never ask you to buy gift cards.", "我们绝不会要求您购买礼品卡。"]);
}

#[test]
fn presses() {
    wanted(
        Want::Urgent,
        &[
            "This is urgent.",
            "请尽快处理。",
            "Es urgente.",
            "É urgente.",
            "C'est urgent.",
            "Es ist dringend.",
            "È urgente.",
            "Это срочно.",
            "هذا عاجل.",
            "Bu acil.",
            "至急お願いします。",
            "긴급합니다.",
            "Việc này khẩn cấp.",
        ],
    );
    wanted(
        Want::Secret,
        &[
            "Keep this confidential.",
            "请保密。",
            "Es confidencial.",
            "Mantenha sigilo.",
            "Restez discret.",
            "Bitte vertraulich behandeln.",
            "È riservato.",
            "Это конфиденциально.",
            "هذا الأمر سري.",
            "Bu gizli kalsın.",
            "内密にお願いします。",
            "비밀로 해 주세요.",
            "Xin giữ bí mật.",
        ],
    );
    wanted(
        Want::NoPhone,
        &[
            "I am in a meeting, do not call.",
            "我在开会，不方便接电话。",
            "Estoy en una reunión.",
            "Estou em reunião.",
            "Je suis en réunion.",
            "Ich bin in einer Besprechung.",
            "Sono in riunione.",
            "Я на совещании.",
            "أنا في اجتماع.",
            "Toplantıdayım.",
            "会議中です。",
            "회의 중입니다.",
            "Tôi đang họp.",
        ],
    );
}

#[test]
fn what_false_payers_want() {
    wanted(
        Want::Overpayment,
        &[
            "We overpaid the invoice. Please refund the difference.",
            "我们多付了货款，请退款。",
            "Pagamos de más; devuelva la diferencia.",
            "Pagamos a mais, favor devolver a diferença.",
            "Nous avons un trop-perçu, merci de rembourser.",
            "Wir haben zu viel überwiesen, bitte erstatten Sie den Rest.",
            "Abbiamo pagato in più, rimborsate la differenza.",
            "Мы переплатили, верните разницу.",
            "دفعنا مبلغ زائد، نرجو استرداد الفرق.",
            "Fazla ödeme yaptık, farkı iade edin.",
            "多く振り込みました。差額を返金してください。",
            "초과 송금되었으니 차액을 환불해 주세요.",
            "Chúng tôi đã chuyển thừa, xin hoàn lại.",
        ],
    );
    wanted(
        Want::AdvanceFee,
        &[
            "Your fund is ready. Pay the release fee.",
            "您的基金已批准，请先付手续费。",
            "La herencia está lista; pague los gastos de gestión.",
            "O fundo foi aprovado, pague a taxa de liberação.",
            "Le fonds est prêt, réglez les frais de dossier.",
            "Die Erbschaft liegt bereit, die Gebühr ist fällig.",
            "Il fondo è pronto, paghi la tassa.",
            "Грант одобрен, оплатите сбор.",
            "المنحة جاهزة، ادفع الرسوم.",
            "Hibe onaylandı, harç ödeyin.",
            "助成金が承認されました。手数料をお支払いください。",
            "보조금이 승인되었습니다. 수수료를 내세요.",
            "Khoản tiền đã duyệt, hãy nộp lệ phí.",
        ],
    );
    wanted(
        Want::ParcelFee,
        &[
            "Your parcel is on hold. Pay the customs fee.",
            "您的包裹被海关扣留，请支付关税。",
            "Su paquete está retenido; pague los derechos de aduana.",
            "A encomenda está retida, pague a taxa de importação.",
            "Votre colis est retenu, réglez les droits de douane.",
            "Ihr Paket liegt beim Zoll, zahlen Sie die Gebühr.",
            "Il pacco è in dogana, paghi i dazi.",
            "Посылка на таможне, оплатите пошлину.",
            "الطرد محتجز، ادفع الرسوم.",
            "Kargonuz gümrükte, ücreti ödeyin.",
            "荷物が税関で保留です。関税をお支払いください。",
            "소포가 세관에 있습니다. 관세를 내세요.",
            "Bưu kiện bị giữ, hãy nộp phí hải quan.",
        ],
    );
}

#[test]
fn what_false_chiefs_want() {
    wanted(
        Want::GiftCards,
        &[
            "Please buy five gift cards.",
            "请买礼品卡，拍照发我。",
            "Compre tarjetas regalo.",
            "Compre cartões presente.",
            "Achetez des cartes cadeaux.",
            "Kaufen Sie Geschenkkarten.",
            "Compri carte regalo.",
            "Купите подарочные карты.",
            "اشتر بطاقات هدايا.",
            "Hediye kartı satın alın.",
            "ギフトカードを購入してください。",
            "기프트카드를 구매해 주세요.",
            "Hãy mua thẻ quà tặng.",
        ],
    );
    wanted(
        Want::Payroll,
        &[
            "I have a new bank account, please change it for my salary.",
            "我的工资卡换了，请更新银行账户信息。",
            "Cambie la cuenta bancaria de mi nómina.",
            "Altere a conta bancária do meu salário.",
            "Changez le compte bancaire pour mon salaire.",
            "Bitte ändern Sie mein Konto: neues Konto für mein Gehalt.",
            "Cambi il conto corrente del mio stipendio.",
            "Измените реквизиты для моей зарплаты.",
            "أريد تغيير الحساب البنكي لراتبي.",
            "Maaşım için banka hesabımı değiştirin.",
            "給与の振込口座を変更してください。",
            "급여 계좌를 변경해 주세요.",
            "Xin đổi tài khoản ngân hàng nhận lương: tài khoản mới.",
        ],
    );
    wanted(
        Want::Ageing,
        &[
            "Send me the ageing report.",
            "请把应收账款明细发给我。",
            "Envíe la lista de clientes con saldos.",
            "Envie o relatório de contas a receber.",
            "Envoyez la balance âgée.",
            "Bitte senden Sie die Liste der offenen Posten.",
            "Mi invii l'elenco clienti.",
            "Пришлите список должников.",
            "أرسل قائمة العملاء.",
            "Alacak raporunu gönderin.",
            "売掛金の年齢表を送ってください。",
            "매출채권 내역을 보내 주세요.",
            "Gửi cho tôi báo cáo công nợ phải thu.",
        ],
    );
    wanted(
        Want::Crypto,
        &[
            "Pay in USDT.",
            "请用泰达币支付。",
            "Pague en bitcoin.",
            "Pague em bitcoin.",
            "Payez en bitcoin.",
            "Zahlen Sie in Bitcoin.",
            "Paghi in bitcoin.",
            "Оплатите в биткоинах.",
            "ادفع بعملة بيتكوين.",
            "Bitcoin ile ödeyin.",
            "ビットコインで支払ってください。",
            "비트코인으로 송금하세요.",
            "Thanh toán bằng bitcoin.",
        ],
    );
}

#[test]
fn ordinary_letters_of_trade_want_nothing_odd() {
    let odd = [
        Want::BankChange,
        Want::PayOther,
        Want::Overpayment,
        Want::AdvanceFee,
        Want::ParcelFee,
        Want::GiftCards,
        Want::Payroll,
        Want::Ageing,
        Want::Crypto,
        Want::Secret,
        Want::NoPhone,
        Want::Task,
    ];
    for text in [
        "Dear Anna, thank you for the order. Please pay the deposit to our bank account on the invoice. We ship next week.",
        "Shipping documents are attached. Please arrange the balance payment of USD 12,400.",
        "The new price list is attached. Delivery takes four weeks after the deposit.",
        "尊敬的客户，定金已收到，货物下周出运。余款请在见提单后支付。",
        "Adjuntamos la nueva lista de precios. El saldo se paga contra documentos.",
        "Segue a fatura. O saldo deve ser pago até sexta-feira.",
        "Veuillez trouver la facture. Le solde est à régler avant le 12 mars.",
        "Anbei die Rechnung. Bitte überweisen Sie den Restbetrag auf das bekannte Konto.",
        "In allegato la fattura. Il saldo è dovuto entro venerdì.",
        "Счет на оплату во вложении. Отгрузка на следующей неделе.",
        "مرفق الفاتورة. نرجو دفع الرصيد قبل الشحن.",
        "Fatura ektedir. Kalan tutarı sevkiyattan önce ödeyiniz.",
        "請求書を添付いたします。残金は船積み前にお支払いください。",
        "인보이스를 첨부합니다. 선적 전에 잔금을 송금해 주세요.",
        "Gửi kèm hóa đơn. Vui lòng thanh toán số dư trước khi giao hàng.",
    ] {
        for want in odd {
            assert!(!wants("", text).has(want), "{want:?} in: {text}: {}", wants("", text).sentence(want));
        }
    }
}

#[test]
fn sentences_end_where_they_end() {
    let text = "One is here. Two\nthis line is broken at the width of a window, which is why it\ngoes on\n\n三个。四个";
    let found: Vec<&str> = sentences(text).map(str::trim).collect();
    assert_eq!(
        found,
        [
            "One is here.",
            "Two",
            "this line is broken at the width of a window, which is why it\ngoes on",
            "三个。",
            "四个"
        ]
    );
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read(text in "\\PC{0,300}") {
        let _ = wants(&text, &text);
    }
}
