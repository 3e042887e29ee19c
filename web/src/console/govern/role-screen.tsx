// A role of the company's own: what those who have it may do, and on whose things.

import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { useMe } from "../kit/me";
import { Block, ScreenPage } from "../kit/parts";
import { box, ChoiceField } from "./outbound-fields";
import { faultyLine, type Line, linesOf, SCOPES, written } from "./role";
import { useRightName } from "./right-words";
import type { Role } from "./roles-screen";
import { Remark, useAsked, useOfPage } from "./shared";
import { useTyped } from "./typed";

const FRESH: Line = { effect: "allow", right: "account.read", scope: "organisation" };

export default function RoleScreen() {
  const { t } = useTranslation();
  const name = useOfPage("role");
  const known = useAsked<Role[]>("role-list", {});
  return (
    <ScreenPage title={name === "" ? t("roles.add") : name} about={t("roles.one-about")} back={{ to: "/roles", name: t("roles.title") }}>
      <Told of={known}>
        {(all) => {
          const found = all.find(({ role, shipped }) => role === name && !shipped);
          return name !== "" && !found ? <Remark tone="quiet">{t("roles.not-there")}</Remark> : <Editor role={found} />;
        }}
      </Told>
    </ScreenPage>
  );
}

function Editor({ role }: { role: Role | undefined }) {
  const { t } = useTranslation();
  const { say } = useNotices();
  const navigate = useNavigate();
  const id = useId();
  const rights = useRights();
  const [name, setName] = useState(role?.role ?? "");
  const [lines, setLines] = useState<Line[]>(() => (role ? linesOf(role.what) : [FRESH]));
  const form = useTyped([{ name: "name", label: "roles.name" }], { name });
  const faulty = form.wrong ? faultyLine(form.wrong.text, lines) : -1;
  const change = (at: number, part: Partial<Line>) => setLines((before) => before.map((line, index) => (index === at ? { ...line, ...part } : line)));
  return (
    <Block title="roles.rights">
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          form.run("role-define", { name: name.trim(), rights: lines.map(written) }, () => {
            say(t("roles.kept"));
            void navigate({ to: "/roles" as string });
          });
        }}
      >
        <div className="flex max-w-xl flex-col">
          <label htmlFor={id} className="font-medium">{t("roles.name")}</label>
          <input id={id} aria-describedby={`${id}-hint`} dir="auto" required readOnly={role !== undefined} maxLength={64} className={box} value={name} onChange={(event) => setName(event.target.value)} />
          <span id={`${id}-hint`} className="text-quiet">{t("roles.name-hint")}</span>
        </div>
        <ul className="flex flex-col gap-2">
          {lines.map((line, at) => (
            // A line is its place: two may say the same while they are changed.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={`${at} ${lines.length}`}>
              <div role="group" aria-label={t("roles.line", { number: at + 1 })} className={`flex flex-wrap items-end gap-2 border-s-2 ps-3 ${faulty === at ? "border-danger" : "border-line"}`}>
                <ChoiceField label="rights.effect" value={line.effect} options={[["allow", "rights.effect-allow"], ["deny", "rights.effect-deny"]]} change={(effect) => change(at, { effect: effect as Line["effect"] })} />
                <ChoiceField label="rights.right" value={line.right} options={rights} change={(right) => change(at, { right })} />
                <ChoiceField label="rights.scope" value={line.scope} options={SCOPES.map((it): [string, string] => [it, `rights.scope-${it}`])} change={(scope) => change(at, { scope })} />
                <Button look="danger" isDisabled={lines.length === 1} aria-label={t("roles.drop-line", { number: at + 1 })} onPress={() => setLines((before) => before.filter((_, index) => index !== at))}>{t("outrule.drop")}</Button>
              </div>
              {faulty === at && <p role="alert" className="text-danger">{form.wrong?.text}</p>}
            </li>
          ))}
        </ul>
        {form.wrong && faulty < 0 && <p role="alert" className="text-danger">{t("app.error", { reason: form.wrong.text })}</p>}
        <div className="flex flex-wrap justify-between gap-2">
          <Button onPress={() => setLines((before) => [...before, FRESH])}>{t("roles.more")}</Button>
          <Button look="first" type="submit" isDisabled={form.isBusy}>{t("roles.keep")}</Button>
        </div>
      </form>
    </Block>
  );
}

/** All rights that there are, by their names; of whoever may not see the table, those that he has. */
function useRights(): [string, string][] {
  const me = useMe();
  const rightName = useRightName();
  const table = useAsked<{ action: string }[]>("access-table", {});
  const all = table.told ? table.told.map(({ action }) => action) : me.rights;
  return [...new Set(all)].sort().map((right) => [right, rightName(right)]);
}
