import ICAL from "ical.js";
import { expect, test } from "vitest";
import { answerTo, letterOf, readInvite } from "./invite";

const REQUEST = `BEGIN:VCALENDAR
PRODID:-//x//y//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Nordland
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:meet-1@partner.test
SEQUENCE:2
DTSTAMP:20261120T080000Z
DTSTART;TZID=Nordland:20261204T150000
DTEND;TZID=Nordland:20261204T160000
SUMMARY:订单 4711\\, review
LOCATION:Ningbo
ORGANIZER;CN=Anna Berg:mailto:anna@partner.test
ATTENDEE;CN=Li Na;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:li@trade.test
ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:bo%40trade.test
RRULE:FREQ=WEEKLY;COUNT=3
END:VEVENT
END:VCALENDAR
`.replaceAll("\n", "\r\n");

test("an invitation is read, its times by the zone that it describes", () => {
  const invite = readInvite(REQUEST);
  expect(invite).toMatchObject({ method: "REQUEST", uid: "meet-1@partner.test", sequence: 2, summary: "订单 4711, review", location: "Ningbo", isWholeDay: false, isRepeated: true, isCancelled: false });
  expect(invite?.start?.toISOString()).toBe("2026-12-04T10:00:00.000Z");
  expect(invite?.end?.toISOString()).toBe("2026-12-04T11:00:00.000Z");
  expect(invite?.organiser).toEqual({ email: "anna@partner.test", name: "Anna Berg", status: "NEEDS-ACTION" });
  expect(invite?.guests.map(({ email, status }) => [email, status])).toEqual([["li@trade.test", "NEEDS-ACTION"], ["bo@trade.test", "ACCEPTED"]]);
});

test.each(["", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\r\nEND:VCALENDAR", "<html>", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:soon\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"])("%j invites to nothing that can be shown wrongly", (text) => {
  const invite = readInvite(text);
  expect(invite === undefined || invite.start === undefined || Number.isNaN(invite.start.getTime())).toBe(true);
});

test("a zone that calls itself the world's time does not move it", () => {
  const text = REQUEST.replaceAll("Nordland", "UTC").replaceAll(";TZID=UTC:20261204T150000", ":20261204T150000Z");
  expect(readInvite(text)?.start?.toISOString()).toBe("2026-12-04T15:00:00.000Z");
});

test("an answer names who answers and to what", () => {
  const invite = readInvite(REQUEST);
  if (!invite) throw new Error("not read");
  const text = answerTo(invite, { email: "li@trade.test", name: "Li Na" }, "ACCEPTED", new Date("2026-11-27T09:00:00Z"));
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  expect(calendar.getFirstPropertyValue("method")).toBe("REPLY");
  const event = calendar.getFirstSubcomponent("vevent");
  expect(event?.getFirstPropertyValue("uid")).toBe("meet-1@partner.test");
  expect(event?.getFirstPropertyValue("sequence")).toBe(2);
  expect(String(event?.getFirstPropertyValue("dtstamp"))).toBe("2026-11-27T09:00:00Z");
  expect(event?.getFirstProperty("attendee")?.getParameter("partstat")).toBe("ACCEPTED");
  expect(event?.getAllProperties("attendee")).toHaveLength(1);
  expect(readInvite(text)?.guests).toEqual([{ email: "li@trade.test", name: "Li Na", status: "ACCEPTED" }]);
});

test("its letter carries the method, and nothing from outside ends a line of its head", () => {
  const letter = letterOf({
    from: { name: "李娜", email: "li@trade.test" }, to: "anna@partner.test\r\nBcc: x@evil.test", subject: `${"同意参加会议".repeat(8)}\r\nX: y`, text: "好", calendar: "BEGIN:VCALENDAR\r\n",
    inReplyTo: "a@b", unique: "u1", now: new Date("2026-11-27T09:00:00Z"),
  });
  const [head = "", ...rest] = letter.split("\r\n\r\n");
  expect(head).not.toMatch(/^(?:Bcc|X):/m);
  expect(head).toContain("Date: Fri, 27 Nov 2026 09:00:00 +0000\r\nMessage-ID: <u1@trade.test>\r\nIn-Reply-To: <a@b>");
  for (const line of head.split("\r\n")) expect(line.length).toBeLessThan(79);
  expect(rest.join()).toContain("Content-Type: text/calendar; method=REPLY; charset=utf-8");
});
