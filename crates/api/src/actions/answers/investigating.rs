//! Investigations, what people ask about their data, registers of consents and of processing.

use ::subjects::{Kind, LetterKind, Regime, State};
use identity::Language;
use investigation::Mark;

use super::{
    Answers, Shape, count, either, file, free, list, map, moment, object, octets, only, table, text, truth, whole,
    words_of,
};

/// A search with what it found.
fn search() -> Shape {
    object! {
        search: whole(), at: moment(), by: text(), words: list(text()), with: text().or_null(), from: text().or_null(),
        subject: text().or_null(), since: moment().or_null(), before: moment().or_null(), custodians: count(),
        found: count(), new: count(), encrypted: count(), restricted: count(), whole: truth(),
    }
}

pub(super) fn answers() -> Answers {
    let investigation = object! {
        id: text(), name: text(), reason: text(), by: text(), opened: moment(), closed: moment().or_null(),
        closed_by: text(), closed_reason: text(), hold: text(), custodians: list(text()), legal_claims: truth(),
    };
    let item = object! {
        message: text(), custodian: text(), from: text(), subject: text(), message_id: text().or_null(),
        received: moment().or_null(), removed: moment().or_null(), folders: list(text()), search: whole(),
        mark: words_of!(Mark), note: text(), marked_by: text(), journaled_until: moment().or_null(),
        envelope: object! { message: text(), from: text().or_null(), to: list(text()), rules: list(text()) }.or_null(),
    };
    // A search that takes longer goes on by itself; its figures stand under investigation-show.
    let begun = object! { search: whole(), whole: only(false) };
    vec![
        ("investigation-open", object! { id: text() }),
        ("investigation-custodians", object! { added: count() }),
        ("investigation-list", list(investigation.clone())),
        ("investigation-show", investigation.with(object! { searches: list(search()), marks: map(count()) })),
        ("investigation-search", either([search(), begun])),
        ("investigation-items", list(item)),
        ("investigation-message", object! { base64: octets() }),
        ("investigation-mark", object! { marked: text() }),
        ("investigation-export", object! { path: text(), until: moment() }),
        ("investigation-close", object! { closed: text(), told: count() }),
    ]
}

fn request() -> Shape {
    object! {
        id: text(), kind: words_of!(Kind), law: words_of!(Regime), state: words_of!(State), name: text(), ours: truth(),
        received: moment(), due: moment(), extended: truth(), closed: moment().or_null(),
    }
}

fn found() -> Shape {
    object! { at: moment(), places: map(count()), mailboxes: count(), looked: count(), whole: truth() }
}

fn erased() -> Shape {
    let kept = object! { place: text(), things: count(), basis: text() };
    object! { at: moment(), gone: map(count()), kept: list(kept), proof: truth() }
}

pub(super) fn of_subjects() -> Answers {
    let step = object! { at: moment(), step: text(), by: text(), note: text() };
    let hold = list(either([whole(), text()])).about("Number, English and Chinese name of the hold.");
    let refusal = object! { reason: text(), by: text(), hold: hold.or_null() };
    let shown = request().with(object! {
        addresses: list(text()), answer_to: text(), language: words_of!(Language), note: text(), by: text(), person: text(),
        identity: object! { how: text(), by: text(), at: moment() }.or_null(),
        extension: object! { reason: text(), by: text(), at: moment() }.or_null(),
        refusal: refusal.or_null(), investigation: text().or_null(), carried_out: truth(), found: found().or_null(),
        erased: erased().or_null(), steps: list(step),
    });
    let mention = object! {
        message: text(), mailbox: text().or_null(), fields: list(text()), received: moment().or_null(),
        removed: moment().or_null(), folders: list(text()),
    };
    let letter = object! {
        letter: text(), kind: words_of!(LetterKind), made: moment(), sent: moment().or_null(), subject: text(), text: text(),
    };
    let consent = object! {
        id: text(), name: text(), address: text(), purpose: text(), evidence: text(), given: moment(),
        withdrawn: moment().or_null(), withdrawal: text(), by: text(),
    };
    let sent = object! { sent: moment().or_null(), subject: text(), text: text() };
    let own = object! {
        id: text(), kind: words_of!(Kind), law: words_of!(Regime), state: words_of!(State), received: moment(),
        due: moment(), extended: text().or_null(), refused: text().or_null(),
        hold: free("The hold that stands against it: its number, name and day; or null."),
        held: free("Holds that cover the person."), carried_out: truth(), closed: moment().or_null(), note: text(),
        letters: list(sent),
    };
    vec![
        ("subject-request-own-make", own.clone()),
        ("subject-request-own-list", list(own.clone())),
        ("subject-request-own-withdraw", own),
        ("subject-open", object! { id: text(), due: moment(), ours: truth() }),
        ("subject-list", list(request())),
        ("subject-show", shown),
        ("subject-identify", object! { identified: text() }),
        ("subject-extend", object! { id: text(), due: moment() }),
        ("subject-refuse", object! { refused: text() }),
        ("subject-close", object! { closed: text() }),
        ("subject-search", either([found(), object! { whole: only(false) }])),
        ("subject-mail", list(mention)),
        ("subject-report", file().with(object! { note: text().or_null() })),
        ("subject-investigate", object! { id: text(), investigation: text() }),
        ("subject-correct", object! { corrected: text() }),
        ("subject-restrict", object! { id: text(), restricted: truth() }),
        ("subject-erase", erased()),
        (
            "subject-proof",
            object! { complete: truth(), waiting: list(text()), proof: free("The statement as JSON with its seal, to be verified without the server.") },
        ),
        ("subject-letters", list(letter)),
        ("subject-letter-set", object! { letter: text() }),
        ("subject-letter-send", object! { sent: text(), to: text() }),
        ("subject-processing", file()),
        ("subject-processing-set", object! { part: text() }),
        ("consent-add", object! { id: text() }),
        ("consent-withdraw", object! { withdrawn: text() }),
        ("consent-list", either([list(consent), table()])),
    ]
}
