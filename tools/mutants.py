"""Mutation testing of levels 1 to 5: small bugs planted one at a time, each of which some test must find (`make mutants`)."""

from __future__ import annotations

import bisect
import functools
import gc
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import libcst as cst
import pytest
from _pytest.config import _prepareconfig
from mutmut import __main__ as mutmut
from mutmut.mutation import file_mutation, trampoline
from mutmut.mutation.mutators import mutation_operators, operator_string
from mutmut.runners import harness
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation

#: What a decorator may be for the function under it to be mutated: it is called as often as the function.
KEPT = {"guard", "property", "cached_property", "cache", "lru_cache"}
#: A fork neither reports nor minds what mutmut leaves open in it.
QUIET = ("--tb=native", "-p", "no:unraisableexception", "-p", "no:threadexception")
_skip = file_mutation.MutationVisitor._skip_node_and_children
_arranged = file_mutation.function_trampoline_arrangement
_run = harness.PytestRunner.run_tests
_submit = isolation.ForkRunner.submit
#: So many seconds of tests a mutant.
#: Tests of whole lives, in which most is decided.
LIVES = ("tests/test_machines_", "tests/test_rulebooks_", "tests/test_fees", "tests/test_agreement")
MOST = 4.0


def _is_kept(decorator: cst.Decorator) -> bool:
    made = decorator.decorator
    name = made.func if isinstance(made, cst.Call) else made
    return isinstance(name, cst.Name) and name.value in KEPT


def skips(self: Any, node: cst.CSTNode) -> bool:
    """As mutmut does, but for the functions under the decorators that are `KEPT`."""
    if isinstance(node, cst.Arg) and node.keyword and node.keyword.value == "strict":
        return True
    if isinstance(node, cst.FunctionDef) and node.decorators and all(map(_is_kept, node.decorators)):
        return bool(_skip(self, node.with_changes(decorators=())))
    return bool(_skip(self, node))


def arranged(function: cst.FunctionDef, mutants: Iterable[Any], class_name: str | None) -> Any:
    """As mutmut does; the copies of a decorated function stand bare, and the decorators before what chooses one."""
    if not (function.decorators and all(map(_is_kept, function.decorators))):
        return _arranged(function, mutants, class_name)
    declared, (chooser, *copies), assigned, names = _arranged(function, mutants, class_name)
    bare = [copy.with_changes(decorators=()) for copy in copies]
    return declared, [chooser, *bare], assigned, names


def is_words(node: cst.CSTNode) -> bool:
    """Whether it is a sentence: a text with a blank in it."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value
    if isinstance(node, cst.FormattedString):
        return any(isinstance(part, cst.FormattedStringText) and " " in part.value for part in node.parts)
    return isinstance(node, cst.ConcatenatedString) and (is_words(node.left) or is_words(node.right))


def other_text(node: cst.BaseString) -> Iterator[cst.BaseString]:
    """Another text, one and not three; sentences are no behaviour."""
    if not is_words(node):
        yield from list(operator_string(node))[:1]


def stays(call: cst.Call, argument: cst.Arg) -> bool:
    """Whether an argument decides nothing: a sentence, the `strict` of a zip (a check that never fires), a type."""
    if argument.keyword and argument.keyword.value == "strict":
        return True
    return is_words(argument.value) or (isinstance(call.func, cst.Name) and call.func.value == "cast")


def other_arguments(operator: Any, node: cst.Call) -> Iterator[cst.Call]:
    """Other arguments, but for those that decide nothing."""
    staying = [argument.value for argument in node.args if stays(node, argument)]
    for made in operator(node):
        left = {id(argument.value) for argument in made.args}
        if all(id(value) in left for value in staying):
            yield made


def caches() -> list[Any]:
    """Every cache of a function, so that a mutant is asked and not a memory."""
    every = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
    return [one for one in every if one.__module__.startswith("escrowkit")]


class Collected:
    """The tests, collected once: a fork runs some of them, and need not look for them first."""

    def __init__(self, arguments: list[str]) -> None:
        self.failed = False
        self.config = _prepareconfig(arguments, [self])
        self.config._do_configure()
        self.config.pluginmanager.unregister(name="terminalreporter")
        self.session = pytest.Session.from_config(self.config)
        self.config.hook.pytest_sessionstart(session=self.session)
        self.config.hook.pytest_collection(session=self.session)
        self.caches = caches()
        self.items = {item.nodeid: item for item in self.session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def passes(self, tests: Iterable[str]) -> bool:
        """Whether all of them pass, up to the first that does not."""
        items = [self.items[name] for name in tests if name in self.items]
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return False
        return True


def nearest(mutant: str, tests: Iterable[str]) -> list[str]:
    """The tests of the module's own file first, then those of whole lives, then the cheapest: most mutants die soon."""
    own, took = set(mutant.split(".")[1:-1]) - {"machines"}, state().duration_by_test

    def order(test: str) -> tuple[int, float]:
        file = test.partition("::")[0]
        if any(name in file for name in own):
            return 0, took[test]
        return 1 if file.startswith(LIVES) else 2, took[test]

    return sorted(tests, key=order)


def run_tests(self: Any, *, mutant_name: str | None, tests: Iterable[str]) -> int:
    """The tests of one mutant."""
    if not tests:
        return int(_run(self, mutant_name=mutant_name, tests=tests))
    for cache in self.collected.caches:
        cache.cache_clear()
    with change_cwd("mutants"):
        return 0 if self.collected.passes(nearest(mutant_name or "", tests)) else 1


def few(mutant: str, tests: Iterable[str]) -> tuple[list[str], float]:
    """The first tests, as many as `MOST` seconds allow, and how long they take."""
    took = state().duration_by_test
    ordered = nearest(mutant, tests)
    sums = list(itertools.accumulate(took[test] for test in ordered))
    number = bisect.bisect_left(sums, MOST)
    return ordered[:number], sums[number - 1] if number else 0.0


def submit(self: Any, mutant_name: str, tests: list[str], cpu_time_limit: int, estimated_time: float) -> None:
    """The cheapest of its tests."""
    chosen, estimated = few(mutant_name, tests)
    _submit(self, mutant_name, chosen, min(cpu_time_limit, math.ceil(estimated + 2) * 6), estimated)


def run_clean_tests(self: Any, tests: Iterable[str]) -> int:
    """The tests without any mutant, in a fork like that of a mutant."""
    _submit(self, "none.none__mutmut_0", sorted(tests)[::4], 600, 600)
    return int(self.wait_for_result().exit_code)


def fit() -> None:
    """Fit mutmut to this code."""
    operators = []
    for kind, operator in mutation_operators:
        if operator is operator_string:
            operators.append((kind, other_text))
        elif operator.__name__ == "operator_arg_removal":
            operators.append((kind, functools.partial(other_arguments, operator)))
        else:
            operators.append((kind, operator))
    file_mutation.mutation_operators = operators
    file_mutation.MutationVisitor._skip_node_and_children = skips
    file_mutation.function_trampoline_arrangement = arranged
    trampoline.get_mutant_under_test = lambda: trampoline._mutant_under_test or ''
    harness.PytestRunner.run_tests = run_tests
    harness.PytestRunner.prepare_main_test_run = prepare
    isolation.ForkRunner.submit = submit
    isolation.ForkRunner.run_clean_tests = run_clean_tests


if __name__ == "__main__":
    fit()
    mutmut.run_forced_fail_test = lambda runner: None
    mutmut.cli()
