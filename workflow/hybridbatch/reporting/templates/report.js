"use strict";
// The page is complete without this script. It adds sortable tables, a choice of theme, and a way
// to follow one language through the page.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Numbers as the page writes them: 1,217 or −0.012 or 12.5 %; anything else is text.
  const key = (cell) => {
    const text = (cell.dataset.value ?? cell.textContent).trim();
    const number = Number(text.replace(/[,%\s]/g, "").replace("−", "-"));
    return text !== "" && !Number.isNaN(number) ? number : text;
  };
  const missing = (value) => value === "" || value === "–";
  const compare = (a, b) =>
    typeof a === typeof b
      ? typeof a === "number" ? a - b : a.localeCompare(b)
      : typeof a === "number" ? -1 : 1;

  const sort = (table, header, index) => {
    const old = header.getAttribute("aria-sort");
    const descending = old ? old === "ascending" : header.classList.contains("number");
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    for (const body of table.tBodies) {
      const rows = Array.from(body.rows).filter((row) => row.matches(":not(.heading, .summary)"));
      const summaries = all(".summary", body);
      const keys = new Map(rows.map((row) => [row, key(row.cells[index])]));
      rows.sort((a, b) => {
        const [left, right] = [keys.get(a), keys.get(b)];
        if (missing(left) || missing(right)) return missing(left) - missing(right);
        return descending ? compare(right, left) : compare(left, right);
      });
      body.append(...rows, ...summaries);
    }
  };

  for (const table of all("table.sortable")) {
    const columns = all("thead tr:last-child th, thead th[rowspan]", table);
    columns.forEach((header, index) => {
      const button = make("button", { type: "button", title: "Sort by this column" });
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header, index));
      header.append(button);
    });
  }

  // Some browsers store nothing for a local file, and some raise an error.
  const remembered = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("theme") ?? "";
      localStorage.setItem("theme", value);
    } catch {
      return "";
    }
    return value;
  };
  const select = (label, options, change) => {
    const id = `control-${label.toLowerCase()}`;
    const choices = options.map(([value, text]) => new Option(text, value));
    const list = make("select", { id }, ...choices);
    list.addEventListener("change", () => change(list.value));
    return [make("span", {}, make("label", { htmlFor: id }, label), " ", list), list];
  };
  const show = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  const themes = [["", "as the system"], ["light", "light"], ["dark", "dark"]];
  const [theme, themeList] = select("Theme", themes, (value) => show(remembered(value)));
  themeList.value = remembered();
  show(themeList.value);

  // The rows of each language on the whole page; the names are read from the rows.
  const names = new Map();
  for (const row of all("tr[data-language]")) {
    names.set(row.dataset.language, row.cells[0].firstChild.textContent.trim());
  }
  const state = { rows: [], at: -1 };
  const status = make("span", { role: "status" });
  const go = (step) => {
    if (!state.rows.length) return;
    state.at = (state.at + step + state.rows.length) % state.rows.length;
    const row = state.rows[state.at];
    for (let each = row.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
    row.scrollIntoView({ block: "center", inline: "nearest" });
    all("tr.current").forEach((other) => other.classList.remove("current"));
    row.classList.add("current");
    status.textContent = `${state.at + 1} of ${state.rows.length}`;
  };
  const follow = (code) => {
    all("tr.followed, tr.current").forEach((row) => row.classList.remove("followed", "current"));
    state.rows = all("tr[data-language]").filter((row) => row.dataset.language === code);
    state.rows.forEach((row) => row.classList.add("followed"));
    state.at = -1;
    status.textContent = "";
    [previous, next].forEach((button) => { button.disabled = !state.rows.length; });
    go(1);
  };
  const turn = (text, label, step) => {
    const button = make("button", { type: "button", textContent: text, disabled: true });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => go(step));
    return button;
  };
  const previous = turn("↑", "Previous row of the language", -1);
  const next = turn("↓", "Next row of the language", 1);
  const sorted = Array.from(names).sort((a, b) => a[1].localeCompare(b[1], "en"));
  const [language] = select("Language", [["", "none"], ...sorted], follow);

  const tools = make("div", { className: "controls" }, theme);
  if (names.size) tools.append(language, make("span", {}, previous, next, " ", status));
  document.querySelector("nav").prepend(tools);
})();
