import { expect, test } from "vitest";
import { drawDot } from "../src/pen";
import { escaped, SvgPen } from "../src/svgpen";

const parts: number[][] = [];
const pen = (): SvgPen => new SvgPen({ width: (text) => 10 * text.length, png: (_, ...part) => { parts.push(part); return "data:image/png;base64,AA"; } });

test("a path is written as it is drawn, a first line begins one, and a circle is a circle", () => {
  const one = pen();
  one.strokeStyle = "rgba(1,2,3,0.5)";
  one.lineWidth = 2.004;
  one.setLineDash([6, 4]);
  one.beginPath();
  one.lineTo(1, 2);
  one.lineTo(3.456, 4);
  one.closePath();
  one.stroke();
  expect(one.take()).toBe(`<path d="M1 2L3.46 4Z" fill="none" stroke="rgb(1,2,3)" stroke-opacity="0.5" stroke-width="2" stroke-dasharray="6 4"/>`);
  drawDot(one, 5, 6, 3, false, "rgba(9,9,9,1)", "#fff");
  expect(one.take()).toBe(`<circle cx="5" cy="6" r="3.9" fill="#fff"/>\n<circle cx="5" cy="6" r="3" fill="rgb(9,9,9)"/>`);
  one.beginPath();
  one.arc(5, 6, 3);
  one.moveTo(40, 6);
  one.arc(37, 6, 3);
  one.stroke();
  expect(one.take()).toContain(`d="M2 6a3 3 0 1 0 6 0a3 3 0 1 0 -6 0ZM40 6M34 6a`);
  expect(one.take()).toBe("");
});

test("letters stand where a canvas puts them, are squeezed where they are too long, and are never markup", () => {
  const one = pen();
  one.font = "700 20px system-ui, sans-serif";
  one.textAlign = "center";
  one.textBaseline = "middle";
  one.fillText("a<b&\"c\u0000\ud800", 50, 40, 30);
  expect(one.take()).toBe(`<text x="50" y="47" font-family="system-ui, sans-serif" font-size="20" font-weight="700" text-anchor="middle" textLength="30" lengthAdjust="spacingAndGlyphs" fill="#000">a&#60;b&#38;&#34;c</text>`);
  expect(escaped("ok\tﬁ 😀\ufffe")).toBe("ok\tﬁ 😀");
});

test("opacity holds for what is drawn under it, and what is fully clear is not written", () => {
  const one = pen();
  one.save();
  one.globalAlpha = 0;
  one.fillRect(0, 0, 1, 1);
  one.drawImage({ width: 4, height: 4 } as HTMLCanvasElement, 0, 0, 1, 1);
  one.restore();
  one.globalAlpha = 0.3;
  one.fillRect(0, 0, 1, 1);
  expect(one.take()).toBe(`<rect x="0" y="0" width="1" height="1" opacity="0.3" fill="#000"/>`);
  expect(parts).toEqual([]);
});

test("a part of a picture goes in by itself; dots of one colour are one path", () => {
  const one = pen();
  one.imageSmoothingEnabled = false;
  one.drawImage({ width: 40, height: 40 } as HTMLCanvasElement, 8, 16, 8, 8, 1, 2, 30, 30);
  expect(parts).toEqual([[8, 16, 8, 8]]);
  expect(one.take()).toBe(`<image x="1" y="2" width="30" height="30" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,AA"/>`);
  one.dots([1, 2, 3.33, 4], 2, "rgba(1,2,3,1)");
  expect(one.take()).toBe(`<path d="M1 2h0M3.3 4h0" fill="none" stroke-linecap="round" stroke-width="2" stroke="rgb(1,2,3)"/>`);
  one.dots([], 2, "#000");
  expect(one.take()).toBe("");
});
