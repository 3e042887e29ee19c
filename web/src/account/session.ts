// The browser's session: the server's own pages sign people in (docs/sign-in.md); the page only sends there.

import { lock } from "../endtoend/engine";
import { forgetAll, forgetMail } from "../offline/kept";

/** Goes to the page that signs in, and comes back to where we are. What was kept of the mail here goes: the server lets nobody see it. */
export async function goToSignIn(): Promise<void> {
  lock();
  await forgetMail().catch(() => {});
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Ends the session, unless messages wait to be sent, which would be lost: says whether it is ended. */
export async function signOut(): Promise<boolean> {
  lock();
  // A browser without storage keeps nothing.
  if (!(await forgetAll().catch(() => true))) return false;
  await fetch("/api/sign-out", { method: "POST", credentials: "same-origin" });
  location.assign("/sign-in?next=/mail");
  return true;
}
