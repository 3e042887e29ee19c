import land from "world-atlas/land-110m.json";
import { expect, test } from "vitest";
import { coasts, HEIGHT, placed, type Topology, WIDTH } from "./world";

test("places are where they are on a map", () => {
  expect(placed(90, -180)).toEqual({ x: 0, y: 0 });
  expect(placed(0, 0)).toEqual({ x: 180, y: 90 });
  expect(placed(-89, 180)).toEqual({ x: WIDTH, y: HEIGHT });
});

test("the land is drawn within the map, without a gap in its lines", () => {
  const path = coasts(land as unknown as Topology);
  const rings = path.split("M").slice(1);
  expect(rings.length).toBeGreaterThan(100);
  for (const ring of rings) {
    const points = ring.replace("Z", "").split("L").map((point) => point.split(" ").map(Number));
    for (const [x = Number.NaN, y = Number.NaN] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(WIDTH);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(HEIGHT);
    }
  }
});
