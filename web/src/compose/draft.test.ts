import { expect, test } from "vitest";
import type { Identity, Message } from "../jmap/types";
import type { MailStore } from "../store/store";
import { BadAddress, parseAddresses, showAddresses } from "./addresses";
import { emailOf, emptyDraft, forwardDraft, recipients, replyDraft, savedDraft } from "./draft";

const identity = { id: "i1", name: "Li Na", email: "li@trade.test", replyTo: null, textSignature: "", htmlSignature: "" } as Identity;
const message = {
  id: "m1", from: [{ name: "Anna", email: "anna@partner.test" }], replyTo: null, subject: "Order 7",
  to: [{ name: null, email: "LI@trade.test" }, { name: null, email: "bo@trade.test" }], cc: [{ name: null, email: "anna@partner.test" }],
  messageId: ["b@partner.test"], references: ["a@partner.test"], attachments: [],
  htmlBody: [{ partId: "1", type: "text/html" }],
  bodyValues: { 1: { value: "<p>Hello<script>alert(1)</script></p><img src=https://t.test/x onerror=alert(1)>" } },
} as unknown as Message;
const store = { accountId: "a", client: { downloadUrl: (_: string, blob: string) => `/file/${blob}` } } as unknown as MailStore;
const words = { wrote: (name: string, date: string) => `${date} ${name}:`, forwarded: "Forwarded" };

test.each([
  ["", []],
  ["a@b.test", [{ name: null, email: "a@b.test" }]],
  ['Anna <a@b.test>; "Müller, Jo" <jo@b.test>,', [{ name: "Anna", email: "a@b.test" }, { name: "Müller, Jo", email: "jo@b.test" }]],
  ["张三 <zhang@例子.test>\uFF0Cb@c.test", [{ name: "张三", email: "zhang@例子.test" }, { name: null, email: "b@c.test" }]],
])("%s", (text, wanted) => {
  expect(parseAddresses(text)).toEqual(wanted);
  expect(parseAddresses(showAddresses(wanted))).toEqual(wanted);
});

test.each(["anna", "a@b", "a b@c.test", "<>", "a@b.test c@d.test", "a@@b.test"])("%s is no address", (text) => {
  expect(() => parseAddresses(text)).toThrow(BadAddress);
});

test("an answer goes to its sender, and to all but ourselves", () => {
  const emails = (all: boolean) => {
    const { to, cc } = recipients(message, [identity], all);
    return [to.map(({ email }) => email), cc.map(({ email }) => email)];
  };
  expect(emails(false)).toEqual([["anna@partner.test"], []]);
  expect(emails(true)).toEqual([["anna@partner.test"], ["bo@trade.test"]]);
  expect(recipients({ ...message, replyTo: [{ name: null, email: "desk@partner.test" }] }, [identity], false).to[0]?.email).toBe("desk@partner.test");
});

test("an answer belongs to its conversation and holds nothing that runs or loads", () => {
  const draft = replyDraft(message, identity, [identity], false, "1 May", words, store);
  expect(draft).toMatchObject({ subject: "Re: Order 7", inReplyTo: ["b@partner.test"], references: ["a@partner.test", "b@partner.test"], to: "Anna <anna@partner.test>" });
  expect(draft.html).toContain("<blockquote><p>Hello</p></blockquote>");
  expect(replyDraft({ ...message, subject: "回复：订单" }, identity, [identity], false, "", words, store).subject).toBe("回复：订单");
  expect(forwardDraft(message, identity, "1 May", words, store).html).not.toMatch(/script|onerror|t\.test/);
});

test("a draft becomes a message of two alternatives and its files", () => {
  const draft = { ...emptyDraft(identity), to: "anna@partner.test", subject: "Hi", html: "<p>Hi</p>", text: "Hi", files: [
    { key: "1", name: "a.pdf", type: "application/pdf", size: 3, blobId: "b1" },
    { key: "2", name: "under-way.pdf", type: "application/pdf", size: 3 },
  ] };
  expect(emailOf(draft, identity, "drafts")).toMatchObject({
    mailboxIds: { drafts: true }, keywords: { $draft: true, $seen: true },
    from: [{ name: "Li Na", email: "li@trade.test" }], to: [{ name: null, email: "anna@partner.test" }],
    attachments: [{ blobId: "b1", name: "a.pdf", type: "application/pdf", disposition: "attachment" }],
  });
});

test.each(['src="cid:a@b"', 'data-cid="a@b"'])("tables and pictures (%s) of what is answered stay, and go out with the answer", (source) => {
  const html = `<table border="1"><tr><td>10 pcs</td></tr></table><img ${source}><img src="https://t.test/y">`;
  const pictured = {
    ...message, keywords: {}, bodyValues: { 1: { value: html } },
    attachments: [
      { blobId: "b1", cid: "a@b", type: "image/png", name: "a.png", size: 3 },
      { blobId: "b2", cid: null, type: "application/pdf", name: "b.pdf", size: 4 },
    ],
  } as unknown as Message;
  const draft = replyDraft(pictured, identity, [identity], false, "", words, store);
  expect(draft.html).toContain('<img src="/file/b1" data-cid="a@b">');
  expect(draft.html).toContain("<td>10 pcs</td>");
  expect(draft.html).not.toContain("t.test");
  expect(draft.files.map(({ blobId }) => blobId)).toEqual(["b1"]);
  const email = emailOf(draft, identity, "drafts") as { attachments: object[]; bodyValues: { html: { value: string } } };
  expect(email.bodyValues.html.value).toContain('<img src="cid:a@b">');
  expect(email.attachments).toEqual([{ blobId: "b1", name: "a.png", type: "image/png", disposition: "inline", cid: "a@b" }]);
  // Taken out of the text, it does not go along.
  expect(emailOf({ ...draft, html: "<p>x</p>" }, identity, "drafts")).not.toHaveProperty("attachments");
});

test("a receipt and a reminder are part of the draft", () => {
  const draft = { ...emptyDraft(identity), receipt: true, wait: 3 };
  const email = emailOf(draft, identity, "drafts");
  expect(email.keywords).toEqual({ $draft: true, $seen: true, "$followup-3": true });
  expect(email["header:Disposition-Notification-To:asAddresses"]).toEqual([{ name: null, email: "li@trade.test" }]);
  const again = savedDraft({ ...message, ...email, bodyValues: {}, htmlBody: [], attachments: [] } as unknown as Message, identity, store);
  expect([again.receipt, again.wait]).toEqual([true, 3]);
});
