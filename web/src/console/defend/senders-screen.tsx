// What is known here of an address, a domain or a network.

import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Button } from "../../ui/button";
import { ActButton, FormButton } from "../kit/form";
import { useMay, useMe } from "../kit/me";
import { Block, Moment, ScreenPage, Tone } from "../kit/parts";
import { kindOf } from "./listed";

interface Known {
  kind: string;
  what: string;
  /** What it adds to the log odds. */
  weight: number;
  bad: number;
  told: number;
  good: number;
  seen: number;
  last: string;
}

/** A weight that turns what is in doubt. */
const HEAVY = 0.5;

export default function SendersScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const search = useRouterState({ select: (state) => state.location.search }) as unknown as Record<string, unknown>;
  const what = typeof search.what === "string" || typeof search.what === "number" ? String(search.what) : "";
  const [typed, setTyped] = useState(what);
  useEffect(() => setTyped(what), [what]);
  const forget = may("list.change") && <ActButton action="reputation-forget" body={{ organisation: null }} label="senders.forget" look="danger" ask={<p>{t("senders.forget-ask")}</p>} said="senders.forgotten" />;
  return (
    <ScreenPage title={t("senders.title")} about={t("senders.about")} acts={forget}>
      <form
        className="flex flex-wrap items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          void navigate({ to: ".", search: { what: typed.trim() } as never });
        }}
      >
        <label className="flex min-w-0 flex-1 flex-col basis-72">
          <span className="text-quiet">{t("senders.what")}</span>
          <input dir="ltr" required maxLength={254} value={typed} placeholder="buyer@partner.example" onChange={(event) => setTyped(event.target.value)} className="min-h-8 rounded-md border border-strong-line bg-paper px-2" />
        </label>
        <Button look="first" type="submit">{t("senders.look")}</Button>
      </form>
      {what !== "" && <Found key={what} what={what} />}
    </ScreenPage>
  );
}

function Found({ what }: { what: string }) {
  const { t } = useTranslation();
  const read = useCallback(() => act<Known[]>("reputation-show", { what, organisation: null }), [what]);
  const known = useTold(read);
  return (
    <>
      <Block title="senders.found"><Told of={known}>{(all) => <Table of={all} />}</Told></Block>
      <Next what={what} />
      <p className="text-quiet">{t("senders.how")}</p>
    </>
  );
}

function Table({ of }: { of: Known[] }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  if (of.length === 0) return <p className="text-quiet">{t("senders.nothing")}</p>;
  const head = ["senders.kind", "senders.verdict", "senders.good", "senders.bad", "senders.told", "senders.last"];
  return (
    // What is wider than the window is moved within its own frame, by keys too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="group" aria-label={t("senders.found")} tabIndex={0} className="overflow-x-auto">
      <table className="w-full text-start">
        <thead><tr className="border-b border-line text-quiet">{head.map((name, index) => <th key={name} scope="col" className={`px-2 py-1 font-medium ${index > 1 && index < 5 ? "text-end" : "text-start"}`}>{t(name)}</th>)}</tr></thead>
        <tbody>
          {of.map((it) => (
            <tr key={`${it.kind} ${it.what}`} className="border-b border-line last:border-b-0">
              <td className="px-2 py-1">{t(`senders.kind-${it.kind}`)} <bdi className="font-medium">{it.what}</bdi></td>
              <td className="px-2 py-1"><Tone tone={it.weight >= HEAVY ? "warning" : it.weight <= -HEAVY ? "ok" : "quiet"}>{t(it.weight >= HEAVY ? "senders.against" : it.weight <= -HEAVY ? "senders.for" : "senders.neither")}</Tone></td>
              <td className="px-2 py-1 text-end tabular-nums">{number.format(it.good)}</td>
              <td className="px-2 py-1 text-end tabular-nums">{number.format(it.bad)}</td>
              <td className="px-2 py-1 text-end tabular-nums">{number.format(it.told)}</td>
              <td className="px-2 py-1"><Moment at={it.last} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What can be done about it. */
function Next({ what }: { what: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const domain = what.includes("@") ? (what.split("@").at(-1) ?? "") : what;
  const isPlace = /^[\d.:/]+$/.test(what);
  return (
    <div className="flex flex-wrap items-center gap-2">
      {may("list.change") && (
        <FormButton
          label="senders.deny"
          action="list-add"
          fixed={{ effect: "deny", kind: kindOf(what), value: what, organisation: null, owner: me.address, unauthenticated: false, despite_policy: false }}
          fields={[{ name: "reason", label: "lists.reason", hint: "lists.reason-hint", kind: "long" }, { name: "expires_days", label: "lists.days", hint: "lists.days-hint", kind: "number", min: 1, isOptional: true }]}
          initial={{ expires_days: "90" }}
          submit="senders.deny"
        />
      )}
      {may("list.read") && <Link to="/lists" search={{ search: domain } as never} className="text-accent underline">{t("senders.lists")}</Link>}
      {may("guard.read") && !isPlace && <Link to={`/partners/of/${encodeURIComponent(domain)}`} className="text-accent underline">{t("senders.partner")}</Link>}
    </div>
  );
}
