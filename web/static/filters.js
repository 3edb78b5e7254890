// The phone's filters as a dialog: the page behind is inert, Escape closes.
// Without scripts the same panel opens and closes by its address (:target).

const panel = document.getElementById("filters");
const form = panel?.querySelector("form");
const narrow = matchMedia("(max-width: 1080px)"); // as in base.css

function behind() {
  return [...document.querySelectorAll(".top, #main, .site, .tabs, .skip")];
}

function apply() {
  if (!panel) return;
  const open = location.hash === "#filters" && narrow.matches;
  behind().forEach((part) => part.toggleAttribute("inert", open));
  if (open) {
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-modal", "true");
    const close = panel.querySelector("a.fclose");
    if (close instanceof HTMLElement) close.focus();
  } else {
    panel.removeAttribute("role");
    panel.removeAttribute("aria-modal");
  }
}

if (panel && form) {
  window.addEventListener("hashchange", apply);
  narrow.addEventListener("change", apply);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && location.hash === "#filters") {
      location.hash = "#main";
      apply(); // the button behind takes the focus only when it is not inert
      const button = document.querySelector("a.fbtn");
      if (button instanceof HTMLElement) button.focus();
    }
  });
  document.querySelector("select[name=sort]")?.addEventListener("change", () => form.requestSubmit());
  // A shorter address: inputs that say nothing are left out of it.
  form.addEventListener("formdata", (event) => {
    const { formData } = event;
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
    if (!formData.get("price_min") && !formData.get("price_max")) formData.delete("currency");
  });
  apply();
}
