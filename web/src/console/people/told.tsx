import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";

/** Tells a secret once: nobody can look it up later. */
export function Told({ made, close }: { made: { address: string; password?: string } | undefined; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("people.told")} isOpen={made?.password !== undefined} close={close}>
      <p>{t("people.told-once", { address: made?.address ?? "" })}</p>
      <p className="my-3 rounded-md border border-line bg-ground p-3"><code dir="ltr" className="select-all">{made?.password}</code></p>
      <div className="flex justify-end"><Button look="first" onPress={close}>{t("people.told-kept")}</Button></div>
    </Dialog>
  );
}
