import { memo } from "react";
import { useTranslation } from "react-i18next";
import { namesOf, shortDate } from "../i18n/format";
import { Dots, Labels } from "../labels/marks";
import type { Id, Label, Summary } from "../jmap/types";
import type { Density } from "../settings/preferences";
import { Icon } from "../ui/icon";

export interface RowProps {
  index: number;
  message: Summary | undefined;
  /** All labels of the account, in their order. */
  labels: Label[];
  /** Messages of the conversation. */
  count: number;
  /** Whether the recipients are shown in place of the sender. */
  outgoing: boolean;
  isOpen: boolean;
  isCursor: boolean;
  isSelected: boolean;
  density: Density;
  top: number;
  height: number;
  open: (index: number) => void;
  /** Told as the row is touched: it is about to be opened. */
  ahead: (thread: Id) => void;
  select: (id: Id, range: boolean) => void;
}

/** A conversation in the list. Its place is given by a transform: only what is looked at exists. */
export const Row = memo(function Row({ index, message, labels, count, outgoing, isOpen, isCursor, isSelected, density, top, height, open, ahead, select }: RowProps) {
  const { t, i18n } = useTranslation();
  const place = { transform: `translateY(${top}px)`, blockSize: height };
  const ground = isSelected || isOpen ? "bg-chosen" : "hover:bg-hover";
  if (!message) {
    return (
      <div role="row" aria-rowindex={index + 1} style={place} className="absolute inset-x-0 border-b border-line p-3">
        <div role="gridcell" className="text-quiet">{t("app.loading")}</div>
      </div>
    );
  }
  const unread = !message.keywords.$seen;
  const on = labels.filter(({ keyword }) => message.keywords[keyword]);
  const weight = unread ? "font-semibold" : "";
  const who = outgoing ? t("list.to", { names: namesOf(message.to) }) : namesOf(message.from) || t("list.no-sender");
  const subject = message.subject?.trim() || t("list.no-subject");
  const marks = (
    <>
      {message.hasAttachment && <span title={t("list.attachment")}><Icon name="attach" /><span className="sr-only">{t("list.attachment")}</span></span>}
      {message.keywords.$flagged && <span title={t("list.flagged")} className="text-warning"><Icon name="flag" filled /><span className="sr-only">{t("list.flagged")}</span></span>}
    </>
  );
  const date = <time dateTime={message.receivedAt} className={`shrink-0 text-quiet ${weight}`}>{shortDate(message.receivedAt, new Date(), i18n.language)}</time>;
  const many = count > 1 && <span className="shrink-0 text-quiet" title={t("list.messages", { count })}>{count}</span>;
  return (
    // Keys are handled for the list as a whole.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      role="row"
      id={`row-${message.id}`}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      data-open={isOpen || undefined}
      style={place}
      onPointerDown={() => ahead(message.threadId)}
      onClick={(event) => {
        if (!(event.target as Element).closest("label")) open(index);
      }}
      className={`absolute inset-x-0 flex cursor-default items-center gap-2 border-b border-line ps-1 pe-3 ${ground} ${isCursor ? "shadow-[inset_3px_0_0_var(--accent)] rtl:shadow-[inset_-3px_0_0_var(--accent)]" : ""}`}
    >
      <div role="gridcell" className="flex">
        {/* A wide target round a small box. */}
        <label className="flex size-8 items-center justify-center">
          <span className="sr-only">{t("list.select")}</span>
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            onClick={(event) => select(message.id, event.shiftKey)}
            onChange={() => {}}
            className="size-3.5 accent-accent"
          />
        </label>
      </div>
      <div role="gridcell" className="min-w-0 flex-1">
        {unread && <span className="sr-only">{t("list.unread")}</span>}
        {density === "two" ? (
          <>
            <div className="flex items-center gap-2">
              <span className={`min-w-0 flex-1 truncate ${weight}`}><bdi>{who}</bdi></span>
              {many}{marks}{date}
            </div>
            <div className="flex items-center gap-1.5">
              <Labels labels={on} most={2} />
              <span className="truncate"><bdi className={weight}>{subject}</bdi> <bdi className="text-quiet">{message.preview}</bdi></span>
            </div>
          </>
        ) : (
          <div className="flex items-center gap-2">
            <span className={`w-1/3 shrink-0 truncate ${weight}`}><bdi>{who}</bdi></span>
            <Dots labels={on} />
            <span className={`min-w-0 flex-1 truncate ${weight}`}><bdi>{subject}</bdi></span>
            {many}{marks}{date}
          </div>
        )}
      </div>
    </div>
  );
});
