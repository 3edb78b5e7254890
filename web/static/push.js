// Lets this browser take pushes: "something new in your inbox" and no more.
// The page works without it: the inbox and the feed say the same.

/** @param {string} text */
const raw = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

// A private window may never answer.
const patience = 20_000;

/**
 * @template T
 * @param {Promise<T>} asked
 * @returns {Promise<T>}
 */
const soon = (asked) => Promise.race([asked, new Promise((_, refuse) => setTimeout(() => refuse(new DOMException("", "TimeoutError")), patience))]);

/** @param {HTMLElement} box */
const subscribe = async (box) => {
  const { push = "", begin = "", csrf = "" } = box.dataset;
  const worker = await navigator.serviceWorker.register("/sw.js");
  await soon(navigator.serviceWorker.ready);
  const made = await soon(worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: raw(push) }));
  const answer = await fetch(begin, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ csrf, response: made.toJSON() }),
  });
  if (answer.ok) return;
  await made.unsubscribe();
  throw new Error((await answer.json()).error);
};

document.querySelectorAll("[data-push]").forEach((box) => {
  if (!(box instanceof HTMLElement) || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const button = box.querySelector("button");
  const said = box.querySelector("[data-said]");
  if (!button || !said) return;
  button.hidden = false;
  box.querySelector("[data-without]")?.remove();
  button.addEventListener("click", async () => {
    said.textContent = "";
    button.disabled = true;
    try {
      if (await Notification.requestPermission() !== "granted") {
        said.textContent = box.dataset.denied ?? "";
      } else {
        await subscribe(box);
        location.reload();
      }
    } catch (fault) {
      const told = fault instanceof Error && !(fault instanceof DOMException) && !(fault instanceof TypeError) && fault.message;
      said.textContent = told || (box.dataset.failed ?? "");
    }
    button.disabled = false;
  });
});
