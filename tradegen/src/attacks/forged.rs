//! Letters in the name of our own people.

use super::{Attack, lookalike};
use crate::bank::Account;
use crate::chance::Chance;
use crate::course::Course;
use crate::letter::{Direction, Letter, Proof, Truth};
use crate::scene::{Address, Placing, Voice};
use crate::software::{Route, Software};
use crate::world::Job;

impl Course<'_> {
    /// Management asks finance: to pay, for cards, for the list of what customers owe.
    pub(super) fn executive(&self, attack: Attack, at: i64, chance: &mut Chance) -> Result<Letter, String> {
        let own = &self.scene.world.own;
        let language = if attack == Attack::ExecutiveEnglish { "en" } else { own.language };
        let way = match attack {
            Attack::ExecutiveFreeMail | Attack::ExecutiveLookalike | Attack::ExecutiveSpoofed => attack,
            _ => *chance.pick(&[Attack::ExecutiveFreeMail, Attack::ExecutiveLookalike]),
        };
        let voice = self.forged(own.with_job(Job::Management), way, at, chance);
        let deal = self.some_deal(chance);
        let address = Address { to: vec![self.somebody(Job::Finance, at)], language, deal: &deal, link: "" };
        let (ask, tells_account) = match attack {
            Attack::GiftCards => ("a.gift", false),
            Attack::AgeingReport => ("a.ageing", false),
            _ => ("a.executive", chance.percent(50)),
        };
        let mut intents = vec![ask];
        if !matches!(attack, Attack::AgeingReport) {
            intents.push(*chance.pick(&["a.urgent", "a.secret", "a.no_phone"]));
        }
        let mut letter = self.scene.write(&voice, &address, &intents, at, chance);
        self.scene.entitle(&mut letter, "subject.internal", &deal, chance);
        if tells_account {
            let holder = *chance.pick(&["Ridgeline Consulting Ltd", "Tarn General Trading", "Larch Point Holdings"]);
            let country = *chance.pick(&["HK", "GB", "LT", "US"]);
            let account = Account::open(country, own.country.currency, holder, chance);
            self.scene.put_account(&mut letter, &[&account], Placing::Body, &deal, chance)?;
        }
        letter.truth = Truth::attack(attack.word(), false);
        Ok(letter)
    }

    /// One of ours wants the wages on another account.
    pub(super) fn payroll(&self, at: i64, chance: &mut Chance) -> Result<Letter, String> {
        let own = &self.scene.world.own;
        let way = *chance.pick(&[Attack::ExecutiveFreeMail, Attack::ExecutiveFreeMail, Attack::ExecutiveLookalike]);
        let voice = self.forged(own.with_job(Job::Sales), way, at, chance);
        let deal = self.some_deal(chance);
        let address =
            Address { to: vec![self.somebody(Job::Finance, at)], language: own.language, deal: &deal, link: "" };
        let mut letter = self.scene.write(&voice, &address, &["a.payroll"], at, chance);
        self.scene.entitle(&mut letter, "subject.payroll", &deal, chance);
        let account = Account::open(own.country.code, own.country.currency, &voice.name, chance);
        self.scene.put_account(&mut letter, &[&account], Placing::Body, &deal, chance)?;
        letter.truth = Truth::attack(Attack::Payroll.word(), true);
        Ok(letter)
    }

    /// Somebody of ours as a stranger imitates them.
    fn forged(&self, person: usize, way: Attack, at: i64, chance: &mut Chance) -> Voice {
        let own = &self.scene.world.own;
        let mut voice = Voice::of(own, person, at, Direction::In);
        let local = own.people[person].local.clone();
        voice.proof = Proof::Passes;
        match way {
            Attack::ExecutiveFreeMail => {
                voice.party.address = format!("{local}.office.example{}@gmail.com", chance.digits(2));
                voice.software = Software::Gmail;
                voice.route = Route::of_provider("gmail.com", chance);
            }
            Attack::ExecutiveLookalike => {
                let kind = *chance.pick(&[
                    Attack::LookalikeTypo,
                    Attack::LookalikeHomoglyph,
                    Attack::LookalikeTld,
                    Attack::LookalikeWord,
                ]);
                let fake = lookalike::of(&own.domain, kind, chance);
                voice.party.address = format!("{local}@{fake}");
                voice.software = voice.software.other(chance);
                voice.route = Route::of_company(&fake, chance);
            }
            _ => {
                voice.route = Route::of_company("bulk-relay.test", chance);
                voice.software = voice.software.other(chance);
                voice.proof = Proof::Fails;
            }
        }
        voice
    }
}
