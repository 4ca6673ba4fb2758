-- SPDX-FileCopyrightText: 2026 threadworks.openai contributors
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A store as version 0.1.0 wrote it: an assistant, a thread, a completed run and one that waits for the output of a
-- function call. The reply has half of a surrogate pair, and what the wire does not show of it has NaN and infinities.
BEGIN TRANSACTION;
CREATE TABLE assistants (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	private JSON NOT NULL, 
	UNIQUE (id)
);
INSERT INTO "assistants" VALUES(1,'asst_YLkZsfPKOnU4t3uLuxxWR7XW','{"id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "object": "assistant", "created_at": 1795690905, "model": "scripted", "name": "Old", "description": null, "instructions": null, "tools": [{"type": "function", "function": {"name": "disk"}}], "tool_resources": {}, "metadata": {"ansible_key": "old"}, "temperature": 1.0, "top_p": 1.0, "response_format": "auto"}','{"reasoning_effort": null, "sampling": {}}');
CREATE TABLE assistants_metadata (
	seq INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (seq, "key"), 
	FOREIGN KEY(seq) REFERENCES assistants (seq) ON DELETE CASCADE
);
INSERT INTO "assistants_metadata" VALUES(1,'ansible_key','old');
CREATE TABLE idempotency (
	"key" VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	object_id VARCHAR NOT NULL, 
	created_at INTEGER NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "idempotency" VALUES('old','e4337e64d2046475d8f9276f07fcc585e6769be5dbcea7be20984c4dbeb56dbf','thread_FNLUiiz0wMR7JKc0iwAqu7P9',1795690905);
CREATE TABLE messages (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	private JSON NOT NULL, 
	thread_id VARCHAR NOT NULL, 
	run_id VARCHAR, 
	UNIQUE (id), 
	FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE
);
INSERT INTO "messages" VALUES(1,'msg_5HylESxFoBQksmbNGjJQ3LrJ','{"id": "msg_5HylESxFoBQksmbNGjJQ3LrJ", "object": "thread.message", "created_at": 1795690905, "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "incomplete_details": null, "completed_at": 1795690905, "incomplete_at": null, "content": [{"type": "text", "text": {"value": "Hello \u2603", "annotations": []}}], "assistant_id": null, "run_id": null, "attachments": [], "metadata": {"number": "1"}, "status": "completed", "role": "user"}','{}','thread_FNLUiiz0wMR7JKc0iwAqu7P9',NULL);
INSERT INTO "messages" VALUES(2,'msg_8s2Iu3tqjhWcqZT6ZvwohJ4W','{"id": "msg_8s2Iu3tqjhWcqZT6ZvwohJ4W", "object": "thread.message", "created_at": 1795690905, "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "incomplete_details": null, "completed_at": 1795690905, "incomplete_at": null, "content": [{"type": "text", "text": {"value": "half \ud800 and \ud83d\ude00", "annotations": []}}], "assistant_id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "run_id": "run_JecChhzJ6oBPORdVCJCVhShM", "attachments": [], "metadata": {}, "status": "completed", "role": "assistant"}','{"score": NaN, "inner": [Infinity, -Infinity, 1.5]}','thread_FNLUiiz0wMR7JKc0iwAqu7P9','run_JecChhzJ6oBPORdVCJCVhShM');
CREATE TABLE messages_metadata (
	seq INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (seq, "key"), 
	FOREIGN KEY(seq) REFERENCES messages (seq) ON DELETE CASCADE
);
INSERT INTO "messages_metadata" VALUES(1,'number','1');
CREATE TABLE runs (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	private JSON NOT NULL, 
	thread_id VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	expires_at INTEGER NOT NULL, 
	lease_owner VARCHAR, 
	lease_until FLOAT, 
	UNIQUE (id), 
	FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES(1,'run_JecChhzJ6oBPORdVCJCVhShM','{"id": "run_JecChhzJ6oBPORdVCJCVhShM", "object": "thread.run", "created_at": 1795690905, "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "assistant_id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "status": "completed", "required_action": null, "last_error": null, "expires_at": null, "started_at": 1795690905, "cancelled_at": null, "failed_at": null, "completed_at": 1795690905, "incomplete_details": null, "model": "scripted", "instructions": "", "tools": [{"type": "function", "function": {"name": "disk"}}], "metadata": {}, "usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}, "temperature": 1.0, "top_p": 1.0, "max_prompt_tokens": null, "max_completion_tokens": null, "truncation_strategy": {"last_messages": null, "type": "auto"}, "tool_choice": "auto", "parallel_tool_calls": true, "response_format": "auto"}','{"reasoning_effort": null, "sampling": {}, "tool_resources": {}, "items": [{"type": "message", "id": "msg_000001", "role": "assistant", "content": [{"type": "output_text", "text": "half \ud800 and \ud83d\ude00", "annotations": [], "logprobs": []}], "status": "completed"}], "usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}}','thread_FNLUiiz0wMR7JKc0iwAqu7P9','completed',1795691505,NULL,NULL);
INSERT INTO "runs" VALUES(2,'run_YfGlol5SJnfvu8AZvdODV678','{"id": "run_YfGlol5SJnfvu8AZvdODV678", "object": "thread.run", "created_at": 1795690905, "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "assistant_id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "status": "requires_action", "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [{"id": "call_000004", "type": "function", "function": {"name": "disk", "arguments": "{}"}}]}}, "last_error": null, "expires_at": 4102444800, "started_at": 1795690905, "cancelled_at": null, "failed_at": null, "completed_at": null, "incomplete_details": null, "model": "scripted", "instructions": "", "tools": [{"type": "function", "function": {"name": "disk"}}], "metadata": {}, "usage": null, "temperature": 1.0, "top_p": 1.0, "max_prompt_tokens": null, "max_completion_tokens": null, "truncation_strategy": {"last_messages": null, "type": "auto"}, "tool_choice": "auto", "parallel_tool_calls": true, "response_format": "auto"}','{"reasoning_effort": null, "sampling": {}, "tool_resources": {}, "items": [{"type": "function_call", "id": "fc_000003", "call_id": "call_000004", "name": "disk", "arguments": "{}", "status": "completed"}], "usage": {"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}}','thread_FNLUiiz0wMR7JKc0iwAqu7P9','requires_action',4102444800,NULL,NULL);
CREATE TABLE runs_metadata (
	seq INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (seq, "key"), 
	FOREIGN KEY(seq) REFERENCES runs (seq) ON DELETE CASCADE
);
CREATE TABLE steps (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	private JSON NOT NULL, 
	run_id VARCHAR NOT NULL, 
	UNIQUE (id), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "steps" VALUES(1,'step_nxYdeDg4SikogHH5VlGlEWSL','{"id": "step_nxYdeDg4SikogHH5VlGlEWSL", "object": "thread.run.step", "created_at": 1795690905, "assistant_id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "run_id": "run_JecChhzJ6oBPORdVCJCVhShM", "type": "message_creation", "status": "completed", "step_details": {"type": "message_creation", "message_creation": {"message_id": "msg_8s2Iu3tqjhWcqZT6ZvwohJ4W"}}, "last_error": null, "expired_at": null, "cancelled_at": null, "failed_at": null, "completed_at": 1795690905, "metadata": {}, "usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}}','{"usage": {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}}','run_JecChhzJ6oBPORdVCJCVhShM');
INSERT INTO "steps" VALUES(2,'step_iPoCoGFh0QmsqVECq4WYA7NA','{"id": "step_iPoCoGFh0QmsqVECq4WYA7NA", "object": "thread.run.step", "created_at": 1795690905, "assistant_id": "asst_YLkZsfPKOnU4t3uLuxxWR7XW", "thread_id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "run_id": "run_YfGlol5SJnfvu8AZvdODV678", "type": "tool_calls", "status": "in_progress", "step_details": {"type": "tool_calls", "tool_calls": [{"id": "call_000004", "type": "function", "function": {"name": "disk", "arguments": "{}", "output": null}}]}, "last_error": null, "expired_at": null, "cancelled_at": null, "failed_at": null, "completed_at": null, "metadata": {}, "usage": null}','{"usage": {"prompt_tokens": 6, "completion_tokens": 1, "total_tokens": 7}}','run_YfGlol5SJnfvu8AZvdODV678');
CREATE TABLE store_version (
	version INTEGER NOT NULL
);
INSERT INTO "store_version" VALUES(1);
CREATE TABLE threads (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document JSON NOT NULL, 
	private JSON NOT NULL, 
	UNIQUE (id)
);
INSERT INTO "threads" VALUES(1,'thread_FNLUiiz0wMR7JKc0iwAqu7P9','{"id": "thread_FNLUiiz0wMR7JKc0iwAqu7P9", "object": "thread", "created_at": 1795690905, "tool_resources": {}, "metadata": {"ansible_key": "old"}}','{}');
CREATE TABLE threads_metadata (
	seq INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (seq, "key"), 
	FOREIGN KEY(seq) REFERENCES threads (seq) ON DELETE CASCADE
);
INSERT INTO "threads_metadata" VALUES(1,'ansible_key','old');
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX messages_by_thread ON messages (thread_id, seq);
CREATE INDEX messages_by_run ON messages (run_id, seq);
CREATE INDEX runs_by_thread ON runs (thread_id, seq);
CREATE INDEX runs_queued ON runs (seq) WHERE status = 'queued';
CREATE UNIQUE INDEX runs_active ON runs (thread_id) WHERE status IN ('queued', 'in_progress', 'requires_action', 'cancelling');
CREATE INDEX assistants_metadata_by_pair ON assistants_metadata ("key", value, seq);
CREATE INDEX threads_metadata_by_pair ON threads_metadata ("key", value, seq);
CREATE INDEX steps_by_run ON steps (run_id, seq);
CREATE INDEX messages_metadata_by_pair ON messages_metadata ("key", value, seq);
CREATE INDEX runs_metadata_by_pair ON runs_metadata ("key", value, seq);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('assistants',1);
INSERT INTO "sqlite_sequence" VALUES('threads',1);
INSERT INTO "sqlite_sequence" VALUES('messages',2);
INSERT INTO "sqlite_sequence" VALUES('runs',2);
INSERT INTO "sqlite_sequence" VALUES('steps',2);
COMMIT;
