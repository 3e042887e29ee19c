//! What the ledger says of the payment details in a message.

use std::collections::HashMap;
use std::sync::LazyLock;

use env::Timestamp;
use filter::{Finding, Signal};
use payment::{Confidence, Detail, Source, same_account};

use crate::knowledge::{Found, Knowledge, OnFile, Partner, State};
use crate::names::name_key;
use crate::{Direction, Subject};

static WEIGHTS: LazyLock<HashMap<String, f32>> =
    LazyLock::new(|| toml::from_str(include_str!("../data/ledger.toml")).unwrap_or_default());

/// Letters that two names of companies share at least at their beginning, or in one word.
const SHARED_LETTERS_MIN: usize = 4;

/// Words in names of companies that many have.
const COMMON_WORDS: [&str; 44] = [
    "company",
    "limited",
    "trading",
    "trade",
    "international",
    "import",
    "export",
    "industrial",
    "industries",
    "group",
    "global",
    "gmbh",
    "corp",
    "corporation",
    "technology",
    "technologies",
    "machinery",
    "manufacturing",
    "products",
    "services",
    "logistics",
    "shipping",
    "holding",
    "holdings",
    "enterprise",
    "enterprises",
    "china",
    "shanghai",
    "shenzhen",
    "ningbo",
    "guangzhou",
    "hong",
    "kong",
    "bank",
    "united",
    "general",
    "solutions",
    "supply",
    "equipment",
    "electronics",
    "textile",
    "textiles",
    "foods",
    "sarl",
];

/// What the ledger says of the details in `subject`.
#[must_use]
pub(crate) fn look(subject: &Subject, knowledge: &Knowledge) -> Vec<Finding> {
    let mut findings = Vec::new();
    for found in knowledge.found.iter().filter(|found| found.detail.is_payable() && !found.detail.is_intermediary) {
        match subject.direction {
            Direction::In => received(subject, knowledge, found, &mut findings),
            Direction::Out => sent(knowledge, found, &mut findings),
            Direction::Within => {}
        }
    }
    // One message has one invoice, however often its account stands there.
    let mut seen: Vec<String> = Vec::new();
    findings.retain(|finding| {
        let is_new = !seen.contains(&finding.id);
        seen.push(finding.id.clone());
        is_new
    });
    findings
}

fn received(subject: &Subject, knowledge: &Knowledge, found: &Found, findings: &mut Vec<Finding>) {
    let detail = &found.detail;
    if detail.is_disguised {
        findings.push(finding("payment-disguised", detail.shown.clone()));
    }
    if found.is_disputed {
        findings.push(finding("payment-disputed", detail.shown.clone()));
        return;
    }
    match found.state {
        State::Retired => findings.push(finding("payment-retired", detail.shown.clone())),
        State::New if !found.is_own => unknown(subject, knowledge, found, findings),
        _ => {}
    }
}

/// An account that is not on file at who asks.
fn unknown(subject: &Subject, knowledge: &Knowledge, found: &Found, findings: &mut Vec<Finding>) {
    let detail = &found.detail;
    let on_file = on_file(knowledge);
    if detail.place.source == Source::Quoted {
        let is_known = found.is_of_thread || !found.elsewhere.is_empty();
        let thread = knowledge.thread.as_ref().filter(|thread| !thread.details.is_empty());
        if let Some(known) = thread.filter(|_| !is_known).and_then(|thread| thread.details.first()) {
            findings.push(finding("payment-quoted-other", beside(detail, known)));
        }
        return;
    }
    // What is on file at the company that is meant is no other account, whoever names it.
    if on_file.iter().any(|known| same_account(&known.detail, detail)) {
        return;
    }
    // By the thread, a look-alike's account is compared with his whom it plays.
    let partner =
        knowledge.partner.as_ref().filter(|one| one.contact.messages() > 0).or_else(|| knowledge.others.first());
    if let Some(known) = nearest(detail, &on_file) {
        let (id, scale) =
            if is_second(detail, &on_file) { ("payment-second", 1.0) } else { ("payment-changed", sure(detail)) };
        findings.push(scaled(finding(id, beside(detail, known)), scale));
    } else if partner.is_some_and(|partner| partner.contact.is_mutual()) {
        findings.push(finding("payment-first", detail.shown.clone()));
    } else {
        findings.push(finding("payment-stranger", detail.shown.clone()));
    }
    if let Some(other) = found.elsewhere.first() {
        findings.push(finding("payment-of-other", format!("{}: {other}", detail.shown)));
    }
    if let Some(holder) = &detail.holder
        && found.elsewhere.is_empty()
        && !is_his(holder, subject, partner, &on_file)
    {
        findings.push(finding("payment-holder", holder.clone()));
    }
    if let (Some(country), Some(partner)) = (&detail.bank_country, partner)
        && !has_tie(country, partner, &on_file)
    {
        findings.push(finding("payment-country", format!("{country}: {}", detail.shown)));
    }
}

/// How sure it is that this is an account at all.
const fn sure(detail: &Detail) -> f32 {
    match detail.confidence {
        Confidence::Low => 0.6,
        Confidence::Fair | Confidence::High => 1.0,
    }
}

/// Details that who asks has on file: the author's company's, or those of the companies that the thread was held with.
fn on_file(knowledge: &Knowledge) -> Vec<&OnFile> {
    let usable = |one: &&OnFile| matches!(one.state, State::Learned | State::Confirmed) && one.detail.is_payable();
    let own: Vec<&OnFile> = knowledge.partner.iter().flat_map(|it| &it.details).filter(usable).collect();
    if !own.is_empty() {
        return own;
    }
    let of_thread: Vec<&OnFile> = knowledge.thread.iter().flat_map(|it| &it.details).filter(usable).collect();
    let known_sender = knowledge.partner.as_ref().is_some_and(|partner| partner.contact.is_mutual());
    if !of_thread.is_empty() && !known_sender {
        return of_thread;
    }
    let thread = knowledge.thread.as_ref().filter(|_| !known_sender);
    let others = knowledge.others.iter().filter(|other| {
        thread.is_some_and(|thread| other.domains.iter().any(|domain| thread.domains.count(domain) > 0))
    });
    others.flat_map(|it| &it.details).filter(usable).collect()
}

/// The one on file that a new one stands in the place of: of the same kind if there is one, what was seen last.
fn nearest<'a>(detail: &Detail, on_file: &[&'a OnFile]) -> Option<&'a OnFile> {
    on_file.iter().copied().max_by_key(|known| (known.detail.kind == detail.kind, known.last))
}

/// Whether it is a further account in the same name in the same country: for another currency, or at the same bank.
fn is_second(detail: &Detail, on_file: &[&OnFile]) -> bool {
    let like = |known: &&&OnFile| {
        let known = &known.detail;
        let same_holder = match (&detail.holder, &known.holder) {
            (Some(new), Some(old)) => same_name(new, old),
            _ => false,
        };
        let same_country = detail.bank_country.is_some() && detail.bank_country == known.bank_country;
        same_holder && same_country && (same_bank(detail, known) || other_currency(detail, known))
    };
    on_file.iter().any(|known| like(&known))
}

fn same_bank(one: &Detail, other: &Detail) -> bool {
    let bank = |bic: &str| bic.get(..6).map(str::to_owned);
    let by_bic = matches!((&one.bic, &other.bic), (Some(a), Some(b)) if bank(a) == bank(b));
    let by_clearing = matches!((&one.clearing, &other.clearing), (Some(a), Some(b)) if a == b);
    let by_name = matches!((&one.bank, &other.bank), (Some(a), Some(b)) if same_name(a, b));
    by_bic || by_clearing || by_name
}

fn other_currency(one: &Detail, other: &Detail) -> bool {
    matches!((&one.currency, &other.currency), (Some(a), Some(b)) if a != b)
}

/// Whether a holder's name is that of who asks: of his company by its domains, of an earlier holder, of himself.
fn is_his(holder: &str, subject: &Subject, partner: Option<&Partner>, on_file: &[&OnFile]) -> bool {
    let known_holders = on_file.iter().filter_map(|known| known.detail.holder.as_deref());
    let mut names: Vec<String> = known_holders.map(str::to_owned).collect();
    names.push(subject.from.name.clone());
    if let Some(partner) = partner {
        names.extend(partner.people.iter().map(|person| person.name.clone()).filter(|name| !name.is_empty()));
        if partner.domains.iter().any(|domain| is_of_domain(holder, domain)) {
            return true;
        }
    } else if is_of_domain(holder, &subject.from.domain) {
        return true;
    }
    // A company's name in letters of another script than its domain's cannot be compared with that.
    if !holder.chars().any(|c| c.is_ascii_alphabetic()) && on_file.is_empty() {
        return true;
    }
    names.iter().any(|name| same_name(name, holder))
}

/// Whether a name shares a telling word with another.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    if let (Some(one), Some(other)) = (name_key(one), name_key(other))
        && one == other
    {
        return true;
    }
    let (one, other) = (words(one), words(other));
    one.iter().any(|word| other.contains(word))
}

/// Words of a company's name that are its own.
fn words(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let is_wide = |word: &str| !word.is_ascii() && word.chars().count() >= 2;
    let is_own = |word: &&str| (word.len() >= SHARED_LETTERS_MIN || is_wide(word)) && !COMMON_WORDS.contains(word);
    lower.split(|c: char| !c.is_alphanumeric()).filter(is_own).map(str::to_owned).collect()
}

/// Whether a company's name goes with a domain: a word of its own in it, or its first letters.
fn is_of_domain(name: &str, domain: &str) -> bool {
    let label: String =
        domain.split('.').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = name.to_lowercase();
    let joined: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let initials: String = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .filter(char::is_ascii)
        .collect();
    words(name).iter().any(|word| label.contains(word.as_str()))
        || label.len() >= SHARED_LETTERS_MIN && joined.contains(&label)
        || label.len() >= 2 && initials.starts_with(&label)
}

/// Whether something ties a partner to a country: its domain, telephone, or an account on file there. The mainland and Hong Kong are
/// one place of trade.
fn has_tie(country: &str, partner: &Partner, on_file: &[&OnFile]) -> bool {
    let place = |code: &str| if code == "HK" || code == "MO" { "CN".to_owned() } else { code.to_owned() };
    let country = place(country);
    let banks = on_file.iter().filter_map(|known| known.detail.bank_country.as_deref());
    let mut ties = partner.countries.0.iter().map(|(tie, _)| tie.as_str()).chain(banks).peekable();
    ties.peek().is_none() || ties.any(|tie| place(tie) == country)
}

/// What we send: an attacker in our own mailbox puts his account in the place of ours.
fn sent(knowledge: &Knowledge, found: &Found, findings: &mut Vec<Finding>) {
    let detail = &found.detail;
    if found.is_disputed {
        findings.push(finding("payment-disputed", detail.shown.clone()));
        return;
    }
    if detail.place.source == Source::Quoted || found.state != State::New || !found.elsewhere.is_empty() {
        return;
    }
    let usable = |one: &&OnFile| matches!(one.state, State::Learned | State::Confirmed) && one.detail.is_payable();
    let on_file: Vec<&OnFile> = knowledge.own_details.iter().filter(usable).collect();
    // Whose name stands at it, and it is a recipient's: his account, not ours.
    let is_theirs = detail.holder.as_deref().is_some_and(|holder| {
        let of = |partner: &Partner| {
            partner.domains.iter().any(|domain| is_of_domain(holder, domain))
                || partner.details.iter().filter_map(|it| it.detail.holder.as_deref()).any(|it| same_name(it, holder))
        };
        knowledge.others.iter().any(of)
            && !on_file.iter().filter_map(|it| it.detail.holder.as_deref()).any(|it| same_name(it, holder))
    });
    if let Some(known) = nearest(detail, &on_file).filter(|_| !is_theirs) {
        let (id, scale) =
            if is_second(detail, &on_file) { ("payment-second", 1.0) } else { ("payment-own-changed", sure(detail)) };
        findings.push(scaled(finding(id, beside(detail, known)), scale));
    }
}

/// Both details side by side, in no language.
fn beside(new: &Detail, known: &OnFile) -> String {
    let day = Timestamp::from_millis(known.first).civil();
    format!("{} ≠ {} ({:04}-{:02}-{:02})", new.shown, known.detail.shown, day.year, day.month, day.day)
}

fn finding(id: &str, evidence: String) -> Finding {
    let weight = WEIGHTS.get(id).copied().unwrap_or_default();
    Finding {
        id: id.to_owned(),
        signal: Signal::Trade,
        spam: weight,
        phish: weight,
        evidence,
        key: format!("finding-{id}"),
    }
}

fn scaled(finding: Finding, scale: f32) -> Finding {
    Finding { spam: finding.spam * scale, phish: finding.phish * scale, ..finding }
}

/// Texts of the ledger's findings: key, English, Chinese.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "finding-payment-changed",
        "Another account than the one on file: {evidence}. Ask by telephone, at the number on file, before anything is paid",
        "收款账户与登记的不同：{evidence}。付款前请拨打登记的电话核实",
    ),
    (
        "finding-payment-second",
        "A further account in the same name, not on file yet: {evidence}",
        "同一户名的另一账户，尚未登记：{evidence}",
    ),
    (
        "finding-payment-first",
        "The first account that this partner names: {evidence}",
        "该伙伴首次提供的收款账户：{evidence}",
    ),
    (
        "finding-payment-stranger",
        "An account from somebody not known here: {evidence}",
        "陌生发件人提供的收款账户：{evidence}",
    ),
    ("finding-payment-retired", "An account that is no longer used: {evidence}", "已停用的收款账户：{evidence}"),
    (
        "finding-payment-disputed",
        "An account that is doubted, or came with fraud: {evidence}",
        "存疑或涉及欺诈的收款账户：{evidence}",
    ),
    (
        "finding-payment-of-other",
        "An account on file at another partner: {evidence}",
        "该账户登记在另一伙伴名下：{evidence}",
    ),
    ("finding-payment-holder", "The account's holder is not the partner: {evidence}", "账户户名与伙伴不符：{evidence}"),
    (
        "finding-payment-country",
        "The bank is in a country that nothing ties the partner to: {evidence}",
        "开户行所在国家与该伙伴无任何关联：{evidence}",
    ),
    (
        "finding-payment-disguised",
        "The account number is written in disguise: {evidence}",
        "账号经过伪装书写：{evidence}",
    ),
    (
        "finding-payment-quoted-other",
        "The quoted text has an account that no earlier mail had: {evidence}",
        "引用的原文中出现了此前邮件没有的账户：{evidence}",
    ),
    (
        "finding-payment-own-changed",
        "Sent from here with another account than our own on file: {evidence}",
        "本公司发出的邮件所写账户与本公司登记账户不同：{evidence}",
    ),
];

/// The text of a finding of the ledger, in Chinese or else in English.
pub(crate) fn text(key: &str, language: &str) -> Option<&'static str> {
    let (_, english, chinese) = TEXTS.iter().find(|(known, ..)| *known == key)?;
    Some(if language.starts_with("zh") { chinese } else { english })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_weight_has_its_text() {
        assert!(WEIGHTS.len() > 10);
        for id in WEIGHTS.keys() {
            assert!(text(&format!("finding-{id}"), "zh").is_some_and(|text| text.contains("{evidence}")), "{id}");
        }
        assert_eq!(WEIGHTS.len(), TEXTS.len());
    }

    #[test]
    fn names_of_companies_are_compared_by_their_own_words() {
        assert!(same_name("Acme Valves Co., Ltd.", "ACME VALVES LIMITED"));
        assert!(!same_name("Acme Trading Ltd", "Borealis Trading Ltd"));
        assert!(is_of_domain("Acme Valves GmbH", "acme-valves.example"));
        assert!(is_of_domain("Nordic Steel Works", "nsw.example"));
        assert!(!is_of_domain("J. Petrov", "acme-valves.example"));
    }
}
