// Theme switch without a page load. Without scripts the form's GET does the same.
const root = document.documentElement;
root.classList.add("js");

/** @param {string} theme */
function keep(theme) {
  const https = location.protocol === "https:";
  const name = https ? "__Host-theme" : "oduvan-theme";
  document.cookie = `${name}=${theme};path=/;max-age=31536000;samesite=lax${https ? ";secure" : ""}`;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.classList.contains("themes")) return;
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  keep(button.value);
  if (button.value === "auto") delete root.dataset.theme;
  else root.dataset.theme = button.value;
  const next = { dark: ".to-light", light: ".to-auto", auto: ".to-dark" }[button.value];
  const shown = next && form.querySelector(next);
  if (shown instanceof HTMLElement) shown.focus();
});

if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}
