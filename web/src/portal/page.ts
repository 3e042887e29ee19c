// What the page is built from.

type Child = Node | string | false | undefined;

/** An element with its attributes; `onclick` and its like are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string | boolean | ((event: Event) => void)> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "string") element.setAttribute(name, value);
    else if (value) element.setAttribute(name, "");
  }
  element.append(...children.filter((child): child is Node | string => child !== false && child !== undefined));
  return element;
}

/** A labelled field with what explains it. */
export function field(label: string, input: HTMLElement, hint?: string): HTMLElement {
  input.id = `field-${label.length}-${document.querySelectorAll("input, textarea").length}`;
  if (hint !== undefined) input.setAttribute("aria-describedby", `${input.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint !== undefined && h("p", { class: "hint", id: `${input.id}-hint` }, hint));
}

/** Where what went wrong, or goes on, is told. */
export class Status {
  readonly element = h("p", { class: "status", role: "status" });

  tell(text: string): void {
    this.element.className = "status";
    this.element.setAttribute("role", "status");
    this.element.textContent = text;
  }

  warn(text: string): void {
    this.element.className = "status wrong";
    this.element.setAttribute("role", "alert");
    this.element.textContent = text;
  }
}
