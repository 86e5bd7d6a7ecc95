import type { FastifySchemaCompiler } from 'fastify';
import Type, { type TSchema } from 'typebox';
import Schema from 'typebox/schema';

type Errors = ReturnType<typeof Schema.Errors>[1];

/** Checks requests with TypeBox. Numbers and flags in addresses come as text and are read first. */
export const validateSchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const check = Schema.Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : readTexts(schema, given);
    if (check.Check(value)) return { value };
    const [, errors] = check.Errors(value);
    return { error: new Error(formatErrors(httpPart, schema, errors)) };
  };
};

function readTexts(schema: TSchema, given: unknown): unknown {
  if (!Type.IsObject(schema) || typeof given !== 'object' || given === null) return given;
  const read: Record<string, unknown> = { ...given };
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = read[name];
    if (typeof text !== 'string') continue;
    if (Type.IsInteger(property) && /^-?\d{1,15}$/.test(text)) read[name] = Number(text);
  }
  return read;
}

function formatErrors(httpPart: string, schema: TSchema, errors: Errors): string {
  const place = httpPart === 'querystring' ? 'query' : httpPart;
  const [first] = errors;
  if (!first) return `The ${place} is not valid.`;
  const path = first.instancePath.split('/').filter(Boolean);
  const description = path.length === 1 ? describe(schema, path[0] ?? '') : undefined;
  const expected = first.keyword === 'pattern' && description ? `expected ${description}` : first.message;
  return `${[place, ...path].join(': ')}: ${expected}${formatNames(first.params)}.`;
}

/** What the schema says of a property: a pattern is not for people. */
function describe(schema: TSchema, name: string): string | undefined {
  const property: { description?: unknown } = Type.IsObject(schema) ? (schema.properties[name] ?? {}) : {};
  return typeof property.description === 'string' ? property.description : undefined;
}

/** The properties that are missing, or too many. */
function formatNames(params: unknown): string {
  if (typeof params !== 'object' || params === null) return '';
  const names: unknown = Object.values(params).find(Array.isArray);
  return Array.isArray(names) && names.length > 0 ? ` (${names.join(', ')})` : '';
}
