"""What the loaded library can do, asked from it: its kinds, facts about them, texts made and taken apart. Part of dae."""

import math

from . import _c as c


def _encoded(text):
    return None if text is None else text.encode()


def kinds(category=None, kind=None):
    """Names of what the library knows: categories, the kinds of one, or the parameters of a kind."""
    names = []
    while True:
        name = c.get("dae_kind_list", c.TEXT, _encoded(category), _encoded(kind), len(names))
        if name is None:
            return names
        names.append(name.decode())


TEXT_FACTS = ("what", "example", "type", "of", "words", "default", "other", "then", "since")
NUMBER_FACTS = ("low", "high", "open_low", "open_high", "by_place", "many")


def facts(category, kind=None, parameter=None):
    """What there is to know about a category, a kind or a parameter, by names: those of the header."""
    about = [_encoded(name) for name in (category, kind, parameter)]
    found = {}
    for fact in TEXT_FACTS:
        text = c.get("dae_kind_get_text", c.TEXT, *about, fact.encode())
        if text is not None:
            found[fact] = text.decode()
    for fact in NUMBER_FACTS:
        number = c.get("dae_kind_get_number", c.DOUBLE, *about, fact.encode())
        if not math.isnan(number):
            found[fact] = number
    return found


def recipe_steps(category, text):
    """The steps of a recipe, each as what it is made of: its kind, its label, and all its parameters, as texts."""
    def part(name):
        return c.get_text("dae_recipe_get", category.encode(), text.encode(), len(steps), name.encode())

    steps = []
    while part("kind"):
        of, then = category, facts(category).get("then")
        if steps and then is not None:
            of = then
        names = ["kind", "label"] + kinds(of, part("kind"))
        steps.append({name: part(name) for name in names})
    return steps


class Kinds:
    """Constructors of the texts of a category, one for each kind that the loaded library lists:

        dae.noise.gaussian(0.5, mean=0.1) + " | " + dae.noise.clip(0, 1)    # "gaussian(0.5, mean=0.1) | clip(0, 1)"
        dae.layer.dense(32, activation=dae.activation.leaky_relu(0.1))

    A value is a number, True or False, a list, or the text of a word or a step. What the kind does not take is refused."""

    def __init__(self, category):
        self._category = category

    def __dir__(self):
        return kinds(self._category)

    def __getattr__(self, kind):
        if kind.startswith("__") or kind not in kinds(self._category):
            raise AttributeError("%s has no kind %r" % (self._category, kind))

        def make(*values, **parameters):
            arguments = [_value(value) for value in values]
            arguments += ["%s=%s" % (name, _value(value)) for name, value in parameters.items()]
            text = "%s(%s)" % (kind, ", ".join(arguments)) if arguments else kind
            recipe_steps(self._category, text)
            return text

        make.__name__, make.__doc__ = kind, facts(self._category, kind)["what"]
        return make


def _value(value):
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(_value(item) for item in value)
    return repr(value) if isinstance(value, int) else repr(float(value))
