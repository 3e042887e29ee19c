// From nothing to the screens: the session is opened, the store filled, changes watched.

import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { accountAt, baseOf } from "./account/accounts";
import { goToSignIn } from "./account/session";
import { BookProvider } from "./contacts/book";
import { Client, Refused, SignedOut, Unreachable } from "./jmap/client";
import { watch } from "./jmap/push";
import { type Id, MAIL, type Session, SUBMISSION } from "./jmap/types";
import { MailScreen } from "./mail/mail-screen";
import { readKept } from "./offline/kept";
import { OwnStoreProvider, StoreProvider } from "./store/context";
import { MailStore } from "./store/store";
import { Button } from "./ui/button";
import { NoticeProvider, useNotices } from "./ui/notices";

const ContactsScreen = lazy(() => import("./contacts/contacts-screen"));
const RulesScreen = lazy(() => import("./rules/rules-screen"));
const SecureScreen = lazy(() => import("./secure/secure-screen"));
const AccountScreen = lazy(() => import("./account/account-screen"));

const rootRoute = createRootRoute();
const account = createRoute({ getParentRoute: () => rootRoute, path: "/account", component: () => <Suspense><AccountScreen /></Suspense> });
const secure = createRoute({ getParentRoute: () => rootRoute, path: "/secure", component: () => <Suspense><SecureScreen /></Suspense> });
const rules = createRoute({ getParentRoute: () => rootRoute, path: "/rules", component: () => <Suspense><RulesScreen /></Suspense> });
const contacts = createRoute({
  getParentRoute: () => rootRoute,
  path: "/contacts",
  component: () => <Suspense><ContactsScreen /></Suspense>,
  validateSearch: ({ who, add }: Record<string, unknown>): { who?: string; add?: string } => ({ ...(who === undefined ? {} : { who: String(who) }), ...(add === undefined ? {} : { add: String(add) }) }),
});
const at = (path: string) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path,
    component: MailScreen,
    // What looks like a number in an address is one for the router.
    validateSearch: ({ q }: Record<string, unknown>): { q?: string } => (["string", "number", "boolean"].includes(typeof q) ? { q: String(q) } : {}),
  });
const routeTree = rootRoute.addChildren([at("/"), at("/box/$box"), at("/box/$box/$thread"), at("/search"), at("/search/$thread"), account, contacts, rules, secure]);

/** Places within an account. */
function routerAt(session: Session, account: Id) {
  // The screen itself keeps where a list stood.
  return createRouter({ routeTree, basepath: baseOf(session, account), scrollRestoration: false, defaultNotFoundComponent: MailScreen });
}

export function App() {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={i18n.language}>
      <NoticeProvider>
        <Opened />
      </NoticeProvider>
    </I18nProvider>
  );
}

function Opened() {
  const { t } = useTranslation();
  const { fail } = useNotices();
  const [stores, setStores] = useState<Stores>();
  const [error, setError] = useState<Error>();
  const [attempt, setAttempt] = useState(0);

  // The one of now is asked when something fails: another language is no reason to open everything anew.
  const latest = useRef(fail);
  latest.current = fail;
  const failed = useCallback((reason: Error) => {
    if (reason instanceof SignedOut) void goToSignIn();
    else latest.current(reason);
  }, []);
  useEffect(() => {
    let ended = false;
    let stop = () => {};
    setError(undefined);
    open(failed).then(
      (opened) => {
        if (ended) return;
        setStores(opened);
        stop = watch(opened.own.client, () => {
          for (const store of new Set([opened.own, opened.shown])) store.wake();
        });
      },
      (reason: Error) => {
        if (reason instanceof SignedOut) void goToSignIn();
        else if (!ended) setError(reason);
      },
    );
    return () => {
      ended = true;
      stop();
    };
  }, [attempt, failed]);

  const router = useMemo(() => stores && routerAt(stores.own.client.session, stores.shown.accountId), [stores]);
  if (stores && router) {
    return (
      <OwnStoreProvider value={stores.own}>
        <StoreProvider value={stores.shown}>
          <BookProvider><RouterProvider router={router} /></BookProvider>
        </StoreProvider>
      </OwnStoreProvider>
    );
  }
  return (
    <main className="flex h-full flex-col items-center justify-center gap-3 p-8 text-center">
      {error ? (
        <>
          <h1 className="text-[15px] font-semibold">{t("app.starts-not")}</h1>
          <p className="text-quiet">{error.message}</p>
          <Button look="first" onPress={() => setAttempt((count) => count + 1)}>{t("app.again")}</Button>
        </>
      ) : (
        <h1 className="text-quiet">{t("app.loading")}</h1>
      )}
    </main>
  );
}

interface Stores {
  own: MailStore;
  /** The account that is looked at; one's own or another's. */
  shown: MailStore;
}

async function open(failed: (error: Error) => void): Promise<Stores> {
  let client: Client;
  try {
    client = await Client.open();
  } catch (error) {
    const kept = error instanceof Unreachable ? await keptMail(failed) : undefined;
    if (!kept) throw error;
    return kept;
  }
  const { session } = client;
  const account = session.primaryAccounts[MAIL];
  if (!account) throw new Refused("accountNotFound");
  const own = new MailStore(client, account, failed);
  const at = accountAt(session, location.pathname);
  const shown = at === undefined || at === account ? own : new MailStore(client, at, failed);
  await Promise.all([...new Set([own, shown])].map((store) => store.start()));
  if (SUBMISSION in session.capabilities) {
    await own.readIdentities();
    if (shown !== own) await introduce(own, shown);
  }
  return { own, shown };
}

/** The newest mail, as it was kept in this browser; nothing if none was. */
async function keptMail(failed: (error: Error) => void): Promise<Stores | undefined> {
  const kept = await readKept().catch(() => undefined);
  if (!kept) return undefined;
  const store = new MailStore(new Client(kept.session), kept.account, failed);
  store.restore(kept.dump);
  return { own: store, shown: store };
}

/** Whoever may send as the account that is looked at has an identity for that. */
async function introduce(own: MailStore, shown: MailStore): Promise<void> {
  const email = shown.client.session.accounts[shown.accountId]?.name ?? "";
  const mayBe = [...shown.mailboxes.values()].some(({ myRights }) => myRights.maySubmit);
  if (!mayBe || own.identities.some((it) => it.email.toLowerCase() === email.toLowerCase())) return;
  // The server has the last word; where it refuses, one writes as oneself.
  const answer = await own.client.call("Identity/set", { accountId: own.accountId, create: { shown: { name: "", email } } });
  if (answer.created?.shown) await own.readIdentities();
}
