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
    return { error: new Error(formatErrors(httpPart, errors)) };
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

function formatErrors(httpPart: string, errors: Errors): string {
  const place = httpPart === 'querystring' ? 'query' : httpPart;
  const [first] = errors;
  if (!first) return `The ${place} is not valid.`;
  const path = first.instancePath.split('/').filter(Boolean).join('.');
  const where = path ? `${place}: ${path}` : place;
  return `${where}: ${first.message}${formatParams(first.params)}`;
}

function formatParams(params: unknown): string {
  if (typeof params !== 'object' || params === null) return '';
  const names = Object.values(params).find(Array.isArray) as unknown[] | undefined;
  return names && names.length > 0 ? ` (${names.join(', ')})` : '';
}
