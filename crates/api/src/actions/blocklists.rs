//! Our own addresses and domains on blocklists in DNS: looked up each day and by hand, listed, told.

use std::net::IpAddr;

use ::access::Action as Right;
use ::letters::{Ready, Texts, Words};
use ::reports::blocklists::{self, Answered, Blocklist, BlocklistSettings, LastLook, Listing, Seen};
use env::Outlook;
use identity::{IdentityError, Language};
use queue::QueueError;
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::letters::readers;
use super::{Controls, Refused};

/// Domains that one look asks about.
const DOMAINS_MAX: usize = 500;

const HOUR_MILLIS: i64 = 3_600_000;

/// Why letters wait.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

fn lists_of(settings: &BlocklistSettings) -> Result<Vec<Blocklist>, Refused> {
    settings.lists().map_err(Refused::because)
}

/// The page where one has oneself taken off: one that the list itself names, or that of the settings.
fn link(listing: &Listing, lists: &[Blocklist]) -> Option<String> {
    let named = listing
        .said
        .split([' ', '"', '<', '>', '(', ')', ','])
        .find(|word| word.starts_with("https://") || word.starts_with("http://"));
    let named = named.map(|word| word.trim_end_matches(['.', ';']).to_owned());
    named.or_else(|| lists.iter().find(|list| list.zone == listing.list)?.link.clone())
}

/// What is asked about, and what came of it.
pub(super) async fn list(controls: &Controls) -> Result<Value, Refused> {
    let settings = controls.elsewhere.blocklists();
    let lists = lists_of(&settings)?;
    let work = |tx: &mut Tx<'_>| Ok::<_, StoreError>((blocklists::list(tx)?, blocklists::last_look(tx)?));
    let (listings, look) = controls.store.read(work).await.map_err(Refused::because)?;
    let listing = |one: &Listing| {
        json!({
            "list": one.list, "object": one.object, "since": one.since.to_string(), "seen": one.seen.to_string(),
            "gone": one.gone.map(|gone| gone.to_string()), "codes": one.codes, "said": one.said,
            "link": link(one, &lists),
        })
    };
    let asked = lists.iter().map(|list| {
        let kind = if list.kind == blocklists::ListKind::Addresses { "addresses" } else { "domains" };
        json!({ "list": list.zone, "kind": kind, "link": list.link, "answered": look.lists.get(&list.zone) })
    });
    Ok(json!({
        "at": (look.at != 0).then(|| env::Timestamp::from_millis(look.at).to_string()),
        "every_hours": settings.every_hours,
        "addresses": look.addresses,
        "domains": look.domains,
        "lists": asked.collect::<Vec<_>>(),
        "listings": listings.iter().map(listing).collect::<Vec<_>>(),
    }))
}

/// Looks now, whenever the last look was.
pub(super) async fn look(controls: &Controls) -> Result<Value, Refused> {
    let settings = controls.elsewhere.blocklists();
    if lists_of(&settings)?.is_empty() {
        return Err(Refused(
            "no list is named; name some with the settings blocklists.address_lists and blocklists.domain_lists"
                .to_owned(),
        ));
    }
    if !controls.store.write(|tx| blocklists::begin(tx, 0)).await.map_err(Refused::because)? {
        return Err(Refused("a look is under way; it ends within minutes".to_owned()));
    }
    look_at(controls, &settings).await?;
    list(controls).await
}

/// Looks when the last look is old enough, and posts the letters that wait; says whether it looked. Of several nodes one looks.
///
/// # Errors
/// [`Refused`] if the store fails or no names can be looked up.
pub async fn look_at_blocklists(controls: &Controls) -> Result<bool, Refused> {
    let settings = controls.elsewhere.blocklists();
    let mut has_looked = false;
    if !lists_of(&settings)?.is_empty() {
        let every = i64::from(settings.every_hours) * HOUR_MILLIS;
        has_looked = controls.store.write(move |tx| blocklists::begin(tx, every)).await.map_err(Refused::because)?;
        if has_looked {
            look_at(controls, &settings).await?;
        }
    }
    tell(controls).await?;
    Ok(has_looked)
}

async fn look_at(controls: &Controls, settings: &BlocklistSettings) -> Result<(), Refused> {
    let dns = controls.elsewhere.resolver()?;
    let lists = lists_of(settings)?;
    let addresses = own_addresses(controls, settings, &*dns).await;
    let domains = controls.store.read(|tx| identity::list_domains(tx, None)).await.map_err(Refused::because)?;
    let mut domains: Vec<String> = domains.into_iter().map(|domain| domain.name).take(DOMAINS_MAX).collect();
    let hostname = controls.mailer.hostname().to_ascii_lowercase();
    if !domains.contains(&hostname) {
        domains.push(hostname);
    }
    let mut seen: Vec<(Blocklist, Answered, Vec<Seen>)> = Vec::with_capacity(lists.len());
    for list in lists {
        let (answered, of_list) = blocklists::ask(&*dns, &list, &addresses, &domains).await;
        if answered != Answered::Well {
            tracing::warn!(list = list.zone, %answered, "a blocklist does not tell how we stand");
        }
        seen.push((list, answered, of_list));
    }
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let look = LastLook {
        at: 0,
        lists: seen.iter().map(|(list, answered, _)| (list.zone.clone(), answered.as_str().to_owned())).collect(),
        addresses: addresses.clone(),
        domains: domains.len(),
    };
    let objects: Vec<String> = addresses.into_iter().chain(domains).collect();
    controls.store.write(move |tx| blocklists::end(tx, &look, &seen, &objects)).await.map_err(Refused::because)?;
    tell(controls).await
}

/// Addresses that mail leaves from: those of the server's name, of routes, and those that the settings name.
async fn own_addresses(controls: &Controls, settings: &BlocklistSettings, dns: &dyn env::dns::Resolver) -> Vec<IpAddr> {
    let host = controls.mailer.hostname();
    let four = dns.ipv4(host).await.unwrap_or_default().into_iter().map(IpAddr::V4);
    let six = dns.ipv6(host).await.unwrap_or_default().into_iter().map(IpAddr::V6);
    let mut all: Vec<IpAddr> = four.chain(six).collect();
    all.extend(settings.own_addresses());
    all.extend(controls.elsewhere.source_addresses());
    all.sort_unstable();
    all.dedup();
    all
}

/// Posts the letters on listings that came or went, each once.
async fn tell(controls: &Controls) -> Result<(), Refused> {
    let waiting = controls.store.read(blocklists::untold).await.map_err(Refused::because)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let lists = lists_of(&controls.elsewhere.blocklists())?;
    let organisations = controls.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    for listing in waiting {
        let owner = owner(controls, &listing.object).await?;
        let mut letters: Vec<Ready> = Vec::new();
        for organisation in organisations.iter().filter(|one| owner.is_none_or(|owner| owner == one.id)) {
            for reader in readers(controls, organisation.id, Right::StoreCheck).await {
                match controls.mailer.notice(reader, |language| words(&listing, &lists, language)).await {
                    Ok(ready) => letters.push(ready),
                    Err(error) if error.outlook() == Outlook::Permanent => {
                        tracing::warn!(account = reader, %error, "cannot tell of a blocklist");
                    }
                    Err(error) => return Err(Refused::because(error)),
                }
            }
        }
        let post = move |tx: &mut Tx<'_>| {
            if blocklists::settle(tx, &listing)? {
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, Fault>(())
        };
        controls.store.write(post).await.map_err(Refused::because)?;
    }
    Ok(())
}

/// The organisation whose domain it is; none for what is the server's.
async fn owner(controls: &Controls, object: &str) -> Result<Option<i64>, Refused> {
    let domains = controls.store.read(|tx| identity::list_domains(tx, None)).await;
    let domains = domains.map_err(|error: IdentityError| Refused::because(error))?;
    Ok(domains.into_iter().find(|domain| domain.name == object).map(|domain| domain.organisation))
}

fn words(listing: &Listing, lists: &[Blocklist], language: Language) -> Words {
    let texts = Texts::of(language);
    let key = if listing.gone.is_some() { "letter-blocklist-gone" } else { "letter-blocklist" };
    let said = if listing.said.is_empty() { listing.codes.as_str() } else { listing.said.as_str() };
    let link = link(listing, lists).unwrap_or_else(|| texts.say("blocklist-no-link", &[]));
    let (since, gone) = (listing.since.to_string(), listing.gone.map_or_else(String::new, |gone| gone.to_string()));
    let values = [
        ("object", listing.object.as_str()),
        ("list", &listing.list),
        ("said", said),
        ("since", &since),
        ("gone", &gone),
        ("link", &link),
    ];
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say(&format!("{key}-subject"), &values),
        text: texts.say(key, &values),
    }
}

#[cfg(test)]
mod tests {
    use env::Timestamp;

    use super::*;

    #[test]
    fn the_page_that_the_list_names_goes_before_the_one_that_is_known() {
        let settings =
            BlocklistSettings { address_lists: vec!["zen.spamhaus.org".to_owned()], ..BlocklistSettings::default() };
        let lists = settings.lists().unwrap();
        let listing = |said: &str| Listing {
            list: "zen.spamhaus.org".to_owned(),
            object: "192.0.2.7".to_owned(),
            since: Timestamp::from_seconds(0),
            seen: Timestamp::from_seconds(0),
            gone: None,
            codes: "127.0.0.2".to_owned(),
            said: said.to_owned(),
        };
        assert_eq!(
            link(&listing("Listed, see (https://bl.example/q?ip=192.0.2.7)."), &lists).as_deref(),
            Some("https://bl.example/q?ip=192.0.2.7")
        );
        assert_eq!(link(&listing("Listed."), &lists).as_deref(), Some("https://check.spamhaus.org/"));
        assert_eq!(link(&listing("Listed."), &[]), None);
        for language in [Language::English, Language::Chinese] {
            let words = words(&listing("Listed."), &[], language);
            assert!(words.subject.contains("192.0.2.7") && words.text.contains("Listed."), "{words:?}");
            let gone = Listing { gone: Some(Timestamp::from_seconds(9)), ..listing("") };
            assert_ne!(super::words(&gone, &[], language).subject, words.subject);
        }
    }
}
