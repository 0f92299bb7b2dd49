"""`ganscope watch DIR`: the page of a training of another program, from the files that it writes."""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path

from ganscope.commands.options import DATA_HELP, LOG_TO_HELP
from ganscope.errors import GanscopeError

HELP = "show the training of another program from its files, live while it writes them"
EPILOG = """known: StyleGAN2-ADA, StyleGAN3, R3GAN, Projected GAN; PyTorch's DCGAN example and its copies;
lightweight-gan, stylegan2-pytorch; Keras' GANMonitor; a folder a moment; any numbered pictures.

examples:
  ganscope watch training-runs/00016-sprites-auto1 --reals sprites/
  ganscope watch dcgan/output --reals mnist
  ganscope watch . --pattern 'out/{epoch}.png' --grid 8x8+2 --scalars losses.csv --reals photos/ --once

Pictures, JSON lines, CSV, text and event files are read; a .pkl or .pth, which may run code, never is."""
POLL_SECONDS = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the other trainer writes")
    parser.add_argument("--reals", metavar="DATA", help=f"its training data: {DATA_HELP}")
    parser.add_argument("--out", type=Path, metavar="RUN", help="the run to write (default: one in runs)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--pattern", help="where the pictures lie, as 'out/{epoch}.png' ({step}, {kimg}, {images})")
    parser.add_argument("--grid", help="their places on a sheet: columns x rows + padding, as 8x8+2 (default: guessed)")
    parser.add_argument("--scalars", type=Path, metavar="FILE", help="its numbers: .csv, .jsonl, or an event file")
    parser.add_argument("--images-per-epoch", type=int, metavar="N", help="where --reals is not all of them")
    parser.add_argument("--batch-size", type=int, metavar="N", help="images of a step, where steps are counted")
    parser.add_argument("--log-to", default="", metavar="NAMES", help=LOG_TO_HELP)
    parser.add_argument("--once", action="store_true", help="read what is there, write report.html, and end")
    parser.add_argument("--port", type=int, default=0, help="port on localhost (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--quiet", action="store_true", help="print errors and addresses only")


def run(arguments: argparse.Namespace) -> int:
    from ganscope.foreign import Follower, await_first, following
    from ganscope.page import serve, write_report
    from ganscope.progress import Progress
    from ganscope.trackers import tracker_names

    progress = Progress(quiet=arguments.quiet)

    def make(out: Path | None = arguments.out) -> Follower:
        return Follower(
            arguments.folder, arguments.reals, out=out, runs=arguments.runs, pattern=arguments.pattern,
            grid=arguments.grid, scalars=arguments.scalars, images_per_epoch=arguments.images_per_epoch,
            batch_size=arguments.batch_size, log_to=tracker_names(arguments.log_to), progress=progress,
        )  # fmt: skip

    if arguments.once:
        with following(make()) as follower:
            follower.update()
            follower.finish()
            follower.run.mark_finished({"status": "finished", "reason": "read from files", "images_seen": 0})
            print(write_report(follower.run))
            return 0
    first = await_first(make, progress.say, lambda: time.sleep(POLL_SECONDS))
    assert first is not None
    run, end = first.run, threading.Event()

    def follow() -> None:
        follower: Follower | None = first
        changed = True
        try:
            while follower is not None and not end.is_set():
                if follower.update() or changed:
                    follower.finish()
                    print(write_report(run), flush=True)
                if changed := follower.outgrown:
                    follower.close()
                    follower = await_first(lambda: make(run.path), progress.say, lambda: end.wait(POLL_SECONDS))
                else:
                    end.wait(POLL_SECONDS)
        except GanscopeError as error:
            progress.say(f"{error}\nnothing more is read; the page shows what was read before")
        finally:
            if follower is not None:
                follower.close()

    worker = threading.Thread(target=follow, daemon=True)
    worker.start()
    try:
        serve([run.path], port=arguments.port, open_browser=not arguments.no_browser)
    finally:
        end.set()
        worker.join(timeout=30)
    return 0
