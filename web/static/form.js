// Small help for forms: characters left, copy buttons, the preview of
// Markdown, focus on what has to be fixed. Forms work without any of it.

document.querySelectorAll("textarea[data-count]").forEach((area) => {
  if (!(area instanceof HTMLTextAreaElement)) return;
  const line = document.getElementById(area.dataset.count ?? "");
  if (!line) return;
  const words = line.dataset.words ?? "{n}";
  const tell = () => { line.textContent = words.replace("{n}", String(area.maxLength - area.value.length)); };
  area.addEventListener("input", tell);
  tell();
});

document.querySelectorAll("button[data-copy]").forEach((button) => {
  if (!(button instanceof HTMLButtonElement) || !navigator.clipboard) return;
  const from = document.getElementById(button.dataset.copy ?? "");
  const label = button.querySelector(".lbl");
  if (!from || !label) return;
  button.hidden = false;
  label.setAttribute("role", "status");
  const before = label.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(from.textContent?.trim() ?? "");
    label.textContent = button.dataset.done ?? "";
    setTimeout(() => { label.textContent = before; }, 2000);
  });
});

document.querySelectorAll("[data-preview]").forEach((box) => {
  if (!(box instanceof HTMLElement)) return;
  const area = document.getElementById(box.dataset.for ?? "");
  const button = box.querySelector("button");
  const out = box.querySelector(".prose");
  if (!(area instanceof HTMLTextAreaElement) || !button || !out) return;
  box.hidden = false;
  button.addEventListener("click", async () => {
    const body = new URLSearchParams({ text: area.value, csrf: box.dataset.csrf ?? "" });
    const answer = await fetch(box.dataset.preview ?? "", { method: "POST", body });
    // The server renders and sanitises; what it sends is the same as on the page.
    if (answer.ok) out.innerHTML = await answer.text();
  });
});

const troubles = document.getElementById("troubles");
if (troubles) troubles.focus();
