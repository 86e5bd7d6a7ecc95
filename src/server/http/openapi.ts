import swagger from '@fastify/swagger';
import type { Http } from './http.ts';

const DESCRIPTION = `Every request but those of \`/api/session\` and the operations needs the admin token as
\`Authorization: Bearer …\`, or a signed-in browser. Errors are always \`{"error", "message"}\`: a stable code, and words.

Publishing and playing are WebSockets, which OpenAPI cannot describe: see \`docs/protocol.md\`.`;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Collects what the routes say of themselves. Register it before them. */
export async function collectOpenApi(http: Http, version: string): Promise<void> {
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Headwater', version, description: DESCRIPTION, license: { name: 'MIT' } },
      tags: [
        { name: 'channels', description: 'Named places to stream to and watch' },
        { name: 'recordings', description: 'The durable file of each broadcast' },
        { name: 'session', description: 'Signing a browser in and out' },
        { name: 'operations', description: 'Health and figures' },
      ],
      components: { securitySchemes: { admin: { type: 'http', scheme: 'bearer' } } },
    },
  });
}

/** Serves the description at `/api/openapi.json`, and a page to read it at `/api/docs`. */
export async function serveOpenApi(http: Http): Promise<void> {
  let description: Json | undefined;
  http.get('/api/openapi.json', { schema: { hide: true } }, async () => {
    description ??= nameSchemas(http.swagger() as unknown as { [name: string]: Json });
    return description;
  });
  const { default: page } = await import('@fastify/swagger-ui');
  await http.register(page, {
    routePrefix: '/api/docs',
    uiConfig: { url: '/api/openapi.json', tryItOutEnabled: false },
    theme: { title: 'Headwater API' },
  });
}

/** Moves every schema that has a name to `components.schemas`, and leaves a reference in its place. */
function nameSchemas(document: { [name: string]: Json }): Json {
  const schemas: { [name: string]: Json } = {};
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy: { [name: string]: Json } = {};
    for (const [name, child] of Object.entries(value)) if (name !== '$id') copy[name] = visit(child);
    if (typeof value.$id !== 'string') return copy;
    schemas[value.$id] = copy;
    return { $ref: `#/components/schemas/${value.$id}` };
  };
  const { components, ...rest } = document;
  const visited = visit(rest) as { [name: string]: Json };
  return { ...visited, components: { ...(components as object), schemas } };
}
