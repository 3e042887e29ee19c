import { useTranslation } from "react-i18next";
import { useNotices } from "../../ui/notices";
import { ActButton } from "../kit/form";
import { useSaid } from "../kit/parts";
import { type Request, sentenceOf } from "./request";
import { Person } from "./shared";

interface Decided {
  state: "refused" | "done" | "failed";
  outcome: string | null;
}

/** The second person's word on a request: what will happen is said before. */
export function Decide({ of, done }: { of: Request; done: () => void }) {
  const { t } = useTranslation();
  const said = useSaid();
  const { say, fail } = useNotices();
  const sentence = sentenceOf(of, said);
  const told = ({ state, outcome }: Decided) => {
    if (state === "failed") fail(new Error(outcome ?? ""));
    else say(t(`approval.told-${state}`));
    done();
  };
  return (
    <>
      <ActButton<Decided>
        label="approval.approve"
        name={sentence}
        action="approval-decide"
        body={{ request: of.request, approve: true }}
        ask={<Asked sentence={sentence} by={of.by} what="approval.approve-ask" />}
        done={told}
      />
      <ActButton<Decided>
        label="approval.refuse"
        name={sentence}
        look="danger"
        action="approval-decide"
        body={{ request: of.request, approve: false }}
        ask={<Asked sentence={sentence} by={of.by} what="approval.refuse-ask" />}
        done={told}
      />
    </>
  );
}

function Asked({ sentence, by, what }: { sentence: string; by: string | null; what: string }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-col gap-2">
      <p dir="auto" className="font-semibold">{sentence}</p>
      <p>{t("approval.by")}{t("protect.colon")} <Person address={by} /></p>
      <p>{t(what)}</p>
    </div>
  );
}
