# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that `make mutation` mutates, the tests that must notice it, and the mutations."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Area:
    """Modules, and the tests that run for their mutants."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_PLUGINS, _RUNTIME = "plugins/module_utils", "roles/runtime/files/threadworks_runtime"
AREAS = {
    "plugins": Area(
        modules=(
            f"{_PLUGINS}/_assistant.py",
            f"{_PLUGINS}/_check_mode.py",
            f"{_PLUGINS}/_checks.py",
            f"{_PLUGINS}/_diff.py",
            f"{_PLUGINS}/_file.py",
            f"{_PLUGINS}/_identity.py",
            f"{_PLUGINS}/_message.py",
            f"{_PLUGINS}/_message_content.py",
            f"{_PLUGINS}/_named_runs.py",
            f"{_PLUGINS}/_names.py",
            f"{_PLUGINS}/_object_state.py",
            f"{_PLUGINS}/_option.py",
            f"{_PLUGINS}/_options.py",
            f"{_PLUGINS}/_predicted.py",
            f"{_PLUGINS}/_run.py",
            f"{_PLUGINS}/_run_adopt.py",
            f"{_PLUGINS}/_run_cancel.py",
            f"{_PLUGINS}/_run_desired.py",
            f"{_PLUGINS}/_run_outcome.py",
            f"{_PLUGINS}/_run_search.py",
            f"{_PLUGINS}/_run_start.py",
            f"{_PLUGINS}/_thread.py",
            f"{_PLUGINS}/_thread_lock.py",
            f"{_PLUGINS}/_thread_run.py",
            f"{_PLUGINS}/_vector_store.py",
            f"{_PLUGINS}/_vector_store_files.py",
        ),
        tests=("tests/unit/plugins",),
    ),
    "runtime": Area(
        modules=(
            f"{_RUNTIME}/lifecycle.py",
            f"{_RUNTIME}/runner/admission.py",
            f"{_RUNTIME}/runner/draft.py",
            f"{_RUNTIME}/runner/ledger.py",
            f"{_RUNTIME}/store/idempotency.py",
            f"{_RUNTIME}/store/rows.py",
            f"{_RUNTIME}/store/runs.py",
            f"{_RUNTIME}/usage/budget.py",
        ),
        # Tests in one process. Those that start others would take too long.
        tests=(
            "tests/unit/runtime",
            "tests/runtime/test_all_runs.py",
            "tests/runtime/test_budgets.py",
            "tests/runtime/test_clock.py",
            "tests/runtime/test_details.py",
            "tests/runtime/test_errors.py",
            "tests/runtime/test_idempotency.py",
            "tests/runtime/test_lists.py",
            "tests/runtime/test_owners.py",
            "tests/runtime/test_pool.py",
            "tests/runtime/test_retention.py",
            "tests/runtime/test_runs.py",
            "tests/runtime/test_slot.py",
            "tests/runtime/test_state_machine.py",
            "tests/runtime/test_streams.py",
            "tests/runtime/test_usage.py",
            "tests/runtime/test_wire_details.py",
        ),
    ),
}
# Replacements of an operator by its opposite or by its neighbor. The same tests notice the others. `|` is only used in
# annotations.
OPERATORS = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ZeroIterationForLoop",
    r"ReplaceUnaryOperator_Delete_\w+",
    r"ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul)",
    r"ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)",
    r"ReplaceComparisonOperator_(Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt)",
)
# Lines with mutations that change nothing at run time: imports for type checkers, dataclasses that are
# never changed, and the mark of keyword-only arguments, which Cosmic Ray takes for a multiplication.
SKIPPED = (
    (r"TYPE_CHECKING:$", "%"),
    (r"^@dataclass\(frozen=True\)$", "%TrueWithFalse"),
    (r"\*,( |$)", "%BinaryOperator_Mul%"),
)
# The most tests of a mutant, chosen among those that execute its line, and the sum of their durations in seconds. The
# second pass is for the survivors of the first one.
PASSES = ((30, 10.0), (1000, 60.0))
