//! Letters of strangers who want money, goods or coins.

use super::Attack;
use crate::bank::Account;
use crate::chance::Chance;
use crate::course::Course;
use crate::documents::Form;
use crate::letter::{Letter, Truth};
use crate::scene::{Address, Deal, Placing};
use crate::software::{Route, Software};
use crate::world::Job;

/// What a kind of letter needs.
struct Plan {
    intent: &'static str,
    subject: &'static str,
    to: Job,
    on_free_mail: bool,
    tells: Option<Placing>,
}

const fn plan(attack: Attack) -> Plan {
    let (intent, subject, to, on_free_mail, tells) = match attack {
        Attack::FakeCustomer => ("a.customer", "subject.trade", Job::Sales, true, None),
        Attack::Overpayment => ("a.overpaid", "subject.account", Job::Finance, true, Some(Placing::Body)),
        Attack::AdvanceFee => ("a.advance", "subject.trade", Job::Management, true, None),
        Attack::CourierFee => ("a.courier", "subject.parcel", Job::Sales, false, None),
        Attack::CustomsFee => ("a.customs", "subject.customs", Job::Logistics, false, Some(Placing::Body)),
        Attack::UnknownInvoice => ("a.invoice", "subject.account", Job::Finance, false, Some(Placing::File(Form::Pdf))),
        _ => ("a.crypto", "subject.account", Job::Management, true, Some(Placing::Body)),
    };
    Plan { intent, subject, to, on_free_mail, tells }
}

impl Course<'_> {
    pub(super) fn by_stranger(&self, attack: Attack, at: i64, chance: &mut Chance) -> Result<Letter, String> {
        let plan = plan(attack);
        let language = self.some_language(chance);
        let (name, local) = *chance.pick(&[
            ("Daniel Moss", "d.moss"),
            ("Claire Odum", "claire.odum"),
            ("Peter Hale", "p.hale"),
            ("Anita Rusk", "anita.rusk"),
            ("Viktor Lund", "v.lund"),
        ]);
        let host =
            *chance.pick(&["dispatch-desk.test", "parcel-hub.test", "clearing-office.test", "ledger-point.test"]);
        let address = if plan.on_free_mail {
            format!("{local}.example{}@gmail.com", chance.digits(3))
        } else {
            format!("{local}@{host}")
        };
        let software = if plan.on_free_mail {
            Software::Gmail
        } else {
            *chance.pick(&[Software::Roundcube, Software::Machine, Software::Outlook])
        };
        let mut voice = self.stranger_voice(name, &address, software, chance);
        if !plan.on_free_mail {
            voice.route = Route::of_company(host, chance);
        }
        let mut deal = self.some_deal(chance);
        if attack == Attack::FakeCustomer {
            deal.quantity = format!("{}", chance.range(20, 90) * 1_000);
        }
        let link = format!(
            "https://files.{}/{}",
            chance.pick(&["doc-share.test", "order-view.test", "track-point.test"]),
            chance.hex(10)
        );
        let to = vec![self.somebody(plan.to, at)];
        let mut intents = vec![plan.intent];
        if chance.percent(40) {
            intents.push("a.urgent");
        }
        let address = Address { to, language, deal: &deal, link: &link };
        let mut letter = self.scene.write(&voice, &address, &intents, at, chance);
        self.scene.entitle(&mut letter, plan.subject, &deal, chance);
        if let Some(placing) = plan.tells {
            let account = self.account_of(attack, name, &deal, chance);
            self.scene.put_account(&mut letter, &[&account], placing, &deal, chance)?;
        }
        letter.truth = Truth::attack(attack.word(), false);
        Ok(letter)
    }

    fn account_of(&self, attack: Attack, name: &str, deal: &Deal, chance: &mut Chance) -> Account {
        if attack == Attack::CryptoDemand {
            return Account::wallet(chance);
        }
        let country = *chance.pick(&["GB", "LT", "HK", "US"]);
        Account::open(country, &deal.currency, name, chance)
    }

    /// One of the languages in which the company gets letters.
    fn some_language(&self, chance: &mut Chance) -> &'static str {
        let world = self.scene.world;
        if world.partners.is_empty() || chance.percent(30) {
            return world.own.language;
        }
        chance.pick(&world.partners).language
    }
}
