// The phone's filters as a dialog: the page behind is inert, Escape closes.
// Without scripts the same panel opens and closes by its address (:target).

const panel = document.getElementById("filters");
const form = panel?.querySelector("form");

function behind() {
  return [...document.querySelectorAll(".top, #main, .site, .tabs, .skip")];
}

function apply() {
  if (!panel) return;
  const open = location.hash === "#filters" && getComputedStyle(panel).position === "fixed";
  behind().forEach((part) => part.toggleAttribute("inert", open));
  if (open) {
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-modal", "true");
    panel.querySelector("a.fclose")?.focus();
  } else {
    panel.removeAttribute("role");
    panel.removeAttribute("aria-modal");
  }
}

if (panel && form) {
  window.addEventListener("hashchange", apply);
  window.addEventListener("resize", apply);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && location.hash === "#filters") {
      location.hash = "#main";
      document.querySelector("a.fbtn")?.focus();
    }
  });
  document.querySelector("select[name=sort]")?.addEventListener("change", () => form.requestSubmit());
  // A shorter address: inputs that say nothing are left out of it.
  form.addEventListener("formdata", (event) => {
    const { formData } = event;
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
    if (!formData.get("price_max")) formData.delete("currency");
  });
  apply();
}
