// The land of the earth as a path to draw: Natural Earth's, as the package world-atlas has it (TopoJSON, whose arcs are steps of whole
// numbers).

export interface Topology {
  arcs: [number, number][][];
  transform?: { scale: [number, number]; translate: [number, number] };
  objects: { land: { geometries: { arcs: number[][][] }[] } };
}

/** How many units wide the world is drawn; half as high. */
export const WIDTH = 360;
/** Degrees south of which there is nothing but ice. */
const SOUTH = -60;
export const HEIGHT = 90 - SOUTH;

/** Where a place is drawn: meridians and parallels as straight lines of equal distance. */
export function placed(latitude: number, longitude: number): { x: number; y: number } {
  return { x: longitude + 180, y: Math.min(Math.max(90 - latitude, 0), HEIGHT) };
}

/** The coasts. */
export function coasts({ arcs, transform, objects }: Topology): string {
  const { scale, translate } = transform ?? { scale: [1, 1], translate: [0, 0] };
  const drawn = arcs.map((steps) => {
    let [x, y] = [0, 0];
    return steps.map(([right, up]) => {
      x += right;
      y += up;
      return placed(y * scale[1] + translate[1], x * scale[0] + translate[0]);
    });
  });
  const ring = (indices: number[]) => {
    // The ones' complement of an index is its arc backwards; each begins where the one before ends.
    const points = indices.flatMap((index, at) => (index < 0 ? (drawn[~index] ?? []).toReversed() : (drawn[index] ?? [])).slice(at === 0 ? 0 : 1));
    return `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
  };
  return objects.land.geometries.flatMap(({ arcs: polygons }) => polygons.flatMap((polygon) => polygon.map((it) => ring(it as unknown as number[])))).join("");
}
