import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button";

/** A dialog over the page; the rest waits until it is closed. */
export function Dialog({ title, isOpen, close, children }: { title: string; isOpen: boolean; close: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <ModalOverlay isOpen={isOpen} onOpenChange={(open) => !open && close()} isDismissable className="fixed inset-0 z-40 flex items-center justify-center bg-[rgb(0_0_0/.4)] p-4">
      <Modal className="max-h-full w-full max-w-xl overflow-auto rounded-lg border border-line bg-paper">
        <AriaDialog className="p-4 outline-none">
          <div className="mb-3 flex items-center justify-between gap-4">
            <Heading slot="title" className="text-[15px] font-semibold">{title}</Heading>
            <IconButton icon="close" label={t("app.close")} onPress={close} />
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
