//! What is wanted, weighed by who wants it.

use super::Look;
use super::intent::Want;
use super::weights::Relation;
use crate::Direction;
use crate::knowledge::{Found, State};

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
        let share = self.share_of_account();
        if self.wants.has(Want::BankChange) {
            self.add("tells-other-account", share, self.said(Want::BankChange));
        } else if self.wants.has(Want::PayOther) {
            self.add("asks-other-payee", share, self.said(Want::PayOther));
        }
    }

    fn other_account(&mut self) {
        let share = self.share_of_account() * if self.is_bulk() { 0.3 } else { 1.0 };
        if self.wants.has(Want::BankChange) {
            self.add("asks-other-account", share, self.said(Want::BankChange));
        }
        if self.wants.has(Want::PayOther) {
            self.add("asks-other-payee", share, self.said(Want::PayOther));
        }
    }

    /// How much a wish for another account weighs by the accounts in the letter: who names only what finance has confirmed asks for
    /// nothing new.
    fn share_of_account(&self) -> f32 {
        let is_his = |found: &&Found| found.detail.is_payable() && found.detail.place.source != payment::Source::Quoted;
        let mut accounts = self.knowledge.found.iter().filter(is_his).peekable();
        if accounts.peek().is_none() {
            return 1.0;
        }
        let states = accounts.map(|found| if found.is_disputed { State::Disputed } else { found.state });
        match states.min_by_key(|state| rank(*state)).unwrap_or_default() {
            State::Confirmed => 0.0,
            // Who read our mail can name what is on file, and send the rest in a document that nobody can read.
            State::Learned => 0.6,
            State::New | State::Disputed | State::Retired => 1.0,
        }
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
        if self.relation == Relation::Stranger && self.wants.has(Want::ParcelPay) && self.has_file_elsewhere() {
            self.add("asks-parcel-fee", share, self.said(Want::ParcelPay));
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
            let page = if self.has_file_elsewhere() { 0.5 } else { 0.0 };
            let sum = [(is_free, 0.35), (steps, 0.55), (page > 0.0, page), (self.wants.has(Want::Urgent), 0.15)];
            let share: f32 = sum.iter().filter(|(is, _)| *is).map(|(_, share)| share).sum();
            let has_page = page > 0.0;
            // Many real customers write from free mailboxes; it takes a second thing.
            if steps || has_page {
                self.add("order-too-good", share, self.said(Want::Order));
            }
        }
        self.invoice_of_stranger();
    }

    /// A link to one file or form at another's host; a company that tells of itself links to its own pages.
    fn has_file_elsewhere(&self) -> bool {
        let is_coded = |word: &str| word.len() >= 6 && word.bytes().any(|octet| octet.is_ascii_digit());
        let links = self.subject.facts.links.iter();
        links
            .filter(|link| link.domain != self.subject.from.domain)
            .any(|link| link.path.split(['/', '?', '=', '&']).any(is_coded))
    }

    fn invoice_of_stranger(&mut self) {
        let new = |found: &&Found| found.detail.is_payable() && found.state == State::New;
        let account = self.knowledge.found.iter().find(new).map(|found| found.detail.shown.clone());
        let asks = self.wants.has(Want::Pay) && self.wants.has(Want::Invoice);
        let file = self.subject.facts.attachments.first().map(|file| file.name.clone()).filter(|_| asks);
        if self.knowledge.thread.is_some() || self.is_bulk() {
            return;
        }
        if let Some(account) = account.filter(|_| self.wants.count(&[Want::Invoice, Want::Pay]) > 0) {
            self.add("invoice-of-stranger", 1.0, account);
        } else if let Some(file) = file {
            // What cannot be read may hold an account as well.
            self.add("invoice-of-stranger", 0.9, file);
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

/// How far a state is trusted.
const fn rank(state: State) -> u8 {
    match state {
        State::Confirmed => 2,
        State::Learned => 1,
        State::New | State::Disputed | State::Retired => 0,
    }
}

const fn is_coin(kind: payment::Kind) -> bool {
    matches!(kind, payment::Kind::Bitcoin | payment::Kind::Ethereum | payment::Kind::Tron)
}
