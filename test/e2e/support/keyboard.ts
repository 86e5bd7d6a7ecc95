import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Where the keyboard is. */
interface FocusedElement {
  /** As assistive technology calls it; empty for the body, where nothing has the focus. */
  readonly name: string;
  /** It can be seen that it has the focus. */
  readonly visible: boolean;
}

/** What has the focus, also within shadow trees. */
function focusedElement(page: Page): Promise<FocusedElement> {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!element || element === document.body) return { name: '', visible: false };
    const labels = 'labels' in element ? [...((element.labels as NodeListOf<HTMLElement> | null) ?? [])] : [];
    const byId = element.getAttribute('aria-labelledby');
    const label = element.ariaLabel ?? (byId && document.getElementById(byId)?.textContent);
    const name = label ?? labels[0]?.textContent ?? element.textContent ?? '';
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const outlined = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
    const { width, height } = element.getBoundingClientRect();
    // The browser's own controls within a video draw their focus themselves.
    if (element instanceof HTMLVideoElement && element.controls) return { name: name.trim(), visible: true };
    return { name: name.trim(), visible: (outlined || boxShadow !== 'none') && width > 0 && height > 0 };
  });
}

const matches = (name: string, wanted: string | RegExp) =>
  typeof wanted === 'string' ? name === wanted : wanted.test(name);

/** Waits until what is so called has the focus, and can be seen to have it. */
export async function expectFocus(page: Page, wanted: string | RegExp): Promise<void> {
  await expect
    .poll(async () => {
      const { name, visible } = await focusedElement(page);
      return matches(name, wanted) && visible
        ? 'there'
        : `at “${name}”${visible ? '' : ', which cannot be seen'}`;
    })
    .toBe('there');
}

/** Tabs on until what is so called has the focus; every stop on the way can be seen, and none is nowhere. */
export async function tabTo(page: Page, wanted: string | RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press(key);
    const { name, visible } = await focusedElement(page);
    passed.push(name);
    expect(visible, `the focus is seen at “${name}”, after ${passed.join(', ')}`).toBe(true);
    if (matches(name, wanted)) return;
  }
  throw new Error(`The keyboard does not lead to ${wanted}, but to ${passed.join(', ')}`);
}
