//! The language of a text: by its script where that says it, by statistics of letters where not.

use whatlang::{Lang, Script};

/// Letters below which nobody can tell.
const LETTERS_MIN: usize = 16;

/// Octets of text that are looked at.
const SAMPLE_OCTETS: usize = 2000;

/// Code of ISO 639-1 for the language of `text`; none if it is too short or no language that is known here.
pub(crate) fn of(text: &str) -> Option<&'static str> {
    let mut end = text.len().min(SAMPLE_OCTETS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let sample = text.get(..end)?;
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    let wide = sample.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
    if letters < LETTERS_MIN && wide < LETTERS_MIN / 4 {
        return None;
    }
    if sample.is_ascii() && is_plain_english(sample) {
        return Some("en");
    }
    let found = whatlang::detect(sample)?;
    if found.script() == Script::Latin && !found.is_reliable() && letters < 60 {
        return None;
    }
    code(found.lang())
}

/// The most frequent words of English settle most mail without counting letters.
fn is_plain_english(sample: &str) -> bool {
    let (mut words, mut common) = (0_u32, 0_u32);
    for word in sample.split_ascii_whitespace() {
        words += 1;
        let is = |one: &str| word.eq_ignore_ascii_case(one);
        common += u32::from(
            ["the", "and", "to", "of", "is", "you", "for", "your", "this", "that", "with"].into_iter().any(is),
        );
    }
    words >= 12 && common * 8 >= words
}

fn code(language: Lang) -> Option<&'static str> {
    Some(match language {
        Lang::Eng => "en",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ita => "it",
        Lang::Rus => "ru",
        Lang::Ara => "ar",
        Lang::Tur => "tr",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Vie => "vi",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Ukr => "uk",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Ell => "el",
        Lang::Heb => "he",
        Lang::Tha => "th",
        Lang::Ind => "id",
        Lang::Hin => "hi",
        Lang::Pes => "fa",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn tells_languages_of_trade() {
        for (wanted, text) in [
            ("en", "Please find attached our quotation for the goods that you asked for in your last letter."),
            ("zh", "请查收附件中的报价单，如有问题请随时联系我们。"),
            ("es", "Adjuntamos la cotización de los productos que nos solicitaron la semana pasada."),
            ("pt", "Segue em anexo a cotação dos produtos que vocês solicitaram na semana passada."),
            ("de", "Anbei erhalten Sie unser Angebot für die gewünschten Waren mit Lieferung im März."),
            ("ru", "Во вложении наше коммерческое предложение на запрошенные товары."),
            ("ar", "نرفق لكم عرض الأسعار للبضائع المطلوبة في رسالتكم الأخيرة."),
            ("tr", "Geçen hafta istediğiniz ürünler için fiyat teklifimiz ektedir."),
            ("ja", "お問い合わせいただいた商品の見積書を添付いたします。"),
            ("ko", "요청하신 제품의 견적서를 첨부해 드립니다."),
            ("vi", "Chúng tôi gửi kèm báo giá cho các sản phẩm mà quý công ty đã yêu cầu."),
        ] {
            assert_eq!(of(text), Some(wanted), "{text}");
        }
        assert_eq!(of("ok"), None);
    }
}
