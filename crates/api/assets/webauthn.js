// Shows a hardware key or passkey at sign-in. Everything else on these pages works without script.
const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
}

async function show(button) {
  const begun = await post("/api/sign-in/factor/begin", { means: "webauthn" });
  const options = begun.options.publicKey ?? begun.options;
  options.challenge = decode(options.challenge);
  for (const allowed of options.allowCredentials ?? []) allowed.id = decode(allowed.id);
  const found = await navigator.credentials.get({ publicKey: options });
  const { authenticatorData, clientDataJSON, signature, userHandle } = found.response;
  const credential = {
    id: found.id,
    rawId: encode(found.rawId),
    type: found.type,
    extensions: {},
    response: {
      authenticatorData: encode(authenticatorData),
      clientDataJSON: encode(clientDataJSON),
      signature: encode(signature),
      userHandle: userHandle ? encode(userHandle) : null,
    },
  };
  const shown = await post("/api/sign-in/factor", { means: "webauthn", challenge: begun.challenge, credential });
  location.assign(shown.state === "enrol" ? "/sign-in/enrol" : button.dataset.next);
}

for (const button of document.querySelectorAll("[data-webauthn]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await show(button);
    } catch (error) {
      const told = document.createElement("p");
      told.className = "error";
      told.setAttribute("role", "alert");
      told.textContent = error.message;
      button.before(told);
      button.disabled = false;
    }
  });
}
