import type { TSchema } from 'typebox';
import { ConfigSchema } from './config-schema.ts';

/** One setting: a leaf of the schema. */
export interface Setting {
  /** Dotted, as in messages and in the documentation: `limits.bitrate`. */
  readonly key: string;
  /** The environment variable that overrides it: `HEADWATER_LIMITS_BITRATE`. */
  readonly variable: string;
  readonly schema: SettingSchema;
}

/** What the configuration uses of JSON Schema. */
export interface SettingSchema extends TSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SettingSchema;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
}

/** Every setting, in the order of the schema. */
export const SETTINGS: readonly Setting[] = settingsOf(ConfigSchema as SettingSchema, '');

/** What a setting takes, in words that complete "expected …". */
export function formatExpected(schema: SettingSchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer': {
      const { minimum, maximum } = schema;
      if (maximum === undefined) return `a whole number, ${minimum} or more`;
      return `a whole number from ${minimum} to ${maximum}`;
    }
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${schema.items?.pattern ? 'origins such as https://example.org' : 'texts'}`;
    default:
      return schema.minLength === undefined ? 'a text' : 'a text that is not empty';
  }
}

function settingsOf(schema: SettingSchema, prefix: string): Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix ? `${prefix}.${name}` : name;
    return child.properties ? settingsOf(child, key) : [{ key, variable: variableOf(key), schema: child }];
  });
}

/** `server.` is left out: HEADWATER_PORT, HEADWATER_HOST. */
function variableOf(key: string): string {
  const words = key.replace(/^server\./, '').replace(/([a-z])([A-Z])/g, '$1_$2');
  return `HEADWATER_${words.replaceAll('.', '_').toUpperCase()}`;
}
