// Enrols a hardware key or passkey. Everything else on the page works without script.
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

async function enrol(form) {
  const kind = form.dataset.enrol;
  const begun = await post("/api/account/factors/begin", { kind, label: form.elements.label.value });
  const options = begun.options.publicKey ?? begun.options;
  options.challenge = decode(options.challenge);
  options.user.id = decode(options.user.id);
  for (const excluded of options.excludeCredentials ?? []) excluded.id = decode(excluded.id);
  const made = await navigator.credentials.create({ publicKey: options });
  const { attestationObject, clientDataJSON } = made.response;
  const credential = {
    id: made.id,
    rawId: encode(made.rawId),
    type: made.type,
    extensions: {},
    response: { attestationObject: encode(attestationObject), clientDataJSON: encode(clientDataJSON) },
  };
  return post("/api/account/factors/finish", { kind, challenge: begun.challenge, credential });
}

/// The sheet of recovery codes that comes with the first factor; without one the page is shown anew.
function tell(form, codes) {
  if (codes.length === 0) return location.reload();
  const list = document.createElement("ul");
  list.className = "secret";
  list.dataset.recoveryCodes = "";
  for (const code of codes) {
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("code"), { textContent: code }));
    list.append(line);
  }
  form.replaceWith(list);
}

for (const form of document.querySelectorAll("[data-enrol]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      tell(form, (await enrol(form)).recovery_codes);
    } catch (error) {
      const told = Object.assign(document.createElement("p"), { className: "error", textContent: error.message });
      told.setAttribute("role", "alert");
      form.before(told);
    }
  });
}
