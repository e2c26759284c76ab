"""What constructors of kinds take, as Python says it: for help(), inspect.signature(), and a stub for editors and mypy."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Any, Callable, Dict

from ._kinds import Recipe, bind, facts, kinds, python_name, recipe_steps, write
from ._library import Error, call

TYPES = {"count": "Count", "number": "Number", "flag": "bool"}

STUB = '''"""Constructors of the kinds of libdae %s as editors and mypy see them, made from the library's tables."""

from typing import Optional, Sequence, Union

from ._kinds import Recipe

Count = Union[int, str]
Number = Union[float, str]
'''


def _may_be_left_out(category: str, kind: str, name: str) -> bool:
    """Whether the example of a kind is taken without one of its parameters."""
    given = recipe_steps(category, facts(category, kind)["example"])[0]
    arguments = []
    for parameter in kinds(category, kind):
        text = given[parameter]
        if text and parameter != name:
            brackets = facts(category, kind, parameter)["many"] and not text.startswith("[")
            arguments.append("%s=%s" % (parameter, "[%s]" % text if brackets else text))
    try:
        recipe_steps(category, "%s(%s)" % (kind, ", ".join(arguments)) if arguments else kind)
    except Error:
        return False
    return True


def _default(parameter: Dict[str, Any]) -> Any:
    """What stands for a parameter that is not given."""
    text = parameter.get("default")
    if text is None or "other" in parameter:
        return None
    if parameter["type"] == "flag":
        return text in ("yes", "1")
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text


def _type(parameter: Dict[str, Any], default: Any, rest: bool) -> str:
    kind = TYPES.get(parameter["type"], "str")
    if parameter["many"] and not rest:
        kind = "Union[%s, Sequence[%s]]" % (kind, kind)
    return "Optional[%s]" % kind if default is None else kind


def signature_of(category: str, kind: str) -> Signature:
    """Values that the library takes without a name have a place; a list that is the only one of them is the rest."""
    about = {name: facts(category, kind, name) for name in kinds(category, kind)}
    placed = [name for name in about if about[name]["by_place"]]
    parameters, places = [], True
    for name, parameter in sorted(about.items(), key=lambda pair: not pair[1]["by_place"]):
        rest = placed == [name] and parameter["many"] != 0
        optional = "default" in parameter or "other" in parameter or _may_be_left_out(category, kind, name)
        default = _default(parameter) if optional else Parameter.empty
        shape = Parameter.VAR_POSITIONAL if rest else (
            Parameter.POSITIONAL_OR_KEYWORD if places and name in placed else Parameter.KEYWORD_ONLY)
        parameters.append(Parameter(python_name(name), shape, default=Parameter.empty if rest else default,
                                    annotation=_type(parameter, default, rest)))
        places = places and not optional
    return Signature(parameters, return_annotation="Recipe")


def documentation_of(category: str, kind: str) -> str:
    """What a kind does, and what its parameters are."""
    lines = [facts(category, kind)["what"][:1].upper() + facts(category, kind)["what"][1:] + "."]
    for name in kinds(category, kind):
        about = facts(category, kind, name)
        words = "; %s" % about["words"] if about["type"] != "flag" and "words" in about else ""
        lines.append("%s: %s%s" % (python_name(name), about["what"], words))
    return "\n".join(lines[:1] + [""] * (len(lines) > 1) + lines[1:])


def constructor(category: str, kind: str) -> Callable[..., Recipe]:
    """Makes the text of a step of one kind. What the kind does not take is refused."""
    def make(*values: Any, **parameters: Any) -> Recipe:
        recordings: Dict[str, Any] = {}
        arguments = [write(value, recordings) for value in values] + [
            "%s=%s" % (name.rstrip("_"), write(value, recordings)) for name, value in parameters.items()
            if value is not None]
        recipe = Recipe("%s(%s)" % (kind, ", ".join(arguments)) if arguments else kind)
        recipe_steps(category, recipe)
        return bind(recipe, recordings)

    make.__name__, make.__qualname__ = python_name(kind), "%s.%s" % (category, python_name(kind))
    make.__module__, make.__doc__ = "dae", documentation_of(category, kind)
    setattr(make, "__signature__", signature_of(category, kind))
    return make


def stub() -> str:
    """The text of _constructors.pyi."""
    lines = [STUB % call("dae_version_string").decode()]
    for category in kinds():
        lines += ["", "class _%s:" % category]
        for kind in kinds(category):
            text = documentation_of(category, kind).replace("\\", "\\\\").replace("\n", "\n        ")
            lines += ["    @staticmethod", "    def %s%s:" % (python_name(kind), _written(signature_of(category, kind))),
                      '        """%s"""' % text.replace("\n        \n", "\n\n"), "        ...", ""]
    return "\n".join(lines + ["", *("%s: _%s" % (category, category) for category in kinds())]) + "\n"


def _written(signature: Signature) -> str:
    """With annotations as they are, which str() would put into quotes."""
    text = str(signature)
    for kind in {parameter.annotation for parameter in signature.parameters.values()} | {"Recipe"}:
        text = text.replace("%r" % kind, kind)
    return text
