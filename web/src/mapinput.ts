/** Hands on the map: pointer, wheel, pinch, lasso and keys become a few calls. */

import type { MapView } from "./mapview";
import { panned } from "./viewport";

export interface MapHandlers {
  /** The pointer rests at pixel (x, y); null when it has left. */
  hover(x: number | null, y: number): void;
  /** A click or tap at pixel (x, y). */
  pick(x: number, y: number): void;
  /** The click before was the first of two: what it chose was not meant. */
  unpick(): void;
  /** A closed lasso, in map units. */
  lassoed(polygon: number[]): void;
  lassoActive(): boolean;
  changed(): void;
  /** A gesture that the page keeps for itself: say how the map is moved instead. */
  hint(text: string): void;
}

const WHEEL_HINT = "Click the map, or hold Ctrl, to zoom with the wheel";
const TOUCH_HINT = "Two fingers move and zoom the map";

export function attachInput(map: MapView, on: MapHandlers): void {
  const target = map.over;
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  let drawing: number[] | null = null;
  let touch = false;

  const place = (event: PointerEvent | WheelEvent): { x: number; y: number } => {
    const box = target.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  target.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    target.setPointerCapture(event.pointerId);
    const p = place(event);
    pointers.set(event.pointerId, p);
    if (pointers.size === 1) {
      moved = 0;
      touch = event.pointerType === "touch";
      drawing = on.lassoActive() || event.shiftKey ? map.toMap(p.x, p.y) : null;
      map.lasso = drawing ?? map.lasso;
    } else {
      drawing = null;
      moved = 99;
    }
  });

  target.addEventListener("pointermove", (event) => {
    const p = place(event);
    const old = pointers.get(event.pointerId);
    if (!old) {
      on.hover(p.x, p.y);
      return;
    }
    moved += Math.hypot(p.x - old.x, p.y - old.y);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const before = Math.hypot(a.x - b.x, a.y - b.y);
      const [mx, my] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
      pointers.set(event.pointerId, p);
      const [c, d] = [...pointers.values()];
      map.setView(panned(map.view, (c.x + d.x) / 2 - mx, (c.y + d.y) / 2 - my));
      if (before > 0) map.zoomBy(Math.hypot(c.x - d.x, c.y - d.y) / before, (c.x + d.x) / 2, (c.y + d.y) / 2);
      return;
    }
    pointers.set(event.pointerId, p);
    if (drawing) {
      drawing.push(...map.toMap(p.x, p.y));
      map.lasso = drawing;
      on.changed();
    } else if (touch) {
      if (moved > 12) on.hint(TOUCH_HINT); // one finger scrolls the page
    } else if (moved > 4) {
      on.hover(null, 0);
      map.setView(panned(map.view, p.x - old.x, p.y - old.y));
    }
  });

  const release = (event: PointerEvent): void => {
    const p = pointers.get(event.pointerId);
    if (!p) return;
    pointers.delete(event.pointerId);
    if (pointers.size) return;
    if (drawing) {
      const polygon = drawing;
      drawing = null;
      if (polygon.length >= 6 && moved > 12) on.lassoed(polygon);
      else map.lasso = [];
      on.changed();
    } else if (moved <= (touch ? 12 : 4) && event.type === "pointerup") {
      on.pick(p.x, p.y);
    }
  };
  target.addEventListener("pointerup", release);
  target.addEventListener("pointercancel", release);
  target.addEventListener("pointerleave", () => on.hover(null, 0));
  target.addEventListener("dblclick", (event) => {
    map.zoomBy(2, event.offsetX, event.offsetY);
    on.unpick();
  });

  // Two fingers, and a lasso, are the map's; the browser must not begin to scroll.
  target.addEventListener("touchmove", (event) => {
    if (event.touches.length > 1 || drawing) event.preventDefault();
  }, { passive: false });

  target.addEventListener("wheel", (event) => {
    // The page scrolls past the map until the reader has turned to it.
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== target) {
      on.hint(WHEEL_HINT);
      return;
    }
    event.preventDefault();
    const p = place(event);
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    map.zoomBy(Math.exp(-Math.max(-300, Math.min(300, event.deltaY * unit)) * (event.ctrlKey ? 0.01 : 0.0018)), p.x, p.y);
  }, { passive: false });

  target.addEventListener("focus", () => {
    map.crosshair = target.matches(":focus-visible");
    on.changed();
  });
  target.addEventListener("blur", () => {
    map.crosshair = false;
    on.changed();
  });

  target.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 160 : 48;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => map.setView(panned(map.view, step, 0)),
      ArrowRight: () => map.setView(panned(map.view, -step, 0)),
      ArrowUp: () => map.setView(panned(map.view, 0, step)),
      ArrowDown: () => map.setView(panned(map.view, 0, -step)),
      "+": () => map.zoomBy(1.4),
      "=": () => map.zoomBy(1.4),
      "-": () => map.zoomBy(1 / 1.4),
      f: () => map.reset(),
      Enter: () => on.pick(map.view.width / 2, map.view.height / 2),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    map.crosshair = true;
    move();
  });
}

