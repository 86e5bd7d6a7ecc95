import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import serveStatic from '@fastify/static';
import { fastify } from 'fastify';
import type { Http, HttpPlugin } from './http.ts';

const DESCRIPTION = `Every request to \`/api\` but those of \`/api/session\` needs the admin token as
\`Authorization: Bearer …\`, or a signed-in browser; the operations and what is live say who may ask. Errors are always \`{"error", "message"}\`: a stable code, and words.

Publishing and playing are WebSockets, which OpenAPI cannot describe: see \`docs/protocol.md\`.`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headwater API</title>
<link rel="icon" href="/api/docs/static/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/static/swagger-ui.css">
<script src="/api/docs/static/swagger-ui-bundle.js" defer></script>
<script src="/api/docs/start.js" defer></script>
</head>
<body><div id="page"></div></body>
</html>
`;

const SCRIPT = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#page', supportedSubmitMethods: [], validatorUrl: null });\n`;

const NAME = 'x-schema-name';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Serves the description of these routes at `/api/openapi.json`, and a page to read it at `/api/docs`. */
export async function openApiRoutes(
  http: Http,
  version: string,
  routes: (http: Http) => Promise<void>,
): Promise<void> {
  let description: Promise<Json> | undefined;
  const hidden = { schema: { hide: true } };
  http.get('/api/openapi.json', hidden, async () => {
    description ??= describeRoutes(version, routes);
    return await description;
  });
  http.get(
    '/api/docs',
    hidden,
    async (_request, reply) => await reply.type('text/html; charset=utf-8').send(PAGE),
  );
  http.get(
    '/api/docs/start.js',
    hidden,
    async (_request, reply) => await reply.type('text/javascript').send(SCRIPT),
  );
  const assets: HttpPlugin = async (scope) => {
    await scope.register(serveStatic, {
      root: join(dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static'),
      prefix: '/api/docs/static/',
      decorateReply: false,
      schemaHide: true,
    });
  };
  await http.register(assets);
}

/** Asks the routes themselves, on a server that never listens: what that needs is loaded only when somebody asks. */
async function describeRoutes(version: string, routes: (http: Http) => Promise<void>): Promise<Json> {
  const { default: swagger } = await import('@fastify/swagger');
  const http = fastify({
    schemaController: {
      compilersFactory: {
        buildValidator: () => () => () => true,
        buildSerializer: () => () => JSON.stringify,
      },
    },
  } as object) as unknown as Http;
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Headwater', version, description: DESCRIPTION, license: { name: 'MIT' } },
      tags: [
        { name: 'channels', description: 'Named places to stream to and watch' },
        { name: 'destinations', description: 'RTMP servers that channels are pushed to' },
        { name: 'recordings', description: 'The durable file of each broadcast' },
        { name: 'live', description: 'The broadcast that is on' },
        { name: 'session', description: 'Signing a browser in and out' },
        { name: 'operations', description: 'Health and figures' },
      ],
      components: { securitySchemes: { admin: { type: 'http', scheme: 'bearer' } } },
    },
    // The plugin drops names that are not registered with Fastify: under another key they pass through it.
    transform: ({ schema, url }) => ({ schema: renameIds(schema as Json) as object, url }),
  });
  await routes(http);
  await http.ready();
  const description = nameSchemas(http.swagger() as unknown as { [name: string]: Json });
  await http.close();
  return description;
}

function renameIds(value: Json): Json {
  if (Array.isArray(value)) return value.map(renameIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name === '$id' ? NAME : name, renameIds(child)]),
  );
}

/** Moves every schema that has a name to `components.schemas`, and leaves a reference in its place. */
function nameSchemas(document: { [name: string]: Json }): Json {
  const schemas: { [name: string]: Json } = {};
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const copy: { [name: string]: Json } = {};
    for (const [name, child] of Object.entries(value)) if (name !== NAME) copy[name] = visit(child);
    const name = value[NAME];
    if (typeof name !== 'string') return copy;
    schemas[name] = copy;
    return { $ref: `#/components/schemas/${name}` };
  };
  const { components, ...rest } = document;
  const visited = visit(rest) as { [name: string]: Json };
  return { ...visited, components: { ...(components as object), schemas } };
}
