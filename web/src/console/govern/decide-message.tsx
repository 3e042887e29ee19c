// Says yes or no to a message that waits to be sent.

import { FormButton } from "../kit/form";

export function DecideMessage({ id, done }: { id: string; done: () => void }) {
  const form = (action: "outbound-approve" | "outbound-refuse") => (
    <FormButton
      label={action === "outbound-approve" ? "approval.allow" : "approval.refuse"}
      title={action === "outbound-approve" ? "approval.allow-title" : "approval.refuse-title"}
      look={action === "outbound-approve" ? "plain" : "danger"}
      action={action}
      submit={action === "outbound-approve" ? "approval.allow" : "approval.refuse"}
      fields={[{ name: "note", label: "approval.note", hint: "approval.note-hint", isOptional: true }]}
      body={({ note }) => ({ message: id, note: note ?? "" })}
      done={done}
    />
  );
  return <>{form("outbound-approve")}{form("outbound-refuse")}</>;
}
