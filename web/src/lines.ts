/** Made by web/lines.py from ganscope/runs/lines.py: what the lines of a run hold. Change them there. */

/** history.jsonl: means over a logging interval. Losses are the optimised ones, scores D's in [0, 1]. */
export interface HistoryLine {
  images_seen: number;
  iteration: number;
  epoch: number;
  d_loss: number | null;
  g_loss: number | null;
  d_real: number | null;
  d_fake_before: number | null;
  d_fake_after: number | null;
  value: number | null;
  jsd_bound: number | null;
  d_grad_norm: number | null;
  g_grad_norm: number | null;
  d_lr: number | null;
  g_lr: number | null;
  augment_strength: number | null;
  r_v: number | null;
}

/** test.jsonl: the same on held-out real images, plain labels 1 and 0, both networks in evaluation mode. */
export interface TestLine {
  images_seen: number;
  iteration: number;
  epoch: number;
  d_loss: number | null;
  g_loss: number | null;
  d_real: number | null;
  d_fake: number | null;
  value: number | null;
}

/** One metric of a snapshot with its protocol; see `ganscope.metrics.Metric`. */
export interface MeasuredLine {
  value: number | null;
  stderr: number | null;
  floor: number | null;
  num_real: number | null;
  num_fake: number | null;
  floor_num: number | null;
  features: string;
  version: string;
  better: string;
}

/** Shares of the K classes among the reals and the fakes, each `(K,)` and summing to 1. */
export interface ClassShareLine {
  real: number[];
  fake: number[];
}

/** A named diagnosis; see `ganscope.diagnosis.Finding`. */
export interface FindingLine {
  id: string;
  severity: string;
  first: number;
  last: number;
  evidence: Record<string, number>;
  thresholds: Record<string, number>;
  sentence: string;
  advice: string[];
}

/** What a conditional generator makes of each class, lists `(K,)`; see `ganscope.metrics.Classwise`. */
export interface ClasswiseLine {
  num_fake: number[];
  num_compared: number[];
  frechet: (number | null)[];
  frechet_floor: (number | null)[];
  frechet_stderr: (number | null)[];
  precision: (number | null)[];
  precision_floor: (number | null)[];
  recall: (number | null)[];
  recall_floor: (number | null)[];
  coverage: (number | null)[];
  coverage_floor: (number | null)[];
  diversity: (number | null)[];
  diversity_floor: (number | null)[];
  confusion: number[][];
  accuracy: number | null;
  stderr: number | null;
  floor: number | null;
  chance: number | null;
}

/** evals.jsonl: what was measured at a snapshot, and what was made of it. */
export interface EvalLine {
  images_seen: number;
  iteration: number;
  epoch: number;
  metrics: Record<string, MeasuredLine>;
  class_share: ClassShareLine | null;
  per_class: ClasswiseLine | null;
  findings: FindingLine[];
  quality: Record<string, unknown> | null;
  verdict: string;
  best: number | null;
  toy: Record<string, number | null> | null;
}

/** timing.jsonl: everything that depends on the clock; `kind` is `train` or `snapshot`. */
export interface TimingLine {
  images_seen: number;
  kind: string;
  seconds: number | null;
  paused_seconds: number | null;
  images_per_second: number | null;
  metrics_seconds: number | null;
  map_seconds: number | null;
  train_seconds: number | null;
}
