import type { FastifyHelmetOptions } from '@fastify/helmet';

const DIRECTIVES = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  // Components of the pages style themselves through <style> and style attributes.
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:', 'blob:'],
  fontSrc: ["'self'", 'data:'],
  mediaSrc: ["'self'", 'blob:', 'mediastream:'],
  connectSrc: ["'self'"],
  workerSrc: ["'self'", 'blob:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

/** Every answer's: nothing from elsewhere runs, and no other site may frame a page. */
export const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: DIRECTIVES },
  // The player and its media are made to be used from other sites' pages.
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  crossOriginEmbedderPolicy: false,
  // Only browsers on a secure address know it; on a plain one it would just fill the console with warnings.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // Whether a host is reachable by TLS is for the proxy that ends TLS to promise.
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'same-origin' },
};

/** The embedded player's: any site may frame it. */
export const EMBED_HEADERS: FastifyHelmetOptions = {
  ...SECURITY_HEADERS,
  contentSecurityPolicy: { useDefaults: false, directives: { ...DIRECTIVES, frameAncestors: ['*'] } },
  xFrameOptions: false,
};
