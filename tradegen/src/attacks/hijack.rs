//! Attacks inside running deals.

use super::{Attack, lookalike, some_placing};
use crate::bank::Account;
use crate::chance::Chance;
use crate::course::Course;
use crate::documents::Form;
use crate::letter::{Direction, Letter, Party, Proof, Truth};
use crate::quote::quote;
use crate::scene::{Placing, answer};
use crate::software::{Route, Software};
use crate::thread::{Side, Thread};
use crate::world::{Company, Job, Tie};

/// Days after its last letter within which a deal is entered.
const LIVE_DAYS: i64 = 30;

/// Countries of the accounts to which stolen money goes first.
const DROPS: [&str; 6] = ["HK", "GB", "LT", "PL", "CY", "US"];

impl Course<'_> {
    /// A running deal with somebody whom we have paid before, on a domain of their own.
    fn payable(&self, at: i64, chance: &mut Chance, wanted: impl Fn(&Thread, &Company) -> bool) -> Option<usize> {
        let world = self.scene.world;
        let live = self.live(at, LIVE_DAYS, |thread| {
            let company = &world.partners[thread.partner];
            matches!(company.tie, Tie::Supplier | Tie::Forwarder)
                && !company.is_on_free_mail
                && !company.is_new
                && wanted(thread, company)
        });
        (!live.is_empty()).then(|| *chance.pick(&live))
    }

    /// Bank details that are not the partner's.
    fn drop_account(&self, company: &Company, chance: &mut Chance) -> Account {
        let holder = if chance.percent(50) { company.name.clone() } else { other_name(chance) };
        let country = if chance.percent(40) { company.country.code } else { *chance.pick(&DROPS) };
        Account::open(country, company.country.currency, &holder, chance)
    }

    /// The partner's letter as the thief writes it, before sender and account are set.
    fn in_their_name(&self, thread: &Thread, at: i64, placing: Placing, chance: &mut Chance) -> Letter {
        let ask = if placing == Placing::Body { "a.change" } else { "a.attached" };
        let mut intents = vec![ask];
        if chance.percent(60) {
            intents.insert(chance.below(2), "a.reason");
        }
        if chance.percent(50) {
            intents.push(*chance.pick(&["a.urgent", "a.no_phone", "a.secret"]));
        }
        thread.letter(&self.scene, Side::Theirs, &intents, at, chance)
    }

    pub(super) fn lookalike_hijack(
        &self,
        attack: Attack,
        at: i64,
        chance: &mut Chance,
    ) -> Result<Option<Letter>, String> {
        // Names of three or four letters give no look-alike that anybody would see.
        let roomy = |company: &Company| company.domain.len() > "abcd.example".len();
        let Some(number) = self.payable(at, chance, |_, company| roomy(company)) else { return Ok(None) };
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let real = company.domain_at(at).to_owned();
        let fake = lookalike::of(&real, attack, chance);
        let placing = some_placing(chance);
        let mut letter = self.in_their_name(thread, at, placing, chance);
        move_to(&mut letter, &real, &fake, chance);
        let account = self.drop_account(company, chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        letter.truth = Truth::attack(attack.word(), true);
        Ok(Some(letter))
    }

    /// The letter before the one with the account.
    pub(super) fn pretext(&self, at: i64, chance: &mut Chance) -> Option<Letter> {
        let roomy = |company: &Company| company.domain.len() > "abcd.example".len();
        let number = self.payable(at, chance, |_, company| roomy(company))?;
        let thread = &self.threads[number];
        let real = self.scene.world.partners[thread.partner].domain_at(at).to_owned();
        let mut letter = thread.letter(&self.scene, Side::Theirs, &["a.pretext"], at, chance);
        if chance.percent(50) {
            let fake = lookalike::of(&real, Attack::LookalikeTypo, chance);
            move_to(&mut letter, &real, &fake, chance);
        } else {
            in_other_hands(&mut letter, chance);
        }
        letter.truth = Truth::attack(Attack::Pretext.word(), false);
        Some(letter)
    }

    pub(super) fn lookalike_customer(&self, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let world = self.scene.world;
        let live = self.live(at, LIVE_DAYS, |thread| {
            let company = &world.partners[thread.partner];
            company.tie == Tie::Customer && !company.is_on_free_mail && company.domain.len() > "abcd.example".len()
        });
        if live.is_empty() {
            return Ok(None);
        }
        let thread = &self.threads[*chance.pick(&live)];
        let company = &world.partners[thread.partner];
        let real = company.domain_at(at).to_owned();
        let way = *chance.pick(&[Attack::LookalikeTypo, Attack::LookalikeHomoglyph, Attack::LookalikeTld]);
        let fake = lookalike::of(&real, way, chance);
        let mut letter = thread.letter(&self.scene, Side::Theirs, &["a.refund"], at, chance);
        move_to(&mut letter, &real, &fake, chance);
        let account = self.drop_account(company, chance);
        self.scene.put_account(&mut letter, &[&account], Placing::Body, &thread.deal, chance)?;
        letter.truth = Truth::attack(Attack::LookalikeCustomer.word(), true);
        Ok(Some(letter))
    }

    pub(super) fn reply_elsewhere(&self, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let Some(number) = self.payable(at, chance, |_, _| true) else { return Ok(None) };
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let placing = some_placing(chance);
        let mut letter = self.in_their_name(thread, at, placing, chance);
        let local = letter.from.address.split('@').next().unwrap_or_default().to_owned();
        let elsewhere = if chance.percent(50) {
            lookalike::of(company.domain_at(at), Attack::LookalikeTypo, chance)
        } else {
            "gmail.com".to_owned()
        };
        letter.reply_to = Some(Party::new(&letter.from.name, &format!("{local}.example@{elsewhere}")));
        letter.route = Route::of_company("bulk-relay.test", chance);
        letter.proof = if chance.percent(50) { Proof::Fails } else { Proof::Nothing };
        let account = self.drop_account(company, chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        letter.truth = Truth::attack(Attack::ReplyTo.word(), true);
        Ok(Some(letter))
    }

    pub(super) fn partner_on_free_mail(&self, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let Some(number) = self.payable(at, chance, |_, _| true) else { return Ok(None) };
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let placing = some_placing(chance);
        let mut letter = self.in_their_name(thread, at, placing, chance);
        let local = letter.from.address.split('@').next().unwrap_or_default();
        let address = format!("{local}.example{}@gmail.com", chance.digits(3));
        letter.ending = letter.ending.replace(&letter.from.address, &address);
        letter.from.address = address;
        letter.software = Software::Gmail;
        letter.message_id = Software::Gmail.message_id("gmail.com", at, chance);
        letter.route = Route::of_provider("gmail.com", chance);
        letter.proof = Proof::Passes;
        if chance.percent(40) {
            // Without the thread: a letter that begins anew.
            letter.references.clear();
            letter.quoted.clear();
            letter.details.clear();
            self.scene.entitle(&mut letter, "subject.account", &thread.deal, chance);
        }
        let account = self.drop_account(company, chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        letter.truth = Truth::attack(Attack::DisplayName.word(), true);
        Ok(Some(letter))
    }

    pub(super) fn taken_over(
        &self,
        attack: Attack,
        form: Option<Form>,
        at: i64,
        chance: &mut Chance,
    ) -> Result<Option<Letter>, String> {
        let Some(number) = self.payable(at, chance, |_, _| true) else { return Ok(None) };
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let placing = form.map_or(Placing::Body, Placing::File);
        let mut letter = self.in_their_name(thread, at, placing, chance);
        in_other_hands(&mut letter, chance);
        let account = self.drop_account(company, chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        letter.truth = Truth::attack(attack.word(), true);
        Ok(Some(letter))
    }

    /// The quoted letter is the partner's own, but for the digits.
    pub(super) fn altered_quote(&self, at: i64, chance: &mut Chance) -> Option<Letter> {
        let told = |thread: &Thread| thread.told.as_ref().is_some_and(|told| told.at < at);
        let number = self.payable(at, chance, |thread, _| told(thread))?;
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let mut earlier = thread.told.clone()?;
        let real = company.account_at(earlier.at)?;
        let other = real.altered(chance)?;
        let true_text = earlier.text();
        for ((_, before), (_, after)) in real.rows.iter().zip(&other.rows) {
            if before == after {
                continue;
            }
            let swap = |text: &str| text.replace(before.as_str(), after);
            earlier.bank_lines = earlier.bank_lines.iter().map(|(label, value)| (label.clone(), swap(value))).collect();
            earlier.quoted = swap(&earlier.quoted);
            for detail in earlier.details.iter_mut().filter(|detail| detail.shown == *before) {
                detail.shown.clone_from(after);
            }
        }
        // The letter told another account of theirs, for another currency.
        if earlier.text() == true_text {
            return None;
        }
        let mut letter = thread.letter(&self.scene, Side::Theirs, &["a.below"], at, chance);
        letter.details.clear();
        answer(&mut letter, &earlier, chance);
        if chance.percent(50) {
            in_other_hands(&mut letter, chance);
        } else {
            let real = company.domain_at(at).to_owned();
            let fake = lookalike::of(&real, Attack::LookalikeTypo, chance);
            move_to(&mut letter, &real, &fake, chance);
        }
        letter.quoted = quote(&earlier, letter.software.quoting(), letter.language);
        letter.details =
            earlier.details.iter().filter(|detail| letter.quoted.contains(&detail.shown)).cloned().collect();
        letter.truth = Truth::attack(Attack::AlteredQuote.word(), true);
        Some(letter)
    }

    pub(super) fn foreign_holder(&self, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let Some(number) = self.payable(at, chance, |_, company| company.trait_of != Some("travels")) else {
            return Ok(None);
        };
        let thread = &self.threads[number];
        let company = &self.scene.world.partners[thread.partner];
        let placing = some_placing(chance);
        let mut letter = self.in_their_name(thread, at, placing, chance);
        let drops: Vec<&str> = DROPS.into_iter().filter(|code| *code != company.country.code).collect();
        let country = *chance.pick(&drops);
        let account = Account::open(country, company.country.currency, &other_name(chance), chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        letter.truth = Truth::attack(Attack::ForeignHolder.word(), true);
        Ok(Some(letter))
    }

    pub(super) fn own_mailbox(&self, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let world = self.scene.world;
        let live = self.live(at, LIVE_DAYS, |thread| world.partners[thread.partner].tie == Tie::Customer);
        if live.is_empty() {
            return Ok(None);
        }
        let thread = &self.threads[*chance.pick(&live)];
        let placing = some_placing(chance);
        let ask = if placing == Placing::Body { "a.change" } else { "a.attached" };
        let mut letter = thread.letter(&self.scene, Side::Ours, &[ask], at, chance);
        letter.direction = Direction::Out;
        in_other_hands(&mut letter, chance);
        let holder = if chance.percent(60) { world.own.name.clone() } else { other_name(chance) };
        let country = *chance.pick(&DROPS);
        let account = Account::open(country, world.own.country.currency, &holder, chance);
        self.scene.put_account(&mut letter, &[&account], placing, &thread.deal, chance)?;
        // Whoever sits in the mailbox leaves finance out.
        let finance = self.somebody(Job::Finance, at);
        letter.cc.retain(|party| *party != finance);
        letter.truth = Truth::attack(Attack::OwnMailbox.word(), true);
        Ok(Some(letter))
    }
}

/// Sender, signature and colleagues in copy move to another domain, with its own hosts and often another program.
fn move_to(letter: &mut Letter, real: &str, fake: &str, chance: &mut Chance) {
    let at_real = format!("@{real}");
    let at_fake = format!("@{fake}");
    letter.from.address = letter.from.address.replace(&at_real, &at_fake);
    letter.ending = letter.ending.replace(&at_real, &at_fake);
    for party in &mut letter.cc {
        party.address = party.address.replace(&at_real, &at_fake);
    }
    letter.route = Route::of_company(fake, chance);
    letter.proof = Proof::Passes;
    if chance.percent(50) {
        letter.software = letter.software.other(chance);
    }
    letter.message_id = letter.software.message_id(fake, letter.at, chance);
}

/// The same mailbox used by somebody else: web mail, another net, another zone, another hour.
fn in_other_hands(letter: &mut Letter, chance: &mut Chance) {
    letter.route = letter.route.elsewhere(chance);
    letter.software = if letter.software == Software::Roundcube { Software::Thunderbird } else { Software::Roundcube };
    letter.message_id = letter.software.message_id(letter.from.domain(), letter.at, chance);
    letter.zone = *chance.pick(&[0, 60, -300, 180]);
}

/// Somebody who has nothing to do with the partner.
fn other_name(chance: &mut Chance) -> String {
    const NAMES: [&str; 8] = [
        "Ridgeline Consulting Ltd",
        "Okoye Ventures",
        "Blue Dune Services",
        "M. Kowalczyk",
        "Tarn General Trading",
        "Larch Point Holdings",
        "D. Whitlow",
        "Sunfield Imports Ltd",
    ];
    (*chance.pick(&NAMES)).to_owned()
}
