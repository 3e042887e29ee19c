// Numbers over time, drawn as bars one above another; the same numbers as a table for whoever does not see them, as a file, as a picture.

import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";
import { useNotices } from "../../ui/notices";
import { csv, saveFile } from "./remote";
import { heights, ticks } from "./scale";

export interface Series {
  /** Its name in the catalogue. */
  name: string;
  values: number[];
  tone: "accent" | "danger" | "warning" | "ok" | "quiet";
}

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 48;
const BELOW = 22;
const fills = { accent: "var(--accent)", danger: "var(--danger)", warning: "var(--warning)", ok: "var(--ok)", quiet: "var(--strong-line)" };

/** `labels` names each bar; the first and the last stand below. */
export function Chart({ title, labels, series }: { title: string; labels: string[]; series: Series[] }) {
  const { t, i18n } = useTranslation();
  const { fail } = useNotices();
  const drawn = useRef<SVGSVGElement>(null);
  const [isTable, setTable] = useState(false);
  const number = new Intl.NumberFormat(i18n.language, { notation: "compact" });
  const totals = labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const lines = ticks(Math.max(...totals, 0));
  const top = lines.at(-1) ?? 1;
  const step = (WIDTH - LEFT) / Math.max(labels.length, 1);
  const y = (value: number) => (HEIGHT - BELOW) * (1 - value / top);
  const cells = () => [["", ...series.map(({ name }) => t(name))], ...labels.map((label, index) => [label, ...series.map(({ values }) => String(values[index] ?? 0))])];
  const picture = async () => {
    if (drawn.current) saveFile(`${t(title)}.png`, "image/png", await pictureOf(drawn.current));
  };
  return (
    <figure aria-label={t(title)} className="rounded-lg border border-line bg-paper p-4">
      <figcaption className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <span className="text-[15px] font-semibold">{t(title)}</span>
        <span className="flex flex-wrap gap-2 print-hidden">
          <Button onPress={() => setTable((before) => !before)}>{t(isTable ? "kit.as-chart" : "kit.as-table")}</Button>
          <Button onPress={() => saveFile(`${t(title)}.csv`, "text/csv", csv(cells()))}>{t("kit.save-csv")}</Button>
          {!isTable && <Button onPress={() => void picture().catch(fail)}>{t("kit.save-png")}</Button>}
        </span>
      </figcaption>
      <ul className="mb-1 flex flex-wrap gap-x-4 text-quiet">
        {series.map(({ name, tone, values }) => (
          <li key={name} className="flex items-center gap-1.5"><span aria-hidden="true" className="size-2.5" style={{ background: fills[tone] }} />{t(name)} <span className="tabular-nums">{number.format(values.reduce((sum, value) => sum + value, 0))}</span></li>
        ))}
      </ul>
      {isTable ? (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div role="group" aria-label={t("kit.table", { title: t(title) })} tabIndex={0} className="max-h-72 overflow-auto">
          <table className="w-full">
            <tbody>{cells().map((row) => <tr key={row[0]} className="border-b border-line">{row.map((cell, index) => <td key={`${row[0]} ${series[index - 1]?.name ?? ""}`} className={`px-2 py-1 ${index > 0 ? "text-end tabular-nums" : ""}`}>{cell}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ) : (
        <svg ref={drawn} role="img" aria-label={t("kit.chart-of", { title: t(title), total: number.format(totals.reduce((sum, value) => sum + value, 0)) })} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className="w-full">
          {lines.map((line) => (
            <g key={line}>
              <line x1={LEFT} x2={WIDTH} y1={y(line)} y2={y(line)} style={{ stroke: "var(--line)" }} />
              <text x={LEFT - 6} y={y(line) + (line === top ? 10 : 3)} textAnchor="end" fontSize="10" style={{ fill: "var(--quiet)" }}>{number.format(line)}</text>
            </g>
          ))}
          {labels.map((label, index) => (
            <g key={label}>
              <title>{`${label}: ${series.map(({ name, values }) => `${t(name)} ${number.format(values[index] ?? 0)}`).join(", ")}`}</title>
              {heights(series.map(({ values }) => values[index] ?? 0)).map(([from, to], part) => (
                <rect key={series[part]?.name} x={LEFT + index * step + step * 0.1} width={step * 0.8} y={y(to)} height={y(from) - y(to)} style={{ fill: fills[series[part]?.tone ?? "accent"] }} />
              ))}
            </g>
          ))}
          {labels.length > 0 && <text x={LEFT} y={HEIGHT - 6} fontSize="10" style={{ fill: "var(--quiet)" }}>{labels[0]}</text>}
          {labels.length > 1 && <text x={WIDTH} y={HEIGHT - 6} textAnchor="end" fontSize="10" style={{ fill: "var(--quiet)" }}>{labels.at(-1)}</text>}
        </svg>
      )}
    </figure>
  );
}

/** The drawing as a picture, with the colours that it is shown in, twice as large. */
async function pictureOf(svg: SVGSVGElement): Promise<Blob> {
  const style = getComputedStyle(document.documentElement);
  const text = new XMLSerializer().serializeToString(svg).replace(/var\((--[a-z-]+)\)/g, (_, name: string) => style.getPropertyValue(name).trim());
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text.replace("<svg", `<svg width="${WIDTH * 2}" height="${HEIGHT * 2}"`))}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH * 2, height: HEIGHT * 2 });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.fillStyle = style.getPropertyValue("--paper").trim();
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
}
