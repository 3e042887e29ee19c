// The browser's session: the server's own pages sign people in (docs/sign-in.md); the page only sends there.

/** Goes to the page that signs in, and comes back to where we are. */
export function goToSignIn(): void {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

export async function signOut(): Promise<void> {
  await fetch("/api/sign-out", { method: "POST", credentials: "same-origin" });
  location.assign("/sign-in?next=/mail");
}
