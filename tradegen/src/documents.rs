//! Invoices and the like as files: PDF in several forms, DOCX, XLSX.

mod font;
mod office;
mod pdf;

use crate::chance::Chance;

/// A form of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pdf,
    Docx,
    Xlsx,
}

/// What a document says, independent of its form.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// Lines above the table: parties, numbers, dates.
    pub(crate) head: Vec<String>,
    /// Goods, quantities, amounts.
    pub(crate) table: Vec<Vec<String>>,
    /// Bank details: word and value.
    pub(crate) bank: Vec<(String, String)>,
    /// Lines at the end.
    pub(crate) foot: Vec<String>,
}

/// A file as it is attached.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) octets: Vec<u8>,
}

impl Sheet {
    /// The document as a file of a form.
    pub(crate) fn file(&self, name: &str, form: Form, language: &str, chance: &mut Chance) -> Result<File, String> {
        let (extension, media_type, octets) = match form {
            Form::Pdf => ("pdf", "application/pdf", pdf::write(self, language, chance)?),
            Form::Docx => (
                "docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                office::docx(self, chance)?,
            ),
            Form::Xlsx => (
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                office::xlsx(self, chance)?,
            ),
        };
        Ok(File { name: format!("{name}.{extension}"), media_type, octets })
    }

    /// All rows in order, each with its cells.
    fn rows(&self) -> Vec<Vec<String>> {
        let single = |lines: &[String]| lines.iter().map(|line| vec![line.clone()]).collect::<Vec<_>>();
        let mut rows = vec![vec![self.title.clone()]];
        rows.extend(single(&self.head));
        rows.push(Vec::new());
        rows.extend(self.table.clone());
        rows.push(Vec::new());
        rows.extend(self.bank.iter().map(|(label, value)| vec![label.clone(), value.clone()]));
        rows.push(Vec::new());
        rows.extend(single(&self.foot));
        rows
    }
}
