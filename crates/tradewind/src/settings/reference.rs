//! The settings' manual page and the commented file of a new installation, both from the declarations.

use std::fmt::Write;

use configuration::{Applies, Kind};

use super::layers::schema_of_all;
use super::{Settings, schema};

/// Manual page of all settings in Markdown.
pub(crate) fn reference() -> String {
    let defaults = table(&Settings::default());
    let all = schema_of_all();
    let mut page = String::from(
        "# Settings of Tradewind\n\nThe file is TOML; every setting may be left out and then has its default. What can be changed while the server \
         runs is changed by [other ways](changing-settings.md), too: each setting says when such a change holds.\n",
    );
    for section in schema() {
        let _ = write!(page, "\n## [{}]\n\n{}\n", section.name, paragraph(section.doc));
        for field in section.fields {
            let default = value(&defaults, section.name, field.name);
            let found = all.find(&format!("{}.{}", section.name, field.name));
            let when = found.map_or("", |setting| holds(setting.nature.applies));
            let _ = write!(
                page,
                "\n`{}`, default `{default}`{}{when}\n: {}\n",
                field.name,
                unit(found),
                paragraph(field.doc)
            );
        }
    }
    page
}

/// A configuration file that shows every setting with its doc: those that differ from the default are set, the others commented out.
pub(crate) fn commented_file(settings: &Settings) -> String {
    let (wanted, defaults) = (table(settings), table(&Settings::default()));
    let mut file = String::from(
        "# Tradewind's settings. Lines that begin with '#' show the defaults; remove the '#' to change one.\n# Check the file with: tradewind config check\n",
    );
    for section in schema() {
        let _ = write!(file, "\n{}[{}]\n", comment(section.doc), section.name);
        for field in section.fields {
            let wanted = value(&wanted, section.name, field.name);
            let mark = if wanted == value(&defaults, section.name, field.name) { "#" } else { "" };
            let _ = write!(file, "\n{}{mark}{} = {wanted}\n", comment(field.doc), field.name);
        }
    }
    file
}

/// The unit, where a number has one.
fn unit(setting: Option<&configuration::Setting>) -> String {
    match setting.and_then(|setting| setting.unit.filter(|_| setting.kind != Kind::Text)) {
        Some(unit) => format!(" {unit}"),
        None => String::new(),
    }
}

/// When a change holds that is not made in the file.
const fn holds(applies: Applies) -> &'static str {
    match applies {
        Applies::Live => ", live",
        Applies::Restart => ", from the next start",
        Applies::File => ", in the file alone",
    }
}

fn table(settings: &Settings) -> toml::Table {
    toml::Table::try_from(settings).unwrap_or_default()
}

/// The setting's value as it stands in a file; an optional one that is not set shows as an empty string.
fn value(table: &toml::Table, section: &str, field: &str) -> String {
    table.get(section).and_then(|section| section.get(field)).map_or_else(|| "\"\"".to_owned(), ToString::to_string)
}

fn paragraph(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn comment(doc: &str) -> String {
    doc.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "# {}", line.trim());
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_file_reads_back_as_it_was() {
        let mut settings = Settings::default();
        settings.server.hostname = "mail.example.com".to_owned();
        settings.listen.smtp = vec!["127.0.0.1:2525".to_owned()];
        let file = commented_file(&settings);
        assert_eq!(toml::from_str::<Settings>(&file).unwrap(), settings);
        assert!(file.contains("\n#node = 0\n"), "{file}");
    }

    #[test]
    fn the_manuals_page_is_up_to_date() {
        let page = include_str!("../../../../docs/settings.md");
        assert!(page == reference(), "run: tradewind config reference > docs/settings.md");
    }

    #[test]
    fn every_setting_is_in_the_reference_with_its_doc() {
        let page = reference();
        for section in schema() {
            assert!(page.contains(&format!("## [{}]", section.name)));
            for field in section.fields {
                assert!(page.contains(&format!("`{}`, default", field.name)) && field.doc.len() > 10, "{}", field.name);
            }
        }
    }
}
