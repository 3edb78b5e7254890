// Passkeys: makes one or signs in with one. The page works without it: the
// recovery code does the same. Buttons appear only where passkeys exist.

/** @param {string} text */
const bytes = (text) => {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0)).buffer;
};

/** @param {ArrayBuffer} buffer */
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/**
 * The options as the browser wants them: what is binary comes as base64url.
 * @param {any} options
 */
const decoded = (options) => {
  const out = { ...options, challenge: bytes(options.challenge) };
  if (out.user) out.user = { ...out.user, id: bytes(out.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (out[list]) out[list] = out[list].map((/** @type {any} */ c) => ({ ...c, id: bytes(c.id) }));
  }
  return out;
};

/**
 * What the browser made, as JSON. Extensions and transports that tell about
 * the device stay here.
 * @param {any} made
 */
const encoded = (made) => {
  /** @type {Record<string, string | null>} */
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {}, response };
};

/**
 * @param {string} address
 * @param {object} body
 */
const send = async (address, body) => {
  const answer = await fetch(address, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const out = await answer.json();
  if (!answer.ok) throw new Error(out.error);
  return out;
};

/** @param {HTMLElement} box */
const run = async (box) => {
  const { begin = "", end = "", csrf = "", next = "" } = box.dataset;
  const options = await send(begin, { csrf });
  const publicKey = decoded(options.publicKey ?? options);
  const made = box.dataset.passkey === "create"
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  const name = box.querySelector("input");
  const done = await send(end, { csrf, next, name: name ? name.value : "", response: encoded(made) });
  location.assign(done.next);
};

document.querySelectorAll("[data-passkey]").forEach((box) => {
  if (!(box instanceof HTMLElement) || !window.PublicKeyCredential) return;
  const button = box.querySelector("button");
  const said = box.querySelector("[data-said]");
  if (!button || !said) return;
  box.querySelectorAll("[data-with]").forEach((part) => part.removeAttribute("hidden"));
  box.querySelectorAll("[data-without]").forEach((part) => part.remove());
  button.addEventListener("click", async () => {
    said.textContent = "";
    button.disabled = true;
    try {
      await run(box);
    } catch (fault) {
      const known = fault instanceof DOMException && fault.name === "InvalidStateError";
      const gone = fault instanceof DOMException && (fault.name === "NotAllowedError" || fault.name === "AbortError");
      const told = fault instanceof Error && !(fault instanceof DOMException) && !(fault instanceof TypeError) && fault.message;
      said.textContent = known ? box.dataset.known ?? "" : gone ? box.dataset.cancelled ?? "" : told || (box.dataset.failed ?? "");
      button.disabled = false;
    }
  });
});
