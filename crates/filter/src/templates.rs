//! The library of templates: messages that were sent before, known again though names, numbers and addresses in them have changed.
//!
//! A template keeps no text. What is kept are MinHash sketches: of the pairs of words of the text in its one form (runs of three letters
//! where words are not parted by spaces), and of the row of elements of its HTML. Two sketches agree at about as many places as
//! the sets have in common. An index by bands finds those that agree without looking at all.
//!
//! A library file is `TWTEMPLATES 1` and a line for each template, parted by tabs: name, label, language, sketch of the text, sketch of
//! the structure, both in hexadecimal digits, `-` where there is none.

mod index;
mod sketch;

use std::sync::{Arc, LazyLock};

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use sketch::Sketch;
pub(crate) use sketch::{of_structure, of_text};

use crate::corpus::Label;
use crate::facts::Facts;
use crate::findings::{Finding, Signal};
use crate::made;
use index::Index;

/// Templates of one library.
pub const TEMPLATES_MAX: usize = 1_000_000;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;

/// First line of a library file.
const HEAD: &str = "TWTEMPLATES 1";

/// Agreement from which a text is that of a template.
const TEXT_LIKE: f32 = 0.55;

/// Agreement from which a structure is that of a template. Newsletters of one program resemble each other, so more is asked.
const STRUCTURE_LIKE: f32 = 0.9;

/// A message that was sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub label: Label,
    /// Language, by ISO 639-1; empty if not known.
    pub language: String,
    /// Of its text.
    pub text: Option<Sketch>,
    /// Of its HTML.
    pub structure: Option<Sketch>,
}

/// Why a library cannot be read or added to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not such a file.
    #[error("line 1: is no library of templates of version 1; make one with `tradewind templates add`")]
    Head,
    /// A line that is none.
    #[error("line {0}: is not: name, label (spam, phish), language, two sketches, parted by tabs; remove the line")]
    Line(usize),
    /// No room.
    #[error("has {TEMPLATES_MAX} templates, the most there can be; remove some")]
    Full,
    /// Nothing to know it by.
    #[error("is too short to be known again: it needs at least {0} different pairs of words")]
    TooShort(usize),
}

impl TemplateError {
    /// The same input will never do.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Template {
    /// The template of a message.
    ///
    /// # Errors
    /// When its text is too short to be known again.
    pub fn of(name: &str, label: Label, facts: &Facts) -> Result<Self, TemplateError> {
        let text = of_text(&facts.normal_text);
        if text.is_none() {
            return Err(TemplateError::TooShort(sketch::PIECES_MIN));
        }
        let name = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME_CHARS_MAX).collect();
        Ok(Self {
            name,
            label,
            language: facts.language.clone().unwrap_or_default(),
            text,
            structure: facts.structure.clone(),
        })
    }
}

/// A template that a message agrees with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match<'a> {
    /// The template.
    pub template: &'a Template,
    /// How far the two agree, 0 to 1.
    pub likeness: f32,
    /// It is the text that agrees; else the structure.
    pub is_text: bool,
}

/// Templates, ready to be searched.
#[derive(Debug, Default)]
pub struct Library {
    templates: Vec<Template>,
    texts: Index,
    structures: Index,
    /// Of all templates, in their order.
    fingerprint: u64,
}

/// Phish made from fragments of intent in every language; only those that training sees, so that the others can be measured.
static SHIPPED: LazyLock<Arc<Library>> = LazyLock::new(|| {
    let mut library = Library::default();
    for one in made::all() {
        if one.label == Label::Phish && one.part == made::Part::Learned {
            let name = format!("{} {}", one.language, one.kind);
            let known = Template::of(&name, one.label, &Facts::of_text(&one.subject, &one.text));
            // Those that are too short are no templates.
            let _ = known.and_then(|template| library.add(template));
        }
    }
    Arc::new(library)
});

impl Library {
    /// The library that is shipped.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED)
    }

    /// Adds a template.
    ///
    /// # Errors
    /// When there is no room.
    pub fn add(&mut self, template: Template) -> Result<(), TemplateError> {
        let number = u32::try_from(self.templates.len()).ok().filter(|number| (*number as usize) < TEMPLATES_MAX);
        let number = number.ok_or(TemplateError::Full)?;
        for (sketch, index) in [(&template.text, &mut self.texts), (&template.structure, &mut self.structures)] {
            if let Some(sketch) = sketch {
                index.add(sketch, number);
            }
        }
        let digits = template.text.as_ref().or(template.structure.as_ref()).map(Sketch::digits).unwrap_or_default();
        self.fingerprint = xxh3_64_with_seed(digits.as_bytes(), self.fingerprint);
        self.templates.push(template);
        Ok(())
    }

    /// Names the templates.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// All templates, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.templates.iter()
    }

    /// The template whose text a message has, and the one whose structure it has.
    #[must_use]
    pub fn find(&self, facts: &Facts) -> Vec<Match<'_>> {
        let text = of_text(&facts.normal_text);
        let text =
            text.as_ref().and_then(|sketch| self.nearest(sketch, &self.texts, |one| one.text.as_ref(), TEXT_LIKE));
        let structure = facts.structure.as_ref();
        let structure = structure
            .and_then(|sketch| self.nearest(sketch, &self.structures, |one| one.structure.as_ref(), STRUCTURE_LIKE));
        let all = [(text, true), (structure, false)].into_iter();
        all.filter_map(|(found, is_text)| {
            let (template, likeness) = found?;
            Some(Match { template, likeness, is_text })
        })
        .collect()
    }

    fn nearest(
        &self,
        sketch: &Sketch,
        index: &Index,
        part: fn(&Template) -> Option<&Sketch>,
        least: f32,
    ) -> Option<(&Template, f32)> {
        let candidates = index.candidates(sketch).into_iter().filter_map(|number| self.templates.get(number as usize));
        candidates
            .filter_map(|template| Some((template, sketch.likeness(part(template)?))))
            .filter(|(_, likeness)| *likeness >= least)
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// What the library says of a message.
    pub(crate) fn findings(&self, facts: &Facts) -> Vec<Finding> {
        self.find(facts).iter().map(finding).collect()
    }

    /// Reads a library file.
    ///
    /// # Errors
    /// When it is none, or a line is none.
    pub fn read(text: &str) -> Result<Self, TemplateError> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(TemplateError::Head);
        }
        let mut library = Self::default();
        for (at, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            library.add(template(line).ok_or(TemplateError::Line(at + 2))?)?;
        }
        Ok(library)
    }

    /// The library as a file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = format!("{HEAD}\n");
        let shown = |sketch: &Option<Sketch>| sketch.as_ref().map_or_else(|| "-".to_owned(), Sketch::digits);
        for one in &self.templates {
            let (words, structure) = (shown(&one.text), shown(&one.structure));
            text.push_str(&format!("{}\t{}\t{}\t{words}\t{structure}\n", one.name, one.label.word(), one.language));
        }
        text
    }
}

fn template(line: &str) -> Option<Template> {
    let mut cells = line.split('\t');
    let mut next = || cells.next();
    let (name, label, language, text, structure) = (next()?, next()?, next()?, next()?, next()?);
    let sketch = |digits: &str| if digits == "-" { Some(None) } else { Sketch::of_digits(digits).map(Some) };
    Some(Template {
        name: name.chars().take(NAME_CHARS_MAX).collect(),
        label: Label::of(label).filter(|label| *label != Label::Ham)?,
        language: language.to_owned(),
        text: sketch(text)?,
        structure: sketch(structure)?,
    })
}

fn finding(found: &Match<'_>) -> Finding {
    // The nearer, the heavier; a structure alone says little.
    let weight = match (found.is_text, found.likeness) {
        (true, 0.85..) => 3.0,
        (true, 0.7..) => 2.2,
        (true, _) => 1.2,
        (false, _) => 0.6,
    };
    let (spam, phish) = if found.template.label == Label::Phish { (0.2, weight) } else { (weight, 0.1) };
    let id = if found.is_text { "known-text" } else { "known-structure" };
    Finding {
        id: id.to_owned(),
        signal: if found.is_text { Signal::Text } else { Signal::Build },
        spam,
        phish,
        evidence: format!("{}, {:.0} %", found.template.name, found.likeness * 100.0),
        key: format!("finding-{id}"),
    }
}

#[cfg(test)]
mod tests;
