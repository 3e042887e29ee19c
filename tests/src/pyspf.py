"""Judges cases of SPF by pyspf, with the DNS of each case. Where its verdict is not the one that was expected, finds the departures from
RFC 7208 that explain it: with those corrected, and with none of them left out, pyspf comes to the expected verdict."""

import json, re, sys, urllib.parse
import spf

ALIASES_MAX = 8
table = {}


def look_up(name, kind, strict=True, timeout=30):
    at = name.rstrip(".").lower()
    for _ in range(ALIASES_MAX + 1):
        if at.endswith(".coin.test") and kind == "A":
            return [((name, kind), "127.0.0.2")] if sum(at.encode()) % 2 == 0 else []
        records = table.get(at, [])
        found = [record[kind] for record in records if kind in record]
        if found:
            if kind == "TXT":
                found = [[part.encode() for part in ([text] if isinstance(text, str) else text)] for text in found]
            elif kind == "MX":
                found = [(int(preference), exchange) for preference, exchange in found]
            return [((name, kind), data) for data in found]
        aliases = [record["CNAME"] for record in records if "CNAME" in record]
        if not aliases and "TIMEOUT" in records:
            raise spf.TempError("DNS no answer")
        if not aliases:
            return []
        at = aliases[0].rstrip(".").lower()
    raise spf.TempError("DNS chain of aliases")


spf.DNSLookup = look_up

# What pyspf does otherwise than RFC 7208: the words that the documentation uses, with the sections.
DEPARTURES = ["sender 4.3", "macros 7.1", "joining 7.3", "lengths 7.3", "modifiers 6", "recursion 5.2", "ptr 5.5", "void 4.6.4", "name 7.2",
              "mx 5.4", "redirect 6.1"]
MACROS = re.compile(r"(?:%\{[slodiphvcrt][0-9]*r?[-.+,/_=]*\}|%%|%_|%-|[!-$&-~])*", re.IGNORECASE)
ANY_MACRO = re.compile(r"%(?:\{(.)([0-9]*)(r?)([^}]*)\}|(.))", re.IGNORECASE)
MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)


class Corrected(spf.query):
    corrected = ()
    names = None

    def is_in_macros(self):
        return any(one in self.corrected for one in ("macros 7.1", "joining 7.3", "lengths 7.3"))

    def expand(self, text, stripdot=True):
        if not self.is_in_macros():
            return super().expand(text, stripdot)
        if "macros 7.1" in self.corrected:
            # Spaces are for explanations, which are texts of several words.
            if not MACROS.fullmatch(text if stripdot else text.replace(" ", "")) or re.search(r"%\{.0+[^0-9]", text):
                raise spf.PermError("macro syntax", text)
        else:
            for _ in text.split("."):
                if spf.RE_INVALID_MACRO.search(text):
                    raise spf.PermError("invalid-macro-char", text)
        expanded = spf.RE_CHAR.sub(lambda found: self.one_macro(found.group(), stripdot), text)
        if stripdot and expanded.endswith("."):
            expanded = expanded[:-1]
        if "lengths 7.3" in self.corrected:
            while stripdot and len(expanded) > 253 and "." in expanded:
                expanded = expanded.partition(".")[2]
        elif len(expanded) > 253 and "." in expanded:
            expanded = expanded.partition(".")[2]
        return expanded

    def one_macro(self, macro, stripdot):
        simple = {"%%": "%", "%_": " ", "%-": "%20"}
        if macro in simple:
            return simple[macro]
        letter = macro[2].lower()
        if letter in "crt" and stripdot or letter not in "slodiphvcrt":
            raise spf.PermError("macro letter", macro)
        value = self.getp() if letter == "p" else getattr(self, letter)
        if "joining 7.3" in self.corrected:
            digits, reverse, delimiters = re.match(r"([0-9]*)(r?)(.*)", macro[3:-1], re.IGNORECASE).groups()
            parts = re.split("[" + re.escape(delimiters or ".") + "]", value)
            parts = parts[::-1] if reverse else parts
            value = ".".join(parts[-int(digits):] if digits else parts)
        else:
            value = spf.expand_one(value, macro[3:-1], spf.JOINERS.get(letter))
        return urllib.parse.quote(value, "~") if letter != macro[2] else value

    def dns_spf(self, domain):
        caller = sys._getframe(1).f_locals
        if "redirect 6.1" in self.corrected and caller.get("redirect") is domain:
            super().check_lookups()
        record = super().dns_spf(domain)
        if not record or "modifiers 6" not in self.corrected:
            return record
        terms = []
        for place, term in enumerate(record.split(" ")):
            found = MODIFIER.fullmatch(term)
            if found and place > 0:
                name = found.group(1).lower()
                # Of a name that nobody knows, each may come as often as it likes.
                term = f"{name if name in ('redirect', 'exp') else f'{name}.{place}'}={found.group(2)}"
            terms.append(term)
        return " ".join(terms)

    def check_lookups(self):
        caller = sys._getframe(1).f_locals
        if "redirect 6.1" in self.corrected and caller.get("mod") == "redirect" and caller.get("redirect") is None:
            return
        super().check_lookups()

    def validate_mechanism(self, mechanism):
        try:
            return super().validate_mechanism(mechanism)
        except spf.PermError as error:
            if "recursion 5.2" not in self.corrected or "trivial recursion" not in error.msg:
                raise
            return mechanism, "include", self.d, self.cidrmax, spf.RESULTS.get(mechanism[0], "pass")

    def dns_mx(self, domain):
        if "mx 5.4" not in self.corrected:
            return super().dns_mx(domain)
        found = sorted(self.dns(domain, "MX"))
        if len(found) > spf.MAX_MX:
            raise spf.PermError("more than 10 MX records")
        return (address for _, host in found for address in self.dns_a(host, self.A))

    def cidrmatch(self, addresses, bits):
        if isinstance(addresses, list):
            return super().cidrmatch(addresses, bits)
        return any(super(Corrected, self).cidrmatch([address], bits) for address in addresses)

    def validated_ptrs(self):
        if "ptr 5.5" not in self.corrected and "void 4.6.4" not in self.corrected:
            return super().validated_ptrs()
        if "void 4.6.4" not in self.corrected:
            return self.ask_names()
        before = self.void_lookups
        if self.names is None:
            self.names = self.ask_names()
        self.void_lookups = before
        if self.is_nameless and sys._getframe(1).f_code.co_name == "check0":
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("void lookups")
        return self.names

    def ask_names(self):
        self.is_nameless, good = False, []
        try:
            found = self.asked(lambda: self.dns_ptr(self.i))
        except spf.TempError:
            if "ptr 5.5" in self.corrected:
                return []
            raise
        self.is_nameless = not found
        for name in found[:spf.MAX_PTR]:
            try:
                if super().cidrmatch(self.asked(lambda: self.dns_a(name, self.A)), self.cidrmax):
                    good.append(name)
            except spf.TempError:
                if "ptr 5.5" not in self.corrected:
                    raise
        return good

    def asked(self, question):
        if "void 4.6.4" in self.corrected:
            self.void_lookups = -1000
        return question()

    def getp(self):
        if "name 7.2" not in self.corrected:
            return super().getp()
        found, domain = self.validated_ptrs(), self.d.lower()
        within = [name for name in found if name.lower() == domain] or [name for name in found if name.lower().endswith("." + domain)]
        self.p = (within or found or ["unknown"])[0]
        return self.p


def judge(case, corrected):
    global table
    table = {name.rstrip(".").lower(): records for name, records in case["zone"].items()}
    try:
        query = Corrected(i=case["client"], s=case["mail_from"], h=case["helo"], receiver=case["receiver"])
        query.t, query.corrected = str(case["now"]), corrected
        if "sender 4.3" in corrected:
            local, _, domain = (case["mail_from"] or "postmaster@" + case["helo"]).rpartition("@")
            domain = domain[:-1] if domain.endswith(".") else domain
            if "." not in domain:
                return "none", ""
            query.l, query.o, query.d = local or "postmaster", domain, domain
            query.s = query.l + "@" + domain
        result, _, text = query.check()
        return result, text
    except Exception as error:
        return "raises", repr(error)


def agrees(verdict, expected):
    result, text = verdict
    explanation = text if result == "fail" and text != spf.EXPLANATIONS["fail"] else ""
    return [result, explanation] == expected


def departures(case):
    """The departures that explain the verdict, none of which can be left out; nothing if they do not."""
    needed = DEPARTURES
    if not agrees(judge(case, needed), case["expected"]):
        return None
    for one in DEPARTURES:
        fewer = [other for other in needed if other != one]
        if agrees(judge(case, fewer), case["expected"]):
            needed = fewer
    return needed


verdicts = []
for case in json.load(open(sys.argv[1])):
    verdict = judge(case, ())
    why = [] if agrees(verdict, case["expected"]) else departures(case)
    corrected = judge(case, DEPARTURES) if why is None else ("", "")
    verdicts.append({"result": verdict[0], "text": verdict[1], "departures": why, "corrected": list(corrected)})
json.dump(verdicts, sys.stdout)
