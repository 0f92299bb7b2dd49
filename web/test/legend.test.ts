import { expect, test } from "vitest";
import { classOfKey, keyOfClass } from "../src/legend";

const digits = [..."0123456789"];
const words = ["T-shirt", "Trouser", "Pullover"];

test("a digit hides the class that is called so", () => {
  for (const key of digits) expect(digits[classOfKey(key, digits)]).toBe(key);
  expect(classOfKey("3", ["3", "5", "8"])).toBe(0);
  expect(classOfKey("4", ["3", "5", "8"])).toBe(-1);
  expect(classOfKey("2", ["cluster 0", "cluster 1", "cluster 2"])).toBe(2);
});

test("names without digits go by their place, the tenth by 0", () => {
  expect([..."123"].map((key) => classOfKey(key, words))).toEqual([0, 1, 2]);
  expect(classOfKey("4", words)).toBe(-1);
  expect(classOfKey("0", Array.from({ length: 12 }, (_, i) => `class ${i}x`))).toBe(9);
});

test("each class is told its key", () => {
  expect(words.map((_, k) => keyOfClass(k, words))).toEqual(["1", "2", "3"]);
  expect(keyOfClass(11, Array.from({ length: 12 }, (_, i) => `c${i}x`))).toBe("");
});
