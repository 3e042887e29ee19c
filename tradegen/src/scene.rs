//! Writing letters: who speaks, to whom, what is said, what is attached.

use crate::bank::Account;
use crate::calendar;
use crate::chance::Chance;
use crate::documents::{Form, Sheet};
use crate::letter::{Direction, Letter, Party, Proof, Truth};
use crate::quote::quote;
use crate::software::{Route, Software};
use crate::wordings::Wordings;
use crate::world::{Company, Person, World};

/// References that a letter carries at most.
const REFERENCES_MAX: usize = 20;

/// What a letter is about.
#[derive(Debug, Clone)]
pub(crate) struct Deal {
    pub(crate) order: String,
    pub(crate) invoice: String,
    pub(crate) goods: String,
    pub(crate) quantity: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
}

impl Deal {
    pub(crate) fn new(goods: &[String], currency: &str, chance: &mut Chance) -> Self {
        let thousands = chance.range(4, 180);
        Self {
            order: format!("{}{}-{}", chance.pick(&["PO", "SO", "P", "OR"]), chance.range(24, 26), chance.digits(4)),
            invoice: format!(
                "{}{}{}",
                chance.pick(&["INV-", "PI", "CI-", "R"]),
                chance.range(24, 26),
                chance.digits(5)
            ),
            goods: chance.pick(goods).clone(),
            quantity: format!("{}", chance.range(2, 90) * 50),
            amount: format!("{thousands},{}.00", chance.digits(3)),
            currency: currency.to_owned(),
        }
    }
}

/// Where bank details stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placing {
    Body,
    File(Form),
    Both(Form),
}

/// Somebody who writes now.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    pub(crate) party: Party,
    /// Name below the letter.
    pub(crate) name: String,
    pub(crate) company: String,
    pub(crate) telephone: String,
    pub(crate) software: Software,
    pub(crate) route: Route,
    pub(crate) zone: i64,
    pub(crate) proof: Proof,
    pub(crate) direction: Direction,
}

impl Voice {
    /// Somebody of a company.
    pub(crate) fn of(company: &Company, person: usize, at: i64, direction: Direction) -> Self {
        let who: &Person = &company.people[person];
        Self {
            party: Party::new(&who.name, &company.address(person, at)),
            name: who.name.clone(),
            company: company.name.clone(),
            telephone: who.telephone.clone(),
            software: who.software_at(at),
            route: company.route.clone(),
            zone: who.zone,
            proof: company.proof,
            direction,
        }
    }
}

/// To whom, in what language, about what.
#[derive(Debug, Clone)]
pub(crate) struct Address<'a> {
    pub(crate) to: Vec<Party>,
    pub(crate) language: &'static str,
    pub(crate) deal: &'a Deal,
    pub(crate) link: &'a str,
}

/// The world and what may be said in it.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    pub(crate) wordings: &'a Wordings,
    /// Whether documents are made.
    pub(crate) has_files: bool,
}

impl Scene<'_> {
    /// A letter that says something of each intent, under a subject of its own.
    pub(crate) fn write(
        &self,
        voice: &Voice,
        address: &Address<'_>,
        intents: &[&str],
        at: i64,
        chance: &mut Chance,
    ) -> Letter {
        let filling = filling(voice, address, at);
        let language = address.language;
        let mut said = self.wordings.say(language, "greeting", &filling, chance);
        for intent in intents {
            let text = self.wordings.say(language, intent, &filling, chance);
            if !text.is_empty() {
                said.push_str(if chance.percent(60) { "\n\n" } else { "\n" });
                said.push_str(&text);
            }
        }
        let closing = self.wordings.say(language, "closing", &filling, chance);
        let mut ending = format!("{closing}\n{}\n{}", voice.name, voice.company);
        if voice.software == Software::Telephone {
            ending = format!("{}\n\n{}", voice.name, self.wordings.say(language, "phone_signature", &filling, chance));
        } else if chance.percent(70) {
            ending.push_str(&format!("\n{}\n{}", voice.telephone, voice.party.address));
        }
        Letter {
            at,
            zone: voice.zone,
            from: voice.party.clone(),
            to: address.to.clone(),
            cc: Vec::new(),
            reply_to: None,
            sender: None,
            message_id: voice.software.message_id(voice.party.domain(), at, chance),
            references: Vec::new(),
            subject: String::new(),
            language,
            said,
            bank_lines: Vec::new(),
            ending,
            quoted: String::new(),
            details: Vec::new(),
            files: Vec::new(),
            fields: Vec::new(),
            software: voice.software,
            route: voice.route.clone(),
            proof: voice.proof,
            direction: voice.direction,
            truth: Truth::honest("ordinary"),
        }
    }

    /// Gives a letter a subject of an intent.
    pub(crate) fn entitle(&self, letter: &mut Letter, intent: &str, deal: &Deal, chance: &mut Chance) {
        let filling = [("goods", deal.goods.clone()), ("order", deal.order.clone()), ("invoice", deal.invoice.clone())];
        letter.subject = self.wordings.say(letter.language, intent, &filling, chance);
    }

    /// Puts an account where it is to stand.
    pub(crate) fn put_account(
        &self,
        letter: &mut Letter,
        accounts: &[&Account],
        placing: Placing,
        deal: &Deal,
        chance: &mut Chance,
    ) -> Result<(), String> {
        for account in accounts {
            letter.details.extend(account.details());
        }
        let form = match placing {
            Placing::File(form) | Placing::Both(form) if self.has_files => Some(form),
            _ => None,
        };
        if !matches!(placing, Placing::File(_)) || form.is_none() {
            letter.bank_lines = self.bank_lines(accounts, letter.language, chance);
        }
        if let Some(form) = form {
            // Documents in Arabic letters are written in English, as most of this trade does.
            let language = if letter.language == "ar" || chance.percent(35) { "en" } else { letter.language };
            let sheet = self.sheet(letter, accounts, language, deal, chance);
            let name = format!("{} {}", sheet.title, deal.invoice);
            letter.files.push(sheet.file(&name, form, language, chance)?);
        }
        Ok(())
    }

    fn bank_lines(&self, accounts: &[&Account], language: &'static str, chance: &mut Chance) -> Vec<(String, String)> {
        let rows = accounts.iter().flat_map(|account| &account.rows);
        rows.map(|(row, value)| (self.wordings.say(language, row.label(), &[], chance), value.clone())).collect()
    }

    fn sheet(
        &self,
        letter: &Letter,
        accounts: &[&Account],
        language: &'static str,
        deal: &Deal,
        chance: &mut Chance,
    ) -> Sheet {
        let say = |intent: &str, chance: &mut Chance| self.wordings.say(language, intent, &[], chance);
        let seller = accounts.first().map_or("", |account| account.holder.as_str());
        let unit = format!("{}.{}", chance.range(1, 90), chance.digits(2));
        Sheet {
            title: say("doc.invoice", chance),
            head: vec![
                seller.to_owned(),
                format!("{} {}", say("doc.number", chance), deal.invoice),
                format!("{} {}", say("doc.date", chance), calendar::day(letter.at)),
                format!("{} {}", say("doc.order", chance), deal.order),
            ],
            table: vec![
                ["doc.goods", "doc.quantity", "doc.price"].iter().map(|intent| say(intent, chance)).collect(),
                vec![deal.goods.clone(), deal.quantity.clone(), unit],
                vec![say("doc.total", chance), String::new(), format!("{} {}", deal.currency, deal.amount)],
            ],
            bank: self.bank_lines(accounts, language, chance),
            foot: vec![say("doc.terms", chance)],
        }
    }
}

/// Makes a letter the answer to another, with that one below.
pub(crate) fn answer(letter: &mut Letter, earlier: &Letter, chance: &mut Chance) {
    let subject = earlier.subject.trim_start_matches("Re: ").trim_start_matches("回复: ");
    let prefix = if letter.software == Software::Foxmail { "回复: " } else { "Re: " };
    letter.subject = format!("{prefix}{subject}");
    letter.references.clone_from(&earlier.references);
    letter.references.push(earlier.message_id.clone());
    let extra = letter.references.len().saturating_sub(REFERENCES_MAX);
    letter.references.drain(..extra);
    if chance.percent(85) {
        carry(letter, earlier);
    }
}

/// Puts the earlier letter below.
pub(crate) fn carry(letter: &mut Letter, earlier: &Letter) {
    letter.quoted = quote(earlier, letter.software.quoting(), letter.language);
    let carried: Vec<_> = earlier
        .details
        .iter()
        .filter(|detail| letter.quoted.contains(&detail.shown) && !letter.details.contains(detail))
        .cloned()
        .collect();
    letter.details.extend(carried);
}

fn filling<'a>(voice: &Voice, address: &Address<'_>, at: i64) -> [(&'a str, String); 10] {
    let deal = address.deal;
    let name = address.to.first().map_or_else(String::new, |party| party.name.clone());
    [
        ("name", name),
        ("sender", voice.name.clone()),
        ("company", voice.company.clone()),
        ("order", deal.order.clone()),
        ("invoice", deal.invoice.clone()),
        ("goods", deal.goods.clone()),
        ("quantity", deal.quantity.clone()),
        ("amount", format!("{} {}", deal.currency, deal.amount)),
        ("date", calendar::day(at + 5 * calendar::DAY)),
        ("link", address.link.to_owned()),
    ]
}
