// The span of time that a page shows: the same choice above every chart, kept in the address of the page.

import { type Filter, FilterField, useFilters } from "./list";
import { OWN, type Span, spanOf } from "./span";

const CHOICES: [string, string][] = [["1", "kit.span-1"], ["7", "kit.span-7"], ["30", "kit.span-30"], ["90", "kit.span-90"], [OWN, "kit.span-own"]];

/** The span among the filters of a list, which [RangePicker] shows above it. */
export const range = (usual: string): Filter[] => [
  { name: "days", label: "kit.span", options: CHOICES, usual, isElsewhere: true },
  { name: "since", label: "kit.since", kind: "date", isElsewhere: true },
  { name: "until", label: "kit.until", kind: "date", isElsewhere: true },
];

export function RangePicker({ usual }: { usual: string }) {
  const filters = range(usual);
  const [chosen, choose] = useFilters(filters);
  const shown = filters.filter(({ name }) => name === "days" || chosen.days === OWN);
  return (
    <div className="flex flex-wrap items-end gap-2 print-hidden">
      {shown.map((filter) => <FilterField key={filter.name} filter={filter} value={chosen[filter.name] ?? ""} set={(value) => choose(filter.name, value)} />)}
    </div>
  );
}

/** The span that the page shows now, and a text that changes with it. */
export function useSpan(usual: string): [Span, string] {
  const [chosen] = useFilters(range(usual));
  return [spanOf(chosen, usual, new Date()), JSON.stringify(chosen)];
}
