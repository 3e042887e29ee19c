//! What a message teaches. Only mail that nobody doubts is given here.

use env::Timestamp;
use payment::{Detail, Source, same_account};

use crate::knowledge::{Address, Contact, Namesake, OnFile, Partner, PartnerPerson, State};
use crate::lines;
use crate::named;
use crate::names::name_key;
use crate::places;
use crate::rows::{
    AccountRow, DomainRow, HOLDERS_MAX, MessageRow, NAMED_BY_MAX, NAMESAKES_MAX, NameRow, PartnerRow, Rows, Summary,
    ThreadRow,
};
use crate::{Direction, Mailbox, Subject};

/// The row of our own details.
pub(crate) const OURSELVES: &str = "@own";

/// People of one partner that are kept; who was silent longest makes room.
const PEOPLE_MAX: usize = 64;

/// Domains of one partner.
const DOMAINS_MAX: usize = 32;

/// Payment details of one partner; what was seen longest ago makes room.
const DETAILS_MAX: usize = 32;

/// Payment details of one thread.
const THREAD_DETAILS_MAX: usize = 8;

/// Telephone numbers of one partner.
const PHONES_MAX: usize = 8;

/// Recipients outside of one message that are learned from.
const RECIPIENTS_MAX: usize = 24;

/// Steps from one partner to the one that it was put together with.
const MERGED_STEPS_MAX: usize = 8;

/// A message that teaches.
#[derive(Debug, Clone, Copy)]
pub struct Lesson<'a> {
    /// The message.
    pub subject: &'a Subject,
    /// Payment details in it.
    pub details: &'a [Detail],
    /// Its payment details are put on file, too.
    pub takes_details: bool,
}

/// Registered domains of partners that a message teaches.
pub(crate) fn partner_domains(subject: &Subject) -> impl Iterator<Item = &str> {
    let from = (subject.direction == Direction::In).then_some(&subject.from);
    let is_outside = |to: &&Mailbox| subject.direction == Direction::Out && to.domain != subject.from.domain;
    let to = subject.recipients().filter(is_outside).take(RECIPIENTS_MAX);
    let domains = from.into_iter().chain(to).map(|one| one.domain.as_str());
    domains.filter(|domain| !domain.is_empty() && !filter::is_free_mail(domain))
}

/// Learns from a message.
///
/// # Errors
/// When the rows cannot be read or written.
pub fn learn<R: Rows>(rows: &mut R, lesson: Lesson<'_>) -> Result<(), R::Error> {
    let subject = lesson.subject;
    if subject.from.address.is_empty() {
        return Ok(());
    }
    rows.update::<Summary, _>("", |summary| summary.messages += 1)?;
    learn_author(rows, subject)?;
    match subject.direction {
        Direction::In => learn_received(rows, lesson)?,
        Direction::Out => learn_sent(rows, lesson)?,
        Direction::Within => {}
    }
    learn_thread(rows, lesson)
}

/// How somebody writes; of our own people, too.
fn learn_author<R: Rows>(rows: &mut R, subject: &Subject) -> Result<(), R::Error> {
    let from = &subject.from;
    let is_ours = subject.direction != Direction::In;
    rows.update::<Address, _>(&from.address, |known| {
        known.address.clone_from(&from.address);
        known.contact.note(subject.date, true);
        known.names.note(&from.name);
        known.software.note(&subject.software);
        known.routes.note(&subject.route);
        known.zones.note(&subject.zone);
        known.hours.resize(24, 0);
        if let Some(hour) = known.hours.get_mut(hour(subject.date)) {
            *hour = hour.saturating_add(1);
        }
        known.languages.note(subject.facts.language.as_deref().unwrap_or_default());
        subject.reply_to.iter().filter(|to| to.address != from.address).for_each(|to| known.reply_to.note(&to.address));
        known.authenticated = known.authenticated.saturating_add(u32::from(subject.authenticated.is_some()));
        if !is_ours {
            subject.to.iter().take(4).for_each(|to| known.ours.note(&to.address));
        }
    })
}

fn hour(date: Timestamp) -> usize {
    usize::from(date.civil().hour)
}

fn learn_received<R: Rows>(rows: &mut R, lesson: Lesson<'_>) -> Result<(), R::Error> {
    let subject = lesson.subject;
    learn_name(rows, &subject.from)?;
    let name = root(rows, &partner_name(&subject.from))?;
    if !filter::is_free_mail(&subject.from.domain) {
        rows.update::<DomainRow, _>(&subject.from.domain, |row| row.domain.clone_from(&subject.from.domain))?;
    }
    learn_named(rows, subject, &name)?;
    let phones = places::phones(&subject.fresh);
    let details = taught(lesson);
    rows.update::<PartnerRow, _>(&name, |row| {
        let partner = &mut row.partner;
        introduce(partner, &name, &subject.from);
        partner.contact.note(subject.date, true);
        let colleagues = subject.cc.iter().filter(|copy| copy.domain == subject.from.domain);
        for (person, counts) in [(&subject.from, true)].into_iter().chain(colleagues.map(|copy| (copy, false))) {
            meet(partner, person, subject.date, counts);
        }
        partner.languages.note(subject.facts.language.as_deref().unwrap_or_default());
        partner.countries.note(&places::of_host(&subject.from.host).unwrap_or_default());
        for phone in phones {
            partner.countries.note(places::of_phone(&phone).unwrap_or_default());
            if !partner.phones.contains(&phone) && partner.phones.len() < PHONES_MAX {
                partner.phones.push(phone);
            }
        }
        details.iter().for_each(|detail| file(&mut partner.details, detail, subject, DETAILS_MAX));
    })?;
    for detail in &details {
        note_holder(rows, detail, &name)?;
    }
    Ok(())
}

/// Domains that a partner names whom we know, in a letter that its own domain vouches for: it may write from one of them next.
fn learn_named<R: Rows>(rows: &mut R, subject: &Subject, name: &str) -> Result<(), R::Error> {
    let is_known = rows.get::<PartnerRow>(name)?.is_some_and(|row| row.partner.contact.is_mutual());
    if !is_known || subject.authenticated.is_none() {
        return Ok(());
    }
    for domain in named::domains(&subject.fresh).into_iter().filter(|domain| *domain != subject.from.domain) {
        rows.update::<DomainRow, _>(&domain, |row| {
            if row.named_by.len() < NAMED_BY_MAX && !row.named_by.iter().any(|known| known == name) {
                row.named_by.push(name.to_owned());
            }
        })?;
    }
    Ok(())
}

fn learn_sent<R: Rows>(rows: &mut R, lesson: Lesson<'_>) -> Result<(), R::Error> {
    let subject = lesson.subject;
    let outside = || {
        let is_outside = |to: &&Mailbox| to.domain != subject.from.domain && !to.domain.is_empty();
        subject.recipients().filter(is_outside).take(RECIPIENTS_MAX)
    };
    // Who answers us at another address than the one that he wrote from.
    let answered = subject.references.last().map(|id| rows.get::<MessageRow>(id)).transpose()?.flatten();
    if let (Some(answered), Some(to)) = (answered, subject.to.first())
        && answered.author != to.address
        && outside().all(|one| one.address != answered.author)
        && outside().next().is_some()
    {
        rows.update::<Address, _>(&answered.author, |known| {
            if !known.address.is_empty() {
                known.reply_to.note(&to.address);
            }
        })?;
    }
    let details = taught(lesson);
    let mut others = Vec::new();
    for to in outside() {
        rows.update::<Address, _>(&to.address, |known| {
            known.address.clone_from(&to.address);
            known.contact.note(subject.date, false);
            known.ours.note(&subject.from.address);
        })?;
        if !filter::is_free_mail(&to.domain) {
            rows.update::<DomainRow, _>(&to.domain, |row| row.domain.clone_from(&to.domain))?;
        }
        let name = root(rows, &partner_name(to))?;
        let theirs = rows.update::<PartnerRow, _>(&name, |row| {
            introduce(&mut row.partner, &name, to);
            meet(&mut row.partner, to, subject.date, true);
            if !others.contains(&name) {
                row.partner.contact.note(subject.date, false);
            }
            row.partner.countries.note(&places::of_host(&to.host).unwrap_or_default());
            row.partner.details.clone()
        })?;
        if !others.contains(&name) {
            others.push(name);
        }
        // What we repeat of theirs, we know.
        for detail in details.iter().filter(|detail| theirs.iter().any(|known| same_account(&known.detail, detail))) {
            let name = others.last().cloned().unwrap_or_default();
            rows.update::<PartnerRow, _>(&name, |row| file(&mut row.partner.details, detail, subject, DETAILS_MAX))?;
        }
    }
    let ours: Vec<&Detail> = {
        let mut ours = Vec::new();
        for detail in &details {
            let known = rows.get::<AccountRow>(&detail.key())?.unwrap_or_default();
            if known.holders.iter().all(|holder| holder == OURSELVES) {
                ours.push(*detail);
            }
        }
        ours
    };
    for detail in ours {
        rows.update::<PartnerRow, _>(OURSELVES, |row| file(&mut row.partner.details, detail, subject, DETAILS_MAX))?;
        note_holder(rows, detail, OURSELVES)?;
    }
    Ok(())
}

/// Details that go on file: what the author wrote himself, and what money can be sent to.
fn taught(lesson: Lesson<'_>) -> Vec<&Detail> {
    let is_his = |detail: &&Detail| {
        lesson.takes_details
            && detail.is_payable()
            && !detail.is_intermediary
            && !matches!(detail.place.source, Source::Quoted)
    };
    lesson.details.iter().filter(is_his).collect()
}

fn introduce(partner: &mut Partner, name: &str, person: &Mailbox) {
    if partner.name.is_empty() {
        name.clone_into(&mut partner.name);
    }
    if !filter::is_free_mail(&person.domain)
        && !partner.domains.contains(&person.domain)
        && partner.domains.len() < DOMAINS_MAX
    {
        partner.domains.push(person.domain.clone());
    }
}

/// Somebody of a partner's wrote, was written to, or got a copy.
fn meet(partner: &mut Partner, person: &Mailbox, at: Timestamp, counts: bool) {
    let seen = u32::from(counts);
    if let Some(known) = partner.people.iter_mut().find(|known| known.address == person.address) {
        known.messages = known.messages.saturating_add(seen);
        known.last = known.last.max(at.millis());
        if known.name.is_empty() {
            known.name.clone_from(&person.name);
        }
        return;
    }
    if partner.people.len() >= PEOPLE_MAX {
        let silent = partner.people.iter().enumerate().min_by_key(|(_, one)| (one.messages > 1, one.last));
        if let Some(at) = silent.map(|(at, _)| at) {
            partner.people.remove(at);
        }
    }
    partner.people.push(PartnerPerson {
        address: person.address.clone(),
        name: person.name.clone(),
        messages: seen,
        last: at.millis(),
    });
}

/// Puts a detail on file, or notes that it was seen again.
pub(crate) fn file(on_file: &mut Vec<OnFile>, detail: &Detail, subject: &Subject, most: usize) {
    let at = subject.date.millis();
    if let Some(known) = on_file.iter_mut().find(|known| same_account(&known.detail, detail)) {
        known.messages = known.messages.saturating_add(1);
        known.first = known.first.min(at);
        known.last = known.last.max(at);
        complete(&mut known.detail, detail);
        return;
    }
    if on_file.len() >= most {
        let learned = |one: &&(usize, &OnFile)| one.1.state == State::Learned;
        let oldest = on_file.iter().enumerate().filter(|one| learned(&one)).min_by_key(|(_, one)| one.last);
        match oldest.map(|(at, _)| at) {
            Some(at) => drop(on_file.remove(at)),
            None => return,
        }
    }
    on_file.push(OnFile {
        detail: detail.clone(),
        state: State::Learned,
        first: at,
        last: at,
        messages: 1,
        source: subject.message_id.clone(),
    });
}

/// What was not said the first time.
fn complete(known: &mut Detail, again: &Detail) {
    let fill = |slot: &mut Option<String>, with: &Option<String>| {
        if slot.is_none() {
            slot.clone_from(with);
        }
    };
    fill(&mut known.holder, &again.holder);
    fill(&mut known.bank, &again.bank);
    fill(&mut known.bic, &again.bic);
    fill(&mut known.bank_country, &again.bank_country);
    fill(&mut known.currency, &again.currency);
}

/// Notes at an account whose it is.
pub(crate) fn note_holder<R: Rows>(rows: &mut R, detail: &Detail, name: &str) -> Result<(), R::Error> {
    rows.update::<AccountRow, _>(&detail.key(), |row| {
        if row.holders.len() < HOLDERS_MAX && !row.holders.iter().any(|known| known == name) {
            row.holders.push(name.to_owned());
        }
    })
}

fn learn_name<R: Rows>(rows: &mut R, person: &Mailbox) -> Result<(), R::Error> {
    let Some(key) = name_key(&person.name) else { return Ok(()) };
    rows.update::<NameRow, _>(&key, |row| {
        if let Some(known) = row.people.iter_mut().find(|known| known.address == person.address) {
            known.messages = known.messages.saturating_add(1);
        } else if row.people.len() < NAMESAKES_MAX {
            row.people.push(Namesake {
                name: person.name.clone(),
                address: person.address.clone(),
                messages: 1,
                ..Namesake::default()
            });
        }
    })
}

fn learn_thread<R: Rows>(rows: &mut R, lesson: Lesson<'_>) -> Result<(), R::Error> {
    let subject = lesson.subject;
    if subject.message_id.is_empty() {
        return Ok(());
    }
    let thread = match thread_of(rows, subject)? {
        Some((thread, _)) => thread,
        None => subject.references.first().unwrap_or(&subject.message_id).clone(),
    };
    let details = taught(lesson);
    let is_received = subject.direction == Direction::In;
    rows.update::<ThreadRow, _>(&thread, |row| {
        if row.contact == Contact::default() {
            row.first_domain.clone_from(&subject.from.domain);
        }
        row.contact.note(subject.date, is_received);
        if is_received {
            row.participants.note(&subject.from.address);
            row.domains.note(&subject.from.domain);
        } else {
            for to in subject.recipients().filter(|to| to.domain != subject.from.domain).take(8) {
                row.participants.note(&to.address);
                row.domains.note(&to.domain);
            }
        }
        details.iter().for_each(|detail| file(&mut row.details, detail, subject, THREAD_DETAILS_MAX));
    })?;
    let lines = lines::lines(&subject.fresh, rows.salt());
    let author = subject.from.address.clone();
    rows.update::<MessageRow, _>(&subject.message_id, |row| *row = MessageRow { thread, author, lines })
}

/// The thread of a message by those that it follows, with what they are; the last one first.
pub(crate) fn thread_of<R: Rows>(
    rows: &mut R,
    subject: &Subject,
) -> Result<Option<(String, Vec<MessageRow>)>, R::Error> {
    let mut known = Vec::new();
    for id in subject.references.iter().rev() {
        known.extend(rows.get::<MessageRow>(id)?);
    }
    Ok(known.first().map(|row| row.thread.clone()).map(|thread| (thread, known)))
}

/// Under which name somebody's company is kept: his domain, or he alone where the domain gives mailboxes to anybody.
#[must_use]
pub fn partner_name(person: &Mailbox) -> String {
    if filter::is_free_mail(&person.domain) || person.domain.is_empty() {
        person.address.clone()
    } else {
        person.domain.clone()
    }
}

/// The partner that one was put together with, or itself.
pub(crate) fn root<R: Rows>(rows: &mut R, name: &str) -> Result<String, R::Error> {
    let mut name = name.to_owned();
    for _ in 0..MERGED_STEPS_MAX {
        match rows.get::<PartnerRow>(&name)?.and_then(|row| row.merged_into) {
            Some(into) => name = into,
            None => break,
        }
    }
    Ok(name)
}
