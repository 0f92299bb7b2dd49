/** Elements without innerHTML: every string becomes text, so that names from data can never become markup. */

export type Child = Node | string | number | null | undefined | false;

interface Props {
  class?: string;
  title?: string;
  on?: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
  [attribute: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (tag === "button") element.setAttribute("type", "button"); // nothing is to be sent
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [kind, listener] of Object.entries(value as Record<string, EventListener>)) element.addEventListener(kind, listener);
    } else if (name === "class") {
      element.className = String(value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  append(element, children);
  return element;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** A `div` of a class, the commonest element of the page. */
export const div = (name: string, ...children: Child[]): HTMLDivElement => h("div", { class: name }, ...children);

/** A button with a picture: `name` is read out, `title` is shown. */
export const tool = (name: string, title: string, picture: Child, click: () => void): HTMLButtonElement =>
  h("button", { title, "aria-label": name, on: { click } }, picture);

/** Replace what is in `parent`. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** Set text only where it differs: the page writes many labels in every frame. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = "http://www.w3.org/2000/svg";

/** A small stroked icon; `path` is the data of one SVG path in a 16 × 16 box. */
export function icon(path: string, filled = false): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", filled ? "icon filled" : "icon");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.appendChild(shape);
  return svg;
}

export const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4.5 3v10M11.5 3v10",
  back: "M11 3L6 8l5 5M4 3v10",
  next: "M5 3l5 5-5 5M12 3v10",
  lasso: "M8 3c3.5 0 6 1.6 6 3.8S11.5 10.5 8 10.5 2 9 2 6.8 4.5 3 8 3zM5 10c-1 1-1 2.500.5 3.5",
  home: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  image: "M2.5 3h11v10h-11zM3 11.5l3-3 2.5 2.5 2-2 2.5 2.5M10.5 6h.01",
  view: "M2.5 2.5h2M6.5 2.5h3M11.5 2.5h2v2M13.5 6.5v3M13.5 11.5v2h-2M9.5 13.5h-3M4.5 13.5h-2v-2M2.5 9.5v-3M2.5 4.5v-2",
  link: "M6.5 9.5l3-3M7 4.500l1.2-1.2a2.800 2.800 0 014 4L11 8.500M5 7.500L3.800 8.700a2.800 2.800 0 004 4L9 11.500",
  full: "M2.500 9.500v4h4M13.500 6.500v-4h-4M2.500 13.500l4.500-4.500M13.500 2.500L9 7",
  close: "M4 4l8 8M12 4l-8 8",
  theme: "M8 2.5a5.5 5.5 0 100 11zM8 2.5a5.5 5.5 0 010 11",
  star: "M8 1.8l1.9 4 4.400.5-3.3 3 .9 4.3L8 11.4l-3.9 2.200.9-4.3-3.3-3 4.4-.5z",
} as const;
