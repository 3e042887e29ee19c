// Hardware keys and passkeys (Web Authentication Level 2): what the server says as the browser wants it, and back.

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function encode(buffer: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const kind = "public-key" as const;

/** Has the browser make a credential. */
export async function makeCredential(options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((it) => ({ type: kind, id: decode(it.id) })),
    // So that it can open the key of encrypted mail as well (docs/end-to-end.md).
    extensions: { ...options.extensions, prf: {} },
  } as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const { attestationObject, clientDataJSON } = made.response as AuthenticatorAttestationResponse;
  return { id: made.id, rawId: encode(made.rawId), type: made.type, extensions: {}, response: { attestationObject: encode(attestationObject), clientDataJSON: encode(clientDataJSON) } };
}

/** Has the browser show a credential. */
export async function showCredential(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map((it) => ({ type: kind, id: decode(it.id) })),
  } as PublicKeyCredentialRequestOptions;
  const shown = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const { authenticatorData, clientDataJSON, signature, userHandle } = shown.response as AuthenticatorAssertionResponse;
  const response = { authenticatorData: encode(authenticatorData), clientDataJSON: encode(clientDataJSON), signature: encode(signature), userHandle: userHandle ? encode(userHandle) : null };
  return { id: shown.id, rawId: encode(shown.rawId), type: shown.type, extensions: {}, response };
}
