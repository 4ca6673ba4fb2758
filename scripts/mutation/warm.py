# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that has collected the tests, and runs some of them for each mutant in a fork of its own.

Most mutations change the body of a function. The fork gives the existing function the new code, so that it does not
need to import everything again.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

import forks
import pytest
from _pytest.main import pytest_runtestloop

Key = tuple[str, int]
"""The qualified name of a function and its first line, because several functions may be called ``<lambda>``."""


def changed_functions(path: str, before: str, after: str) -> list[Key] | None:
    """Return the functions whose bodies differ, or None if the change takes effect when the module is imported."""
    old, new = ({_key(code): code for code in _codes(compile(text, path, "exec"))} for text in (before, after))
    if old.keys() != new.keys():
        return None
    changed = [key for key, code in new.items() if _own(code) != _own(old[key])]
    # Class bodies do not have this flag (CO_OPTIMIZED), the module neither.
    return changed if all(new[key].co_flags & 1 for key in changed) else None


def _key(code: CodeType) -> Key:
    return getattr(code, "co_qualname", code.co_name), code.co_firstlineno  # since Python 3.11


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _own(code: CodeType) -> tuple[object, ...]:
    constants = [repr(each) for each in code.co_consts if not isinstance(each, CodeType)]
    return code.co_code, constants, code.co_names, code.co_varnames


class Warm:
    """The process. A context manager that ends it.

    Args:
        arguments: The arguments of pytest, which select all tests.
        log: The file for the output.
    """

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments, self._log = arguments, log
        self._pipe, self._far = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=self._serve)

    def __enter__(self) -> Warm:
        self._process.start()
        self._far.close()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._pipe.close()
        self._process.join()

    def test(self, path: str, text: str, tests: list[str], seconds: float) -> int:
        """Run tests with a mutated module, and return the exit status.

        Args:
            path: The file of the module.
            text: Its mutated text.
            tests: The ids of the tests.
            seconds: The time limit.
        """
        self._pipe.send((path, text, tests, seconds))
        return int(self._pipe.recv())

    def _serve(self) -> None:
        self._pipe.close()
        with self._log.with_suffix(".collected").open("w") as output, contextlib.redirect_stdout(output):
            forks.run_pytest(["-x", "--capture=no", *self._arguments], [self])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running all tests, wait for mutants."""
        items = {item.nodeid: item for item in session.items}
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        with contextlib.suppress(EOFError):
            while True:
                path, text, tests, seconds = self._far.recv()
                session.items = [items[test] for test in tests if test in items]

                def work(path: str = path, text: str = text) -> int:
                    _replace(functions, path, text)
                    with contextlib.suppress(session.Failed):
                        pytest_runtestloop(session)
                    return int(session.testsfailed > 0)

                self._far.send(forks.in_fork(work, self._log, seconds))
        return True


def _replace(functions: list[FunctionType], path: str, text: str) -> None:
    codes = {_key(code): code for code in _codes(compile(text, path, "exec"))}
    for function in functions:
        if function.__code__.co_filename == path and (code := codes.get(_key(function.__code__))):
            function.__code__ = code
