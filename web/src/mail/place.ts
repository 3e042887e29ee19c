// Where in the mail the page is: a mailbox or a search, and perhaps a conversation.

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Id, Mailbox } from "../jmap/types";
import type { MailStore } from "../store/store";

export interface Place {
  /** A role or an id; absent in a search. */
  box: string | undefined;
  q: string | undefined;
  thread: Id | undefined;
}

export function usePlace(): Place {
  const { box, thread } = useParams({ strict: false }) as { box?: string; thread?: string };
  const { q } = useSearch({ strict: false }) as { q?: string };
  return { box: q === undefined ? (box ?? "inbox") : undefined, q, thread };
}

export function mailboxAt(store: MailStore, place: Place): Mailbox | undefined {
  if (place.box === undefined) return undefined;
  return store.mailboxOf(place.box) ?? store.mailboxes.get(place.box);
}

/** How a mailbox is called in an address. */
export function boxName(mailbox: Mailbox): string {
  return mailbox.role ?? mailbox.id;
}

export interface Go {
  box: (box: string) => void;
  search: (q: string) => void;
  thread: (thread: Id | undefined) => void;
}

export function useGo(place: Place): Go {
  const navigate = useNavigate();
  const box = useCallback((name: string) => void navigate({ to: "/box/$box", params: { box: name } }), [navigate]);
  const search = useCallback((q: string) => void navigate({ to: "/search", search: { q } }), [navigate]);
  const { box: here, q } = place;
  const thread = useCallback(
    (id: Id | undefined) => {
      if (q !== undefined) {
        if (id) void navigate({ to: "/search/$thread", params: { thread: id }, search: { q } });
        else void navigate({ to: "/search", search: { q } });
      } else if (id) void navigate({ to: "/box/$box/$thread", params: { box: here ?? "inbox", thread: id } });
      else void navigate({ to: "/box/$box", params: { box: here ?? "inbox" } });
    },
    [navigate, here, q],
  );
  return { box, search, thread };
}
