import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STYLES } from './ui/styles.ts';
import { TEMPLATE } from './ui/template.ts';

interface Named {
  readonly name: string;
}

/** What is read of a declaration (schema 2.1.0). */
interface Declaration {
  readonly tagName: string;
  readonly members: readonly (Named & { readonly kind: string; readonly readonly?: boolean })[];
  readonly attributes: readonly Named[];
  readonly events: readonly Named[];
  readonly cssParts: readonly Named[];
  readonly cssProperties: readonly (Named & { readonly default: string })[];
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const manifest = JSON.parse(read('custom-elements.json')) as {
  readonly modules: readonly [{ readonly path: string; readonly declarations: readonly [Declaration] }];
};
const source = read('headwater-player.ts');
const documentation = read('../../docs/player.md');
const { attributes, cssParts, cssProperties, events, members, tagName } = manifest.modules[0].declarations[0];
const CALLBACKS = new Set(['connectedCallback', 'disconnectedCallback', 'attributeChangedCallback']);

const names = (list: readonly Named[]) => list.map(({ name }) => name).sort();
const found = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))].sort();

describe('the custom-elements manifest', () => {
  it('is what the package names, of the script that pages load', () => {
    expect(JSON.parse(read('../../package.json'))).toMatchObject({
      customElements: 'src/player/custom-elements.json',
    });
    expect(manifest.modules[0].path).toBe('dist/web/player/headwater-player.js');
  });

  it('names the public fields and methods of the class, and no others', () => {
    const accessors = found(source, /^ {2}get (\w+)\(/gm);
    const methods = found(source, /^ {2}(\w+)\(.*\): void \{$/gm).filter((name) => !CALLBACKS.has(name));
    expect(names(members)).toEqual([...accessors, ...methods].sort());
  });

  it('says which fields can be set', () => {
    const settable = found(source, /^ {2}set (\w+)\(/gm);
    const declared = members.filter((member) => member.kind === 'field' && !member.readonly);
    expect(names(declared)).toEqual(settable);
  });

  it('names the attributes that are read', () => {
    const read = found(source, /(?:get|has)Attribute\('([\w-]+)'\)/g);
    const observed = /observedAttributes = \[(.+)\]/.exec(source)?.[1] ?? '';
    expect(names(attributes)).toEqual([...new Set([...read, ...found(observed, /'([\w-]+)'/g)])].sort());
  });

  it('names the events that are told', () => {
    const forwarded = /FORWARDED = \[([^\]]+)\]/.exec(source)?.[1] ?? '';
    const told = [...found(source, /#dispatch\('(\w+)'/g), ...found(forwarded, /'(\w+)'/g)];
    expect(names(events)).toEqual(told.sort());
  });

  it('names the parts and custom properties, with their defaults', () => {
    expect(names(cssParts)).toEqual(found(TEMPLATE, /\bpart="([\w-]+)"/g));
    expect(names(cssProperties)).toEqual(found(STYLES, /var\((--headwater-[\w-]+)/g));
    for (const { name, default: value } of cssProperties) expect(STYLES).toContain(`var(${name}, ${value})`);
  });

  it('is what docs/player.md says', () => {
    expect(documentation).toContain(`<${tagName}`);
    for (const { name } of [...members, ...attributes, ...events, ...cssParts, ...cssProperties])
      expect(documentation, name).toContain(name);
  });
});
