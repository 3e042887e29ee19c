//! A report: text and tables, as a page or as comma-separated values.

/// Rows of a table in one report; a report is for people.
pub(crate) const ROWS_MAX: usize = 2_000;

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Tag of its language.
    pub language: &'static str,
    /// Its title.
    pub title: String,
    /// Text before the tables.
    pub paragraphs: Vec<String>,
    /// Bars between the text and the tables, which say again what tables say; comma-separated values have none.
    pub charts: Vec<Chart>,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// Numbers as bars, side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chart {
    /// Its title.
    pub title: String,
    /// What is counted, at most three things.
    pub series: Vec<String>,
    /// Days or kinds, each with a number of every series.
    pub groups: Vec<(String, Vec<u64>)>,
}

impl Chart {
    /// The largest number.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.groups.iter().flat_map(|(_, values)| values).copied().max().unwrap_or(0)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// Names of its columns.
    pub head: Vec<String>,
    /// Its rows, as wide as the head.
    pub rows: Vec<Vec<String>>,
}

impl Report {
    /// As comma-separated values (RFC 4180): tables one after another, each under its title. Begins with a byte order mark, without which
    /// spreadsheets misread Chinese.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::from("\u{feff}");
        let mut line = |fields: &[String]| {
            let fields: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
            out.push_str(&fields.join(","));
            out.push_str("\r\n");
        };
        line(std::slice::from_ref(&self.title));
        for table in &self.tables {
            line(&[]);
            line(std::slice::from_ref(&table.title));
            line(&table.head);
            table.rows.iter().for_each(|row| line(row));
        }
        out
    }

    /// As a page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body style=\"font: 13px/1.5 sans-serif\">\n<h1>{title}</h1>\n",
            self.language,
            title = escape(&self.title)
        );
        for paragraph in &self.paragraphs {
            out.push_str(&format!("<p>{}</p>\n", escape(paragraph)));
        }
        self.charts.iter().for_each(|chart| bars(&mut out, chart));
        for table in &self.tables {
            out.push_str(&format!(
                "<h2>{}</h2>\n<table border=\"1\" cellpadding=\"4\" style=\"border-collapse: collapse\">\n",
                escape(&table.title)
            ));
            let row = |cells: &[String], tag: &str| {
                let cells: String =
                    cells.iter().map(|cell| format!("<{tag} dir=\"auto\">{}</{tag}>", escape(cell))).collect();
                format!("<tr>{cells}</tr>\n")
            };
            out.push_str(&row(&table.head, "th"));
            table.rows.iter().for_each(|cells| out.push_str(&row(cells, "td")));
            out.push_str("</table>\n");
        }
        out.push_str("</body></html>\n");
        out
    }
}

/// A chart in markup that every mail program shows: bars are cells with a colour, and their numbers stand beside them.
fn bars(out: &mut String, chart: &Chart) {
    /// Pixels of the longest bar.
    const WIDEST: u64 = 300;
    out.push_str(&format!("<h2>{}</h2>\n<table cellpadding=\"2\">\n", escape(&chart.title)));
    let max = chart.max().max(1);
    for (label, values) in &chart.groups {
        for (at, (name, value)) in chart.series.iter().zip(values).enumerate() {
            let shade = SHADES.get(at).copied().unwrap_or("#333333");
            let pixels = value.saturating_mul(WIDEST) / max;
            let label = if at == 0 { escape(label) } else { String::new() };
            out.push_str(&format!(
                "<tr><td dir=\"auto\">{label}</td><td dir=\"auto\">{}</td><td><div style=\"background: {shade}; height: 10px; \
                 width: {pixels}px\"></div></td><td>{value}</td></tr>\n",
                escape(name)
            ));
        }
    }
    out.push_str("</table>\n");
}

/// Colours of the series, which differ in lightness too.
pub(crate) const SHADES: [&str; 3] = ["#1f4e8c", "#8fb3dc", "#c0392b"];

/// A field in quotes where it needs them. What a stranger chose must not be a formula to a spreadsheet.
fn csv_field(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@', '\t']) { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_choose_is_neither_markup_nor_formula() {
        let report = Report {
            language: "en",
            title: "Sign-ins".to_owned(),
            paragraphs: vec![],
            charts: vec![Chart {
                title: "<b>".to_owned(),
                series: vec!["<i>".to_owned()],
                groups: vec![("<u>".to_owned(), vec![3])],
            }],
            tables: vec![Table {
                title: "Odd".to_owned(),
                head: vec!["Program".to_owned()],
                rows: vec![vec!["<script>\"a\",b".to_owned()], vec!["=cmd()".to_owned()]],
            }],
        };
        let html = report.html();
        assert!(["<script>", "<b>", "<i>", "<u>"].iter().all(|markup| !html.contains(markup)), "{html}");
        assert!(report.csv().contains("\"<script>\"\"a\"\",b\"\r\n'=cmd()\r\n"));
    }
}
