//! Which bank, code and holder belong to which account.

use std::mem::discriminant;
use std::ops::Range;

use crate::detail::{Check, Clearing, Confidence, Kind, Scheme};
use crate::items::{Item, What};

/// Lines without a statement after which what follows belongs to something else.
const GAP_LINES_MAX: usize = 12;

/// Lines between a name that is perhaps a holder's and what makes it one.
const NAME_LINES_MAX: usize = 3;

/// A detail without its place in the blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) letters: Range<usize>,
    pub(crate) clearing: Option<Clearing>,
    pub(crate) bic: Option<String>,
    pub(crate) holder: Option<String>,
    pub(crate) bank: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) currency: Option<&'static str>,
    pub(crate) checks: Vec<Check>,
    pub(crate) confidence: Confidence,
    pub(crate) is_disguised: bool,
    pub(crate) is_intermediary: bool,
}

/// Statements that belong together.
#[derive(Debug, Default)]
struct Group<'i> {
    items: Vec<&'i Item>,
    is_intermediary: bool,
    /// Began because one more account came, and not because another bank did.
    continues: bool,
}

/// Details of all statements, in their order.
pub(crate) fn bind(items: &[Item]) -> Vec<Bound> {
    let groups = groups(items);
    let holders: Vec<&str> = distinct(items.iter().filter_map(|item| match &item.what {
        What::Holder(name) => Some(name.as_str()),
        _ => None,
    }));
    let only_holder = if let [only] = holders.as_slice() { Some(*only) } else { None };
    let mut bound = Vec::new();
    for place in 0..groups.len() {
        details(&groups, place, only_holder, &mut bound);
    }
    bound.extend(apart(items));
    bound.sort_by_key(|one| one.letters.start);
    bound
}

fn distinct<'t>(all: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut out: Vec<&str> = Vec::new();
    for one in all {
        if !out.iter().any(|known| known.eq_ignore_ascii_case(one)) {
            out.push(one);
        }
    }
    out
}

fn groups(items: &[Item]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = vec![Group::default()];
    let mut current = 0;
    // Where to go on behind a bank in between.
    let mut outer = None;
    for item in items.iter().filter(|item| !matches!(item.what, What::Wallet { .. } | What::Transfer(..))) {
        if matches!(item.what, What::Intermediary(_)) {
            outer = outer.or(Some(current));
            groups.push(Group { items: vec![item], is_intermediary: true, continues: false });
            current = groups.len() - 1;
            continue;
        }
        if let Some(group) = groups.get(current).filter(|group| group.is_intermediary && ends_intermediary(group, item))
        {
            let _ = group;
            current = outer.take().unwrap_or(0);
        }
        if let Some(continues) = groups.get(current).and_then(|group| group.ends_before(item)) {
            groups.push(Group { items: Vec::new(), is_intermediary: false, continues });
            current = groups.len() - 1;
        }
        if let Some(group) = groups.get_mut(current) {
            group.items.push(item);
        }
    }
    groups
}

/// A holder, a second bank or a second code of the same kind belong to who is paid again.
fn ends_intermediary(group: &Group<'_>, item: &Item) -> bool {
    let has = |found: fn(&What) -> bool| group.items.iter().any(|item| found(&item.what));
    let is_named = has(|what| matches!(what, What::Bank(_) | What::Intermediary(Some(_))));
    let is_known = has(|what| matches!(what, What::Bic(_) | What::Code(..)));
    match &item.what {
        What::Holder(_) | What::Name(_) => true,
        What::Bank(_) => is_named || is_known,
        What::Account { kind: Kind::Iban, .. } => is_known,
        _ => group.is_far(item) || group.ends_before(item).is_some(),
    }
}

impl<'i> Group<'i> {
    fn of(&self, what: &What) -> Option<&'i Item> {
        self.items
            .iter()
            .copied()
            .find(|item| discriminant(&item.what) == discriminant(what) && same_slot(&item.what, what))
    }

    fn is_far(&self, item: &Item) -> bool {
        self.items.last().is_some_and(|last| item.line.abs_diff(last.line) > GAP_LINES_MAX)
    }

    /// Whether a statement begins another group, and if so, whether that is one more account of the same bank and holder.
    fn ends_before(&self, item: &Item) -> Option<bool> {
        if self.is_far(item) {
            return Some(false);
        }
        let known = self.of(&item.what)?;
        if known.what == item.what {
            return None;
        }
        match item.what {
            // The first that is said of a name stays, until an account was named.
            What::Name(_) | What::BranchName(_) => self.has_account().then_some(false),
            What::Account { .. } | What::Currency(_) => Some(true),
            _ => Some(false),
        }
    }

    fn has_account(&self) -> bool {
        self.items.iter().any(|item| matches!(item.what, What::Account { .. }))
    }

    fn accounts(&self) -> impl Iterator<Item = &'i Item> + '_ {
        self.items.iter().copied().filter(|item| matches!(item.what, What::Account { .. }))
    }

    fn holder(&self) -> Option<String> {
        let by_label = self.items.iter().find_map(|item| match &item.what {
            What::Holder(name) => Some(name),
            _ => None,
        });
        let near = |item: &&&Item| {
            let others = self.items.iter().filter(|other| !matches!(other.what, What::Name(_)));
            others.map(|other| other.line.abs_diff(item.line)).min().is_some_and(|lines| lines <= NAME_LINES_MAX)
        };
        let by_name = || {
            self.items.iter().filter(near).find_map(|item| match &item.what {
                What::Name(name) => Some(name),
                _ => None,
            })
        };
        by_label.or_else(by_name).cloned()
    }

    fn bank(&self) -> Option<String> {
        self.items.iter().find_map(|item| match &item.what {
            What::Bank(name) | What::Intermediary(Some(name)) => Some(name.clone()),
            _ => None,
        })
    }

    fn bic(&self) -> Option<String> {
        self.items.iter().find_map(|item| match &item.what {
            What::Bic(code) => Some(code.clone()),
            _ => None,
        })
    }

    fn codes(&self) -> impl Iterator<Item = (Scheme, &'i str, bool)> + '_ {
        self.items.iter().filter_map(|item| match &item.what {
            What::Code(scheme, code, is_checked) => Some((*scheme, code.as_str(), *is_checked)),
            _ => None,
        })
    }

    fn bank_codes(&self) -> (Option<&'i str>, Option<&'i Item>) {
        let bank = self.items.iter().find_map(|item| match &item.what {
            What::BankCode(code) => Some(code.as_str()),
            _ => None,
        });
        let branch = self.items.iter().copied().find(|item| matches!(item.what, What::Branch(_)));
        (bank, branch)
    }

    fn says_of_bank(&self) -> [bool; 3] {
        let has_code =
            self.items.iter().any(|item| matches!(item.what, What::Code(..) | What::BankCode(_) | What::Branch(_)));
        [self.bank().is_some(), self.bic().is_some(), has_code]
    }

    /// Whether what another group says of its bank completes what this one says, and contradicts nothing.
    fn may_borrow(&self, other: &Group<'_>) -> bool {
        let pairs = self.says_of_bank().into_iter().zip(other.says_of_bank());
        pairs.into_iter().all(|(mine, theirs)| !(mine && theirs))
    }

    fn currency(&self) -> Option<&'static str> {
        self.items.iter().find_map(|item| match item.what {
            What::Currency(code) => Some(code),
            _ => None,
        })
    }
}

/// Whether two statements are of the same kind; schemes of codes and IBAN beside a national number are not.
fn same_slot(one: &What, other: &What) -> bool {
    match (one, other) {
        (What::Account { kind, .. }, What::Account { kind: other, .. }) => {
            (*kind == Kind::Iban) == (*other == Kind::Iban)
        }
        (What::Code(scheme, ..), What::Code(other, ..)) => scheme == other,
        _ => true,
    }
}

/// Groups of one family: accounts in a row that share bank and holder. From the nearest to the farthest, itself first.
fn family<'g, 'i>(groups: &'g [Group<'i>], place: usize) -> Vec<&'g Group<'i>> {
    let continues = |place: usize| groups.get(place).is_some_and(|group| group.continues);
    let mut first = place;
    while first > 0 && continues(first) {
        first -= 1;
    }
    let mut last = place;
    while continues(last + 1) {
        last += 1;
    }
    let mut all: Vec<usize> = (first..=last).collect();
    all.sort_by_key(|other| (other.abs_diff(place), *other));
    all.into_iter().filter_map(|place| groups.get(place)).collect()
}

fn details(groups: &[Group<'_>], place: usize, only_holder: Option<&str>, bound: &mut Vec<Bound>) {
    let Some(group) = groups.get(place) else { return };
    let family = family(groups, place);
    let lenders: Vec<&Group<'_>> =
        family.iter().copied().filter(|other| std::ptr::eq(*other, group) || group.may_borrow(other)).collect();
    let bank = lenders.iter().find_map(|group| group.bank());
    let bic = lenders.iter().find_map(|group| group.bic());
    let holder = if group.is_intermediary {
        None
    } else {
        family.iter().find_map(|group| group.holder()).or_else(|| only_holder.map(str::to_owned))
    };
    let accounts: Vec<&Item> = group.accounts().collect();
    if accounts.is_empty() {
        codes_alone(group, bank.as_deref(), holder.as_deref(), bound);
        return;
    }
    for item in accounts {
        let What::Account { kind, value, is_checked, is_simplified } = &item.what else { continue };
        let coded = lenders.iter().find(|group| group.says_of_bank()[2]).copied().unwrap_or(group);
        let country = country(item, *kind, value, *is_simplified, bic.as_deref(), coded, bank.as_deref());
        let (clearing, code_stands) = clearing(coded, country.as_deref(), *kind);
        let key_stands = clearing
            .as_ref()
            .is_some_and(|clearing| clearing.scheme == Scheme::RussiaBik && russian(value, &clearing.code));
        let checks = checks(item, *kind, *is_checked || key_stands, code_stands);
        bound.push(Bound {
            kind: *kind,
            value: value.clone(),
            letters: item.letters.clone(),
            confidence: confidence(&checks, clearing.is_some() || bic.is_some()),
            clearing,
            bic: bic.clone(),
            holder: holder.clone(),
            bank: bank.clone(),
            country,
            currency: item.currency.or_else(|| group.currency()),
            checks,
            is_disguised: item.is_disguised,
            is_intermediary: group.is_intermediary,
        });
    }
}

fn russian(account: &str, bik: &str) -> bool {
    let digits = |text: &str| text.chars().filter_map(|c| c.to_digit(10)).collect::<Vec<u32>>();
    crate::checks::russia(&digits(account), &digits(bik), false)
}

fn checks(item: &Item, kind: Kind, is_checked: bool, code_stands: bool) -> Vec<Check> {
    let all = [
        (Check::Label, !item.language.is_empty()),
        (Check::Form, matches!(kind, Kind::Iban | Kind::Clabe)),
        (Check::CheckDigits, is_checked),
        (Check::BankCode, code_stands),
    ];
    all.into_iter().filter(|(_, stands)| *stands).map(|(check, _)| check).collect()
}

fn confidence(checks: &[Check], has_bank: bool) -> Confidence {
    let has = |check| checks.contains(&check);
    match (has(Check::CheckDigits), has(Check::Label)) {
        (true, true) => Confidence::High,
        (true, false) => Confidence::Fair,
        _ if has(Check::BankCode) || has_bank => Confidence::Fair,
        _ => Confidence::Low,
    }
}

/// Country of the bank: by the account itself, by what its bank has, by the language of its label last.
fn country(
    item: &Item,
    kind: Kind,
    value: &str,
    is_simplified: bool,
    bic: Option<&str>,
    coded: &Group<'_>,
    bank: Option<&str>,
) -> Option<String> {
    let by_kind = match kind {
        Kind::Iban => value.get(..2),
        Kind::Clabe => Some("MX"),
        _ => None,
    };
    let by_code = || coded.codes().find_map(|(scheme, code, _)| country_of(scheme, code));
    let by_bic = || bic.and_then(|bic| bic.get(4..6));
    let is_written = |is_script: fn(char) -> bool| bank.is_none_or(|bank| bank.chars().any(is_script));
    let by_branch = || match coded.bank_codes().1?.language {
        "pt" => Some("BR"),
        "ja" => Some("JP"),
        _ => None,
    };
    let by_language = || match item.language {
        "zh" if is_simplified && is_written(|c| matches!(c, '\u{4e00}'..='\u{9fff}')) => Some("CN"),
        "ja" if is_written(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')) => Some("JP"),
        "ko" if is_written(|c| matches!(c, '\u{ac00}'..='\u{d7a3}')) => Some("KR"),
        "vi" => Some("VN"),
        "ru" if value.len() == 20 => Some("RU"),
        _ => None,
    };
    by_kind.or_else(by_bic).or_else(by_code).or_else(by_branch).or_else(by_language).map(str::to_owned)
}

/// The country whose banks a code counts.
const fn country_of(scheme: Scheme, code: &str) -> Option<&'static str> {
    Some(match scheme {
        Scheme::Cnaps => "CN",
        Scheme::Aba => "US",
        Scheme::SortCode => "GB",
        Scheme::Ifsc => "IN",
        Scheme::BrazilBranch => "BR",
        Scheme::Bsb => "AU",
        Scheme::Zengin => "JP",
        Scheme::RussiaBik => "RU",
        Scheme::HongKong => "HK",
        Scheme::Singapore => "SG",
        Scheme::CanadaTransit => "CA",
        Scheme::UkraineMfo => "UA",
        Scheme::SouthAfrica => "ZA",
        Scheme::Bankleitzahl if code.len() == 5 => "AT",
        Scheme::Bankleitzahl => "DE",
    })
}

/// The national code of a bank, and whether its check digits stood.
fn clearing(group: &Group<'_>, country: Option<&str>, kind: Kind) -> (Option<Clearing>, bool) {
    if let Some((scheme, code, is_checked)) = group.codes().next() {
        return (Some(Clearing { scheme, code: code.to_owned() }), is_checked);
    }
    let (bank, branch) = group.bank_codes();
    let branch = branch.and_then(|item| match &item.what {
        What::Branch(code) => Some(code.as_str()),
        _ => None,
    });
    let (Some(scheme), true) = (country.and_then(scheme_of), bank.is_some() || branch.is_some()) else {
        return (None, false);
    };
    if kind == Kind::Iban && scheme != Scheme::BrazilBranch {
        return (None, false);
    }
    let divider = if scheme == Scheme::BrazilBranch && bank.is_some() && branch.is_some() { "/" } else { "" };
    let code = format!("{}{divider}{}", bank.unwrap_or_default(), branch.unwrap_or_default());
    (Some(Clearing { scheme, code }), false)
}

/// The scheme in which a country counts banks and branches.
fn scheme_of(country: &str) -> Option<Scheme> {
    Some(match country {
        "BR" => Scheme::BrazilBranch,
        "JP" => Scheme::Zengin,
        "HK" => Scheme::HongKong,
        "SG" => Scheme::Singapore,
        "CA" => Scheme::CanadaTransit,
        "ZA" => Scheme::SouthAfrica,
        "DE" | "AT" => Scheme::Bankleitzahl,
        _ => return None,
    })
}

/// Codes of a bank beside which no account stands.
fn codes_alone(group: &Group<'_>, bank: Option<&str>, holder: Option<&str>, bound: &mut Vec<Bound>) {
    for item in &group.items {
        let (kind, value, clearing, country, checks) = match &item.what {
            What::Bic(code) => (Kind::Bic, code, None, code.get(4..6), vec![Check::Label, Check::Form]),
            What::Code(scheme, code, is_checked) => {
                let clearing = Clearing { scheme: *scheme, code: code.clone() };
                let check = if *is_checked { Check::CheckDigits } else { Check::Form };
                (Kind::BankCode, code, Some(clearing), country_of(*scheme, code), vec![Check::Label, check])
            }
            _ => continue,
        };
        bound.push(Bound {
            kind,
            value: value.clone(),
            letters: item.letters.clone(),
            clearing,
            bic: group.bic().filter(|_| kind == Kind::BankCode),
            holder: holder.map(str::to_owned),
            bank: bank.map(str::to_owned),
            country: country.map(str::to_owned),
            currency: item.currency.or_else(|| group.currency()),
            confidence: confidence(&checks, true),
            checks,
            is_disguised: item.is_disguised,
            is_intermediary: group.is_intermediary,
        });
    }
}

/// Wallets, and names at services that pay in cash.
fn apart(items: &[Item]) -> Vec<Bound> {
    let mut bound = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let (kind, value, is_checked, letters, holder) = match &item.what {
            What::Wallet { kind, value, is_checked } => (*kind, value.clone(), *is_checked, item.letters.clone(), None),
            What::Transfer(kind, name) => {
                let near = |other: &&Item| other.line.abs_diff(item.line) <= GAP_LINES_MAX / 2;
                let next = items.iter().skip(place + 1).take_while(near).find_map(|other| match &other.what {
                    What::Holder(name) | What::Name(name) => Some((name.clone(), other.letters.clone())),
                    _ => None,
                });
                let Some((name, letters)) = next.or_else(|| Some((name.clone()?, item.letters.clone()))) else {
                    continue;
                };
                (*kind, canonical_name(&name), false, letters, Some(name))
            }
            _ => continue,
        };
        let is_labelled = !item.language.is_empty();
        let all = [(Check::Label, is_labelled), (Check::Form, holder.is_none()), (Check::CheckDigits, is_checked)];
        let checks: Vec<Check> = all.into_iter().filter(|(_, stands)| *stands).map(|(check, _)| check).collect();
        bound.push(Bound {
            kind,
            value,
            letters,
            clearing: None,
            bic: None,
            holder,
            bank: None,
            country: None,
            currency: item.currency,
            confidence: confidence(&checks, !is_labelled || checks.contains(&Check::Form)),
            checks,
            is_disguised: item.is_disguised,
            is_intermediary: false,
        });
    }
    bound
}

/// A name in capitals, its words by single spaces.
fn canonical_name(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .to_uppercase()
}
