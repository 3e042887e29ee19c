//! Reports as PDF (ISO 32000-1).
//!
//! Chinese needs no font in the file: `STSong-Light` with the encoding `UniGB-UTF16-H` is one of the fonts that every reader has or
//! replaces. Text in it is UTF-16; a ToUnicode map says so to programs that only extract text. Latin text is Helvetica.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::report::{Chart, Report, SHADES, Table};

/// A4 on its side, in points.
const WIDTH: f64 = 842.0;
const HEIGHT: f64 = 595.0;
const MARGIN: f64 = 40.0;

const TITLE_POINTS: f64 = 14.0;
const HEAD_POINTS: f64 = 10.5;
const TEXT_POINTS: f64 = 8.0;

/// Height of a line, in its font's size.
const LINE: f64 = 1.5;

/// Most of a line that one column takes.
const COLUMN_SHARE_MAX: f64 = 0.4;

/// Lines of one cell; a report is for people.
const LINES_MAX: usize = 12;

/// Height of a chart's bars, in points.
const BARS_HEIGHT: f64 = 90.0;

/// Share of a group's width that is left free beside its bars.
const GROUP_GAP: f64 = 0.25;

/// Groups up to which each bar has its number above it.
const NUMBERED_GROUPS_MAX: usize = 16;

/// Side of the square that shows a series' colour.
const KEY_POINTS: f64 = 6.0;

/// Objects before the pages: catalog, pages, two fonts, its descendant, its descriptor, its map.
const FIXED_OBJECTS: usize = 7;

/// The report as the bytes of a file.
#[must_use]
pub fn write(report: &Report) -> Vec<u8> {
    let mut layout = Layout::default();
    layout.new_page();
    layout.line(&report.title, TITLE_POINTS);
    for paragraph in &report.paragraphs {
        for line in wrap(paragraph, WIDTH - 2.0 * MARGIN) {
            layout.line(&line, TEXT_POINTS);
        }
    }
    for chart in &report.charts {
        layout.chart(chart);
    }
    for table in &report.tables {
        layout.table(table);
    }
    assemble(&layout)
}

#[derive(Default)]
struct Layout {
    pages: Vec<String>,
    /// Where the next line goes, from the bottom.
    y: f64,
    /// First bytes of the UTF-16 units in use.
    rows_used: BTreeSet<u8>,
}

impl Layout {
    fn new_page(&mut self) {
        self.pages.push(String::new());
        self.y = HEIGHT - MARGIN;
    }

    fn step(&mut self, points: f64) {
        self.y -= points * LINE;
        if self.y < MARGIN {
            self.new_page();
            self.y -= points * LINE;
        }
    }

    fn line(&mut self, text: &str, points: f64) {
        self.step(points);
        self.put(text, MARGIN, points);
    }

    fn table(&mut self, table: &Table) {
        self.step(HEAD_POINTS);
        self.line(&table.title, HEAD_POINTS);
        let widths = column_widths(table);
        for row in std::iter::once(&table.head).chain(&table.rows) {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| wrap(cell, width - TEXT_POINTS)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1);
            for at in 0..height {
                self.step(TEXT_POINTS);
                let mut x = MARGIN;
                for (cell, width) in cells.iter().zip(&widths) {
                    if let Some(line) = cell.get(at) {
                        self.put(line, x, TEXT_POINTS);
                    }
                    x += width;
                }
            }
        }
    }

    /// A chart under its title, on one page.
    fn chart(&mut self, chart: &Chart) {
        let height = HEAD_POINTS * LINE * 2.0 + TEXT_POINTS * LINE * 3.0 + BARS_HEIGHT;
        if self.y - height < MARGIN {
            self.new_page();
        }
        self.step(HEAD_POINTS);
        self.line(&chart.title, HEAD_POINTS);
        self.legend(chart);
        // Room for the numbers above the highest bar.
        self.y -= TEXT_POINTS * LINE + BARS_HEIGHT;
        let (room, groups) = (WIDTH - 2.0 * MARGIN, chart.groups.len().max(1) as f64);
        let (of_group, max) = (room / groups, chart.max().max(1) as f64);
        let of_bar = of_group * (1.0 - GROUP_GAP) / chart.series.len().max(1) as f64;
        self.fill("#666666", (MARGIN, room), 0.5);
        // Names that would run into one another are left out, but for those that there is room for.
        let widest =
            chart.groups.iter().map(|(label, _)| width_of(label)).fold(1.0, f64::max) * TEXT_POINTS + TEXT_POINTS;
        let every = (widest / of_group).ceil().max(1.0) as usize;
        for (at, (label, values)) in chart.groups.iter().enumerate() {
            let left = MARGIN + of_group * at as f64;
            for (which, value) in values.iter().enumerate().take(chart.series.len()) {
                let (x, high) = (left + of_bar * which as f64, *value as f64 / max * BARS_HEIGHT);
                self.fill(SHADES.get(which).copied().unwrap_or("#333333"), (x, of_bar * 0.9), high);
                if chart.groups.len() <= NUMBERED_GROUPS_MAX {
                    self.put_at(&value.to_string(), (x, self.y + high + 2.0), TEXT_POINTS);
                }
            }
            if at % every == 0 {
                self.put_at(label, (left, self.y - TEXT_POINTS * LINE), TEXT_POINTS);
            }
        }
        self.y -= TEXT_POINTS * LINE;
    }

    /// What each colour stands for.
    fn legend(&mut self, chart: &Chart) {
        self.step(TEXT_POINTS);
        let mut x = MARGIN;
        for (name, shade) in chart.series.iter().zip(SHADES) {
            self.fill(shade, (x, KEY_POINTS), KEY_POINTS);
            x += KEY_POINTS * 2.0;
            self.put_at(name, (x, self.y), TEXT_POINTS);
            x += width_of(name) * TEXT_POINTS + TEXT_POINTS * 2.0;
        }
    }

    /// Fills a rectangle that stands on the line where the next text would.
    fn fill(&mut self, shade: &str, (x, width): (f64, f64), height: f64) {
        let part = |at: usize| {
            let octet = shade.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
            f64::from(octet) / 255.0
        };
        let (red, green, blue, y) = (part(1), part(3), part(5), self.y);
        if let Some(page) = self.pages.last_mut() {
            let _ = writeln!(page, "q {red:.3} {green:.3} {blue:.3} rg {x:.2} {y:.2} {width:.2} {height:.2} re f Q");
        }
    }

    /// Writes text at a place, Latin and other letters each in their font.
    fn put(&mut self, text: &str, x: f64, points: f64) {
        self.put_at(text, (x, self.y), points);
    }

    fn put_at(&mut self, text: &str, (mut x, y): (f64, f64), points: f64) {
        for run in runs(text) {
            let is_latin = is_latin(run);
            let bytes: String = if is_latin {
                run.bytes().map(|byte| format!("{byte:02X}")).collect()
            } else {
                let units: Vec<u16> = run.encode_utf16().collect();
                self.rows_used.extend(units.iter().map(|unit| (unit >> 8) as u8));
                units.iter().map(|unit| format!("{unit:04X}")).collect()
            };
            let font = if is_latin { "F1" } else { "F2" };
            if let Some(page) = self.pages.last_mut() {
                // Writing to a string cannot fail.
                let _ = writeln!(page, "BT /{font} {points} Tf {x:.2} {y:.2} Td <{bytes}> Tj ET");
            }
            x += width_of(run) * points;
        }
    }
}

fn is_latin(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Parts of `text` that are all of Latin letters, or have none.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?.is_ascii();
        let end = rest.find(|c: char| c.is_ascii() != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run)
    })
}

/// Width in the font's size. Helvetica's letters are taken for as wide as its digits, which is nearly right for tables.
fn width_of(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 0.53 } else { 1.0 }).sum()
}

fn column_widths(table: &Table) -> Vec<f64> {
    let room = WIDTH - 2.0 * MARGIN;
    let wanted = |column: usize| {
        let cells = std::iter::once(&table.head).chain(&table.rows).filter_map(|row| row.get(column));
        let widest = cells.map(|cell| width_of(cell)).fold(2.0, f64::max);
        ((widest + 1.5) * TEXT_POINTS).min(room * COLUMN_SHARE_MAX)
    };
    let widths: Vec<f64> = (0..table.head.len()).map(wanted).collect();
    let sum: f64 = widths.iter().sum();
    if sum <= room { widths } else { widths.iter().map(|width| width * room / sum).collect() }
}

/// Lines of `text` that fit into `width`, broken at spaces where there are any, without control characters. What is longer than a cell may be is cut off.
fn wrap(text: &str, width: f64) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        let more = width_of(c.encode_utf8(&mut [0; 4])) * TEXT_POINTS;
        if used + more > width && !line.is_empty() {
            if lines.len() + 1 == LINES_MAX {
                line.pop();
                line.push('…');
                lines.push(line);
                return lines;
            }
            // A word goes to the next line as a whole, unless it is longer than a line.
            let at = if c == ' ' { None } else { line.rfind(' ').filter(|at| *at > 0) };
            let rest = at.map_or_else(String::new, |at| line.split_off(at).trim_start().to_owned());
            used = width_of(&rest) * TEXT_POINTS;
            lines.push(std::mem::replace(&mut line, rest));
            if c == ' ' {
                continue;
            }
        }
        line.push(c);
        used += more;
    }
    lines.push(line);
    lines
}

fn assemble(layout: &Layout) -> Vec<u8> {
    let pages = layout.pages.len();
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", FIXED_OBJECTS + 1 + page * 2)).collect();
    let map = unicode_map(&layout.rows_used);
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" ")),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UTF16-H /Encoding /UniGB-UTF16-H \
         /DescendantFonts [5 0 R] /ToUnicode 7 0 R >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /FontDescriptor 6 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 \
         /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{map}\nendstream", map.len()),
    ];
    for (index, content) in layout.pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
            FIXED_OBJECTS + 2 + index * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut out = String::from("%PDF-1.5\n");
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(out, "{place:010} 00000 n ");
    }
    let _ = write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    out.into_bytes()
}

/// Says that codes are Unicode already.
fn unicode_map(rows: &BTreeSet<u8>) -> String {
    /// Ranges in one block of a map.
    const BLOCK: usize = 100;
    let mut out = String::from(
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Tradewind-UTF16 def\n/CMapType 2 def\n\
         1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
    );
    let rows: Vec<u8> = rows.iter().copied().collect();
    for block in rows.chunks(BLOCK) {
        let _ = writeln!(out, "{} beginbfrange", block.len());
        for row in block {
            let _ = writeln!(out, "<{row:02X}00> <{row:02X}FF> <{row:02X}00>");
        }
        out.push_str("endbfrange\n");
    }
    out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_numbers_and_charts_stay_on_a_page() {
        let group = |day: usize| (format!("2026-11-{day:02}"), vec![day as u64 * 10, 0]);
        let chart = Chart {
            title: "邮件".to_owned(),
            series: vec!["received".to_owned(), "发出".to_owned()],
            groups: (1..=10).map(group).collect(),
        };
        let report = Report { title: "t".to_owned(), charts: vec![chart; 4], ..Report::default() };
        let file = String::from_utf8(write(&report)).unwrap();
        let heights: Vec<f64> = file
            .lines()
            .filter(|line| line.ends_with(" re f Q") && line.starts_with("q 0.122"))
            .filter_map(|line| line.split(' ').nth(8)?.parse().ok())
            .collect();
        // The square of the legend, then the bars.
        assert_eq!(heights.len(), 4 * 11);
        assert_eq!(&heights[..4], [KEY_POINTS, 9.0, 18.0, 27.0]);
        assert_eq!(heights[10], BARS_HEIGHT);
        assert!(file.contains("/Count 2"), "two charts of four go onto the next page");
        for line in file.lines().filter(|line| line.contains(" re f Q") || line.starts_with("BT ")) {
            let numbers: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            assert!(numbers.iter().all(|number| (0.0..=WIDTH).contains(number)), "{line}");
        }
    }

    #[test]
    fn long_text_is_broken_at_words_and_cut_off_in_the_end() {
        let width = 20.0 * 0.53 * TEXT_POINTS + 0.1;
        assert_eq!(wrap("short", width), ["short"]);
        assert_eq!(wrap("", width), [""]);
        assert_eq!(wrap("words that go on for more than a line", width), ["words that go on for", "more than a line"]);
        assert_eq!(wrap(&"x".repeat(30), width), ["x".repeat(20), "x".repeat(10)]);
        let chinese = wrap("传输与存储均已启用国密算法并按期轮换密钥", width);
        assert_eq!(chinese.concat(), "传输与存储均已启用国密算法并按期轮换密钥");
        assert!(chinese.len() > 1 && chinese.iter().all(|line| width_of(line) * TEXT_POINTS <= width));
        let much = wrap(&"word ".repeat(200), width);
        assert_eq!(much.len(), LINES_MAX);
        assert!(much[LINES_MAX - 1].ends_with('…'));
    }
}
