//! What names of files say, and what they hide.

use crate::report::Kind;

/// Extensions that a double click runs.
const RUNS: [&str; 34] = [
    "exe",
    "scr",
    "com",
    "pif",
    "msi",
    "dll",
    "cpl",
    "jar",
    "apk",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "hta",
    "bat",
    "cmd",
    "ps1",
    "reg",
    "chm",
    "lnk",
    "url",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "html",
    "htm",
    "svg",
    "xll",
    "msix",
    "appref-ms",
    "library-ms",
];

/// Extensions that look harmless.
const LOOKS_HARMLESS: [&str; 20] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "odt", "ods", "jpg", "jpeg", "png", "gif", "txt", "csv",
    "mp3", "mp4", "wav", "tif",
];

/// The last extension in lowercase, without its dot.
pub(crate) fn extension(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !is_direction_mark(*c)).collect();
    shown.trim_end_matches(['.', ' ']).rsplit_once('.').map_or_else(String::new, |(_, end)| end.trim().to_lowercase())
}

/// Whether a name hides its last extension: two extensions of which the last runs, or characters that turn the direction of writing.
#[must_use]
pub fn is_deceptive(name: &str) -> bool {
    if name.chars().any(is_direction_mark) {
        return true;
    }
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(['.', ' ']);
    let Some((rest, last)) = name.rsplit_once('.') else { return false };
    let Some((stem, before)) = rest.trim_end().rsplit_once('.') else { return false };
    // "report.pdf       .exe" is shown without its end where there is no room for it.
    let among = |known: &[&str], end: &str| known.iter().any(|one| end.trim().eq_ignore_ascii_case(one));
    !stem.is_empty() && among(&RUNS, last) && among(&LOOKS_HARMLESS, before)
}

/// Whether unpacking under this name writes outside of the directory: an absolute path, or one that climbs.
pub(crate) fn escapes(name: &str) -> bool {
    let is_drive = name.get(1..3).is_some_and(|at| at == ":\\" || at == ":/");
    is_drive || name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..")
}

/// What a name says that a file is.
pub(crate) fn kind_by_name(name: &str) -> Kind {
    match extension(name).as_str() {
        "exe" | "scr" | "com" | "pif" | "msi" | "dll" | "cpl" | "jar" | "apk" | "xll" | "msix" | "deb" | "rpm"
        | "sys" => Kind::Program,
        "js" | "jse" | "vbs" | "vbe" | "wsf" | "wsh" | "hta" | "bat" | "cmd" | "ps1" | "sh" | "reg" | "chm" | "py"
        | "sct" | "scf" | "inf" => Kind::Script,
        "lnk" | "url" | "website" | "webloc" | "desktop" | "appref-ms" | "library-ms" | "search-ms" => Kind::Shortcut,
        "iso" | "img" | "vhd" | "vhdx" | "dmg" | "udf" => Kind::DiskImage,
        "zip" => Kind::Zip,
        "7z" => Kind::SevenZip,
        "rar" | "r00" | "r01" => Kind::Rar,
        "tar" => Kind::Tar,
        "gz" | "tgz" | "xz" | "txz" | "bz2" | "zst" | "z" | "lzma" => Kind::Compressed,
        "cab" => Kind::Cabinet,
        "ace" | "arj" | "lzh" | "lha" | "zoo" | "uue" | "uu" => Kind::OtherArchive,
        "docx" | "docm" | "dotx" | "dotm" | "xlsx" | "xlsm" | "xltx" | "xltm" | "xlsb" | "xlam" | "pptx" | "pptm"
        | "ppsx" | "ppsm" | "potx" | "potm" | "ppam" | "odt" | "ods" | "odp" | "odg" => Kind::Office,
        "doc" | "dot" | "xls" | "xlt" | "xla" | "ppt" | "pps" | "pot" | "pub" | "vsd" => Kind::OldOffice,
        "msg" => Kind::OutlookMessage,
        "one" | "onepkg" => Kind::Notebook,
        "pdf" => Kind::Pdf,
        "rtf" => Kind::Rtf,
        "htm" | "html" | "shtml" | "xhtml" | "xht" | "mht" | "mhtml" => Kind::Html,
        "svg" | "svgz" => Kind::Svg,
        "png" | "jpg" | "jpeg" | "jfif" | "gif" | "bmp" | "tif" | "tiff" | "webp" | "ico" | "heic" => Kind::Picture,
        "eml" => Kind::Message,
        "ics" | "ical" | "ifb" => Kind::Calendar,
        "txt" | "csv" | "log" | "vcf" | "asc" | "sig" | "md" | "json" | "xml" | "tsv" | "p7s" => Kind::Text,
        _ => Kind::Other,
    }
}

const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hide_their_end() {
        for name in
            ["invoice.pdf.exe", "a/b/invoice\u{202e}fdp.exe", "scan.pdf          .lnk", "a.xlsx .html", "x.DOCX.Js"]
        {
            assert!(is_deceptive(name), "{name}");
        }
        for name in ["archive.tar.gz", "v1.2.pdf", "pdf.html", "a.pdf", ".pdf.exe", "jquery.min.js", ""] {
            assert!(!is_deceptive(name), "{name}");
        }
    }

    #[test]
    fn names_that_lead_out() {
        assert!(escapes("../../etc/passwd") && escapes("a\\..\\..\\b") && escapes("/etc/x") && escapes("C:\\x"));
        assert!(!escapes("a/b..c/d") && !escapes("..."));
    }

    #[test]
    fn kinds_by_name() {
        assert_eq!(kind_by_name("dir/Invoice.PDF "), Kind::Pdf);
        assert_eq!(kind_by_name("a\u{202e}fdp.scr"), Kind::Program);
        assert_eq!(kind_by_name("no extension"), Kind::Other);
    }
}
