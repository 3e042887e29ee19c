// From nothing to the screens: the session is opened, the store filled, changes watched.

import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { goToSignIn } from "./account/session";
import { Client, Refused, SignedOut } from "./jmap/client";
import { watch } from "./jmap/push";
import { MAIL, SUBMISSION } from "./jmap/types";
import { MailScreen } from "./mail/mail-screen";
import { StoreProvider } from "./store/context";
import { MailStore } from "./store/store";
import { Button } from "./ui/button";
import { NoticeProvider, useNotices } from "./ui/notices";

const rootRoute = createRootRoute();
const at = (path: string) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path,
    component: MailScreen,
    // What looks like a number in an address is one for the router.
    validateSearch: ({ q }: Record<string, unknown>): { q?: string } => (["string", "number", "boolean"].includes(typeof q) ? { q: String(q) } : {}),
  });
const router = createRouter({
  routeTree: rootRoute.addChildren([at("/"), at("/box/$box"), at("/box/$box/$thread"), at("/search"), at("/search/$thread")]),
  basepath: "/mail",
  // The screen itself keeps where a list stood.
  scrollRestoration: false,
  defaultNotFoundComponent: MailScreen,
});

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
  const [store, setStore] = useState<MailStore>();
  const [error, setError] = useState<Error>();
  const [attempt, setAttempt] = useState(0);

  const failed = useCallback(
    (reason: Error) => {
      if (reason instanceof SignedOut) goToSignIn();
      else fail(reason);
    },
    [fail],
  );
  useEffect(() => {
    let ended = false;
    let stop = () => {};
    setError(undefined);
    open(failed).then(
      (opened) => {
        if (ended) return;
        setStore(opened);
        stop = watch(opened.client, () => opened.wake());
      },
      (reason: Error) => {
        if (reason instanceof SignedOut) goToSignIn();
        else if (!ended) setError(reason);
      },
    );
    return () => {
      ended = true;
      stop();
    };
  }, [attempt, failed]);

  if (store) {
    return (
      <StoreProvider value={store}>
        <RouterProvider router={router} />
      </StoreProvider>
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

async function open(failed: (error: Error) => void): Promise<MailStore> {
  const client = await Client.open();
  const account = client.session.primaryAccounts[MAIL];
  if (!account) throw new Refused("accountNotFound");
  const store = new MailStore(client, account, failed);
  await store.start();
  if (SUBMISSION in client.session.capabilities) await store.readIdentities();
  return store;
}
