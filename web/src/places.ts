/** From the map's own coordinates, y upwards, to the page's: 0 … 1 over the frame, y downwards. */

export interface Frame {
  x0: number;
  y0: number;
  scale: number;
}

export const mapX = ({ x0, scale }: Frame, x: number): number => (x - x0) / scale / 65535;
export const mapY = ({ y0, scale }: Frame, y: number): number => 1 - (y - y0) / scale / 65535;
