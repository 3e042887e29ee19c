// Invitations (iTIP, RFC 5546) in a message: what they ask, and the answer to them.

import ICAL from "ical.js";

/** Octets of a calendar that are read. */
export const CALENDAR_BYTES_MAX = 256 * 1024;
/** Guests that are told of. */
const GUESTS_MAX = 500;

export type Answer = "ACCEPTED" | "TENTATIVE" | "DECLINED";

export interface Guest {
  email: string;
  name: string;
  status: string;
}

export interface Invite {
  method: string;
  uid: string;
  sequence: number;
  summary: string;
  location: string;
  start: Date | undefined;
  end: Date | undefined;
  /** Days without a time; the end is the first day that is not part of it any more. */
  isWholeDay: boolean;
  isRepeated: boolean;
  organiser: Guest | undefined;
  guests: Guest[];
  isCancelled: boolean;
  /** As it came, for the answer (RFC 5546 section 3.2.3). */
  recurrence: ICAL.Property | null;
}

/** An address of a person, which is a URI in calendars. */
function guestOf(property: ICAL.Property): Guest {
  const uri = String(property.getFirstValue() ?? "");
  const text = (name: string) => String(property.getParameter(name) ?? "");
  const email = /^mailto:/i.test(uri) ? decode(uri.slice(7)) : text("email");
  return { email: email.trim(), name: text("cn").trim(), status: text("partstat").toUpperCase() || "NEEDS-ACTION" };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Time zones that the calendar describes. What is called as the world's time stays that. */
function takeZones(calendar: ICAL.Component): void {
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    const name = String(zone.getFirstPropertyValue("tzid") ?? "");
    if (!["", "UTC", "Z", "GMT"].includes(name.toUpperCase())) ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
}

/** The invitation in a text; nothing if it is none that can be read. */
export function readInvite(text: string): Invite | undefined {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
    takeZones(calendar);
    const event = calendar.getFirstSubcomponent("vevent");
    if (!event) return undefined;
    const string = (name: string) => String(event.getFirstPropertyValue(name) ?? "").trim();
    // An answer has no times.
    const { startDate, endDate } = event.hasProperty("dtstart") ? new ICAL.Event(event) : { startDate: undefined, endDate: undefined };
    const organiser = event.getFirstProperty("organizer");
    const method = String(calendar.getFirstPropertyValue("method") ?? "PUBLISH").toUpperCase();
    return {
      method,
      uid: string("uid"),
      sequence: Number(string("sequence")) || 0,
      summary: string("summary"),
      location: string("location"),
      start: startDate?.toJSDate(),
      end: endDate?.toJSDate(),
      isWholeDay: startDate?.isDate ?? false,
      isRepeated: event.hasProperty("rrule") || event.hasProperty("rdate"),
      organiser: organiser ? guestOf(organiser) : undefined,
      guests: event.getAllProperties("attendee").slice(0, GUESTS_MAX).map(guestOf),
      isCancelled: method === "CANCEL" || string("status").toUpperCase() === "CANCELLED",
      recurrence: event.getFirstProperty("recurrence-id"),
    };
  } catch {
    // Whatever it is, it is shown as the file that it is.
    return undefined;
  }
}

/** The answer of a guest (RFC 5546 section 3.2.3). */
export function answerTo(invite: Invite, guest: { email: string; name: string }, answer: Answer, now: Date): string {
  const calendar = new ICAL.Component("vcalendar");
  calendar.addPropertyWithValue("prodid", "-//Tradewind//Webmail//EN");
  calendar.addPropertyWithValue("version", "2.0");
  calendar.addPropertyWithValue("method", "REPLY");
  const event = new ICAL.Component("vevent");
  event.addPropertyWithValue("uid", invite.uid);
  event.addPropertyWithValue("dtstamp", ICAL.Time.fromJSDate(now, true));
  event.addPropertyWithValue("sequence", invite.sequence);
  if (invite.recurrence) event.addProperty(new ICAL.Property(structuredClone(invite.recurrence.toJSON()) as unknown[]));
  if (invite.organiser) event.addPropertyWithValue("organizer", `mailto:${invite.organiser.email}`);
  const attendee = event.addPropertyWithValue("attendee", `mailto:${guest.email}`);
  attendee.setParameter("partstat", answer);
  if (guest.name) attendee.setParameter("cn", guest.name);
  if (invite.summary) event.addPropertyWithValue("summary", invite.summary);
  calendar.addSubcomponent(event);
  return `${calendar.toString()}\r\n`;
}

function base64(text: string): string {
  const octets = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(octets).replace(/.{76}/g, "$&\r\n");
}

/** A header field's text in words that are plain ASCII (RFC 2047), each whole characters. */
function encoded(text: string): string {
  if (/^[\x20-\x7E]*$/.test(text)) return text;
  const words: string[] = [];
  let word = "";
  for (const letter of text) {
    if (new TextEncoder().encode(word + letter).length > 42) {
      words.push(word);
      word = "";
    }
    word += letter;
  }
  words.push(word);
  return words.map((it) => `=?utf-8?B?${base64(it)}?=`).join("\r\n ");
}

export interface Letter {
  from: { name: string; email: string };
  to: string;
  subject: string;
  text: string;
  calendar: string;
  inReplyTo: string | undefined;
  /** Something that no other message has. */
  unique: string;
  now: Date;
}

/** The answer as a message (RFC 6047 section 2.4): the words for people, and the calendar with its method. */
export function letterOf({ from, to, subject, text, calendar, inReplyTo, unique, now }: Letter): string {
  const boundary = `answer-${unique}`;
  const part = (type: string, body: string) => `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(body)}\r\n`;
  const line = (value: string) => value.replace(/[\r\n]+/g, " ");
  const head = [
    `From: ${from.name ? `${encoded(line(from.name))} ` : ""}<${line(from.email)}>`,
    `To: <${line(to)}>`,
    `Subject: ${encoded(line(subject))}`,
    `Date: ${now.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${unique}@${line(from.email).split("@").at(-1) ?? ""}>`,
    ...(inReplyTo ? [`In-Reply-To: <${line(inReplyTo)}>`, `References: <${line(inReplyTo)}>`] : []),
    "MIME-Version: 1.0",
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${part("text/plain", text)}${part("text/calendar; method=REPLY", calendar)}--${boundary}--\r\n`;
}
