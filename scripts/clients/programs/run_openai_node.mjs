// SPDX-FileCopyrightText: 2026 threadworks.openai contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// openai-node: poll, stream, event handlers, tools, and files.

import assert from "node:assert";
import { createRequire } from "node:module";
import path from "node:path";

// The package is installed in the directory of the environment, not beside this file.
const require = createRequire(path.join(process.env.MODULES, "package.json"));
const { default: OpenAI, toFile } = require("openai");

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.TOKEN });
const tool = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const assistant = await client.beta.assistants.create({ model: "m", name: "Guide", tools: [tool] });

async function newThread(text) {
  return (await client.beta.threads.create({ messages: [{ role: "user", content: text }] })).id;
}

async function reply(thread) {
  return (await client.beta.threads.messages.list(thread)).data[0].content[0].text.value;
}

let thread = await newThread("Hello");
let run = await client.beta.threads.runs.createAndPoll(thread, { assistant_id: assistant.id });
assert.equal(run.status, "completed");
assert.equal(await reply(thread), "Reply to: Hello");
console.log("ok poll");

thread = await newThread("Tell me");
const names = [];
for await (const event of await client.beta.threads.runs.create(thread, { assistant_id: assistant.id, stream: true })) {
  names.push(event.event);
}
assert.deepEqual(
  [names[0], names.at(-1)],
  ["thread.run.created", "thread.run.completed"],
);
console.log("ok stream");

let text = "";
thread = await newThread("Say it");
const stream = client.beta.threads.runs
  .stream(thread, { assistant_id: assistant.id })
  .on("textDelta", (delta) => (text += delta.value));
assert.equal((await stream.finalRun()).status, "completed");
assert.equal(text, "Reply to: Say it");
console.log("ok event handlers");

thread = await newThread("weather in Oslo");
text = "";
const asking = client.beta.threads.runs.stream(thread, { assistant_id: assistant.id });
run = await asking.finalRun();
assert.equal(run.status, "requires_action");
const answer = (calls) => calls.map((call) => ({ tool_call_id: call.id, output: "sunny" }));
const continued = client.beta.threads.runs
  .submitToolOutputsStream(run.id, {
    thread_id: thread,
    tool_outputs: answer(run.required_action.submit_tool_outputs.tool_calls),
  })
  .on("textDelta", (delta) => (text += delta.value));
assert.equal((await continued.finalRun()).status, "completed");
assert.equal(text, "Reply to: weather in Oslo");
thread = await newThread("weather in Bergen");
run = await client.beta.threads.runs.createAndPoll(thread, { assistant_id: assistant.id });
run = await client.beta.threads.runs.submitToolOutputsAndPoll(run.id, {
  thread_id: thread,
  tool_outputs: answer(run.required_action.submit_tool_outputs.tool_calls),
});
assert.equal(run.status, "completed");
console.log("ok tools");

const file = await client.files.create({
  file: await toFile(Buffer.from("the fan of oslo is dusty"), "runbook.md"),
  purpose: "assistants",
});
const store = await client.vectorStores.create({ name: "runbooks", file_ids: [file.id] });
const searching = await client.beta.assistants.create({
  model: "m",
  tools: [{ type: "file_search" }],
  tool_resources: { file_search: { vector_store_ids: [store.id] } },
});
thread = await newThread("dusty fan");
run = await client.beta.threads.runs.createAndPoll(thread, { assistant_id: searching.id });
const steps = await client.beta.threads.runs.steps.list(run.id, { thread_id: thread, order: "asc" });
assert.equal(steps.data[0].step_details.tool_calls[0].file_search.results[0].file_id, file.id);
console.log("ok files");

await client.beta.assistants.delete(assistant.id);
await client.beta.threads.delete(thread);
console.log("ok delete");
