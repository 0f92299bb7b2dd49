import { expect, test } from "vitest";
import { Store } from "../src/store";

test("changes of one frame reach each subscriber of them once, in order, and no one else", () => {
  let flush = (): void => undefined;
  let scheduled = 0;
  const store = new Store({ a: 1, b: 1, c: 1 }, (run) => {
    scheduled++;
    flush = run;
  });
  const heard: string[] = [];
  store.on(["a", "b"], (state) => heard.push(`ab${state.a}${state.b}`));
  store.on(["c"], () => heard.push("c"));
  store.on(["b"], () => heard.push("b"));
  store.set({ a: 2 });
  store.set({ a: 3, b: 5 });
  store.set({ c: 1 }); // as it was: no change
  expect(store.value).toEqual({ a: 3, b: 5, c: 1 });
  expect(heard).toEqual([]);
  flush();
  expect(heard).toEqual(["ab35", "b"]);
  expect(scheduled).toBe(1);
  store.set({ c: 2 });
  flush();
  expect(heard).toEqual(["ab35", "b", "c"]);
  expect(scheduled).toBe(2);
});
