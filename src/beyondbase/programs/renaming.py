"""The names that a program gives, numbered in the order in which they appear, each scope for itself."""

# ruff: noqa: D102 - a visit_ method is named by the node that it renames

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OWN_SCOPE = (*_FUNCTIONS, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)


def _own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope: those with a scope of their own, but not what is in it."""
    for node in nodes:
        yield node
        if not isinstance(node, _OWN_SCOPE):
            yield from _own_nodes(ast.iter_child_nodes(node))


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that these statements give in their own scope."""
    given, elsewhere = set[str](), set[str]()
    for node in _own_nodes(nodes):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                given.add(name)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                given.add(name)
            case ast.alias(asname=str(name)):
                given.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                given.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                elsewhere.update(names)
    return given - elsewhere


class Renamed(ast.NodeTransformer):
    """Numbers the names that a program gives, in order of appearance."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = []
        self._count = 0

    def whole(self, tree: ast.Module) -> ast.Module:
        """Rename a module in place."""
        self._scopes.append(dict.fromkeys(_bound(tree.body), ""))
        tree.body = self._statements(tree.body)
        return tree

    def _named(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                if not scope[name]:
                    self._count += 1
                    scope[name] = f"_{self._count}"
                return scope[name]
        return name

    def _statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Visit a body; texts and numbers that stand alone, docstrings among them, do nothing."""
        kept = [node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
        return [self.visit(node) for node in kept] or [ast.Pass()]

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._named(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.generic_visit(node)
        node.arg = self._named(node.arg)
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        node.asname = node.asname and self._named(node.asname)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = node.name and self._named(node.name)
        self.generic_visit(node)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.generic_visit(node)
        node.name = node.name and self._named(node.name)
        return node

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        node.name = node.name and self._named(node.name)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._named(name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self._named(name) for name in node.names]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """What a class holds are attributes, whose names stay."""
        node.name = self._named(node.name)
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.bases = [self.visit(each) for each in node.bases]
        node.keywords = [self.visit(each) for each in node.keywords]
        self._scopes.append({name: name for name in _bound(node.body)})
        node.body = self._statements(node.body)
        self._scopes.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._outer_of_arguments(node.args)
        self._scopes.append(dict.fromkeys(_parameters(node.args), ""))
        self._arguments(node.args)
        node.body = self.visit(node.body)
        self._scopes.pop()
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        self._scopes.append(dict.fromkeys(_bound(each.target for each in node.generators), ""))
        node.generators = [self.visit(each) for each in node.generators]
        self._what_is_made(node)
        self._scopes.pop()
        return node

    def _what_is_made(self, node: ast.AST) -> None:
        """Visit what a comprehension makes."""
        for name in ("key", "value", "elt"):
            if hasattr(node, name):
                setattr(node, name, self.visit(getattr(node, name)))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._named(node.name)
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.returns = node.returns and self.visit(node.returns)
        self._outer_of_arguments(node.args)
        given = {*_parameters(node.args), *_bound(node.body)}
        self._scopes.append(dict.fromkeys(given, ""))
        self._arguments(node.args)
        node.body = self._statements(node.body)
        self._scopes.pop()
        return node

    def _outer_of_arguments(self, args: ast.arguments) -> None:
        """Defaults belong to the scope around."""
        args.defaults = [self.visit(each) for each in args.defaults]
        args.kw_defaults = [each and self.visit(each) for each in args.kw_defaults]

    def _arguments(self, args: ast.arguments) -> None:
        for each in _each_argument(args):
            self.visit(each)


def _each_argument(args: ast.arguments) -> list[ast.arg]:
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return [each for each in every if each is not None]


def _parameters(args: ast.arguments) -> list[str]:
    return [each.arg for each in _each_argument(args)]
