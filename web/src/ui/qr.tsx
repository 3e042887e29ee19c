/** A code to be scanned: dark squares as a path in a square of `side`. */
export function Qr({ side, path, label }: { side: number; path: string; label: string }) {
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${side} ${side}`} width="200" height="200" shapeRendering="crispEdges" className="self-center rounded-md border border-line">
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
