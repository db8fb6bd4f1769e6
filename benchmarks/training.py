"""Time training: images a second, share of the peak, waiting for data, bf16 beside float32.

    python benchmarks/training.py [--models ede2020,stemgan_s] [--size 512] [--batch 4] ...

Each row is a training in a process of its own, as `stemgan train` would do it, from the same
weights. Most are on the same few batches, kept in memory: what a step takes when no data is
waited for. Those that are "loaded" get new samples from worker processes; waiting is the share
of the time in which the next batch was not there yet. The first steps are not timed. The share
of the peak (MFU) is what `stemgan train` logs, and a measured peak is the highest of all rows.
Memory is the most that tensors hold on a GPU, or else the most that the process holds, without
its workers. "Apart" are the generator's losses of all steps from those in float32: the largest
and the mean difference. On GPUs float32 is TensorFloat-32, unless float32_precision=highest is
added. ede2020 trains without experience replay, which would draw fifty samples before the first
step.
"""

import argparse
import json
import logging
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import torch
from data import peak_memory
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.loggers.logger import DummyLogger
from torch.utils.data import DataLoader

from stemgan.cli.common import say
from stemgan.cli.overrides import composed, configuration_folder
from stemgan.cli.training.run import made
from stemgan.data import Batch
from stemgan.provenance import machine, versions
from stemgan.watching import Throughput

Row = dict[str, Any]
FLOAT32 = "32-true"
KEPT = 8
"""Batches in memory, taken in turn."""


class Case(NamedTuple):
    """One training: what it trains, and the file of its batches if they are in memory."""

    model: str
    phase: str
    precision: str
    batches: Path | None


def overrides(case: Case, options: argparse.Namespace) -> list[str]:
    """Say to `stemgan train` what a case is."""
    steps = untimed(case, options) + options.steps
    fidelity, adversarial = (0, steps) if case.phase == "adversarial" else (steps, 0)
    own = (configuration_folder() / "data" / f"{case.model}.yaml").is_file()
    quiet = ("checkpointing", "progress_bar")
    return [
        f"data={case.model if own else 'shards'}",
        f"data.datasets={json.dumps([Path(path).as_posix() for path in options.datasets])}",
        f"data.crops.size={options.size}",
        f"data.batch_size={options.batch}",
        f"data.num_workers={options.workers}",
        f"data.samples_per_epoch={options.batch * max(steps, KEPT)}",
        f"model={case.model}",
        f"model.fidelity_steps={fidelity}",
        f"model.adversarial_steps={adversarial}",
        f"model.compiled={options.compiled}",
        f"model.channels_last={options.channels_last}",
        # Longer warm-ups than these few steps would leave nothing to compare.
        "++model."
        + ("replay=false" if case.model == "ede2020" else f"warmup_steps={steps // 4}"),
        f"trainer={'gpu' if options.device == 'cuda' else 'cpu'}",
        f"trainer.max_steps={steps}",
        f"trainer.precision={case.precision}",
        "+trainer.limit_val_batches=0",
        *(f"+trainer.enable_{name}=false" for name in quiet),
        *options.overrides,
    ]


def untimed(case: Case, options: argparse.Namespace) -> int:
    """Count the first steps: until what workers had prepared before them is used up."""
    return 3 if case.batches else 3 + 2 * options.workers


class Peak(DummyLogger):
    """Keeps what the timing says of the device."""

    def log_hyperparams(self, params: Row) -> None:  # type: ignore[override]
        """Keep it."""
        self.kept = params


class Watch(Callback):
    """Keeps the generator's loss of each step, and begins the timing anew after some."""

    def __init__(self, throughput: Throughput, steps: int) -> None:
        self.throughput, self.steps = throughput, steps
        self.losses: list[torch.Tensor] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: object) -> None:  # noqa: ANN401
        """Add a loss, without waiting for it; the timing was called before."""
        terms = pl_module.last_terms.items()
        own = [term for name, term in terms if not name.startswith("discriminator")]
        self.losses.append(torch.stack(own).sum())
        if len(self.losses) > self.throughput.every:  # which does not count the first
            self.throughput.every = self.steps


def trained(case: Case, options: argparse.Namespace) -> Row:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning|torch")
    seed_everything(0, verbose=False)
    config = composed(overrides(case, options))
    torch.set_float32_matmul_precision(config.float32_precision)
    torch.backends.cudnn.allow_tf32 = config.float32_precision != "highest"
    peak, throughput = Peak(), Throughput(untimed(case, options) - 1)
    watch = Watch(throughput, options.steps)
    trainer = made(config.trainer, logger=False, callbacks=[throughput, watch])
    trainer.loggers = [peak]
    if case.batches:
        kept = [Batch(**fields) for fields in torch.load(case.batches, weights_only=True)]
        batches: Any = [kept[step % len(kept)] for step in range(config.trainer.max_steps)]
        pinned = torch.cuda.is_available()
        trainer.fit(made(config.model), DataLoader(batches, None, pin_memory=pinned))
    else:
        trainer.fit(made(config.model), datamodule=made(config.data))
    names = ("speed/images_per_s", "speed/mfu", "speed/waiting", "memory/gpu_mb")
    logged = [float(trainer.callback_metrics.get(name, "nan")) for name in names]
    return {
        **case._replace(batches=None)._asdict(),
        "batches": "kept" if case.batches else "loaded",
        **dict(zip(("images_per_s", "mfu", "waiting"), logged, strict=False)),
        "peak_mib": logged[3] if options.device == "cuda" else peak_memory(),
        **peak.kept,
        "losses": torch.stack(watch.losses).tolist(),
    }


def alone(case: Case, options: argparse.Namespace) -> Row:
    say(", ".join([*case[:3], "kept batches" if case.batches else "loaded batches"]))
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(trained, case, options).result()


def draw(model: str, path: Path, options: argparse.Namespace) -> None:
    """Keep the first batches of a model's training."""
    say(f"{model}: drawing {KEPT} batches")
    data = made(composed(overrides(Case(model, "fidelity", FLOAT32, path), options)).data)
    kept = [batch._asdict() for batch, _ in zip(data.train_dataloader(), range(KEPT))]  # noqa: B905
    torch.save(kept, path)


def compare(row: Row, exact: Row) -> None:
    """Add how far apart the losses of a row and of the one in float32 are.

    Examples
    --------
    >>> row = {"losses": [4.0, 1.5]}
    >>> compare(row, {"losses": [4.0, 2.0]})
    >>> row["largest_apart"], row["mean_apart"]
    (0.25, 0.125)
    """
    pairs = zip(row["losses"], exact["losses"], strict=True)
    apart = [abs(a - b) / max(abs(b), 1e-12) for a, b in pairs]
    row.update(largest_apart=max(apart), mean_apart=sum(apart) / len(apart))


def measured(options: argparse.Namespace, folder: Path) -> list[Row]:
    """Train all cases; data is waited for with the first precision."""
    rows: list[Row] = []
    precisions = options.precision.split(",")
    for model in options.models.split(","):
        batches = folder / f"{model}.pt"
        draw(model, batches, options)
        for phase in ("fidelity", "adversarial"):
            kept = {p: alone(Case(model, phase, p, batches), options) for p in precisions}
            for precision, row in kept.items():
                if FLOAT32 in kept and precision != FLOAT32:
                    compare(row, kept[FLOAT32])
            loaded = alone(Case(model, phase, precisions[0], None), options)
            rows += [*kept.values(), loaded]
    for row in rows:  # other work on the machine makes a measured peak too small
        peaks = (r["peak_tflops"] for r in rows if r["precision"] == row["precision"])
        row["mfu"] *= row["peak_tflops"] / max(peaks)
    return rows


def table(rows: list[Row]) -> str:
    lines = [
        f"{'model':<11}{'phase':<12}{'precision':<11}{'batches':<8}{'images/s':>8}{'MFU %':>7}"
        f"{'waiting %':>10}{'peak MiB':>9}{'first loss':>11}{'last':>11}{'% apart':>15}"
    ]
    for row in rows:
        apart = [f"{100 * row[key]:.2g}" for key in row if key.endswith("_apart")]
        lines.append(
            f"{row['model']:<11}{row['phase']:<12}{row['precision']:<11}{row['batches']:<8}"
            f"{row['images_per_s']:>8.3g}{100 * row['mfu']:>7.1f}{100 * row['waiting']:>10.1f}"
            f"{row['peak_mib']:>9.0f}{row['losses'][0]:>11.4g}{row['losses'][-1]:>11.4g}"
            f"{', '.join(apart):>15}"
        )
    for precision, source in dict.fromkeys((r["precision"], r["peak_source"]) for r in rows):
        peak = max(r["peak_tflops"] for r in rows if r["precision"] == precision)
        lines.append(f"peak, {precision}: {peak:.3g} TFLOP/s, {source}")
    return "\n".join(lines)


def main() -> None:
    from stemgan_data_prep.synthesize import synthesize

    parser = argparse.ArgumentParser(description="Time training.")
    parser.add_argument("--models", default="ede2020,stemgan_s", help="of conf/model")
    parser.add_argument("--size", type=int, default=512, help="side of the crops [px] (512)")
    parser.add_argument("--batch", type=int, default=4, help="images a step (4)")
    parser.add_argument("--steps", type=int, default=20, help="that are timed (20)")
    parser.add_argument("--workers", type=int, default=2, help="loading processes (2)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="a GPU, if there is one")
    parser.add_argument("--precision", default=f"bf16-mixed,{FLOAT32}", help="one or several")
    parser.add_argument("--compiled", action="store_true", help="compile the generator")
    parser.add_argument("--channels-last", action="store_true", help="order of memory")
    parser.add_argument("--datasets", nargs="+", help="folders; simulated images otherwise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("overrides", nargs="*", help="further ones, as of stemgan train")
    options = parser.parse_args()
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    about = {**machine(torch.device(options.device)), "threads": torch.get_num_threads()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not options.datasets:
            options.datasets = [str(folder / "simulated")]
            say("simulating 32 micrographs")
            synthesize(32, folder / "simulated", size=options.size, shares=(0.9, 0.1, 0.0))
        rows = measured(options, folder)
    device = about.get("gpu") or f"{about['processor']}, {about['cores']} cores"
    print(f"{device}, {about['threads']} threads, torch {versions()['torch']}")
    print(f"{options.size} px, {options.batch} images a step, {options.steps} steps timed")
    print(table(rows))
    if options.json:
        settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()}
        whole = {"machine": about, "versions": versions(), "settings": settings, "rows": rows}
        options.json.write_text(json.dumps(whole, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
