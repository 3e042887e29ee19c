// Signs, drawn in lines; each stands beside its word or on a button that has one.

const paths = {
  archive: "M3 5h14v3H3zM4.5 8v7.5h11V8M8 11h4",
  attach: "M14.5 9.5 9 15a3 3 0 0 1-4.3-4.3l6.2-6.1a2 2 0 0 1 2.9 2.8l-6 6a1 1 0 0 1-1.4-1.4l5.3-5.2",
  back: "M12 4 6 10l6 6",
  close: "m5 5 10 10M15 5 5 15",
  draft: "m4 16 .8-3.2L13 4.6l2.4 2.4-8.2 8.2zM11.5 6.1l2.4 2.4",
  flag: "M5 17V4h9l-1.8 3L14 10H5",
  folder: "M3 6h5l1.5 2H17v7.5H3z",
  forward: "m12 5 4 4-4 4M16 9H9a5 5 0 0 0-5 5v1",
  inbox: "M3 11 5 4.5h10l2 6.5v4.5H3zM3 11h4l1 2h4l1-2h4",
  junk: "M10 3.5 17 16H3zM10 8v4M10 13.8v.4",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  move: "M3 6h5l1.5 2H17v7.5H3zM8 11.5h5M11 9.5l2 2-2 2",
  reply: "M8 5 4 9l4 4M4 9h7a5 5 0 0 1 5 5v1",
  search: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4M12.7 12.7 16.5 16.5",
  seen: "M3 8 10 3l7 5v8H3zM3 8l7 5 7-5",
  sent: "m3 10 14-6-5 13-3-5.5zM9 11.5 17 4",
  settings: "M4 6h6M14 6h2M4 14h2M10 14h6M12 4v4M8 12v4",
  print: "M6 8V3.5h8V8M6 14H3.5V8h13v6H14M6 12h8v4.5H6z",
  up: "M10 16V4.5M5.5 9 10 4.5 14.5 9",
  down: "M10 4v11.5M5.5 11l4.5 4.5 4.5-4.5",
  template: "M5 3.5h7l3.5 3.5v9.5H5zM12 3.5V7h3.5M7.5 10h5.5M7.5 13h5.5",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.7 10.5h7.6L14.5 6M8.5 9v5M11.5 9v5",
  unseen: "M3 5h14v10.5H3zM3 6l7 5 7-5",
  undo: "M7 5 4 8l3 3M4 8h7.5a3.8 3.8 0 0 1 0 7.5H8",
  write: "m4 16 .8-3.2L13 4.6l2.4 2.4-8.2 8.2zM11 17h5.5",
  bold: "M6 4h5a3 3 0 0 1 0 6H6zM6 10h6a3 3 0 0 1 0 6H6z",
  italic: "M9 4h5M6 16h5M12 4 8 16",
  list: "M7 5.5h9M7 10h9M7 14.5h9M4 5.5h.01M4 10h.01M4 14.5h.01",
  numbers: "M8 5.5h8M8 10h8M8 14.5h8M4 4v3M3.4 14.5h1.4L3.4 16.2h1.4",
  quote: "M5 5v10M8 7h8M8 10h8M8 13h5",
  label: "M3.5 4.5h7L17 10l-6.5 5.5h-7zM7 10h.01",
  link: "M8.5 11.5 11.5 8.5M9 6.5l1.5-1.5a3 3 0 0 1 4.5 4.3L13.5 11M11 13.5 9.5 15A3 3 0 0 1 5 10.7L6.5 9",
  seal: "M10 3 16 5.5V10c0 3.5-2.5 5.7-6 7-3.5-1.3-6-3.5-6-7V5.5zM7.5 10l2 2 3.5-4",
  lock: "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9M10 12v2",
  unlocked: "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 5.8-1M10 12v2",
  clock: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M10 6.5V10l2.5 2",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="18" height="18" className="shrink-0" fill={filled ? "currentColor" : "none"} stroke="currentColor" strokeWidth={name === "more" ? 2.4 : 1.4} strokeLinecap="round" strokeLinejoin="round">
      <path d={paths[name]} />
    </svg>
  );
}
