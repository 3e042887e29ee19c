// A grant to read another's mail for a while.

export interface Grant {
  grant: string;
  mail_of: string | null;
  asked_by: string | null;
  second_person: string | null;
  state: "asked" | "approved" | "refused" | "revoked" | "over";
  reason: string;
  asked: string;
  hours: number;
  until: string;
  mailboxes: unknown[];
  hold: string | null;
  owner_told: string | null;
}

export const TONES = { asked: "warning", approved: "warning", refused: "quiet", revoked: "quiet", over: "quiet" } as const;

/** Who may do what with a grant, beside what his roles say. */
export interface Deeds {
  decide: boolean;
  end: boolean;
  lift: boolean;
  read: boolean;
}

export function deedsOf(grant: Grant, address: string, may: (...rights: string[]) => boolean): Deeds {
  const isAsker = grant.asked_by === address;
  const isOpen = grant.state === "asked" || grant.state === "approved";
  return {
    // Neither who asks nor whose mail it is.
    decide: grant.state === "asked" && !isAsker && grant.mail_of !== address && may("grant.approve"),
    end: isOpen && (isAsker || may("grant.revoke")),
    lift: grant.hold !== null && may("grant.revoke"),
    read: grant.state === "approved" && isAsker,
  };
}
