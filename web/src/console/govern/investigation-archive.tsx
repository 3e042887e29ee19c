import { useState } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { ActButton } from "../kit/form";
import { useTold } from "../../account/section";
import type { Request } from "./request";

const DAY_MS = 86_400_000;

/** Has what was found made ready, and gives it; where a second person had to agree first, it is there once he has. */
export function Archive({ id }: { id: string }) {
  const { t } = useTranslation();
  const [isReady, setReady] = useState(false);
  const [read] = useState(() => () => act<Request[]>("approval-list", { own: true }));
  const { told } = useTold(read);
  const isAgreed = (told ?? []).some(({ action, details, state, since }) => action === "investigation-export" && details?.id === id && state === "done" && Date.now() - Date.parse(since) < DAY_MS);
  return (
    <>
      <ActButton<{ path?: string }> label="investigation.archive" action="investigation-export" body={{ id }} ask={<p>{t("investigation.archive-ask")}</p>} said="investigation.archive-ready" done={({ path }) => setReady(path !== undefined)} />
      {(isReady || isAgreed) && <a href={`/api/v1/investigations/${id}/archive`} download className="inline-flex min-h-8 items-center rounded-md border border-accent bg-accent px-3 text-on-accent">{t("investigation.fetch")}</a>}
    </>
  );
}
