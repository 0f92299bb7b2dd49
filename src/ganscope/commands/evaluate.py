"""`ganscope evaluate RUN`: every metric of one snapshot beside its floor."""

from __future__ import annotations

import argparse

from ganscope.commands.options import add_run, add_snapshot, snapshot_named

HELP = "measure a snapshot of a run: the whole table, with floors"
EPILOG = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_snapshot(parser)
    parser.add_argument("-n", "--count", type=int, default=10_000, help="fakes to measure (default: 10,000)")
    parser.add_argument(
        "--features",
        default="auto",
        help="the feature space: auto, classifier, random, contrastive, pca, or inception and dinov2, whose files "
        "GANSCOPE_INCEPTION and GANSCOPE_DINOV2 name (default: auto)",
    )
    parser.add_argument("--data", metavar="DATA", help="where the run's data lie now, when they have moved")
    parser.add_argument("--tstr", action="store_true", help="also train on synthetic, test on real")


def run(arguments: argparse.Namespace) -> int:
    from ganscope.evaluation import evaluate
    from ganscope.progress import Progress

    result = evaluate(
        arguments.run,
        snapshot=snapshot_named(arguments.snapshot),
        num_fake=arguments.count,
        tstr=arguments.tstr,
        features=arguments.features,
        data=arguments.data,
        progress=Progress().say,
    )
    print(result["table"])
    return 0
