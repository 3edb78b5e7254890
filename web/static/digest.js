// Makes the SHA-256 of a chosen file in the browser and puts it into the field
// of the digest. The file is sent nowhere: the input has no name.

const most = 512 * 1024 * 1024; // what a browser reads into memory without trouble

document.querySelectorAll("[data-digest]").forEach((box) => {
  if (!(box instanceof HTMLElement) || !window.crypto?.subtle) return;
  const field = document.getElementById(box.dataset.digest ?? "");
  const file = box.querySelector("input[type=file]");
  const line = box.querySelector("[role=status]");
  if (!(field instanceof HTMLInputElement) || !(file instanceof HTMLInputElement) || !line) return;
  box.hidden = false;
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    if (chosen.size > most) {
      line.textContent = box.dataset.large ?? "";
      return;
    }
    line.textContent = box.dataset.busy ?? "";
    try {
      const sum = await crypto.subtle.digest("SHA-256", await chosen.arrayBuffer());
      field.value = Array.from(new Uint8Array(sum), (b) => b.toString(16).padStart(2, "0")).join("");
      line.textContent = box.dataset.done ?? "";
    } catch {
      line.textContent = box.dataset.large ?? "";
    }
  });
});
