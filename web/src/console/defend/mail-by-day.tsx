// How much mail came from outside and how much of it was stopped, day by day.

import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { act } from "../../account/api";
import { Told, useTold } from "../../account/section";
import { Chart } from "../kit/chart";
import type { Span } from "../kit/span";
import { inSpan, type Quality } from "./quality";

export function MailByDay({ span }: { span: Span }) {
  const { i18n } = useTranslation();
  const { back } = span;
  const read = useCallback(() => act<Quality>("judging-quality", { days: back, organisation: null }), [back]);
  const known = useTold(read);
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeZone: "UTC" });
  return (
    <Told of={known}>
      {(told) => {
        const days = inSpan(told.days, span);
        if (days.length === 0) return null;
        return (
          <Chart
            title="threats.by-day"
            labels={days.map((it) => day.format(new Date(it.day)))}
            series={[
              { name: "threats.stopped", values: days.map((it) => it.stopped), tone: "warning" },
              { name: "threats.let-in", values: days.map((it) => it.judged - it.stopped), tone: "quiet" },
            ]}
          />
        );
      }}
    </Told>
  );
}
