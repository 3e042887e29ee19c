//! The pages of a file and what is written on each (ISO 32000-1 sections 7.7.3, 8.10, 9.4 and 12.5.5).

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use memchr::memmem;

use super::fonts::Font;
use super::lines::{self, Piece};
use super::objects::Objects;
use super::values::{Map, Value, Values, decoded};
use crate::look::Looker;
use crate::report::cut_octets;

/// Pages that are read.
const PAGES_MAX: usize = 200;

/// Depth of the tree of pages.
const TREE_DEPTH_MAX: u32 = 32;

/// Forms within forms.
const FORMS_DEPTH_MAX: u32 = 5;

/// Pieces of text on one page.
const PIECES_MAX: usize = 20_000;

/// Letters on all pages of a file, read or not: fonts may show nothing for many octets.
const LETTERS_MAX: usize = 3_000_000;

/// Saved states of one page.
const STATES_MAX: usize = 64;

/// Operands of one operator that are kept.
const OPERANDS_MAX: usize = 64;

/// Fonts of one file that are read.
const FONTS_MAX: usize = 256;

/// Annotations of one page that are read.
const ANNOTATIONS_MAX: usize = 500;

/// Thousandths of the size by which a string is moved to be a piece of its own.
const MOVE_MIN: f64 = 140.0;

/// All that is written on the pages of a file, at most `octets_max`. `values_left` is what may still be read.
pub(super) fn text(
    objects: &Objects<'_>,
    octets_max: usize,
    values_left: &mut usize,
    looker: &mut Looker<'_>,
) -> String {
    let mut reader =
        Reader { objects, fonts: HashMap::new(), pieces: Vec::new(), letters_left: LETTERS_MAX, values_left };
    let mut out = String::new();
    for (page, resources) in pages(objects) {
        if looker.is_over() || *reader.values_left == 0 {
            break;
        }
        reader.page(page, resources, looker);
        let page = lines::text(std::mem::take(&mut reader.pieces));
        if !put(page, &mut out, octets_max) {
            break;
        }
    }
    if out.is_empty() {
        // No page leads to anything: what is there is shown by readers that repair files.
        for (number, _) in objects.streams().filter(|(_, map)| is_content(map)) {
            reader.content(number, None, State::default(), 0, looker);
            let page = lines::text(std::mem::take(&mut reader.pieces));
            if looker.is_over() || *reader.values_left == 0 || !put(page, &mut out, octets_max) {
                break;
            }
        }
    }
    out
}

/// Adds the text of a page; tells whether there is room for another.
fn put(page: String, out: &mut String, octets_max: usize) -> bool {
    if !page.is_empty() && out.len() < octets_max {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(cut_octets(&page, octets_max - out.len()));
    }
    out.len() < octets_max
}

/// A stream that may be a page's.
fn is_content(map: &Map) -> bool {
    matches!((map.name("Type"), map.name("Subtype")), ("", "") | ("XObject" | "", "Form")) && !map.has("Length1")
}

/// Pages in their order, each with the resources that it has or inherits. Pages that no tree leads to come last.
fn pages<'o>(objects: &'o Objects<'_>) -> Vec<(&'o Map, Option<&'o Map>)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let roots: Vec<&Map> =
        objects.maps().filter(|(_, map)| objects.name(map, "Type") == "Catalog").map(|(_, map)| map).collect();
    for root in roots.into_iter().rev().take(4) {
        walk(objects, root.get("Pages"), None, 0, &mut seen, &mut found);
    }
    for (number, map) in objects.maps() {
        if objects.name(map, "Type") == "Page" && found.len() < PAGES_MAX && seen.insert(number) {
            found.push((
                map,
                objects
                    .map(map.get("Resources"))
                    .or_else(|| objects.map(map.get("Parent")).and_then(|parent| objects.map(parent.get("Resources")))),
            ));
        }
    }
    found
}

fn walk<'o>(
    objects: &'o Objects<'_>,
    node: Option<&'o Value>,
    inherited: Option<&'o Map>,
    depth: u32,
    seen: &mut BTreeSet<u32>,
    found: &mut Vec<(&'o Map, Option<&'o Map>)>,
) {
    if let Some(Value::Reference(number)) = node
        && !seen.insert(*number)
    {
        return;
    }
    let Some(map) = objects.map(node) else { return };
    let resources = objects.map(map.get("Resources")).or(inherited);
    if map.has("Kids") && depth < TREE_DEPTH_MAX {
        for kid in objects.list(map.get("Kids")) {
            if found.len() >= PAGES_MAX {
                return;
            }
            walk(objects, Some(kid), resources, depth + 1, seen, found);
        }
    } else if map.has("Contents") || map.has("Annots") {
        found.push((map, resources));
    }
}

/// A transformation of places (ISO 32000-1 section 8.3.3).
type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn product(one: &Matrix, other: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *one;
    let [p, q, r, s, t, u] = *other;
    [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u]
}

/// What operators set and the showing of text uses.
#[derive(Debug, Clone)]
struct State {
    place: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    letter_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            place: IDENTITY,
            text: IDENTITY,
            line: IDENTITY,
            font: None,
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

impl State {
    fn move_line(&mut self, x: f64, y: f64) {
        self.line = product(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn advance(&mut self, width: f64) {
        self.text = product(&[1.0, 0.0, 0.0, 1.0, width, 0.0], &self.text);
    }

    /// Quarter turns, place along and across the direction of reading, and size on the page.
    fn on_page(&self) -> (u8, f64, f64, f64) {
        let [a, b, c, d, x, y] =
            product(&[self.size * self.scale, 0.0, 0.0, self.size, 0.0, self.rise], &product(&self.text, &self.place));
        let turn = match (a.abs() >= b.abs(), a >= 0.0, b >= 0.0) {
            (true, true, _) => 0,
            (false, _, true) => 1,
            (true, false, _) => 2,
            (false, _, false) => 3,
        };
        let (along, across) = match turn {
            0 => (x, y),
            1 => (y, -x),
            2 => (-x, -y),
            _ => (-y, x),
        };
        (turn, along, across, c.hypot(d).max(0.1))
    }
}

struct Reader<'r, 'o> {
    objects: &'r Objects<'o>,
    fonts: HashMap<u32, Rc<Font>>,
    pieces: Vec<Piece>,
    letters_left: usize,
    values_left: &'r mut usize,
}

impl<'r> Reader<'r, '_> {
    fn page(&mut self, page: &'r Map, resources: Option<&'r Map>, looker: &mut Looker<'_>) {
        let mut octets = Vec::new();
        let contents: Vec<u32> = self
            .objects
            .list(page.get("Contents"))
            .iter()
            .filter_map(|part| self.objects.stream_number(Some(part)))
            .collect();
        for number in contents {
            if let Some((_, part)) = self.objects.stream(number, looker) {
                octets.extend_from_slice(&part);
                octets.push(b'\n');
            }
        }
        self.run(&octets, resources, State::default(), 0, looker);
        for annotation in self.objects.list(page.get("Annots")).iter().take(ANNOTATIONS_MAX) {
            if let Some(annotation) = self.objects.map(Some(annotation)) {
                self.annotation(annotation, looker);
            }
        }
    }

    /// What a field of a form or a note on the page shows.
    fn annotation(&mut self, annotation: &'r Map, looker: &mut Looker<'_>) {
        let rectangle = self.objects.numbers(annotation.get("Rect"));
        let [left, bottom, right, top] = rectangle.as_slice() else { return };
        let state = State { place: [1.0, 0.0, 0.0, 1.0, left.min(*right), bottom.min(*top)], ..State::default() };
        let shown = self.objects.map(annotation.get("AP")).and_then(|shown| shown.get("N"));
        if let Some(number) = self.objects.stream_number(shown) {
            self.content(number, None, state, 0, looker);
        } else if let Some(Value::Text(value)) = self.objects.value(annotation.get("V")) {
            let size = ((top - bottom).abs() * 0.7).clamp(1.0, 20.0);
            let end = left.max(*right);
            self.pieces.push(Piece {
                turn: 0,
                x: left.min(*right),
                y: bottom.min(*top),
                end,
                size,
                text: decoded(value),
            });
        }
    }

    /// A stream of operators with resources of its own.
    fn content(
        &mut self,
        number: u32,
        inherited: Option<&'r Map>,
        mut state: State,
        depth: u32,
        looker: &mut Looker<'_>,
    ) {
        let Some((map, octets)) = self.objects.stream(number, looker) else { return };
        if let [a, b, c, d, e, f] = *self.objects.numbers(map.get("Matrix")).as_slice() {
            state.place = product(&[a, b, c, d, e, f], &state.place);
        }
        let resources = self.objects.map(map.get("Resources")).or(inherited);
        self.run(&octets, resources, state, depth, looker);
    }

    fn run(&mut self, octets: &[u8], resources: Option<&'r Map>, start: State, depth: u32, looker: &mut Looker<'_>) {
        let mut values = Values::new(octets);
        let mut operands: Vec<Value> = Vec::new();
        let mut state = start;
        let mut saved: Vec<State> = Vec::new();
        while let Some(value) = values.next_value() {
            *self.values_left = self.values_left.saturating_sub(1);
            let is_checked = self.values_left.is_multiple_of(4096) && looker.is_over();
            if *self.values_left == 0 || is_checked || self.pieces.len() >= PIECES_MAX {
                return;
            }
            let Value::Word(word) = &value else {
                if operands.len() < OPERANDS_MAX {
                    operands.push(value);
                }
                continue;
            };
            match word.as_str() {
                "q" if saved.len() < STATES_MAX => saved.push(state.clone()),
                "Q" => {
                    if let Some(before) = saved.pop() {
                        state = before;
                    }
                }
                "Do" if depth < FORMS_DEPTH_MAX => {
                    if let Some(number) = self.form(operands.first(), resources) {
                        self.content(number, resources, state.clone(), depth + 1, looker);
                    }
                }
                "Tf" => {
                    state.font = self.font(operands.first(), resources, looker).or(state.font);
                    state.size = number(operands.get(1));
                }
                // Octets of a picture follow.
                "ID" => {
                    let rest = octets.get(values.at..).unwrap_or_default();
                    values.at += memmem::find(rest, b"EI").map_or(rest.len(), |end| end + 2);
                }
                word => self.operator(word, &operands, &mut state),
            }
            operands.clear();
        }
    }

    /// Operators that place and show text.
    fn operator(&mut self, word: &str, operands: &[Value], state: &mut State) {
        let first = || number(operands.first());
        match word {
            "cm" => {
                if let Some(matrix) = matrix(operands) {
                    state.place = product(&matrix, &state.place);
                }
            }
            "BT" => (state.text, state.line) = (IDENTITY, IDENTITY),
            "Td" => state.move_line(first(), number(operands.get(1))),
            "TD" => {
                state.leading = -number(operands.get(1));
                state.move_line(first(), number(operands.get(1)));
            }
            "Tm" => {
                if let Some(matrix) = matrix(operands) {
                    (state.text, state.line) = (matrix, matrix);
                }
            }
            "T*" => state.move_line(0.0, -state.leading),
            "Tc" => state.letter_space = first(),
            "Tw" => state.word_space = first(),
            "Tz" => state.scale = first() / 100.0,
            "TL" => state.leading = first(),
            "Ts" => state.rise = first(),
            "Tj" => self.show(operands, state),
            "TJ" => {
                if let Some(Value::List(list)) = operands.first() {
                    self.show(list, state);
                }
            }
            "'" => {
                state.move_line(0.0, -state.leading);
                self.show(operands, state);
            }
            "\"" => {
                (state.word_space, state.letter_space) = (first(), number(operands.get(1)));
                state.move_line(0.0, -state.leading);
                self.show(operands.get(2..).unwrap_or_default(), state);
            }
            _ => {}
        }
    }

    /// Shows strings; numbers between them move what follows.
    fn show(&mut self, list: &[Value], state: &mut State) {
        let font = state.font.clone().unwrap_or_else(|| Rc::new(Font::unknown()));
        let mut piece: Option<Piece> = None;
        for value in list {
            match value {
                Value::Text(octets) if self.letters_left > 0 => {
                    self.letters_left = self.letters_left.saturating_sub(octets.len());
                    let (turn, x, y, size) = state.on_page();
                    let piece = piece.get_or_insert_with(|| Piece { turn, x, y, end: x, size, text: String::new() });
                    for shown in font.show(octets) {
                        let word_space = if shown.is_space { state.word_space } else { 0.0 };
                        state.advance((shown.width * state.size + state.letter_space + word_space) * state.scale);
                        piece.text.push_str(&shown.letters);
                    }
                    piece.end = state.on_page().1;
                }
                Value::Number(moved) => {
                    if moved.abs() > MOVE_MIN {
                        self.put(piece.take());
                    }
                    state.advance(-moved / 1000.0 * state.size * state.scale);
                }
                _ => {}
            }
        }
        self.put(piece);
    }

    fn put(&mut self, piece: Option<Piece>) {
        let is_placed = |piece: &Piece| [piece.x, piece.y, piece.end, piece.size].into_iter().all(f64::is_finite);
        if let Some(piece) = piece.filter(|piece| is_placed(piece) && self.pieces.len() < PIECES_MAX) {
            self.pieces.push(piece);
        }
    }

    /// The number of the form that a name is for.
    fn form(&self, name: Option<&Value>, resources: Option<&Map>) -> Option<u32> {
        let Value::Name(name) = name? else { return None };
        let forms = self.objects.map(resources?.get("XObject"))?;
        let number = self.objects.stream_number(forms.get(name))?;
        let is_form = self.objects.map(forms.get(name)).is_some_and(|map| self.objects.name(map, "Subtype") == "Form");
        is_form.then_some(number)
    }

    fn font(&mut self, name: Option<&Value>, resources: Option<&'r Map>, looker: &mut Looker<'_>) -> Option<Rc<Font>> {
        let Value::Name(name) = name? else { return None };
        let entry = self.objects.map(resources?.get("Font"))?.get(name)?;
        let read =
            |looker: &mut Looker<'_>| Some(Rc::new(Font::read(self.objects.map(Some(entry))?, self.objects, looker)));
        let Value::Reference(number) = entry else { return read(looker) };
        if let Some(font) = self.fonts.get(number) {
            return Some(Rc::clone(font));
        }
        let font = if self.fonts.len() < FONTS_MAX { read(looker)? } else { Rc::new(Font::unknown()) };
        self.fonts.insert(*number, Rc::clone(&font));
        Some(font)
    }
}

fn number(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Number(number)) if number.is_finite() => *number,
        _ => 0.0,
    }
}

fn matrix(operands: &[Value]) -> Option<Matrix> {
    let numbers: Vec<f64> = operands.iter().map(|value| number(Some(value))).collect();
    <Matrix>::try_from(numbers).ok()
}
