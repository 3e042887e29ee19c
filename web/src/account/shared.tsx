// What others have shared with the account and taken back.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dismiss, levelOf, notices } from "../folders/share";
import type { Id, ShareNotification } from "../jmap/types";
import { useStore } from "../store/context";
import { Button } from "../ui/button";
import { Line, Section, Told, useDeed, useTold, When } from "./section";

const LISTED_MAX = 50;

export function SharedWithMe() {
  const { t } = useTranslation();
  const store = useStore();
  const own = store.client.session.primaryAccounts["urn:ietf:params:jmap:principals"] ?? store.accountId;
  const [read] = useState(() => () => notices(store, own, LISTED_MAX));
  const known = useTold(read);
  const deed = useDeed();
  const gone = (ids: Id[]) => deed(() => dismiss(store, own, ids), known.again);
  const all = known.told ?? [];
  return (
    <Section title={t("share.notices")} beside={all.length > 1 && <Button onPress={() => gone(all.map(({ id }) => id))}>{t("share.dismiss-all")}</Button>}>
      <Told of={known}>
        {(list) => list.length === 0 ? <p className="text-quiet">{t("share.no-notices")}</p> : (
          <ul>
            {list.map((it) => (
              <Line key={it.id} name={t(`share.notice-${kindOf(it)}`, { who: it.changedBy.name, folder: it.name })} facts={<When at={it.created} />}>
                <Button aria-label={t("share.dismiss-one", { folder: it.name })} onPress={() => gone([it.id])}>{t("share.dismiss")}</Button>
              </Line>
            ))}
          </ul>
        )}
      </Told>
    </Section>
  );
}

function kindOf({ newRights }: ShareNotification): "read" | "write" | "gone" {
  if (!newRights) return "gone";
  return levelOf(newRights) === "read" ? "read" : "write";
}
