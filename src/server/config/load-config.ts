import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Schema from 'typebox/schema';
import { ConfigError } from './config-error.ts';
import type { Config } from './config-schema.ts';
import { nearestName } from './nearest-name.ts';
import { formatExpected, SETTINGS, type Setting, type SettingSchema } from './setting.ts';

/** Where settings come from. */
export interface ConfigSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The working directory: relative paths and `headwater.yaml` are looked for there. */
  readonly folder: string;
}

/** What was loaded. */
export interface LoadedConfig {
  readonly config: Config;
  /** From HEADWATER_ADMIN_TOKEN: a secret, so never a setting of the file. */
  readonly adminToken: string | undefined;
  /** The file that was read. */
  readonly file: string | undefined;
  /** What looks like a mistake and could be something else's: environment variables that name no setting. */
  readonly warnings: readonly string[];
}

/** Read by something else than the settings. */
const OTHER_VARIABLES = ['HEADWATER_ADMIN_TOKEN', 'HEADWATER_CONFIG', 'HEADWATER_STREAM_KEY'];

/** An admin token that is shorter could be guessed. */
const MIN_ADMIN_TOKEN = 16;

/** Environment over file over defaults. Throws ConfigError with everything that is wrong. */
export async function loadConfig({ environment, folder }: ConfigSources): Promise<LoadedConfig> {
  const problems: string[] = [];
  const file = findFile(environment.HEADWATER_CONFIG, folder, problems);
  const fromFile = file ? await readFile(file, problems) : new Map<string, unknown>();
  const values = new Map<string, unknown>();
  for (const setting of SETTINGS)
    values.set(setting.key, resolveSetting(setting, fromFile, file, environment, problems));
  const adminToken = environment.HEADWATER_ADMIN_TOKEN || undefined;
  if (adminToken && (adminToken.length < MIN_ADMIN_TOKEN || !/^[\x21-\x7e]+$/.test(adminToken))) {
    problems.push(
      `HEADWATER_ADMIN_TOKEN: expected at least ${MIN_ADMIN_TOKEN} characters of plain ASCII without spaces`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const config = nest(values);
  return {
    config: { ...config, data: resolve(folder, config.data) },
    adminToken,
    file,
    warnings: unknownVariables(environment),
  };
}

function findFile(named: string | undefined, folder: string, problems: string[]): string | undefined {
  const file = resolve(folder, named || 'headwater.yaml');
  if (existsSync(file)) return file;
  if (named) problems.push(`HEADWATER_CONFIG: there is no file ${file}`);
  return undefined;
}

/** The file's settings by dotted key. */
async function readFile(file: string, problems: string[]): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const { parseDocument } = await import('yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const error of document.errors)
    problems.push(`${file}: ${error.message.split('\n')[0] ?? 'not YAML'}`);
  if (document.errors.length > 0) return found;
  const content: unknown = document.toJS({ maxAliasCount: 0 });
  if (content === null || content === undefined) return found;
  if (!isSection(content)) {
    problems.push(`${file}: expected sections such as "server:", got ${format(content)}`);
    return found;
  }
  collect(content, '', found, file, problems);
  return found;
}

function collect(
  section: Record<string, unknown>,
  prefix: string,
  found: Map<string, unknown>,
  file: string,
  problems: string[],
): void {
  for (const [name, value] of Object.entries(section)) {
    const key = prefix ? `${prefix}.${name}` : name;
    if (SETTINGS.some((setting) => setting.key === key)) {
      found.set(key, value);
    } else if (SETTINGS.some((setting) => setting.key.startsWith(`${key}.`))) {
      if (isSection(value)) collect(value, key, found, file, problems);
      else if (value !== null)
        problems.push(`${file}: ${key}: expected a section of settings, got ${format(value)}`);
    } else {
      problems.push(`${file}: ${key} is not a setting${hint(key, sectionsAndKeys())}`);
    }
  }
}

function resolveSetting(
  setting: Setting,
  fromFile: Map<string, unknown>,
  file: string | undefined,
  environment: ConfigSources['environment'],
  problems: string[],
): unknown {
  const text = environment[setting.variable];
  // An empty variable is how a shell or a compose file says "not set".
  const fromEnvironment = text !== undefined && text !== '';
  if (!fromEnvironment && !fromFile.has(setting.key)) return setting.schema.default;
  const value = fromEnvironment ? parseText(text, setting.schema) : fromFile.get(setting.key);
  if (Schema.Check(setting.schema, value)) return value;
  const place = fromEnvironment ? setting.variable : `${file}: ${setting.key}`;
  problems.push(
    `${place}: expected ${formatExpected(setting.schema)}, got ${format(fromEnvironment ? text : value)}`,
  );
  return setting.schema.default;
}

function parseText(text: string, schema: SettingSchema): unknown {
  switch (schema.type) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
    case 'array':
      return text.split(',').map((item) => item.trim());
    default:
      return text;
  }
}

function nest(values: Map<string, unknown>): Config {
  const config: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const path = key.split('.');
    const name = path.pop() ?? key;
    let section = config;
    for (const part of path) {
      section[part] ??= {};
      section = section[part] as Record<string, unknown>;
    }
    section[name] = value;
  }
  return config as Config;
}

function unknownVariables(environment: ConfigSources['environment']): string[] {
  const known = [...SETTINGS.map((setting) => setting.variable), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('HEADWATER_') && !known.includes(name))
    .map((name) => `${name} is not a setting${hint(name, known)}`);
}

const sectionsAndKeys = () => [
  ...SETTINGS.map((setting) => setting.key),
  ...new Set(SETTINGS.map((setting) => setting.key.split('.')[0] ?? '')),
];

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest ? `; did you mean ${nearest}?` : '; docs/configuration.md lists them all';
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const format = (value: unknown) => JSON.stringify(value)?.slice(0, 100) ?? String(value);
