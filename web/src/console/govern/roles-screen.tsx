// Roles: those that come with the program, those of the company's own, and who is given one.

import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Told } from "../../account/section";
import { Button } from "../../ui/button";
import { ActButton, FormButton } from "../kit/form";
import { List } from "../kit/list";
import { useMay } from "../kit/me";
import { Block, ScreenPage } from "../kit/parts";
import { whole } from "../kit/remote";
import { linesOf } from "./role";
import { useRightName } from "./right-words";
import { roleName } from "./roles";
import { useAsked } from "./shared";

export interface Role {
  role: string;
  shipped: boolean;
  what: string;
}

const load = whole<Role>("role-list", () => ({}), (row, { kind = "", search = "" }) => (kind === "" || (kind === "shipped") === row.shipped) && `${row.role} ${row.what}`.toLowerCase().includes(search.toLowerCase()));
const DUTIES = ["administration", "security", "audit"];

export default function RolesScreen() {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const [version, setVersion] = useState(0);
  const changed = () => setVersion((before) => before + 1);
  return (
    <ScreenPage
      title={t("roles.title")}
      about={t("roles.about")}
      acts={
        <>
          {may("role.give") && <Giving done={changed} />}
          {may("role.define") && <Button look="first" onPress={() => void navigate({ to: "/roles/new" as string })}>{t("roles.add")}</Button>}
        </>
      }
    >
      <List<Role>
        title="roles.title"
        load={load}
        version={version}
        empty="roles.none"
        rowKey={(row) => row.role}
        filters={[{ name: "search", label: "kit.search" }, { name: "kind", label: "roles.kind", options: [["", "kit.any"], ["shipped", "roles.shipped"], ["own", "roles.own"]] }]}
        columns={[
          { title: "roles.role", cell: (row) => (row.shipped || !may("role.define") ? <span className="font-medium">{roleName(row.role, t)}</span> : <Link to={`/roles/of/${encodeURIComponent(row.role)}` as string} className="font-medium text-accent underline"><bdi>{row.role}</bdi></Link>), text: (row) => row.role },
          { title: "roles.kind", cell: (row) => t(row.shipped ? "roles.shipped" : "roles.own"), text: (row) => t(row.shipped ? "roles.shipped" : "roles.own") },
          { title: "roles.what", cell: (row) => <What of={row} />, text: (row) => row.what },
          ...(may("access.review") ? [{ title: "roles.who", cell: (row: Role) => <Link to={"/access" as string} search={{ role: row.role } as never} className="text-accent underline">{t("roles.who-link")}</Link> }] : []),
        ]}
        acts={(row, again) => !row.shipped && may("role.define") && <ActButton label="roles.remove" name={row.role} look="danger" action="role-remove" body={{ name: row.role }} done={again} ask={<p>{t("roles.remove-ask", { name: row.role })}</p>} />}
      />
      <Block title="roles.duties">
        <p className="mb-2">{t("roles.duties-why")}</p>
        <ul className="ms-5 list-disc">{DUTIES.map((duty) => <li key={duty}>{t(`roles.duty-${duty}`)}</li>)}</ul>
        <p className="mt-2">{t("roles.duties-exception")}</p>
      </Block>
    </ScreenPage>
  );
}

function What({ of }: { of: Role }) {
  const { t } = useTranslation();
  const rightName = useRightName();
  if (of.shipped) return <>{t(`roles.what-${of.role}`)}</>;
  return <ul>{linesOf(of.what).map((line) => <li key={`${line.effect} ${line.right} ${line.scope}`}>{t(`rights.effect-${line.effect}`)}{t("protect.colon")} {rightName(line.right)} <span className="text-quiet">({t(`rights.scope-${line.scope}`)})</span></li>)}</ul>;
}

/** Gives a role beside the job, or takes one away. */
function Giving({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const known = useAsked<Role[]>("role-list", {});
  return (
    <Told of={known}>
      {(roles) => {
        const options = roles.map(({ role }): [string, string] => [role, roleName(role, t)]);
        return (
          <>
            <FormButton
              label="roles.give"
              action="role-give"
              submit="roles.give"
              fields={[
                { name: "address", label: "roles.person", kind: "address" },
                { name: "role", label: "roles.role", kind: "choice", options },
                { name: "exception", label: "roles.exception", hint: "roles.exception-hint", kind: "long", isOptional: true },
              ]}
              body={({ exception, ...rest }) => ({ ...rest, exception: exception === "" ? null : exception })}
              done={done}
            >
              <p className="text-quiet">{t("roles.give-what")}</p>
            </FormButton>
            <FormButton
              label="roles.take"
              look="danger"
              action="role-take"
              submit="roles.take"
              fields={[
                { name: "address", label: "roles.person", kind: "address" },
                { name: "role", label: "roles.role", kind: "choice", options },
              ]}
              done={done}
            >
              <p className="text-quiet">{t("roles.take-what")}</p>
            </FormButton>
          </>
        );
      }}
    </Told>
  );
}
