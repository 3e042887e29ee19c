// Partners as the server lists them: behind a row, a few hundred at a time.

import { act } from "../../account/api";
import { holdsWords, type Load } from "../kit/remote";

export interface PartnerRow {
  partner: string;
  domains: string[];
  first: string;
  last: string;
  received: number;
  sent: number;
  people: number;
  details: number;
  merged_into: string | null;
  row: number | string;
}

type Ask = (after: number | string) => Promise<PartnerRow[]>;

/** Rows behind `cursor` that fit; goes on until there are as many as are shown at a time, or no more. */
export function partnersFrom(ask: Ask): Load<PartnerRow> {
  return async ({ filters, cursor, limit }) => {
    let after: number | string = cursor === null ? 0 : /^\d+$/.test(cursor) ? Number(cursor) : cursor;
    const items: PartnerRow[] = [];
    for (;;) {
      // One page is asked for behind the other.
      // oxlint-disable-next-line no-await-in-loop
      const rows = await ask(after);
      const last = rows.at(-1);
      if (!last) return { items, next: null };
      items.push(...rows.filter((row) => holdsWords([row.partner, row.domains], filters)));
      after = last.row;
      if (items.length >= limit) return { items, next: String(after) };
    }
  };
}

export const partners = partnersFrom((after) => act<PartnerRow[]>("guard-partners", { after, organisation: null }));
