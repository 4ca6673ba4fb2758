// SPDX-FileCopyrightText: 2026 threadworks.openai contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Elements of the page. Text is always added as text, so markup of a model or a user is only shown.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export const link = (path, ...children) => element("a", { href: `#/${path}` }, ...children);

export const id = (kind, value) => (value ? link(`${kind}/${value}`, element("span", { class: "id" }, value)) : "–");

export function time(seconds) {
  if (!seconds) return "–";
  const date = new Date(seconds * 1000);
  return element("time", { datetime: date.toISOString(), title: date.toISOString() }, date.toLocaleString());
}

export const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString());

export const status = (value) => element("span", { class: `status ${value}` }, value.replaceAll("_", " "));

export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== "–");
  return element("dl", { class: "facts" }, shown.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

// A column is [title, cell of an object, class].
export const cells = (columns, object) => columns.map(([, cell, kind]) => element("td", { class: kind }, cell(object)));

export function table(caption, columns, objects) {
  const rows = objects.map((object) => element("tr", { "data-id": object.id }, cells(columns, object)));
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, columns.map(([title, , kind]) => element("th", { scope: "col", class: kind }, title)))),
      element("tbody", {}, rows),
    ),
  );
}

export const section = (title, ...children) => element("section", {}, element("h2", {}, title), ...children);

const text = (part) =>
  part.type === "text" ? part.text.value : part.type === "refusal" ? part.refusal : `[${part.type}: ${JSON.stringify(part[part.type])}]`;

export function message(object) {
  const files = (object.attachments || []).map((each) => `[file: ${each.file_id}]`);
  return element(
    "article",
    { class: `message ${object.role}` },
    element("h3", {}, object.role, element("span", { class: "quiet" }, time(object.created_at)), object.run_id ? id("runs", object.run_id) : null),
    element("p", { class: "text" }, [...(object.content || []).map(text), ...files].join("\n") || "…"),
  );
}

export function call(object, step) {
  const kind = object[object.type] || {};
  return element(
    "article",
    { class: "call" },
    element("h3", {}, `${object.type} ${kind.name || ""}`, step ? status(step.status) : null),
    element("pre", {}, kind.arguments || kind.input || JSON.stringify(kind, null, 1)),
    kind.output ? element("pre", { "aria-label": "Output" }, kind.output) : null,
  );
}
