/** Texts become text nodes, never HTML. */
export type Child = Node | string;

/** Attributes by their names; those that are `undefined` are left out. */
export type Attributes = { readonly [name: string]: string | number | undefined };

const SVG = "http://www.w3.org/2000/svg";

/** An element of HTML. */
export function html<N extends keyof HTMLElementTagNameMap>(
  name: N,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[N] {
  return filled(document.createElement(name), attributes, children);
}

/** An element of SVG. */
export function svg(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  return filled(document.createElementNS(SVG, name) as SVGElement, attributes, children); // It is in the namespace of SVG.
}

/** A picture with a text for those who do not see it. It is as wide as its place; its lines stay as thin as they are. */
export function picture(label: string, height: number, ...children: readonly Child[]): SVGElement {
  const box = { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", height };
  return svg("svg", { ...box, role: "img", "aria-label": label, class: "picture" }, ...children);
}

/** How wide pictures are, in their units. */
export const WIDTH = 600;

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}
