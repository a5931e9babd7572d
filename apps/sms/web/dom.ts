/** The element with this id, which the page's HTML has. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element #${id}`)
  return found as E
}

type Attributes = Readonly<Record<string, string | number | boolean | EventListener>>

/**
 * Makes an element. `on…` attributes are listeners, true and false say whether an attribute is there, children that are
 * strings become text: nothing is ever read as HTML.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value)
    else if (typeof value === 'boolean') made.toggleAttribute(name, value)
    else made.setAttribute(name, String(value))
  }
  made.append(...children)
  return made
}

/** Sets an element's text only if it differs, so that a screen reader isn't told the same again. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
