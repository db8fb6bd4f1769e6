"""`stemgan catalogue train`: compose the configuration, train a classifier, judge it."""

from typing import TYPE_CHECKING, Any

from stemgan.amounts import amount
from stemgan.cli.overrides import Configuration
from stemgan.cli.training.commanding import command, job_done

if TYPE_CHECKING:
    from omegaconf import DictConfig

CATALOGUE = Configuration("catalogue", "catalogue train", "train with each")

_HELP = """\
usage: stemgan catalogue train [-m] [--cfg job] [--json] [OVERRIDE ...]

Train a classifier of images on labelled ones. Overrides are Hydra's: name=value for any entry
of the configuration, shown by --cfg job; -m runs every combination of comma-separated values.
Images of one group (column group of a manifest.csv, else one file) never part: split says which
shares train, validate and test. Writes classifier.safetensors, split.csv, checkpoints, the
configuration, metrics/ and, on the test images, report/ into output_dir; an interrupted run
goes on with resume=auto. --json prints the figures of a single run as one JSON object.

entries, with their defaults:
  images=null      a folder with a folder a class, or [several folders and files]
  labels=folder    classes are the first folders below; or a column of a manifest or table
  tables=[]        CSV files with a column file, whose columns add to the manifest's
  split=[0.8,0.1,0.1]  shares of groups to train, validate and test
  backbone=resnet18    or -34, -50, -101, efficientnet-b0 to -b3, inception-v3, timm:NAME
  start=scratch    or features (the head alone is trained), fine-tune, features-then-fine-tune
  pretrained=null  where these start: a run, a .safetensors or .pth file, or a cached name
  sizes=[224]      sides of the pictures, one after the other, increasing [px]
  epochs=30        the most at each size: one number, or [one a size]
  catalogue=plain  many entries at once: resnet50, efficientnet, inception
  data.batch_size=32   pictures a step, on each process
  model.monitor=loss   or macro_f1: chooses the weights, by the validation pictures
  model.patience=8     epochs without improvement, with which a size ends
  seed=0           of the split, the start and the augmentation
  resume=null      auto: go on from last.ckpt of output_dir, if it is there
  output_dir=runs/DATE

examples (folders in labelled/ are the classes; resnet18 at 64 px: 10 ms an image on one core):
  stemgan catalogue train images=labelled backbone=resnet18 sizes=[64] output_dir=kinds
  stemgan catalogue train images=labelled catalogue=resnet50 pretrained=resnet50.pth
  stemgan catalogue train images=labelled catalogue=efficientnet pretrained=b0.safetensors
  stemgan catalogue train images=labelled start=features pretrained=kinds output_dir=mine
  stemgan catalogue train images=labelled sizes=[64,128,224] epochs=[20,10,5] output_dir=kinds
  stemgan catalogue train images=archive labels=category tables=[labels.csv] output_dir=kinds
  stemgan catalogue train images=labelled output_dir=kinds resume=auto
  stemgan catalogue train images=labelled +trainer.max_time=00:00:30:00 output_dir=kinds
  stemgan catalogue train images=labelled logger=wandb logger.wandb.offline=true
  stemgan catalogue train images=labelled trainer=ddp trainer.devices=4
  stemgan catalogue train -m images=labelled backbone=resnet18,resnet34 output_dir=both
"""


def main(argv: list[str]) -> None:
    """Run the command."""
    if any(flag in argv for flag in ("-h", "--help")):
        print(_HELP)
        return
    command(argv, CATALOGUE, _run, text, _job)


def _run(config: "DictConfig", words: list[str]) -> dict[str, Any] | None:
    from stemgan.cli.catalogues.training import run

    return run(config, words)


def _job(config: "DictConfig") -> None:
    job_done(config, _run, text)


def text(figures: dict[str, Any]) -> str:
    """Put a run's figures in words."""
    split = "test" if figures["test"] else "val"
    found = figures[split]
    kept = {"test": "test", "val": "validation"}[split]
    lines = [
        f"{figures['output_dir']}: {amount(figures['steps'], 'step')}, best after "
        f"{figures['best_step']} at {figures['side']} px, "
        f"{amount(len(figures['classes']), 'class')}, "
        f"{amount(found['images'], f'{kept} image')} of {amount(found['groups'], 'group')}:"
    ]
    for name in ("accuracy", "precision", "recall", "f1"):
        ends = (found.get("intervals") or {}).get(name)
        range_ = f"  ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})" if ends else ""
        lines.append(f"  {name:<10} {100 * found[name]:5.1f} %{range_}")
    lines += _doubts(found, figures["temperature"])
    lines.append(f"the classifier is {figures['classifier']}")
    if figures["report"]:
        lines.append(f"the report is {figures['report']}")
    return "\n".join(lines)


def _doubts(found: dict[str, Any], temperature: float) -> list[str]:
    """Say so where a classifier tells nothing."""
    from stemgan_data_prep.catalogue.calibration import at_its_most

    doubts = []
    if found["accuracy"] <= found["most_frequent"]:
        share = f"{100 * found['most_frequent']:.1f} %"
        doubts.append(f"no better than always naming the most frequent class ({share})")
    if at_its_most(temperature):
        doubts.append(
            f"the temperature {temperature:.3g} is at its bound: the classifier told nothing "
            "of the validation pictures' classes"
        )
    return doubts
