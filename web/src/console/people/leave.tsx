import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";

/** Somebody leaves: all that has to happen in one form, with what will happen above it. */
export function LeaveButton({ address, done }: { address: string; done: () => void }) {
  const { t } = useTranslation();
  return (
    <FormButton
      label="leave.title"
      action="user-leave"
      fixed={{ address }}
      submit="leave.do"
      look="danger"
      done={done}
      initial={{ days: "90", reply: t("leave.reply-usual", { address }) }}
      fields={[
        { name: "successor", label: "leave.successor", hint: "leave.successor-hint", kind: "address", isOptional: true },
        { name: "days", label: "leave.days", kind: "number", min: 1, max: 730 },
        { name: "hold", label: "leave.hold", hint: "leave.hold-hint", isOptional: true },
        { name: "reply", label: "leave.reply", hint: "leave.reply-hint", kind: "long", isOptional: true },
      ]}
    >
      <ul className="list-disc ps-5 text-quiet">
        {["ends", "shared", "second"].map((what) => <li key={what}>{t(`leave.what-${what}`)}</li>)}
      </ul>
    </FormButton>
  );
}
