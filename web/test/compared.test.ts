import { expect, test } from "vitest";
import { Clock, spanOf, tick, told } from "../src/clock";
import { agreeing, commonFloor, differing, judged, latentsOf, lineAt, namesOf, surroundings } from "../src/compared";
import type { MeasuredLine } from "../src/lines";
import type { Evaluation } from "../src/model";

const metric = (value: number | null, stderr: number | null = 1, more: Partial<MeasuredLine> = {}): MeasuredLine =>
  ({ value, stderr, floor: 1, better: "lower", features: "f", version: "", num_real: null, num_fake: null, floor_num: null, ...more });
const line = (images_seen: number, best: number | null, metrics: Record<string, MeasuredLine> = {}): Evaluation =>
  ({ images_seen, iteration: 0, epoch: 0, metrics, per_class: null, findings: [], quality: null, verdict: "", best, toy: null });

test("only what differs is listed, and a setting that one run lacks differs", () => {
  const found = differing([{ format: 1, lr: 0.1, net: "mlp", old: 1 }, { format: 2, lr: 0.2, net: "mlp" }, { lr: 0.1, net: "mlp", none: null }]);
  expect(found.rows).toEqual([
    { name: "lr", values: ["0.1", "0.2", "0.1"] }, { name: "old", values: ["1", "–", "–"] }, { name: "none", values: ["–", "–", "none"] },
  ]);
  expect(found.same).toBe(1);
  expect(differing([{ a: [1, 2] }, { a: [1, 2] }]).rows).toEqual([]);
});

test("of the surroundings packages are told one by one, the command is not", () => {
  expect(surroundings({ command: ["x"], python: "3.11", packages: { torch: "2.4" }, dataset: { skipped: ["a"], num_train: 5 } }))
    .toEqual({ python: "3.11", "packages torch": "2.4", "dataset num_train": 5 });
});

test("better is said only beyond twice the standard error of the difference", () => {
  // Errors of 3 and 4: the difference's is 5, so 10 is the limit.
  expect(judged([metric(20, 3), metric(30.1, 4)])).toEqual({ kind: "better", run: 0 });
  expect(judged([metric(20, 3), metric(29.9, 4)])).toEqual({ kind: "within error" });
  expect(judged([metric(0.9, 0.01, { better: "higher" }), metric(0.5, 0.01, { better: "higher" })])).toEqual({ kind: "better", run: 0 });
  expect(judged([metric(9), metric(50), metric(1)])).toEqual({ kind: "better", run: 2 });
  expect(judged([metric(9), metric(9), metric(9)])).toEqual({ kind: "equal" });
  expect(judged([metric(9), metric(12, null)])).toEqual({ kind: "error unknown" });
  expect(judged([metric(9), metric(99, 1, { features: "other" })])).toEqual({ kind: "other features" });
  expect(judged([metric(9), undefined, metric(null)])).toEqual({ kind: "" });
});

test("a floor stands once where all runs have the same", () => {
  expect(commonFloor([metric(1), undefined, metric(2)])).toBe(1);
  expect(commonFloor([metric(1), metric(2, 1, { floor: 2 })])).toBeNull();
  expect(commonFloor([undefined])).toBeNull();
});

test("latents agree where all that they are made of agrees", () => {
  const of = (more: Record<string, unknown> = {}): string | null => latentsOf({ seed: 0, latent: "normal", latent_dim: 100, num_fakes: 2000, ...more });
  expect(of()).toBe(of({ g_lr: 5, network: "dcgan", conditional: false }));
  for (const more of [{ seed: 1 }, { latent: "uniform" }, { latent_dim: 64 }, { num_fakes: 100 }, { conditional: true }, { trainer: "StyleGAN2-ADA" }]) expect(of(more)).not.toBe(of());
  expect(latentsOf({ seed: 0, conditional: true }, ["a"])).not.toBe(latentsOf({ seed: 0, conditional: true }, ["b"]));
  expect(latentsOf({})).toBeNull();
  expect(agreeing(["x", "y", "x", null, null])).toEqual([[0, 2]]);
});

test("a moment's measurements are the last before it, the best's, or the end's", () => {
  const evals: Evaluation[] = [0, 10, 20].map((seen) => line(seen, 10, { [seen ? "b" : "a"]: metric(seen) }));
  expect(lineAt(evals, "shown", 19)?.images_seen).toBe(10);
  expect(lineAt(evals, "shown", -1)).toBeNull();
  expect(lineAt(evals, "best", 0)?.images_seen).toBe(10);
  expect(lineAt(evals, "end", 0)?.images_seen).toBe(20);
  expect(lineAt([line(0, null)], "best", 0)).toBeNull();
  expect(namesOf([evals], "b")).toEqual(["b", "a"]);
});

test("a clock leads there and back, over a pause and beyond its ends", () => {
  const clock = Clock.from([0, 100, 200, 200, 300], [0, 10, 40, 5, 50]) as Clock;
  expect([0, 50, 150, 300, 400].map((seen) => clock.at(seen))).toEqual([0, 5, 25, 50, 60]);
  for (const seen of [0, 7, 100, 150, 399]) expect(clock.imagesAt(clock.at(seen))).toBeCloseTo(seen, 9);
  expect(Clock.from([0], [0])).toBeNull();
  expect(Clock.from([0, 10], [null, 3])).toBeNull();
  expect(Clock.images.at(172_608)).toBe(172_608);
});

test("a moment is told in its unit", () => {
  expect([told("images", 12_800), told("epochs", 1.5), told("seconds", 90)]).toEqual(["12,800 images", "epoch 1.50", "1 min 30 s of training"]);
  expect([spanOf(0.25), spanOf(3700), tick("epochs", 40)]).toEqual(["0.25 s", "1 h 2 min", "40"]);
});
