import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActForm } from "../kit/form";
import type { Search } from "./investigation";
import { Remark } from "./shared";

/** What to search for in the mail of all who are looked into. */
export function SearchForm({ id, done }: { id: string; done: () => void }) {
  const { t } = useTranslation();
  const [found, setFound] = useState<Search>();
  return (
    <div className="flex flex-col gap-3">
      <p className="text-quiet">{t("investigation.search-how")}</p>
      <div className="max-w-xl">
        <ActForm<Search>
          action="investigation-search"
          submit="investigation.search"
          fixed={{ id }}
          fields={[
            { name: "words", label: "investigation.words", hint: "investigation.words-hint", kind: "lines", isOptional: true },
            { name: "with", label: "investigation.with", hint: "investigation.with-hint", isOptional: true },
            { name: "from", label: "investigation.from", isOptional: true },
            { name: "subject", label: "investigation.subject", isOptional: true },
            { name: "since", label: "investigation.since", kind: "date", isOptional: true },
            { name: "before", label: "investigation.before", kind: "date", isOptional: true },
          ]}
          done={(result) => {
            setFound(result);
            done();
          }}
        />
      </div>
      {found && found.whole && (
        <div role="status">
          <Remark tone={found.encrypted > 0 ? "warning" : "ok"}>
            {t("investigation.found", { count: found.found, fresh: found.new })} {found.encrypted > 0 && t("investigation.encrypted-why", { count: found.encrypted })}
          </Remark>
        </div>
      )}
    </div>
  );
}
