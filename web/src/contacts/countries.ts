// The countries of the world in the reader's language.

/** Codes of ISO 3166-1 that are no countries, or were. */
const NONE = new Set(["AN", "BU", "CS", "DD", "DY", "EU", "EZ", "FX", "HV", "NH", "NT", "QO", "RH", "SU", "TP", "UK", "UN", "VD", "XA", "XB", "YD", "YU", "ZR", "ZZ"]);

/** Each code that the browser has a name for. */
export function countries(tag: string): { code: string; name: string }[] {
  const names = new Intl.DisplayNames(tag, { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const all = letters.flatMap((one) => letters.map((other) => one + other)).filter((code) => !NONE.has(code));
  const found = all.flatMap((code) => {
    const name = names.of(code);
    return name === undefined ? [] : [{ code, name }];
  });
  return found.sort((one, other) => one.name.localeCompare(other.name, tag));
}
