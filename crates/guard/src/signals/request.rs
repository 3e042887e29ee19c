//! What is wanted, weighed by who wants it.

use super::Look;
use super::intent::Want;
use super::weights::Relation;
use crate::Direction;
use crate::knowledge::State;

impl Look<'_> {
    /// Looks at what the letter wants.
    pub(super) fn requests(&mut self) {
        match self.subject.direction {
            Direction::Out => self.letters_out(),
            Direction::In | Direction::Within => {
                self.other_account();
                self.chief();
                self.swindles();
                if self.subject.direction == Direction::In {
                    self.stranger();
                }
                self.pressure();
            }
        }
    }

    /// In what we send: our own account is another one.
    fn letters_out(&mut self) {
        if self.wants.has(Want::BankChange) && !self.restates() {
            self.add("tells-other-account", 1.0, self.said(Want::BankChange));
        } else if self.wants.has(Want::PayOther) && !self.restates() {
            self.add("asks-other-payee", 1.0, self.said(Want::PayOther));
        }
    }

    fn other_account(&mut self) {
        let share = if self.is_bulk() { 0.3 } else { 1.0 };
        // Who names the account that finance has confirmed asks for nothing new.
        if self.restates() {
            return;
        }
        if self.wants.has(Want::BankChange) {
            self.add("asks-other-account", share, self.said(Want::BankChange));
        }
        if self.wants.has(Want::PayOther) {
            self.add("asks-other-payee", share, self.said(Want::PayOther));
        }
    }

    /// Every account in the message is on file and not doubted.
    fn restates(&self) -> bool {
        let mut accounts = self.knowledge.found.iter().filter(|found| found.detail.is_payable()).peekable();
        accounts.peek().is_some()
            && accounts.all(|found| !found.is_disputed && matches!(found.state, State::Learned | State::Confirmed))
    }

    /// One of us, it seems, or a stranger without a name, wants a favour.
    fn chief(&mut self) {
        let wants = [
            Want::Task,
            Want::Pay,
            Want::BankChange,
            Want::PayOther,
            Want::GiftCards,
            Want::Secret,
            Want::NoPhone,
            Want::Urgent,
            Want::Ageing,
            Want::Payroll,
        ];
        if let Some(chief) = self.chief.clone() {
            let said = wants.into_iter().find(|want| self.wants.has(*want)).map(|want| self.said(want));
            if let Some(said) = said {
                self.add("chief-asks", 1.0, format!("{chief}: {said}"));
            }
            return;
        }
        let favour = self.wants.has(Want::Task) && self.wants.count(&[Want::Secret, Want::NoPhone, Want::Pay]) >= 1
            || self.wants.has(Want::Secret) && self.wants.has(Want::Pay);
        if favour && self.wants.count(&[Want::Urgent, Want::Secret, Want::NoPhone]) >= 1 {
            let want = if self.wants.has(Want::Task) { Want::Task } else { Want::Secret };
            self.add("favour-asked", 1.0, self.said(want));
        }
    }

    fn swindles(&mut self) {
        let share = if self.is_bulk() { 0.4 } else { 1.0 };
        for (want, id) in [
            (Want::GiftCards, "asks-gift-cards"),
            (Want::Payroll, "asks-payroll"),
            (Want::Ageing, "asks-who-owes"),
            (Want::Crypto, "asks-coins"),
            (Want::Overpayment, "asks-refund"),
            (Want::AdvanceFee, "asks-advance-fee"),
            (Want::ParcelFee, "asks-parcel-fee"),
        ] {
            if self.wants.has(want) {
                self.add(id, share, self.said(want));
            }
        }
        let has_wallet = self.knowledge.found.iter().any(|found| is_coin(found.detail.kind));
        if has_wallet && matches!(self.relation, Relation::Stranger | Relation::Posing) {
            let wallet = self.knowledge.found.iter().find(|found| is_coin(found.detail.kind));
            let shown = wallet.map(|found| found.detail.shown.clone()).unwrap_or_default();
            self.add("asks-coins", share, shown);
        }
    }

    /// A stranger's first letter: a large order, or an invoice.
    fn stranger(&mut self) {
        if self.wants.has(Want::Order) && self.relation != Relation::Known {
            let is_free = filter::is_free_mail(&self.subject.from.domain);
            let steps = self.wants.has(Want::Handover);
            let has_page = self
                .subject
                .facts
                .links
                .iter()
                .any(|link| link.path.len() > 1 && link.domain != self.subject.from.domain);
            let sum = [(is_free, 0.35), (steps, 0.55), (has_page, 0.35), (self.wants.has(Want::Urgent), 0.15)];
            let share: f32 = sum.iter().filter(|(is, _)| *is).map(|(_, share)| share).sum();
            // Many real customers write from free mailboxes; it takes a second thing.
            if steps || has_page {
                self.add("order-too-good", share, self.said(Want::Order));
            }
        }
        let account = self.knowledge.found.iter().find(|found| found.detail.is_payable() && found.state == State::New);
        if let Some(account) = account
            && self.wants.count(&[Want::Invoice, Want::Pay]) > 0
            && self.knowledge.thread.is_none()
            && !self.is_bulk()
        {
            let shown = account.detail.shown.clone();
            self.add("invoice-of-stranger", 1.0, shown);
        }
    }

    /// Haste, secrecy, no telephone: they weigh beside a wish for money alone.
    fn pressure(&mut self) {
        let money = [
            Want::Pay,
            Want::Invoice,
            Want::BankChange,
            Want::PayOther,
            Want::GiftCards,
            Want::Payroll,
            Want::Ageing,
            Want::Crypto,
            Want::AdvanceFee,
            Want::ParcelFee,
            Want::Overpayment,
        ];
        if self.wants.count(&money) == 0 {
            return;
        }
        let pressing = [(Want::NoPhone, 0.6), (Want::Secret, 0.6), (Want::Urgent, 0.35)];
        let pressing: Vec<_> = pressing.into_iter().filter(|(want, _)| self.wants.has(*want)).collect();
        if let Some((want, _)) = pressing.first() {
            let said = self.said(*want);
            self.add("presses", pressing.iter().map(|(_, share)| share).sum(), said);
        }
    }

    fn said(&self, want: Want) -> String {
        self.wants.sentence(want).to_owned()
    }
}

const fn is_coin(kind: payment::Kind) -> bool {
    matches!(kind, payment::Kind::Bitcoin | payment::Kind::Ethereum | payment::Kind::Tron)
}
