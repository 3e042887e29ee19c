// Where a drawing's lines and bars are.

const LINES_MAX = 5;

/** Round numbers from 0 up to the first that is not below `top`, five at most beside 0. */
export function ticks(top: number): number[] {
  if (top <= 0) return [0, 1];
  const rough = top / LINES_MAX;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(([1, 2, 5, 10].find((it) => it * power >= rough) ?? 10) * power, 1);
  return Array.from({ length: Math.ceil(top / step) + 1 }, (_, index) => index * step);
}

/** From where to where each value reaches if all stand one above another. */
export function heights(values: number[]): [number, number][] {
  let sum = 0;
  return values.map((value) => {
    const from = sum;
    sum += value;
    return [from, sum];
  });
}
