// The profile's editor: skills as chips instead of a grid of inputs, and the
// browser's time zone as a first guess. The form works without it.

document.querySelectorAll("[data-chips]").forEach((group) => {
  if (!(group instanceof HTMLElement)) return;
  const grid = group.querySelector(".many");
  if (!grid) return;
  const name = group.dataset.chips ?? "";
  const most = Number(group.dataset.most);
  const first = /** @type {HTMLInputElement | null} */ (grid.querySelector("input"));
  /** @type {string[]} */
  const chosen = [...grid.querySelectorAll("input")].map((input) => input.value.trim()).filter((value) => value !== "");

  const chips = document.createElement("ul");
  chips.className = "picked";
  const entry = document.createElement("input");
  entry.className = "field";
  entry.maxLength = first ? first.maxLength : 40;
  entry.setAttribute("list", first?.getAttribute("list") ?? "");
  entry.setAttribute("aria-label", group.dataset.label ?? "");
  entry.placeholder = group.dataset.label ?? "";
  entry.autocomplete = "off";

  const cross = () => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", "m7 7 10 10M17 7 7 17");
    svg.append(path);
    return svg;
  };

  const draw = () => {
    chips.replaceChildren(...chosen.map((value, i) => {
      const item = document.createElement("li");
      const carried = document.createElement("input");
      carried.type = "hidden";
      carried.name = name;
      carried.value = value;
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", (group.dataset.remove ?? "{skill}").replace("{skill}", value));
      button.append(value, cross());
      button.addEventListener("click", () => { chosen.splice(i, 1); draw(); entry.focus(); });
      item.append(carried, button);
      return item;
    }));
    entry.hidden = chosen.length >= most;
  };

  /** Takes what is typed; several at once come with commas between them. */
  const take = () => {
    for (const part of entry.value.split(",")) {
      const value = part.trim();
      const there = chosen.some((other) => other.toLowerCase() === value.toLowerCase());
      if (value !== "" && !there && chosen.length < most) chosen.push(value);
    }
    entry.value = "";
    draw();
  };
  entry.addEventListener("change", take);
  entry.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === ",") && entry.value.trim() !== "") {
      event.preventDefault();
      take();
    }
    if (event.key === "Backspace" && entry.value === "" && chosen.length > 0) {
      chosen.pop();
      draw();
    }
  });
  grid.replaceWith(chips, entry);
  draw();
});

const zone = document.querySelector("form[data-fresh] select[name=timezone]");
if (zone instanceof HTMLSelectElement && zone.value === "") {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === here)) zone.value = here;
}
