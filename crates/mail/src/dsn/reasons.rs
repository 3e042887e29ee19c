//! Why delivery failed, in plain words: by enhanced status code (RFC 3463; RFC 7372, RFC 7505, RFC 8689 and others in the
//! same registry), in English and Chinese.

use super::Status;

/// One reason: what happened and what the sender can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

/// The reason behind a status code: that of the code, else of its subject, else a general one.
#[must_use]
pub fn reason(status: Status) -> Reason {
    let of = |detail: u16| {
        REASONS
            .iter()
            .find(|(subject, found, _)| *subject == status.subject && *found == detail)
            .map(|(.., reason)| *reason)
    };
    of(status.detail).or_else(|| of(0)).unwrap_or(UNKNOWN)
}

const UNKNOWN: Reason = Reason {
    en: "The receiving server refused the message without a usable reason. Its own words are below.",
    zh: "对方服务器拒收了邮件，未说明可用的原因，其原话见下。",
};

/// The administrator's rule for the partner asks for encryption from end to end.
pub const NOT_ENCRYPTED: Reason = says(
    "Mail to this partner must be encrypted from end to end (OpenPGP or S/MIME), and this message is not. It was not sent. Encrypt the whole message and send it again, or ask your administrator about the rule.",
    "发往该合作伙伴的邮件必须端到端加密（OpenPGP 或 S/MIME），而此邮件未加密，因此未发送。请加密整封邮件后重发，或向管理员咨询此规则。",
);

/// The rule for the partner asks for the portal, or for encryption.
pub const NOT_BY_PORTAL: Reason = says(
    "Mail to this partner must go by the portal or be encrypted from end to end, and this message is neither. It was not sent. Send it in the webmail with Protection set to Portal, or encrypt the whole message and send it again.",
    "发往该合作伙伴的邮件必须通过门户发送或端到端加密，而此邮件两者皆非，因此未发送。请在网页邮箱中将“保护方式”设为“门户”后发送，或加密整封邮件后重发。",
);

/// The rule for the partner asks for encryption by the author, and nothing else counts.
pub const NOT_END_TO_END: Reason = says(
    "Mail to this partner must be encrypted by you yourself, in the webmail (Protection: End to end) or in your own mail program, and this message is not. It was not sent. Encrypt the whole message and send it again.",
    "发往该合作伙伴的邮件必须由您本人加密（在网页邮箱中将“保护方式”设为“端到端”，或使用您自己的邮件程序），而此邮件未加密，因此未发送。请加密整封邮件后重发。",
);

const fn says(en: &'static str, zh: &'static str) -> Reason {
    Reason { en, zh }
}

/// Subject, detail (0 is any other), reason.
#[rustfmt::skip]
const REASONS: [(u16, u16, Reason); 41] = [
    (1, 0, says(
        "Something is wrong with the address. Check its spelling.",
        "收件地址有误，请检查拼写。")),
    (1, 1, says(
        "The mailbox does not exist. Check the part before the @, or ask the recipient for the current address.",
        "收件邮箱不存在。请检查 @ 之前的部分，或向收件人询问现用地址。")),
    (1, 2, says(
        "The domain does not exist or takes no mail. Check the part after the @.",
        "收件域名不存在或不接收邮件。请检查 @ 之后的部分。")),
    (1, 3, says(
        "The address is not written correctly.",
        "收件地址格式不正确。")),
    (1, 4, says(
        "The address fits more than one mailbox. Ask the recipient for the full address.",
        "该地址对应多个邮箱，请向收件人询问完整地址。")),
    (1, 6, says(
        "The mailbox has moved and left no forwarding address.",
        "收件邮箱已迁移，且未留下转发地址。")),
    (1, 7, says(
        "The receiving server does not accept your address as a sender.",
        "对方服务器不接受您的发件地址。")),
    (1, 8, says(
        "The receiving server could not find your domain. Ask your administrator to check its DNS records.",
        "对方服务器查不到您的域名，请联系管理员检查域名的 DNS 记录。")),
    (1, 10, says(
        "The domain says that it takes no mail at all.",
        "收件域名已声明不接收任何邮件。")),
    (2, 0, says(
        "There is a problem with the recipient's mailbox.",
        "收件人的邮箱出现问题。")),
    (2, 1, says(
        "The mailbox is disabled and takes no mail.",
        "收件邮箱已停用，不接收邮件。")),
    (2, 2, says(
        "The mailbox is full. Reach the recipient in another way or send again later.",
        "收件邮箱已满。请用其他方式联系收件人，或稍后重发。")),
    (2, 3, says(
        "The message is bigger than this mailbox allows. Send large files in another way.",
        "邮件超过该邮箱允许的大小，请用其他方式发送大文件。")),
    (2, 4, says(
        "The mailing list could not be resolved to its members.",
        "邮件列表无法展开为成员。")),
    (3, 0, says(
        "There is a problem with the receiving server.",
        "对方服务器出现问题。")),
    (3, 1, says(
        "The receiving server has no space left.",
        "对方服务器存储空间不足。")),
    (3, 2, says(
        "The receiving server takes no mail at the moment.",
        "对方服务器暂不接收邮件。")),
    (3, 4, says(
        "The message is too big for the receiving server. Send large files in another way.",
        "邮件过大，对方服务器不接收。请用其他方式发送大文件。")),
    (4, 0, says(
        "The network or the way to the receiving server has a problem.",
        "网络或通往对方服务器的线路出现问题。")),
    (4, 1, says(
        "The receiving server cannot be reached.",
        "无法连接对方服务器。")),
    (4, 2, says(
        "The connection to the receiving server broke.",
        "与对方服务器的连接中断。")),
    (4, 3, says(
        "The DNS of the recipient's domain does not answer.",
        "收件域名的 DNS 没有应答。")),
    (4, 4, says(
        "No server is known that takes mail for the recipient's domain.",
        "找不到为收件域名接收邮件的服务器。")),
    (4, 5, says(
        "The receiving server is overloaded.",
        "对方服务器负载过高。")),
    (4, 6, says(
        "The message went round in circles. An administrator must correct the forwarding.",
        "邮件在服务器之间循环转发，需由管理员修正转发设置。")),
    (4, 7, says(
        "The receiving server did not take the message in the time allowed for trying.",
        "在允许的重试时间内，对方服务器始终未能接收邮件。")),
    (5, 0, says(
        "The two servers did not understand each other.",
        "两台服务器之间的通信出错。")),
    (5, 3, says(
        "The message has too many recipients. Send it to fewer at a time.",
        "收件人过多，请分批发送。")),
    (6, 0, says(
        "The receiving server cannot take this kind of content.",
        "对方服务器不接受此类邮件内容。")),
    (6, 7, says(
        "The receiving server does not support addresses with other than English letters. Use an address in English letters.",
        "对方服务器不支持非英文字符的邮箱地址，请改用英文地址。")),
    (6, 9, says(
        "The message has a header in other than English letters, which the receiving server does not support.",
        "邮件头含有非英文字符，对方服务器不支持。")),
    (7, 0, says(
        "The receiving server refused the message by its rules, as spam or for its content.",
        "对方服务器按其规则拒收了邮件，可能判为垃圾邮件或因内容受限。")),
    (7, 2, says(
        "You may not send to this mailing list.",
        "您无权向该邮件列表发送邮件。")),
    (7, 10, says(
        "The recipient's server cannot be reached securely: it offers no encryption, or cannot prove that it is the right one. The message is never sent unencrypted. Tell the recipient to have the server mended, or your administrator; if it is urgent, send it by the portal (in the webmail, under Protection) or reach the recipient in another way.",
        "无法安全连接收件人的服务器：对方未提供加密，或无法证明其身份。邮件绝不会以未加密方式发送。请告知收件人修复其服务器，或联系您的管理员；如情况紧急，请使用网页邮箱的“保护方式：门户”发送，或通过其他方式联系收件人。")),
    (7, 20, says(
        "The receiving server could not verify the signature (DKIM) of your domain. Tell your administrator.",
        "对方服务器无法验证您域名的签名（DKIM），请告知管理员。")),
    (7, 23, says(
        "The receiving server does not accept our server for your domain (SPF). Tell your administrator.",
        "对方服务器认为本服务器无权代表您的域名发信（SPF），请告知管理员。")),
    (7, 25, says(
        "The reverse DNS record of our server is missing or wrong. Tell your administrator.",
        "本服务器的反向 DNS 记录缺失或有误，请告知管理员。")),
    (7, 26, says(
        "The receiving server could not verify that the message is from your domain (SPF, DKIM, DMARC). Tell your administrator.",
        "对方服务器无法确认邮件来自您的域名（SPF、DKIM、DMARC），请告知管理员。")),
    (7, 27, says(
        "Your domain says that it takes no mail, so its mail is refused. Tell your administrator.",
        "您的域名声明不接收邮件，因此其邮件被拒收，请告知管理员。")),
    (7, 28, says(
        "The receiving server saw too many messages in a short time.",
        "对方服务器认为短时间内邮件过多。")),
    (7, 30, says(
        "You asked for encryption all the way, and the receiving server cannot promise it.",
        "您要求全程加密，而对方服务器无法保证。")),
];
