/**
 * Turns the `<style>` elements in the shadow roots below a node into constructed style sheets, which a page's
 * Content-Security-Policy (`style-src 'self'`) does not forbid. To be called before the node is connected.
 *
 * media-chrome looks for its `<style>` elements again, to change rules in their `sheet`; so each leaves behind an inert
 * element of that name, in no namespace, that has the constructed sheet.
 */
export function adoptStyles(node: DocumentFragment): void {
  customElements.upgrade(node);
  for (const { shadowRoot } of node.querySelectorAll('*')) {
    if (!shadowRoot) continue;
    for (const style of shadowRoot.querySelectorAll('style')) replaceStyle(shadowRoot, style);
    adoptStyles(shadowRoot);
  }
}

function replaceStyle(root: ShadowRoot, style: HTMLStyleElement): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style.textContent ?? '');
  root.adoptedStyleSheets.push(sheet);
  const inert = document.createElementNS(null, 'style');
  Object.defineProperty(inert, 'sheet', { value: sheet });
  style.replaceWith(inert);
}
