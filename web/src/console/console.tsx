// From nothing to the console's screens: who looks, what he may, where he goes.

import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { act } from "../account/api";
import { goToSignIn } from "../account/session";
import { StepUpProvider } from "../account/step-up";
import { SignedOut } from "../jmap/client";
import { Button } from "../ui/button";
import { NoticeProvider } from "../ui/notices";
import { SCREENS } from "./all-screens";
import { type Me, MeProvider, useMay } from "./kit/me";
import type { Screen } from "./kit/screen";
import { Frame } from "./frame";
import { ScreenPage } from "./kit/parts";

const root = createRootRoute({ component: Frame });
const routes = SCREENS.map((screen) => createRoute({ getParentRoute: () => root, path: screen.path, component: () => <Allowed screen={screen} /> }));
const router = createRouter({ routeTree: root.addChildren(routes), basepath: "/console", scrollRestoration: false, defaultNotFoundComponent: Nowhere });

function Allowed({ screen }: { screen: Screen }) {
  const { t } = useTranslation();
  const may = useMay();
  const Shown = screen.component;
  if (screen.rights.length > 0 && !may(...screen.rights)) {
    return <ScreenPage title={t(screen.title)}><p className="rounded-lg border border-line bg-paper p-4">{t("console.not-yours")}</p></ScreenPage>;
  }
  return <Suspense fallback={<p className="p-4 text-quiet">{t("app.loading")}</p>}><Shown /></Suspense>;
}

function Nowhere() {
  const { t } = useTranslation();
  return <ScreenPage title={t("console.nowhere")}><p>{t("console.nowhere-how")}</p></ScreenPage>;
}

export function Console() {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={i18n.language}>
      <NoticeProvider>
        <StepUpProvider>
          <Opened />
        </StepUpProvider>
      </NoticeProvider>
    </I18nProvider>
  );
}

function Opened() {
  const { t } = useTranslation();
  const [me, setMe] = useState<Me>();
  const [error, setError] = useState<Error>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let ended = false;
    setError(undefined);
    act<Me>("access-own", {}).then(
      (known) => !ended && setMe(known),
      (reason: Error) => {
        if (reason instanceof SignedOut) void goToSignIn();
        else if (!ended) setError(reason);
      },
    );
    return () => {
      ended = true;
    };
  }, [attempt]);
  if (me) return <MeProvider value={me}><RouterProvider router={router} /></MeProvider>;
  return (
    <main className="flex h-full flex-col items-center justify-center gap-3 p-8 text-center">
      {error ? (
        <>
          <h1 className="text-[15px] font-semibold">{t("console.starts-not")}</h1>
          <p className="text-quiet">{error.message}</p>
          <Button look="first" onPress={() => setAttempt((count) => count + 1)}>{t("app.again")}</Button>
        </>
      ) : (
        <h1 className="text-quiet">{t("app.loading")}</h1>
      )}
    </main>
  );
}
