// SPDX-FileCopyrightText: 2026 threadworks.openai contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The views of the page. Each reads the API of the server, and shows changes of runs while it is open.

import { call, cells, element, facts, id, link, message, number, section, status, table, time } from "./dom.js";

const main = document.getElementById("main");
const STATUSES = ["queued", "in_progress", "requires_action", "cancelling", "completed", "failed", "incomplete", "cancelled", "expired"];
const ACTIVE = new Set(STATUSES.slice(0, 4));
const PAGE = 50;
let stream = null;
let views = 0;

async function read(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const response = await fetch(`/v1/${path}?${new URLSearchParams(given)}`, { headers: { "OpenAI-Beta": "assistants=v2" } });
  if (response.status === 401) {
    location.assign("/"); // the session has ended: the server shows the form
    return new Promise(() => {});
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error?.message || `The server answered with status ${response.status}.`);
  return body;
}

function follow(ids, changed, added) {
  stream?.close();
  stream = new EventSource(`/page/live?${new URLSearchParams(ids.map((each) => ["run", each]))}`);
  stream.addEventListener("run", (event) => changed(JSON.parse(event.data)));
  if (added) stream.addEventListener("new", added);
}

const announce = (words) => { document.getElementById("live").textContent = words; };

function show(title, ...children) {
  document.title = `${title} · threadworks.openai`;
  main.replaceChildren(element("h1", {}, title), ...children);
}

// The names of assistants that the lists show, by id.
const names = new Map();

async function readNames() {
  const list = await read("assistants", { limit: 100 });
  for (const each of list.data) if (each.name) names.set(each.id, each.name);
}

const assistantOf = (run) => (names.has(run.assistant_id) ? link(`assistants/${run.assistant_id}`, names.get(run.assistant_id)) : id("assistants", run.assistant_id));
const tokens = (run) => number(run.usage?.total_tokens);
const seconds = (run) => {
  const exact = run.details?.seconds;
  if (!ACTIVE.has(run.status) && exact !== null && exact !== undefined) return `${exact.toFixed(1)} s`;
  const end = run.completed_at || run.failed_at || run.cancelled_at;
  return run.started_at && end ? `${end - run.started_at} s` : "–";
};
const cost = (run) => (run.details?.cost && run.details.rounds ? `$${Number(run.details.cost.amount).toFixed(4)}` : "–");

const RUN_COLUMNS = [
  ["Run", (run) => id("runs", run.id)],
  ["Status", (run) => status(run.status)],
  ["Created", (run) => time(run.created_at)],
  ["Assistant", assistantOf, "wide"],
  ["Model", (run) => run.model, "wide"],
  ["Tokens", tokens, "number"],
  ["Cost", cost, "number wide"],
  ["Duration", seconds, "number wide"],
];

const THREAD_COLUMNS = [
  ["Thread", (thread) => id("threads", thread.id)],
  ["Created", (thread) => time(thread.created_at)],
  ["Metadata", pairs, "wide"],
];

const ASSISTANT_COLUMNS = [
  ["Name", (assistant) => link(`assistants/${assistant.id}`, assistant.name || assistant.id)],
  ["Model", (assistant) => assistant.model],
  ["Tools", (assistant) => assistant.tools.map((tool) => tool.function?.name || tool.type).join(", ") || "–", "wide"],
  ["Created", (assistant) => time(assistant.created_at), "wide"],
];

function pairs(object) {
  return Object.entries(object.metadata || {}).map(([key, value]) => `${key}: ${value}`).join(", ") || "–";
}

function pages(path, query, list) {
  const older = list.has_more ? link(`${path}?${new URLSearchParams({ ...query, after: list.last_id })}`, "Older") : null;
  const first = query.after ? link(`${path}?${new URLSearchParams({ ...query, after: "" })}`, "Newest") : null;
  return element("nav", { class: "pages", "aria-label": "Pages" }, first, older);
}

function filters(query) {
  const field = (name, label, made) => element("label", {}, label, Object.assign(made, { name, value: query[name] || "" }));
  const choices = [element("option", { value: "" }, "all"), ...STATUSES.map((each) => element("option", { value: each }, each.replaceAll("_", " ")))];
  const send = (event) => {
    event.preventDefault();
    const given = [...new FormData(event.target)].filter(([, value]) => value.trim());
    location.hash = `#/runs?${new URLSearchParams(given)}`;
  };
  return element(
    "form",
    { class: "filters", onsubmit: send, "aria-label": "Filters" },
    field("status", "Status", element("select", { onchange: (event) => event.target.form.requestSubmit() }, choices)),
    field("assistant_id", "Assistant id", element("input", { size: "24", spellcheck: "false" })),
    field("metadata", "Metadata", element("input", { placeholder: "key=value", size: "20", spellcheck: "false" })),
    field("since", "Created on or after", element("input", { type: "date" })),
    element("button", {}, "Filter"),
  );
}

function asked(query) {
  const [key, ...value] = (query.metadata || "").split("=");
  return {
    limit: PAGE,
    "include[]": "details",
    status: query.status,
    assistant_id: query.assistant_id,
    after: query.after,
    created_after: query.since ? Date.parse(`${query.since}T00:00`) / 1000 : "",
    ...(value.length ? { [`metadata[${key.trim()}]`]: value.join("=").trim() } : {}),
  };
}

async function listOfRuns(query, isCurrent) {
  const [list] = await Promise.all([read("runs", asked(query)), readNames()]);
  if (!isCurrent()) return;
  const empty = element("p", { class: "quiet" }, "No runs.");
  show("Runs", filters(query), list.data.length ? table("Runs", RUN_COLUMNS, list.data) : empty, pages("runs", query, list));
  const active = list.data.filter((run) => ACTIVE.has(run.status)).map((run) => run.id);
  const update = ({ run }) => {
    const row = main.querySelector(`tr[data-id="${CSS.escape(run.id)}"]`);
    if (!row || row.dataset.status === run.status) return;
    if (row.dataset.status) announce(`Run ${run.id}: ${run.status.replaceAll("_", " ")}`);
    row.dataset.status = run.status;
    row.replaceChildren(...cells(RUN_COLUMNS, run));
  };
  follow(active, update, query.after ? null : () => again(query, isCurrent));
}

function again(query, isCurrent) {
  // A filter that is being changed is not lost.
  if (isCurrent() && !main.querySelector("form.filters :focus")) listOfRuns(query, isCurrent).catch(fail);
}

function conversation(messages, steps) {
  const said = messages.map((each) => ({ at: each.created_at, made: message(each), isQuestion: each.role === "user" }));
  const calls = steps.flatMap((step) => (step.step_details.tool_calls || []).map((each) => ({ at: step.created_at, made: call(each, step) })));
  // In the same second, the question comes first, and the reply after the calls.
  const parts = [...said.filter((each) => each.isQuestion), ...calls, ...said.filter((each) => !each.isQuestion)];
  return element("div", { class: "chat" }, parts.sort((one, other) => one.at - other.at).map((each) => each.made));
}

async function oneRun(name, _query, isCurrent) {
  const run = await read(`runs/${name}`, { "include[]": "details" });
  const thread = `threads/${run.thread_id}`;
  const [question, messages, steps] = await Promise.all([
    read(`${thread}/messages`, { order: "desc", limit: 20 }),
    read(`${thread}/messages`, { order: "asc", limit: 100, run_id: run.id }),
    read(`${thread}/runs/${run.id}/steps`, { order: "asc", limit: 100 }),
    readNames(),
  ]);
  if (!isCurrent()) return;
  const before = question.data.filter((each) => each.role === "user" && each.created_at <= run.created_at).slice(0, 1);
  const draw = (current, written, taken) => {
    const details = current.details || {};
    show(
      `Run ${current.id}`,
      facts([
        ["Status", status(current.status)],
        ["Thread", id("threads", current.thread_id)],
        ["Assistant", assistantOf(current)],
        ["Model", details.model || current.model],
        ["Created", time(current.created_at)],
        ["Duration", seconds(current)],
        ["Tokens", tokens(current)],
        ["Cost", cost(current)],
        ["Rounds", details.rounds ? number(details.rounds) : null],
        ["Metadata", pairs(current)],
      ]),
      current.last_error ? element("p", { class: "problem" }, `${current.last_error.code}: ${current.last_error.message}`) : "",
      section("Conversation", conversation([...before, ...written], taken)),
      current.instructions ? section("Instructions", element("p", { class: "text" }, current.instructions)) : "",
    );
  };
  draw(run, messages.data, steps.data);
  if (!ACTIVE.has(run.status)) return;
  follow([run.id], (look) => {
    if (!isCurrent()) return;
    draw(look.run, look.messages, look.steps);
    announce(`The run is ${look.run.status.replaceAll("_", " ")}`);
    if (!ACTIVE.has(look.run.status)) stream.close();
  });
}

async function listOf(title, path, columns, query, isCurrent) {
  const list = await read(path, { limit: PAGE, after: query.after });
  if (!isCurrent()) return;
  const empty = element("p", { class: "quiet" }, `No ${path}.`);
  show(title, list.data.length ? table(title, columns, list.data) : empty, pages(path, query, list));
}

async function oneThread(name, query, isCurrent) {
  const [thread, messages, runs] = await Promise.all([
    read(`threads/${name}`),
    read(`threads/${name}/messages`, { order: "desc", limit: PAGE, after: query.after }),
    read(`threads/${name}/runs`, { limit: 20 }),
  ]);
  if (!isCurrent()) return;
  show(
    `Thread ${name}`,
    facts([["Created", time(thread.created_at)], ["Metadata", pairs(thread)]]),
    section("Messages", pages(`threads/${name}`, query, messages), element("div", { class: "chat" }, messages.data.reverse().map(message))),
    section("Runs", runs.data.length ? table("Runs of this thread", RUN_COLUMNS, runs.data) : element("p", { class: "quiet" }, "No runs.")),
  );
}

async function oneAssistant(name, _query, isCurrent) {
  const [assistant, runs] = await Promise.all([
    read(`assistants/${name}`),
    read("runs", { assistant_id: name, limit: 20, "include[]": "details" }),
  ]);
  if (!isCurrent()) return;
  show(
    assistant.name || name,
    facts([
      ["Id", element("span", { class: "id" }, assistant.id)],
      ["Model", assistant.model],
      ["Created", time(assistant.created_at)],
      ["Description", assistant.description],
      ["Metadata", pairs(assistant)],
    ]),
    assistant.instructions ? section("Instructions", element("p", { class: "text" }, assistant.instructions)) : "",
    assistant.tools.length ? section("Tools", element("pre", {}, JSON.stringify(assistant.tools, null, 2))) : "",
    section("Runs", runs.data.length ? table("Runs of this assistant", RUN_COLUMNS, runs.data) : element("p", { class: "quiet" }, "No runs.")),
  );
}

const GROUPS = { day: "Day (UTC)", model: "Model", assistant_id: "Assistant", status: "Status", service_tier: "Service tier" };

async function usage(query, isCurrent) {
  const by = query.group in GROUPS ? query.group : "day";
  const list = await read("usage", { "group_by[]": by, limit: 1000 });
  if (!isCurrent()) return;
  const choose = (event) => { location.hash = `#/usage?group=${event.target.value}`; };
  const choices = Object.entries(GROUPS).map(([value, label]) => element("option", { value, selected: value === by }, label));
  const column = (title, name, kind = "number") => [title, (each) => number(each[name]), kind];
  const columns = [
    [GROUPS[by], (each) => (by === "assistant_id" ? id("assistants", each.group[by]) : each.group[by] ?? "unknown")],
    column("Runs", "runs"),
    column("Input tokens", "input_tokens"),
    column("Cached", "cached_tokens", "number wide"),
    column("Output tokens", "output_tokens"),
    column("Reasoning", "reasoning_tokens", "number wide"),
    column("Tool calls", "tool_calls", "number wide"),
    ["Cost", (each) => (each.cost ? `$${each.cost.amount}` : "unknown"), "number"],
    column("Runs without known cost", "runs_without_cost", "number wide"),
  ];
  const empty = element("p", { class: "quiet" }, "No runs have ended.");
  show(
    "Usage",
    element("form", { class: "filters" }, element("label", {}, "Group by", element("select", { onchange: choose }, choices))),
    list.data.length ? table("Usage", columns, list.data) : empty,
  );
}

function fail(error) {
  main.querySelectorAll(".problem").forEach((each) => each.remove());
  main.append(element("p", { class: "problem", role: "alert" }, error.message));
}

const VIEWS = {
  runs: [listOfRuns, oneRun],
  threads: [(...given) => listOf("Threads", "threads", THREAD_COLUMNS, ...given), oneThread],
  assistants: [(...given) => listOf("Assistants", "assistants", ASSISTANT_COLUMNS, ...given), oneAssistant],
  usage: [usage],
};

async function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, name] = path.split("/");
  const [list, one] = VIEWS[kind] || VIEWS.runs;
  const given = Object.fromEntries(new URLSearchParams(query));
  const view = ++views;
  const isCurrent = () => view === views;
  stream?.close();
  document.querySelectorAll("header nav a").forEach((each) => {
    if (each.hash === `#/${kind || "runs"}`) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  });
  show("Loading…");
  try {
    await (name && one ? one(decodeURIComponent(name), given, isCurrent) : list(given, isCurrent));
  } catch (error) {
    if (isCurrent()) {
      show("Not found");
      fail(error);
    }
  }
  if (view > 1) main.focus({ preventScroll: true });
}

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = document.getElementById("id").value.trim();
  const kind = { run: "runs", thread: "threads", asst: "assistants" }[wanted.split("_")[0]];
  if (kind) location.hash = `#/${kind}/${encodeURIComponent(wanted)}`;
  else fail(new Error("An id starts with run_, thread_ or asst_."));
});
window.addEventListener("hashchange", route);
route();
