// Suggestions while typing, by the ARIA combobox pattern: arrows move, Enter
// takes, Escape closes, and plain Enter searches as without scripts.

/** @typedef {{type: string, text: string, value: string, url: string}} Suggestion */

const wait = 150;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} input
 * @param {string} source address that completes ?q=
 */
function combobox(form, input, source) {
  const list = document.createElement("ul");
  list.className = "sug";
  list.id = input.id + "-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent ?? "");
  list.hidden = true;
  const said = document.createElement("p");
  said.className = "vh";
  said.setAttribute("role", "status");
  form.append(list, said);

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  /** @type {Suggestion[]} */
  let found = [];
  let at = -1;
  let timer = 0;
  /** @type {AbortController | undefined} */
  let asking;

  function close() {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} to */
  function move(to) {
    at = to;
    [...list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    const row = list.children[at];
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show() {
    list.replaceChildren(...found.map((s, i) => {
      const row = document.createElement("li");
      row.id = `${list.id}-${i}`;
      row.setAttribute("role", "option");
      row.append(s.text);
      const kind = form.dataset[s.type];
      if (kind) {
        const small = document.createElement("small");
        small.textContent = kind;
        row.append(small);
      }
      return row;
    }));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    said.textContent = list.hidden ? "" : (form.dataset.found ?? "").replace("{n}", String(found.length));
    move(-1);
  }

  /** @param {Suggestion} s */
  function take(s) {
    if (s.url) {
      location.assign(s.url);
      return;
    }
    input.value = s.value;
    close();
    form.requestSubmit();
  }

  async function ask() {
    const text = input.value.trim();
    asking?.abort();
    if (text.length < 2) return close();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const answer = await fetch(`${source}?q=${encodeURIComponent(text)}`, { signal, headers: { Accept: "application/json" } });
      if (!answer.ok) return close();
      const rows = await answer.json();
      if (signal.aborted || document.activeElement !== input) return;
      found = rows.slice(0, 8);
      show();
    } catch {
      // Aborted or offline: plain search still works.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, wait);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" && list.hidden) {
      ask();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const size = found.length + 1;
      move(((at + 1 + step + size) % size) - 1);
    } else if (event.key === "Enter" && at >= 0 && found[at]) {
      event.preventDefault();
      take(found[at]);
    }
  });
  input.addEventListener("blur", () => close());
  // mousedown comes before blur, so the list is still there.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const row = event.target instanceof Element ? event.target.closest("li") : null;
    if (row) take(found[[...list.children].indexOf(row)]);
  });
  form.addEventListener("submit", close);
}

document.querySelectorAll("form.search").forEach((form) => {
  if (!(form instanceof HTMLFormElement)) return;
  const input = form.querySelector("input[type=search]");
  const source = form.dataset.suggest;
  if (input instanceof HTMLInputElement && source) combobox(form, input, source);
});
