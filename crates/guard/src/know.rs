//! Looks up what history knows for one message.

use payment::{Detail, same_account};

use crate::directory::Directory;
use crate::knowledge::{Address, Contact, Found, Knowledge, Namesake, Near, OnFile, Partner, State, Thread};
use crate::learn::{OURSELVES, partner_name, root, thread_of};
use crate::lines;
use crate::names::name_key;
use crate::rows::{AccountRow, DomainRow, NameRow, PartnerRow, Rows, Summary, ThreadRow};
use crate::{Direction, Mailbox, Subject};

/// Other companies of one message that are looked up.
const OTHERS_MAX: usize = 8;

/// Hosts of one message whose near ones are looked for.
const HOSTS_MAX: usize = 12;

/// Near domains of one host.
const NEAR_MAX: usize = 4;

/// What history knows for `subject`. `near` gives the known domains that a host is like, the likest first.
///
/// # Errors
/// When the rows cannot be read.
pub fn know<R: Rows>(
    rows: &mut R,
    subject: &Subject,
    details: &[Detail],
    directory: &Directory,
    near: &dyn Fn(&str) -> Vec<String>,
) -> Result<Knowledge, R::Error> {
    let from = &subject.from;
    let mut knowledge = Knowledge {
        own: directory.own().clone(),
        sender: rows.get::<Address>(&from.address)?,
        messages: rows.get::<Summary>("")?.map_or(0, |summary| summary.messages),
        own_details: partner(rows, OURSELVES)?.map(|own| own.details).unwrap_or_default(),
        ..Knowledge::default()
    };
    if subject.direction == Direction::In {
        knowledge.partner = partner(rows, &partner_name(from))?;
        knowledge.announced_by = announcer(rows, subject, knowledge.partner.as_ref())?;
        if let Some(by) = &knowledge.announced_by {
            knowledge.partner = Some(joined(by, knowledge.partner.take()));
        }
    }
    if let Some(to) = subject.reply_to.iter().find(|to| to.address != from.address) {
        knowledge.reply_to = rows.get::<Address>(&to.address)?;
    }
    knowledge.thread = thread(rows, subject)?;
    knowledge.others = others(rows, subject, knowledge.thread.as_ref(), directory)?;
    knowledge.near = near_ones(rows, subject, directory, near)?;
    knowledge.namesakes = namesakes(rows, from, directory)?;
    for detail in details {
        let found = found(rows, detail, &knowledge, subject.direction)?;
        knowledge.found.push(found);
    }
    Ok(knowledge)
}

fn partner<R: Rows>(rows: &mut R, name: &str) -> Result<Option<Partner>, R::Error> {
    let row = rows.get::<PartnerRow>(name)?;
    match row {
        Some(PartnerRow { merged_into: Some(_), .. }) => {
            let name = root(rows, name)?;
            Ok(rows.get::<PartnerRow>(&name)?.map(|row| row.partner))
        }
        row => Ok(row.map(|row| row.partner)),
    }
}

/// The partner that named the author's domain in an earlier letter, and has the longer history.
fn announcer<R: Rows>(rows: &mut R, subject: &Subject, own: Option<&Partner>) -> Result<Option<Partner>, R::Error> {
    if filter::is_free_mail(&subject.from.domain) || subject.authenticated.is_none() {
        return Ok(None);
    }
    let names = rows.get::<DomainRow>(&subject.from.domain)?.unwrap_or_default().named_by;
    let messages = own.map_or(0, |own| own.contact.messages());
    for name in names {
        let by = partner(rows, &name)?.filter(|by| by.contact.is_mutual() && by.contact.messages() > messages);
        if by.is_some() {
            return Ok(by);
        }
    }
    Ok(None)
}

/// A partner with what is known of its new domain.
fn joined(known: &Partner, new: Option<Partner>) -> Partner {
    let mut all = known.clone();
    if let Some(new) = new.filter(|new| new.name != known.name) {
        all.domains.extend(new.domains);
        all.people.extend(new.people);
        all.details.extend(new.details);
        all.languages.add(&new.languages);
    }
    all
}

fn thread<R: Rows>(rows: &mut R, subject: &Subject) -> Result<Option<Thread>, R::Error> {
    let Some((name, messages)) = thread_of(rows, subject)? else { return Ok(None) };
    let Some(row) = rows.get::<ThreadRow>(&name)? else { return Ok(None) };
    let known: Vec<lines::Line> = messages.iter().flat_map(|message| message.lines.iter().copied()).collect();
    Ok(Some(Thread {
        participants: row.participants,
        domains: row.domains,
        first_domain: row.first_domain,
        contact: row.contact,
        answered: messages.first().map(|message| message.author.clone()),
        altered: lines::altered(&subject.quoted, rows.salt(), &known),
        details: row.details,
    }))
}

/// Companies beside the author's: of recipients and the address for answers, and those that the thread was held with.
fn others<R: Rows>(
    rows: &mut R,
    subject: &Subject,
    thread: Option<&Thread>,
    directory: &Directory,
) -> Result<Vec<Partner>, R::Error> {
    let mut names: Vec<String> = Vec::new();
    let mut note = |name: String| {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    if let Some(thread) = thread {
        for (address, _) in &thread.participants.0 {
            note(partner_name(&of_address(address)));
        }
    }
    let addressed = subject.reply_to.iter().chain(subject.recipients());
    addressed.filter(|one| !directory.own().has_host(&one.host)).for_each(|one| note(partner_name(one)));
    let own = if subject.direction == Direction::In { partner_name(&subject.from) } else { String::new() };
    let mut found: Vec<Partner> = Vec::new();
    for name in names.iter().filter(|name| **name != own).take(OTHERS_MAX) {
        found.extend(partner(rows, name)?.filter(|one| found.iter().all(|known| known.name != one.name)));
    }
    Ok(found)
}

fn of_address(address: &str) -> Mailbox {
    let host = address.rsplit_once('@').map_or("", |(_, host)| host).to_owned();
    let domain = filter::facts::registered_domain(&host);
    Mailbox { name: String::new(), address: address.to_owned(), host, domain }
}

fn near_ones<R: Rows>(
    rows: &mut R,
    subject: &Subject,
    directory: &Directory,
    near: &dyn Fn(&str) -> Vec<String>,
) -> Result<Vec<Near>, R::Error> {
    let mut hosts: Vec<&str> = Vec::new();
    let all = [&subject.from].into_iter().chain(&subject.reply_to).chain(subject.recipients());
    for host in all.map(|one| one.host.as_str()).filter(|host| !host.is_empty() && !directory.own().has_host(host)) {
        if !hosts.contains(&host) && hosts.len() < HOSTS_MAX {
            hosts.push(host);
        }
    }
    let mut found = Vec::new();
    for host in hosts {
        let domain = filter::facts::registered_domain(host);
        let own_contact = contact(rows, &domain)?;
        // Most mail is from companies that are known, and nothing that they look like counts.
        let candidates = if own_contact.is_company() { Vec::new() } else { near(host) };
        for known in candidates.into_iter().filter(|known| *known != domain).take(NEAR_MAX) {
            let is_own = directory.own().domains.contains(&known);
            let contact = if is_own { Contact::default() } else { contact(rows, &known)? };
            found.push(Near { domain: host.to_owned(), known, is_own, contact, own_contact });
        }
    }
    Ok(found)
}

fn contact<R: Rows>(rows: &mut R, name: &str) -> Result<Contact, R::Error> {
    Ok(partner(rows, name)?.map(|one| one.contact).unwrap_or_default())
}

fn namesakes<R: Rows>(rows: &mut R, from: &Mailbox, directory: &Directory) -> Result<Vec<Namesake>, R::Error> {
    let Some(key) = name_key(&from.name) else { return Ok(Vec::new()) };
    let ours = directory.named(&key).map(|person| Namesake {
        name: person.name.clone(),
        address: person.address.clone(),
        is_own: true,
        job: person.job,
        messages: 0,
    });
    let mut found: Vec<Namesake> = ours.collect();
    found.extend(rows.get::<NameRow>(&key)?.map(|row| row.people).unwrap_or_default());
    found.retain(|one| one.address != from.address);
    Ok(found)
}

fn found<R: Rows>(
    rows: &mut R,
    detail: &Detail,
    knowledge: &Knowledge,
    direction: Direction,
) -> Result<Found, R::Error> {
    let account = rows.get::<AccountRow>(&detail.key())?.unwrap_or_default();
    let of = |on_file: &[OnFile]| on_file.iter().find(|known| same_account(&known.detail, detail)).map(|it| it.state);
    let own = of(&knowledge.own_details);
    let (state, name) = match direction {
        Direction::In => (
            knowledge.partner.as_ref().and_then(|partner| of(&partner.details)),
            knowledge.partner.as_ref().map_or("", |partner| partner.name.as_str()),
        ),
        Direction::Out | Direction::Within => (own, OURSELVES),
    };
    Ok(Found {
        detail: detail.clone(),
        state: state.unwrap_or_default(),
        is_of_thread: knowledge.thread.as_ref().is_some_and(|thread| of(&thread.details).is_some()),
        is_own: own.is_some(),
        elsewhere: account.holders.into_iter().filter(|holder| holder != name && holder != OURSELVES).collect(),
        is_disputed: account.is_disputed || state == Some(State::Disputed),
    })
}
