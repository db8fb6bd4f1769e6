"""`stemgan catalogue`: know what is in an archive of micrographs before working on it."""

from stemgan.errors import InputError

ACTIONS = {
    "train": "train a classifier of images on labelled ones (Hydra overrides)",
    "predict": "classify images, into a table that other commands take",
    "report": "say how good a classifier is, and show its worst mistakes",
    "scale": "read the scale of images from the bars in them",
    "explore": "find structure without labels: dimension, clusters, a map of images",
}

_HELP = """\
usage: stemgan catalogue ACTION ...

Say what is in an archive of micrographs: classes, scales and structure. The tables that it
writes are taken by stemgan prepare --table and stemgan evaluate --table.

actions (each has its own --help):
{actions}

examples:
  stemgan catalogue train images=labelled backbone=resnet18 sizes=[64] output_dir=kinds
  stemgan catalogue predict archive --model kinds -o classes.csv
  stemgan catalogue report kinds -o kinds-report
  stemgan catalogue scale archive -o scales.csv
  stemgan catalogue explore archive --model kinds -o structure
  stemgan prepare archive -o dataset --table classes.csv --where "class=Particles"
  stemgan evaluate images --methods linear --table classes.csv --by class -o results

needs the extra of that name: pip install 'stemgan[catalogue]'
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    from importlib import import_module

    if argv and argv[0] in ("-h", "--help"):
        width = max(map(len, ACTIONS))
        listed = "\n".join(f"  {name:<{width}}  {text}" for name, text in ACTIONS.items())
        print(_HELP.format(actions=listed))
        return
    if not argv or argv[0] not in ACTIONS:
        raise InputError(_unknown(argv))
    name = f"stemgan.cli.catalogues.{argv[0]}"
    try:
        action = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise InputError(f"this version has no stemgan catalogue {argv[0]} yet") from error
    action.main(argv[1:])


def _unknown(argv: list[str]) -> str:
    """Name the near miss of an action that is none."""
    from difflib import get_close_matches

    names = ", ".join(ACTIONS)
    if not argv:
        return f"say what to do: stemgan catalogue {names} (see stemgan catalogue --help)"
    near = get_close_matches(argv[0], ACTIONS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {names}"
    return f"there is no stemgan catalogue {argv[0]!r}: {hint}"
