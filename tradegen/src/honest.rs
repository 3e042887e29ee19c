//! Honest letters beside those of deals.

use crate::chance::Chance;
use crate::changes::Honest;
use crate::course::Course;
use crate::letter::{Direction, Letter, Party, Proof, Truth};
use crate::scene::{Address, Deal, Placing, Voice, answer, carry};
use crate::software::{Route, Software};
use crate::thread::{Side, accounts};
use crate::world::Job;

/// Days after which nobody writes to an old deal any more.
const PAST_DAYS_MAX: i64 = 800;

impl Course<'_> {
    /// The letter of an occasion; `None` where there is no deal to write about.
    pub(crate) fn honest(&mut self, honest: Honest, at: i64) -> Result<Option<Letter>, String> {
        let mut chance = self.chance.fork("honest");
        let chance = &mut chance;
        Ok(match honest {
            Honest::FirstContact(number) => Some(self.first_contact(number, at, chance)),
            Honest::OfList(number) => Some(self.of_list(number, at, chance)),
            Honest::Newsletter(number) => Some(self.newsletter(number, at, chance)),
            Honest::Internal => Some(self.internal("internal", at, chance)),
            Honest::Executive => Some(self.internal("executive", at, chance)),
            Honest::BankChange(partner, stage) => self.bank_change(partner, stage, at, chance)?,
            Honest::Forwarded(partner) => self.forwarded(partner, at, chance),
            Honest::Reminds(partner) => self.reminder(partner, at, chance)?,
            Honest::ColleagueShown(partner)
            | Honest::ColleagueWrites(partner)
            | Honest::DomainAnnounced(partner)
            | Honest::Travels(partner)
            | Honest::ByTelephone(partner)
            | Honest::Mistyped(partner)
            | Honest::ByAssistant(partner) => self.in_thread(honest, partner, at, chance),
        })
    }

    /// The deal with a partner that was last written about.
    fn latest(&self, partner: usize, at: i64) -> Option<usize> {
        let live = self.live(at, PAST_DAYS_MAX, |thread| thread.partner == partner);
        live.into_iter().max_by_key(|&thread| self.threads[thread].last.as_ref().map_or(0, |last| last.at))
    }

    /// A letter in the partner's latest deal that shows something new about its writer.
    fn in_thread(&mut self, honest: Honest, partner: usize, at: i64, chance: &mut Chance) -> Option<Letter> {
        let number = self.latest(partner, at)?;
        let intent = match honest {
            Honest::ColleagueShown(_) => "colleague",
            Honest::DomainAnnounced(_) => "merger",
            Honest::Travels(_) => "travel",
            Honest::ByAssistant(_) => "assistant",
            _ => "ack",
        };
        let world = self.scene.world;
        let company = &world.partners[partner];
        let mut letter = self.threads[number].letter(&self.scene, Side::Theirs, &[intent], at, chance);
        let newest = company.people.len() - 1;
        let kind = match honest {
            Honest::ColleagueShown(_) => {
                let colleague = Voice::of(company, newest, at, Direction::In).party;
                letter.said = letter.said.replace("{other}", &colleague.name);
                letter.cc.push(colleague);
                "new_colleague_shown"
            }
            Honest::ColleagueWrites(_) => {
                let voice = Voice::of(company, newest, at, Direction::In);
                letter.ending = letter
                    .ending
                    .replace(&letter.from.name, &voice.name)
                    .replace(&letter.from.address, &voice.party.address);
                letter.from = voice.party;
                "new_colleague"
            }
            Honest::DomainAnnounced(_) => {
                letter.said = letter.said.replace("{other}", company.moves.as_ref().map_or("", |(_, domain)| domain));
                "new_domain_announced"
            }
            Honest::Travels(_) => {
                letter.route = letter.route.elsewhere(chance);
                letter.zone += *chance.pick(&[-480, -300, 300, 420]);
                letter.zone = letter.zone.clamp(-660, 720);
                "travels"
            }
            Honest::ByTelephone(_) => {
                letter.route = letter.route.elsewhere(chance);
                letter.software = Software::Telephone;
                letter.message_id = Software::Telephone.message_id(letter.from.domain(), at, chance);
                letter.ending = self.scene.wordings.say(letter.language, "phone_signature", &[], chance);
                "phone"
            }
            Honest::Mistyped(_) => {
                letter.from.name = mistyped(&letter.from.name, chance);
                "mistyped"
            }
            _ => {
                letter.sender = Some(Party::new("Office", &format!("office@{}", letter.from.domain())));
                letter.said = letter.said.replace("{other}", &letter.from.name);
                "assistant"
            }
        };
        letter.truth = Truth::honest(kind);
        self.threads[number].remember(&letter);
        Some(letter)
    }

    /// The partner says that the account changes; we ask by telephone; they confirm; we thank.
    fn bank_change(
        &mut self,
        partner: usize,
        stage: u8,
        at: i64,
        chance: &mut Chance,
    ) -> Result<Option<Letter>, String> {
        let Some(number) = self.latest(partner, at) else { return Ok(None) };
        let (side, intent) = match stage {
            0 => (Side::Theirs, "change_announce"),
            1 => (Side::Ours, "change_ask"),
            2 => (Side::Theirs, "change_confirm"),
            _ => (Side::Ours, "change_settled"),
        };
        let mut letter = self.threads[number].letter(&self.scene, side, &[intent], at, chance);
        if side == Side::Theirs {
            let accounts = accounts(self.scene.world, partner, Side::Theirs, at);
            let deal = self.threads[number].deal.clone();
            self.scene.put_account(&mut letter, &accounts, Placing::Body, &deal, chance)?;
        }
        letter.truth = Truth::honest("bank_change_talk");
        self.threads[number].remember(&letter);
        Ok(Some(letter))
    }

    fn reminder(&mut self, partner: usize, at: i64, chance: &mut Chance) -> Result<Option<Letter>, String> {
        let Some(number) = self.latest(partner, at) else { return Ok(None) };
        let mut letter = self.threads[number].letter(&self.scene, Side::Theirs, &["reminder"], at, chance);
        let accounts = accounts(self.scene.world, partner, Side::Theirs, at);
        let (deal, placing) = (self.threads[number].deal.clone(), self.threads[number].placing);
        self.scene.put_account(&mut letter, &accounts, placing, &deal, chance)?;
        letter.truth = Truth::honest("reminder");
        self.threads[number].remember(&letter);
        Ok(Some(letter))
    }

    /// Sales passes a partner's letter on to finance.
    fn forwarded(&self, partner: usize, at: i64, chance: &mut Chance) -> Option<Letter> {
        let thread = &self.threads[self.latest(partner, at)?];
        let own = &self.scene.world.own;
        let earlier = thread.told.as_ref().or(thread.last.as_ref())?;
        let voice = Voice::of(own, thread.ours, at, Direction::Internal);
        let finance = Voice::of(own, own.with_job(Job::Finance), at, Direction::Internal);
        let address = Address { to: vec![finance.party], language: own.language, deal: &thread.deal, link: "" };
        let mut letter = self.scene.write(&voice, &address, &["forward"], at, chance);
        answer(&mut letter, earlier, chance);
        letter.subject = letter.subject.replacen("Re: ", "Fwd: ", 1).replacen("回复: ", "Fwd: ", 1);
        if letter.quoted.is_empty() {
            carry(&mut letter, earlier);
        }
        letter.truth = Truth::honest("forwarded");
        Some(letter)
    }

    fn first_contact(&self, number: usize, at: i64, chance: &mut Chance) -> Letter {
        let stranger = &self.scene.world.strangers[number];
        let voice = Voice::of(stranger, 0, at, Direction::In);
        let deal = self.some_deal(chance);
        let to = vec![self.somebody(Job::Sales, at)];
        let address = Address { to, language: stranger.language, deal: &deal, link: "" };
        let mut letter = self.scene.write(&voice, &address, &["inquiry"], at, chance);
        self.scene.entitle(&mut letter, "subject.trade", &deal, chance);
        letter.truth = Truth::honest("first_contact");
        letter
    }

    /// A list of traders that writes its own address into From, as lists do for domains with a strict policy.
    fn of_list(&self, number: usize, at: i64, chance: &mut Chance) -> Letter {
        const MEMBERS: [&str; 6] = ["Ann Meyer", "Tom Ridley", "Ivo Horak", "Nina Falk", "Sam Oduya", "Lea Brunner"];
        let route = Route {
            host: "lists.tradeforum.example".to_owned(),
            host_ip: "198.18.4.20".to_owned(),
            client_ip: "198.18.4.21".to_owned(),
            client_name: "lists".to_owned(),
        };
        let mut voice = self.stranger_voice(MEMBERS[number], "round@tradeforum.example", Software::Thunderbird, chance);
        voice.party.name = format!("{} via round", MEMBERS[number]);
        voice.route = route;
        voice.proof = Proof::OfList;
        let deal = self.some_deal(chance);
        let to = vec![Party::new("round", "round@tradeforum.example")];
        let address = Address { to, language: "en", deal: &deal, link: "" };
        let mut letter = self.scene.write(&voice, &address, &["list"], at, chance);
        letter.subject = format!("[round] {}", deal.goods);
        letter.reply_to = Some(Party::new(MEMBERS[number], &format!("member{number}@members{number}.example")));
        letter.sender = Some(Party::new("", "round-bounces@tradeforum.example"));
        letter.fields = vec![
            ("List-Id", "<round.tradeforum.example>".to_owned()),
            ("List-Unsubscribe", "<mailto:round-leave@tradeforum.example>".to_owned()),
            ("Precedence", "list".to_owned()),
        ];
        letter.truth = Truth::honest("mailing_list");
        letter
    }

    fn newsletter(&self, number: usize, at: i64, chance: &mut Chance) -> Letter {
        const SENDERS: [(&str, &str); 3] = [
            ("Harbour Gazette", "gazette.example"),
            ("Freight Week", "freightweek.example"),
            ("Fair Bulletin", "fairbulletin.example"),
        ];
        let (name, domain) = SENDERS[number];
        let mut voice =
            self.stranger_voice(name, &format!("news@{domain}"), Software::Machine, &mut Chance::new(7, domain));
        voice.company = String::new();
        let deal = self.some_deal(chance);
        let link = format!("https://www.{domain}/{}/{}", chance.range(2024, 2026), chance.hex(6));
        let language = if chance.percent(50) { "en" } else { self.scene.world.own.language };
        let address = Address { to: vec![self.somebody(Job::Sales, at)], language, deal: &deal, link: &link };
        let mut letter = self.scene.write(&voice, &address, &["newsletter"], at, chance);
        // Some links count who follows them.
        for _ in 0..chance.range(1, 3) {
            let link = format!("https://click.mailings.example/{}/{}", chance.hex(12), chance.hex(20));
            let deal = self.some_deal(chance);
            let filling = [("goods", deal.goods), ("link", link), ("date", crate::calendar::day(at))];
            let text = self.scene.wordings.say(language, "newsletter", &filling, chance);
            letter.said.push_str(&format!("\n\n{text}"));
        }
        letter.ending.push_str(&format!("\n\n{name}, https://www.{domain}/imprint\nhttps://www.{domain}/unsubscribe"));
        letter.subject = format!("{name} {}", chance.range(1, 400));
        letter.fields = vec![
            ("List-Id", format!("<news.{domain}>")),
            ("List-Unsubscribe", format!("<https://click.mailings.example/u/{}>", chance.hex(12))),
            ("Precedence", "bulk".to_owned()),
        ];
        letter.truth = Truth::honest("newsletter");
        letter
    }

    /// Between people of ours: anybody to anybody, or management to finance.
    fn internal(&self, kind: &'static str, at: i64, chance: &mut Chance) -> Letter {
        let own = &self.scene.world.own;
        let (from, to) = if kind == "executive" {
            (own.with_job(Job::Management), own.with_job(Job::Finance))
        } else {
            let from = chance.below(own.people.len());
            (from, (from + 1) % own.people.len())
        };
        let voice = Voice::of(own, from, at, Direction::Internal);
        let to = vec![Voice::of(own, to, at, Direction::Internal).party];
        let deal = self.some_deal(chance);
        let address = Address { to, language: own.language, deal: &deal, link: "" };
        let mut letter = self.scene.write(&voice, &address, &[kind], at, chance);
        self.scene.entitle(&mut letter, "subject.internal", &deal, chance);
        letter.truth = Truth::honest(kind);
        letter
    }

    /// The address of somebody of ours with a job.
    pub(crate) fn somebody(&self, job: Job, at: i64) -> Party {
        let own = &self.scene.world.own;
        Voice::of(own, own.with_job(job), at, Direction::Internal).party
    }

    /// Goods and numbers that belong to no deal.
    pub(crate) fn some_deal(&self, chance: &mut Chance) -> Deal {
        Deal::new(self.names.words("goods"), self.scene.world.own.country.currency, chance)
    }

    /// Somebody outside whom nobody knows.
    pub(crate) fn stranger_voice(&self, name: &str, address: &str, software: Software, chance: &mut Chance) -> Voice {
        let party = Party::new(name, address);
        Voice {
            route: Route::of_provider(party.domain(), chance),
            party,
            name: name.to_owned(),
            company: String::new(),
            telephone: format!("+44 {}", chance.digits(10)),
            software,
            zone: 0,
            proof: Proof::Passes,
            direction: Direction::In,
        }
    }
}

/// Two letters in the wrong order, or one left out.
fn mistyped(name: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() < 4 {
        return name.to_owned();
    }
    let place = 1 + chance.below(letters.len() - 2);
    if chance.percent(50) {
        letters.swap(place, place + 1);
    } else {
        letters.remove(place);
    }
    letters.into_iter().collect()
}
