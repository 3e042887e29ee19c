// The objects of JMAP (RFC 8620, RFC 8621) as far as the application uses them.

import type { Answer as DirectoryAnswer } from "../endtoend/directory";
import type { KeyObject } from "../endtoend/own-key";

export type Id = string;
export type State = string;

export const CORE = "urn:ietf:params:jmap:core";
export const MAIL = "urn:ietf:params:jmap:mail";
/** Of our own (docs/jmap.md). */
export const VERDICT = "urn:tradewind:params:jmap:verdict";
/** Of our own (docs/jmap.md). */
export const BODY = "urn:tradewind:params:jmap:body";
export const SUBMISSION = "urn:ietf:params:jmap:submission";

/** RFC 9610. */
export const CONTACTS = "urn:ietf:params:jmap:contacts";

export const VACATION = "urn:ietf:params:jmap:vacationresponse";
/** Of our own (docs/jmap.md). */
export const RULES = "urn:tradewind:params:jmap:rules";

/** RFC 9007. */
export const MDN = "urn:ietf:params:jmap:mdn";
/** Of our own (docs/jmap.md). */
export const LABELS = "urn:tradewind:params:jmap:labels";

/** Of our own (docs/jmap.md): keys of OpenPGP. */
export const KEYS = "urn:tradewind:params:jmap:keys";

/** Of our own (docs/jmap.md): what protects mail. */
export const OUTBOUND = "urn:tradewind:params:jmap:outbound";
export const PROTECTION = "urn:tradewind:params:jmap:protection";

/** What an account may have of labels. */
export interface LabelsCapability {
  maxLabels: number;
  /** Octets. */
  maxSizeLabelName: number;
  colors: string[];
}

export interface CoreCapability {
  maxSizeUpload: number;
  maxConcurrentUpload: number;
  maxCallsInRequest: number;
  maxObjectsInGet: number;
  maxObjectsInSet: number;
}

/** RFC 8621 section 1.3.1. */
export interface MailCapability {
  /** Octets. */
  maxSizeMailboxName: number;
  mayCreateTopLevelMailbox: boolean;
}

export interface SubmissionCapability {
  /** Seconds that the server holds a message back at most; 0 if it holds none. */
  maxDelayedSend: number;
}

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: Record<string, unknown>;
}

/** RFC 8620 section 2. */
export interface Session {
  capabilities: Record<string, unknown>;
  accounts: Record<Id, Account>;
  primaryAccounts: Record<string, Id>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: State;
}

export type Role = "inbox" | "drafts" | "sent" | "archive" | "junk" | "trash" | "important" | "all" | "flagged";

export interface MailboxRights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
  /** Whether `shareWith` may be changed. */
  mayShare?: boolean;
}

/** Rights that somebody else has. */
export type Rights = Partial<MailboxRights>;

/** RFC 9670 section 2. */
export interface Principal {
  id: Id;
  name: string;
  email: string | null;
}

/** RFC 9670 section 3. */
export interface ShareNotification {
  id: Id;
  created: string;
  changedBy: { name: string; email: string | null; principalId: Id | null };
  objectAccountId: Id;
  objectId: Id;
  oldRights: Rights | null;
  newRights: Rights | null;
  name: string;
}

/** RFC 8621 section 2. */
export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: MailboxRights;
  isSubscribed: boolean;
  /** Who else has which rights; told to the owner (RFC 9670 section 4). */
  shareWith?: Record<Id, Rights> | null;
}

export interface Address {
  name: string | null;
  email: string;
}

/** What a row of a list shows of a message (RFC 8621 section 4.1). */
export interface Summary {
  id: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Record<string, true>;
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  receivedAt: string;
  preview: string;
  hasAttachment: boolean;
  size: number;
}

/** RFC 8621 section 4.1.4. */
export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
  /** Tags (RFC 5646) of Content-Language; there where it was asked for. */
  language?: string[] | null;
}

export interface BodyValue {
  /** Plain text as it is; HTML as the server sanitised it. */
  value: string;
  /** Things that would have been loaded from elsewhere. */
  remote?: number;
  isEncodingProblem?: boolean;
  isTruncated?: boolean;
}

/** The label of a message, for rules on what may be sent, as a property. */
export const LABEL = "header:X-Tradewind-Classification:asText";
/** Who is asked to confirm that it was read (RFC 8098 section 2.1), as a property. */
export const RECEIPT = "header:Disposition-Notification-To:asAddresses";

/** A message as it is read. */
export interface Message extends Summary {
  cc: Address[] | null;
  bcc: Address[] | null;
  replyTo: Address[] | null;
  sentAt: string | null;
  messageId: string[] | null;
  references: string[] | null;
  textBody: BodyPart[];
  htmlBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, BodyValue>;
  [RECEIPT]?: Address[] | null;
  [LABEL]?: string | null;
}

export interface Thread {
  id: Id;
  emailIds: Id[];
}

/** What was found of a message when it came from outside (docs/jmap.md). */
export interface Verdict {
  id: Id;
  judgedAt: string;
  action: "deliver" | "warn" | "junk" | "quarantine" | "hold" | "refuse";
  probabilityUnwanted: number;
  /** The heaviest first; each a sentence in the reader's language. */
  findings: { id: string; text: string; weight: number; marks?: Mark[] }[];
}

/** Who wrote a message, as far as something stands behind it (docs/jmap.md). */
export interface EmailSender {
  id: Id;
  address: string | null;
  domain: string | null;
  isVerified: boolean | null;
  relation: "colleague" | "unproven" | "partner" | "seen" | "first" | null;
  partner: string | null;
  since: string | null;
  received: number;
  sent: number;
  looksLike: string | null;
  /** Its case for finance. */
  case: string | null;
}

/** What will protect a message to a recipient (docs/jmap.md). */
export interface RecipientProtection {
  /** The address. */
  id: string;
  protection: "here" | "end-to-end" | "smime" | "smime-gm" | "openpgp" | "portal" | "verified-tls" | "opportunistic-tls" | "none" | "kept-back";
  isSigned: boolean;
  connection: {
    voucher: "rule" | "dane" | "mta-sts" | "requiretls" | null;
    basis: "rule" | "policy" | "last-delivery" | "unknown";
    lastAt: string | null;
    lastTls: string | null;
    lastVerified: boolean | null;
  } | null;
  hindrance: "no-own-key" | "no-recipient-key" | "no-directory-key" | "not-protected" | "no-verified-tls" | null;
  /** It would be kept until what is missing is there. */
  waits: boolean;
  demands: string[][];
  offers: ("usual" | "end-to-end" | "portal")[];
  /** A colleague with a key of their own, in a company that wants mail between colleagues end to end. */
  isEndToEndByDefault: boolean;
}

/** What rules for outbound mail say of a draft (docs/jmap.md). */
export interface OutboundCheck {
  decision: "go" | "warn" | "justify" | "block";
  /** Why it would not be taken as it is; null if it would. */
  refusal: string | null;
  rules: { name: string; actions: string[]; found: { what: string; place: string | null; text: string }[] }[];
  /** Who must allow it. */
  approvals: { rule: string; people: string[] }[];
  demands: string[][];
}

/** What was found of a message when it came (docs/jmap.md). */
export interface MessageProtection {
  id: Id;
  signatures: {
    kind: "smime" | "openpgp";
    result: "pass" | "fail" | "policy" | "permerror" | "temperror" | "none" | "neutral";
    reason: string | null;
    address: string | null;
    serial: string | null;
    fingerprint: string | null;
    signer: string | null;
    issuer: string | null;
    validUntil: string | null;
    revocation: "checked" | "unchecked" | null;
    fromMatches: boolean | null;
  }[];
  smimeStatusAtDelivery: string | null;
  encryption: {
    kind: "smime" | "openpgp";
    isOpened: boolean;
    cipher: string | null;
    trouble: string | null;
    mayBeAltered: boolean;
    hasOtherAuthor: boolean;
    differing: string[];
  } | null;
  /** The connection that brought it; nothing if it came by none. */
  connection: { tls: string | null; cipher: string | null } | null;
}

/** Where in a message that stands which a finding is about. */
export interface Mark {
  kind: "account" | "link" | "words" | "address";
  text: string;
  partId?: string;
  url?: string;
}

/** The parts of a message that are shown, fit for it (docs/jmap.md). */
export interface EmailBody {
  id: Id;
  parts: (BodyValue & { partId: string; type: string })[];
}

/** RFC 8621 section 6. */
export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: Address[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

export type Condition = Record<string, string | number | boolean | string[]>;
export type Filter = Condition | { operator: "AND" | "OR" | "NOT"; conditions: Filter[] };

export interface Comparator {
  property: string;
  isAscending?: boolean;
}

/** An argument or where in an earlier answer it is found (RFC 8620 section 3.7). */
export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

interface Of {
  accountId: Id;
}

export interface GetArguments extends Of {
  ids?: Id[] | null;
  "#ids"?: ResultReference;
  properties?: string[];
  fetchTextBodyValues?: boolean;
  fetchHTMLBodyValues?: boolean;
  maxBodyValueBytes?: number;
  bodyProperties?: string[];
}

export interface GetAnswer<T> extends Of {
  state: State;
  list: T[];
  notFound: Id[];
}

export interface ChangesAnswer extends Of {
  oldState: State;
  newState: State;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
}

export interface QueryArguments extends Of {
  filter?: Filter;
  sort?: Comparator[];
  collapseThreads?: boolean;
  position?: number;
  limit?: number;
  calculateTotal?: boolean;
}

export interface QueryAnswer extends Of {
  queryState: State;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

export interface QueryChangesArguments extends Of {
  filter?: Filter;
  sort?: Comparator[];
  collapseThreads?: boolean;
  sinceQueryState: State;
  upToId?: Id;
  calculateTotal?: boolean;
}

export interface QueryChangesAnswer extends Of {
  oldQueryState: State;
  newQueryState: State;
  total?: number;
  removed: Id[];
  added: { id: Id; index: number }[];
}

export interface SetArguments extends Of {
  ifInState?: State;
  create?: Record<Id, Record<string, unknown>>;
  update?: Record<Id, Record<string, unknown>>;
  destroy?: Id[];
  onSuccessUpdateEmail?: Record<Id, Record<string, unknown>>;
  onSuccessDestroyEmail?: Id[];
}

export interface SetError {
  type: string;
  description?: string | null;
  properties?: string[];
  /** Seconds: a strong factor has to be shown that is not older. */
  maxAge?: number;
}

export interface SetAnswer extends Of {
  oldState: State | null;
  newState: State;
  created?: Record<Id, Record<string, unknown> & { id: Id }> | null;
  updated?: Record<Id, unknown> | null;
  destroyed?: Id[] | null;
  notCreated?: Record<Id, SetError> | null;
  notUpdated?: Record<Id, SetError> | null;
  notDestroyed?: Record<Id, SetError> | null;
}

interface ChangesArguments extends Of {
  sinceState: State;
  maxChanges?: number;
}

/** RFC 8621 section 8. */
export interface VacationResponse {
  id: Id;
  isEnabled: boolean;
  fromDate: string | null;
  toDate: string | null;
  subject: string | null;
  textBody: string | null;
  htmlBody: string | null;
}

/** Rules that people click together (docs/jmap.md). */
export interface Rules {
  id: Id;
  rules: import("../rules/rule").Rule[];
  isActive: boolean;
  handWrittenScriptId: Id | null;
}

/** RFC 9610 section 2. */
export interface AddressBook {
  id: Id;
  name: string;
  isDefault: boolean;
}

/** A keyword with a name and a colour (docs/jmap.md). */
export interface Label {
  id: Id;
  name: string;
  color: string;
  sortOrder: number;
  /** What messages with the label have. */
  keyword: string;
}

/** What the organisation knows of the keys of somebody elsewhere (docs/jmap.md). */
export interface CorrespondentKey {
  /** The address. */
  id: string;
  keys: { fingerprint: string; certificate: string }[];
  currentFingerprint: string | null;
}

/** RFC 9007 section 2.1. */
export interface Receipts extends Of {
  identityId: Id;
  send: Record<string, { forEmailId: Id; disposition: { actionMode: string; sendingMode: string; type: string } }>;
}

/** Each method with what it takes and what it gives. */
export interface Methods {
  "Mailbox/get": [GetArguments, GetAnswer<Mailbox>];
  "Mailbox/changes": [ChangesArguments, ChangesAnswer];
  "Mailbox/set": [SetArguments, SetAnswer];
  "Thread/get": [GetArguments, GetAnswer<Thread>];
  "Thread/changes": [ChangesArguments, ChangesAnswer];
  "Email/get": [GetArguments, GetAnswer<Message>];
  "Email/changes": [ChangesArguments, ChangesAnswer];
  "Email/query": [QueryArguments, QueryAnswer];
  "Email/queryChanges": [QueryChangesArguments, QueryChangesAnswer];
  "Email/set": [SetArguments, SetAnswer];
  "RecipientProtection/get": [{ accountId: Id; ids: string[]; from?: string; intent?: string; requireTls?: boolean }, { list: RecipientProtection[]; notFound: string[] }];
  "OutboundCheck/get": [{ accountId: Id; emailId: Id; rcptTo: string[]; language?: string }, OutboundCheck];
  "MessageProtection/get": [GetArguments, { list: MessageProtection[]; notFound: Id[] }];
  "EmailSender/get": [GetArguments, { list: EmailSender[]; notFound: Id[] }];
  "EmailBody/get": [GetArguments, { list: EmailBody[]; notFound: Id[] }];
  "Email/import": [{ accountId: Id; emails: Record<string, object> }, SetAnswer];
  "Verdict/get": [GetArguments, { list: Verdict[]; notFound: Id[] }];
  "Identity/get": [GetArguments, GetAnswer<Identity>];
  "Identity/set": [SetArguments, SetAnswer];
  "Blob/copy": [{ fromAccountId: Id; accountId: Id; blobIds: Id[] }, { copied: Record<Id, Id> | null; notCopied: Record<Id, SetError> | null }];
  "EmailSubmission/set": [SetArguments, SetAnswer];
  "VacationResponse/get": [GetArguments, GetAnswer<VacationResponse>];
  "VacationResponse/set": [SetArguments, SetAnswer];
  "Rules/get": [GetArguments, GetAnswer<Rules>];
  "Rules/set": [SetArguments, SetAnswer];
  "MDN/send": [Receipts, Of & { sent: Record<string, unknown> | null; notSent: Record<string, SetError> | null }];
  "CryptoKey/get": [GetArguments, GetAnswer<KeyObject>];
  "CryptoKey/set": [SetArguments, SetAnswer];
  "KeyStatements/get": [GetArguments, GetAnswer<{ id: Id; content: string | null }>];
  "KeyStatements/set": [SetArguments, SetAnswer];
  "CorrespondentKey/get": [{ accountId: Id; ids: string[] }, { list: CorrespondentKey[]; notFound: string[] }];
  "DirectoryKey/get": [{ accountId: Id; ids: string[]; knownSize?: number }, DirectoryAnswer];
  "Label/get": [GetArguments, GetAnswer<Label>];
  "Label/changes": [ChangesArguments, ChangesAnswer];
  "Label/set": [SetArguments, SetAnswer];
  "AddressBook/get": [GetArguments, GetAnswer<AddressBook>];
  "ContactCard/query": [QueryArguments, QueryAnswer];
  "ContactCard/get": [GetArguments, GetAnswer<import("../contacts/card").Card>];
  "ContactCard/set": [SetArguments, SetAnswer];
  "Principal/query": [QueryArguments, QueryAnswer];
  "Principal/get": [GetArguments, GetAnswer<Principal>];
  "ShareNotification/query": [QueryArguments, QueryAnswer];
  "ShareNotification/get": [GetArguments, GetAnswer<ShareNotification>];
  "ShareNotification/set": [SetArguments, SetAnswer];
}

export type Method = keyof Methods;
