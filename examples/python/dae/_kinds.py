"""What the loaded library can do, asked from it: its kinds, facts about them, texts made and taken apart."""

from __future__ import annotations

import functools
import keyword
import math
import operator

from . import _c
from ._library import get, get_text, list_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional


def kinds(category: Optional[str] = None, kind: Optional[str] = None) -> List[str]:
    """Names of what the library knows: categories, the kinds of one, or the parameters of a kind.

    >>> kinds("noise", "clip")
    ['low', 'high']
    """
    return list_texts("dae_kind_list", category, kind)


TEXT_FACTS = ("what", "example", "type", "of", "words", "default", "other", "then", "since")
NUMBER_FACTS = ("low", "high", "open_low", "open_high", "by_place", "many")


def facts(category: str, kind: Optional[str] = None, parameter: Optional[str] = None) -> Dict[str, Any]:
    """What there is to know about a category, a kind or a parameter, by names: those of the header.

    >>> facts("noise", "clip")["what"]
    'takes values below low for low, and those above high for high'
    """
    return dict(_facts(category, kind, parameter))


@functools.lru_cache(maxsize=None)
def _facts(*about: Optional[str]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for fact in TEXT_FACTS:
        text = get("dae_kind_get_text", _c.TEXT, *about, fact)
        if text is not None:
            found[fact] = text.decode()
    for fact in NUMBER_FACTS:
        number = get("dae_kind_get_number", _c.DOUBLE, *about, fact)
        if not math.isnan(number):
            found[fact] = number
    return found


def recipe_steps(category: str, text: str) -> List[Dict[str, str]]:
    """The steps of a recipe, each as what it is made of: its kind, its label, and all its parameters, as texts.

    >>> recipe_steps("noise", "clip(0, 1)")
    [{'kind': 'clip', 'label': '', 'low': '0', 'high': '1'}]
    """
    def part(name: str) -> str:
        return get_text("dae_recipe_get", category, text, len(steps), name)

    steps: List[Dict[str, str]] = []
    while part("kind"):
        of, then = category, facts(category).get("then")
        if steps and then is not None:
            of = then
        names = ["kind", "label"] + kinds(of, part("kind"))
        steps.append({name: part(name) for name in names})
    return steps


class Recipe(str):
    """A text that the library reads, with any datasets that it names. `a | b` is "a | b".

    >>> import dae
    >>> dae.noise.gaussian(0.1) | dae.noise.clip(0, 1) | "none"
    'gaussian(0.1) | clip(0, 1) | none'
    >>> dae.layer.dense(8).named("code")
    'dense(8) as code'
    """

    recordings: Dict[str, Any] = {}

    def __or__(self, other: str) -> Recipe:
        return _join(self, other)

    def __ror__(self, other: str) -> Recipe:
        return _join(other, self)

    def named(self, label: str) -> Recipe:
        """With a label for its last step."""
        return bind(Recipe("%s as %s" % (self, label)), self.recordings)


def _join(first: str, second: str) -> Recipe:
    if not isinstance(second, str) or not isinstance(first, str):
        return NotImplemented
    recordings = {**getattr(first, "recordings", {})}
    gather(recordings, getattr(second, "recordings", {}))
    return bind(Recipe("%s | %s" % (first, second)), recordings)


def bind(recipe: Recipe, recordings: Dict[str, Any]) -> Recipe:
    recipe.recordings = recordings
    return recipe


def gather(recordings: Dict[str, Any], others: Dict[str, Any]) -> None:
    """Adds others to recordings."""
    for name, dataset in others.items():
        if recordings.setdefault(name, dataset) is not dataset:
            raise ValueError("two datasets are called %r: give one of them another name" % name)


def write(value: Any, recordings: Dict[str, Any]) -> str:
    """A value of Python as the library reads it. A dataset is written as its name."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, str):
        gather(recordings, getattr(value, "recordings", {}))
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(write(item, recordings) for item in value)
    if hasattr(value, "_as_parameter_") and hasattr(value, "name"):
        gather(recordings, {value.name: value})
        return str(value.name)
    return str(operator.index(value)) if hasattr(value, "__index__") else repr(float(value))


class Kinds:
    """Constructors of the texts of a category, one for each kind that the loaded library lists:

        dae.noise.gaussian(0.5, mean=0.1) | dae.noise.clip(0, 1)    # "gaussian(0.5, mean=0.1) | clip(0, 1)"
        dae.layer.dense(32, activation=dae.activation.leaky_relu(0.1))

    A value is a number, True or False, a list, or the text of a word or a step."""

    def __init__(self, category: str) -> None:
        self._category = category
        self.__doc__ = "Constructors: %s." % facts(category)["what"]

    def __dir__(self) -> List[str]:
        return [python_name(kind) for kind in kinds(self._category)]

    def __getattr__(self, name: str) -> Callable[..., Recipe]:
        kind = name.rstrip("_")
        if name.startswith("__") or kind not in kinds(self._category):
            raise AttributeError("%s has no kind %r" % (self._category, name))
        from ._signatures import constructor  # asked for by few programs, and not by import dae
        make = constructor(self._category, kind)
        setattr(self, name, make)
        return make

    def __repr__(self) -> str:
        return "<dae.%s: %s>" % (self._category, ", ".join(dir(self)))


def python_name(name: str) -> str:
    """`from` is a word of Python's own: the kind is from_."""
    return name + "_" * keyword.iskeyword(name)
