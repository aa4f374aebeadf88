"""The little language of a description: what stands in a column of the book, or when a row is of a kind.

It reads like arithmetic with words: `-fee`, `abs(amount)`, `price * quantity`, `'trade'`, `type == 'Buy' and fee > 0`,
`'buy' if amount > 0 else 'sell'`, `first(fee_asset, quote)`.  Names are cells and values of the description; texts
stand in quotes.  It is parsed by Python's grammar and nothing of it is executed.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from schemas.types import MONEY

LONGEST = 2_000


class NotUnderstood(ValueError):
    """An expression that is none; the sentence says why."""


@dataclass(frozen=True)
class Function:
    """A function of the language: what it does, how many arguments it takes, which of them are plain texts."""

    does: str
    build: Callable[..., pl.Expr]
    least: int = 1
    most: int | None = 1
    texts: tuple[int, ...] = ()


def _join(separator: str, *parts: pl.Expr) -> pl.Expr:
    return pl.concat_str([part.cast(pl.String).fill_null("") for part in parts], separator=separator)


def _minute(at: pl.Expr) -> pl.Expr:
    return at.dt.truncate("1m")


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function("the number without its sign", lambda number: number.abs()),
    "first": Function("the first of its arguments that is not empty", pl.coalesce, 2, None),
    "lower": Function("the text in lower case", lambda text: text.str.to_lowercase()),
    "upper": Function("the text in capitals", lambda text: text.str.to_uppercase()),
    "empty": Function("whether the cell is empty", lambda cell: cell.is_null()),
    "given": Function("whether the cell is not empty", lambda cell: cell.is_not_null()),
    "starts": Function("whether the text begins so", lambda text, start: text.str.starts_with(start), 2, 2, (1,)),
    "ends": Function("whether the text ends so", lambda text, end: text.str.ends_with(end), 2, 2, (1,)),
    "has": Function(
        "whether the text contains this", lambda text, piece: text.str.contains(piece, literal=True), 2, 2, (1,)),
    "matches": Function(
        "whether the pattern is found in the text", lambda text, pattern: text.str.contains(pattern), 2, 2, (1,)),
    "part": Function(
        "what the pattern's first group catches", lambda text, pattern: text.str.extract(pattern), 2, 2, (1,)),
    "replace": Function(
        "the text with what the pattern finds replaced",
        lambda text, pattern, by: text.str.replace_all(pattern, by), 3, 3, (1, 2)),
    "join": Function("texts joined by the first argument", _join, 2, None, (0,)),
    "minute": Function("the instant, cut to its minute", _minute),
    "number": Function("the number that a text is", lambda text: text.cast(MONEY, strict=False)),
}  # fmt: skip
PATTERNS = ("matches", "part", "replace")

COMPARISONS: Mapping[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: (left != right) | left.is_null(),
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / pl.when(right != 0).then(right),
}


def parse(text: str, names: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return the polars expression of a text; `names` are the cells and values it may use.  Raises NotUnderstood."""
    if len(text) > LONGEST:
        raise NotUnderstood(f"an expression of {len(text)} characters; the longest that is read has {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise NotUnderstood(f"{text!r} is no expression ({error.msg})") from None
    return _Reading(text, names).expression(tree.body)


def require_pattern(pattern: str) -> None:
    """Raise NotUnderstood where a text is no regular expression (of Rust's kind: without look-around)."""
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise NotUnderstood(f"{pattern!r} is no pattern ({str(error).splitlines()[-1].strip()})") from None


@dataclass(frozen=True)
class _Reading:
    """One text on its way to an expression."""

    text: str
    names: Mapping[str, pl.Expr]

    def expression(self, node: ast.expr) -> pl.Expr:  # noqa: PLR0911 - one line a kind of node
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Constant(value=value):
                return self._literal(value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.expression(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ~self._condition(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return ARITHMETIC[type(op)](self.expression(left), self.expression(right))
            case ast.BoolOp(op=op, values=values):
                parts = [self._condition(value) for value in values]
                return pl.all_horizontal(parts) if isinstance(op, ast.And) else pl.any_horizontal(parts)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return pl.when(self._condition(test)).then(self.expression(body)).otherwise(self.expression(orelse))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise NotUnderstood(f"{ast.unparse(node)!r} is no part of the language of descriptions")

    def _condition(self, node: ast.expr) -> pl.Expr:
        """Return a condition that is false where it cannot be told."""
        return self.expression(node).fill_null(False)

    def _named(self, name: str) -> pl.Expr:
        if name in self.names:
            return self.names[name]
        near = difflib.get_close_matches(name, self.names, 1, cutoff=0.6)
        hint = f"; did you mean {near[0]}?" if near else f"; a text stands in quotes: '{name}'"
        raise NotUnderstood(f"{name!r} is no cell and no value of this description{hint}")

    def _literal(self, value: object) -> pl.Expr:
        if value is None or isinstance(value, bool):
            return pl.lit(value)
        if isinstance(value, str):
            return pl.lit(value, dtype=pl.String)
        if isinstance(value, int | float):
            return pl.lit(Decimal(str(value))).cast(MONEY)
        raise NotUnderstood(f"{value!r} is neither a text nor a number")

    def _comparison(self, node: ast.Compare) -> pl.Expr:
        left, parts = node.left, []
        for op, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self._compared(left, op, right))
            left = right
        return pl.all_horizontal(parts) if len(parts) > 1 else parts[0]

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List):
                raise NotUnderstood(f"after `in` stands a list, as ('Buy', 'Sell'): {ast.unparse(right)!r}")
            found = pl.any_horizontal([self.expression(left) == self.expression(item) for item in right.elts])
            return ~found.fill_null(False) if isinstance(op, ast.NotIn) else found.fill_null(False)
        if type(op) not in COMPARISONS:
            raise NotUnderstood(f"{self.text!r}: compare with ==, !=, <, <=, >, >=, in; `empty(x)` tells what is empty")
        return COMPARISONS[type(op)](self.expression(left), self.expression(right))

    def _call(self, name: str, arguments: list[ast.expr]) -> pl.Expr:
        function = FUNCTIONS.get(name)
        if function is None:
            raise NotUnderstood(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}")
        count = len(arguments)
        if count < function.least or (function.most is not None and count > function.most):
            most = "or more" if function.most is None else f"to {function.most}"
            wanted = str(function.least) if function.most == function.least else f"{function.least} {most}"
            raise NotUnderstood(f"{name}() takes {wanted} arguments, not {count}")
        return function.build(*(
            self._plain(name, node) if place in function.texts else self.expression(node)
            for place, node in enumerate(arguments)
        ))  # fmt: skip

    def _plain(self, name: str, node: ast.expr) -> str:
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            raise NotUnderstood(f"{name}() wants a text in quotes there: {ast.unparse(node)!r}")
        if name in PATTERNS:
            require_pattern(node.value)
        return node.value
