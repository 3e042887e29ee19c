//! Traits of a text and of the build of its message.

use crate::facts::signs::{Identifier, is_mixed, is_ornament};
use crate::facts::{Facts, FileKind, Link, Place};
use crate::lexicon::concepts;
use crate::normal::normal;
use crate::rules::hosts;

use super::{Group, Recorder, head, named};

/// Tells `recorder` the traits of a message.
pub(super) fn record(facts: &Facts, recorder: &mut dyn Recorder) {
    let mut traits = Traits { recorder, group: Group::Traits };
    traits.of_text(facts);
    traits.of_page(facts);
    traits.of_links(facts);
    traits.of_targets(facts);
    traits.of_writing(facts);
    traits.of_files(facts);
    traits.of_disguises(facts);
    traits.group = Group::Header;
    if facts.has_header {
        traits.of_subject(facts);
        traits.of_sender(facts);
        traits.of_signs(facts);
    }
}

struct Traits<'a> {
    recorder: &'a mut dyn Recorder,
    group: Group,
}

impl Traits<'_> {
    fn is(&mut self, condition: bool, name: &str) {
        if condition {
            self.recorder.note(self.group, named(name), &|| name.to_owned());
        }
    }

    /// Notes in which power of two a number lies. What is not there is no trait: a text alone is not to be judged by what it lacks.
    fn size(&mut self, name: &str, number: usize) {
        if number == 0 {
            return;
        }
        let step = usize::BITS - number.leading_zeros();
        let name = format!("{name} {step}");
        self.recorder.note(self.group, named(&name), &|| name.clone());
    }

    fn of_text(&mut self, facts: &Facts) {
        let text = &facts.text;
        let words = facts.normal_text.split(' ').count();
        let lines = text.lines().count();
        let quoted = text.lines().filter(|line| line.trim_start().starts_with(['>', '|'])).count();
        self.is(quoted > 0, "quotes");
        self.is(quoted * 3 > lines, "quotes much");
        self.is(text.lines().any(|line| line == "-- " || line == "--"), "signature mark");
        self.is(text.contains("wrote:") || text.contains("writes:"), "names whom it quotes");
        let shouted = share(text, |c| c.is_uppercase(), |c| c.is_alphabetic());
        self.is(shouted > 0.3, "shouts");
        self.is(shouted < 0.01 && words > 20, "no capitals");
        let marks = text.chars().filter(|c| *c == '!').count();
        self.size("exclamations", marks);
        self.size("amounts", facts.trade.amounts.len());
        self.is(!facts.trade.wallets.is_empty(), "wallet");
        let code = text.chars().filter(|c| matches!(c, '{' | '}' | ';' | '=' | '_' | '\\')).count();
        self.is(code * 40 > text.len() && text.len() > 100, "code");
        let lengths = mean_line(text);
        self.is((50..80).contains(&lengths), "lines broken by hand");
    }

    fn of_page(&mut self, facts: &Facts) {
        let odd = facts.oddities;
        self.is(odd.has_html && !odd.has_both_texts, "HTML alone");
        self.is(odd.has_both_texts, "both texts");
        self.is(!odd.has_html, "plain alone");
        self.is(odd.needless_base64, "needless base64");
        self.is(odd.unknown_charset || odd.unknown_encoding, "unknown coding");
        self.is(odd.repeated_fields, "repeated fields");
        if !odd.has_html {
            return;
        }
        let html = facts.html;
        self.size("pictures", html.pictures as usize);
        self.is(html.forms > 0, "form");
        self.is(html.password_fields > 0, "password field");
        self.is(html.scripts > 0, "script");
        self.is(html.frames > 0, "frame");
        self.is(html.tracking_pictures > 0, "tracking picture");
        self.is(html.comments > 5, "many comments");
        self.is(html.unknown_elements > 2, "unknown elements");
        self.is(html.elements < 12, "little HTML");
        self.size("hidden text", facts.hidden_text.len() / 32);
        let shown = facts.normal_text.len();
        self.is(html.pictures > 0 && shown < 120, "pictures without text");
    }

    fn of_links(&mut self, facts: &Facts) {
        let followed: Vec<&Link> = facts.links.iter().filter(|link| link.place != Place::Picture).collect();
        let mut domains: Vec<&str> = followed.iter().map(|link| link.domain.as_str()).collect();
        domains.sort_unstable();
        domains.dedup();
        self.size("links", followed.len());
        self.size("domains", domains.len());
        let short = facts.normal_text.len() < 400;
        self.is(followed.len() == 1 && short, "short text with one link");
        self.is(followed.is_empty() && !facts.links.is_empty(), "pictures only");
        for link in &followed {
            self.is(link.scheme == "http", "link http");
            self.is(link.scheme == "https", "link https");
            self.is(link.is_numeric_host, "link to a number");
            self.is(link.has_port, "link with a port");
            self.is(link.has_user, "link with a user");
            self.is(link.redirected, "link through a redirector");
            self.is(hosts::is_shortener(&link.domain), "link shortened");
            self.is(hosts::is_free_host(&link.host), "link to a free host");
            self.is(hosts::looks_random(&link.host), "link to a random host");
            self.is(hosts::is_cheap_suffix(&link.host), "link to a cheap suffix");
            self.is(link.host.split('.').count() > 3, "link to many labels");
            self.is(link.path == "/" || link.path.is_empty(), "link to the front page");
            self.is(link.path.contains('?'), "link with a query");
            self.is(link.path.len() > 60, "link long");
            self.is(link.shown_domain.as_ref().is_some_and(|shown| *shown != link.domain), "link shows another");
        }
        if let Some(from) = facts.from.as_ref().filter(|from| !from.domain.is_empty()) {
            self.group = Group::Header;
            let own = domains.iter().filter(|domain| **domain == from.domain).count();
            self.is(!domains.is_empty() && own == 0, "no link to the sender");
            self.is(own > 0, "link to the sender");
            self.is(own > 0 && own == domains.len(), "links to the sender only");
            self.group = Group::Traits;
        }
    }

    /// How the paths of links are made, and what their labels want.
    fn of_targets(&mut self, facts: &Facts) {
        let followed = || facts.links.iter().filter(|link| link.place != Place::Picture);
        let tokens =
            followed().filter(|link| link.path.split(['/', '=', '&', '?', '#', '.', '-']).any(is_token)).count();
        self.is(tokens > 0, "link with a token");
        self.is(tokens > 0 && tokens == followed().count(), "links with tokens only");
        let addressed = |link: &Link| link.path.contains('@') || link.path.contains("%40");
        self.is(followed().any(addressed), "link with an address");
        let named =
            |link: &Link| facts.signs.recipients.iter().any(|one| link.url.to_lowercase().contains(one.as_str()));
        self.is(followed().any(named), "link names the recipient");
        let own: Vec<&str> = followed().map(|link| link.domain.as_str()).collect();
        let mut pictures = facts.links.iter().filter(|link| link.place == Place::Picture).peekable();
        let is_shown = pictures.peek().is_some();
        let strange = pictures.all(|link| !own.contains(&link.domain.as_str()));
        self.is(is_shown && strange && !own.is_empty(), "pictures from elsewhere");
        self.is(is_shown && !strange, "pictures from where links lead");
        for link in followed().filter(|link| link.place == Place::Anchor).take(24) {
            let Some(label) = &link.label else {
                self.is(true, "link without words");
                continue;
            };
            let label = normal(label).text;
            let words = label.split(' ').filter(|word| !word.is_empty()).count();
            self.is(words <= 4, "link with a short label");
            let spoken = concepts(["", &label]);
            for (_, name, _) in spoken.all() {
                self.is(words <= 8, &format!("label {name}"));
            }
        }
    }

    /// Ornaments, fillers and words of no language.
    fn of_writing(&mut self, facts: &Facts) {
        let text = head(&facts.text, 6000);
        self.size("ornaments", text.chars().filter(|c| is_ornament(*c)).count());
        let is_filler =
            |c: &char| matches!(c, '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2007}' | '\u{feff}' | '\u{ad}');
        self.is(text.chars().filter(is_filler).count() > 20, "fillers");
        self.is(facts.subject.chars().any(is_ornament), "ornament in the subject");
        let words = text.split_whitespace().filter(|word| word.len() > 6).take(400);
        self.size("words of no language", words.filter(|word| is_token(word)).count());
        let start: String = text.chars().take(160).collect();
        self.is(names_mailbox(&start), "begins with an address");
        self.is(names_mailbox(&facts.subject), "subject names an address");
        self.is(facts.signs.texts_differ, "texts differ");
        self.is(text.contains("<<") || text.contains(">>"), "arrows");
    }

    fn of_files(&mut self, facts: &Facts) {
        self.size("files", facts.attachments.len());
        for file in &facts.attachments {
            let name = format!("file {:?}", file.kind);
            self.is(!matches!(file.kind, FileKind::Text | FileKind::Message), &name);
            self.is(file.has_deceptive_name, "file deceives");
            self.is(file.is_encrypted, "file encrypted");
        }
    }

    fn of_disguises(&mut self, facts: &Facts) {
        let found = facts.disguises;
        self.is(found.invisible > 1, "invisible characters");
        self.is(found.invisible > 12, "many invisible characters");
        self.is(found.mixed_script_words > 0, "mixed scripts");
        self.is(found.spaced_words > 0, "spaced words");
        self.is(found.substituted_words > 0, "substituted letters");
        self.is(found.direction_marks > 0, "direction marks");
    }

    fn of_subject(&mut self, facts: &Facts) {
        let subject = &facts.subject;
        self.is(subject.is_empty(), "no subject");
        let marked = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        self.is(marked && (facts.is_answer || !facts.has_header), "answers");
        self.is(marked && !facts.is_answer && facts.has_header, "says to answer");
        self.is(subject.contains('!'), "subject exclaims");
        self.is(subject.contains('?'), "subject asks");
        self.is(subject.starts_with('['), "subject in brackets");
        self.is(
            subject.len() > 8 && share(subject, |c| c.is_uppercase(), |c| c.is_alphabetic()) > 0.7,
            "subject shouts",
        );
        self.is(subject.contains(['$', '€', '£', '%']), "subject speaks of money");
    }

    fn of_signs(&mut self, facts: &Facts) {
        let signs = &facts.signs;
        self.is(signs.raw_subject, "subject not encoded");
        self.is(signs.false_answer, "answers nothing");
        self.is(signs.identifier == Identifier::Missing, "no identifier");
        self.is(signs.identifier == Identifier::Own, "identifier of the sender");
        self.is(signs.identifier == Identifier::Other, "identifier of another");
        self.is(signs.mixed_mailbox, "mailbox made by a machine");
        self.is(signs.ornate_name, "ornament in the name");
        let Some(from) = &facts.from else { return };
        self.is(signs.recipients.contains(&from.address), "to the sender");
        let own = signs.recipients.iter().any(|one| one.rsplit('@').next() == Some(from.host.as_str()));
        self.is(own, "within one host");
        let subject = facts.subject.to_lowercase();
        let named = signs.recipients.iter().any(|one| subject.contains(one.as_str()));
        self.is(named, "subject names the recipient");
        let text = head(&facts.text, 4000).to_lowercase();
        self.is(signs.recipients.iter().any(|one| text.contains(one.as_str())), "text names the recipient");
        let name = from.name.trim();
        self.is(name.ends_with(['.', ',', '!', '-', '_']) || name.starts_with(['-', '_', '.']), "name in marks");
        self.is(name.contains('!'), "name exclaims");
        self.is(name.contains(['|', '*', '#', '/', '_']), "marks in the name");
    }

    fn of_sender(&mut self, facts: &Facts) {
        self.is(facts.from.is_none(), "no sender");
        let Some(from) = &facts.from else { return };
        let local = from.address.split('@').next().unwrap_or_default();
        self.is(from.name.is_empty(), "sender without name");
        self.is(from.name.contains('@'), "sender's name is an address");
        self.is(hosts::is_free_mail(&from.domain), "sender at a free service");
        self.is(hosts::looks_random(&from.host), "sender at a random host");
        self.is(hosts::is_cheap_suffix(&from.host), "sender at a cheap suffix");
        self.is(local.bytes().filter(u8::is_ascii_digit).count() > 2, "sender with digits");
        self.is(hosts::is_jumble(local), "sender is a jumble");
        self.is(from.host.is_empty() || !from.host.contains('.'), "sender without a host");
        self.is(facts.reply_to.is_some(), "answers elsewhere");
        let elsewhere = facts.reply_to.as_ref().is_some_and(|reply| reply.domain != from.domain);
        self.is(elsewhere, "answers to another domain");
        self.is(facts.recipients == 0, "no recipient named");
        self.size("recipients", facts.recipients as usize);
        self.is(facts.is_answer, "is an answer");
    }
}

/// Whether a piece of an address or a word was made by a machine to tell one message from another.
fn is_token(piece: &str) -> bool {
    piece.len() >= 10 && piece.is_ascii() && (is_mixed(piece) || piece.len() >= 24 && hosts::is_jumble(piece))
}

fn names_mailbox(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        word.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.len() > 2 && !host.contains('/'))
    })
}

/// The share of characters of one kind among those of another.
fn share(text: &str, part: impl Fn(char) -> bool, whole: impl Fn(char) -> bool) -> f32 {
    let (mut parts, mut wholes) = (0_u32, 0_u32);
    for c in text.chars().take(4000).filter(|c| whole(*c)) {
        wholes += 1;
        parts += u32::from(part(c));
    }
    if wholes == 0 { 0.0 } else { parts as f32 / wholes as f32 }
}

/// Characters of a line, on average over those that are not the last of their paragraph.
fn mean_line(text: &str) -> usize {
    let lines: Vec<usize> = text.lines().map(str::len).filter(|length| *length > 40).take(200).collect();
    lines.iter().sum::<usize>() / lines.len().max(1)
}
