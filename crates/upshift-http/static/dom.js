// The few things done to the document. Texts become text nodes and nothing else: there is no way from a name in the
// database to an element.

export const byId = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An element. Children are nodes or texts; `null` is left out. */
export const el = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

/** The label of a migration, which a narrow column may break behind an underscore. */
export function label(text) {
  const node = el("code", {});
  text.split(/(?<=_)/).forEach((part, place) => node.append(...(place > 0 ? [document.createElement("wbr"), part] : [part])));
  return node;
}

/** Sets a text, where it is another one: a screen reader reads what is set again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The children become those of `items`, one node each: a node whose item is what it was stays, with its focus. */
export function keyed(parent, items, key, make) {
  const known = new Map();
  for (const node of parent.children) known.set(node.dataset.key, node);
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const said = JSON.stringify(item);
    let node = known.get(name);
    known.delete(name);
    if (!node || node.said !== said) {
      const fresh = make(item);
      fresh.dataset.key = name;
      fresh.said = said;
      if (node === place && node) place = node.nextElementSibling;
      const focused = node?.contains(document.activeElement) ? focusPath() : null;
      node?.remove();
      node = fresh;
      parent.insertBefore(node, place);
      if (focused) node.querySelector(focused)?.focus();
    } else if (node === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(node, place);
    }
  }
  for (const node of known.values()) node.remove();
}

/** How the focused element is found again in the node that takes its place. */
function focusPath() {
  const name = document.activeElement.dataset.focus;
  return name ? `[data-focus="${CSS.escape(name)}"]` : null;
}

/** Shows one of two: what there is, or the word that there is nothing. */
export function either(isThere, there, none) {
  there.hidden = !isThere;
  none.hidden = isThere;
}
