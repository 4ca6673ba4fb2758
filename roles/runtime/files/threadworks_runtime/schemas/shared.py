# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several requests share: metadata, tools and the options of a run (Assistants wire, section 2)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from .base import Body, Nullable

# Metadata is used in queries, and PostgreSQL does not support null characters.
_NO_NULL = r"^[^\x00]*$"
Metadata = (
    Annotated[
        dict[
            Annotated[str, Field(max_length=64, pattern=_NO_NULL)],
            Annotated[str, Field(max_length=512, pattern=_NO_NULL)],
        ],
        Field(max_length=16),
    ]
    | None
)
Temperature = Annotated[float, Field(ge=0, le=2)] | None
TopP = Annotated[float, Field(ge=0, le=1)] | None
TokenLimit = Annotated[int, Field(ge=256, le=2**53)] | None
Model = Annotated[str, Field(min_length=1)]
Name64 = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None


Schema = dict[str, Any]
"""A JSON Schema. Only its type is checked here. See `json_schemas`."""


class CodeInterpreter(Body):
    """The tool that runs code."""

    type: Literal["code_interpreter"]


class _RankingOptions(Nullable):
    ranker: Literal["auto", "default_2024_08_21"] = "auto"
    score_threshold: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _show_all(self) -> _RankingOptions:
        # The object of the API always has the threshold.
        self.model_fields_set.update(("ranker", "score_threshold"))
        return self


class _FileSearchOptions(Nullable):
    max_num_results: int = Field(default=20, ge=1, le=50)
    ranking_options: _RankingOptions | None = None


class FileSearch(Nullable):
    """The tool that searches files."""

    type: Literal["file_search"]
    file_search: _FileSearchOptions = _FileSearchOptions()


class _FunctionDefinition(Nullable):
    name: Name64
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None


class Function(Body):
    """A function that the client executes."""

    type: Literal["function"]
    function: _FunctionDefinition


Tool = Annotated[CodeInterpreter | FileSearch | Function, Field(discriminator="type")]


def _distinct(tools: list[Tool]) -> list[Tool]:
    names = [tool.function.name for tool in tools if isinstance(tool, Function)]
    if name := next((name for number, name in enumerate(names) if name in names[:number]), None):
        # A call would be ambiguous.
        raise ValueError(f"two functions have the name '{name}'")
    return tools


AssistantTools = Annotated[list[Tool], Field(max_length=128), AfterValidator(_distinct)]
RunTools = Annotated[list[Tool], Field(max_length=20), AfterValidator(_distinct)] | None


class _CodeInterpreterResources(Nullable):
    file_ids: list[str] = Field(default=[], max_length=20)


class _FileSearchResources(Nullable):
    vector_store_ids: list[str] = Field(default=[], max_length=1)


class _AutoChunking(Body):
    type: Literal["auto"]


class _ChunkSize(Body):
    max_chunk_size_tokens: int = Field(ge=100, le=4096)
    chunk_overlap_tokens: int = Field(ge=0)

    @model_validator(mode="after")
    def _overlap_is_half_at_most(self) -> _ChunkSize:
        if self.chunk_overlap_tokens > self.max_chunk_size_tokens / 2:
            raise ValueError("chunk_overlap_tokens is at most half of max_chunk_size_tokens")
        return self


class _StaticChunking(Body):
    type: Literal["static"]
    static: _ChunkSize


class _NewVectorStore(Nullable):
    file_ids: list[str] = Field(default=[], max_length=10_000)
    chunking_strategy: Annotated[_AutoChunking | _StaticChunking, Field(discriminator="type")] | None = None
    metadata: Metadata = None


class _NewFileSearchResources(_FileSearchResources):
    vector_stores: list[_NewVectorStore] | None = Field(default=None, max_length=1)

    @model_validator(mode="after")
    def _one_of_both(self) -> _NewFileSearchResources:
        if self.vector_stores and self.vector_store_ids:
            raise ValueError("either vector_store_ids or vector_stores is given")
        if not self.vector_stores:
            self.model_fields_set.discard("vector_stores")
        return self


class ToolResources(Nullable):
    """The files of the tools, where vector stores exist already."""

    code_interpreter: _CodeInterpreterResources | None = None
    file_search: _FileSearchResources | None = None


class NewToolResources(ToolResources):
    """The files of the tools of a new assistant or thread."""

    file_search: _NewFileSearchResources | None = None


class TruncationStrategy(Body):
    """Which messages of the thread the model gets."""

    type: Literal["auto", "last_messages"]
    last_messages: Annotated[int, Field(ge=1, le=2**53)] | None = None

    @model_validator(mode="after")
    def _count_is_there(self) -> TruncationStrategy:
        if self.type == "last_messages" and self.last_messages is None:
            raise ValueError("type last_messages requires last_messages, the number of messages")
        return self


class _FunctionName(Body):
    name: Name64


class _NamedToolChoice(Nullable):
    type: Literal["function", "code_interpreter", "file_search"]
    function: _FunctionName | None = None

    @model_validator(mode="after")
    def _name_is_there(self) -> _NamedToolChoice:
        if (self.type == "function") != (self.function is not None):
            raise ValueError("function.name is required if type is function, and not allowed otherwise")
        return self


class _Plain(Body):
    type: Literal["text", "json_object"]


class _SchemaFormat(Nullable):
    name: Name64
    description: str | None = None
    schema_: Schema = Field(default={}, alias="schema")
    strict: bool | None = None


class _JsonSchema(Body):
    type: Literal["json_schema"]
    json_schema: _SchemaFormat


def _is_string(value: Any) -> str:
    return "<string>" if isinstance(value, str) else "<other>"


ToolChoice = (
    Annotated[
        Annotated[Literal["none", "auto", "required"], Tag("<string>")] | Annotated[_NamedToolChoice, Tag("<other>")],
        Discriminator(_is_string),
    ]
    | None
)
ResponseFormat = (
    Annotated[
        Annotated[Literal["auto"], Tag("<string>")]
        | Annotated[Annotated[_Plain | _JsonSchema, Field(discriminator="type")], Tag("<other>")],
        Discriminator(_is_string),
    ]
    | None
)
