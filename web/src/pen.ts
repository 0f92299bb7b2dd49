/** What draws the map's parts: the context of a canvas, or one that writes SVG instead. */

type Style = "fillStyle" | "strokeStyle" | "lineWidth" | "lineJoin" | "globalAlpha" | "font" | "textAlign" | "textBaseline" | "imageSmoothingEnabled";
type Act =
  | "beginPath" | "moveTo" | "lineTo" | "closePath" | "arc" | "roundRect" | "fill" | "stroke" | "fillRect" | "strokeRect" | "fillText" | "strokeText"
  | "measureText" | "setLineDash" | "save" | "restore";

/** The part of `CanvasRenderingContext2D` that the map's parts use: a drawing that keeps to it comes out in both. */
export interface Pen extends Pick<CanvasRenderingContext2D, Style | Act> {
  drawImage(picture: CanvasImageSource, x: number, y: number, width: number, height: number): void;
  drawImage(picture: CanvasImageSource, left: number, top: number, wide: number, high: number, x: number, y: number, width: number, height: number): void;
}

/** A dot of the map, filled or hollow, with an edge of `back` that parts it from what lies under it. */
export function drawDot(pen: Pen, x: number, y: number, radius: number, hollow: boolean, ink: string, back: string): void {
  const circle = (size: number): void => {
    pen.beginPath();
    pen.arc(x, y, size, 0, 7);
  };
  if (hollow) {
    for (const [colour, width] of [[back, 2.6], [ink, 1.2]] as const) {
      circle(radius - 0.2);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke();
    }
    return;
  }
  for (const [colour, size] of [[back, radius + 0.9], [ink, radius]] as const) {
    circle(size);
    pen.fillStyle = colour;
    pen.fill();
  }
}
