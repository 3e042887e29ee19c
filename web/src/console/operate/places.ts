// A place for backups as it is typed and as the setting has it.

/** The setting that names them. */
export const NAME = "backup.repositories";

export interface Place {
  kind: "directory" | "s3" | "rest";
  place: string;
}

/** The place as the setting has it. Whoever types the whole of it gets the same. */
export function placeOf({ kind, place }: Place): string {
  if (kind === "directory" || place.startsWith(`${kind}:`)) return place;
  return `${kind}:${/^https?:\/\//.test(place) ? place : `https://${place}`}`;
}
