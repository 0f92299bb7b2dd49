import { expect, test } from "vitest";
import { ago, lifeOf } from "../src/pulse";
import type { RunIndex } from "../src/source";

const run = (change: Partial<RunIndex>): RunIndex =>
  ({ name: "a", finished: false, writing: true, written: 1000, base: "", log: "", atlas: 0, snapshots: [], ...change });

test.each([
  [{}, 1003, "live", "live, last step 3 s ago"],
  [{}, 1000 + 7 * 60, "live", "live, but no step for 7 min"],
  [{ writing: false }, 1001, "stopped", "stopped before its end, 1 s ago"],
  [{ writing: false }, 1000 + 7200, "stopped", "stopped before its end, 2 h ago"],
  [{ writing: false, written: null }, 1000, "stopped", "stopped before its end"],
  [{ writing: null }, 1030, "live", "live, last step 30 s ago"],
  [{ writing: null }, 1090, "stopped", "stopped before its end, 2 min ago"],
  [{ written: null }, 1000, "live", "live, no step yet"],
  [{ finished: true, writing: true }, 5000, "finished", "finished"],
] as const)("%j at %d is %s", (change, now, life, text) => {
  expect(lifeOf(run(change), now)).toEqual({ life, text });
});

test("a file stands still: an unfinished run says when its last step was", () => {
  expect(lifeOf(run({ written: 1_700_000_000 }), null)).toMatchObject({ life: "stopped", text: expect.stringMatching(/^not finished when.*2023/) });
  expect(lifeOf(run({ finished: true }), null).text).toBe("finished");
});

test("a clock that is behind is no negative time", () => expect(ago(-5)).toBe("0 s"));
