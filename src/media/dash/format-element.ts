/** Values of attributes; those that are undefined are not written. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** What XML 1.0 §2.2 allows nowhere, not even escaped: controls, halves of surrogates, U+FFFE and U+FFFF. */
const FORBIDDEN = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text as it may stand in an element or an attribute; characters that XML cannot have become U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Lines of an element with its children, which are lines too, and are put in by two spaces. */
export function formatElement(
  name: string,
  attributes: Attributes,
  children: readonly string[] = [],
): string[] {
  const head = formatHead(name, attributes);
  if (children.length === 0) return [`<${head}/>`];
  return [`<${head}>`, ...children.map((line) => `  ${line}`), `</${name}>`];
}

/** An element with nothing but text. */
export const formatText = (name: string, attributes: Attributes, text: string): string =>
  `<${formatHead(name, attributes)}>${escapeXml(text)}</${name}>`;

function formatHead(name: string, attributes: Attributes): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? '' : ` ${key}="${escapeXml(String(value))}"`,
  );
  return `${name}${written.join('')}`;
}
